#!/bin/sh
# Records what a dockerd writes into the filter tables: record.sh NAME IMAGE, where IMAGE has docker.io
# and iptables. Makes recorded/NAME.{v4,v6}.save, and NAME.later.{v4,v6}.save: the same after a jump
# was put behind DOCKER-USER and one more network made, which moves Docker's own jumps. dockerd runs in a container without a network, so
# that nothing but its own rules is seen: two bridge networks, the second as LB networks' gateway
# bridge is made (without inter-container communication).
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
