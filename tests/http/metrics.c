/* GET /metrics of a real server: what is counted adds up over all threads, and what is told is what
 * docs/metrics.md lists and what packaging/ asks for. */
#include "server/metrics.h"

#include "base/arena.h"
#include "base/exposition.h"
#include "base/json.h"
#include "server/http_metrics.h"
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <pthread.h>

enum { CLIENTS = 8, EACH = 50 };

static struct http_server server;
static struct http_client client;
static struct http_reply scraped;

static void open_all(void)
{
    server = (struct http_server){.arguments = {"--log-level=debug", "--http-threads=4"}};
    http_server_start(&server);
    http_client_open(&client, &server);
}

static void close_all(void)
{
    http_reply_release(&scraped);
    http_client_close(&client);
    http_server_release(&server);
}

TestSuite(metrics, .init = open_all, .fini = close_all, .timeout = 240);

static int get(const char *path, const char *token, const char *accept)
{
    char line[256];
    snprintf(line, sizeof line, "Accept: %s", accept == NULL ? "*/*" : accept);
    const char *const headers[] = {line, NULL};
    http_reply_release(&scraped);
    http_do(&client, &(struct http_call){.path = path, .token = token, .headers = headers},
            &scraped);
    return scraped.status;
}

static void scrape(void)
{
    cr_assert_eq(get("/metrics", NULL, NULL), 200, "%s", scraped.error);
}

/* Of what was scraped last; -1 when it is not there. */
static double sample(const char *series)
{
    size_t length = strlen(series);
    for (const char *at = text_string(&scraped.body); (at = strstr(at, series)) != NULL; at++) {
        bool whole = (at == scraped.body.bytes || at[-1] == '\n') && at[length] == ' ';
        if (whole) return strtod(at + length, NULL);
    }
    return -1;
}

static void expect_sample(const char *series, double value)
{
    cr_expect_eq(sample(series), value, "%s is %g, not %g", series, sample(series), value);
}

/* ---- requests ---- */

#define REQUESTS "dogshore_http_requests_total"
#define STATUS_ROUTE "route=\"/v1/deployments/{name}/status\""

static void call_many(const char *method, const char *path)
{
    struct http_client own;
    http_client_open(&own, &server);
    for (int i = 0; i < EACH; i++) {
        struct http_reply reply;
        http_do(&own, &(struct http_call){.method = method, .path = path}, &reply);
        http_reply_release(&reply);
    }
    http_client_close(&own);
}

static void *load(void *ignored)
{
    (void)ignored;
    call_many("GET", "/v1/deployments/web/status");
    call_many("GET", "/v1/deployments/none/status");
    call_many("HEAD", "/v1/deployments/web/status");
    call_many("GET", "/no/such/path");
    call_many("DELETE", "/v1/deployments");
    return NULL;
}

Test(metrics, requests_of_many_threads_add_up)
{
    static const struct {
        const char *series;
        double value;
    } rows[] = {
        {REQUESTS "{method=\"GET\"," STATUS_ROUTE ",code=\"200\"}", CLIENTS * EACH},
        {REQUESTS "{method=\"GET\"," STATUS_ROUTE ",code=\"404\"}", CLIENTS * EACH},
        {REQUESTS "{method=\"HEAD\"," STATUS_ROUTE ",code=\"200\"}", CLIENTS * EACH},
        {REQUESTS "{method=\"GET\",route=\"other\",code=\"404\"}", CLIENTS * EACH},
        {REQUESTS "{method=\"DELETE\",route=\"other\",code=\"405\"}", CLIENTS * EACH},
        {REQUESTS "{method=\"PUT\",route=\"/v1/deployments/{name}\",code=\"201\"}", 1},
        {"dogshore_http_request_duration_seconds_count{method=\"GET\"," STATUS_ROUTE "}",
         2 * CLIENTS * EACH},
        {"dogshore_http_request_duration_seconds_bucket{method=\"GET\"," STATUS_ROUTE
         ",le=\"+Inf\"}",
         2 * CLIENTS * EACH},
    };
    pthread_t threads[CLIENTS];
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    http_settled_index(&server, "web");
    scrape();
    double before = sample(rows[0].series) < 0 ? 0 : sample(rows[0].series);
    double timed = sample(rows[6].series) < 0 ? 0 : sample(rows[6].series);
    for (int i = 0; i < CLIENTS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, load, NULL), 0);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    scrape();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_sample(rows[i].series, rows[i].value + (i == 0 ? before : i >= 6 ? timed : 0));
    cr_expect_gt(sample("dogshore_http_response_bytes_total"), 0);
    cr_expect_geq(sample("dogshore_http_connections"), 1);
}

