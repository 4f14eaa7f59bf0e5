#!/usr/bin/env bash
# A live node is removed by force: its worker joins anew and tells what it runs, what was given up
# is ordered to stop, and the deployment ends with exactly its replicas.
. "$(dirname "$0")/lib.sh"

processes() { find "$CLUSTER_DIR"/workers/*/replicas -name pid | wc -l; }
available() { api GET /v1/deployments/web/status | jq -e '.state == "running" and .available == 7' >/dev/null; }
# eventually SECONDS COMMAND…: tries until it holds; the test's own patience, not a promise.
eventually() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}
nothing_unknown() {
    api GET /v1/nodes | jq -e '[.items[].unknown_replicas[]] | length == 0' >/dev/null
}
seven_processes() { [[ $(processes) -eq 7 ]]; }

sites v1
cluster_server_start
three_workers
web v1 | api PUT /v1/deployments/web -d @- >/dev/null
expect 'v1 is deployed' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"
old=$(for file in "$CLUSTER_DIR"/workers/n1/replicas/*/pid; do cat "$file"; done)

api DELETE '/v1/nodes/n1?force=true' >/dev/null
expect 'the node is back by itself' eventually 20 api GET /v1/nodes/n1
expect 'all seven are available again' eventually 60 available
expect 'what it ran before was ordered to stop' eventually 60 seven_processes
for pid in $old; do
    expect "process $pid of the removed node is gone" test ! -e "/proc/$pid"
done
expect 'nothing is left to be stopped' eventually 20 nothing_unknown
