# cluster.sh: a Dogshore server with agents or shell workers on this machine, for the demo and for
# tests. Sourced. The caller sets CLUSTER_DIR (state, logs) and CLUSTER_BIN (where the programs are).
# Ends only the processes it started.

CLUSTER_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CLUSTER_WORKERS=()
declare -A CLUSTER_AGENTS=() # name → pid
cluster_server_pid=''

# cluster_server_start [dogshored flags…]: returns when it answers /readyz; sets SERVER.
cluster_server_start() {
    local listen=127.0.0.1:0
    # A restarted server keeps its address, as an operator's would.
    [[ ${SERVER:-} ]] && listen=${SERVER#http://}
    mkdir -p "$CLUSTER_DIR"
    rm -f "$CLUSTER_DIR/data/listen"
    # In a session of its own, like the workers: it outlives the terminal.
    setsid "$CLUSTER_BIN/dogshored" --data-dir "$CLUSTER_DIR/data" --listen "$listen" "$@" \
        2>>"$CLUSTER_DIR/server.log" &
    cluster_server_pid=$!
    until [[ -s $CLUSTER_DIR/data/listen ]] &&
        curl -fsS -o /dev/null "http://$(<"$CLUSTER_DIR/data/listen")/readyz" 2>/dev/null; do
        kill -0 "$cluster_server_pid" 2>/dev/null || {
            echo "dogshored did not start; the end of $CLUSTER_DIR/server.log:" >&2
            tail -n 5 "$CLUSTER_DIR/server.log" >&2
            return 1
        }
        sleep 0.05
    done
    SERVER=http://$(<"$CLUSTER_DIR/data/listen")
    ADMIN_TOKEN=$(<"$CLUSTER_DIR/data/admin.token")
}

cluster_server_kill() { # SIGNAL
    kill -s "$1" "$cluster_server_pid" 2>/dev/null || true
    wait "$cluster_server_pid" 2>/dev/null || true
}

# cluster_worker_start NAME PORT-RANGE [worker.sh options…]
cluster_worker_start() {
    local name=$1 range=$2
    shift 2
    mkdir -p "$CLUSTER_DIR/workers"
    setsid "$CLUSTER_ROOT/examples/worker.sh" --server "$SERVER" --name "$name" \
        --join-token-file "$CLUSTER_DIR/data/join.token" --port-range "$range" \
        --state-dir "$CLUSTER_DIR/workers/$name" "$@" 2>>"$CLUSTER_DIR/worker-$name.log" &
    CLUSTER_WORKERS+=($!)
}

# cluster_agent_start NAME PORT-RANGE [dogshore-agent flags…]: again after a kill, too.
cluster_agent_start() {
    local name=$1 range=$2
    shift 2
    mkdir -p "$CLUSTER_DIR/agents"
    PATH=$CLUSTER_BIN:$PATH setsid "$CLUSTER_BIN/dogshore-agent" --server "$SERVER" --name "$name" \
        --join-token-file "$CLUSTER_DIR/data/join.token" --port-range "$range" \
        --address 127.0.0.1 --state-dir "$CLUSTER_DIR/agents/$name" "$@" \
        2>>"$CLUSTER_DIR/agent-$name.log" &
    CLUSTER_AGENTS[$name]=$!
}

cluster_agent_kill() { # NAME SIGNAL
    kill -s "$2" "${CLUSTER_AGENTS[$1]}" 2>/dev/null || true
    wait "${CLUSTER_AGENTS[$1]}" 2>/dev/null || true
    unset "CLUSTER_AGENTS[$1]"
}

# The shims of this cluster's agents: one per replica that lives.
cluster_shims() {
    pgrep -f "^[^ ]*dogshore-shim $CLUSTER_DIR/" || true
}

# An agent leaves its replicas running, as it must: the shims are told to end theirs.
cluster_shims_stop() {
    local pid signal
    for signal in TERM USR1; do
        for pid in $(cluster_shims); do kill -s "$signal" "$pid" 2>/dev/null || true; done
        for pid in $(cluster_shims); do timeout 10 tail --pid="$pid" -f /dev/null || true; done
    done
}

# api METHOD PATH [curl options…]: body on stdout, false for a problem.
api() {
    local method=$1 path=$2
    shift 2
    curl -sS --fail-with-body --max-time 90 -X "$method" -H "Authorization: Bearer $ADMIN_TOKEN" \
        -H 'Content-Type: application/json' "$@" "$SERVER$path"
}

# cluster_wait_rollout NAME: prints the finished rollout.
cluster_wait_rollout() {
    local id rollout
    id=$(api GET "/v1/deployments/$1/status" | jq .rollout.id)
    while :; do
        rollout=$(api GET "/v1/deployments/$1/rollouts/$id?until=terminal&wait_seconds=60") || {
            sleep 0.2 # the server is being restarted
            continue
        }
        [[ $(jq -r '.finished_at // empty' <<<"$rollout") ]] && break
    done
    printf '%s\n' "$rollout"
}

cluster_wait_nodes() { # COUNT
    until [[ $(api GET /v1/nodes | jq '[.items[] | select(.state == "ready")] | length') -ge $1 ]]; do
        sleep 0.1
    done
}

# Nodes and their replicas first, then the server.
cluster_stop() {
    local pid name
    for name in "${!CLUSTER_AGENTS[@]}"; do cluster_agent_kill "$name" TERM; done
    cluster_shims_stop
    for pid in "${CLUSTER_WORKERS[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${CLUSTER_WORKERS[@]}"; do
        timeout 20 tail --pid="$pid" -f /dev/null || kill -KILL -- "-$pid" 2>/dev/null || true
    done
    CLUSTER_WORKERS=()
    [[ -z $cluster_server_pid ]] || cluster_server_kill TERM
    cluster_server_pid=''
}
