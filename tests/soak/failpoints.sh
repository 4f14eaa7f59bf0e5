#!/usr/bin/env bash
# The server dies at every failpoint it has, in mid-rollout, while a client writes: after each death
# it comes back with all that was acknowledged, and in the end the newest version runs, whole.
. "$(dirname "$0")/../e2e/lib.sh"

sites v1
cluster_server_start
three_workers
web v1 | jq '.spec.replicas = 3 | .spec.strategy.monitor_seconds = 0 | .spec.template.stop.drain_seconds = 0' \
    >"$CLUSTER_DIR/web.json"
api PUT /v1/deployments/web -d @"$CLUSTER_DIR/web.json" >/dev/null
expect 'v1 is deployed' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"

# note N: a write whose acknowledgement is kept; false once the server is dead.
note() {
    jq -c --arg name "note-$1" '.name = $name | .spec.replicas = 0' "$CLUSTER_DIR/web.json" |
        api POST /v1/deployments -d @- -o /dev/null 2>/dev/null && echo "note-$1" >>"$CLUSTER_DIR/acknowledged"
}

died=0 number=0
# What only a first start meets, a registration, a plan, a copy, or a log of 500 pages: their own tests kill there.
for failpoint in $("$CLUSTER_BIN/dogshored" --print-failpoints | grep -vE 'migrate|checkpoint|register|planner|backup|snapshot|restore'); do
    cluster_server_kill TERM
    # Every deployment has a pass at the start, so it may die before it is ready.
    DOGSHORE_FAILPOINTS="$failpoint=panic@5" cluster_server_start 2>/dev/null || true
    jq --arg version "after-$failpoint" '.spec.template.version = $version' "$CLUSTER_DIR/web.json" |
        api PUT /v1/deployments/web -d @- >/dev/null 2>&1 || true
    for ((tries = 0; tries < 100; tries++)); do
        number=$((number + 1))
        note "$number" || break
    done
    if ((tries < 100)); then
        died=$((died + 1))
    else
        echo "not reached: $failpoint"
    fi
    cluster_server_kill KILL
    cluster_server_start
done
expect 'the server died at every failpoint' test "$died" -ge 11

jq '.spec.template.version = "last"' "$CLUSTER_DIR/web.json" | api PUT /v1/deployments/web -d @- >/dev/null
expect 'the last rollout ends right' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
expect 'three replicas of the last version are available' jq -e \
    '.version == "last" and .updated == 3 and .available == 3 and .total == 3' \
    <<<"$(api GET /v1/deployments/web/status)"
lost=0 acknowledged=0
while read -r name; do
    acknowledged=$((acknowledged + 1))
    api GET "/v1/deployments/$name" >/dev/null || lost=$((lost + 1))
done <"$CLUSTER_DIR/acknowledged"
echo "died at $died failpoints; acknowledged writes: $acknowledged, lost: $lost"
expect 'no acknowledged write is lost' test "$lost" -eq 0
expect 'no node was suspected or lost' jq -e \
    '[.items[] | select(.kind == "node" and (.reason | test("lost|suspect")))] | length == 0' \
    <<<"$(api GET '/v1/events?limit=500')"
