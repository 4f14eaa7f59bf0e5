#!/usr/bin/env bash
# Three agents, the example service, requests of 300 ms under an open loop of 200 a second on new and
# kept connections: roll after roll no request fails, floor and ceiling hold in the processes.
# The second argument is the number of rolls (20 replicas are replaced in each).
. "$(dirname "$0")/lib.sh"
rolls=${2:-2}

cluster_server_start
three_agents
service good 0 | jq '.spec.replicas = 20' | api PUT /v1/deployments/web -d @- >/dev/null
expect 'version 0 is deployed' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"

"$CLUSTER_BIN/dogshore-census" "$CLUSTER_DIR/agents" >"$CLUSTER_DIR/census.json" &
census=$!
"$CLUSTER_BIN/dogshore-load" --server "$SERVER" --token-file "$CLUSTER_DIR/data/admin.token" \
    --deployment web --path '/slow?ms=300' --rate 200 >"$CLUSTER_DIR/load.json" &
load=$!
HELPERS+=("$census" "$load")
for ((roll = 1; roll <= rolls; roll++)); do
    service good "$roll" | jq '.spec.replicas = 20' | api PUT /v1/deployments/web -d @- >/dev/null
    expect "roll $roll succeeds" jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
done
kill -INT "$load" "$census"
wait "$load" || true
wait "$census" || true
HELPERS=()
cat "$CLUSTER_DIR/load.json" "$CLUSTER_DIR/census.json"
expect 'no request failed' jq -e '.failed == 0 and .ok > 1000' "$CLUSTER_DIR/load.json"
expect 'requests were in flight at every moment' jq -e '.in_flight_max >= 60' "$CLUSTER_DIR/load.json"
expect 'floor: never fewer than 20 processes answered' jq -e '.least_answering >= 20' "$CLUSTER_DIR/census.json"
expect 'ceiling: never more than 25 processes lived' jq -e '.most_living <= 25' "$CLUSTER_DIR/census.json"
expect 'no replica was restarted' jq -e '[.items[].restarts] | add == 0' \
    <<<"$(api GET '/v1/deployments/web/replicas?limit=100')"

api DELETE /v1/deployments/web >/dev/null
wait_gone web
expect 'delete leaves no process behind' test -z "$(cluster_shims)"
