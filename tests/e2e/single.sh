#!/usr/bin/env bash
# Services of one replica, one per strategy that promises never to be below it, each under requests of
# its own: on the way to a good version, back from it by an order and back from one that never gets
# ready, at every sample one process of each answers, and no request fails.
. "$(dirname "$0")/lib.sh"

cluster_server_start
three_agents
declare -A strategies=(
    [rolling]='{type: "rolling", max_surge: 1, max_unavailable: 0}'
    [blue-green]='{type: "blue_green", keep_old_seconds: 1}'
    [canary]='{type: "canary", max_surge: 1, max_unavailable: 0, steps: [{set_weight: 50}, {pause: {seconds: 1}}]}'
)
names=("${!strategies[@]}")
# all KIND VERSION: of each strategy one replica.
all() {
    local name
    for name in "${names[@]}"; do
        service "$1" "$2" | jq --arg name "$name" '.name = $name | .spec.replicas = 1 |
            .spec.template.limits.healthy_seconds = 2 | .spec.template.stop.drain_seconds = 1 |
            .spec.strategy = {monitor_seconds: 1} + '"${strategies[$name]}" |
            api PUT "/v1/deployments/$name" -d @- >/dev/null
    done
}
# ended STATE VERSION: so did every rollout, and this is what answers now.
ended() {
    local name url
    for name in "${names[@]}"; do
        expect "$name: $1" jq -e --arg state "$1" '.state == $state' <<<"$(cluster_wait_rollout "$name")"
        url=$(api GET "/v1/deployments/$name/endpoints" -H 'Accept: text/plain' | awk '{ print $1 }')
        expect "$name: $2 answers" test "$(curl -sS "http://$url/version.txt")" = "$2"
    done
}

all good v1
ended succeeded v1
census_start "${names[@]/%/-}"
for name in "${names[@]}"; do load_start "$name" 40; done
all good v2
ended succeeded v2
for name in "${names[@]}"; do api POST "/v1/deployments/$name/rollback" -d '{"revision": 1}' >/dev/null; done
ended succeeded v1
all never-ready v3
ended rolled_back v1
for name in "${names[@]}"; do
    load_end "$name"
    load_says "$name" '  and its clients saw nothing else' '.answers | keys == ["v1", "v2"]'
done
census_end
for name in "${names[@]}"; do
    census_says "$name: at every sample one process answered" ".rounds > 100 and .groups[\"$name-\"].least_answering >= 1"
    census_says "$name: never more than two lived" ".groups[\"$name-\"].most_living <= 2"
    census_says "$name: each version was there" ".groups[\"$name-\"].living | keys | map(scan(\"v[123]\")) | unique == [\"v1\", \"v2\", \"v3\"]"
done
