/* openapi.yaml is what the program does: its paths are the route table, its schemas the field
 * tables, and real answers of every route fit what it says of them. contract.py compares; it needs
 * Python's yaml (Debian: python3-yaml, so Debian's python3). */
#include "api/routes.h"
#include "openapi/files.h"
#include "store/listing.h"
#include "support/api_fixture.h"
#include "wire/schema.h"

#include <criterion/criterion.h>
#include <sys/wait.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(contract, .init = open_fixture, .fini = close_fixture);

/* ---- the route table as JSON ---- */

static void write_names(struct json_writer *writer, const char *comma_list)
{
    char copy[256];
    if (comma_list == NULL) return;
    snprintf(copy, sizeof copy, "%s", comma_list);
    char *rest = copy;
    for (const char *name = strsep(&rest, ","); name != NULL; name = strsep(&rest, ","))
        json_string(writer, name);
}

/* What q= and sort= of a list know. */
static void write_listing(struct json_writer *writer, const struct listing *listing)
{
    const struct filter_fields *fields = listing_fields(listing);
    json_key(writer, "filter_fields");
    json_object_begin(writer);
    for (size_t i = 0; i < fields->count; i++)
        json_put_string(writer, fields->items[i].name, filter_type_words[fields->items[i].type]);
    json_object_end(writer);
    json_key(writer, "sort_fields");
    json_array_begin(writer);
    for (size_t i = 0; i < fields->count; i++)
        if (fields->items[i].sortable) json_string(writer, fields->items[i].name);
    json_array_end(writer);
    json_key(writer, "states");
    json_array_begin(writer);
    int state = listing_state_field(listing);
    for (size_t i = 0; state >= 0 && fields->items[state].words[i] != NULL; i++)
        json_string(writer, fields->items[state].words[i]);
    json_array_end(writer);
}

static void write_route(struct json_writer *writer, const struct route *route)
{
    struct request request = {.route = route};
    json_object_begin(writer);
    json_put_string(writer, "method", method_words[route->method]);
    json_put_string(writer, "pattern", route->pattern);
    json_put_string(writer, "scope", route_scope_words[route->scope]);
    json_put_string(writer, "operation_id", route->operation_id);
    json_put_bool(writer, "takes_body", api_body_limit(&request) > 0);
    json_put_bool(writer, "takes_key", route->place == PLACE_WRITER && !route->worker);
    json_key(writer, "parameters");
    json_array_begin(writer);
    write_names(writer, route->parameters);
    write_names(writer, route_common_parameters(route));
    json_array_end(writer);
    if (route->listing != NULL) write_listing(writer, route->listing);
    json_object_end(writer);
}

static void write_routes(struct text *text)
{
    struct json_writer writer;
    json_writer_init(&writer, text);
    json_array_begin(&writer);
    for (size_t i = 0; i < route_count; i++)
        write_route(&writer, &routes[i]);
    json_array_end(&writer);
}

/* ---- every failure that is ever sent ---- */

static void write_error_codes(struct text *text)
{
    struct json_writer writer;
    json_writer_init(&writer, text);
    json_array_begin(&writer);
    for (enum err_code code = ERR_OK + 1; code < ERR_USAGE; code++) {
        /* A body of unknown length is read, as far as its limit. */
        if (code == ERR_LENGTH_REQUIRED) continue;
        json_object_begin(&writer);
        json_put_string(&writer, "code", err_slug(code));
        json_put_int(&writer, "status", err_status(code));
        json_put_string(&writer, "title", err_title(code));
        json_object_end(&writer);
    }
    json_array_end(&writer);
}

/* ---- answers of every route, good and bad ---- */

struct example {
    const char *operation;
    enum method method;
    const char *target, *body, *accept;
    bool by_node;
};

static const char rollback[] = "{\"revision\": 1, \"change_cause\": \"because\"}";
static const char token[] = "{\"name\": \"ci\", \"scope\": \"deploy\", \"cluster\": \"gpu\", "
                            "\"expires_in_seconds\": 60}";
static const char planned[] = "{\"spec\": {\"template\": {\"version\": \"9\", \"command\": "
                              "[\"x\"]}, \"strategy\": {\"type\": \"blue_green\"}}}";
static const char registration[] = "{\"token\": \"ttttttttttttttttttttttttttttttttttttttttttttt\", "
                                   "\"address\": \"10.0.0.8\", \"boot_id\": \"b\"}";
static const char bad_report[] = "{\"boot_id\": \"b1\", \"epoch\": 1, \"seq\": 3, \"changes\": "
                                 "[{\"id\": \"x-1\", \"attempt\": \"?\", \"state\": \"running\"}]}";
static const char empty_report[] = "{\"boot_id\": \"b1\", \"epoch\": 1, \"seq\": 4}";

