#!/usr/bin/env bash
# kill -9 of the server ten times in mid-rollout, with a client writing all the time: the rollout
# ends right, no acknowledged write is lost, no untouched process is restarted, no node is lost.
. "$(dirname "$0")/lib.sh"

sites v1 v2
cluster_server_start
three_workers
web v1 | api PUT /v1/deployments/web -d @- >/dev/null
expect 'v1 is deployed' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"

# The writer: creates deployments of zero replicas, and notes a name once its write is acknowledged.
(
    trap 'exit 0' TERM
    for ((n = 1; ; n++)); do
        jq -c --arg name "note-$n" '.name = $name | .spec.replicas = 0' "$ROOT/examples/web.json" |
            api POST /v1/deployments -d @- -o /dev/null 2>/dev/null &&
            echo "note-$n" >>"$CLUSTER_DIR/acknowledged"
    done
) &
writer=$!
HELPERS+=("$writer")

# Every process ever seen, as "replica pid"; pid files are renamed to last_pid when they end.
pid_list() {
    local file
    for file in "$CLUSTER_DIR"/workers/*/replicas/*/{pid,last_pid}; do
        [[ -e $file ]] && echo "$(basename "$(dirname "$file")") $(<"$file")"
    done
    return 0
}

web v2 | api PUT /v1/deployments/web -d @- >/dev/null
for ((kills = 1; kills <= 10; kills++)); do
    # The next kill comes when the rollout has moved on (or half a second later).
    index=$(api GET /v1/deployments/web/status | jq .index)
    api GET "/v1/deployments/web/status?index=$index&wait_seconds=1" >/dev/null
    cluster_server_kill KILL
    pid_list >>"$CLUSTER_DIR/pids"
    cluster_server_start
done
rollout=$(cluster_wait_rollout web)
kill -TERM "$writer" 2>/dev/null
wait "$writer" 2>/dev/null || true
HELPERS=()
pid_list >>"$CLUSTER_DIR/pids"

expect 'the rollout ends right' jq -e '.state == "succeeded"' <<<"$rollout"
expect 'seven replicas of v2 are available' jq -e \
    '.version == "v2" and .updated == 7 and .available == 7' <<<"$(api GET /v1/deployments/web/status)"

# names: of all deployments, page by page.
names() {
    local page cursor=''
    while :; do
        page=$(api GET "/v1/deployments?limit=100${cursor:+&cursor=$cursor}")
        jq -r '.items[].name' <<<"$page"
        cursor=$(jq -r ".next_cursor // empty" <<<"$page")
        [[ $cursor ]] || break
    done
}
acknowledged=$(wc -l <"$CLUSTER_DIR/acknowledged")
lost=$(sort "$CLUSTER_DIR/acknowledged" | comm -23 - <(names | sort) | wc -l)
echo "acknowledged writes: $acknowledged, lost: $lost"
expect 'the client was writing' test "$acknowledged" -ge 20
expect 'no acknowledged write is lost' test "$lost" -eq 0

# One replica, one pid, for ever: nothing was restarted in place, nothing was started twice.
expect 'no replica ever had two processes' test \
    "$(sort -u "$CLUSTER_DIR/pids" | cut -d' ' -f1 | sort | uniq -d | wc -l)" -eq 0
expect 'no restart is counted' jq -e '[.items[].restarts] | add == 0' \
    <<<"$(api GET '/v1/deployments/web/replicas?limit=100')"
events=$(api GET '/v1/events?limit=500')
expect 'no node was suspected or lost' jq -e \
    '[.items[] | select(.kind == "node" and (.reason | test("lost|suspect")))] | length == 0' <<<"$events"
started=$(cut -d' ' -f1 "$CLUSTER_DIR/pids" | sort -u | wc -l)
expect 'seven old and seven new processes were started, no more' test "$started" -eq 14
