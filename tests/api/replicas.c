/* Replicas and where traffic goes. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 3, ", \"stop\": {\"drain_seconds\": 7}"));
    fixture_settle(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(replicas, .init = open_fixture, .fini = close_fixture);

static const char endpoints[] = "/v1/deployments/web/endpoints";

static struct answer get_as(const char *accept)
{
    struct call call = {.target = endpoints, .token = "read-token", .accept = accept};
    return fixture_call(&fixture, &call);
}

static void start_replicas(void)
{
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
}

/* One change of the first replica, as its agent reports it. */
static struct answer report_first(const char *change)
{
    struct answer list = fixture_get(&fixture, "/v1/replicas?limit=1");
    const char *body = arena_printf(
        &fixture.arena,
        "{\"boot_id\": \"b1\", \"epoch\": 1, \"seq\": 2, \"changes\": [{\"id\": \"%s\", "
        "\"attempt\": 1, %s}]}",
        json_text_at(list.json, "items.0.id"), change);
    struct call call = {.method = METHOD_POST,
                        .target = "/v1/nodes/n1/report",
                        .token = fixture_node_token(&fixture, "n1"),
                        .body = body};
    struct answer answer = fixture_call(&fixture, &call);
    fixture_settle(&fixture);
    return answer;
}

Test(replicas, are_listed_oldest_first_for_one_deployment_and_for_all)
{
    static const char *const targets[] = {"/v1/deployments/web/replicas", "/v1/replicas"};
    for (size_t i = 0; i < 2; i++) {
        struct answer page =
            fixture_get(&fixture, arena_printf(&fixture.arena, "%s?limit=2", targets[i]));
        cr_assert_eq(json_at(page.json, "items")->count, 2, "%s", page.text);
        const char *cursor = json_text_at(page.json, "next_cursor");
        struct answer rest = fixture_get(
            &fixture, arena_printf(&fixture.arena, "%s?limit=2&cursor=%s", targets[i], cursor));
        cr_assert_eq(json_at(rest.json, "items")->count, 1);
        cr_assert_null(json_text_at(rest.json, "next_cursor"));
        cr_assert_str_neq(json_text_at(page.json, "items.1.id"),
                          json_text_at(rest.json, "items.0.id"));
    }
}

Test(replicas, one_reads_as_it_is_listed)
{
    struct answer list = fixture_get(&fixture, "/v1/replicas");
    const char *id = json_text_at(list.json, "items.0.id");
    struct answer one = fixture_get(&fixture, arena_printf(&fixture.arena, "/v1/replicas/%s", id));
    cr_assert_eq(one.status, 200);
    cr_assert_str_eq(json_text_at(one.json, "deployment"), "web");
    cr_assert_str_eq(json_text_at(one.json, "node"), "n1");
    cr_assert_str_eq(json_text_at(one.json, "presence"), "present");
    cr_assert_not_null(strstr(list.text, one.text));
}

Test(replicas, the_tag_of_one_moves_with_it)
{
    struct answer list = fixture_get(&fixture, "/v1/replicas");
    const char *target =
        arena_printf(&fixture.arena, "/v1/replicas/%s", json_text_at(list.json, "items.0.id"));
    struct call call = {.target = target, .token = "read-token"};
    call.if_none_match = fixture_call(&fixture, &call).reply.etag;
    char etag[ETAG_BYTES];
    snprintf(etag, sizeof etag, "%s", fixture_get(&fixture, target).reply.etag);
    call.if_none_match = etag;
    cr_assert_eq(fixture_call(&fixture, &call).status, 304);
    start_replicas();
    cr_assert_eq(fixture_call(&fixture, &call).status, 200);
}

Test(replicas, take_traffic_once_they_are_ready)
{
    struct answer empty = get_as(NULL);
    cr_assert_eq(json_at(empty.json, "endpoints")->count, 0);
    start_replicas();
    struct answer answer = get_as("application/json");
    cr_assert_eq(json_at(answer.json, "endpoints")->count, 3, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "endpoints.0.address"), "10.0.0.7");
    cr_assert_eq(json_int_at(answer.json, "endpoints.0.ports.http"), 20000);
    cr_assert_eq(json_int_at(answer.json, "endpoints.0.weight"), 1);
    cr_assert_str_eq(json_text_at(answer.json, "endpoints.0.role"), "active");
    cr_assert_not(json_at(answer.json, "endpoints.0.stale")->boolean);
    cr_assert_eq(json_int_at(answer.json, "refresh_within_seconds"), 7);
    cr_assert_gt(answer.reply.index, empty.reply.index);
}

Test(replicas, take_no_traffic_while_they_are_not_ready)
{
    start_replicas();
    report_first(
        "\"state\": \"running\", \"ready\": false, \"reason\": \"readiness answered 503\"");
    cr_assert_eq(json_at(get_as(NULL).json, "endpoints")->count, 2);
}

Test(replicas, take_no_traffic_once_their_stop_is_ordered)
{
    start_replicas();
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 1}");
    fixture_settle(&fixture);
    cr_assert_eq(json_at(get_as(NULL).json, "endpoints")->count, 1);
}

Test(replicas, are_lines_of_text_for_who_prefers_it)
{
    start_replicas();
    struct answer answer = get_as("text/plain");
    cr_assert_str_eq(answer.reply.content_type, "text/plain; charset=utf-8");
    cr_assert_str_eq(answer.text, "10.0.0.7:20000 1 active\n10.0.0.7:20001 1 active\n"
                                  "10.0.0.7:20002 1 active\n");
    cr_assert_str_neq(answer.reply.etag, get_as(NULL).reply.etag);
}

