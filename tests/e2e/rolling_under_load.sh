#!/usr/bin/env bash
# A service nobody here wrote (python3 -m http.server), 7 replicas on 3 workers, is rolled under an
# open-loop load: no request fails, floor and ceiling hold in the processes themselves. A version
# that never gets ready takes itself back, and every answer says why.
. "$(dirname "$0")/lib.sh"

sites v1 v2
cluster_server_start
three_workers
# save VERSION [PATH [SITE]]
save() {
    web "$@" | jq '.spec.strategy |= . + {max_surge: 3, monitor_seconds: 1} | .spec.template.stop.drain_seconds = 1 |
        .spec.template.limits.healthy_seconds = 8' | api PUT /v1/deployments/web -d @- >/dev/null
}
save v1
expect 'v1 is deployed' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"

"$CLUSTER_BIN/dogshore-census" "$CLUSTER_DIR/workers" >"$CLUSTER_DIR/census.json" &
census=$!
"$CLUSTER_BIN/dogshore-load" --server "$SERVER" --token-file "$CLUSTER_DIR/data/admin.token" \
    --deployment web --path /version.txt --rate 200 >"$CLUSTER_DIR/load.json" &
load=$!
HELPERS+=("$census" "$load")

save v2
expect 'v2 is rolled out' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
expect 'all seven are v2' jq -e \
    '.version == "v2" and .updated == 7 and .available == 7 and .state == "running"' \
    <<<"$(api GET /v1/deployments/web/status)"

save v3 /no-such-page v2
rollout=$(cluster_wait_rollout web)
expect 'the version that never gets ready is rolled back' jq -e '.state == "rolled_back"' <<<"$rollout"
expect 'the rollout says which limit fired and what the probe answered' jq -e \
    '(.message | test("healthy_seconds")) and (.message | test("404"))' <<<"$rollout"

kill -INT "$load" "$census"
wait "$load" || true
wait "$census" || true
HELPERS=()
cat "$CLUSTER_DIR/load.json" "$CLUSTER_DIR/census.json"
expect 'no request failed' jq -e '.failed == 0 and .ok > 1000' "$CLUSTER_DIR/load.json"
expect 'clients saw both versions' jq -e '.answers | has("v1") and has("v2")' "$CLUSTER_DIR/load.json"
expect 'floor: never fewer than 7 processes answered' jq -e '.least_answering >= 7' "$CLUSTER_DIR/census.json"
expect 'ceiling: never more than 10 processes lived' jq -e '.most_living <= 10' "$CLUSTER_DIR/census.json"

expect 'the spec names v2 again' jq -e \
    '.spec.template.version == "v2" and .status.state == "running" and .status.available == 7' \
    <<<"$(api GET /v1/deployments/web)"
expect 'revisions tell v3 failed and where its replacement came from' jq -e \
    '[.items[] | {version, source, copy_of, outcome}] |
     (.[0] | .version == "v2" and .source == "auto_rollback" and .copy_of == 2) and
     (.[1] | .version == "v3" and .outcome == "failed")' <<<"$(api GET /v1/deployments/web/revisions)"
expect 'an event carries the failing replica and its last probe answer' jq -e \
    '[.items[] | select(.reason == "rolling_back" or .reason == "rollout_failed" or .reason == "rollout_rolling_back")] |
     length >= 1 and (.[0].message | test("404"))' <<<"$(api GET '/v1/deployments/web/events?limit=200')"

api DELETE /v1/deployments/web >/dev/null
until [[ $(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $ADMIN_TOKEN" \
    "$SERVER/v1/deployments/web") == 404 ]]; do sleep 0.1; done
expect 'delete leaves no process behind' test \
    "$(find "$CLUSTER_DIR"/workers/*/replicas -name pid | wc -l)" -eq 0
