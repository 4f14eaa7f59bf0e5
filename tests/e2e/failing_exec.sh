#!/usr/bin/env bash
# Every way in which a process can fail to run: a reason of its own for each, nothing left behind.
. "$(dirname "$0")/lib.sh"

cluster_server_start
cluster_agent_start n1 "$(ports 1)" --log-bytes 65536
cluster_wait_nodes 1
touch "$CLUSTER_DIR/no-program" # there, but not executable
printf '#!/no/such/interpreter\n' >"$CLUSTER_DIR/no-interpreter"
chmod +x "$CLUSTER_DIR/no-interpreter"

# deploy NAME [jq filter on the template] COMMAND…
deploy() {
    local name=$1 filter=$2
    shift 2
    jq -n --arg name "$name" '{name: $name, spec: {replicas: 1, strategy: {auto_rollback: false, monitor_seconds: 1},
        template: {version: "1", command: $ARGS.positional,
        restart: {backoff_initial_seconds: 1, backoff_max_seconds: 1}, stop: {drain_seconds: 0, grace_seconds: 1}}}} |
        .spec.template |= ('"$filter"')' --args -- "$@" |
        api PUT "/v1/deployments/$name" -d @- >/dev/null
}
deploy enoent . /no/such/program
deploy eacces . "$CLUSTER_DIR/no-program"
deploy interpreter . "$CLUSTER_DIR/no-interpreter"
deploy chdir '.working_dir = "/no/such/folder"' true
deploy exits . bash -c 'echo cannot open the model >&2; exit 3'
deploy killed . bash -c 'kill -SEGV $$'
deploy ignores . bash -c 'trap "" TERM; while :; do read -rt 5 <> <(:); done'
deploy flood . bash -c 'yes 0123456789012345678901234567890123456789 & wait'
nap=$((80000 + RANDOM)) # a command that nobody else runs
deploy orphan . bash -c "(setsid setsid sleep $nap &); exec sleep ${nap}1"

reason() { # NAME PATTERN: of a replica, or of the rollout's message when it has ended
    api GET "/v1/deployments/$1/replicas?limit=100" | jq -e --arg pattern "$2" \
        '[.items[] | select(.reason // "" | test($pattern))] | length > 0'
}
wait_for 'ENOENT is named' reason enoent '^unrunnable: /no/such/program: No such file'
wait_for 'EACCES is named' reason eacces '^unrunnable: .*no-program: Permission denied'
wait_for 'a missing interpreter is named' reason interpreter '^unrunnable: .*interpreter'
wait_for 'a missing working directory is named' reason chdir '^unrunnable: .*/no/such/folder'
wait_for 'an exit status is named, and ends in a crash loop' reason exits '^crash_loop: exited with status 3'
wait_for 'a signal is named' reason killed '^crash_loop: killed by signal 11'
expect 'the last log lines are kept' jq -e '[.items[].log_tail // "" | select(test("cannot open the model"))] | length > 0' \
    <<<"$(api GET '/v1/deployments/exits/replicas?limit=100')"
for name in ignores flood orphan; do
    wait_for "$name runs" jq -e '.state == "running"' <<<"$(cluster_wait_rollout "$name" >/dev/null
        api GET "/v1/deployments/$name/status")"
done
rotated() { log=$(compgen -G "$CLUSTER_DIR/agents/n1/replicas/flood-*/log") && test -e "$log.1"; }
wait_for 'a log flood was rotated' rotated
expect 'and stays within its cap' test $(($(stat -c %s "$log") + $(stat -c %s "$log.1"))) -le $((2 * 65536))

for name in enoent eacces interpreter chdir exits killed ignores flood orphan; do
    api DELETE "/v1/deployments/$name" >/dev/null
done
for name in enoent eacces interpreter chdir exits killed ignores flood orphan; do wait_gone "$name"; done
expect 'one that ignores TERM is gone after its grace' test -z "$(cluster_shims)"
expect 'an orphaned grandchild is gone' test -z "$(pgrep -f "^sleep ${nap}1?\$")"
no_folders() { [[ -z $(find "$CLUSTER_DIR/agents/n1/run" -mindepth 1 -maxdepth 1) ]]; }
wait_for 'no folder of an attempt is left' no_folders
