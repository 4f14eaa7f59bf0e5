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

Stop it with SIGTERM: its replicas are stopped first. SIGINT does the same.
Exit codes: 0 stopped, 2 bad usage, 75 another worker has registered this name.
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

mkdir -p "$state_dir/replicas" "$state_dir/ports" && chmod 700 "$state_dir" || exit 1
state_dir=$(realpath "$state_dir")
log() { printf '%s node=%s %s\n' "$(date -u +%FT%TZ)" "$name" "$*" >&2; }

# ---------------------------------------------------------------- talking to the server

# The node's own secret: made here, kept here; the server keeps only its hash.
token_file=$state_dir/token
[[ -s $token_file ]] || (umask 077; head -c 32 /dev/urandom | base64 -w0 | tr '+/' '-_' | tr -d '=' >"$token_file")

# call TOKEN METHOD PATH [curl options…]: body on stdout; true for a 2xx answer.
# The status goes to $http_status_file, so that callers can tell "no" from "not there".
call() {
    local token=$1 method=$2 path=$3
    shift 3
    curl -sS --fail-with-body --max-time 90 -X "$method" -H "Authorization: Bearer $token" \
        -H 'Content-Type: application/json' -w '%{stderr}%{http_code}' "$@" "$server$path" \
        2>"${http_status_file:-/dev/null}"
}

boot_id=$(cat /proc/sys/kernel/random/boot_id)
epoch=0

register() {
    local body answer token
    body=$(jq -n --arg token "$(<"$token_file")" --arg cluster "$cluster" --argjson labels "$labels" \
        --arg address "$address" --arg boot_id "$boot_id" --argjson cpu "$cpu_millis" \
        --argjson memory "$memory_mib" \
        '{token: $token, cluster: $cluster, labels: $labels, address: $address, boot_id: $boot_id,
          agent_version: "worker.sh", drivers: ["process"],
          capacity: {cpu_millis: $cpu, memory_mib: $memory}}')
    # The own token re-registers an existing name; the join token creates a new one.
    for token in "$(<"$token_file")" "$(<"$join_token_file")"; do
        if answer=$(call "$token" PUT "/v1/nodes/$name" -d "$body"); then
            epoch=$(jq .epoch <<<"$answer")
            log "event=registered epoch=$epoch"
            return 0
        fi
    done
    log "event=register_failed answer=${answer@Q}"
    return 1
}

# report CHANGE…: JSON objects of `changes`; retried until the server has them.
report() {
    local http_status_file body answer
    http_status_file=$(mktemp "$state_dir/status.XXXXXX")
    body=$(jq -cn --arg boot_id "$boot_id" --argjson epoch "$epoch" \
        '{boot_id: $boot_id, epoch: $epoch, seq: 0, full: false, changes: [inputs], samples: []}' \
        <<<"$*")
    until answer=$(call "$(<"$token_file")" POST "/v1/nodes/$name/report" -d "$body"); do
        case $(tail -c 3 "$http_status_file") in
        409) log 'event=fenced'; kill -TERM $$ 2>/dev/null; break ;;
        4??) log "event=report_refused answer=${answer@Q}"; break ;;
        esac
        [[ -e $state_dir/leaving ]] && break # the server will learn it from the next life
        sleep 0.5
    done
    [[ $answer ]] && log "event=report_answer answer=${answer@Q}"
    rm -f "$http_status_file"
}

# change ID ATTEMPT STATE READY REASON [extra JSON]: one item of `changes`.
change() {
    jq -cn --arg id "$1" --argjson attempt "$2" --arg state "$3" --argjson ready "$4" \
        --arg reason "$5" --argjson extra "${6:-null}" \
        '{id: $id, attempt: $attempt, state: $state, ready: $ready, reason: $reason} + ($extra // {})'
}

# ---------------------------------------------------------------- probes

