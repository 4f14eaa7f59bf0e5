#!/usr/bin/env bash
# The command line against a real server with two workers: every verb with good and bad input, every
# exit code, what a pipe gets, what a terminal gets, completion.
. "$(dirname "$0")/lib.sh"

PATH=$CLUSTER_BIN:$PATH
export HOME=$CLUSTER_DIR/home
mkdir -p "$HOME"
unset DOGSHORE_SERVER DOGSHORE_TOKEN DOGSHORE_TOKEN_FILE DOGSHORE_CLUSTER DOGSHORE_CONFIG
unset DOGSHORE_CA_FILE XDG_CONFIG_HOME NO_COLOR

# run CODE WHAT ARGUMENT…: dogshore must exit with CODE; $out and $err have what it said.
run() {
    local wanted=$1 what=$2 code=0
    shift 2
    dogshore "$@" >"$CLUSTER_DIR/out" 2>"$CLUSTER_DIR/err" </dev/null || code=$?
    out=$(<"$CLUSTER_DIR/out") err=$(<"$CLUSTER_DIR/err")
    if ((code != wanted)); then
        printf 'not ok: %s (dogshore %s: exit %d, not %d)\n%s\n%s\n' "$what" "$*" "$code" \
            "$wanted" "$out" "$err" >&2
        return 1
    fi
    echo "ok: $what"
}
out_has() { expect "  it says '$1'" grep -qF -- "$1" "$CLUSTER_DIR/out"; }
err_has() { expect "  it says '$1'" grep -qF -- "$1" "$CLUSTER_DIR/err"; }
out_is() { expect "  it says '$1'" test "$out" = "$1"; }

# document NAME VERSION [PATH]: a small deployment that comes up, or gives up, quickly.
document() {
    web "$2" "${3:-/version.txt}" v1 | jq --arg name "$1" '.name = $name | .spec.replicas = 2 |
        .spec.template.limits.healthy_seconds = 3 | .spec.template.stop.drain_seconds = 0 |
        .spec.strategy.monitor_seconds = 1'
}
save() { document "$@" >"$CLUSTER_DIR/$1-$2.json"; }

sites v1
save web 1
save web 2
save web 3 /no-such-page
document crash 1 | jq '.spec.template.command =
    ["python3", "-c", "print(\"hello\\x1b[31m\"); raise SystemExit(3)"] |
    .spec.template.restart = {policy: "never"}' >"$CLUSTER_DIR/crash-1.json"

# Without a server, without a token, with a wrong command line.
run 0 'alone it explains itself'
out_has 'rollout wait NAME'
run 0 'help explains a command' help rollout wait
out_has 'Exits with 0 when it succeeded'
run 0 '--help does, too' scale web --help
out_has 'dogshore scale web 5 --wait'
run 0 '--version needs no server' --version
run 2 'an unknown command is refused' statsu web
err_has "did you mean 'status'?"
run 2 'half a command is refused' rollout
err_has "'rollout wait', 'rollout list'"
run 2 'an unknown flag is refused' get --selectr a=b
run 2 'a missing operand is refused' scale web
run 2 'a surplus operand is refused' get a b
run 2 'a bad number is refused' scale web many
run 2 'an unknown form of output is refused' get -o yaml
run 2 'a timeout without a wait is refused' scale web 2 --timeout 3
run 2 'apply needs a file' apply
run 2 'help of an unknown command is refused' help statsu
run 2 'a server that is no address is refused' get --server localhost:7420
run 2 'two tokens are one too many' get --token a --token-file /dev/null
run 1 'no server is an error of the transport' get --server http://127.0.0.1:1 --token x
err_has 'http://127.0.0.1:1'
err_has 'DOGSHORE_SERVER'

cluster_server_start
cluster_worker_start n1 "$(ports 1)"
cluster_worker_start n2 "$(ports 2)"
cluster_wait_nodes 2
run 5 'without a token it says where to get one' get --server "$SERVER"
err_has 'DOGSHORE_TOKEN'
err_has 'admin.token'
run 5 'an unknown token is not allowed' get --server "$SERVER" --token nonsense