#define WEB "/v1/deployments/web"
static const struct example examples[] = {
    {"listDeployments", METHOD_GET, "/v1/deployments", NULL, NULL, false},
    {"listDeployments", METHOD_GET, "/v1/deployments?limit=0", NULL, NULL, false},
    {"createDeployment", METHOD_POST, "/v1/deployments", "{}", NULL, false},
    {"getDeployment", METHOD_GET, WEB, NULL, NULL, false},
    {"getDeployment", METHOD_GET, "/v1/deployments/none", NULL, NULL, false},
    {"applyDeployment", METHOD_PUT, WEB, "{\"spec\": {}}", NULL, false},
    {"patchDeployment", METHOD_PATCH, WEB, "{\"labels\": {\"a\": \"b\"}}", NULL, false},
    {"patchDeployment", METHOD_PATCH, WEB "?dry_run=true", "{\"labels\": null}", NULL, false},
    {"patchDeployment", METHOD_PATCH, WEB, "{\"uid\": \"x\"}", NULL, false},
    {"getDeploymentStatus", METHOD_GET, WEB "/status", NULL, NULL, false},
    {"listDeploymentEndpoints", METHOD_GET, WEB "/endpoints", NULL, NULL, false},
    {"listDeploymentEndpoints", METHOD_GET, WEB "/endpoints", NULL, "text/plain", false},
    {"listDeploymentEvents", METHOD_GET, WEB "/events", NULL, NULL, false},
    {"listDeploymentReplicas", METHOD_GET, WEB "/replicas", NULL, NULL, false},
    {"listDeploymentProbes", METHOD_GET, WEB "/probes", NULL, NULL, false},
    {"getDeploymentUptime", METHOD_GET, WEB "/uptime", NULL, NULL, false},
    {"listRevisions", METHOD_GET, WEB "/revisions", NULL, NULL, false},
    {"getRevision", METHOD_GET, WEB "/revisions/latest", NULL, NULL, false},
    {"markRevision", METHOD_PATCH, WEB "/revisions/1", "{\"pinned\": true}", NULL, false},
    {"markRevision", METHOD_PATCH, WEB "/revisions/1", "{\"pinned\": 1}", NULL, false},
    {"diffRevision", METHOD_GET, WEB "/revisions/1/diff?against=spec", NULL, NULL, false},
    {"diffRevision", METHOD_GET, WEB "/revisions/1/diff", NULL, NULL, false},
    {"planDeployment", METHOD_POST, WEB "/plan", planned, NULL, false},
    {"planDeployment", METHOD_POST, WEB "/plan", "{}", NULL, false},
    {"explainDeployment", METHOD_GET, WEB "/explain", NULL, NULL, false},
    {"waitForDeployment", METHOD_GET, WEB "/wait?for=available", NULL, NULL, false},
    {"waitForDeployment", METHOD_GET, WEB "/wait?for=a", NULL, NULL, false},
    {"listDeploymentRollouts", METHOD_GET, WEB "/rollouts", NULL, NULL, false},
    {"listRollouts", METHOD_GET, "/v1/rollouts?count=true&q=id%20%3E%200", NULL, NULL, false},
    {"getRollout", METHOD_GET, WEB "/rollouts/1", NULL, NULL, false},
    {"getSummary", METHOD_GET, "/v1/summary", NULL, NULL, false},
    {"getSummary", METHOD_GET, "/v1/summary?fields=nodes.totl", NULL, NULL, false},
    {"listClusters", METHOD_GET, "/v1/clusters", NULL, NULL, false},
    {"listLabels", METHOD_GET, "/v1/labels", NULL, NULL, false},
    {"listLabels", METHOD_GET, "/v1/labels?key=team", NULL, NULL, false},
    {"listLabels", METHOD_GET, "/v1/labels?key=", NULL, NULL, false},
    {"scaleDeployment", METHOD_PUT, WEB "/scale", "{\"replicas\": 3}", NULL, false},
    {"rollBackDeployment", METHOD_POST, WEB "/rollback", rollback, NULL, false},
    {"pauseDeployment", METHOD_POST, WEB "/pause", "{}", NULL, false},
    {"resumeDeployment", METHOD_POST, WEB "/resume", NULL, NULL, false},
    {"restartDeployment", METHOD_POST, WEB "/restart", NULL, NULL, false},
    {"promoteRollout", METHOD_POST, WEB "/promote", "{\"full\": true}", NULL, false},
    {"promoteRollout", METHOD_POST, WEB "/promote", "{\"ful\": true}", NULL, false},
    {"abortRollout", METHOD_POST, WEB "/abort", NULL, NULL, false},
    {"retryRollout", METHOD_POST, WEB "/retry", "{\"a\": 1}", NULL, false},
    {"retryRollout", METHOD_POST, WEB "/retry", NULL, NULL, false},
    {"terminateDeployment", METHOD_POST, WEB "/terminate", NULL, NULL, false},
    {"startDeployment", METHOD_POST, WEB "/start", NULL, NULL, false},
    {"listReplicas", METHOD_GET, "/v1/replicas", NULL, NULL, false},
    {"getReplicaLive", METHOD_GET, "/v1/replicas/none/live", NULL, NULL, false},
    {"getReplicaProbes", METHOD_GET, "/v1/replicas/none/probes", NULL, NULL, false},
    {"listNodes", METHOD_GET, "/v1/nodes", NULL, NULL, false},
    {"getNode", METHOD_GET, "/v1/nodes/n1", NULL, NULL, false},
    {"getNodeLive", METHOD_GET, "/v1/nodes/n1/live", NULL, NULL, false},
    {"registerNode", METHOD_PUT, "/v1/nodes/n2", registration, NULL, false},
    {"registerNode", METHOD_PUT, "/v1/nodes/n2", registration, NULL, false},
    {"getAssignments", METHOD_GET, "/v1/nodes/n1/assignments", NULL, NULL, true},
    {"reportReplicas", METHOD_POST, "/v1/nodes/n1/report", bad_report, NULL, true},
    {"reportReplicas", METHOD_POST, "/v1/nodes/n1/report", empty_report, NULL, true},
    {"allowNodeRejoin", METHOD_POST, "/v1/nodes/n2/rejoin", NULL, NULL, false},
    {"createBackup", METHOD_POST, "/v1/backup", "{}", NULL, false}, /* what goes well has no JSON */
    {"stopUnknownReplicas", METHOD_POST, "/v1/nodes/n2/stop-unknown", NULL, NULL, false},
    {"allowNodeRejoin", METHOD_POST, "/v1/nodes/n2/rejoin", "{\"a\": 1}", NULL, false},
    {"removeNode", METHOD_DELETE, "/v1/nodes/n2?force=true", NULL, NULL, false},
    {"listEvents", METHOD_GET, "/v1/events", NULL, NULL, false},
    {"listTokens", METHOD_GET, "/v1/tokens", NULL, NULL, false},
    {"getToken", METHOD_GET, "/v1/tokens/node%2Fn1", NULL, NULL, false},
    {"createToken", METHOD_POST, "/v1/tokens", token, NULL, false},
    {"createToken", METHOD_POST, "/v1/tokens?dry_run=true", token, NULL, false},
    {"createToken", METHOD_POST, "/v1/tokens", "{\"scope\": \"node\"}", NULL, false},
    {"rotateToken", METHOD_POST, "/v1/tokens/read-token/rotate", NULL, NULL, false},
    {"rotateToken", METHOD_POST, "/v1/tokens/node%2Fn1/rotate", NULL, NULL, false},
    {"revokeToken", METHOD_DELETE, "/v1/tokens/admin-token", NULL, NULL, false},
    {"revokeToken", METHOD_DELETE, "/v1/tokens/read-token", NULL, NULL, false},
    {"whoAmI", METHOD_GET, "/v1/whoami", NULL, NULL, false},
    {"whoAmI", METHOD_GET, "/v1/whoami", NULL, NULL, true},
    {"listPrometheusTargets", METHOD_GET, "/v1/sd/prometheus", NULL, NULL, false},
    {"getMetrics", METHOD_GET, "/metrics", NULL, NULL, false},
    {"getMetrics", METHOD_GET, "/metrics", NULL, "application/openmetrics-text", false},
    {"getLiveness", METHOD_GET, "/livez", NULL, NULL, false},
    {"getReadiness", METHOD_GET, "/readyz", NULL, NULL, false},
    {"getVersion", METHOD_GET, "/version", NULL, NULL, false},
    {"getOpenapi", METHOD_GET, "/openapi.yaml", NULL, NULL, false},
    {"getOpenapiJson", METHOD_GET, "/openapi.json", NULL, NULL, false},
    {"getDeploymentSchema", METHOD_GET, "/v1/schema/deployment.json", NULL, NULL, false},
    {"getDocs", METHOD_GET, "/docs", NULL, NULL, false},
    {"getDocsScript", METHOD_GET, "/docs/viewer.js", NULL, NULL, false},
    {"getDocsStyle", METHOD_GET, "/docs/viewer.css", NULL, NULL, false},
    {"deleteDeployment", METHOD_DELETE, WEB, NULL, NULL, false},
};

