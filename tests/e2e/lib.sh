# lib.sh: what the end-to-end scripts share. Sourced with BIN_DIR as the first argument of the test.
# Each test has its own folder and stops only what it started.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CLUSTER_BIN=$1
CLUSTER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/dogshore-e2e.XXXXXX")
. "$ROOT/scripts/lib/cluster.sh"

# What of this test still runs is its defect, and must not hold its output open.
leave_nothing() {
    local left
    left=$(pgrep -f " [^ ]*$CLUSTER_DIR/") || return 0
    echo 'not ok: processes are left' >&2
    ps -o pid,ppid,etime,args -p "$(paste -sd, <<<"$left")" >&2
    kill -KILL $left 2>/dev/null || true
    return 1
}

cleanup() {
    local status=$?
    trap - EXIT
    for pid in "${HELPERS[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    # An agent among them starts nothing more then.
    for pid in "${HELPERS[@]}"; do wait "$pid" 2>/dev/null || true; done
    cluster_stop
    leave_nothing || status=1
    if ((status == 0)); then
        rm -rf "$CLUSTER_DIR"
    else
        echo "FAILED; what is left: $CLUSTER_DIR" >&2
        tail -n 20 "$CLUSTER_DIR"/*.log >&2
    fi
    exit "$status"
}
HELPERS=()
trap cleanup EXIT

# ports N: the range of this story's n-th node. Stories that run side by side share none.
ports() {
    local low=$((${DOGSHORE_TEST_PORTS:-24000} + 240 * ($1 - 1)))
    echo "$low-$((low + 239))"
}

# expect WHAT COMMAND…: one line per fact that must hold.
expect() {
    local what=$1
    shift
    if "$@" >/dev/null; then
        echo "ok: $what"
    else
        echo "not ok: $what ($*)" >&2
        return 1
    fi
}

sites() { # VERSION…: a folder per version with a version.txt
    local version
    for version; do
        mkdir -p "$CLUSTER_DIR/site/$version"
        echo "$version" >"$CLUSTER_DIR/site/$version/version.txt"
    done
}

# web VERSION [PATH [SITE]]: examples/web.json for this machine.
web() {
    jq --arg version "$1" --arg path "${2:-/version.txt}" --arg dir "$CLUSTER_DIR/site/${3:-$1}" \
        '.spec.template |= (.version = $version | .working_dir = $dir |
         .probes.readiness.http.path = $path)' "$ROOT/examples/web.json"
}

three_workers() {
    cluster_worker_start n1 "$(ports 1)"
    cluster_worker_start n2 "$(ports 2)"
    cluster_worker_start n3 "$(ports 3)"
    cluster_wait_nodes 3
}

three_agents() { # [dogshore-agent flags…]
    cluster_agent_start n1 "$(ports 1)" "$@"
    cluster_agent_start n2 "$(ports 2)" "$@"
    cluster_agent_start n3 "$(ports 3)" "$@"
    cluster_wait_nodes 3
}

# service KIND VERSION: examples/deployments/KIND.json as "web", with the program of this build.
service() {
    jq --arg version "$2" --arg program "$CLUSTER_BIN/dogshore-example" \
        '.name = "web" | .spec.template.version = $version |
         .spec.template.command[0] = $program' "$ROOT/examples/deployments/$1.json"
}

# wait_gone NAME: until a deleted deployment is gone, parked by its long poll.
wait_gone() {
    local index=0 status
    while status=$(api GET "/v1/deployments/$1/status?index=$index&wait_seconds=30" 2>/dev/null); do
        index=$(jq .index <<<"$status")
    done
}

# wait_for WHAT COMMAND…: until the command is true, for a minute and a half at most.
wait_for() {
    local what=$1 tries
    shift
    for ((tries = 0; tries < 450; tries++)); do
        if "$@" >/dev/null 2>&1; then
            echo "ok: $what"
            return 0
        fi
        sleep 0.2
    done
    echo "not ok, after 90 s: $what ($*)" >&2
    return 1
}

# helper_end PID: stops a helper that reports when it is told to stop.
helper_end() {
    local pid left=()
    kill -INT "$1"
    wait "$1" || true
    for pid in "${HELPERS[@]}"; do [[ $pid == "$1" ]] || left+=("$pid"); done
    HELPERS=("${left[@]}")
}

# census_start [PREFIX…]: samples the processes until census_end, which leaves census.json.
census_start() {
    "$CLUSTER_BIN/dogshore-census" "$CLUSTER_DIR/agents" "$@" >"$CLUSTER_DIR/census.json" &
    census_pid=$!
    HELPERS+=("$census_pid")
}
census_end() {
    helper_end "$census_pid"
    cat "$CLUSTER_DIR/census.json"
}
census_says() { expect "$1" jq -e "$2" "$CLUSTER_DIR/census.json"; }

# load_start NAME RATE [dogshore-load flags…]: requests to a deployment until load_end NAME, which leaves NAME.load.
# Returns when the first ones have been answered.
declare -A load_pids=()
load_start() {
    : >"$CLUSTER_DIR/$1.progress"
    "$CLUSTER_BIN/dogshore-load" --server "$SERVER" --token-file "$CLUSTER_DIR/data/admin.token" \
        --deployment "$1" --path /version.txt --rate "$2" --report-seconds 1 "${@:3}" \
        >"$CLUSTER_DIR/$1.load" 2>"$CLUSTER_DIR/$1.progress" &
    load_pids[$1]=$!
    HELPERS+=("$!")
    wait_for "clients of $1 are served" grep -q '"ok": [1-9]' "$CLUSTER_DIR/$1.progress"
}
load_end() {
    helper_end "${load_pids[$1]}"
    cat "$CLUSTER_DIR/$1.load"
    expect "no request to $1 failed" jq -e '.failed == 0 and .ok > 0' "$CLUSTER_DIR/$1.load"
}
load_says() { expect "$2" jq -e "$3" "$CLUSTER_DIR/$1.load"; }

# children [NODE]: "replica attempt pid" of every replica process that the agents of this cluster, or
# that of NODE, have started.
children() {
    local file attempt child
    for file in "$CLUSTER_DIR"/agents/${1:-*}/run/*/*/pid; do
        attempt=${file%/pid}
        child=$(sed -n "s/^child=//p" "$file" 2>/dev/null) || continue # it ended meanwhile
        [[ ! $child ]] || echo "$(basename "${attempt%/*}") ${attempt##*/} $child"
    done
}