# probe_once PROBE: true when it succeeds; otherwise prints why not.
probe_once() {
    local probe=$1 seconds path port status body
    seconds=$(jq -r .timeout_seconds <<<"$probe")
    port=$(jq -r --argjson ports "$ports" '$ports[(.http // .tcp).port]' <<<"$probe")
    if [[ $(jq -r '.http != null' <<<"$probe") == true ]]; then
        path=$(jq -r .http.path <<<"$probe")
        body=$(curl -s --max-time "$seconds" -w '\n%{http_code}' "http://$address:$port$path" | head -c 4096)
        status=${body##*$'\n'}
        case $status in
        2?? | 3??) return 0 ;;
        000) echo "no answer from http://$address:$port$path" ;;
        *) body=${body%$'\n'*}; echo "answered $status «$(tr -cd '[:print:]' <<<"${body:0:200}")»" ;;
        esac
        return 1
    fi
    timeout "$seconds" bash -c "exec 3<>/dev/tcp/$address/$port" 2>/dev/null && return 0
    echo "no connection to $address:$port"
    return 1
}

# watch_probe PROBE: blocks until the verdict flips from $verdict (thresholds as in Kubernetes: so
# many results in a row) or, while it is bad, until the probe's answer changes; says why in $why.
# $pause is the time until the next probe.
watch_probe() {
    local probe=$1 good=0 bad=0 answer period rise fall
    read -r period rise fall < <(jq -r '"\(.period_seconds) \(.success_threshold) \(.failure_threshold)"' <<<"$probe")
    while :; do
        sleep "$pause"
        pause=$period
        if answer=$(probe_once "$probe"); then
            good=$((good + 1)) bad=0
            [[ $verdict != good ]] && ((good >= rise)) && { verdict=good why=''; return; }
        else
            bad=$((bad + 1)) good=0
            [[ $verdict != bad ]] && ((bad >= fall)) && { verdict=bad why=$answer; return; }
            [[ $verdict == bad && $answer != "$why" ]] && { why=$answer; return; }
        fi
    done
}

# The prober of one attempt: startup first, then readiness; liveness beside it kills the process.
run_probes() {
    local probes=$1 verdict=unknown why='' probe pause
    probe=$(jq -c '.startup // empty' <<<"$probes")
    if [[ $probe ]]; then
        pause=$(jq .initial_delay_seconds <<<"$probe")
        watch_probe "$probe"
        [[ $verdict == good ]] || { kill_because "startup probe: $why"; return; }
    fi
    probe=$(jq -c '.liveness // empty' <<<"$probes")
    if [[ $probe ]]; then
        (
            verdict=good pause=$(jq .initial_delay_seconds <<<"$probe")
            watch_probe "$probe"
            kill_because "liveness probe: $why"
        ) &
        trap "kill $! 2>/dev/null" EXIT
    fi
    probe=$(jq -c '.readiness // empty' <<<"$probes")
    if [[ ! $probe ]]; then
        report "$(change "$id" "$attempt" running true '')"
        : >"$dir/was_ready"
        wait
        return
    fi
    verdict=bad why='' pause=$(jq .initial_delay_seconds <<<"$probe")
    while :; do
        watch_probe "$probe"
        if [[ $verdict == good ]]; then
            : >"$dir/was_ready"
            report "$(change "$id" "$attempt" running true '')"
        else
            report "$(change "$id" "$attempt" running false "readiness probe: $why")"
        fi
    done
}

# ---------------------------------------------------------------- one replica

