#!/usr/bin/env bash
# The verbs that steer a rollout, ask about it and keep revisions, against a real server with two
# agents: what each does, what it refuses and with which exit code.
. "$(dirname "$0")/lib.sh"

PATH=$CLUSTER_BIN:$PATH
export HOME=$CLUSTER_DIR/home
mkdir -p "$HOME"
unset DOGSHORE_TOKEN_FILE DOGSHORE_CLUSTER DOGSHORE_CONFIG DOGSHORE_CA_FILE XDG_CONFIG_HOME NO_COLOR

# run CODE WHAT ARGUMENT…: dogshore must exit with CODE; its output is in the files out and err.
run() {
    local wanted=$1 what=$2 code=0
    shift 2
    dogshore "$@" >"$CLUSTER_DIR/out" 2>"$CLUSTER_DIR/err" </dev/null || code=$?
    if ((code != wanted)); then
        printf 'not ok: %s (dogshore %s: exit %d, not %d)\n%s\n%s\n' "$what" "$*" "$code" \
            "$wanted" "$(<"$CLUSTER_DIR/out")" "$(<"$CLUSTER_DIR/err")" >&2
        return 1
    fi
    echo "ok: $what"
}
out_has() { expect "  it says '$1'" grep -qF -- "$1" "$CLUSTER_DIR/out"; }
out_lacks() { expect "  it does not say '$1'" test "$(grep -cF -- "$1" "$CLUSTER_DIR/out")" -eq 0; }
err_has() { expect "  it says '$1'" grep -qF -- "$1" "$CLUSTER_DIR/err"; }

# save NAME VERSION STRATEGY [PATH]: a small deployment that comes up, or gives up, quickly.
save() {
    web "$2" "${4:-/version.txt}" v1 | jq --arg name "$1" --argjson strategy "$3" '.name = $name |
        .spec.replicas = 2 | .spec.revision_history_limit = 50 |
        .spec.template.limits.healthy_seconds = 3 |
        .spec.template.stop.drain_seconds = 0 |
        .spec.strategy = {monitor_seconds: 1} + $strategy' >"$CLUSTER_DIR/$1-$2.json"
}
file() { echo "$CLUSTER_DIR/$1.json"; }

# until_awaiting NAME: the rollout stands before a promotion.
until_awaiting() {
    wait_for "$1 waits for a promotion" expect_awaiting "$1"
}
status_says() { dogshore status web | grep -F "$1"; }
expect_awaiting() { dogshore status "$1" | grep 'waiting for promotion: dogshore promote'; }

sites v1
BLUE_GREEN='{"type": "blue_green", "auto_promote": false, "keep_old_seconds": 1}'
CANARY='{"type": "canary", "steps": [{"set_weight": 50}, {"pause": {}}]}'
save web 1 '{"max_surge": 2}'
save web 2 "$BLUE_GREEN"
save web 3 "$CANARY"
save web 4 '{"max_surge": 2}' /no-such-page
save web 5 "$BLUE_GREEN"
save greedy 1 '{}'
jq '.spec.template.resources.gpus = 1' "$(file greedy-1)" >"$(file greedy)"
printf '{"name": "web", "spec": {"replcas": 1, "template": {"version": "", "command": []}}}' \
    >"$(file invalid)"
cluster_server_start
cluster_agent_start n1 "$(ports 1)"
cluster_agent_start n2 "$(ports 2)"
cluster_wait_nodes 2
export DOGSHORE_SERVER=$SERVER DOGSHORE_TOKEN=$ADMIN_TOKEN

# Of what is not there, and with a wrong command line.
for verb in pause resume restart promote abort retry terminate start explain diff endpoints; do
    run 3 "$verb: nothing of that name" $verb nix
done
run 3 'wait: nothing of that name' wait nix --for complete
run 2 'wait needs a state' wait web
run 2 'a state that there is' wait web --for glory
err_has 'available, complete or terminated'
run 2 'plan needs a file' plan
run 2 'a timeout is for a wait' abort web --timeout 3
run 2 'pinned and not pinned is too much' revision web 1 --pin --unpin

# Plan: nothing is done; what is wrong is said field by field; room; the way.
run 1 'an invalid document has no plan' plan -f "$(file invalid)"
err_has "#/spec/replcas: is not a known field; did you mean 'replicas'?"
run 1 'nor has a file that is not there' plan -f "$(file none)"
run 8 'a plan of something new' plan -f "$(file web-1)" --exit-code
out_has 'web is created: a rollout begins, to revision 1'
out_has '+ /spec/template/version: "1"'
out_has 'start 2 replicas'
out_has '2 of 2 new replicas find a node now'
out_has 'settled'
run 3 'and nothing was created' get web
run 0 'a plan of something that is too large' plan -f "$(file greedy)"
out_has '0 of 2 new replicas find a node now: '
run 0 'it is deployed' apply -f "$(file web-1)" --wait
run 0 'a plan of what is there' plan -f "$(file web-1)" --exit-code
out_has 'web stays unchanged'
dogshore plan -f - -o json <"$(file web-2)" >"$CLUSTER_DIR/out"
expect 'a plan as JSON, from standard input' jq -e \
    '.template_changed and .timeline.end == "waits"' "$CLUSTER_DIR/out"

