#!/usr/bin/env bash
# kill -9 of an agent ten times and of the server ten times, in mid-rollout: the same processes go
# on, nothing is restarted or started twice, logs have no gap.
. "$(dirname "$0")/lib.sh"

cluster_server_start
three_agents
good() { service good "$1" | jq '.spec.strategy.monitor_seconds = 1'; }
good v1 | api PUT /v1/deployments/web -d @- >/dev/null
expect 'v1 is deployed' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"

# A bystander that counts into its log: one line per 20 ms, numbered.
jq -n '{name: "counter", spec: {replicas: 3, template: {version: "1", command: ["bash", "-c",
    "n=0; while :; do n=$((n+1)); echo line $n; read -rt 0.02 <> <(:); done"]}, strategy: {monitor_seconds: 1}}}' |
    api PUT /v1/deployments/counter -d @- >/dev/null
expect 'the counters run' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout counter)"
children | sort >"$CLUSTER_DIR/before"

good v2 | api PUT /v1/deployments/web -d @- >/dev/null
cp "$CLUSTER_DIR/before" "$CLUSTER_DIR/children"
agents=(n1 n2 n3)
for ((kills = 0; kills < 10; kills++)); do
    name=${agents[kills % 3]}
    cluster_agent_kill "$name" KILL
    children >>"$CLUSTER_DIR/children"
    cluster_agent_start "$name" "$(ports "${name#n}")"
    # The next kill comes when the rollout has moved on (or half a second later).
    index=$(api GET /v1/deployments/web/status | jq .index)
    api GET "/v1/deployments/web/status?index=$index&wait_seconds=1" >/dev/null
    cluster_server_kill KILL
    children >>"$CLUSTER_DIR/children"
    cluster_server_start
done
rollout=$(cluster_wait_rollout web)
children >>"$CLUSTER_DIR/children"

expect 'the rollout ends right' jq -e '.state == "succeeded"' <<<"$rollout"
wait_for 'all nodes are ready' cluster_wait_nodes 3
expect 'all replicas are of v2' jq -e '.version == "v2" and .updated == .desired and .available == .desired' \
    <<<"$(api GET /v1/deployments/web/status)"
expect 'no replica ever had two processes' test \
    "$(sort -u "$CLUSTER_DIR/children" | cut -d' ' -f1 | uniq -d | wc -l)" -eq 0
for name in web counter; do
    expect "no restart of $name is counted" jq -e '[.items[].restarts] | add == 0' \
        <<<"$(api GET "/v1/deployments/$name/replicas?limit=100")"
done
expect 'the counters are the processes of before' test \
    "$(children | sort | grep '^counter-')" = "$(grep '^counter-' "$CLUSTER_DIR/before")"
started=$(cut -d' ' -f1 "$CLUSTER_DIR/children" | sort -u | grep -c '^web-')
desired=$(api GET /v1/deployments/web/status | jq .desired)
expect 'each wanted process was started once, no more' test "$started" -eq $((2 * desired))
for log in "$CLUSTER_DIR"/agents/*/replicas/counter-*/log; do
    expect "no line is missing in $(basename "$(dirname "$log")")'s log" awk \
        '$2 != NR { bad = 1 } END { exit bad || NR < 50 }' "$log"
done
