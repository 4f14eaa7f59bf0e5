#!/usr/bin/env bash
# A restore drill: the server and its directory are lost, a backup is restored into a new one. What
# the backup knows goes on as the very processes it was, what was deployed since is left running and
# listed as unknown until an operator orders its stop, and rollouts work as before.
. "$(dirname "$0")/lib.sh"

say() { "$CLUSTER_BIN/dogshore" --server "$SERVER" --token-file "$CLUSTER_DIR/data/admin.token" "$@"; }
good() { service good "$2" | jq --arg name "$1" '.name = $name | .spec.strategy.monitor_seconds = 0'; }
deploy() {
    good "$1" "$2" | api PUT "/v1/deployments/$1" -d @- >/dev/null
    expect "$1 $2 is deployed" jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout "$1")"
}
unknown() { api GET /v1/nodes | jq -r '.items[].unknown_replicas[]' | sort; }
ids_of() { api GET "/v1/deployments/$1/replicas" | jq -r '.items[] | select(.state == "running") | .id' | sort; }
processes() { children | sort | grep -F -f <(printf '%s ' "$1" | tr ' ' '\n' | sed 's/$/ /;/^ $/d'); }

# A worker in shell, in a cluster of its own.
shell() { # NAME
    web v1 | jq --arg name "$1" '.name = $name | .spec.replicas = 2 | .spec.strategy.monitor_seconds = 0' |
        api PUT "/v1/deployments/$1?cluster=shell" -d @- >/dev/null
    expect "$1 runs on the worker" jq -e .reached <<<"$(
        api GET "/v1/deployments/$1/wait?cluster=shell&for=complete&wait_seconds=60")"
}
shell_processes() { (cd "$CLUSTER_DIR/workers/w1/replicas" && grep . -- */pid) | sort; }

sites v1
cluster_server_start
three_agents
cluster_worker_start w1 "$(ports 4)" --cluster shell
cluster_wait_nodes 4
shell small
deploy web v1
deploy changed v1
load_start web 100

expect 'a backup is taken' say backup "$CLUSTER_DIR/backup.db"
expect 'nobody else may read it' test "$(stat -c %a "$CLUSTER_DIR/backup.db")" = 600
expect 'standard output gets the same' cmp -n 16 "$CLUSTER_DIR/backup.db" <(say backup - 2>/dev/null)
expect 'json says what it is' jq -e --arg file "$CLUSTER_DIR/again.db" \
    '.file == $file and .bytes > 0 and .index > 0 and (.digest | startswith("sha-256=:"))' \
    <<<"$(say backup "$CLUSTER_DIR/again.db" -o json)"
mkdir "$CLUSTER_DIR/folder"
expect 'what is no file is not replaced' test "$(say backup "$CLUSTER_DIR/folder" 2>/dev/null || echo $?)" = 2
expect 'a backup that fails leaves nothing' test \
    "$(say --token wrong backup "$CLUSTER_DIR/none.db" 2>/dev/null || ls "$CLUSTER_DIR" | grep -c none)" = 0
expect 'it is refused where a server runs' grep -q 'in use by process' <<<"$(
    "$CLUSTER_BIN/dogshored" --restore "$CLUSTER_DIR/backup.db" --data-dir "$CLUSTER_DIR/data" --replace 2>&1)"

# The world moves on: an agent and the worker begin new epochs, there is a deployment more, and another
# one has a new version.
cluster_agent_kill n2 KILL
cluster_agent_start n2 "$(ports 2)"
kill -TERM "${CLUSTER_WORKERS[0]}"
wait "${CLUSTER_WORKERS[0]}" || true
cluster_worker_start w1 "$(ports 4)" --cluster shell
deploy later v1
deploy changed v2
shell extra
small_is_whole() {
    api GET '/v1/deployments/small/status?cluster=shell' | jq -e '.available == 2 and .total == 2'
}
wait_for 'the worker has begun anew' small_is_whole
shells=$(shell_processes)
web=$(ids_of web) later=$(ids_of later) changed=$(ids_of changed)
old_index=$(api GET /v1/deployments/changed/status | jq .index)
web_processes=$(processes "$web")
left_processes=$(processes "$later $changed")

cluster_server_kill KILL
mv "$CLUSTER_DIR/data" "$CLUSTER_DIR/lost"
"$CLUSTER_BIN/dogshored" --restore "$CLUSTER_DIR/backup.db" --data-dir "$CLUSTER_DIR/data" >"$CLUSTER_DIR/restored"
expect 'it says what it was' grep -q 'deployments  3' "$CLUSTER_DIR/restored"
# The tokens are those of the backup; who has them goes on to use them.
cp "$CLUSTER_DIR"/lost/{admin,join}.token "$CLUSTER_DIR/data/"
cluster_server_start

expect 'what was deployed since is not known' grep -q not_found <<<"$(api GET /v1/deployments/later || true)"
expect 'an index of what is lost is answered at once' api GET \
    "/v1/deployments/changed/status?index=$old_index&wait_seconds=60" --max-time 10
wait_for 'all nodes are back' cluster_wait_nodes 4
is_whole() { api GET "/v1/deployments/$1/status" | jq -e --arg version "$2" \
    '.version == $version and .available == .desired and .total == .desired and .state == "running"'; }
wait_for 'web is whole' is_whole web v1
wait_for 'the other one is what it was at the backup' is_whole changed v1
# Its processes ended in the rollout that is lost: others were started, each once.
expect 'every id and attempt has one process' test "$(children | sort -u | cut -d' ' -f1,2 | uniq -d | wc -l)" -eq 0
expect 'web is served by the processes of before' test "$(processes "$(ids_of web)")" = "$web_processes"
all_listed() { [[ $(unknown | grep -vE '^(extra|small)-') == "$(sort <<<"$later"$'\n'"$changed")" ]]; }
wait_for 'replicas of later deployments are listed as unknown' all_listed
# The worker's replicas of before its own end are not those of the backup any more, either.
worker_listed() { [[ $(unknown | grep -cE '^(extra|small)-') == 4 ]]; }
wait_for 'those of the worker, too' worker_listed
wait_for 'the worker says what it has' small_is_whole
expect 'the worker has left all of it running' test -z "$(comm -23 <(echo "$shells") <(shell_processes))"
expect 'they are left running' test "$(processes "$later $changed")" = "$left_processes"
expect 'events tell of the restore' jq -e '[.items[] | select(.reason == "restored")] | length == 1' \
    <<<"$(api GET '/v1/events?limit=500')"

deploy web v2
deploy later v2
expect 'they are still left running' test "$(processes "$later $changed")" = "$left_processes"
for node in n1 n2 n3 w1; do expect "their stop is ordered on $node" say nodes stop-unknown "$node"; done
none_listed() { [[ ! $(unknown) ]]; }
wait_for 'nothing unknown is left' none_listed
none_alive() { ! awk '{print "/proc/" $3}' <<<"$left_processes" | xargs ls -d 2>/dev/null; }
wait_for 'and none of its processes' none_alive
wait_for 'the others are whole' is_whole later v2
load_end web