static void write_answer(struct json_writer *writer, const char *operation,
                         const struct answer *answer)
{
    const char *type = answer->reply.content_type;
    json_object_begin(writer);
    json_put_string(writer, "operation", operation);
    json_put_int(writer, "status", answer->status);
    json_key(writer, "media_type");
    json_string_bytes(writer, type, strcspn(type, ";"));
    json_key(writer, "body");
    if (answer->json != NULL)
        json_value(writer, answer->json);
    else if (answer->text[0] != '\0')
        json_string(writer, answer->text);
    else
        json_null(writer);
    json_object_end(writer);
}

static struct answer ask(const struct example *example)
{
    struct call call = {.method = example->method,
                        .target = example->target,
                        .token =
                            example->by_node ? fixture_node_token(&fixture, "n1") : "admin-token",
                        .body = example->body,
                        .accept = example->accept};
    if (example->method == METHOD_PATCH) call.content_type = "application/merge-patch+json";
    return fixture_call(&fixture, &call);
}

/* Half of what a sample may have: the rest is shown as null. */
static void tell_sample(const char *id)
{
    const char *body = arena_printf(
        &fixture.arena,
        "{\"boot_id\": \"b1\", \"epoch\": 1, \"seq\": 0, \"samples\": [{\"id\": \"%s\", \"usage\": "
        "{\"cpu_millis\": 5}, \"probes\": {\"readiness\": {\"checks\": 1, \"last\": {}}, "
        "\"liveness\": {}}}]}",
        id);
    struct example report = {
        "reportReplicas", METHOD_POST, "/v1/nodes/n1/report", body, NULL, true};
    cr_assert_eq(ask(&report).status, 204);
}

