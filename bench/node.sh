#!/usr/bin/env bash
# node.sh: what a node costs: memory of agent and shim, CPU of probing, time from command to process.
#
#   bench/node.sh [BIN_DIR [REPLICAS]]    default: build/release/bin 200
#
# A real server, one agent, the example service. Memory is private dirty memory (what this process
# alone costs; text of shared libraries is not in it), resident memory beside it.
set -euo pipefail
cd "$(dirname "$0")/.."
CLUSTER_BIN=$(realpath "${1:-build/release/bin}")
replicas=${2:-200}
CLUSTER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/dogshore-bench.XXXXXX")
. scripts/lib/cluster.sh
trap 'cluster_stop; rm -rf "$CLUSTER_DIR"' EXIT

private_kib() { awk '/^Private_Dirty/ {n += $2} END {print n}' "/proc/$1/smaps_rollup"; }
resident_kib() { awk '/^Rss/ {print $2}' "/proc/$1/smaps_rollup"; }
cpu_ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{print $12 + $13}'; }
judge() { # WHAT VALUE UNIT LIMIT
    printf '%-52s %9s %-8s limit %-7s %s\n' "$1" "$2" "$3" "$4" \
        "$(awk -v a="$2" -v b="$4" 'BEGIN {print a <= b ? "ok" : "OVER"}')"
}
deploy() { # REPLICAS
    jq --arg program "$CLUSTER_BIN/dogshore-example" --argjson replicas "$1" \
        '.name = "web" | .spec.replicas = $replicas | .spec.template.version = "1" |
         .spec.template.command[0] = $program |
         .spec.template.resources = {cpu_millis: 1, memory_mib: 1} |
         .spec.template.stop = {drain_seconds: 0, grace_seconds: 5} |
         .spec.template.probes = {readiness: {http: {port: "http", path: "/readyz"}, period_seconds: 5}}' \
        examples/deployments/good.json | api PUT /v1/deployments/web -d @- >/dev/null
    cluster_wait_rollout web | jq -e '.state == "succeeded"' >/dev/null
}

cluster_server_start
cluster_agent_start n1 20000-29999
cluster_wait_nodes 1
agent=${CLUSTER_AGENTS[n1]}

# Command to process: a replica writes down when it began, the server when the order was committed
# (the time of the event).
jq -n '{name: "clock", spec: {replicas: 0, template: {version: "1", command:
    ["bash", "-c", "echo $EPOCHREALTIME >$HOME/began; exec sleep 86400"],
    resources: {cpu_millis: 1, memory_mib: 1}, stop: {drain_seconds: 0}}}}' |
    api PUT /v1/deployments/clock -d @- >/dev/null
for ((n = 1; n <= 100; n++)); do
    api PUT /v1/deployments/clock/scale -d "{\"replicas\": $n}" >/dev/null
    ordered=$(api GET '/v1/deployments/clock/events?limit=20' |
        jq -r '[.items[] | select(.reason == "scaled")][0].at')
    until [[ $(cat "$CLUSTER_DIR"/agents/n1/replicas/clock-*/home/began 2>/dev/null | wc -l) == "$n" ]]; do
        sleep 0.02
    done
    began=$(cat "$CLUSTER_DIR"/agents/n1/replicas/clock-*/home/began | sort | tail -n 1)
    awk -v a="$began" -v b="$(date -d "$ordered" +%s.%N)" 'BEGIN {printf "%.1f\n", (a - b) * 1000}'
done | sort -n >"$CLUSTER_DIR/starts"
judge 'start: order committed → process runs, p50 (of 100)' "$(sed -n 50p "$CLUSTER_DIR/starts")" ms 50
judge 'start: order committed → process runs, p99 (of 100)' "$(sed -n 99p "$CLUSTER_DIR/starts")" ms 50
api DELETE /v1/deployments/clock >/dev/null
while [[ $(cluster_shims) ]]; do sleep 0.1; done

cluster_agent_kill n1 KILL
cluster_agent_start n1 20000-29999
agent=${CLUSTER_AGENTS[n1]}
deploy 1
base=$(private_kib "$agent")
shim=$(cluster_shims | head -n 1)
judge 'agent with one replica: private memory' "$base" KiB 4096
judge 'agent with one replica: resident memory' "$(resident_kib "$agent")" KiB 65536
judge 'shim: private memory' "$(private_kib "$shim")" KiB 256
judge 'shim: resident memory' "$(resident_kib "$shim")" KiB 65536
deploy "$replicas"
judge "agent with $replicas replicas: private memory" "$(private_kib "$agent")" KiB $((4096 + 20 * replicas))
judge "agent: private memory per replica" "$((($(private_kib "$agent") - base) / (replicas - 1)))" KiB 20

sleep 5 # the start is over
ticks=$(cpu_ticks "$agent")
sleep 30
judge "agent: CPU of $replicas replicas probed every 5 s" "$(awk -v a="$ticks" -v b="$(cpu_ticks "$agent")" \
    -v hz="$(getconf CLK_TCK)" 'BEGIN {printf "%.2f", (b - a) / hz / 30 * 100}')" '% of core' 2
