#!/usr/bin/env bash
# Three agents, the example service, requests of 300 ms under an open loop of 200 a second on new and
# kept connections: roll after roll no request fails, floor and ceiling hold in the processes.
# The second argument is the number of rolls (20 replicas are replaced in each).
. "$(dirname "$0")/lib.sh"
rolls=${2:-2}

cluster_server_start
three_agents
# roll VERSION: 20 replicas, five at a time.
roll() {
    service good "$1" | jq '.spec.replicas = 20 | .spec.strategy.max_surge = 5 | .spec.strategy.monitor_seconds = 1' |
        api PUT /v1/deployments/web -d @- >/dev/null
}
roll 0
expect 'version 0 is deployed' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"

census_start
load_start web 200 --path '/slow?ms=300'
for ((version = 1; version <= rolls; version++)); do
    roll "$version"
    expect "roll $version succeeds" jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
done
load_end web
census_end
load_says web 'there were many' '.ok > 1000'
load_says web 'some were in flight at every moment' '.in_flight_max >= 60'
census_says 'floor: never fewer than 20 processes answered' '.least_answering >= 20'
census_says 'ceiling: never more than 25 processes lived' '.most_living <= 25'
census_says 'each was started once' ".seen == 20 * ($rolls + 1)"
expect 'no replica was restarted' jq -e '[.items[].restarts] | add == 0' \
    <<<"$(api GET '/v1/deployments/web/replicas?limit=100')"

api DELETE /v1/deployments/web >/dev/null
wait_gone web
expect 'delete leaves no process behind' test -z "$(cluster_shims)"
