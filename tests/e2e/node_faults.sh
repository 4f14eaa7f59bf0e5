#!/usr/bin/env bash
# What can happen to a node: its shims are killed, its state is deleted, another agent takes its name,
# a pid is somebody else's, a process becomes a zombie. Never a duplicate, never a foreign process hit.
. "$(dirname "$0")/lib.sh"

cluster_server_start
cluster_agent_start n1 "$(ports 1)"
nap=$((80000 + RANDOM)) # a command that nobody else runs
cluster_wait_nodes 1
jq -n --arg nap "$nap" '{name: "sleeper", spec: {replicas: 3, template: {version: "1", command: ["sleep", $nap],
    restart: {backoff_initial_seconds: 1}, stop: {drain_seconds: 0, grace_seconds: 2}},
    strategy: {monitor_seconds: 1}}}' | api PUT /v1/deployments/sleeper -d @- >/dev/null
expect 'three sleepers run' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout sleeper)"

mapfile -t replicas < <(children | cut -d' ' -f1 | sort -u)
run_dir=$CLUSTER_DIR/agents/n1/run
pid_of() { sed -n 's/^child=//p' "$run_dir/$1/$2/pid"; }
shim_of() { sed -n 's/^shim=//p' "$run_dir/$1/$2/pid"; }
replica() { api GET "/v1/replicas/$1"; }

jq_live() { replica "$1" | jq -e "$2"; }
available() { api GET /v1/deployments/sleeper/status | jq -e ".available == $1"; }

# A shim is killed: its process goes with it, and the next attempt is another process.
victim=${replicas[0]}
old=$(pid_of "$victim" 1)
kill -KILL "$(shim_of "$victim" 1)"
timeout 20 tail --pid="$old" -f /dev/null
wait_for 'a killed shim costs its replica one restart' jq_live "$victim" \
    '.attempt == 2 and .state == "running" and .ready'
expect 'its process is gone' test ! -d "/proc/$old"

# A pid file that names somebody else, while the agent is away.
victim=${replicas[1]}
sleep 86401 &
foreign=$!
HELPERS+=("$foreign")
cluster_agent_kill n1 KILL
old=$(pid_of "$victim" 1)
kill -KILL "$(shim_of "$victim" 1)"
timeout 20 tail --pid="$old" -f /dev/null
start=$(sed 's/.*) //' "/proc/$foreign/stat" | cut -d' ' -f20)
sed -i "s/^shim=.*/shim=$foreign/; s/^shim_start=.*/shim_start=$start/; s/^child=.*/child=$foreign/; s/^child_start=.*/child_start=$start/" \
    "$run_dir/$victim/1/pid"
cluster_agent_start n1 "$(ports 1)"
wait_for 'a burnt attempt is followed by the next one' jq_live "$victim" '.attempt == 2 and .ready'
expect 'the foreign process was not touched' test -d "/proc/$foreign"

# Its state is deleted, token and journals; the run directory is kept.
before=$(children | sort)
cluster_agent_kill n1 KILL
find "$CLUSTER_DIR/agents/n1" -mindepth 1 -maxdepth 1 ! -name run -exec rm -rf {} +
cluster_agent_start n1 "$(ports 1)"
wait_for 'the agent says that its name is taken' grep -q 'rejoin' "$CLUSTER_DIR/agent-n1.log"
api POST /v1/nodes/n1/rejoin >/dev/null
rejoined() { api GET '/v1/events?limit=50' | jq -e '[.items[] | select(.reason == "rejoined")] | length == 1'; }
wait_for 'it is let in once' rejoined
wait_for 'its replicas are there' available 3
expect 'and are the same processes' test "$(children | sort)" = "$before"

# The run directory is deleted, too: what nobody can take up is stopped before anything starts.
cluster_agent_kill n1 KILL
mapfile -t old_pids < <(children | cut -d' ' -f3)
rm -rf "$run_dir"
cluster_agent_start n1 "$(ports 1)"
three_new() { test "$(pgrep -c -f "^sleep $nap\$")" -eq 3 && test "$(children | wc -l)" -eq 3 && available 3; }
wait_for 'three new processes run' three_new
for pid in "${old_pids[@]}"; do
    expect "the stray $pid is gone" test ! -d "/proc/$pid"
done

# A second agent of the same name: the first one steps back, and its processes stay.
mkdir -p "$CLUSTER_DIR/agents/n1-twin"
cp "$CLUSTER_DIR/agents/n1/token" "$CLUSTER_DIR/agents/n1-twin/token"
before=$(children n1 | sort)
PATH=$CLUSTER_BIN:$PATH "$CLUSTER_BIN/dogshore-agent" --server "$SERVER" --name n1 --address 127.0.0.1 \
    --join-token-file "$CLUSTER_DIR/data/join.token" --state-dir "$CLUSTER_DIR/agents/n1-twin" \
    2>"$CLUSTER_DIR/agent-twin.log" &
twin=$!
HELPERS+=("$twin")
status=0
wait "${CLUSTER_AGENTS[n1]}" || status=$?
expect 'a fenced agent exits 75' test "$status" -eq 75
expect 'and leaves its processes alone' test "$(children n1 | sort)" = "$before"
