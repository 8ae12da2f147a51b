# shellcheck shell=bash
# A root filesystem with other programs that change the packet filter or routes, so that they are not installed on this machine,
# where their packages would start them. Sourced by test/neighbours after common.sh and base-image.sh.

neighbours=(firewalld ufw systemd dbus-daemon iptables nftables iproute2 procps)

# make_root SUITE TO
make_root() {
    local suite=$1 to=$2 include mirror line options=()
    command -v mmdebstrap >/dev/null || apt_install mmdebstrap
    mirror=$(apt_mirror Debian)
    [[ -n $mirror ]] || { as_root apt-get update -q; mirror=$(apt_mirror Debian); }
    [[ -n $mirror ]] || die 'no Debian mirror in the settings of apt: run apt-get update'
    while read -r line; do
        [[ -z $line ]] || options+=(--aptopt="$line")
    done < <(apt_settings)
    include=$(IFS=,; echo "${neighbours[*]}")
    rm -rf "$to.new"
    mkdir -p "$(dirname "$to")"
    as_root mmdebstrap --variant=minbase --quiet "${options[@]}" --dpkgopt=force-unsafe-io --include="$include" \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$suite" "$to.new" "deb $mirror $suite main"
    mv "$to.new" "$to"
}

# ensure_root SUITE TO: builds the root filesystem unless TO has it.
ensure_root() {
    [[ -e $2/usr/sbin/ufw && -e $2/usr/sbin/firewalld && -e $2/usr/lib/systemd/systemd-networkd ]] ||
        step "firewalld, ufw and systemd of $1" make_root "$1" "$2"
}
