#!/usr/bin/env bash
# worker.sh: a complete Dogshore worker in shell, curl and jq (docs/worker.md walks through it).
#
# It registers this machine as a node, long-polls its assignments, starts real processes, probes
# and restarts them, reports what it sees, and stops them with drain, signal and grace. It shows
# how little the worker protocol asks. One background subshell supervises each replica; if the
# server is away, everything keeps running and reports are retried until they arrive.
set -uo pipefail

usage() {
    cat <<'TXT'
usage: worker.sh --server URL --name NODE --join-token-file FILE --state-dir DIR [options]

  --server URL            the Dogshore server, e.g. http://127.0.0.1:7420
  --name NODE             this node's name
  --join-token-file FILE  the join token, needed for the first registration only
  --state-dir DIR         keeps the node's own token, and a folder per replica (pid, port, log)
  --cluster NAME          cluster to join (default: default)
  --labels JSON           node labels as a JSON object (default: {})
  --address ADDR          address that clients reach replicas at (default: 127.0.0.1)
  --port-range A-B        ports given to replicas (default: 20000-29999)
  --cpu-millis N          capacity offered (default: this machine's cores)
  --memory-mib N          capacity offered (default: this machine's memory)

Stop it with SIGTERM or SIGINT: its replicas are stopped first, without their drain.
Exit codes: 0 stopped, 2 bad usage, 75 another worker has registered this name (the replicas of
this one are stopped then, too).
TXT
}

server='' name='' join_token_file='' state_dir='' cluster=default labels='{}' address=127.0.0.1
port_range=20000-29999
cpu_millis=$(($(nproc) * 1000))
memory_mib=$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)

while (($#)); do
    case $1 in
    --help) usage; exit 0 ;;
    --server | --name | --join-token-file | --state-dir | --cluster | --labels | --address | \
        --port-range | --cpu-millis | --memory-mib)
        (($# > 1)) || { echo "worker.sh: $1 needs a value" >&2; exit 2; }
        variable=${1#--}
        printf -v "${variable//-/_}" %s "$2"
        shift 2 ;;
    *) echo "worker.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
    esac
done
for required in server name join_token_file state_dir; do
    [[ ${!required} ]] || { echo "worker.sh: --${required//_/-} is required (see --help)" >&2; exit 2; }
done

bad() { echo "worker.sh: $*" >&2; exit 2; }
jq -e 'type == "object"' <<<"$labels" >/dev/null 2>&1 || bad "--labels must be a JSON object, got $labels"
[[ $port_range =~ ^[0-9]+-[0-9]+$ ]] || bad "--port-range must be A-B, got $port_range"
[[ $cpu_millis$memory_mib =~ ^[0-9]+$ ]] || bad '--cpu-millis and --memory-mib must be numbers'
server=${server%/}

rmdir "$state_dir"/ports/* 2>/dev/null # an earlier life's locks; pick_port sees what still listens
mkdir -p "$state_dir/replicas" "$state_dir/ports" && chmod 700 "$state_dir" || exit 1
state_dir=$(realpath "$state_dir")
[[ -s $state_dir/token || -r $join_token_file ]] || bad "cannot read the join token $join_token_file"
log() { printf '%s node=%s %s\n' "$(date -u +%FT%TZ)" "$name" "$*" >&2; }

# ---------------------------------------------------------------- talking to the server

# The node's own secret: made here, kept here; the server keeps only its hash.
token_file=$state_dir/token
[[ -s $token_file ]] || (umask 077; head -c 32 /dev/urandom | base64 -w0 | tr '+/' '-_' | tr -d '=' >"$token_file")

# call TOKEN METHOD PATH [curl options…]: sets $status (000: no answer) and $answer.
call() {
    local token=$1 method=$2 path=$3
    shift 3
    answer=$(curl -s --max-time 90 -X "$method" -H "Authorization: Bearer $token" \
        -H 'Content-Type: application/json' -w '\n%{http_code}' "$@" "$server$path")
    status=${answer##*$'\n'}
    answer=${answer%$'\n'*}
}

boot_id=$(</proc/sys/kernel/random/boot_id)

register() {
    local body answer status token join=''
    [[ -r $join_token_file ]] && join=$(<"$join_token_file")
    body=$(jq -n --arg token "$(<"$token_file")" --arg cluster "$cluster" --argjson labels "$labels" \
        --arg address "$address" --arg boot_id "$boot_id" --argjson cpu "$cpu_millis" \
        --argjson memory "$memory_mib" \
        '{token: $token, cluster: $cluster, labels: $labels, address: $address, boot_id: $boot_id,
          agent_version: "worker.sh", drivers: ["process"],
          capacity: {cpu_millis: $cpu, memory_mib: $memory}}')
    # The own token re-registers an existing name; the join token creates a new one.
    for token in "$(<"$token_file")" $join; do
        call "$token" PUT "/v1/nodes/$name" -d "$body"
        if [[ $status == 2?? ]]; then
            jq .epoch <<<"$answer" >"$state_dir/epoch" # for the replicas' subshells too
            jq -r .incarnation <<<"$answer" >"$state_dir/incarnation"
            log "event=registered epoch=$(<"$state_dir/epoch")"
            return 0
        fi
    done
    [[ $status == 000 ]] && answer="no answer from $server"
    log "event=register_failed status=$status msg=$(jq -Rs \
        'rtrimstr("\n") | fromjson? // {detail: .} | .detail' <<<"$answer")"
    return 1
}

# is_restored EPOCH: the server is another one than the one that gave this epoch, since it was
# restored from a backup; the main loop registers with it.
is_restored() {
    local answer status
    [[ $1 == "$(<"$state_dir/epoch")" ]] || return 0
    call "$(<"$token_file")" GET "/v1/nodes/$name/assignments?index=0&wait_seconds=0"
    [[ $status != 200 || $(jq -r .incarnation <<<"$answer") != "$(<"$state_dir/incarnation")" ]]
}

# report STATE READY REASON [JSON]: what the replica of this subshell ($id, $attempt) does; JSON is
# merged into the change. Retried until the server has it.
report() {
    local body answer status epoch
    [[ -d $dir ]] && echo "$1 $2" >"$dir/said"
    body=$(jq -cn --arg boot_id "$boot_id" --arg id "$id" \
        --argjson attempt "$attempt" --arg state "$1" --argjson ready "$2" --arg reason "$3" \
        --argjson more "${4:-null}" \
        '{boot_id: $boot_id, seq: 0, full: false, samples: [], changes: [
          {id: $id, attempt: $attempt, state: $state, ready: $ready, reason: $reason} + $more]}')
    while :; do
        epoch=$(<"$state_dir/epoch")
        call "$(<"$token_file")" POST "/v1/nodes/$name/report" -d "${body%\}},\"epoch\": $epoch}"
        [[ $status == 409 ]] && is_restored "$epoch" && status=restored
        case $status in
        204) return ;;
        200) log "event=report_rejected answer=${answer@Q}"; return ;;
        409) log 'event=fenced'; kill -USR1 $$ 2>/dev/null; exit 75 ;;
        4??) log "event=report_refused answer=${answer@Q}"; return ;;
        esac
        [[ -e $state_dir/leaving ]] && return # the server learns it from the next life
        sleep 0.5
    done
}

# ---------------------------------------------------------------- probes

# probe_read PROBE: its settings as variables of the caller.
probe_read() {
    eval "$(jq -r --argjson ports "$ports" '@sh "
        delay=\(.initial_delay_seconds) period=\(.period_seconds) timeout=\(.timeout_seconds)
        rise=\(.success_threshold) fall=\(.failure_threshold)
        port=\($ports[(.http // .tcp).port]) path=\(.http.path // "")"' <<<"$1")"
}

# probe_once: true when it succeeds; otherwise sets $refusal.
probe_once() {
    local body status words
    if [[ ! $path ]]; then
        timeout "$timeout" bash -c "exec 3<>/dev/tcp/$address/$port" 2>/dev/null && return 0
        refusal="no connection to $address:$port"
        return 1
    fi
    body=$(curl -s --max-time "$timeout" -w '\n%{http_code}' "http://$address:$port$path" | tail -c 4096)
    status=${body##*$'\n'} body=${body%$'\n'*}
    case $status in
    2?? | 3??) return 0 ;;
    000) refusal="no answer from http://$address:$port$path" ;;
    *)
        read -rd '' -a words <<<"$body" # one line of it
        body=${words[*]}
        refusal="answered $status «${body:0:100}»" ;;
    esac
    return 1
}

# watch_probe PROBE: blocks until the verdict flips from $verdict (thresholds as in Kubernetes: so
# many results in a row) or, while it is bad, until the probe's answer changes; says why in $why.
# $first says whether to wait for the initial delay instead of a period.
watch_probe() {
    local delay period timeout rise fall port path refusal good=0 bad=0
    probe_read "$1"
    [[ $first == true ]] && period_now=$delay || period_now=$period
    first=false
    while :; do
        [[ $period_now == 0 ]] || sleep "$period_now"
        period_now=$period
        if probe_once; then
            good=$((good + 1)) bad=0
            [[ $verdict != good ]] && ((good >= rise)) && { verdict=good why=''; return; }
        else
            bad=$((bad + 1)) good=0
            [[ $verdict != bad ]] && ((bad >= fall)) && { verdict=bad why=$refusal; return; }
            [[ $verdict == bad && $refusal != "$why" ]] && { why=$refusal; return; }
        fi
    done
}

# The prober of one attempt: startup first, then readiness; liveness beside it kills the process.
run_probes() {
    local startup=$1 readiness=$2 liveness=$3 verdict=unknown why='' first=true period_now
    if [[ $startup != null ]]; then
        watch_probe "$startup"
        [[ $verdict == good ]] || { kill_because "startup probe: $why"; return; }
    fi
    if [[ $liveness != null ]]; then
        (
            verdict=good first=true
            watch_probe "$liveness"
            kill_because "liveness probe: $why"
        ) &
        trap "kill $! 2>/dev/null" EXIT
    fi
    if [[ $readiness == null ]]; then
        : >"$dir/was_ready"
        report running true ''
        wait
        return
    fi
    verdict=bad why='' first=true
    while :; do
        watch_probe "$readiness"
        if [[ $verdict == good ]]; then
            : >"$dir/was_ready"
            report running true ''
        else
            report running false "$why"
        fi
    done
}

# ---------------------------------------------------------------- one replica

# A port that nothing here has and nothing listens on. The folder of its number is the lock.
pick_port() {
    local low=${port_range%-*} high=${port_range#*-}
    while :; do
        port=$((low + (RANDOM * 32768 + RANDOM) % (high - low + 1)))
        mkdir "$state_dir/ports/$port" 2>/dev/null || continue
        (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null || return
    done
}

kill_because() {
    echo "$1" >"$dir/why"
    signal_group KILL
}
# A process that was forked just now leads no group yet.
signal_group() {
    local pid
    [[ -s $dir/pid ]] && pid=$(<"$dir/pid") || return
    kill -s "$1" -- "-$pid" 2>/dev/null || kill -s "$1" "$pid" 2>/dev/null
}

# Starts one attempt; its exit status is the process's. Clean environment, own process group; the
# words of the command and the environment have their $(PORT…) filled in by jq.
run_attempt() {
    local words=() prober status
    rm -f "$dir/why"
    cd "$working_dir" || return 126
    eval "words=($command_words)"
    setsid env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$dir" "${words[@]}" \
        >>"$dir/log" 2>&1 </dev/null &
    echo $! >"$dir/pid"
    [[ -e $dir/stop ]] && signal_group KILL # ordered before there was a process to signal
    report running false '' "{\"address\": \"$address\", \"ports\": $ports, \"pid\": $!}"
    run_probes "$startup" "$readiness" "$liveness" &
    prober=$!
    wait "$(<"$dir/pid")"
    status=$?
    kill "$prober" 2>/dev/null
    wait "$prober" 2>/dev/null
    kill -0 $$ 2>/dev/null || exit 1 # the script was killed: the folder is its next life's
    signal_group KILL             # whatever it left behind
    mv "$dir/pid" "$dir/last_pid" # the number may soon be somebody else's
    return "$status"
}

exit_json() { # STATUS
    local code=$1 signal=null
    (($1 > 128)) && signal=$(($1 - 128)) code=null
    jq -cn --argjson code "$code" --argjson signal "$signal" \
        --rawfile log <(tail -c 2000 "$dir/log" 2>/dev/null) \
        '{exit: {code: $code, signal: $signal, oom: false}, log_tail: $log}'
}

# Reads the template into variables of supervise, ports chosen and words expanded.
read_template() {
    local names=() port_name port
    eval "names=($(jq -r '.ports | keys | @sh' <<<"$1"))"
    for port_name in "${names[@]}"; do
        pick_port
        ports+="${ports:+, }\"$port_name\": $port"
    done
    ports="{$ports}"
    eval "$(jq -r --argjson ports "$ports" --arg dir "$dir" '
        ([{key: "PORT", value: ($ports.http // ([$ports[]][0]))}] +
         [$ports | to_entries[] | {key: ("PORT_" + (.key | ascii_upcase | gsub("-"; "_"))), value}] |
         map(select(.value))) as $variables |
        def expand: reduce $variables[] as $v (.; split("$(" + $v.key + ")") | join($v.value | tostring));
        [($variables[] | "\(.key)=\(.value)"), (.env | to_entries[] | "\(.key)=\(.value | expand)"),
         (.command[] | expand)] as $words |
        @sh "command_words=\($words | @sh) working_dir=\(.working_dir // $dir) policy=\(.restart.policy)
             main_port=\($variables[0].value // 0)
             backoff=\(.restart.backoff_initial_seconds) backoff_max=\(.restart.backoff_max_seconds)
             startup=\(.probes.startup | tojson) readiness=\(.probes.readiness | tojson)
             liveness=\(.probes.liveness | tojson)"' <<<"$1")"
    echo "$main_port" >"$dir/port"
}

why_it_ended() { # STATUS
    case $1 in
    127) reason='unrunnable: the command does not exist' ;;
    126) reason='unrunnable: the command cannot be executed' ;;
    *) reason="exited with status $1" ;;
    esac
    (($1 > 128)) && reason="killed by signal $(($1 - 128))"
    [[ -s $dir/why ]] && reason=$(<"$dir/why")
}

# supervise ID LAST_ATTEMPT TEMPLATE: every attempt of one replica, until it is final.
supervise() {
    local id=$1 attempt=$(($2 + 1)) dir=$state_dir/replicas/$1 status=0 reason='' crashes=0 final=stopped
    local ports='' main_port command_words working_dir policy backoff backoff_max
    local startup readiness liveness
    echo "$BASHPID" >"$dir/supervisor"
    printf %s "$3" >"$dir/template"
    # A process that an earlier life of this script left behind ends before the next attempt.
    [[ -s $dir/pid ]] && grep -qsz "^HOME=$dir\$" "/proc/$(<"$dir/pid")/environ" && signal_group KILL
    read_template "$3"
    while [[ ! -e $dir/stop ]]; do
        rm -f "$dir/was_ready"
        echo "$attempt" >"$dir/attempt"
        report starting false "$reason"
        run_attempt
        status=$?
        [[ -e $dir/stop ]] && break
        why_it_ended "$status"
        if [[ -e $dir/was_ready ]]; then crashes=0; else crashes=$((crashes + 1)); fi
        ((crashes >= 5)) && reason="crash_loop: $reason"
        case $policy:$status:$reason in
        never:* | on_failure:0:* | *:unrunnable* | *:crash_loop*) final=failed; break ;;
        esac
        # Not ready from now on; the next attempt begins after the back-off.
        report running false "$reason" "$(exit_json "$status")"
        sleep "$backoff"
        backoff=$((backoff * 2 > backoff_max ? backoff_max : backoff * 2))
        attempt=$((attempt + 1))
    done
    [[ $final == stopped ]] && reason=''
    report "$final" false "$reason" "$(exit_json "$status")"
    for port in $(jq -r '.[]' <<<"$ports"); do rmdir "$state_dir/ports/$port"; done
    : >"$dir/ended"
}

# end_replica DIR SIGNAL GRACE: signal, grace, SIGKILL.
end_replica() {
    local dir=$1 pid=''
    : >"$dir/stop"
    [[ -s $dir/supervisor ]] && pkill -P "$(<"$dir/supervisor")" -x sleep # it may wait out a back-off
    [[ -s $dir/pid ]] && pid=$(<"$dir/pid")
    [[ $pid ]] || return
    signal_group "$2"
    timeout "$3" tail --pid="$pid" -f /dev/null || signal_group KILL
}

# stop_replica DIR: drain (clients leave meanwhile), then the end.
stop_replica() {
    local drain grace signal
    read -r drain grace signal < <(jq -r '.stop | "\(.drain_seconds) \(.grace_seconds) \(.signal)"' "$1/template")
    sleep "$drain"
    end_replica "$1" "${signal#SIG}" "$grace"
}

# ---------------------------------------------------------------- the main loop

declare -A templates supervised

apply_assignments() {
    local hash template id wanted attempt dir
    while IFS=$'\t' read -r hash template; do
        templates[$hash]=$template
    done < <(jq -r '.templates | to_entries[] | "\(.key)\t\(.value | tojson)"' <<<"$answer")
    while read -r id wanted attempt hash; do
        dir=$state_dir/replicas/$id
        if [[ $wanted == run && ! ${supervised[$id]:-} ]]; then
            mkdir -p "$dir"
            supervise "$id" "$attempt" "${templates[$hash]}" &
            supervised[$id]=run
        elif [[ $wanted == stop && ${supervised[$id]:-} == run ]]; then
            stop_replica "$dir" &
            supervised[$id]=stop
        elif [[ $wanted == stop && ${supervised[$id]:-} != absent &&
            (! ${supervised[$id]:-} || -e $dir/ended) ]]; then
            # Never started in this life of the script, or ended: it does not run here.
            report_absent "$id" "$attempt" &
            supervised[$id]=absent
        fi
    done < <(jq -r '.replicas[] | "\(.id) \(.wanted) \(.last_attempt) \(.template_hash)"' <<<"$answer")
}

report_absent() {
    local id=$1 attempt=$(($2 > 0 ? $2 : 1))
    report stopped false 'it does not run here'
}

# The server does not know this node any more, or is another one than before: the node was removed,
# or the server was restored from a backup. Join anew, then tell of all replicas, of those that ended
# too; what is not wanted any more is ordered to stop.
rejoin() {
    local id attempt dir state ready
    log 'event=unknown_here'
    register || return
    for id in "${!supervised[@]}"; do
        dir=$state_dir/replicas/$id
        [[ -s $dir/attempt && -s $dir/said ]] || continue
        attempt=$(<"$dir/attempt")
        read -r state ready <"$dir/said"
        report "$state" "$ready" 'its node joined again'
    done
}

leave() {
    trap '' TERM INT USR1
    local id dir
    log 'event=leaving'
    : >"$state_dir/leaving"
    for id in "${!supervised[@]}"; do
        dir=$state_dir/replicas/$id
        [[ ! -d $dir || -e $dir/ended ]] || end_replica "$dir" TERM 10 &
    done
    [[ ! $poll_pid ]] || kill "$poll_pid" 2>/dev/null
    until wait; do :; done # the first one may still tell of the signal that led here
    exit "${1:-0}"
}
poll_pid=''
trap 'leave 0' TERM INT
trap 'leave 75' USR1 # of a report that was fenced

index=0
rm -f "$state_dir/leaving"
until register; do sleep 1; done
while :; do
    # In the background, so that a signal is acted on at once and not after the poll.
    curl -s --max-time 90 -w '%{http_code}' -H "Authorization: Bearer $(<"$token_file")" \
        -o "$state_dir/assignments.json" \
        "$server/v1/nodes/$name/assignments?index=$index&wait_seconds=10" >"$state_dir/poll_status" &
    poll_pid=$!
    wait "$poll_pid"
    status=$(<"$state_dir/poll_status")
    if [[ $status == 200 ]]; then
        answer=$(<"$state_dir/assignments.json")
        eval "$(jq -r '@sh "index=\(.index) epoch=\(.epoch) incarnation=\(.incarnation)"' <<<"$answer")"
        if [[ $incarnation != "$(<"$state_dir/incarnation")" ]]; then
            index=0
            rejoin || sleep 1
            continue
        fi
        if [[ $epoch != "$(<"$state_dir/epoch")" ]]; then
            log 'event=fenced'
            leave 75
        fi
        apply_assignments
    else
        index=0
        [[ $status == 401 ]] && rejoin
        sleep 0.5
    fi
done