# The config file; flags and variables win over it.
mkdir -p "$HOME/.config/dogshore"
printf '# mine\nserver = %s\ntoken = %s\n' "$SERVER" "$ADMIN_TOKEN" >"$HOME/.config/dogshore/config"
chmod 644 "$HOME/.config/dogshore/config"
run 0 'the config file says server and token' version
run 0 'a token that others can read is warned of' get
err_has 'others can read it'
chmod 600 "$HOME/.config/dogshore/config"
run 0 'one that they cannot is not' get
expect '  nothing is said' test -z "$err"
DOGSHORE_SERVER=http://127.0.0.1:1 run 1 'a variable wins over the file' get
DOGSHORE_SERVER=http://127.0.0.1:1 run 0 'a flag wins over the variable' get --server "$SERVER"
printf 'sever = x\n' >"$CLUSTER_DIR/bad.config"
run 2 'a config file with a mistake is refused' get --config "$CLUSTER_DIR/bad.config"
err_has "did you mean 'server'?"
run 1 'a named config file must be there' get --config "$CLUSTER_DIR/none.config"

# Apply: created, unchanged, configured; what is wrong is said field by field.
run 1 'a file that is not there is an error' apply -f "$CLUSTER_DIR/none.json"
printf '{"name": "web",\n "spec": }' >"$CLUSTER_DIR/broken.json"
run 1 'broken JSON is an error with its place' apply -f "$CLUSTER_DIR/broken.json"
err_has 'line 2 column 10'
printf '{"spec": {}}' >"$CLUSTER_DIR/nameless.json"
run 1 'a document without a name is an error' apply -f "$CLUSTER_DIR/nameless.json"
printf '{"name": "web", "spec": {"replcas": 1, "template": {"version": "", "command": []}}}' \
    >"$CLUSTER_DIR/invalid.json"
run 1 'an invalid document is refused' apply -f "$CLUSTER_DIR/invalid.json"
err_has "dogshore:   #/spec/replcas: is not a known field; did you mean 'replicas'?"
err_has 'dogshore:   #/spec/template/version: '
run 0 'a document is applied and seen through' apply -f "$CLUSTER_DIR/web-1.json" --wait
out_has 'web created: revision 1, version 1, rollout 1'
out_has 'rollout 1 of web succeeded'
expect '  no escape codes in a pipe' test "$(grep -c $'\033' "$CLUSTER_DIR/out")" -eq 0
expect '  every line is a transition' test \
    "$(sort "$CLUSTER_DIR/out" | uniq -d | wc -l)" -eq 0
run 0 'applied again it is unchanged' apply -f "$CLUSTER_DIR/web-1.json" --wait
out_has 'web unchanged'
run 0 'flags may come first' -o name -f "$CLUSTER_DIR/web-1.json" apply
out_is web
dogshore apply -f - --wait -o json <"$CLUSTER_DIR/web-2.json" >"$CLUSTER_DIR/out"
expect 'from standard input, with the object in the end' jq -e \
    '.status.version == "2" and .status.rollout.state == "succeeded"' "$CLUSTER_DIR/out"

# Patch, dry runs, conditions: of a deployment that runs nothing.
document tune 1 | jq '.spec.replicas = 0 | .spec.template.env = {DEBUG: "1"} | .labels = {team: "ml"}' \
    >"$CLUSTER_DIR/tune.json"
run 0 'a dry run of an apply says what it would do' apply -f "$CLUSTER_DIR/tune.json" --dry-run
out_is 'tune created: revision 1, version 1 (dry run: nothing is changed)'
run 3 '  and does not' get tune
run 0 'the apply does' apply -f "$CLUSTER_DIR/tune.json"
run 0 'fields are patched' patch tune spec.template.version=2 spec.template.env.DEBUG=null labels.tier=3 \
    --if-match 1
