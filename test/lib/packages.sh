# shellcheck shell=bash
# Installs the missing packages that the tests need, on Debian 12 and 13. Sourced by test/run.
# shellcheck disable=SC2034  # the lists are used by name
packages_build=(g++ cmake ninja-build pkg-config catch2 libmnl-dev libfmt-dev libspdlog-dev libcli11-dev
    libkainjow-mustache-dev python3)
packages_docs=(python3 git util-linux bird2 iproute2 iptables nftables procps)
packages_image=(python3 git)
packages_fuzz=(clang libclang-rt-dev)
packages_tidy=(clang clang-tidy git python3)
packages_golden=(bird2)
packages_netns=(bird2 iproute2 iptables nftables conntrack tcpdump procps)
packages_kernels=(qemu-system-x86 busybox-static kmod cpio xz-utils bsdextrautils bird2 iproute2 iptables nftables conntrack
    procps)
packages_e2e=(iproute2 iptables jq mmdebstrap ca-certificates python3)

# Boost.JSON needs Boost 1.75. Debian 12's default is 1.74, so libboost-json-dev exists only from Debian 13 on; on Debian 12 use
# the newest versioned package.
boost_packages() {
    local version
    if [[ -n $(apt-cache search --names-only '^libboost-json-dev$') ]]; then
        echo libboost-dev libboost-json-dev
    else
        version=$(apt-cache pkgnames libboost-json | sed -n 's/^libboost-json\([0-9.]*\)-dev$/\1/p' | sort -V | tail -n 1)
        [[ -n $version ]] || die 'no Boost.JSON among the packages of this distribution'
        echo "libboost$version-dev" "libboost-json$version-dev"
    fi
}

installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# Boost and BIRD count as installed if their files exist, whichever package provides them.
missing_packages() {
    local name
    for name in "$@"; do
        case $name in
            libboost*) [[ -e /usr/include/boost/json.hpp ]] || echo "$name" ;;
            bird2) command -v bird >/dev/null || [[ -x /usr/sbin/bird ]] || echo "$name" ;;
            *) installed "$name" || echo "$name" ;;
        esac
    done
}

# The package bird2 starts a BIRD service if there is an init system; the tests need only the program.
install_quietly() {
    local blocker=/usr/sbin/policy-rc.d made=
    if [[ ! -e $blocker && -d /run/systemd/system ]]; then
        printf '#!/bin/sh\ncase $1 in bird*) exit 101;; esac\nexit 0\n' | as_root tee "$blocker" >/dev/null
        as_root chmod +x "$blocker"
        made=1
    fi
    apt_install "$@" || { [[ -z $made ]] || as_root rm -f "$blocker"; return 1; }
    [[ -z $made ]] || as_root rm -f "$blocker"
}

ensure_packages() {
    local rung wanted=() missing
    command -v apt-get >/dev/null || die 'apt-get is missing: the tests can install only Debian packages'
    needs_compiler "$@" && wanted+=("${packages_build[@]}")
    for rung in "$@"; do
        local -n packages="packages_$rung" 2>/dev/null || continue
        wanted+=("${packages[@]:-}")
        unset -n packages
    done
    mapfile -t missing < <(missing_packages "${wanted[@]}" | sort -u | sed '/^$/d')
    if needs_compiler "$@" && [[ ! -e /usr/include/boost/json.hpp ]]; then
        as_root apt-get update -q
        apt_updated=1
        read -ra boost <<<"$(boost_packages)"
        missing+=("${boost[@]}")
    fi
    (( ! ${#missing[@]} )) || install_quietly "${missing[@]}"
}
