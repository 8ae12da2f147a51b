# shellcheck shell=bash
# Provides Debian's kernels, which are unpacked and not installed on this machine. Sourced by test/kernels after common.sh and
# base-image.sh.

# The suite that has this kernel version; `newest` is the version of the development suite.
suite_of() {
    case $1 in
        5.10) echo bullseye ;;
        6.1) echo bookworm ;;
        6.12) echo trixie ;;
        newest) echo sid ;;
        *) die "kernel $1: 5.10, 6.1, 6.12 and newest are known" ;;
    esac
}

# suite_sources SUITE: the lines of sources.list. Suites under development have no security archive.
suite_sources() {
    local mirror security
    mirror=$(apt_mirror Debian)
    security=$(apt_mirror Debian-Security)
    [[ -n $mirror ]] || { as_root apt-get update -q >&2; mirror=$(apt_mirror Debian); security=$(apt_mirror Debian-Security); }
    [[ -n $mirror ]] || die 'no Debian mirror in the settings of apt: run apt-get update'
    echo "deb $mirror $1 main"
    [[ -n $security && $1 != sid ]] && echo "deb $security $1-security main"
    return 0
}

# apt_of DIR COMMAND...: apt with state, lists and sources of its own in DIR.
apt_of() {
    local dir=$1 command=$2
    shift 2
    "$command" -o Dir="$dir" -o Dir::State::status="$dir/status" -o Dir::Etc::sourcelist="$dir/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::main="$dir/apt.conf" -o Dir::Etc::parts=/dev/null \
        -o Dir::Etc::TrustedParts=/usr/share/keyrings -o Acquire::Languages=none -o APT::Sandbox::User=root -qq "$@"
}

# packages_of DIR: the packages of the newest kernel for virtual machines. Before Debian 14 that is one package; from then on
# the image and the modules have packages of their own.
packages_of() {
    local dir=$1 image
    image=$(apt_of "$dir" apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-[0-9]/ { print $2; exit }')
    [[ -n $image ]] || die 'no package linux-image-cloud-amd64'
    echo "$image"
    apt_of "$dir" apt-cache depends "$image" | awk '/Depends: linux-(binary|modules|base)-[0-9]/ { print $2 }'
}

# download_kernel VERSION TO: TO gets vmlinuz and lib/modules/RELEASE.
download_kernel() {
    local version=$1 to=$2 suite dir deb image modules packages
    suite=$(suite_of "$version")
    dir=$(mktemp -d)
    mkdir -p "$dir"/{var/lib/apt/lists/partial,var/cache/apt/archives/partial,etc/apt/preferences.d,unpacked}
    : >"$dir/status"
    apt_settings >"$dir/apt.conf"
    suite_sources "$suite" >"$dir/sources.list"
    apt_of "$dir" apt-get update
    mapfile -t packages < <(packages_of "$dir")
    (cd "$dir" && apt_of "$dir" apt-get download "${packages[@]}")
    for deb in "$dir"/*.deb; do dpkg -x "$deb" "$dir/unpacked"; done
    image=$(find "$dir/unpacked" -type f -name 'vmlinuz*' -print -quit)
    modules=$(find "$dir/unpacked" -type d -path '*/lib/modules/*/kernel' -print -quit)
    [[ -n $image && -n $modules ]] || die "no kernel in ${packages[*]}"
    rm -rf "$to"
    mkdir -p "$to/lib/modules"
    mv "$image" "$to/image"
    mv "${modules%/kernel}" "$to/lib/modules/"
    # modprobe in the initramfs need not decompress modules.
    find "$to/lib/modules" -name '*.ko.xz' -exec unxz {} +
    depmod -b "$to" "$(ls "$to/lib/modules")"
    mv "$to/image" "$to/vmlinuz"
    rm -rf "$dir"
}

# ensure_kernel VERSION TO: downloads the kernel unless TO has it.
ensure_kernel() { [[ -e $2/vmlinuz ]] || step "download Linux $1 of $(suite_of "$1")" download_kernel "$1" "$2"; }
