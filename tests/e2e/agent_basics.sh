#!/usr/bin/env bash
# One agent: deploy, roll, scale, delete; and the agent is killed, stopped and started while its
# replicas run on.
. "$(dirname "$0")/lib.sh"

cluster_server_start
cluster_agent_start n1 "$(ports 1)" --labels zone=a --sample-seconds 1
cluster_wait_nodes 1
expect 'the node says what it is' jq -e \
    '.labels.zone == "a" and .address == "127.0.0.1" and .drivers == ["process"]
     and .capacity.cpu_millis >= 1000 and .capacity.memory_mib > 0' <<<"$(api GET /v1/nodes/n1)"
state=$CLUSTER_DIR/agents/n1
expect 'its token is its own secret' test "$(stat -c %a "$state/token")" = 600

site() { # VERSION REPLICAS: a web site of that version
    sites "$1"
    web "$1" | jq --argjson replicas "$2" '.spec.replicas = $replicas |
        .spec.strategy.monitor_seconds = 1 | .spec.template.stop.drain_seconds = 1'
}
succeeded() { jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"; }
web_status() { api GET /v1/deployments/web/status | jq -e "$1"; }
web_replicas() { api GET '/v1/deployments/web/replicas?limit=100' | jq -e "$1"; }

site v1 3 | api PUT /v1/deployments/web -d @- >/dev/null
expect 'v1 is deployed' succeeded
endpoint=$(api GET /v1/deployments/web/endpoints | jq -r '.endpoints[0] | "\(.address):\(.ports.http)"')
expect 'an endpoint answers' test "$(curl -fsS "http://$endpoint/version.txt")" = v1

# A real probe fails and recovers: each time its verdict moves, that is recorded.
probes() { # FILTER, where $tail is the last argument
    api GET '/v1/deployments/web/probes?window_seconds=600' | jq -e --arg tail "${2:-}" "$1"
}
line_ends() { # LINE STATES: of every replica
    probes "all(.items[]; .timeline.$1 | map(.state) | join(\" \") | endswith(\$tail))" "$2"
}
mv "$CLUSTER_DIR/site/v1/version.txt" "$CLUSTER_DIR/site/v1/away"
wait_for 'a failing probe is in the timeline' line_ends readiness 'ok failing'
mv "$CLUSTER_DIR/site/v1/away" "$CLUSTER_DIR/site/v1/version.txt"
wait_for 'its recovery is, too' line_ends readiness 'ok failing ok'
expect 'and the traffic that it had' line_ends ready 'failing ok failing ok'
expect 'with the answer' \
    probes 'all(.items[]; .timeline.readiness[-2].reason | startswith("answered 404"))'
wait_for 'the last answers are shown' probes 'all(.items[]; .recent.readiness | length > 0)'
wait_for 'all are available again' web_status '.available == 3'
expect 'the uptime tells of the break' jq -e '.none_ms > 0 and .some_available < 1 and .unknown_ms == 0' \
    <<<"$(api GET /v1/deployments/web/uptime)"
drawn=$(DOGSHORE_SERVER=$SERVER DOGSHORE_TOKEN=$ADMIN_TOKEN "$CLUSTER_BIN/dogshore" probes web --window 60)
expect 'the command line draws it' grep -q 'readiness .*█▁' <<<"$drawn"

expect "a replica's PATH is its agent's" \
    grep -qz "^environment=PATH=$CLUSTER_BIN:" "$state"/run/*/1/spec

before=$(children | sort)
cluster_agent_kill n1 KILL
expect 'the replicas outlive a killed agent' test "$(curl -fsS "http://$endpoint/version.txt")" = v1
cluster_agent_start n1 "$(ports 1)" --sample-seconds 1
adopted() { grep -c 'event=replica_adopted' "$CLUSTER_DIR/agent-n1.log"; }
three_adopted() { test "$(adopted)" -ge "$1"; }
wait_for 'and are taken up by the next' three_adopted 3
expect 'with the same processes' test "$(children | sort)" = "$before"

cluster_agent_kill n1 TERM
expect 'nor does a stopped agent stop them' test "$(curl -fsS "http://$endpoint/version.txt")" = v1
cluster_agent_start n1 "$(ports 1)" --sample-seconds 1
wait_for 'they are taken up again' three_adopted 6
wait_for 'all are available' web_status '.available == 3'
expect 'nothing was restarted' web_replicas '[.items[].restarts] | add == 0'
expect 'a bad command line exits 64, so that systemd does not try it again' bash -c '
    "$1/dogshore-agent" --name n2 2>/dev/null
    test $? -eq 64' _ "$CLUSTER_BIN"
expect 'a second agent on the same folder is refused' bash -c '
    "$1/dogshore-agent" --server "$2" --name n2 --state-dir "$3" 2>"$3/second"
    test $? -eq 78 && grep -q "in use by another agent, process" "$3/second"' _ \
    "$CLUSTER_BIN" "$SERVER" "$state"

# What the agent knew is broken or lost: the run directory still knows, and then the server.
cluster_agent_kill n1 KILL
mapfile -t ids < <(children | cut -d' ' -f1)
echo '{"id": "web-' >"$state/replicas/${ids[0]}/journal"
rm -r "$state/replicas/${ids[1]}" "$state/run/${ids[1]}/record"
cluster_agent_start n1 "$(ports 1)" --sample-seconds 1
wait_for 'replicas with a broken and without any journal are taken up' three_adopted 9
wait_for 'and are available' web_status '.available == 3'
expect 'the broken journal is named' grep -q "journal_broken.*${ids[0]}/journal" "$CLUSTER_DIR/agent-n1.log"
expect 'they are the same processes' test "$(children | sort)" = "$before"
expect 'still nothing was restarted' web_replicas '[.items[].restarts] | add == 0'

site v2 3 | api PUT /v1/deployments/web -d @- >/dev/null
expect 'v2 takes over' succeeded
expect 'all of it' web_status '.version == "v2" and .updated == 3 and .available == 3'
api PUT /v1/deployments/web/scale -d '{"replicas": 5}' >/dev/null
wait_for 'it scales up' web_status '.available == 5'
api PUT /v1/deployments/web/scale -d '{"replicas": 1}' >/dev/null
wait_for 'and down' web_status '.available == 1'
one_child() { test "$(cluster_shims | wc -w)" -eq 1; }
wait_for 'one process is left' one_child

# The server is away: what crashes is started again all the same.
cluster_server_kill KILL
survivor() { # the process of the one replica that is left
    local replica attempt pid
    children | while read -r replica attempt pid; do
        [[ ! -d /proc/$pid ]] || echo "$replica $attempt $pid"
    done
}
old=$(survivor)
kill -KILL "${old##* }"
restarted() { [[ $(survivor) == "${old%% *} 2 "* ]]; }
wait_for 'a crash is mended without the server' restarted
cluster_server_start
wait_for 'and told afterwards' web_replicas '[.items[] | select(.state == "running")] |
    length == 1 and .[0].restarts == 1 and .[0].attempt == 2 and .[0].ready and .[0].exit.signal == 9'

api DELETE /v1/deployments/web >/dev/null
wait_gone web
expect 'delete leaves no process behind' test -z "$(cluster_shims)"
mapfile -t gone < <(ls "$state/replicas")
expect 'but the logs' test "$(ls "$state"/replicas/*/log | wc -l)" -ge 6

# Stopped with its replicas.
cluster_agent_kill n1 TERM
cluster_agent_start n1 "$(ports 1)" --stop-replicas-on-exit
site v3 2 | api PUT /v1/deployments/web -d @- >/dev/null
expect 'v3 is deployed' succeeded
no_journal() {
    local id
    for id in "${gone[@]}"; do [[ ! -e $state/replicas/$id/journal && ! -e $state/run/$id ]] || return 1; done
}
wait_for 'neither journal nor run folder is left of what was deleted' no_journal
cluster_agent_kill n1 TERM
expect 'an agent that is told to takes its replicas along' test -z "$(cluster_shims)"
expect 'and says so' web_replicas '[.items[] | select(.state == "stopped")] | length >= 2'
