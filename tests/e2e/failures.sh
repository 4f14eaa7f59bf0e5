#!/usr/bin/env bash
# One deployment per way in which a version fails: each rolls back by itself to the version that was
# proven, and its event names the limit, the replica, its last probe answer and its last log lines.
# Seven of them fail before they serve: of those the old process answers at every sample. What lies
# in the version is quarantined.
. "$(dirname "$0")/lib.sh"

cluster_server_start
three_agents
# Room for what asks for so much memory is on n4 alone.
cluster_agent_start n4 "$(ports 4)" --memory-mib 4194304 --cpu-millis 20
cluster_wait_nodes 4
# version NAME KIND VERSION [jq filter]: of one replica, which is never missing.
version() {
    service "$2" "$3" | jq --arg name "$1" '.name = $name | .spec.replicas = 1 |
        .spec.template.resources = {memory_mib: 1, cpu_millis: 30} | .spec.template.stop.drain_seconds = 0 |
        .spec.template.restart = {backoff_initial_seconds: 0, backoff_max_seconds: 0} |
        .spec.strategy = {max_surge: 1, max_unavailable: 0, monitor_seconds: 1} | '"${4:-.}" |
        api PUT "/v1/deployments/$1" -d @- >/dev/null
}
early=(crash unrunnable healthy deadline schedule prepare check)
names=("${early[@]}" ratio unhealthy)
for name in "${names[@]}"; do version "$name" good v1; done
for name in "${names[@]}"; do
    expect "v1 of $name is deployed" jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout "$name")"
done
census_start "${early[@]/%/-}"

version unhealthy failing v2 '.spec.template.command[-1] = "3" | .spec.strategy.monitor_seconds = 8'
version crash crashing v2
version unrunnable good v2 '.spec.template.command = ["/no/such/program"]'
version healthy never-ready v2 '.spec.template.limits.healthy_seconds = 3'
version ratio good v2 '.spec.replicas = 4 | .spec.strategy += {max_surge: 4, max_failure_ratio: 0.25} |
    .spec.template.restart = {policy: "never"} |
    .spec.template.command = ["bash", "-c", "echo cannot open the model; exit 4"]'
version deadline never-ready v2 '.spec.strategy.progress_deadline_seconds = 4'
version schedule good v2 '.spec.template.resources.memory_mib = 8388608 | .spec.template.limits.schedule_seconds = 2'
version check good v2 '.spec.strategy |= . + {type: "canary",
    steps: [{set_weight: 50}, {check: {port: "http", path: "/no-such-page"}}, {pause: {}}]}'
# n4 stands still, without being silent for long enough to be held for lost: nothing is prepared there.
kill -STOP "${CLUSTER_AGENTS[n4]}"
version prepare good v2 '.spec.template.resources = {memory_mib: 2097152, cpu_millis: 10} | .spec.template.limits.prepare_seconds = 2'

# went_back NAME: the event that tells of it, and that nothing else did.
went_back() {
    api GET "/v1/deployments/$1/events?limit=200" |
        jq -e '[.items[] | select(.kind == "rollout" and .reason == "rolling_back")] | select(length == 1) | .[0]'
}
wait_for 'nothing was prepared in time' went_back prepare
kill -CONT "${CLUSTER_AGENTS[n4]}"

# rolls_back NAME REASON LIMIT PROBE LOG: what its event must say, as patterns.
rolls_back() {
    expect "$1 is rolled back for $2" jq -e --arg reason "$2" '.state == "rolled_back" and .reason == $reason' \
        <<<"$(cluster_wait_rollout "$1")"
    went_back "$1" >"$CLUSTER_DIR/event"
    jq -r '"    \(.message)", "    log: \(.data.failed_replica.log_tail // "" | split("\n") | map(select(. != "")) | last)"' "$CLUSTER_DIR/event"
    expect "  it names the replica, on its node" jq -e --arg name "$1" '.message as $message | .data.failed_replica |
        (.id | startswith($name + "-")) and (.node as $node | .id as $id | $message | contains($id) and contains($node // ""))' "$CLUSTER_DIR/event"
    expect "  the limit: $3" jq -e --arg pattern "$3" '.message | test($pattern)' "$CLUSTER_DIR/event"
    expect "  the last answer: $4" jq -e --arg pattern "$4" '.message | test($pattern)' "$CLUSTER_DIR/event"
    expect "  the end of the log: $5" jq -e --arg pattern "$5" '.data.failed_replica.log_tail // "" | test($pattern)' "$CLUSTER_DIR/event"
    expect "  and v1 serves again" jq -e '.spec.template.version == "v1" and .status.available == .spec.replicas and
        .status.state == "running" and .status.revision == 3' <<<"$(api GET "/v1/deployments/$1")"
}
starts='version=v2 event=start'
rolls_back unrunnable unrunnable unrunnable '/no/such/program: No such file' '^$'
rolls_back schedule schedule_limit 'schedule_seconds \(2\)' 'lack memory' '^$'
rolls_back prepare prepare_limit 'prepare_seconds \(2\)' 'never prepared' '^$'
rolls_back check check_failed 'check of step 2' 'answered 404 «there are' "$starts"
rolls_back healthy healthy_limit 'healthy_seconds \(3\)' 'answered 503 «still loading the model»' "$starts"
rolls_back deadline progress_deadline 'progress_deadline_seconds \(4\).* 0 of 1' 'answered 503 «still loading' "$starts"
rolls_back crash crash_loop crash_loop 'exited with status 3.*(503|refused)' 'event=crash'
census_end
for name in "${early[@]}"; do
    census_says "$name was answered for by one process at every sample" ".groups[\"$name-\"].least_answering >= 1"
    census_says "  and never more than two lived" ".groups[\"$name-\"].most_living <= 2"
done

rolls_back ratio replica_failed 'exited with status 4' 'status 4' '^cannot open the model\n$'
expect '  not for one of four: that is a quarter' test \
    "$(grep -h 'event=replica_failed replica=ratio-' "$CLUSTER_DIR"/agent-n?.log | wc -l)" -ge 2
rolls_back unhealthy unhealthy_after_ready 'monitor_seconds \(8\)' 'answered 500 «out of luck' "$starts"

again() { # NAME CODE: applying the failed template once more, without meaning it
    local template
    template=$(api GET "/v1/deployments/$1/revisions/2" | jq '{spec: {template}}')
    { api PUT "/v1/deployments/$1" -d "$template" 2>/dev/null || true; } | jq -e --arg code "$2" '.code == $code'
}
for name in unrunnable check healthy deadline crash ratio unhealthy; do
    expect "the failed template of $name is quarantined" again "$name" quarantined
done
for name in schedule prepare; do
    template=$(api GET "/v1/deployments/$name/revisions/2" | jq '{spec: {template}}')
    expect "that of $name is not: what failed was no fault of its own" api PUT "/v1/deployments/$name" -d "$template"
done
