#!/usr/bin/env bash
# blue_green under an open loop of requests: previews get none, an abort before the promotion leaves
# no trace, the switch is one moment for all clients and so is the way back, for which no process is
# started; a version that fails behind the scenes is met by nobody.
. "$(dirname "$0")/lib.sh"

cluster_server_start
three_agents
blue_green() { service blue-green "$1" | jq ".spec.strategy.monitor_seconds = 1 | ${2:-.}"; }
apply() { api PUT /v1/deployments/web -d @- >/dev/null; }
order() { api POST "/v1/deployments/web/$1" >/dev/null; }
endpoints() { api GET /v1/deployments/web/endpoints -H 'Accept: text/plain'; }
lines() { awk '{ print $2, $3 }' | sort | uniq -c | awk '{ print $1, $2, $3 }' | paste -sd,; }
listed() { test "$(endpoints | lines)" = "$1"; }
waits() { api GET /v1/deployments/web/status | jq -e '.rollout.state == "awaiting_promotion"'; }
# traffic VERSION: three processes get all of it, and say that this is their version.
traffic() {
    local urls
    urls=$(endpoints | awk '$2 > 0 { print "http://" $1 "/version.txt" }')
    [[ $(wc -w <<<"$urls") -eq 3 && $(curl -sS $urls | sort | uniq -c) =~ ^\ *3\ $1$ ]]
}
# processes VERSION: "replica attempt pid" of those that live.
processes() {
    local replica attempt pid
    children | while read -r replica attempt pid; do
        ! grep -qsz "^DOGSHORE_VERSION=$1\$" "/proc/$pid/environ" || echo "$replica $attempt $pid"
    done | sort
}
events_since() { api GET "/v1/deployments/web/events?limit=500" | jq "[.items[] | select(.index > $1)]"; }
last_event() { api GET '/v1/deployments/web/events?limit=1' | jq '.items[0].index'; }

blue_green v1 | apply
expect 'v1 is deployed, without a promotion: there is nothing to switch from' \
    jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
expect 'every replica gets traffic' listed '3 1 active'
v1=$(processes v1)

# A preview, and no trace of it.
load_start web 100
census_start
blue_green v2 | apply
wait_for 'v2 waits for its promotion' waits
expect 'the status says so' jq -e '.state == "paused" and (.message | test("waiting for promotion"))' \
    <<<"$(api GET /v1/deployments/web/status)"
expect 'explain says so' jq -e '.waiting_for | test("promote: 1 preview")' \
    <<<"$(api GET /v1/deployments/web/explain)"
expect 'the preview is listed with weight 0' listed '1 0 preview,3 1 active'
order abort
expect 'an abort goes back' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
expect 'the rollout is aborted, and the spec names v1 again' jq -es \
    '.[0].state == "aborted" and .[1].spec.template.version == "v1"' \
    <<<"$(api GET /v1/deployments/web/rollouts/2 && api GET /v1/deployments/web)"
load_end web
load_says web 'nobody met the preview' '.answers | keys == ["v1"]'
census_end
census_says 'the preview was one process beside three' '.answering | keys == ["v1:3", "v1:3 v2:1"]'
expect 'those three are untouched' test "$(processes v1)" = "$v1"

# The switch.
load_start web 100
census_start
order retry
wait_for 'v2 waits again after a retry' waits
order promote
wait_for 'all traffic goes to v2' traffic v2
expect 'the old processes stay as they were' test "$(processes v1)" = "$v1"
load_end web
load_says web 'clients saw v1 alone, then v2 alone' \
    '(.answers | keys == ["v1", "v2"]) and .spans.v1[1] < .spans.v2[0]'
census_end
census_says 'three processes of v1 answered all the time' '.answering | keys | all(startswith("v1:3"))'

# The way back, within keep_old_seconds.
v2=$(processes v2)
expect 'three processes of v2 are as ready to be gone back from' test "$(wc -l <<<"$v2")" -eq 3
load_start web 100
census_start
index=$(last_event)
order abort
wait_for 'all traffic goes to v1 again' traffic v1
expect 'to the very processes that were kept' test "$(processes v1)" = "$v1"
events_since "$index" >"$CLUSTER_DIR/way-back"
jq -c 'map(select(.reason == "switched" or .reason == "aborted") | {at, reason, message})' "$CLUSTER_DIR/way-back"
expect 'the switch was the first thing that was done' jq -e \
    'map(select(.kind == "replica" or .reason == "switched")) | min_by(.index).reason == "switched"' \
    "$CLUSTER_DIR/way-back"
expect 'the way back ends' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
load_end web
load_says web 'clients saw v2 alone, then v1 alone' \
    '(.answers | keys == ["v1", "v2"]) and .spans.v2[1] < .spans.v1[0]'
census_end
census_says 'no process was started for it' '.seen == 6 and .most_living == 6'
census_says 'three processes of v1 answered all the time' '.answering | keys | all(startswith("v1:3"))'
expect 'none of v2 is left' test -z "$(processes v2)"

# Without a hand: one that promotes itself, one that fails before it could.
load_start web 100
blue_green v3 '.spec.strategy.auto_promote = true | .spec.strategy.keep_old_seconds = 1' | apply
expect 'v3 promotes itself' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
service never-ready v4 | jq --argjson strategy "$(blue_green v4 | jq .spec.strategy)" \
    '.spec.strategy = $strategy | .spec.replicas = 3 | .spec.template.limits.healthy_seconds = 2' | apply
expect 'a preview that never gets ready is rolled back' jq -e \
    '.state == "rolled_back" and .reason == "healthy_limit"' <<<"$(cluster_wait_rollout web)"
load_end web
load_says web 'clients saw v1, then v3, and nothing of v4' \
    '.spans.v1[1] < .spans.v3[0] and (.answers | keys == ["v1", "v3"])'
wait_for 'every replica gets traffic in the end' listed '3 1 active'
