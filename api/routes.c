/* routes.c: the route table. The order of rows matters nowhere: no path fits two patterns. */
#include "api/routes.h"

#include "api/handlers.h"
#include "store/listing.h"
#include "wire/objects.h"

#include <assert.h>

const char *const method_words[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
const char *const route_scope_words[] = {"none",  "open", "read", "deploy", "operate",
                                         "admin", "join", "node", "any",    NULL};

#define GET(pattern_, scope_, place_, id_, ...)                                                    \
    {                                                                                              \
        .method = METHOD_GET, .pattern = pattern_, .scope = scope_, .place = place_,               \
        .operation_id = id_, __VA_ARGS__                                                           \
    }
#define WRITE(method_, pattern_, scope_, id_, ...)                                                 \
    {                                                                                              \
        .method = METHOD_##method_, .pattern = pattern_, .scope = scope_, .place = PLACE_WRITER,   \
        .operation_id = id_, __VA_ARGS__                                                           \
    }
#define FACET(kind_) .has_facet = true, .facet = FACET_##kind_
#define LIST_FACET(list_) FACET(LIST), .list = LIST_OF_##list_
#define ITEM(type_) .item = &type_##_type
#define PAGE(type_) ITEM(type_), .page = true
#define TABLE(type_) PAGE(type_), .listing = &type_##_listing, .decode = list_decode
/* Of every table, behind those that not each of them has. */
#define OF_TABLES "q,search,count,limit,cursor"

#define DEPLOYMENT "/v1/deployments/{name}"
#define ACTION(word_, id_)                                                                         \
    WRITE(POST, DEPLOYMENT "/" #word_, SCOPE_DEPLOY, id_, .parameters = "cluster",                 \
          .decode = deployment_action_decode, .apply = deployment_##word_##_apply)
#define NODE "/v1/nodes/{node}"
#define TOKEN "/v1/tokens/{token}"

const struct route routes[] = {
    GET("/v1/deployments", SCOPE_READ, PLACE_READER, "listDeployments", LIST_FACET(DEPLOYMENTS),
        TABLE(deployment), .parameters = "cluster,selector,state,sort," OF_TABLES,
        .read = deployments_list_read),
    WRITE(POST, "/v1/deployments", SCOPE_DEPLOY, "createDeployment", .parameters = "cluster",
          .decode = deployment_create_decode, .apply = deployment_create_apply),
    GET(DEPLOYMENT, SCOPE_READ, PLACE_LOOP, "getDeployment", FACET(DEPLOYMENT), .cacheable = true,
        ITEM(deployment), .parameters = "cluster", .read = deployment_read),
    WRITE(PUT, DEPLOYMENT, SCOPE_DEPLOY, "applyDeployment", .parameters = "cluster,force",
          .decode = deployment_put_decode, .apply = deployment_put_apply),
    WRITE(PATCH, DEPLOYMENT, SCOPE_DEPLOY, "patchDeployment", .parameters = "cluster,force",
          .decode = deployment_patch_decode, .apply = deployment_patch_apply),
    WRITE(DELETE, DEPLOYMENT, SCOPE_DEPLOY, "deleteDeployment", .parameters = "cluster",
          .apply = deployment_delete_apply),
    GET(DEPLOYMENT "/status", SCOPE_READ, PLACE_LOOP, "getDeploymentStatus", FACET(DEPLOYMENT),
        .cacheable = true, .parameters = "cluster", .read = deployment_status_read),
    GET(DEPLOYMENT "/explain", SCOPE_READ, PLACE_PLANNER, "explainDeployment",
        .parameters = "cluster", .read = deployment_explain_read),
    GET(DEPLOYMENT "/wait", SCOPE_READ, PLACE_LOOP, "waitForDeployment", FACET(DEPLOYMENT),
        .goal = "for", .parameters = "cluster,for", .decode = deployment_wait_decode,
        .read = deployment_wait_read),
    GET(DEPLOYMENT "/endpoints", SCOPE_READ, PLACE_READER, "listDeploymentEndpoints",
        FACET(ENDPOINTS), .cacheable = true, .parameters = "cluster", .read = endpoints_read),
    GET(DEPLOYMENT "/events", SCOPE_READ, PLACE_READER, "listDeploymentEvents", FACET(EVENTS),
        PAGE(event), .listing = &event_listing, .parameters = "cluster,after," OF_TABLES,
        .decode = events_decode, .read = deployment_events_read),
    GET(DEPLOYMENT "/replicas", SCOPE_READ, PLACE_READER, "listDeploymentReplicas",
        FACET(DEPLOYMENT), TABLE(replica), .parameters = "cluster,state,sort," OF_TABLES,
        .read = deployment_replicas_read),
    GET(DEPLOYMENT "/probes", SCOPE_READ, PLACE_READER, "listDeploymentProbes",
        .parameters = "cluster,window_seconds,limit,cursor", .decode = deployment_probes_decode,
        .read = deployment_probes_read),
    GET(DEPLOYMENT "/uptime", SCOPE_READ, PLACE_LOOP, "getDeploymentUptime",
        .parameters = "cluster,window_seconds", .decode = window_decode,
        .read = deployment_uptime_read),
    GET(DEPLOYMENT "/revisions", SCOPE_READ, PLACE_READER, "listRevisions", FACET(DEPLOYMENT),
        TABLE(revision), .parameters = "cluster,state,sort," OF_TABLES,
        .read = revisions_list_read),
    GET(DEPLOYMENT "/revisions/{revision}", SCOPE_READ, PLACE_LOOP, "getRevision",
        FACET(DEPLOYMENT), ITEM(revision), .parameters = "cluster", .read = revision_read),
    {.method = METHOD_POST,
     .pattern = DEPLOYMENT "/plan",
     .scope = SCOPE_DEPLOY,
     .place = PLACE_PLANNER,
     .operation_id = "planDeployment",
     .parameters = "cluster",
     .decode = deployment_plan_decode,
     .read = deployment_plan_read},
    WRITE(PATCH, DEPLOYMENT "/revisions/{revision}", SCOPE_DEPLOY, "markRevision",
          .parameters = "cluster", .decode = revision_patch_decode, .apply = revision_patch_apply),
    GET(DEPLOYMENT "/revisions/{revision}/diff", SCOPE_READ, PLACE_PLANNER, "diffRevision",
        .parameters = "cluster,against", .decode = revision_diff_decode,
        .read = revision_diff_read),
    GET(DEPLOYMENT "/rollouts", SCOPE_READ, PLACE_READER, "listDeploymentRollouts",
        FACET(DEPLOYMENT), PAGE(rollout), .listing = &deployment_rollout_listing,
        .decode = list_decode, .parameters = "cluster,state,sort," OF_TABLES,
        .read = deployment_rollouts_read),
    GET(DEPLOYMENT "/rollouts/{rollout}", SCOPE_READ, PLACE_LOOP, "getRollout", FACET(DEPLOYMENT),
        ITEM(rollout), .goal = "until", .parameters = "cluster,until", .decode = rollout_decode,
        .read = rollout_read),
    WRITE(PUT, DEPLOYMENT "/scale", SCOPE_DEPLOY, "scaleDeployment", .parameters = "cluster",
          .decode = deployment_scale_decode, .apply = deployment_scale_apply),
    WRITE(POST, DEPLOYMENT "/rollback", SCOPE_DEPLOY, "rollBackDeployment",
          .parameters = "cluster,force", .decode = deployment_rollback_decode,
          .apply = deployment_rollback_apply),
    ACTION(pause, "pauseDeployment"),
    ACTION(resume, "resumeDeployment"),
    ACTION(restart, "restartDeployment"),
    ACTION(abort, "abortRollout"),
    ACTION(retry, "retryRollout"),
    ACTION(terminate, "terminateDeployment"),
    ACTION(start, "startDeployment"),
    WRITE(POST, DEPLOYMENT "/promote", SCOPE_DEPLOY, "promoteRollout", .parameters = "cluster",
          .decode = deployment_promote_decode, .apply = deployment_promote_apply),

    GET("/v1/replicas", SCOPE_READ, PLACE_READER, "listReplicas", LIST_FACET(REPLICAS),
        TABLE(replica), .parameters = "cluster,selector,state,sort," OF_TABLES,
        .read = replicas_list_read),
    GET("/v1/replicas/{replica}", SCOPE_READ, PLACE_LOOP, "getReplica", LIST_FACET(REPLICAS),
        ITEM(replica), .read = replica_read),
    GET("/v1/replicas/{replica}/live", SCOPE_READ, PLACE_LOOP, "getReplicaLive",
        .read = replica_live_read),
    GET("/v1/replicas/{replica}/probes", SCOPE_READ, PLACE_READER, "getReplicaProbes",
        .parameters = "window_seconds", .decode = window_decode, .read = replica_probes_read),

    GET("/v1/nodes", SCOPE_READ, PLACE_READER, "listNodes", LIST_FACET(NODES), TABLE(node),
        .parameters = "cluster,selector,state,sort," OF_TABLES, .read = nodes_list_read),
    GET(NODE, SCOPE_READ, PLACE_LOOP, "getNode", FACET(NODE), ITEM(node), .read = node_read),
    GET(NODE "/live", SCOPE_READ, PLACE_READER, "getNodeLive", .read = node_live_read),
    WRITE(PUT, NODE, SCOPE_JOIN, "registerNode", .worker = true, .decode = node_register_decode,
          .apply = node_register_apply),
    WRITE(POST, NODE "/rejoin", SCOPE_OPERATE, "allowNodeRejoin", .decode = node_rejoin_decode,
          .apply = node_rejoin_apply),
    WRITE(POST, NODE "/stop-unknown", SCOPE_OPERATE, "stopUnknownReplicas", .parameters = "replica",
          .decode = node_stop_unknown_decode, .apply = node_stop_unknown_apply),
    WRITE(DELETE, NODE, SCOPE_OPERATE, "removeNode", .parameters = "force",
          .decode = node_remove_decode, .apply = node_remove_apply),
    GET(NODE "/assignments", SCOPE_NODE, PLACE_LOOP, "getAssignments", FACET(ASSIGNMENTS),
        .worker = true, .decode = assignments_decode, .read = assignments_read),
    WRITE(POST, NODE "/report", SCOPE_NODE, "reportReplicas", .worker = true,
          .decode = report_decode_request, .apply = report_apply),

    GET("/v1/events", SCOPE_READ, PLACE_READER, "listEvents", FACET(EVENTS), PAGE(event),
        .listing = &event_listing, .parameters = "cluster,selector,after," OF_TABLES,
        .decode = events_decode, .read = events_read),

    GET("/v1/rollouts", SCOPE_READ, PLACE_READER, "listRollouts", LIST_FACET(ROLLOUTS),
        TABLE(rollout), .parameters = "cluster,selector,state,sort," OF_TABLES,
        .read = rollouts_list_read),

    GET("/v1/summary", SCOPE_READ, PLACE_READER, "getSummary", LIST_FACET(FLEET), ITEM(summary),
        .parameters = "cluster", .read = summary_read_counts),
    GET("/v1/clusters", SCOPE_READ, PLACE_READER, "listClusters", LIST_FACET(FLEET),
        PAGE(cluster_summary), .parameters = "cluster,limit,cursor", .decode = clusters_decode,
        .read = clusters_list_read),
    GET("/v1/labels", SCOPE_READ, PLACE_READER, "listLabels", LIST_FACET(DEPLOYMENTS),
        PAGE(label_key), .parameters = "cluster,key,prefix,limit,cursor", .decode = labels_decode,
        .read = labels_list_read),

    {.method = METHOD_POST,
     .pattern = "/v1/backup",
     .scope = SCOPE_ADMIN,
     .place = PLACE_BACKUP,
     .operation_id = "createBackup",
     .all_clusters = true,
     .decode = backup_decode},

    GET("/v1/tokens", SCOPE_ADMIN, PLACE_READER, "listTokens", LIST_FACET(TOKENS), TABLE(token),
        .parameters = "cluster,sort," OF_TABLES, .read = tokens_list_read),
    WRITE(POST, "/v1/tokens", SCOPE_ADMIN, "createToken", .decode = token_create_decode,
          .apply = token_create_apply),
    GET(TOKEN, SCOPE_ADMIN, PLACE_LOOP, "getToken", LIST_FACET(TOKENS), ITEM(token),
        .any_slash = true, .read = token_read),
    WRITE(DELETE, TOKEN, SCOPE_ADMIN, "revokeToken", .any_slash = true,
          .apply = token_revoke_apply),
    WRITE(POST, TOKEN "/rotate", SCOPE_ADMIN, "rotateToken", .any_slash = true,
          .decode = token_rotate_decode, .apply = token_rotate_apply),
    GET("/v1/whoami", SCOPE_ANY, PLACE_LOOP, "whoAmI", .read = whoami_read),

    GET("/v1/sd/prometheus", SCOPE_READ, PLACE_PLANNER, "listPrometheusTargets",
        .parameters = "cluster", .read = prometheus_targets_read),
    GET("/metrics", SCOPE_READ, PLACE_READER, "getMetrics", .all_clusters = true, .metrics = true,
        .read = metrics_read),
    GET("/livez", SCOPE_OPEN, PLACE_LOOP, "getLiveness", .read = livez_read),
    GET("/readyz", SCOPE_OPEN, PLACE_LOOP, "getReadiness", .read = readyz_read),
    GET("/version", SCOPE_OPEN, PLACE_LOOP, "getVersion", .read = version_read),
    GET("/openapi.yaml", SCOPE_OPEN, PLACE_LOOP, "getOpenapi", .read = file_read),
    GET("/openapi.json", SCOPE_OPEN, PLACE_LOOP, "getOpenapiJson", .read = file_read),
    GET("/v1/schema/deployment.json", SCOPE_OPEN, PLACE_LOOP, "getDeploymentSchema",
        .read = file_read),
    GET("/docs", SCOPE_OPEN, PLACE_LOOP, "getDocs", .read = file_read),
    GET("/docs/viewer.js", SCOPE_OPEN, PLACE_LOOP, "getDocsScript", .read = file_read),
    GET("/docs/viewer.css", SCOPE_OPEN, PLACE_LOOP, "getDocsStyle", .read = file_read),
};
const size_t route_count = sizeof routes / sizeof routes[0];

/* What a worker reports has happened: there is nothing to try. */
static bool may_be_tried(const struct route *route)
{
    return route->place == PLACE_WRITER && route->scope != SCOPE_NODE;
}

const char *route_common_parameters(const struct route *route)
{
    if (may_be_tried(route)) return "dry_run";
    if (route->item != NULL) return route->has_facet ? "index,wait_seconds,fields" : "fields";
    return route->has_facet ? "index,wait_seconds" : NULL;
}

/* A question that needs a body is a POST, and only reads. */
static bool handlers_fit(const struct route *route)
{
    if (route->place == PLACE_WRITER)
        return route->apply != NULL && route->read == NULL && route->method != METHOD_GET;
    if (route->place == PLACE_BACKUP)
        return route->apply == NULL && route->read == NULL && route->method == METHOD_POST;
    bool asks = route->method == METHOD_GET ||
                (route->method == METHOD_POST && route->place == PLACE_PLANNER);
    return route->read != NULL && route->apply == NULL && asks;
}

static bool facet_fits(const struct route *route)
{
    bool is_list = route->has_facet && route->facet == FACET_LIST;
    if (is_list != (route->list != LIST_OF_NONE)) return false;
    if (route->cacheable && !route->has_facet) return false;
    return !(route->has_facet && route->place == PLACE_WRITER);
}

static size_t params_of(const char *pattern)
{
    size_t count = 0;
    for (const char *c = pattern; *c != '\0'; c++)
        if (*c == '{') count++;
    return count;
}

/* The same operation id, or the same method and pattern, in an earlier row. */
static bool is_repeated(size_t row)
{
    for (size_t i = 0; i < row; i++) {
        if (text_equal(routes[i].operation_id, routes[row].operation_id)) return true;
        if (routes[i].method == routes[row].method &&
            text_equal(routes[i].pattern, routes[row].pattern))
            return true;
    }
    return false;
}

static const char *row_problem(size_t row)
{
    const struct route *route = &routes[row];
    if (route->scope == SCOPE_NONE) return "it names no scope";
    if (!handlers_fit(route)) return "its handlers do not fit its place and method";
    if (!facet_fits(route)) return "its facet does not fit";
    if (route->operation_id == NULL) return "it has no operation id";
    if (params_of(route->pattern) > ROUTE_PARAMS_MAX) return "it has too many path parameters";
    if (is_repeated(row)) return "it is there twice";
    return NULL;
}

enum err_code routes_check(struct err *err)
{
    for (size_t i = 0; i < route_count; i++) {
        const char *problem = row_problem(i);
        if (problem != NULL)
            return err_set(err, ERR_INTERNAL, "route %s %s: %s", method_words[routes[i].method],
                           routes[i].pattern, problem);
    }
    return ERR_OK;
}

static const char *place_word(enum route_place place)
{
    switch (place) {
    case PLACE_LOOP:
        return "loop";
    case PLACE_READER:
        return "reader";
    case PLACE_PLANNER:
        return "planner";
    case PLACE_WRITER:
        return "writer";
    case PLACE_BACKUP:
        return "backup";
    }
    assert(false);
    return "";
}

void routes_print(struct text *text)
{
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &routes[i];
        text_printf(text, "%-6s %-45s %-7s %-7s %s", method_words[route->method], route->pattern,
                    route_scope_words[route->scope], place_word(route->place), route->operation_id);
        bool first = true;
        const char *lists[] = {route->parameters, route_common_parameters(route)};
        for (size_t j = 0; j < sizeof lists / sizeof lists[0]; j++) {
            if (lists[j] == NULL) continue;
            text_printf(text, "%c%s", first ? ' ' : ',', lists[j]);
            first = false;
        }
        text_add_char(text, '\n');
    }
}