Test(metrics, what_is_no_request_of_ours_is_counted_as_other)
{
    cr_assert_eq(http_server_stop(&server), 0);
    server.arguments[2] = "--max-connections-per-ip=1";
    http_server_start(&server);
    cr_assert_eq(get("/livez", NULL, NULL), 200);
    struct text reply;
    text_init(&reply, NULL);
    int fd = http_raw_open(&server);
    cr_assert_eq(http_raw_read_reply(fd, &reply), 429);
    close(fd);
    text_release(&reply);
    http_reply_release(&scraped);
    http_do(&client, &(struct http_call){.method = "BREW", .path = "/livez"}, &scraped);
    cr_assert_eq(scraped.status, 501);
    scrape();
    expect_sample(REQUESTS "{method=\"other\",route=\"other\",code=\"429\"}", 1);
    expect_sample(REQUESTS "{method=\"other\",route=\"other\",code=\"501\"}", 1);
}

static bool is_error_status(int status)
{
    for (int code = ERR_OK + 1; code < ERR_CODES; code++)
        if (err_status((enum err_code)code) == status) return true;
    return false;
}

/* Replies that went well have no table to compare with. */
Test(metrics, each_status_of_an_error_has_a_code_of_its_own_and_no_other_has)
{
    static const struct metric_family family = {.name = "requests",
                                                .type = METRIC_COUNTER,
                                                .help = "Requests.",
                                                .labels = {"method", "route", "code"}};
    struct arena arena;
    arena_init(&arena);
    for (int status = 400; status < 600; status++) {
        struct text text;
        struct exposition exposition;
        struct http_metrics metrics;
        const struct http_metrics *all[] = {&metrics};
        char code[32];
        text_init(&text, &arena);
        exposition_init(&exposition, EXPOSITION_PROMETHEUS, &text);
        exposition_family(&exposition, &family);
        http_metrics_init(&metrics);
        http_metrics_count(&metrics, &(struct http_outcome){.status = status, .untimed = true});
        http_metrics_write_requests(all, 1, &exposition);
        snprintf(code, sizeof code, "code=\"%d\"", status);
        bool told = strstr(text_string(&text), code) != NULL;
        cr_expect_eq(told, is_error_status(status), "%d: %s", status, text_string(&text));
        http_metrics_release(&metrics);
    }
    arena_release(&arena);
}

Test(metrics, a_long_poll_is_counted_and_not_timed)
{
    static const char count[] = REQUESTS "{method=\"GET\",route=\"/v1/nodes\",code=\"200\"}";
    static const char timed[] =
        "dogshore_http_request_duration_seconds_count{method=\"GET\",route=\"/v1/nodes\"}";
    const char *const headers[] = {"X-Request-Id: the-poll", NULL};
    cr_assert_eq(get("/v1/nodes", NULL, NULL), 200);
    char path[64];
    snprintf(path, sizeof path, "/v1/nodes?index=%lld&wait_seconds=1",
             (long long)http_reply_index(&scraped));
    struct http_async poll = {.server = &server, .call = {.path = path, .headers = headers}};
    scrape();
    expect_sample("dogshore_http_parked_requests", 0);
    http_async_start(&poll);
    http_await_log(&server, "event=poll_parked request_id=the-poll");
    scrape();
    expect_sample("dogshore_http_parked_requests", 1);
    expect_sample(count, 1);
    http_reply_release(http_async_wait(&poll));
    scrape();
    expect_sample(count, 2);
    expect_sample(timed, 1);
}

/* ---- what there is ---- */

Test(metrics, states_and_rollouts_are_counted)
{
    cr_assert_eq(http_put_deployment(&server, "idle", "1", 0), 201);
    http_settled_index(&server, "idle");
    cr_assert_eq(http_put_deployment(&server, "waits", "1", 2), 201);
    http_settled_index(&server, "waits");
    scrape();
    expect_sample("dogshore_deployments{state=\"scaled_to_zero\"}", 1);
    expect_sample("dogshore_replicas{state=\"pending\"}", 2);
    expect_sample("dogshore_rollouts_running{state=\"progressing\"}", 1);
    expect_sample("dogshore_rollouts_total{outcome=\"superseded\"}", 0);
    expect_sample("dogshore_deployments_unplaced", 1);
    cr_expect_gt(sample("dogshore_placement_failures_total"), 0);
    cr_assert_eq(http_put_deployment(&server, "waits", "2", 2), 200);
    http_settled_index(&server, "waits");
    scrape();
    expect_sample("dogshore_rollouts_total{outcome=\"superseded\"}", 1);
    expect_sample("dogshore_rollouts_running{state=\"progressing\"}", 1);
}