# Illegal states; nothing waits, nothing runs, nothing went wrong.
run 4 'nothing to promote' promote web
err_has 'no rollout of deployment web runs'
run 4 'nothing to abort' abort web
run 4 'nothing to retry' retry web
run 0 'nothing to start' start web
out_has 'web unchanged: it is not terminated'
run 0 'nothing to resume' resume web
out_has 'web unchanged: it is not paused'
run 4 'it does not end by itself' wait web --for terminated
err_has 'only another order makes it terminated'
run 0 'it is complete' wait web --for complete
out_has 'web is complete'
run 0 'and available, as JSON' wait web --for available -o json
expect '  reached' jq -e .reached "$CLUSTER_DIR/out"

# Blue-green: preview and active; explained, promoted.
run 0 'a blue-green version' apply -f "$(file web-2)"
until_awaiting web
run 4 'only a promotion completes it' wait web --for complete
out_has 'waiting for promotion: dogshore promote web'
err_has 'dogshore promote web'
expect '  said once' test "$(grep -c '^waiting for' "$CLUSTER_DIR/out")" -eq 1
run 0 'who gets traffic' endpoints web
expect '  two active' test "$(grep -c ' active ' "$CLUSTER_DIR/out")" -eq 2
expect '  two previews' test "$(grep -c ' preview ' "$CLUSTER_DIR/out")" -eq 2
run 0 'addresses alone' endpoints web -o name
expect '  four' test "$(grep -c '^127.0.0.1:' "$CLUSTER_DIR/out")" -eq 4
run 0 'the tree tells them apart' get web
out_has '─ revision 2  2  preview'
out_has '─ revision 1  1  active'
out_has 'waiting for promotion: dogshore promote web'
run 0 'it is explained' explain web
out_has 'waiting for  a promote'
out_has 'stands still with'
out_has '2 replicas wanted; there are 4'
run 0 'as JSON, too' explain web -o json
expect '  the document' jq -e '.budget.total == 4' "$CLUSTER_DIR/out"
run 8 'the newest differs from what is live' diff web --exit-code
out_has '--- revision 1 (live)'
out_has '+++ revision 2 (latest)'
out_has '- /template/version: "1"'
out_has '+ /template/version: "2"'
run 0 'but not from what the spec asks for' diff web --against spec --exit-code
out_has 'nothing differs'
run 0 'without the flag it exits with 0' diff web 1 --against 2 -o name
expect '  names of fields' grep -qx /template/version "$CLUSTER_DIR/out"
run 3 'no such revision' diff web 77
run 3 'nor one to compare with' diff web 1 --against 77
run 0 'it is scaled up beside what waits' scale web 3 --wait
run 0 'and down' scale web 2 --wait
run 0 '  until what it stops is gone' status web -o json
expect '  and not before' jq -e '.total == 4 and .available == 2' "$CLUSTER_DIR/out"
run 0 'it is promoted and followed' promote web --wait
out_has 'web is promoted: revision 2, version 2, rollout 2'
out_lacks 'waiting for promotion'
out_has 'rollout 2 of web succeeded'

# Canary: aborted, tried again, paused, promoted to the end.
run 4 'a canary is waited for until it waits itself' apply -f "$(file web-3)" --wait
err_has "rollout 3 of web waits for a promote; it goes on with 'dogshore promote web --wait'"
run 4 'asked for later, too, as JSON' rollout wait web -o json
err_has 'dogshore abort web'
run 0 'it is aborted' abort web --wait
out_has 'web goes back: revision 4, version 2'
out_has 'succeeded'
run 0 'and tried again' retry web
out_has 'web tries again: revision 5, version 3'
until_awaiting web
run 4 'a retry of what runs' retry web
run 0 'paused' pause web
out_has 'web is paused'
run 0 'paused twice' pause web
out_has 'web unchanged: it is paused already'
run 0 'a paused one is explained' explain web
out_has 'paused'
out_has 'waiting for promotion, but paused: dogshore resume web'
run 4 'what is paused is not waited for' rollout wait web
err_has "rollout 5 of web is paused; it goes on with 'dogshore resume web --wait'"
run 4 'nor for what it would lead to' wait web --for complete
err_has "such as 'dogshore resume web'"
run 4 'a promote of it is refused' promote web
err_has 'resume it first'
run 4 'nor is what waits for a promote by a resume' resume web --wait
out_has 'web goes on'
err_has 'dogshore promote web --wait'
run 0 'scaling works beside it' scale web 2 --wait
run 0 'all that is left is skipped' promote web --full --wait -o json
expect '  the object in the end' jq -e '.status.rollout.state == "succeeded"' "$CLUSTER_DIR/out"
run 0 'restarted' restart web
out_has 'web restarts: revision 6, version 3'
until_awaiting web
run 0 'a restart goes by the strategy' promote web --full -o name
out_has web
run 0 'to its end' rollout wait web

