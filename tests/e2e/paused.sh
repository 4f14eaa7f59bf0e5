#!/usr/bin/env bash
# An agent stands still (SIGSTOP) until its node is lost and its replicas are replaced, and then goes
# on: what is surplus stops once, nothing is started twice. Meanwhile a second server stands still for
# a minute: nothing happens to its nodes at all.
. "$(dirname "$0")/lib.sh"
seconds=${2:-60}

# sleeper REPLICAS: a deployment of plain processes.
sleeper() {
    jq -n --argjson replicas "$1" '{name: "sleeper", spec: {replicas: $replicas, template: {version: "1",
        command: ["sleep", "86400"], stop: {drain_seconds: 0, grace_seconds: 2}},
        strategy: {monitor_seconds: 1}}}'
}

# The second cluster, in a subshell of its own: its server is paused.
(
    trap - EXIT
    CLUSTER_DIR=$CLUSTER_DIR/second
    mkdir -p "$CLUSTER_DIR"
    trap 'cluster_stop' EXIT
    cluster_server_start
    cluster_agent_start n1 "$(ports 4)"
    cluster_wait_nodes 1
    sleeper 2 | api PUT /v1/deployments/sleeper -d @- >/dev/null
    cluster_wait_rollout sleeper >/dev/null
    children | sort >"$CLUSTER_DIR/before"
    last=$(api GET '/v1/events?limit=1' | jq '.items[0].index')
    kill -STOP "$cluster_server_pid"
    sleep "$seconds"
    kill -CONT "$cluster_server_pid"
    # A poll wait later every sign of life has had its time.
    api GET "/v1/nodes/n1?index=$(api GET /v1/nodes/n1 -o /dev/null -D - | sed -n 's/^X-Index: \([0-9]*\).*/\1/p')&wait_seconds=12" >/dev/null
    expect 'a paused server: the same processes' test "$(children | sort)" = "$(cat "$CLUSTER_DIR/before")"
    expect 'a paused server: no event came of it' test "$(api GET '/v1/events?limit=1' | jq '.items[0].index')" = "$last"
) &
second=$!

cluster_server_start
three_agents
sleeper 6 | api PUT /v1/deployments/sleeper -d @- >/dev/null
expect 'six sleepers run' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout sleeper)"
on_n1() { api GET '/v1/deployments/sleeper/replicas?limit=100' | jq -r '.items[] | select(.node == "n1") | .id' | sort; }
children | sort >"$CLUSTER_DIR/before"
mapfile -t lost < <(on_n1)
expect 'two of them on n1' test "${#lost[@]}" -eq 2

kill -STOP "${CLUSTER_AGENTS[n1]}"
status() { api GET /v1/deployments/sleeper/status; }
node_state() { test "$(api GET /v1/nodes/n1 | jq -r .state)" = "$1"; }
wait_for 'n1 is lost' node_state lost
six_elsewhere() {
    api GET '/v1/deployments/sleeper/replicas?limit=100' | jq -e \
        '[.items[] | select(.node != "n1" and .available)] | length == 6'
}
wait_for 'its replicas are replaced elsewhere' six_elsewhere
expect 'the processes on n1 go on meanwhile' test \
    "$(children | sort | comm -12 - "$CLUSTER_DIR/before" | wc -l)" -eq 6
sleep $((seconds > 45 ? 15 : 0))
kill -CONT "${CLUSTER_AGENTS[n1]}"
wait_for 'n1 is back' node_state ready
six() { test "$(cluster_shims | wc -l)" -eq 6 && status | jq -e '.available == 6 and .state == "running"'; }
wait_for 'the surplus is stopped' six
children | sort >"$CLUSTER_DIR/after"
expect 'the bystanders are the same processes' test \
    "$(comm -12 "$CLUSTER_DIR/before" "$CLUSTER_DIR/after" | wc -l)" -ge 4
expect 'no replica ever had two processes' test \
    "$(sort -u "$CLUSTER_DIR/before" "$CLUSTER_DIR/after" | cut -d' ' -f1 | uniq -d | wc -l)" -eq 0
expect 'no restart is counted' jq -e '[.items[].restarts] | add == 0' \
    <<<"$(api GET '/v1/deployments/sleeper/replicas?limit=100')"
expect 'the surplus was ordered to stop, two in all' test "$(grep -c 'event=replica_stopping' "$CLUSTER_DIR"/agent-n?.log | awk -F: '{ n += $2 } END { print n }')" -eq 2
wait "$second"