Test(metrics, commits_and_passes_are_counted)
{
    scrape();
    double commits = sample("dogshore_commit_duration_seconds_count");
    double closures = sample("dogshore_closures_total{outcome=\"ok\"}");
    double passes = sample("dogshore_passes_total{outcome=\"ok\"}");
    double index = sample("dogshore_events_index");
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    http_settled_index(&server, "web");
    scrape();
    cr_expect_gt(sample("dogshore_commit_duration_seconds_count"), commits);
    cr_expect_gt(sample("dogshore_closures_total{outcome=\"ok\"}"), closures);
    cr_expect_gt(sample("dogshore_passes_total{outcome=\"ok\"}"), passes);
    cr_expect_gt(sample("dogshore_events_index"), index);
    cr_expect_gt(sample("dogshore_database_bytes"), 0);
    cr_expect_gt(sample("dogshore_commit_closures_count"), 0);
    cr_expect_gt(sample("process_open_fds"), 3);
    cr_expect_gt(sample("process_max_fds"), sample("process_open_fds"));
    cr_expect_gt(sample("process_resident_memory_bytes"), 1e6);
    cr_expect_gt(sample("process_start_time_seconds"), 1e9);
}

/* ---- who may, and in which form ---- */

static const char *make_token(const char *name, const char *more)
{
    static char secret[128];
    char body[256];
    struct http_reply reply;
    snprintf(body, sizeof body, "{\"name\": \"%s\"%s}", name, more);
    http_do(&client, &(struct http_call){.method = "POST", .path = "/v1/tokens", .body = body},
            &reply);
    cr_assert_eq(reply.status, 201, "%s", text_string(&reply.body));
    const char *at = strstr(reply.body.bytes, "\"token\":\"");
    cr_assert_not_null(at, "%s", reply.body.bytes);
    at += strlen("\"token\":\"");
    snprintf(secret, sizeof secret, "%.*s", (int)strcspn(at, "\""), at);
    http_reply_release(&reply);
    return secret;
}

Test(metrics, a_token_of_scope_read_is_enough)
{
    cr_expect_eq(get("/metrics", "", NULL), 401);
    cr_expect_eq(get("/metrics", server.join_token, NULL), 403);
    cr_expect_eq(get("/metrics", make_token("prometheus", ", \"scope\": \"read\""), NULL), 200);
    const char *limited = make_token("blue", ", \"scope\": \"read\", \"cluster\": \"default\"");
    cr_expect_eq(get("/metrics", limited, NULL), 403, "it tells of every cluster");
    cr_expect_eq(get("/v1/sd/prometheus", limited, NULL), 200);
}

Test(metrics, it_may_be_open_to_everybody)
{
    cr_assert_eq(http_server_stop(&server), 0);
    server.arguments[2] = "--metrics-open";
    http_server_start(&server);
    cr_expect_eq(get("/metrics", "", NULL), 200);
    cr_expect_eq(get("/metrics", "no-such-token", NULL), 200);
    cr_expect_eq(get("/v1/sd/prometheus", "", NULL), 401);
}

Test(metrics, the_client_chooses_the_format)
{
    static const char text[] = "text/plain; version=0.0.4; charset=utf-8";
    static const char open_metrics[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    static const struct {
        const char *accept, *type;
    } rows[] = {
        {"*/*", text},
        {"text/plain", text},
        {"application/openmetrics-text", open_metrics},
        {"application/openmetrics-text; version=1.0.0", open_metrics},
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
         "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         open_metrics},
        {"application/openmetrics-text;q=0.2,text/plain", text},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(get("/metrics", NULL, rows[i].accept), 200);
        cr_expect_str_eq(http_reply_header(&scraped, "Content-Type"), rows[i].type, "%s",
                         rows[i].accept);
        cr_expect_str_eq(http_reply_header(&scraped, "Cache-Control"), "no-store");
    }
}

/* ---- the text in itself ---- */

enum { NAME_BYTES = 128 };

static const char *next_line(const char *line)
{
    return line + strcspn(line, "\n") + 1;
}

/* The family that a TYPE line describes. */
static void read_family(const char *line, char family[static NAME_BYTES])
{
    const char *name = line + strlen("# TYPE ");
    snprintf(family, NAME_BYTES, "%.*s", (int)strcspn(name, " "), name);
}

Test(metrics, every_sample_follows_its_family_in_both_formats)
{
    static const char *const accepts[] = {"text/plain", "application/openmetrics-text"};
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++) {
        char family[NAME_BYTES] = "none";
        cr_assert_eq(get("/metrics", NULL, accepts[i]), 200);
        const char *end = scraped.body.bytes + scraped.body.length;
        for (const char *line = scraped.body.bytes; line < end; line = next_line(line)) {
            if (text_starts(line, "# TYPE ")) read_family(line, family);
            if (*line == '#') continue;
            cr_expect(text_starts(line, family), "%.80s after %s", line, family);
            cr_expect_null(memchr(line, '\t', strcspn(line, "\n")));
        }
    }
    static const char last[] = "\n# EOF\n";
    size_t length = scraped.body.length;
    cr_assert_gt(length, sizeof last);
    cr_expect_str_eq(scraped.body.bytes + length - (sizeof last - 1), last);
}

