#!/usr/bin/env bash
# recreate: not one process of the old version lives when the first of the new one starts, on the way
# to a good version and on the way back from a bad one.
. "$(dirname "$0")/lib.sh"

cluster_server_start
three_agents
# recreate KIND VERSION
recreate() {
    service "$1" "$2" | jq '.spec.replicas = 3 | .spec.template.limits.healthy_seconds = 2 |
        .spec.template.stop.drain_seconds = 1 | .spec.strategy = {type: "recreate", monitor_seconds: 1}' |
        api PUT /v1/deployments/web -d @- >/dev/null
}

recreate good v1
expect 'v1 is deployed' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
census_start
recreate good v2
expect 'v2 takes over' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
recreate never-ready v3
expect 'v3 is rolled back' jq -e '.state == "rolled_back" and .reason == "healthy_limit"' <<<"$(cluster_wait_rollout web)"
expect 'v2 is whole again' jq -e '.version == "v2" and .available == 3 and .state == "running"' \
    <<<"$(api GET /v1/deployments/web/status)"
census_end
census_says 'three processes lived at most' '.most_living == 3'
census_says 'three of each version were started, and of v2 once more' '.seen == 12'
census_says 'all three versions were seen' '.living | has("v1:3") and has("v2:3") and has("v3:3")'
census_says 'never two of them together' '.living | keys | all(contains(" ") | not)'
