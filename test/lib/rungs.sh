# shellcheck shell=bash
# Builds and runs each rung. A rung writes $results/<rung>.xml; if it cannot, the file contains one failure. Sourced by
# test/run, which sets $build, $results and $full.
# shellcheck disable=SC2154

# The fuzzers have a separate build; the documentation, the image's scripts and clang-tidy need none.
needs_build() {
    local rung
    for rung in "$@"; do [[ $rung =~ ^(e2e|fuzz|docs|image|tidy)$ ]] || return 0; done
    return 1
}

needs_compiler() { needs_build "$@" || [[ " $* " =~ \ (fuzz|image|tidy)\  ]]; }

# A test that could not start must appear as a failure in the totals.
record_failure() { python3 test/lib/junit.py failure "$results/$1.xml" "$1" "$2"; }

# attempt NAME COMMAND...: a step that all following steps need; test/run ends if it fails.
attempt() {
    local name=$1
    shift
    step "$name" "$@" && return
    record_failure "$name" "failed: $*"
    exit 1
}

# build_tests DIR [CMAKE-OPTION...]: builds without optimisation, which would take more time than it saves.
build_tests() {
    local dir=$1 options=(-DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-g1)
    shift
    # With ccache, a compiler that reads a precompiled header has to be started each time.
    [[ -z $(command -v ccache) ]] || options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON)
    cmake -S . -B "$dir" -G Ninja "${options[@]}" "$@" && cmake --build "$dir"
}

# run_catch PROGRAM RESULTS-FILE [WRAPPER...]: runs a Catch2 program, with its results as JUnit.
run_catch() {
    local program=$1 xml=$2 log rc=0
    shift 2
    log=$(mktemp)
    [[ -x $program ]] || { echo "$program was not built"; return 1; }
    timeout --kill-after 10 1800 "$@" "$program" -r junit -o "$xml" >"$log" 2>&1 || rc=$?
    # A crashed program leaves no results or incomplete ones, so the end of its output is printed.
    python3 test/lib/junit.py check "$xml" "$rc" || { tail -n 25 "$log"; rc=1; }
    rm -f "$log"
    return "$rc"
}

# catch_rung RUNG [BUILD-DIR] [NAME] [WRAPPER...]: runs the program of a rung.
catch_rung() {
    local rung=$1 dir=${2:-$build} name=${3:-$1} wrapper=("${@:4}")
    if [[ $rung == netns ]] && (( EUID )); then
        record_failure "$name" 'needs root: the tests use namespaces, routes and firewall rules'
        return 1
    fi
    step "$name" run_catch "$dir/test/test_$rung" "$results/$name.xml" "${wrapper[@]}" && return
    [[ -s $results/$name.xml ]] || record_failure "$name" 'the program did not run'
    return 1
}

rung_docs() {
    step docs test/docs/check --junit "$results/docs.xml" && return
    [[ -s $results/docs.xml ]] || record_failure docs 'the checker did not run'
    return 1
}
rung_image() {
    step image test/image/check --junit "$results/image.xml" && return
    [[ -s $results/image.xml ]] || record_failure image 'the tests did not run'
    return 1
}
rung_unit() { catch_rung unit; }
rung_golden() { catch_rung golden; }
rung_contract() { catch_rung contract; }
rung_netns() { catch_rung netns; }

# The oldest supported kernel, with and without IPv6, and with the programs of the plugin's image if this run builds it; every
# kernel with `full`.
rung_kernels() {
    local machines=(5.10 5.10/no-ipv6) options=()
    await_plugin
    if [[ -n ${plugin:-} ]]; then
        options=(--plugin "$plugin")
        machines+=(5.10/image)
    fi
    [[ -z $full ]] || machines=()
    test/kernels --build "$build" --junit "$results" "${options[@]}" "${machines[@]}" >&2 && return
    grep -qs '<failure' "$results"/kernels-*.xml || record_failure kernels 'test/kernels failed without a result'
    return 1
}

# The files that have changed; all of them with `full`.
rung_tidy() {
    step tidy python3 test/lib/tidy.py ${full:+--all} --junit "$results/tidy.xml" && return
    [[ -s $results/tidy.xml ]] || record_failure tidy 'clang-tidy did not run'
    return 1
}

# A short run: it checks that earlier findings stay fixed, and sometimes finds new ones.
rung_fuzz() {
    local rc=0
    step fuzz test/fuzz/run --junit "$results" "${BGPLB_FUZZ_SECONDS:-5}" || rc=$?
    (( rc == 0 )) || grep -qs '<failure' "$results"/fuzz-*.xml || record_failure fuzz "ended with exit status $rc"
    return "$rc"
}

# Background jobs: work that needs the CPU for minutes runs beside tests that mostly wait. start_aside NAME COMMAND... starts a
# job, end_aside NAME TITLE waits for it as a step of its own.
declare -A aside_pids
start_aside() {
    local name=$1
    shift
    ( STEP_INSIDE=1 nice -n 19 "$@" ) >"$asides/$name.log" 2>&1 </dev/null &
    aside_pids[$name]=$!
}
wait_aside() { wait_until 1500 "$1" eval "! kill -0 ${aside_pids[$1]}" && cat "$asides/$1.log" && [[ -e $asides/$1.done ]]; }
end_aside() {
    local rc=0
    wait "${aside_pids[$1]}" || rc=$?
    (( rc )) || touch "$asides/$1.done"
    step "$2" wait_aside "$1"
}
kill_asides() {
    local pid
    for pid in "${aside_pids[@]}"; do kill "$pid" 2>/dev/null || :; done
}