out_has 'tune configured: revision 2, version 2, rollout 2'
run 0 '  they alone' get tune -o json
expect '  what was not named stays' jq -e '.labels == {team: "ml", tier: "3"} and
    .spec.template.env == {} and .spec.template.version == "2" and .generation == 2' "$CLUSTER_DIR/out"
run 4 'another generation is a conflict' patch tune spec.replicas=1 --if-match 1
err_has 'generation 2'
run 4 'also for an order' restart tune --if-match 7
run 3 'a condition on nothing is not found' scale nix 1 --if-match 1
run 0 'nothing to change' patch tune labels.tier=3
out_has 'tune unchanged'
printf '{"description": "tuned", "labels": {"tier": null}}' >"$CLUSTER_DIR/patch.json"
run 0 'a patch comes from a file' patch tune -f "$CLUSTER_DIR/patch.json"
run 0 '  and says what it is told to' patch tune description=again --dry-run -o json
expect '  in JSON with its mark' jq -e '.dry_run and .description == "again" and .labels == {team: "ml"}' \
    "$CLUSTER_DIR/out"
run 1 'wrong fields of a patch are named at once' patch tune spec.replcas=1 spec.strategy.type=roling name=a
err_has "#/spec/replcas: is not a known field; did you mean 'replicas'?"
err_has "did you mean 'rolling'?"
err_has '#/name: cannot be changed'
run 2 'a patch needs fields' patch tune
run 2 'or a file, not both' patch tune a=b -f "$CLUSTER_DIR/patch.json"
run 2 'a field has a value' patch tune spec.replicas
run 2 'a field is given once' patch tune spec.replicas=1 spec.replicas=2
run 3 'there is nothing to patch' patch nix spec.replicas=1
run 2 'a dry run has nothing to wait for' scale tune 5 --dry-run --wait
run 0 'before the dry runs' get tune -o json
jq -S 'del(.status)' "$CLUSTER_DIR/out" >"$CLUSTER_DIR/before.json"
for order in 'scale tune 5' 'pause tune' 'resume tune' 'restart tune' 'terminate tune' 'start tune' \
    'rollback tune --to 1' 'delete tune' 'revision tune 1 --tag good'; do
    # shellcheck disable=SC2086
    run 0 "a dry run: $order" $order --dry-run
    out_has '(dry run: nothing is changed)'
done
run 4 'a dry run fails as the order does' promote tune --dry-run
run 0 'a dry run of a token' token create tune --scope read --dry-run
out_is 'token tune is made (dry run: nothing is changed)'
run 0 'a dry run of a rejoin' nodes rejoin n1 --dry-run
run 0 'a dry run of a removal' nodes remove n1 --force --dry-run
run 0 'after the dry runs' get tune -o json
expect '  nothing is changed' diff <(jq -S 'del(.status)' "$CLUSTER_DIR/out") "$CLUSTER_DIR/before.json"
run 0 'the node is still there' nodes n1
run 0 'the end of it' delete tune --wait

