# shellcheck shell=bash
# Shared by docker/build, docker/demo, docker/lab/lab and the end-to-end tests. Sourced, never run.

repo_root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '%s\n' "$@" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $(( t / 1000 )); }

# step TITLE COMMAND...: runs COMMAND and prints one line with the title and the duration. Prints the end of the command's
# output only if the command fails, because pages of apt and dpkg output would hide the other lines. Nested steps are silent.
step() {
    local title=$1 log begin took rc
    shift
    if [[ -n ${STEP_INSIDE:-} ]]; then "$@"; return; fi
    log=$(mktemp)
    begin=$(now_ms)
    printf '%-66s ' "$title" >&2
    # In a subshell with errexit: a function called on the left of || or in an `if` would continue after a failed command.
    set +e
    ( set -e; STEP_INSIDE=1; "$@" ) >"$log" 2>&1 </dev/null
    rc=$?
    set -e
    took=$(( $(now_ms) - begin ))
    printf '%4d.%d s%s\n' $(( took / 1000 )) $(( took % 1000 / 100 )) "$( ((rc)) && echo '  FAILED' )" >&2
    (( rc == 0 )) || tail -n 40 "$log" | sed 's/^/    | /' >&2
    rm -f "$log"
    return "$rc"
}

# wait_until SECONDS CONDITION COMMAND...: runs COMMAND until it succeeds, and fails after SECONDS. CONDITION is for the message.
wait_until() {
    local seconds=$1 what=$2 deadline
    shift 2
    deadline=$(( $(now_ms) + seconds * 1000 ))
    until "$@" >/dev/null 2>&1; do
        (( $(now_ms) < deadline )) || { say "gave up after $seconds s waiting for: $what"; return 1; }
        sleep 0.1
    done
}

as_root() { if (( EUID == 0 )); then "$@"; else sudo "$@"; fi; }

apt_updated=
apt_install() {
    if [[ -z $apt_updated ]]; then as_root apt-get update -q; apt_updated=1; fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}