static const struct {
    const char *operation, *tail;
} of_replica[] = {{"getReplica", ""}, {"getReplicaLive", "/live"}, {"getReplicaProbes", "/probes"}};

static void write_replica(struct json_writer *writer)
{
    struct answer list = fixture_get(&fixture, "/v1/replicas");
    const char *id = json_text_at(list.json, "items.0.id");
    tell_sample(id);
    for (size_t i = 0; i < sizeof of_replica / sizeof of_replica[0]; i++) {
        struct answer one = fixture_get(
            &fixture, arena_printf(&fixture.arena, "/v1/replicas/%s%s", id, of_replica[i].tail));
        cr_assert_eq(one.status, 200);
        write_answer(writer, of_replica[i].operation, &one);
    }
}

static void write_answers(struct text *text)
{
    struct json_writer writer;
    json_writer_init(&writer, text);
    json_array_begin(&writer);
    fixture_node(&fixture, "n1", "default");
    struct answer created = fixture_send(
        &fixture, METHOD_POST, "/v1/deployments",
        fixture_document(&fixture, "web", "1", 2,
                         ", \"env\": {\"A\": \"b\"}, \"probes\": {\"readiness\": {\"http\": {}}, "
                         "\"liveness\": {\"tcp\": {}}}"));
    write_answer(&writer, "createDeployment", &created);
    fixture_settle(&fixture);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
    write_replica(&writer);
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct answer answer = ask(&examples[i]);
        cr_assert_lt(answer.status, 500, "%s: %s", examples[i].target, answer.text);
        write_answer(&writer, examples[i].operation, &answer);
    }
    json_array_end(&writer);
}

Test(contract, every_route_has_an_example)
{
    for (size_t i = 0; i < route_count; i++) {
        bool found = text_equal(routes[i].operation_id, "getReplica");
        for (size_t j = 0; j < sizeof examples / sizeof examples[0]; j++)
            if (text_equal(routes[i].operation_id, examples[j].operation)) found = true;
        cr_assert(found, "%s", routes[i].operation_id);
    }
}

/* ---- comparing ---- */

static const char *save(const char *name, struct text *text)
{
    const char *path = arena_printf(&fixture.arena, "%s/%s", fixture.dir, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text_string(text), 1, text->length, file), text->length);
    fclose(file);
    return path;
}

Test(contract, is_what_the_program_does)
{
    struct text table, schema, answers, errors, served, differences;
    text_init(&table, &fixture.arena);
    text_init(&schema, &fixture.arena);
    text_init(&answers, &fixture.arena);
    text_init(&errors, &fixture.arena);
    text_init(&served, &fixture.arena);
    text_init(&differences, &fixture.arena);
    write_routes(&table);
    wire_print_schema(&schema);
    write_answers(&answers);
    write_error_codes(&errors);
    const struct openapi_file *json = openapi_file_find("openapi.json");
    text_append(&served, json->bytes, (size_t)(json->end - json->bytes));
    const char *command = arena_printf(
        &fixture.arena,
        "/usr/bin/python3 -B %s/tests/api/contract.py %s/openapi.yaml %s %s %s %s %s 2>&1",
        DOGSHORE_SOURCE_DIR, DOGSHORE_SOURCE_DIR, save("routes.json", &table),
        save("schema.json", &schema), save("answers.json", &answers), save("errors.json", &errors),
        save("openapi.json", &served));
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    char line[1024];
    while (fgets(line, sizeof line, pipe) != NULL)
        text_add(&differences, line);
    int status = pclose(pipe);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", text_string(&differences));
}