# Look.
run 0 'deployments are a table' get
out_has 'NAME  VERSION  STATE    AVAILABLE'
run 0 'names alone' get -o name
out_is web
run 0 'JSON of all' get -o json
expect '  items' jq -e '.items[0].name == "web"' "$CLUSTER_DIR/out"
run 0 'a selector selects' get -l 'team=nobody' -o name
out_is ''
run 0 'a state selects' get --state running -o name
out_is web
run 0 'a query selects' get -q 'replicas >= 2 and not name ~ "x"' --sort -name --limit 1 -o name
out_is web
run 0 'a search selects' get --search nobody -o name
out_is ''
run 0 'they are counted' get --count --state running
out_is 1
run 0 'or as JSON' replicas --count --state running -o json
expect '  the count' jq -e '.count == 2' "$CLUSTER_DIR/out"
run 1 'a query that makes no sense is told where' get -q 'stat = running'
err_has "did you mean 'state'?"
run 2 'a name needs no filter' get web --state running
run 2 'nor a selector' replicas web -l a=b
run 0 'replicas by node' replicas -q 'node in (n1, n2) and ready = true' -o name
expect '  both' test "$(wc -l <"$CLUSTER_DIR/out")" = 2
run 0 'nodes by state' nodes --state ready --count
out_is 2
run 0 'rollouts of all' rollout list --state succeeded
out_has 'DEPLOYMENT  ROLLOUT'
run 0 'events by a query' events -q 'kind = rollout' --limit 3 -o json
expect '  rollouts alone' jq -e '[.items[].kind] | unique == ["rollout"]' "$CLUSTER_DIR/out"
run 2 'what goes on is not counted' events -f --count
run 0 'the fleet in numbers' summary
out_has 'running 2, 2 available'
run 0 'and as JSON' summary -o json
expect '  the counts' jq -e '.nodes.states.ready == 2 and .replicas.ready == 2' "$CLUSTER_DIR/out"
run 0 'clusters' clusters -o name
out_is default
run 0 'label keys' labels
out_has 'KEY'
run 0 'values of one' labels team -o json
expect '  a list' jq -e '.items | type == "array"' "$CLUSTER_DIR/out"
run 0 'one deployment is a tree' get web
out_has '└─ revision 2  2'
out_has '● web-'
run 0 'one deployment as JSON' get web -o json
expect '  the object' jq -e '.spec.replicas == 2' "$CLUSTER_DIR/out"
run 3 'what is not there is not found' get nix
run 3 'nor in another cluster' get web --cluster mars
run 0 'a status is a line' status web
out_has 'web running 2: available 2/2, updated 2/2, replicas 2; rollout 2 succeeded'
run 3 'a status of nothing is not found' status nix
run 7 'a watch ends with its time' status web --watch --timeout 1
run 0 'replicas of all' replicas
out_has 'DEPLOYMENT'
run 0 'replicas of one' replicas web -o name
expect '  their ids' grep -q '^web-' "$CLUSTER_DIR/out"
run 3 'replicas of nothing are not found' replicas nix
run 0 'the history tells' history web
out_has 'REVISION  VERSION  SOURCE'
run 0 'rollouts are listed' rollout list web -o json
expect '  both' jq -e '.items | length == 2 and .[0].id == 2' "$CLUSTER_DIR/out"
run 0 'events in the order of time' events web --limit 500 -o json
expect '  all of them' jq -e '.items | length > 10' "$CLUSTER_DIR/out"
run 0 'the last events' events --limit 3
expect '  three' test "$(wc -l <"$CLUSTER_DIR/out")" -eq 3
run 0 'versions of both' version
out_has 'server  '
run 0 'who am I' whoami
out_has 'admin'

# Scale, roll back.
run 0 'scaled and waited for' scale web 3 --wait
out_has 'web scaled to 3'
out_has 'available 3/3, updated 3/3, replicas 3'
run 3 'nothing to scale' scale nix 1
run 0 'back to what was proven before' rollback web --wait --change-cause 'was better'
out_has 'goes back to revision 1, version 1'
run 0 'the cause is in the history' history web
out_has 'was better'
run 0 'back to where it is: unchanged' rollback web --to 1
out_has 'unchanged'
run 3 'no such revision' rollback web --to 99

# A rollout that fails: why, with which exit code, and what to type next.
run 6 'a version that never gets ready is rolled back' apply -f "$CLUSTER_DIR/web-3.json" --wait
out_has 'healthy_seconds'
out_has '  limit    healthy_limit'
out_has '  replica  web-'
out_has '  probe    answered 404'
out_has '  log      | '
out_has '  dogshore history web'
run 6 'also when it is asked for later' rollout wait web -o json
err_has 'healthy_seconds'
expect '  standard output is JSON alone' jq -e '.name == "web"' "$CLUSTER_DIR/out"
run 0 'the version it went back to may be asked for again' apply -f "$CLUSTER_DIR/web-1.json" --wait
out_has 'web running 1: available 2/2, updated 2/2, replicas 2'
run 6 'a program that ends fails its rollout' apply -f "$CLUSTER_DIR/crash-1.json" --wait
out_has '  exit     code 3'
out_has '  log      | hello'
expect '  and nothing of it commands the terminal' test "$(grep -c $'\033' "$CLUSTER_DIR/out")" -eq 0
run 4 'there is nothing proven to go back to' rollback crash
run 0 'deleted and waited for' delete crash --wait
out_has 'crash is gone'
run 3 'twice is once too often' delete crash

