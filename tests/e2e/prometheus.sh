#!/usr/bin/env bash
# A real Prometheus with the files of packaging/: it scrapes /metrics with a token of scope read, finds a
# replica through /v1/sd/prometheus, follows it when it is scaled, and loses it when it opts out.
. "$(dirname "$0")/lib.sh"

PATH=$ROOT/build/tools/usr/bin:$PATH # where scripts/check unpacks it
promtool=$(command -v promtool) || { echo "not ok: promtool is missing (Debian package prometheus)" >&2; exit 1; }
cluster_server_start
cluster_agent_start n1 "$(ports 1)"
cluster_wait_nodes 1

api POST /v1/tokens -d '{"name": "prometheus", "scope": "read"}' | jq -r .token >"$CLUSTER_DIR/read.token"
metrics() { curl -sS -H "Authorization: Bearer $(<"$CLUSTER_DIR/read.token")" "$SERVER/metrics" "$@"; }

# What is packaged, for this machine.
mkdir "$CLUSTER_DIR/prometheus"
cp "$ROOT/packaging/prometheus/alerts.yml" "$CLUSTER_DIR/prometheus/"
sed -e "s|127.0.0.1:7420|${SERVER#http://}|; s|/etc/prometheus/dogshore.token|$CLUSTER_DIR/read.token|" \
    -e 's/_interval: 15s/_interval: 1s/' \
    "$ROOT/packaging/prometheus/prometheus.yml" >"$CLUSTER_DIR/prometheus/prometheus.yml"
expect 'promtool finds nothing wrong with the configuration' \
    "$promtool" check config "$CLUSTER_DIR/prometheus/prometheus.yml"
expect 'nor with the alerts' "$promtool" check rules "$CLUSTER_DIR/prometheus/alerts.yml"

# A service that asks to be scraped.
sites v1
echo 'demo_answers_total 42' >"$CLUSTER_DIR/site/v1/metrics"
web v1 | jq '.spec.replicas = 2 | .labels = {"team": "demo", "example.tier": "front"} |
    .annotations = {"prometheus.io/scrape": "true"}' | api PUT /v1/deployments/web -d @- >/dev/null
expect 'the service is deployed' jq -e '.state == "succeeded"' <<<"$(cluster_wait_rollout web)"

# In a shell of its own, so that what promtool says is compared with silence.
lint() { [[ -z $(metrics | "$promtool" check metrics 2>&1) ]]; }
expect 'promtool finds nothing wrong with the metrics' lint
expect 'OpenMetrics ends as it must' test "$(metrics -H 'Accept: application/openmetrics-text' | tail -n 1)" = '# EOF'

# Prometheus takes port 0 and tells it only by its log.
prometheus --config.file "$CLUSTER_DIR/prometheus/prometheus.yml" --storage.tsdb.path "$CLUSTER_DIR/prometheus/data" \
    --web.listen-address "127.0.0.1:0" --log.format json 2>"$CLUSTER_DIR/prometheus.log" &
HELPERS+=("$!")
listening() {
    prometheus_url=http://$(sed -n 's/.*"address":"\(127\.0\.0\.1:[1-9][0-9]*\)".*"msg":"Listening on".*/\1/p' "$CLUSTER_DIR/prometheus.log" | head -n 1)
    curl -fsS -o /dev/null "$prometheus_url/-/ready"
}
wait_for 'Prometheus is ready' listening

# ask EXPRESSION: the values, one a line.
ask() { curl -sS --data-urlencode "query=$1" "$prometheus_url/api/v1/query" | jq -r '.data.result[].value[1]'; }
says() { [[ $(ask "$1" | paste -sd,) == "$2" ]]; }
targets() { curl -sS "$prometheus_url/api/v1/targets?state=active" | jq "[.data.activeTargets[] | select(.labels.job == \"dogshore-replicas\")] | $1"; }
targets_are() { [[ $(targets length) == "$1" ]]; }

wait_for 'the server is scraped with its token' says 'up{job="dogshore"}' 1
wait_for 'both replicas are scraped' says 'up{job="dogshore-replicas"}' 1,1
wait_for 'their own numbers are there, under the labels of the deployment' says \
    'sum by (deployment, team, example_tier, version) (demo_answers_total{deployment="web",cluster="default",node="n1",team="demo",example_tier="front",version="v1"})' 84
expect 'each target has its replica' test "$(targets 'map(.labels.replica) | unique | length')" = 2
wait_for 'what is deployed is counted' says 'dogshore_deployments{state="running"}' 1
wait_for 'and what runs' says 'dogshore_replicas{state="running"}' 2
wait_for 'and who got a node' says 'dogshore_placements_total - dogshore_placement_failures_total' 2
wait_for 'and what agents told' says \
    'sum(dogshore_report_changes_total{outcome="taken"}) > bool 1' 1
wait_for 'and what they measured' says 'dogshore_replica_samples_total > bool 0' 1
wait_for 'and the rollout' says 'dogshore_rollouts_total{outcome="succeeded"}' 1
wait_for 'the scrapes themselves are requests' says \
    'dogshore_http_requests_total{method="GET",route="/metrics",code="200"} > bool 2' 1
wait_for 'a histogram can be asked for a quantile' says \
    'histogram_quantile(0.5, sum by (le) (dogshore_commit_duration_seconds_bucket)) > bool 0' 1
expect 'no alert fires' test "$(curl -sS "$prometheus_url/api/v1/alerts" | jq '[.data.alerts[] | select(.state == "firing")] | length')" = 0

api PUT /v1/deployments/web/scale -d '{"replicas": 3}' >/dev/null
wait_for 'a third replica is found' targets_are 3
curl -fsS -o /dev/null -X PATCH -H "Authorization: Bearer $ADMIN_TOKEN" \
    -H 'Content-Type: application/merge-patch+json' \
    -d '{"annotations": {"prometheus.io/scrape": null}}' "$SERVER/v1/deployments/web"
wait_for 'who opts out is left alone' targets_are 0
expect 'Prometheus has read every answer' test "$(grep -c '"level":"error"' "$CLUSTER_DIR/prometheus.log")" = 0
