#!/usr/bin/env bash
# canary: the steps are met in processes and in traffic, promote goes one pause on or all the way, an
# abort and a canary that fails both lead back to the stable version, checks are made by the agents
# and decide, and what failed by its own fault is not taken again.
. "$(dirname "$0")/lib.sh"

cluster_server_start
three_agents
# canary KIND VERSION STEPS [jq filter]
canary() {
    service "$1" "$2" | jq '.spec.replicas = 5 | .spec.template.stop.drain_seconds = 1 |
        .spec.strategy = {type: "canary", max_surge: 2, max_unavailable: 0, monitor_seconds: 1, steps: '"$3"'} | '"${4:-.}"
}
steps='[{set_weight: 20}, {pause: {}}, {set_replicas: 3}, {pause: {}}, {set_weight: 80}, {pause: {}}]'
apply() { api PUT "/v1/deployments/web" -d @-; }
order() { api POST "/v1/deployments/$1" "${@:2}" >/dev/null; }
# waits NAME STEP: for a promotion, in that step.
waits() {
    api GET "/v1/deployments/$1/status" | jq -e '.rollout.state == "awaiting_promotion"' &&
        api GET "/v1/deployments/$1/explain" | jq -e --arg step "step $2 of" '.waiting_for | contains($step)'
}
# checked NAME VERSION: one of two replicas; "passes" is asked for what it answers, "fails" is not.
checked() {
    local expected=$2
    [[ $1 == passes ]] || expected+=!
    canary good "$2" '[{set_replicas: 1}, {check: {port: "http", path: "/version.txt", times: 2,
        expect_substring: "'"$expected"'"}}, {pause: {seconds: 1}}, {pause: {}}]' \
        '.name = "'"$1"'" | .spec.replicas = 2 | .spec.template.stop.drain_seconds = 0' |
        api PUT "/v1/deployments/$1" -d @- >/dev/null
}
# says NAME VERSION: what all of its endpoints answer.
says() {
    local urls
    mapfile -t urls < <(api GET "/v1/deployments/$1/endpoints" -H 'Accept: text/plain' |
        awk '{ print "http://" $1 "/version.txt" }')
    ((${#urls[@]} == 2)) && [[ $(curl -sS "${urls[@]}" | uniq) == "$2" ]]
}
# shares "VERSION COUNT"…: which versions 100 requests to the endpoints find, and how often.
shares() {
    local urls
    mapfile -t urls < <(api GET /v1/deployments/web/endpoints -H 'Accept: text/plain' |
        awk '$2 > 0 { print "http://" $1 "/version.txt" }')
    ((${#urls[@]} == 5)) || return 1
    [[ $(for ((n = 0; n < 20; n++)); do printf '%s\n' "${urls[@]}"; done | xargs curl -sS |
        sort | uniq -c | awk '{ print $2, $1 }') == "$(printf '%s\n' "$@")" ]]
}
problem() { # CODE PATTERN COMMAND…
    local code=$1 pattern=$2
    shift 2
    { "$@" 2>/dev/null || true; } | jq -e --arg code "$code" --arg pattern "$pattern" '.code == $code and (.detail | test($pattern))'
}

canary good v1 "$steps" | apply >/dev/null
for name in passes fails; do checked "$name" v1; done
expect 'v1 is deployed, without steps' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
census_start web-
load_start web 100

# Step by step, then all the way.
canary good v2 "$steps" | apply >/dev/null
wait_for 'v2 waits after its first step' waits web 2
expect 'set_weight 20: a fifth of the traffic' shares 'v1 80' 'v2 20'
order web/promote
wait_for 'v2 waits after its third step' waits web 4
expect 'set_replicas 3: three fifths of the traffic' shares 'v1 40' 'v2 60'
order web/promote -d '{"full": true}'
expect 'promoted in full: v2 takes over' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
expect 'all traffic goes to v2' shares 'v2 100'
expect 'there is nothing to promote now' problem illegal_state 'no rollout' api POST /v1/deployments/web/promote
census_end
census_says 'floor: at every moment five processes answered' '.least_answering == 5'
census_says 'ceiling: no more than seven processes lived' '.most_living <= 7'
census_says 'the shares were those of processes: 4 and 1, then 2 and 3' \
    '.answering | has("v1:4 v2:1") and has("v1:2 v2:3")'

# Back by an order, and forth again.
census_start web-
canary good v3 "$steps" | apply >/dev/null
wait_for 'v3 waits after its first step' waits web 2
order web/abort
expect 'an abort goes back' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
expect 'to v2, which the spec names again' jq -es '.[0].spec.template.version == "v2" and .[1].state == "aborted"' \
    <<<"$(api GET /v1/deployments/web && api GET /v1/deployments/web/rollouts/3)"
expect 'all traffic goes to v2 again' shares 'v2 100'
order web/retry
wait_for 'v3 waits once more after a retry' waits web 2
expect 'with a fifth of the traffic' shares 'v2 80' 'v3 20'

# Back by itself, to what was proven and not to what was overtaken.
never_ready() { canary never-ready v4 "$steps" '.spec.template.limits.healthy_seconds = 2'; }
never_ready | apply >/dev/null
expect 'a canary that never gets ready is rolled back' jq -e \
    '.state == "rolled_back" and .reason == "healthy_limit"' <<<"$(cluster_wait_rollout web)"
refused() { never_ready | apply; }
expect 'the one before it was superseded' jq -e '.items[1].state == "superseded"' <<<"$(api GET /v1/deployments/web/rollouts)"
expect 'all traffic goes to v2 once more' shares 'v2 100'
expect 'its template is quarantined' problem quarantined healthy_limit refused
census_end
census_says 'floor: at every moment five processes answered' '.least_answering == 5'
census_says 'there was one canary at a time' '.living | keys | all(test("v[34]:([2-9]|1[0-9])") | not)'
load_end web # clients would meet the next one while it is ready
load_says web 'clients met v1, v2, and canaries of v3' '.answers | keys == ["v1", "v2", "v3"]'

for name in passes fails; do checked "$name" v2; done
canary failing v5 "$steps" '.spec.template.command[-1] = "3"' | apply >/dev/null
wait_for 'a canary that will break waits after its first step' waits web 2
four() { test "$(api GET /v1/deployments/web/endpoints | jq '.endpoints | length')" -eq 4; }
wait_for 'it breaks' four
expect 'and is not promoted' problem illegal_state '0 of 1 canaries' api POST /v1/deployments/web/promote
order web/abort
expect 'back to v2' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"

# Checks: what the canary answers its agent decides.
wait_for 'a check that passes leads on, past a pause that ends by itself' waits passes 4
answers() { grep -h "event=canary_check_$1 .*replica=$2-" "$CLUSTER_DIR"/agent-n?.log | wc -l; }
expect 'its agent made it, once' test "$(answers passed passes)" -eq 1
order passes/promote
expect 'to the end' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout passes)"
rollout=$(cluster_wait_rollout fails)
jq -r .message <<<"$rollout"
expect 'a check that fails has it rolled back, and says what was answered' jq -e '.state == "rolled_back" and
    .reason == "check_failed" and (.message | test("fails-.* on n[123].* 200 .*v2!"))' <<<"$rollout"
expect 'its agent made it, once' test "$(answers failed fails)" -eq 1
expect 'v2 serves where it passed' says passes v2
expect 'v1 where it failed' says fails v1
