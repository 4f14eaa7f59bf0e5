/* listing_tables.c: what each list can be filtered and sorted by, and how that reads in SQL. A row
 * is X(name, type, words, sortable, indexed, SQL); the SQL is never NULL. */
#include "model/deployment.h"
#include "model/node.h"
#include "model/replica.h"
#include "model/revision.h"
#include "model/rollout.h"
#include "model/token.h"
#include "store/listing_private.h"

#define AS_FIELD(name_, path_, type_, words_, sortable_, indexed_, sql_)                           \
    {.name = name_, .path = path_, .type = FILTER_##type_, .words = words_, .sortable = sortable_},
#define AS_COLUMN(name_, path_, type_, words_, sortable_, indexed_, sql_)                          \
    {.sql = sql_, .indexed = indexed_},

#define FIELDS_OF(list_, has_labels_)                                                              \
    {                                                                                              \
        .items = list_##_items, .count = sizeof list_##_items / sizeof list_##_items[0],           \
        .has_labels = has_labels_                                                                  \
    }

/* Named after what they say: X(…, SORTABLE, INDEXED, …). */
#define SAME NULL
#define UNSHOWN ""
#define SORTABLE true
#define UNSORTED false
#define INDEXED true
#define WALKED false

/* clang-format off */

/* ---- deployments ---- */

/* What the canonical template and settings leave out is 0, empty or the default. */
#define IN_TEMPLATE(path, absent) "coalesce(json_extract(d.template, '$." path "'), " absent ")"

#define DEPLOYMENT_FIELDS(X)                                                                       \
    X("name", SAME, TEXT, NULL, SORTABLE, WALKED, "d.name")                                        \
    X("cluster", SAME, TEXT, NULL, SORTABLE, INDEXED, "d.cluster")                                 \
    X("uid", SAME, TEXT, NULL, UNSORTED, INDEXED, "d.uid")                                         \
    X("description", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(d.description, '')")            \
    X("state", "status.state", WORD, deployment_state_words, SORTABLE, INDEXED, "d.state")         \
    X("message", "status.message", TEXT, NULL, UNSORTED, WALKED, "coalesce(d.message, '')")        \
    X("halted", "status.halted.reason", TEXT, NULL, UNSORTED, WALKED,                              \
      "coalesce(d.halted_reason, '')")                                                             \
    X("version", "status.version", TEXT, NULL, SORTABLE, WALKED, "coalesce(d.version, '')")        \
    X("revision", "status.revision", INTEGER, NULL, SORTABLE, WALKED, "d.revision")                \
    X("stable_revision", "status.stable_revision", INTEGER, NULL, SORTABLE, WALKED,                \
      "d.stable_revision")                                                                         \
    X("generation", SAME, INTEGER, NULL, SORTABLE, WALKED, "d.generation")                         \
    X("observed_generation", "status.observed_generation", INTEGER, NULL, UNSORTED, WALKED,        \
      "d.observed_generation")                                                                     \
    X("index", SAME, INTEGER, NULL, SORTABLE, WALKED, "d.at_index")                                \
    X("replicas", "spec.replicas", INTEGER, NULL, SORTABLE, WALKED, "d.replicas")                  \
    X("desired", "status.desired", INTEGER, NULL, SORTABLE, WALKED, "d.desired")                   \
    X("updated", "status.updated", INTEGER, NULL, SORTABLE, WALKED, "d.updated")                   \
    X("ready", "status.ready", INTEGER, NULL, SORTABLE, WALKED, "d.ready")                         \
    X("available", "status.available", INTEGER, NULL, SORTABLE, WALKED, "d.available")             \
    X("total", "status.total", INTEGER, NULL, SORTABLE, WALKED, "d.total")                         \
    X("paused", "spec.paused", BOOLEAN, NULL, UNSORTED, WALKED, "d.paused")                        \
    X("lifecycle", UNSHOWN, WORD, deployment_lifecycle_words, UNSORTED, WALKED, "d.lifecycle")     \
    X("strategy", "spec.strategy.type", WORD, strategy_type_words, UNSORTED, WALKED,               \
      "coalesce(json_extract(d.settings, '$.strategy.type'), 'rolling')")                          \
    X("rollout", "status.rollout.state", WORD, rollout_state_words, UNSORTED, WALKED,              \
      "iif(d.rollout_id = 0, '', d.rollout_state)")                                                \
    X("created_at", SAME, TIME, NULL, SORTABLE, WALKED, "d.created_at")                            \
    X("created_by", SAME, TEXT, NULL, SORTABLE, WALKED, "coalesce(d.created_by, '')")              \
    X("updated_at", SAME, TIME, NULL, SORTABLE, WALKED, "d.updated_at")                            \
    X("updated_by", SAME, TEXT, NULL, SORTABLE, WALKED, "coalesce(d.updated_by, '')")              \
    X("cpu_millis", "spec.template.resources.cpu_millis", INTEGER, NULL, UNSORTED, WALKED,         \
      IN_TEMPLATE("resources.cpu_millis", "0"))                                                    \
    X("memory_mib", "spec.template.resources.memory_mib", INTEGER, NULL, UNSORTED, WALKED,         \
      IN_TEMPLATE("resources.memory_mib", "0"))                                                    \
    X("gpus", "spec.template.resources.gpus", INTEGER, NULL, UNSORTED, WALKED,                     \
      IN_TEMPLATE("resources.gpus", "0"))                                                          \
    X("instance_type", "spec.template.instance_type", TEXT, NULL, UNSORTED, WALKED,                \
      IN_TEMPLATE("instance_type", "''"))                                                          \
    X("image", "spec.template.image", TEXT, NULL, UNSORTED, WALKED, IN_TEMPLATE("image", "''"))

static const struct filter_field deployment_items[] = {DEPLOYMENT_FIELDS(AS_FIELD)};
static const struct listing_column deployment_columns[] = {DEPLOYMENT_FIELDS(AS_COLUMN)};
const struct filter_fields deployment_fields = FIELDS_OF(deployment, true);
const struct listing deployment_listing = {
    .fields = &deployment_fields,
    .columns = deployment_columns,
    .from = "deployments AS d",
    .keys = {{"d.cluster", true}, {"d.name", true}},
    .key_count = 2,
    .state = "state",
    .cluster = "d.cluster",
    .cluster_ordered = true,
    .uid = "d.uid",
    .labels = LISTING_DEPLOYMENT_LABELS,
    .search = {"d.name", "coalesce(d.description, '')"},
};

/* ---- replicas ---- */

/* presence_of_node_state(); a node that is gone took its replicas with it. */
#define PRESENCE                                                                                   \
    "iif(p.node IS NULL, 'present', coalesce((SELECT "                                             \
    "CASE s.state WHEN 'ready' THEN 'present' WHEN 'suspect' THEN 'unknown' ELSE 'lost' END "      \
    "FROM nodes AS s WHERE s.name = p.node), 'lost'))"

#define REPLICA_FIELDS(X)                                                                          \
    X("id", SAME, TEXT, NULL, SORTABLE, INDEXED, "p.id")                                           \
    X("deployment", SAME, TEXT, NULL, SORTABLE, WALKED, "p.deployment")                            \
    X("cluster", SAME, TEXT, NULL, SORTABLE, INDEXED, "p.cluster")                                 \
    X("revision", SAME, INTEGER, NULL, SORTABLE, WALKED, "p.revision")                             \
    X("node", SAME, TEXT, NULL, SORTABLE, WALKED, "coalesce(p.node, '')")                          \
    X("wanted", SAME, WORD, replica_wanted_words, UNSORTED, WALKED, "p.wanted")                    \
    X("state", SAME, WORD, replica_phase_words, SORTABLE, INDEXED, "p.phase")                      \
    X("presence", SAME, WORD, replica_presence_words, UNSORTED, WALKED, PRESENCE)                  \
    X("ready", SAME, BOOLEAN, NULL, UNSORTED, WALKED, "p.ready")                                   \
    X("available", SAME, BOOLEAN, NULL, UNSORTED, WALKED, "p.available")                           \
    X("attempt", SAME, INTEGER, NULL, SORTABLE, WALKED, "p.attempt")                               \
    X("restarts", SAME, INTEGER, NULL, SORTABLE, WALKED, "p.restarts")                             \
    X("address", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(p.address, '')")                    \
    X("pid", SAME, INTEGER, NULL, UNSORTED, WALKED, "p.pid")                                       \
    X("reason", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(p.reason, '')")                      \
    X("created_at", SAME, TIME, NULL, SORTABLE, WALKED, "p.created_at")                            \
    X("started_at", SAME, TIME, NULL, SORTABLE, WALKED, "p.started_at")                            \
    X("ended_at", SAME, TIME, NULL, SORTABLE, WALKED, "p.ended_at")                                \
    X("cpu_millis", "resources.cpu_millis", INTEGER, NULL, SORTABLE, WALKED, "p.cpu_millis")       \
    X("memory_mib", "resources.memory_mib", INTEGER, NULL, SORTABLE, WALKED, "p.memory_mib")       \
    X("gpus", "resources.gpus", INTEGER, NULL, SORTABLE, WALKED, "p.gpus")

static const struct filter_field replica_items[] = {REPLICA_FIELDS(AS_FIELD)};
static const struct listing_column replica_columns[] = {REPLICA_FIELDS(AS_COLUMN)};
const struct filter_fields replica_fields = FIELDS_OF(replica, true);
const struct listing replica_listing = {
    .fields = &replica_fields,
    .columns = replica_columns,
    .from = "replicas AS p",
    .keys = {{"p.number", false}},
    .key_count = 1,
    .state = "state",
    .cluster = "p.cluster",
    .cluster_ordered = true,
    .uid = "p.uid",
    .labels = LISTING_DEPLOYMENT_LABELS,
    .search = {"p.id", "coalesce(p.node, '')", "coalesce(p.reason, '')"},
    .narrow = "p.number",
};

/* ---- nodes ---- */

#define NODE_FIELDS(X)                                                                             \
    X("name", SAME, TEXT, NULL, SORTABLE, INDEXED, "n.name")                                       \
    X("cluster", SAME, TEXT, NULL, SORTABLE, INDEXED, "n.cluster")                                 \
    X("state", SAME, WORD, node_state_words, SORTABLE, WALKED, "n.state")                          \
    X("reason", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(n.state_reason, '')")                \
    X("schedulable", SAME, BOOLEAN, NULL, UNSORTED, WALKED, "n.schedulable")                       \
    X("draining", SAME, BOOLEAN, NULL, UNSORTED, WALKED, "n.draining")                             \
    X("agent_version", SAME, TEXT, NULL, SORTABLE, WALKED, "coalesce(n.agent_version, '')")        \
    X("boot_id", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(n.boot_id, '')")                    \
    X("address", SAME, TEXT, NULL, SORTABLE, WALKED, "coalesce(n.address, '')")                    \
    X("registered_at", SAME, TIME, NULL, SORTABLE, WALKED, "n.registered_at")                      \
    X("cpu_millis", "capacity.cpu_millis", INTEGER, NULL, SORTABLE, WALKED, "n.cpu_millis")        \
    X("memory_mib", "capacity.memory_mib", INTEGER, NULL, SORTABLE, WALKED, "n.memory_mib")        \
    X("gpus", "capacity.gpus", INTEGER, NULL, SORTABLE, WALKED, "n.gpus")

static const struct filter_field node_items[] = {NODE_FIELDS(AS_FIELD)};
static const struct listing_column node_columns[] = {NODE_FIELDS(AS_COLUMN)};
const struct filter_fields node_fields = FIELDS_OF(node, true);
const struct listing node_listing = {
    .fields = &node_fields,
    .columns = node_columns,
    .from = "nodes AS n",
    .keys = {{"n.name", true}},
    .key_count = 1,
    .state = "state",
    .cluster = "n.cluster",
    .cluster_ordered = true,
    .labels = LISTING_JSON_LABELS,
    .json_labels = "n.labels",
    .search = {"n.name", "coalesce(n.address, '')"},
};

/* ---- events: only ever in the order of their index ---- */

#define EVENT_FIELDS(X)                                                                            \
    X("index", SAME, INTEGER, NULL, UNSORTED, INDEXED, "e.at_index")                               \
    X("at", SAME, TIME, NULL, UNSORTED, WALKED, "e.at")                                            \
    X("actor", SAME, TEXT, NULL, UNSORTED, WALKED, "e.actor")                                      \
    X("request_id", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(e.request_id, '')")              \
    X("kind", SAME, TEXT, NULL, UNSORTED, WALKED, "e.kind")                                        \
    X("cluster", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(e.cluster, '')")                    \
    X("name", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(e.name, '')")                          \
    X("reason", SAME, TEXT, NULL, UNSORTED, WALKED, "e.reason")                                    \
    X("message", SAME, TEXT, NULL, UNSORTED, WALKED, "e.message")

static const struct filter_field event_items[] = {EVENT_FIELDS(AS_FIELD)};
static const struct listing_column event_columns[] = {EVENT_FIELDS(AS_COLUMN)};
const struct filter_fields event_fields = FIELDS_OF(event, true);
const struct listing event_listing = {
    .fields = &event_fields,
    .columns = event_columns,
    .from = "events AS e",
    .keys = {{"e.at_index", false}},
    .key_count = 1,
    .newest_first = true,
    .cluster = "e.cluster",
    .cluster_ordered = true,
    .uid = "e.uid",
    .labels = LISTING_DEPLOYMENT_LABELS,
    .search = {"coalesce(e.name, '')", "e.message"},
};

/* ---- revisions, always of one deployment ---- */

#define REVISION_FIELDS(X)                                                                         \
    X("number", SAME, INTEGER, NULL, SORTABLE, WALKED, "v.number")                                 \
    X("version", SAME, TEXT, NULL, SORTABLE, WALKED, "coalesce(v.version, '')")                    \
    X("template_hash", SAME, TEXT, NULL, UNSORTED, WALKED, "v.template_hash")                      \
    X("created_at", SAME, TIME, NULL, SORTABLE, WALKED, "v.created_at")                            \
    X("created_by", SAME, TEXT, NULL, SORTABLE, WALKED, "coalesce(v.created_by, '')")              \
    X("change_cause", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(v.change_cause, '')")          \
    X("source", SAME, WORD, revision_source_words, UNSORTED, WALKED, "v.source")                   \
    X("copy_of", SAME, INTEGER, NULL, UNSORTED, WALKED, "v.copy_of")                               \
    X("outcome", SAME, WORD, revision_outcome_words, SORTABLE, WALKED, "v.outcome")                \
    X("proven", SAME, BOOLEAN, NULL, UNSORTED, WALKED, "v.proven")                                 \
    X("pinned", SAME, BOOLEAN, NULL, UNSORTED, WALKED, "v.pinned")

static const struct filter_field revision_items[] = {REVISION_FIELDS(AS_FIELD)};
static const struct listing_column revision_columns[] = {REVISION_FIELDS(AS_COLUMN)};
const struct filter_fields revision_fields = FIELDS_OF(revision, false);
const struct listing revision_listing = {
    .fields = &revision_fields,
    .columns = revision_columns,
    .from = "revisions AS v",
    .keys = {{"v.number", false}},
    .key_count = 1,
    .newest_first = true,
    .state = "outcome",
    .uid = "v.uid",
    .search = {"coalesce(v.version, '')", "coalesce(v.change_cause, '')", "v.tags"},
};

/* ---- rollouts ---- */

#define ROLLOUT_FIELDS(X)                                                                          \
    X("id", SAME, INTEGER, NULL, SORTABLE, WALKED, "o.id")                                         \
    X("deployment", SAME, TEXT, NULL, SORTABLE, WALKED, "d.name")                                  \
    X("cluster", SAME, TEXT, NULL, SORTABLE, WALKED, "d.cluster")                                  \
    X("from_revision", SAME, INTEGER, NULL, UNSORTED, WALKED, "o.from_revision")                   \
    X("to_revision", SAME, INTEGER, NULL, UNSORTED, WALKED, "o.to_revision")                       \
    X("rollback_revision", SAME, INTEGER, NULL, UNSORTED, WALKED, "o.rollback_revision")           \
    X("strategy", SAME, WORD, strategy_type_words, UNSORTED, WALKED, "o.strategy")                 \
    X("state", SAME, WORD, rollout_state_words, SORTABLE, INDEXED, "o.state")                      \
    X("reason", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(o.reason, '')")                      \
    X("message", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(o.message, '')")                    \
    X("direct", SAME, BOOLEAN, NULL, UNSORTED, WALKED, "o.direct")                                 \
    X("failed_replica", SAME, TEXT, NULL, UNSORTED, WALKED, "coalesce(o.failed_replica, '')")      \
    X("started_at", SAME, TIME, NULL, SORTABLE, WALKED, "o.started_at")                            \
    X("finished_at", SAME, TIME, NULL, SORTABLE, WALKED, "o.finished_at")

static const struct filter_field rollout_items[] = {ROLLOUT_FIELDS(AS_FIELD)};
static const struct listing_column rollout_columns[] = {ROLLOUT_FIELDS(AS_COLUMN)};
const struct filter_fields rollout_fields = FIELDS_OF(rollout, true);
#define ROLLOUTS                                                                                   \
    .fields = &rollout_fields, .columns = rollout_columns,                                         \
    .from = "rollouts AS o CROSS JOIN deployments AS d", .join = "d.uid = o.uid",                  \
    .from_cluster = "deployments AS d CROSS JOIN rollouts AS o", .newest_first = true,             \
    .state = "state", .cluster = "d.cluster", .uid = "o.uid", .labels = LISTING_DEPLOYMENT_LABELS, \
    .search = {"d.name", "coalesce(o.reason, '')", "coalesce(o.message, '')"}
const struct listing rollout_listing = {
    ROLLOUTS,
    .keys = {{"o.uid", true}, {"o.id", false}},
    .key_count = 2,
    .own_sort = "started_at",
};
const struct listing deployment_rollout_listing = {
    ROLLOUTS,
    .keys = {{"o.id", false}},
    .key_count = 1,
};

/* ---- tokens ---- */

#define TOKEN_FIELDS(X)                                                                            \
    X("id", SAME, TEXT, NULL, SORTABLE, INDEXED, "t.id")                                           \
    X("name", SAME, TEXT, NULL, SORTABLE, WALKED, "t.name")                                        \
    X("scope", SAME, WORD, token_scope_words, SORTABLE, WALKED, "t.scope")                         \
    X("cluster", SAME, TEXT, NULL, SORTABLE, WALKED, "coalesce(t.cluster, '')")                    \
    X("node", SAME, TEXT, NULL, SORTABLE, WALKED, "coalesce(t.node, '')")                          \
    X("created_at", SAME, TIME, NULL, SORTABLE, WALKED, "t.created_at")                            \
    X("expires_at", SAME, TIME, NULL, SORTABLE, WALKED, "t.expires_at")

static const struct filter_field token_items[] = {TOKEN_FIELDS(AS_FIELD)};
static const struct listing_column token_columns[] = {TOKEN_FIELDS(AS_COLUMN)};
const struct filter_fields token_fields = FIELDS_OF(token, false);
const struct listing token_listing = {
    .fields = &token_fields,
    .columns = token_columns,
    .from = "tokens AS t",
    .keys = {{"t.id", true}},
    .key_count = 1,
    .cluster = "t.cluster",
    .cluster_ordered = false,
    .search = {"t.id", "t.name"},
};
/* clang-format on */