# A port that nothing here has and nothing listens on. The folder of its number is the lock.
pick_port() {
    local low=${port_range%-*} high=${port_range#*-} port
    while :; do
        port=$((low + (RANDOM * 32768 + RANDOM) % (high - low + 1)))
        mkdir "$state_dir/ports/$port" 2>/dev/null || continue
        (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

kill_because() {
    echo "$1" >"$dir/why"
    signal_group KILL
}
signal_group() { [[ -s $dir/pid ]] && kill -s "$1" -- "-$(<"$dir/pid")" 2>/dev/null; }

# Expands $(PORT) and $(PORT_NAME) as the control plane documents it.
expand() {
    local text=$1 port_name
    text=${text//'$(PORT)'/$main_port}
    for port_name in $(jq -r 'keys[]' <<<"$ports"); do
        text=${text//"\$(PORT_$(tr 'a-z-' 'A-Z_' <<<"$port_name"))"/$(jq -r --arg k "$port_name" '.[$k]' <<<"$ports")}
    done
    printf %s "$text"
}

# Starts one attempt; its exit status is the process's. Clean environment, own process group.
run_attempt() {
    local template=$1 argument argv=() environment=() words prober status
    eval "words=($(jq -r '.command | @sh' <<<"$template"))"
    for argument in "${words[@]}"; do argv+=("$(expand "$argument")"); done
    eval "words=($(jq -r '[.env // {} | to_entries[] | .key + "=" + .value] | @sh' <<<"$template"))"
    for argument in "${words[@]}"; do environment+=("$(expand "$argument")"); done
    eval "words=($(jq -r '[to_entries[] | "PORT_" + (.key | ascii_upcase | gsub("-"; "_")) + "=" + (.value | tostring)] | @sh' <<<"$ports"))"
    rm -f "$dir/why"
    cd "$(jq -r --arg dir "$dir" '.working_dir // $dir' <<<"$template")" || return 126
    setsid env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$dir" PORT="$main_port" "${words[@]}" "${environment[@]}" \
        "${argv[@]}" >>"$dir/log" 2>&1 </dev/null &
    echo $! >"$dir/pid"
    report "$(change "$id" "$attempt" running false 'started' \
        "$(jq -cn --arg address "$address" --argjson ports "$ports" --argjson pid "$(<"$dir/pid")" \
            '{address: $address, ports: $ports, pid: $pid}')")"
    run_probes "$(jq -c .probes <<<"$template")" &
    prober=$!
    wait "$(<"$dir/pid")"
    status=$?
    kill "$prober" 2>/dev/null
    wait "$prober" 2>/dev/null
    signal_group KILL # whatever it left behind
    mv "$dir/pid" "$dir/last_pid" # the number may soon be somebody else's
    return "$status"
}

exit_json() {
    local code=$1 signal=null
    ((code > 128)) && signal=$((code - 128)) code=null
    jq -cn --argjson code "$code" --argjson signal "$signal" --rawfile log <(tail -c 2000 "$dir/log") \
        '{exit: {code: $code, signal: $signal, oom: false}, log_tail: $log}'
}

# supervise ASSIGNMENT TEMPLATE: every attempt of one replica, until it is final.
supervise() {
    local template=$2 id dir attempt ports='{}' main_port=0 port_name status reason delay crashes=0
    id=$(jq -r .id <<<"$1")
    attempt=$(jq -r .last_attempt <<<"$1")
    dir=$state_dir/replicas/$id
    echo "$BASHPID" >"$dir/supervisor"
    # A process that an earlier life of this script left behind ends before the next attempt.
    [[ -s $dir/pid ]] && grep -qsz "^HOME=$dir\$" "/proc/$(<"$dir/pid")/environ" && signal_group KILL
    report "$(change "$id" $((attempt + 1)) preparing false '')"
    for port_name in $(jq -r '.ports | keys[]' <<<"$template"); do
        ports=$(jq -c --arg k "$port_name" --argjson v "$(pick_port)" '. + {($k): $v}' <<<"$ports")
    done
    main_port=$(jq -r '.http // (to_entries | sort_by(.key) | .[0].value) // 0' <<<"$ports")
    echo "$main_port" >"$dir/port"
    delay=$(jq -r .restart.backoff_initial_seconds <<<"$template")
    while [[ ! -e $dir/stop ]]; do
        attempt=$((attempt + 1))
        rm -f "$dir/was_ready"
        report "$(change "$id" "$attempt" starting false '')"
        run_attempt "$template"
        status=$?
        [[ -e $dir/stop ]] && break
        reason="exited with status $status"
        ((status == 127)) && reason='the command does not exist'
        ((status == 126)) && reason='the command cannot be executed'
        ((status > 128)) && reason="killed by signal $((status - 128))"
        [[ -s $dir/why ]] && reason=$(<"$dir/why")
        if [[ -e $dir/was_ready ]]; then crashes=0; else crashes=$((crashes + 1)); fi
        case $(jq -r .restart.policy <<<"$template"):$status in
        never:* | on_failure:0) break ;;
        esac
        ((status == 127 || status == 126)) && { reason="unrunnable: $reason"; break; }
        ((crashes >= 5)) && { reason="crash_loop: $reason"; break; }
        # Not ready from now on; the next attempt begins after the back-off.
        report "$(change "$id" "$attempt" running false "$reason" "$(exit_json "$status")")"
        sleep "$delay"
        delay=$((delay * 2 > 60 ? 60 : delay * 2))
    done
    if [[ -e $dir/stop ]]; then
        report "$(change "$id" "$attempt" stopped false '' "$(exit_json "${status:-0}")")"
    else
        report "$(change "$id" "$attempt" failed false "$reason" "$(exit_json "$status")")"
    fi
    for port_name in $(jq -r '.[]' <<<"$ports"); do rmdir "$state_dir/ports/$port_name"; done
    : >"$dir/ended"
}

# stop_replica DIR TEMPLATE: drain (clients leave meanwhile), signal, grace, SIGKILL.
stop_replica() {
    local dir=$1 drain grace signal
    read -r drain grace signal < <(jq -r '.stop | "\(.drain_seconds) \(.grace_seconds) \(.signal)"' <<<"$2")
    sleep "$drain"
    : >"$dir/stop"
    pkill -P "$(<"$dir/supervisor")" -x sleep # it may be waiting out a back-off
    [[ -s $dir/pid ]] || return
    signal_group "${signal#SIG}"
    timeout "$grace" tail --pid="$(<"$dir/pid")" -f /dev/null || signal_group KILL
}

# ---------------------------------------------------------------- the main loop

declare -A templates supervised

apply_assignments() {
    local answer=$1 hash replica id dir wanted
    for hash in $(jq -r '.templates | keys[]' <<<"$answer"); do
        templates[$hash]=$(jq -c --arg hash "$hash" '.templates[$hash]' <<<"$answer")
    done
    while read -r replica; do
        id=$(jq -r .id <<<"$replica")
        wanted=$(jq -r .wanted <<<"$replica")
        hash=$(jq -r .template_hash <<<"$replica")
        dir=$state_dir/replicas/$id
        if [[ $wanted == run && ! ${supervised[$id]:-} ]]; then
            mkdir -p "$dir"
            supervise "$replica" "${templates[$hash]}" &
            supervised[$id]=run
        elif [[ $wanted == stop && ${supervised[$id]:-} == run ]]; then
            stop_replica "$dir" "${templates[$hash]}" &
            supervised[$id]=stop
        elif [[ $wanted == stop && ! ${supervised[$id]:-} ]]; then
            # Never started here (or by an earlier life of this script): it is not running.
            report "$(change "$id" "$(jq '[.last_attempt, 1] | max' <<<"$replica")" stopped false 'not running here')"
            supervised[$id]=stop
        fi
    done < <(jq -c '.replicas[]' <<<"$answer")
}

leave() {
    trap '' TERM INT
    local dir
    log 'event=leaving'
    : >"$state_dir/leaving"
    for dir in "$state_dir"/replicas/*/; do
        dir=${dir%/}
        [[ -e $dir/ended ]] || { : >"$dir/stop"; signal_group TERM; }
    done
    pkill -P "$poll_pid" 2>/dev/null
    wait
    exit "${1:-0}"
}
poll_pid=0
trap 'leave 0' TERM INT

index=0
rm -f "$state_dir/leaving"
until register; do sleep 1; done
while :; do
    # In the background, so that a signal is acted on at once and not after the poll.
    call "$(<"$token_file")" GET "/v1/nodes/$name/assignments?index=$index&wait_seconds=10" \
        >"$state_dir/assignments.json" &
    poll_pid=$!
    if wait "$poll_pid"; then
        answer=$(<"$state_dir/assignments.json")
        if [[ $(jq .epoch <<<"$answer") != "$epoch" ]]; then
            log 'event=fenced'
            leave 75
        fi
        index=$(jq .index <<<"$answer")
        apply_assignments "$answer"
    else
        index=0
        sleep 0.5
    fi
done