# Waiting no longer; interrupted; superseded; the server away for a moment.
save web 4
save web 5
run 7 'a wait ends with its time' apply -f "$CLUSTER_DIR/web-4.json" --wait --timeout 1
err_has 'dogshore rollout wait web'
dogshore rollout wait web >"$CLUSTER_DIR/wait.out" 2>"$CLUSTER_DIR/wait.err" &
waiting=$!
HELPERS+=("$waiting")
until [[ -s $CLUSTER_DIR/wait.out ]]; do sleep 0.05; done
cluster_server_kill KILL
until [[ -s $CLUSTER_DIR/wait.err ]]; do sleep 0.05; done
cluster_server_start
code=0
wait "$waiting" || code=$?
HELPERS=()
expect 'a wait outlives a restart of the server' test "$code" -eq 0
expect '  and says so once' test "$(grep -c 'does not answer; retrying' "$CLUSTER_DIR/wait.err")" -eq 1

# interrupted SIGNAL ARGUMENT…: the exit code of a command that is told to end when it has begun.
interrupted() {
    local code=0
    : >"$CLUSTER_DIR/out"
    dogshore "${@:2}" >"$CLUSTER_DIR/out" 2>"$CLUSTER_DIR/err" &
    HELPERS+=("$!")
    until [[ -s $CLUSTER_DIR/out ]]; do sleep 0.05; done
    kill -s "$1" "${HELPERS[-1]}"
    wait "${HELPERS[-1]}" || code=$?
    unset 'HELPERS[-1]'
    ((code == 130))
}
dogshore apply -f "$CLUSTER_DIR/web-3.json" --force >/dev/null
expect 'an interrupted wait exits with 130' interrupted INT rollout wait web
err_has 'the rollout goes on: dogshore rollout wait web'
dogshore rollout wait web >"$CLUSTER_DIR/old.out" 2>&1 &
waiting=$!
HELPERS+=("$waiting")
until [[ -s $CLUSTER_DIR/old.out ]]; do sleep 0.05; done
run 0 'a newer document takes over' apply -f "$CLUSTER_DIR/web-5.json" --wait
code=0
wait "$waiting" || code=$?
HELPERS=()
expect 'who waits for the old rollout learns of it' test "$code" -eq 4
expect 'events are followed until interrupted' interrupted INT events -f
expect 'a watch as well' interrupted TERM status web --watch -o json
expect '  with a document for each change' jq -es 'length >= 1 and .[0].name == "web"' "$CLUSTER_DIR/out"
dogshore events -f --limit 1 >"$CLUSTER_DIR/follow.out" &
HELPERS+=("$!")
until [[ -s $CLUSTER_DIR/follow.out ]]; do sleep 0.05; done
run 0 'something happens' scale web 1 --wait
until grep -q 'replica web-.*stopping' "$CLUSTER_DIR/follow.out"; do sleep 0.05; done
echo 'ok: a follower hears of it'
kill -INT "${HELPERS[-1]}"
wait "${HELPERS[-1]}" || true
HELPERS=()

# What has ended is left out, unless it is asked for.
run 0 'replicas that live' replicas web
err_has 'ended'
err_has '--all shows all'
expect '  no others' test "$(grep -c stopped "$CLUSTER_DIR/out")" -eq 0
run 0 'all of them' replicas web --all
out_has stopped
expect '  nothing is left out' test -z "$err"
run 0 'those in several states' replicas web --state running --state stopped
out_has stopped
run 0 'probes of those that live' probes web
err_has '--all shows all'
expect '  no others' test "$(grep -c stopped "$CLUSTER_DIR/out")" -eq 0
run 0 'probes of all' probes web --all
expect '  those that live first' test "$(grep -m 1 -n ' stopped on ' "$CLUSTER_DIR/out" | cut -d: -f1)" \
    -gt "$(grep -n ' running on ' "$CLUSTER_DIR/out" | tail -n 1 | cut -d: -f1)"
