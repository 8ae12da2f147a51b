# shellcheck shell=bash
# Provides a base image with Debian: Debian's own debian:<suite>-slim from a registry, or, if no registry answers,
# bgplb-base:<suite>, built here from the distribution's packages. Sourced after common.sh.

# The Debian mirror that this machine's apt uses; $1 is the label of the archive, Debian or Debian-Security.
apt_mirror() { apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages' 'Origin: Debian' | awk -v l="$1" '$2 == l { print $1; exit }'; }

# The settings with which this machine's apt reaches its mirrors, as apt.conf lines: the proxy, and whether expired lists of a
# snapshot are accepted.
apt_settings() { apt-config dump | grep -E '^Acquire::((http|https)::[Pp]roxy|Check-Valid-Until) ' || :; }

# The proxy settings for `docker build`, which reads only these variables.
proxy_build_args() {
    local name
    for name in http_proxy https_proxy no_proxy; do
        [[ -z ${!name:-} ]] || printf '%s\n' --build-arg "$name=${!name}"
    done
}

mmdebstrap_image() {
    local suite=$1 image=$2 mirror security line options=()
    command -v mmdebstrap >/dev/null || apt_install mmdebstrap
    mirror=$(apt_mirror Debian)
    security=$(apt_mirror Debian-Security)
    [[ -n $mirror ]] || { as_root apt-get update -q; mirror=$(apt_mirror Debian); security=$(apt_mirror Debian-Security); }
    [[ -n $mirror ]] || die 'no Debian mirror in the settings of apt: run apt-get update'
    while read -r line; do
        [[ -z $line ]] || options+=(--aptopt="$line")
    done < <(apt_settings)
    local sources="deb $mirror $suite main"
    # Suites under development have no security archive.
    if [[ -n $security ]] && /usr/lib/apt/apt-helper download-file "${security%/}/dists/$suite-security/InRelease" /dev/null >/dev/null 2>&1; then
        sources+=$'\n'"deb $security $suite-security main"
    fi
    # Remove a partial import: the next run would use it as the image.
    if ! printf '%s\n' "$sources" | as_root mmdebstrap --variant=minbase --quiet "${options[@]}" \
        --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        "$suite" - - | docker import - "$image"; then
        docker rmi -f "$image" >/dev/null 2>&1 || :
        return 1
    fi
}

image_exists() { docker image inspect "$1" >/dev/null 2>&1; }

# True if the image is Debian's. Earlier versions of this script gave the same name to an image that they had imported.
is_debians() { image_exists "$1" && [[ $(docker image inspect --format '{{.Comment}}' "$1" 2>/dev/null) != 'Imported from '* ]]; }

pull() { step "pull $1" timeout 20 docker pull -q "$1" 2>/dev/null; }

# base_image SUITE: prints the name of the image that ensure_base_image provides.
base_image() {
    if image_exists "bgplb-base:$1"; then echo "bgplb-base:$1"; else echo "debian:$1-slim"; fi
}

# ensure_base_image SUITE
ensure_base_image() {
    local own=bgplb-base:$1 debian=debian:$1-slim
    if image_exists "$own" || is_debians "$debian" || pull "$debian"; then return; fi
    step "no registry: build $own with mmdebstrap" mmdebstrap_image "$1" "$own"
    ! image_exists "$debian" || say "note: $debian on this machine is not Debian's image, and is not used: docker rmi $debian"
}

# update_base_image SUITE: also pulls a newer image, if a registry answers.
update_base_image() {
    image_exists "bgplb-base:$1" || pull "debian:$1-slim" || ensure_base_image "$1"
}
