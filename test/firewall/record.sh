#!/bin/sh
# Records the filter tables that a version of dockerd writes. Usage: record.sh NAME IMAGE, where IMAGE
# contains docker.io and iptables. Writes recorded/NAME.{v4,v6}.save: the tables with two bridge
# networks, the second of which is created like the gateway bridge of VIP networks (without
# inter-container communication). Then inserts a jump after DOCKER-USER and creates a third network,
# which moves Docker's own jumps, and writes NAME.later.{v4,v6}.save. dockerd runs in a container
# without a network, so that the tables contain only its rules.
set -eu
name=$1 image=$2
here=$(cd "$(dirname "$0")" && pwd)
container=$(docker run -d --rm --network none \
    --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add NET_RAW --cap-add SYS_PTRACE --cap-add SYSLOG \
    --security-opt seccomp=unconfined --security-opt systempaths=unconfined \
    --security-opt apparmor=unconfined --device-cgroup-rule 'a *:* rwm' \
    -v /sys/fs/cgroup:/sys/fs/cgroup:rw -v /var/lib/docker --entrypoint sleep "$image" 600)
trap 'docker rm -f "$container" >/dev/null' EXIT
inside() { docker exec "$container" "$@"; }
inside sh -c 'dockerd --experimental --ip6tables >/var/log/dockerd 2>&1 &
    for try in $(seq 1 300); do docker version >/dev/null 2>&1 && exit; sleep 0.1; done
    cat /var/log/dockerd; exit 1'
inside docker network create other >/dev/null
inside docker network create --subnet 172.23.0.0/24 --ipv6 --subnet 2001:db8::/64 \
    -o com.docker.network.bridge.name=bgplb_gwbridge -o com.docker.network.bridge.enable_icc=false \
    -o com.docker.network.bridge.enable_ip_masquerade=false bgplb_gwbridge >/dev/null
save() {
    inside iptables-save -t filter >"$here/recorded/$name$1.v4.save"
    inside ip6tables-save -t filter >"$here/recorded/$name$1.v6.save"
}
save ""
for command in iptables ip6tables; do
    inside "$command" -N BGPLB-FORWARD
    inside "$command" -I FORWARD 2 -j BGPLB-FORWARD
done
inside docker network create --ipv6 --subnet 172.24.0.0/24 --subnet 2001:db8:1::/64 third >/dev/null
save .later