run 0 'names alone, the same' probes web -o name
expect '  one' test "$(wc -l <"$CLUSTER_DIR/out")" -eq "$(dogshore replicas web --count)"

# Several documents: read before anything is sent, applied in their order, waited for.
for name in one two; do
    document "$name" 1 | jq '.spec.template.limits.healthy_seconds = 60' >"$CLUSTER_DIR/$name.json"
done
run 1 'one that is not there stops all' apply -f "$CLUSTER_DIR/one.json" -f "$CLUSTER_DIR/none.json"
run 1 'and one that is broken' apply -f "$CLUSTER_DIR/one.json" -f "$CLUSTER_DIR/broken.json"
run 3 '  nothing was applied' get one
run 1 'a dry run finds one that is refused' apply --dry-run -f "$CLUSTER_DIR/one.json" \
    -f "$CLUSTER_DIR/invalid.json"
err_has 'invalid.json is document 2 of 2; nothing is applied, and the rest was not tried'
run 3 '  nothing was applied' get one
run 1 'one that is refused stops those after it' apply -f "$CLUSTER_DIR/one.json" \
    -f "$CLUSTER_DIR/invalid.json" -f "$CLUSTER_DIR/two.json"
err_has 'invalid.json is document 2 of 3; those before it are applied, the rest is not'
run 0 '  the first was applied' get one
run 3 '  the last was not' get two
run 0 'all are applied and seen through' apply -f "$CLUSTER_DIR/two.json" -f "$CLUSTER_DIR/one.json" \
    --wait -o json
expect '  a document for each, in their order' jq -es '[.[] | .name, .status.rollout.state] ==
    ["two", "succeeded", "one", "succeeded"]' "$CLUSTER_DIR/out"
run 0 'each is planned' plan -f "$CLUSTER_DIR/one.json" -f "$CLUSTER_DIR/two.json"
out_has 'one stays unchanged'
out_has 'two stays unchanged'
run 2 'a flag of one value is given once' get --cluster a --cluster b
err_has '--cluster is given twice'
for name in one two; do run 0 "$name goes" delete "$name" --wait; done

# A cluster that is not there is an empty one, and said.
run 0 'a list of no cluster' get --cluster defualt
err_has "there is no cluster 'defualt'; there is default"
run 3 'no summary, either' summary --cluster defualt
err_has "there is no cluster 'defualt'"
run 0 'nor a count' nodes --count --cluster defualt
out_is 0
err_has "there is no cluster 'defualt'"
run 3 'nor a deployment' get web --cluster defualt
err_has "there is no cluster 'defualt'"
run 0 'a list that is empty is none of that' get --cluster default -l nothing=here
expect '  nothing is said' test -z "$err"
run 3 'nor is a node that is not there' nodes nix --cluster defualt
expect '  a node is in no cluster that could be misspelt' test "$(grep -c cluster <<<"$err")" -eq 0
run 0 'a token for a cluster that is to come' token create blue --scope read --cluster blue
blue=$out
run 0 'it sees an empty one' get --cluster blue --token "$blue"
expect '  nothing is said' test -z "$err"