/* ---- what is written about it ---- */

static const char *read_source(struct arena *arena, const char *path)
{
    char whole[512];
    struct text text;
    char block[4096];
    snprintf(whole, sizeof whole, "%s/%s", DOGSHORE_SOURCE_DIR, path);
    FILE *file = fopen(whole, "re");
    cr_assert_not_null(file, "%s", whole);
    text_init(&text, arena);
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;)
        text_append(&text, block, got);
    fclose(file);
    return text_string(&text);
}

/* The lines of --print-metrics as rows of a table. */
static void write_row(struct text *rows, const char *line)
{
    char name[NAME_BYTES], type[32], labels[NAME_BYTES];
    int bytes = 0;
    cr_assert_eq(sscanf(line, "%127s %31s %127s %n", name, type, labels, &bytes), 3);
    text_printf(rows, "| `%s` | %s | %s | %.*s |\n", name, type,
                strcmp(labels, "-") == 0 ? "" : labels, (int)strcspn(line + bytes, "\n"),
                line + bytes);
}

Test(metrics, the_page_lists_every_family_and_no_other)
{
    auto_arena arena;
    arena_init(&arena);
    struct text printed, rows;
    text_init(&printed, &arena);
    text_init(&rows, &arena);
    metrics_print(&printed);
    const char *page = read_source(&arena, "docs/metrics.md");
    size_t families = 0, listed = 0;
    for (const char *line = text_string(&printed); *line != '\0'; line = next_line(line)) {
        text_clear(&rows);
        write_row(&rows, line);
        cr_expect_not_null(strstr(page, text_string(&rows)), "missing: %s", text_string(&rows));
        families++;
    }
    for (const char *at = page; (at = strstr(at, "\n| `")) != NULL; at++)
        listed += text_starts(at + 4, "dogshore_") || text_starts(at + 4, "process_") ? 1 : 0;
    cr_expect_eq(listed, families);
}

/* Of a name in an expression: as it is, or one of a histogram's samples. */
static bool is_known(const char *printed, const char *name)
{
    static const char *const endings[] = {"", "_bucket", "_sum", "_count"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char line[NAME_BYTES + 2];
        size_t length = strlen(name), ending = strlen(endings[i]);
        if (length <= ending || strcmp(name + length - ending, endings[i]) != 0) continue;
        snprintf(line, sizeof line, "\n%.*s ", (int)(length - ending), name);
        if (strstr(printed, line) != NULL) return true;
    }
    return false;
}

Test(metrics, dashboard_and_alerts_ask_for_what_there_is)
{
    static const char *const files[] = {"packaging/grafana/dogshore.json",
                                        "packaging/prometheus/alerts.yml"};
    auto_arena arena;
    arena_init(&arena);
    struct text printed;
    text_init(&printed, &arena);
    text_add_char(&printed, '\n');
    metrics_print(&printed);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *content = read_source(&arena, files[i]);
        size_t names = 0;
        for (const char *at = content; (at = strstr(at, "dogshore_")) != NULL; names++) {
            char name[NAME_BYTES];
            size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
            snprintf(name, sizeof name, "%.*s", (int)length, at);
            cr_expect(is_known(printed.bytes, name), "%s: %s", files[i], name);
            at += length;
        }
        cr_expect_gt(names, 5);
    }
}

Test(metrics, the_dashboard_is_json)
{
    auto_arena arena;
    arena_init(&arena);
    struct json *root;
    struct err err;
    const char *content = read_source(&arena, "packaging/grafana/dogshore.json");
    cr_assert_eq(json_parse(&arena, content, strlen(content), &root, &err), ERR_OK, "%s",
                 err.detail);
    cr_expect_str_eq(json_member_text(root, "uid"), "dogshore");
    cr_expect_geq(json_member(root, "schemaVersion")->integer, 39, "of Grafana 10");
}