# Quarantine: refused with the way out; --force and retry are ways.
run 6 'a version that never gets ready' apply -f "$(file web-4)" --wait
run 4 'is not tried again by an apply' apply -f "$(file web-4)"
err_has 'failed by this very template'
err_has "dogshore apply -f $(file web-4) --force"
run 0 'a plan says so' plan -f "$(file web-4)"
out_has 'refused: rollout '
bad=$(dogshore history web -o json | jq '[.items[] | select(.version == "4")][0].number')
run 4 'nor by a rollback' rollback web --to "$bad"
err_has "dogshore rollback web --to $bad --force"
run 0 'but by force' rollback web --to "$bad" --force
run 0 'and taken back' abort web --wait
run 6 'a retry is a way, too' retry web --wait
run 6 'as is an apply by force' apply -f "$(file web-4)" --force --wait

# Revisions: tags, pins, causes.
run 0 'one revision' revision web stable
out_has '  /version: "3"'
run 0 'tagged, pinned, told why' revision web 2 --tag good,spring --pin --change-cause 'was fine'
out_has 'pinned'
out_has 'good, spring'
out_lacks '/version'
run 0 'the history tells' history web
out_has ' PROVEN '
out_has 'good, spring, pinned'
out_has 'was fine'
run 3 'a tag that it does not have' revision web good --untag summer
run 0 'less of it' revision web good --untag spring --unpin -o json
expect '  as the server has it' jq -e '.tags == ["good"] and .pinned == false' "$CLUSTER_DIR/out"
run 1 'a tag that cannot be one' revision web good --tag 'no tag!'
run 3 'no such revision' revision web 77 --pin
run 8 'compared by its tag' diff web good --exit-code

# Terminate and start.
run 0 'terminated and waited for' terminate web --wait
out_has 'web is terminated'
run 0 'twice is once' terminate web
out_has 'web unchanged: it is terminated already'
run 0 'it is so' wait web --for terminated
run 4 'only an order brings it back' wait web --for available
err_has 'web is terminated'
run 4 'nothing of it restarts' restart web
run 4 'nor is it promoted' promote web
run 4 'nor aborted' abort web
run 0 'a rollback happens on its start' rollback web --to good --wait
out_has 'web is to go back to revision 2'
out_has "it is terminated: all of it waits for 'dogshore start web'"
run 0 'so does an apply' apply -f "$(file web-3)" --wait
out_has "it is terminated: all of it waits for 'dogshore start web'"
run 0 'explained' explain web
out_has 'now nothing may start (it is terminated)'
run 0 'started' start web --wait
run 0 'and there again' wait web --for complete
run 0 'back to a tag' rollback web --to good --wait

# Paused with nothing on its way.
run 0 'paused at rest' pause web
wait_for 'its message says so' status_says 'paused: edits wait for a resume'
run 0 'so does the table' get
out_has 'running,paused'
run 0 'and resumed' resume web

# A wait sees a delete; a token that may only read steers nothing.
run 0 'a token that reads' token create reader --scope read
reader=$(<"$CLUSTER_DIR/out")
run 0 'may ask' explain web --token "$reader"
run 0 'and compare' diff web --token "$reader"
for verb in pause resume restart promote abort retry terminate start; do
    run 5 "but not $verb" $verb web --token "$reader"
done
run 5 'nor plan' plan -f "$(file web-5)" --token "$reader"
run 5 'nor tag' revision web 1 --tag mine --token "$reader"
run 0 'it is deleted' delete web
run 0 'who waits for its end gets it' wait web --for terminated --timeout 60
run 3 'then it is not found' explain web

# Completion of the new words.
complete_words() { # WORD…: what is offered for the last one
    COMP_WORDS=(dogshore "$@") COMP_CWORD=$# COMPREPLY=()
    _dogshore
    printf '%s\n' "${COMPREPLY[@]}"
}
. "$ROOT/packaging/bash-completion/dogshore"
run 0 'something to complete' apply -f "$(file web-5)" --wait
expect 'verbs complete' grep -qx promote <<<"$(complete_words prom)"
expect 'deployments complete' grep -qx web <<<"$(complete_words abort '')"
expect 'states complete' grep -qx complete <<<"$(complete_words wait web --for c)"
expect 'revisions complete' grep -qx stable <<<"$(complete_words revision web s)"
expect 'by number, too' grep -qx 1 <<<"$(complete_words diff web '')"
expect 'also behind --against' grep -qx live <<<"$(complete_words diff web --against l)"
expect 'flags complete' grep -qx -- --untag <<<"$(complete_words revision web 1 --un)"
run 0 'and it goes' delete web --wait