# Nodes and tokens.
run 0 'a dry run of stopping what is unknown' nodes stop-unknown n1 --dry-run
out_has 'dry run'
run 0 'a token that never expires' token create ever --scope read --expires 0 -o json
expect '  it has no end' jq -e '.expires_at == null' "$CLUSTER_DIR/out"
run 0 'nodes are a table' nodes
out_has 'NODE  CLUSTER  STATE'
run 0 'one node' nodes n1
out_has 'worker.sh'
run 3 'no such node' nodes n9
run 4 'a ready node is not removed' nodes remove n1
run 3 'nor one that is not there' nodes remove n9
run 0 'a node may rejoin' nodes rejoin n1
run 3 'one that is not there may not' nodes rejoin n9
run 2 'a token needs a scope' token create ci
run 0 'a token is made' token create ci --scope read
token=$out
err_has 'shown this once'
run 0 'and listed' token list
out_has ci
run 0 'it reads' get --token "$token" -o name
run 5 'and no more' scale web 1 --token "$token"
err_has 'deploy'
id=$(dogshore token list -o json | jq -r '.items[] | select(.name == "ci") | .id')
run 0 'it gets another secret' token rotate "$id"
rotated=$out
expect '  another one' test "$rotated" != "$token"
run 5 '  and the old one is no good' get --token "$token"
token=$rotated
run 0 '  the new one is' get --token "$token" -o name
run 0 'a dry run of another one' token rotate "$id" --dry-run
out_is 'token ci is rotated (dry run: nothing is changed)'
run 0 'it is revoked' token revoke "$id"
run 5 'and is good for nothing then' get --token "$token"
run 3 'it cannot be revoked again' token revoke "$id"
run 1 'an unknown scope is refused field by field' token create ci --scope everything
err_has '#/scope'

# A terminal gets colours and a picture that is redrawn; NO_COLOR and TERM=dumb are honoured.
on_terminal() { # VARIABLE=VALUE… -- ARGUMENT…
    local variables=()
    while [[ $1 != -- ]]; do variables+=("$1") && shift; done
    shift
    env TERM=xterm-256color "${variables[@]}" script -qec \
        "stty cols 60 rows 20; dogshore $*" /dev/null </dev/null >"$CLUSTER_DIR/out"
}
if command -v script >/dev/null; then
    on_terminal X=1 -- apply -f "$CLUSTER_DIR/web-1.json" --wait
    expect 'a terminal is redrawn in place' grep -q $'\033\[[0-9]*A' "$CLUSTER_DIR/out"
    expect '  with bars' grep -q '█' "$CLUSTER_DIR/out"
    expect '  and colours' grep -q $'\033\[32m' "$CLUSTER_DIR/out"
    on_terminal NO_COLOR=1 -- get web
    expect 'NO_COLOR is honoured' test "$(grep -c $'\033\[3' "$CLUSTER_DIR/out")" -eq 0
    on_terminal TERM=dumb -- apply -f "$CLUSTER_DIR/web-2.json" --wait
    expect 'a dumb terminal gets lines' test "$(grep -c $'\033' "$CLUSTER_DIR/out")" -eq 0
    on_terminal NO_COLOR=1 -- rollout list web
    expect 'lines are cut at the width' test \
        "$(tr -d '\r' <"$CLUSTER_DIR/out" | LC_ALL=C.UTF-8 wc -L)" -eq 60
fi

# Completion: the words of the table, and the names that the server knows.
complete_words() { # WORD…: what is offered for the last one
    COMP_WORDS=(dogshore "$@") COMP_CWORD=$# COMPREPLY=()
    _dogshore
    printf '%s\n' "${COMPREPLY[@]}"
}
. "$ROOT/packaging/bash-completion/dogshore"
expect 'verbs complete' grep -qx rollback <<<"$(complete_words ro)"
expect 'second words complete' grep -qx wait <<<"$(complete_words rollout '')"
expect 'deployments complete' grep -qx web <<<"$(complete_words rollout wait '')"
expect 'nodes complete' grep -qx n2 <<<"$(complete_words nodes remove n)"
expect 'flags complete' grep -qx -- --change-cause <<<"$(complete_words rollback web --ch)"
expect 'a value is no operand' grep -qx web <<<"$(complete_words rollback --change-cause why '')"
expect 'clusters complete' grep -qx default <<<"$(complete_words get --cluster d)"
expect 'nothing is offered for a query' test -z "$(complete_words get -q '')"
expect 'forms of output complete' grep -qx json <<<"$(complete_words get -o j)"
expect 'revisions complete' grep -qx stable <<<"$(complete_words rollback web --to s)"
run 2 'other shells are not known' completion fish

run 0 'a node is removed by force' nodes remove n2 --force
run 0 'deleted without a wait' delete web -o name
out_is web
