# shellcheck shell=bash
# Provides a running Docker Engine: uses the one that answers, or installs and starts one. Sourced after common.sh.

run_dir=${BGPLB_RUN_DIR:-/run/bgplb-dev}
engine_pidfile=$run_dir/dockerd.pid

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# From Debian 13 on, docker.io has no client, and docker-cli is a separate package.
install_engine() {
    local packages=(docker.io iptables ca-certificates)
    as_root apt-get update -q
    apt_updated=1
    [[ -z $(apt-cache search --names-only '^docker-cli$') ]] || packages+=(docker-cli)
    apt_install "${packages[@]}"
}

start_engine() {
    if [[ -d /run/systemd/system ]]; then
        as_root systemctl start docker
    else
        as_root mkdir -p "$run_dir"
        # In a new session, because dockerd must outlive this script. stop_own_engine uses the pid to end only this dockerd.
        as_root setsid sh -c 'dockerd >"$1/dockerd.log" 2>&1 </dev/null & echo $! >"$1/dockerd.pid"' sh "$run_dir"
    fi
    wait_until 60 'dockerd to answer' engine_answers || { tail -n 20 "$run_dir/dockerd.log" >&2 || :; return 1; }
}

ensure_engine() {
    # The classic builder: Debian's docker.io has it without extra packages, and our Dockerfiles need no other.
    export DOCKER_BUILDKIT=0 DOCKER_CLI_HINTS=false
    command -v docker >/dev/null && engine_answers && return
    [[ -z ${DOCKER_HOST:-} ]] || die "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST"
    command -v docker >/dev/null && command -v dockerd >/dev/null || step 'install Docker from the distribution' install_engine
    engine_answers || step 'start dockerd' start_engine
    engine_answers || die 'the Docker engine does not answer (are you root, or in the group docker?)'
}

# Ends the dockerd that start_engine started without systemd, if any.
stop_own_engine() {
    [[ -s $engine_pidfile ]] || return 0
    local pid
    pid=$(<"$engine_pidfile")
    if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]]; then
        as_root kill "$pid"
        wait_until 30 "dockerd $pid to end" eval "! kill -0 $pid"
    fi
    as_root rm -f "$engine_pidfile"
}
