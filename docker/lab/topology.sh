# shellcheck shell=bash
# Networks and machines of the lab. Sourced by `lab`.
#
#   client .10 ---- 192.168.9.0/24 ---- .1 router .137 ---- 192.168.8.0/24 ---- host1 .40, host2 .41, ..., registry .200
#
# IPv6: fd00:192:168:8::/64 and fd00:192:168:9::/64, with the same last number as IPv4.

prefix=${LAB_PREFIX:-bgplb-lab}
net=${LAB_NET:-192.168.8}
client_net=${LAB_CLIENT_NET:-192.168.9}
registry=$net.200:5000

v6() { printf 'fd00:%s::%s' "${1//./:}" "$2"; }        # v6 192.168.8 40 -> fd00:192:168:8::40

load_modules() {
    # The hosts' dockerd cannot load modules, because it runs in a container. Errors are ignored: a module may be built in.
    local module
    for module in overlay br_netfilter ip_tables ip6_tables iptable_nat ip6table_nat ip6table_filter nf_tables nft_compat; do
        as_root modprobe -q "$module" || :
    done
}

# The build context is docker/, because the web image needs docker/gather.
build_image() {
    local target=$1 suite=$2 proxy=() context
    mapfile -t proxy < <(proxy_build_args)
    context=$lab_dir/..
    tar -C "$context" -c gather lab | docker build --force-rm "${proxy[@]}" --build-arg "BASE=$(base_image "$suite")" --target "$target" \
        -t "bgplb-$target:$suite" -f lab/Dockerfile -
}

make_network() {
    local name=$1 net=$2
    docker network inspect "$name" >/dev/null 2>&1 && return
    # No masquerading, because the tests check that addresses are preserved. The gateway address .254 is not used.
    docker network create --label "bgplb.lab=$prefix" --subnet "$net.0/24" --gateway "$net.254" \
        --ipv6 --subnet "$(v6 "$net" 0)/64" --gateway "$(v6 "$net" 254)" \
        -o com.docker.network.bridge.enable_ip_masquerade=false "$name" ||
        { say "another lab, or another network, has $net.0/24: set LAB_NET and LAB_CLIENT_NET"; return 1; }
}

make_networks() {
    make_network "$prefix" "$net"
    make_network "$prefix-client" "$client_net"
}

# machine NAME IMAGE NETWORK ADDRESS [docker run options] -- COMMAND...: starts the machine; creates it if it does not exist or
# if its image has changed.
machine() {
    local name=$1 image=$2 network=$3 address=$4 options=() id
    shift 4
    while [[ $1 != -- ]]; do options+=("$1"); shift; done
    shift
    id=$(docker image inspect --format '{{.Id}}' "$image")
    if [[ $(docker container inspect --format '{{.Image}}' "$prefix-$name" 2>/dev/null) == "$id" ]]; then
        docker start "$prefix-$name"
        return
    fi
    docker rm -f "$prefix-$name" 2>/dev/null || :
    docker create --name "$prefix-$name" --hostname "$name" --label "bgplb.lab=$prefix" --label "bgplb.machine=$name" \
        --network "$network" --ip "$address" --ip6 "$(v6 "${address%.*}" "${address##*.}")" \
        --cap-add NET_ADMIN --cap-add NET_RAW --security-opt systempaths=unconfined \
        -e "ROUTER=$net.137" -e "ROUTER6=$(v6 "$net" 137)" -e "REGISTRY=$registry" \
        "${options[@]}" "$image" "$@"
    # The router's second network is connected before the first start, so that its programs see both interfaces.
    [[ $name != router ]] || docker network connect --ip "$client_net.1" --ip6 "$(v6 "$client_net" 1)" "$prefix-client" "$prefix-router"
    docker start "$prefix-$name"
}

start_nodes() {
    # Hash policy 1: the router distributes flows by addresses and ports, not only by addresses.
    # FRR's zebra does not start without SYS_ADMIN.
    machine router bgplb-node:trixie "$prefix" "$net.137" --cap-add SYS_ADMIN \
        --sysctl net.ipv4.ip_forward=1 --sysctl net.ipv6.conf.all.forwarding=1 \
        --sysctl net.ipv4.fib_multipath_hash_policy=1 --sysctl net.ipv6.fib_multipath_hash_policy=1 \
        -- keep start-router "$net"
    machine client bgplb-node:trixie "$prefix-client" "$client_net.10" \
        -e "ROUTER=$client_net.1" -e "ROUTER6=$(v6 "$client_net" 1)" -- start-client
    machine registry bgplb-node:trixie "$prefix" "$net.200" \
        -p 127.0.0.1::5000 -- keep docker-registry serve /etc/docker/registry/config.yml
}

# Single capabilities instead of --privileged, which requires CAP_SYS_RESOURCE, and not every machine grants that.
# The sysctls are those of a freshly booted Debian, because a container would inherit the values of this machine. dockerd finds
# forwarding disabled, enables it and, as on a stock host, sets the policy of FORWARD to DROP.
start_host() {
    local n=$1 suite=$2 disk=$prefix-host$1-$2     # a disk per suite: an older dockerd cannot read the state of a newer one
    docker volume inspect "$disk" >/dev/null 2>&1 || docker volume create --label "bgplb.lab=$prefix" "$disk"
    machine "host$n" "bgplb-host:$suite" "$prefix" "$net.$(( 39 + n ))" \
        --cap-add SYS_ADMIN --cap-add SYS_PTRACE --cap-add SYS_NICE --cap-add SYSLOG \
        --security-opt seccomp=unconfined --security-opt apparmor=unconfined --device-cgroup-rule 'a *:* rwm' \
        --cgroupns host -v /sys/fs/cgroup:/sys/fs/cgroup:rw \
        --tmpfs /run:exec,mode=755 -v "$disk:/var/lib/docker" \
        --sysctl net.ipv4.ip_forward=0 --sysctl net.ipv6.conf.all.forwarding=0 \
        --sysctl net.ipv4.conf.all.rp_filter=0 --sysctl net.ipv4.conf.default.rp_filter=2 \
        -e "LAB=$prefix" -e "IPTABLES=${LAB_IPTABLES:-nft}" -- start-host
}

start_node() {
    local name=$1 byte=$2
    shift 2
    machine "$name" bgplb-node:trixie "$prefix" "$net.$byte" -- keep "$@"
}

# An interrupted test may leave a paused container. Its processes in a frozen cgroup (version 1) cannot be killed, so
# the lab's host could not end either.
thaw_cgroups() {
    local state
    while read -r state; do
        [[ $(<"$state") == THAWED ]] || echo THAWED | as_root tee "$state"
    done < <(find /sys/fs/cgroup -path "*/$prefix/*" -name freezer.state 2>/dev/null)
}

# Removes the cgroups of the hosts' containers, which remain when their host is killed.
remove_cgroups() {
    local dirs
    mapfile -t dirs < <(find /sys/fs/cgroup -depth -type d '(' -path "*/$prefix" -o -path "*/$prefix/*" ')' 2>/dev/null)
    (( ! ${#dirs[@]} )) || as_root rmdir "${dirs[@]}"
}

host_names() {
    docker ps --filter "label=bgplb.lab=$prefix" --format '{{.Label "bgplb.machine"}}' | grep '^host' | sort
}