Test(replicas, are_json_unless_text_is_preferred)
{
    static const struct {
        const char *accept;
        bool text;
    } rows[] = {
        {NULL, false},
        {"*/*", false},
        {"", false},
        {"application/json", false},
        {"text/plain", true},
        {"Text/Plain; charset=utf-8", true},
        {"text/*", true},
        {"text/plain, */*", true},
        {"text/plain;q=0.5, application/json", false},
        {"text/plain, application/json;q=0.9", true},
        {"text/plain;q=0", false},
        {"text/plain;q=0, */*", false},
        {"text/html, application/xhtml+xml, */*;q=0.8", false},
        {"application/json, text/plain", false},
        {",,;;q=,text/plain", true},
    };
    start_replicas();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool text = get_as(rows[i].accept).json == NULL;
        cr_assert_eq(text, rows[i].text, "Accept: %s", rows[i].accept);
    }
}

static void report_plainly(const char *id, const char *state, const char *reason)
{
    struct answer answer = fixture_report(
        &fixture, "n1",
        arena_printf(&fixture.arena,
                     "\"changes\": [{\"id\": \"%s\", \"attempt\": 1, \"state\": \"%s\", "
                     "\"ready\": false, \"reason\": \"%s\"}]",
                     id, state, reason));
    cr_assert_eq(answer.status, 204, "%s", answer.text);
    fixture_settle(&fixture);
}

/* What it answered stays where answers are. */
Test(replicas, that_stopped_as_ordered_did_not_stop_for_what_a_probe_answered)
{
    struct answer list = fixture_get(&fixture, "/v1/replicas?limit=1");
    const char *id = json_text_at(list.json, "items.0.id");
    const char *target = arena_printf(&fixture.arena, "/v1/replicas/%s", id);
    report_plainly(id, "running", "connection refused");
    cr_expect_str_eq(json_text_at(fixture_get(&fixture, target).json, "reason"),
                     "connection refused");
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 0}");
    fixture_settle(&fixture);
    report_plainly(id, "stopping", "connection refused");
    report_plainly(id, "stopped", "");
    struct answer answer = fixture_get(&fixture, target);
    cr_expect_str_eq(json_text_at(answer.json, "state"), "stopped");
    cr_expect_str_eq(json_text_at(answer.json, "reason"), "", "%s", answer.text);
    cr_expect_str_eq(json_text_at(answer.json, "readiness.reason"), "connection refused");
}

Test(replicas, of_ipv6_have_brackets)
{
    start_replicas();
    report_first("\"state\": \"running\", \"ready\": true, \"address\": \"fd00::7\", "
                 "\"ports\": {\"http\": 9}");
    cr_assert_not_null(strstr(get_as("text/plain").text, "[fd00::7]:9 1 active\n"));
}

Test(replicas, without_a_port_have_no_line)
{
    report_first("\"state\": \"running\", \"ready\": true, \"address\": \"10.0.0.7\"");
    cr_assert_eq(json_at(get_as(NULL).json, "endpoints")->count, 1);
    cr_assert_str_eq(get_as("text/plain").text, "");
}

Test(replicas, of_a_silent_node_are_stale_and_of_a_lost_one_gone)
{
    start_replicas();
    bool was_stale = false;
    for (int i = 0; i < 400; i++) {
        fixture_advance(&fixture, 250);
        fixture_settle(&fixture);
        struct answer answer = get_as(NULL);
        const struct json *list = json_at(answer.json, "endpoints");
        if (list->count == 0) break;
        if (json_at(answer.json, "endpoints.0.stale")->boolean) was_stale = true;
    }
    cr_assert(was_stale);
    cr_assert_eq(json_at(get_as(NULL).json, "endpoints")->count, 0);
    struct answer replica = fixture_get(&fixture, "/v1/replicas?limit=1");
    cr_assert_str_eq(json_text_at(replica.json, "items.0.presence"), "lost");
}

Test(replicas, that_their_node_fell_silent_is_announced_to_who_watches_the_list)
{
    report_first("\"state\": \"running\", \"ready\": false");
    fixture_settle(&fixture);
    struct answer list = fixture_get(&fixture, "/v1/replicas");
    int64_t before = list.reply.index;
    for (int i = 0; i < 400; i++) {
        fixture_advance(&fixture, 250);
        fixture_settle(&fixture);
        list = fixture_get(&fixture, "/v1/replicas");
        if (strcmp(json_text_at(list.json, "items.0.presence"), "unknown") == 0) break;
    }
    cr_assert_str_eq(json_text_at(list.json, "items.0.presence"), "unknown");
    cr_assert_gt(list.reply.index, before);
}

Test(replicas, the_refresh_is_the_smallest_drain_of_those_listed)
{
    start_replicas();
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                 fixture_document(&fixture, "web", "2", 3, ", \"stop\": {\"drain_seconds\": 2}"));
    fixture_settle(&fixture);
    cr_assert_eq(json_int_at(get_as(NULL).json, "refresh_within_seconds"), 7);
    start_replicas();
    cr_assert_eq(json_int_at(get_as(NULL).json, "refresh_within_seconds"), 2);
}