# The fuzzers are built and run, and clang-tidy checks, in the background of the end-to-end tests.
start_fuzz() { start_aside fuzz test/fuzz/run --junit "$results" "${BGPLB_FUZZ_SECONDS:-2}"; }
start_tidy() { start_aside tidy python3 test/lib/tidy.py --junit "$results/tidy.xml"; }
end_tidy() {
    end_aside tidy 'tidy (started in the background)' && return
    [[ -s $results/tidy.xml ]] || record_failure tidy 'clang-tidy did not run'
    return 1
}
end_fuzz() {
    end_aside fuzz 'fuzz (started in the background)' && return
    grep -qs '<failure' "$results"/fuzz-*.xml || record_failure fuzz 'ended without a result'
    return 1
}

# The lab's images, for which packages are downloaded and unpacked, and the plugin are built while the tests are compiled and
# the first rungs run.
start_e2e_parts() {
    ! engine_answers || engine_was_up=1
    ensure_engine || return 0   # rung_e2e reports the failure
    start_aside plugin bash -c 'docker/lab/lab images && docker/build --output "$1"' bash "$asides/plugin"
}

# Waits for what start_e2e_parts has started. `plugin` is the plugin's folder afterwards; empty: there is none.
await_plugin() {
    [[ -n ${aside_pids[plugin]:-} ]] || return 0
    if end_aside plugin 'images and plugin (started in the background)'; then plugin=$asides/plugin; else plugin_failed=1; fi
    unset 'aside_pids[plugin]'
}

# Two labs share the tests; run.py creates and removes the second one. A lab or a dockerd that was running before keeps running,
# because it belongs to the developer.
rung_e2e() {
    local rc=0 built=() labs=${BGPLB_LABS:-2}
    [[ -n ${e2e_started:-}${plugin:-}${plugin_failed:-}${aside_pids[plugin]:-} ]] || ! engine_answers || engine_was_up=1
    ensure_engine || { record_failure e2e 'no Docker engine'; return 1; }
    await_plugin
    [[ -z ${plugin_failed:-} ]] || { record_failure e2e 'the plugin was not built'; return 1; }
    [[ -z ${plugin:-} ]] || built=(--plugin "$plugin")
    [[ -z ${aside_fuzz:-} ]] || start_fuzz
    [[ -z ${aside_tidy:-} ]] || start_tidy
    [[ -n ${e2e_started:-} || -z $(docker ps -q --filter "label=bgplb.lab=${LAB_PREFIX:-bgplb-lab}") ]] || lab_was_up=1
    e2e_started=1
    timeout --kill-after 30 2700 python3 test/e2e/run.py --labs "$labs" ${full:+--all} --junit "$results/e2e${1:+-$1}.xml" ${1:+--docker "$1"} "${built[@]}" </dev/null || rc=$?
    [[ -s $results/e2e${1:+-$1}.xml ]] || record_failure "e2e${1:+-$1}" "ended with exit status $rc and no results"
    [[ -z ${aside_pids[fuzz]:-} ]] || end_fuzz || rc=1
    [[ -z ${aside_pids[tidy]:-} ]] || end_tidy || rc=1
    # Further rounds, with other versions of Docker, build the plugin themselves.
    unset plugin plugin_failed 'aside_pids[fuzz]' 'aside_pids[tidy]' aside_fuzz aside_tidy
    return "$rc"
}

cleanup_e2e() {
    [[ -n ${e2e_started:-} ]] || return 0
    e2e_started=
    [[ -n ${lab_was_up:-} || -n ${BGPLB_KEEP_LAB:-} ]] || step 'remove the lab' docker/lab/lab down
    [[ -n ${engine_was_up:-} ]] || step 'stop dockerd' stop_own_engine
}

# One build per compiler and sanitizer, and all rungs that are test programs. setarch disables address space randomisation: the
# thread sanitizer of these compilers does not support every address layout of newer kernels.
run_sanitized() {
    local compiler=$1 sanitizers=$2 name rung options=()
    name=$compiler-${sanitizers%%,*}
    local dir=$PWD/build/$name
    # One build without precompiled headers finds the file that does not include what it uses.
    [[ $name != clang++-thread ]] || options+=(-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON)
    options+=(-DCMAKE_CXX_COMPILER="$compiler" -DBGPLB_SANITIZE="$sanitizers")
    if ! step "build with $compiler, $sanitizers" build_tests "$dir" "${options[@]}"; then
        record_failure "build-$name" 'the build with sanitizers failed'
        return 1
    fi
    for rung in unit golden contract netns; do
        catch_rung "$rung" "$dir" "$rung-$name" setarch -R || :
    done
}

# The first commands of the front page, in a separate lab, because another lab may be running.
demo_and_down() {
    local rc=0
    export LAB_PREFIX=bgplb-demo LAB_NET=192.168.18 LAB_CLIENT_NET=192.168.19
    docker/demo || rc=$?
    docker/demo down
    return "$rc"
}

run_demo() {
    if step 'docker/demo' demo_and_down; then
        python3 test/lib/junit.py success "$results/demo.xml" demo
    else
        record_failure demo 'docker/demo failed'
    fi
}

run_neighbours() {
    test/neighbours --build "$build" --junit "$results/neighbours.xml" >&2 && return
    [[ -s $results/neighbours.xml ]] || record_failure neighbours 'test/neighbours failed without a result'
}

run_full() {
    local version compiler sanitizers
    for compiler in g++ clang++; do
        for sanitizers in address,undefined thread; do run_sanitized "$compiler" "$sanitizers" || :; done
    done
    if step 'golden, every BIRD' test/golden/all-birds "$build"; then
        python3 test/lib/junit.py success "$results/all-birds.xml" all-birds
    else
        record_failure all-birds 'test/golden/all-birds failed'
    fi
    run_neighbours || :
    for version in 20.10 28.5; do
        rung_e2e "$version" || :
    done
    run_demo
}
