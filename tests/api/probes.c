/* Health over time: the timeline of a replica's probes, its uptime and that of its deployment. The
 * clock is the test's, so that every window is exact. */
#include "base/limits.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;
static const char *first, *second; /* replicas of web on n1 */
static int64_t made_at;

#define FORMAT(...) arena_printf(&fixture.arena, __VA_ARGS__)

static struct answer get(const char *target)
{
    struct call call = {.target = target, .token = "read-token"};
    struct answer answer = fixture_call(&fixture, &call);
    cr_assert_eq(answer.status, 200, "%s: %s", target, answer.text);
    cr_assert(answer.reply.no_store, "%s", target);
    cr_assert_str_eq(answer.reply.etag, "");
    return answer;
}

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    made_at = fixture.manual.wall_ms;
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 2, ""));
    fixture_settle(&fixture);
    struct answer list = fixture_get(&fixture, "/v1/replicas");
    first = json_text_at(list.json, "items.0.id");
    second = json_text_at(list.json, "items.1.id");
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(probes, .init = open_fixture, .fini = close_fixture);

/* One change; `more` is put behind its members. */
static void report(const char *id, int attempt, const char *state, bool ready, const char *more)
{
    struct answer answer =
        fixture_report(&fixture, "n1",
                       FORMAT("\"changes\": [{\"id\": \"%s\", \"attempt\": %d, \"state\": "
                              "\"%s\", \"ready\": %s%s}]",
                              id, attempt, state, ready ? "true" : "false", more));
    cr_assert_eq(answer.status, 204, "%s", answer.text);
    fixture_settle(&fixture);
}

/* A sample of the first replica's one probe. */
static void sample_probe(int attempt, const char *kind, const char *members)
{
    struct answer answer = fixture_report(
        &fixture, "n1",
        FORMAT("\"samples\": [{\"id\": \"%s\", \"attempt\": %d, \"probes\": {\"%s\": {%s}}}]",
               first, attempt, kind, members));
    cr_assert_eq(answer.status, 204, "%s", answer.text);
}

static void sample(int attempt, const char *state)
{
    sample_probe(attempt, "readiness",
                 FORMAT("\"state\": \"%s\", \"history\": \"0000000000000001\", \"checks\": 1, "
                        "\"failures\": 0, \"last\": {\"ok\": true, \"duration_us\": 812, "
                        "\"age_ms\": 400}",
                        state));
}

static void set_ready(const char *id, bool ready)
{
    report(id, 1, "running", ready, ready ? "" : ", \"reason\": \"answered 503\"");
}

/* To that time after the deployment was made: passes move the clock a little, too. */
static void until(int64_t ms)
{
    fixture_advance(&fixture, made_at + ms - fixture.manual.wall_ms);
}

static int64_t passed_ms(void)
{
    return fixture.manual.wall_ms - made_at;
}

static const struct json *line(const struct answer *answer, const char *kind)
{
    return json_at(answer->json, FORMAT("timeline.%s", kind));
}

static struct answer replica(const char *id)
{
    return get(FORMAT("/v1/replicas/%s/probes?window_seconds=3600", id));
}

static const char *verdicts(const char *kind, const char *state, const char *reason)
{
    return arena_printf(&fixture.arena,
                        ", \"probes\": {\"%s\": {\"state\": \"%s\", \"reason\": \"%s\"}}", kind,
                        state, reason);
}

/* "failing ok": the states of one line, oldest first. */
static const char *states(const struct json *spans)
{
    const char *words = "";
    for (size_t i = 0; i < spans->count; i++)
        words = arena_printf(&fixture.arena, "%s%s%s", words, i > 0 ? " " : "",
                             json_text_at(&spans->children[i], "state"));
    return words;
}

Test(probes, a_replica_is_not_ready_until_it_says_so)
{
    struct answer answer = replica(first);
    cr_expect_str_eq(states(line(&answer, "ready")), "failing");
    cr_expect_str_eq(json_text_at(answer.json, "timeline.ready.0.reason"), "assigned");
    cr_expect_eq(json_int_at(answer.json, "uptime.ready_ms"), 0);
    cr_expect_eq(json_at(answer.json, "uptime.ratio")->number, 0);
    cr_expect_eq(line(&answer, "readiness")->count, 0);
    until(5000);
    set_ready(first, true);
    until(20000);
    answer = replica(first);
    cr_expect_str_eq(states(line(&answer, "ready")), "failing ok");
    cr_expect_str_eq(json_text_at(answer.json, "timeline.ready.0.reason"), "starting");
    cr_expect_eq(json_int_at(answer.json, "uptime.ready_ms") +
                     json_int_at(answer.json, "uptime.not_ready_ms"),
                 passed_ms() - (json_int_at(answer.json, "uptime.unknown_ms")));
    cr_expect_eq(json_int_at(answer.json, "uptime.ready_ms"), 15000, "%s", answer.text);
    cr_expect_eq(json_int_at(answer.json, "uptime.unknown_ms"), 0);
}

Test(probes, a_line_of_readiness_says_whether_it_was_ready_before)
{
    report(first, 1, "running", false, "");
    report(first, 1, "running", true, "");
    fixture_advance(&fixture, 1000);
    report(first, 1, "running", false, "");
    struct answer answer = replica(first);
    cr_assert_str_eq(states(line(&answer, "ready")), "failing ok failing", "%s", answer.text);
    cr_expect_str_eq(json_text_at(answer.json, "timeline.ready.0.reason"), "not ready yet");
    cr_expect_str_eq(json_text_at(answer.json, "timeline.ready.2.reason"), "not ready any more");
}

Test(probes, a_window_is_exact_to_the_millisecond)
{
    set_ready(first, true);
    until(100000);
    set_ready(first, false);
    until(103000);
    set_ready(first, true);
    until(110000);
    static const struct {
        int seconds;
        int64_t ready_ms, not_ready_ms;
    } rows[] = {{1, 1000, 0}, {7, 7000, 0}, {8, 7000, 1000}, {10, 7000, 3000}, {20, 17000, 3000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer = get(arena_printf(
            &fixture.arena, "/v1/replicas/%s/probes?window_seconds=%d", first, rows[i].seconds));
        cr_expect_eq(json_int_at(answer.json, "uptime.ready_ms"), rows[i].ready_ms, "row %zu: %s",
                     i, answer.text);
        cr_expect_eq(json_int_at(answer.json, "uptime.not_ready_ms"), rows[i].not_ready_ms);
        double ratio = json_at(answer.json, "uptime.ratio")->number;
        cr_expect_eq(ratio, (double)rows[i].ready_ms / (1000.0 * rows[i].seconds));
    }
}

Test(probes, verdicts_make_lines_with_the_answer_that_began_them)
{
    report(first, 1, "running", false, verdicts("readiness", "failing", "answered 503"));
    until(10000);
    report(first, 1, "running", true, verdicts("readiness", "passing", ""));
    until(20000);
    report(first, 1, "running", true, verdicts("liveness", "passing", ""));
    struct answer answer = replica(first);
    const struct json *readiness = line(&answer, "readiness");
    cr_expect_str_eq(states(readiness), "failing ok");
    cr_expect_str_eq(json_text_at(&readiness->children[0], "reason"), "answered 503");
    cr_expect_str_eq(json_text_at(&readiness->children[1], "reason"), "");
    cr_expect_str_eq(json_text_at(&readiness->children[0], "until"),
                     json_text_at(&readiness->children[1], "from"));
    cr_expect_eq(json_at(&readiness->children[1], "until")->type, JSON_NULL);
    cr_expect_str_eq(states(line(&answer, "liveness")), "ok");
    cr_expect_eq(line(&answer, "startup")->count, 0);
}

Test(probes, another_attempt_begins_its_lines_anew)
{
    report(first, 1, "running", true, verdicts("liveness", "passing", ""));
    until(10000);
    report(first, 2, "starting", false, verdicts("liveness", "pending", ""));
    until(12000);
    report(first, 2, "running", true, verdicts("liveness", "passing", ""));
    struct answer answer = replica(first);
    cr_expect_str_eq(states(line(&answer, "liveness")), "ok unknown ok");
    cr_expect_str_eq(states(line(&answer, "ready")), "failing ok failing ok");
    cr_expect_eq(json_int_at(answer.json, "timeline.liveness.2.attempt"), 2);
    cr_expect_str_eq(json_text_at(answer.json, "timeline.ready.2.reason"), "starting");
}

Test(probes, the_same_again_writes_nothing)
{
    const char *same = verdicts("readiness", "passing", "");
    report(first, 1, "running", true, same);
    until(10000);
    struct answer before = replica(first);
    int64_t index = fixture_newest_index(&fixture);
    report(first, 1, "running", true, same);
    struct answer after = replica(first);
    cr_expect_eq(fixture_newest_index(&fixture), index);
    cr_expect_eq(line(&after, "readiness")->count, line(&before, "readiness")->count);
}

Test(probes, a_verdict_alone_is_recorded_without_moving_anything)
{
    report(first, 1, "running", true, "");
    int64_t index = fixture_newest_index(&fixture);
    report(first, 1, "running", true, verdicts("liveness", "passing", ""));
    cr_expect_eq(fixture_newest_index(&fixture), index, "no poll is woken for it");
    struct answer answer = replica(first);
    cr_expect_str_eq(states(line(&answer, "liveness")), "ok");
}

Test(probes, while_its_node_is_silent_nothing_is_known)
{
    set_ready(first, true);
    set_ready(second, true);
    until(10000);
    fixture_silence(&fixture, "n1", "lost");
    struct answer answer = replica(first);
    struct answer node = fixture_get(&fixture, "/v1/nodes/n1");
    cr_assert_str_eq(json_text_at(node.json, "state"), "lost", "%s", node.text);
    cr_expect_str_eq(states(line(&answer, "ready")), "failing ok unknown");
    cr_expect_str_eq(json_text_at(answer.json, "timeline.ready.2.reason"), "node n1 was not heard");
    int64_t ready_ms = json_int_at(answer.json, "uptime.ready_ms");
    int64_t unknown_ms = json_int_at(answer.json, "uptime.unknown_ms");
    cr_expect_gt(unknown_ms, 0);
    cr_expect_eq(ready_ms + unknown_ms + json_int_at(answer.json, "uptime.not_ready_ms"),
                 passed_ms());
    struct answer uptime = get("/v1/deployments/web/uptime?window_seconds=604800");
    cr_expect_gt(json_int_at(uptime.json, "none_ms"), 0, "what is lost is not available");
}

static size_t endpoint_count(void)
{
    struct answer answer = fixture_get(&fixture, "/v1/deployments/web/endpoints");
    return json_at(answer.json, "endpoints")->count;
}

static bool node_is(const char *state)
{
    struct answer node = fixture_get(&fixture, "/v1/nodes/n1");
    return strcmp(json_text_at(node.json, "state"), state) == 0;
}

/* Its endpoints stay, so that nobody can call it down. */
Test(probes, while_a_node_is_suspect_uptime_is_unknown_for_replica_and_deployment)
{
    set_ready(first, true);
    set_ready(second, true);
    until(10000);
    struct answer before = get("/v1/deployments/web/uptime");
    fixture_silence(&fixture, "n1", "suspect");
    int64_t silent_at = passed_ms();
    fixture_advance(&fixture, 2000);
    cr_assert(node_is("suspect"));
    cr_expect_eq(endpoint_count(), 2);
    struct answer suspect = get("/v1/deployments/web/probes");
    cr_expect_eq(json_int_at(suspect.json, "uptime.none_ms"), json_int_at(before.json, "none_ms"));
    cr_expect_eq(json_int_at(suspect.json, "uptime.fewer_ms"),
                 json_int_at(before.json, "fewer_ms"));
    int64_t unknown_ms = json_int_at(suspect.json, "uptime.unknown_ms");
    cr_expect_geq(unknown_ms, passed_ms() - silent_at);
    int64_t of_replica_ms = json_int_at(suspect.json, "items.0.uptime.unknown_ms");
    cr_expect_lt(of_replica_ms - unknown_ms, 100, "the pass that follows takes a moment");
    const struct json *spans = json_at(suspect.json, "availability");
    const struct json *last = &spans->children[spans->count - 1];
    cr_expect_eq(json_int_at(last, "available"), 0);
    cr_expect_eq(json_int_at(last, "unknown"), 2);
    fixture_silence(&fixture, "n1", "lost");
    cr_expect_eq(endpoint_count(), 0);
    int64_t lost_at = passed_ms();
    fixture_advance(&fixture, 5000);
    struct answer lost = get("/v1/deployments/web/uptime");
    cr_expect_geq(json_int_at(lost.json, "none_ms"),
                  json_int_at(before.json, "none_ms") + passed_ms() - lost_at,
                  "no endpoint is left");
}

Test(probes, an_outage_of_the_agent_is_unknown_and_nothing_else)
{
    set_ready(first, true);
    set_ready(second, true);
    until(10000);
    fixture_silence(&fixture, "n1", "suspect");
    fixture_advance(&fixture, 3000);
    while (passed_ms() < 60000) {
        set_ready(first, true);
        set_ready(second, true);
        fixture_advance(&fixture, 1000);
    }
    fixture_settle(&fixture);
    cr_assert(node_is("ready"));
    struct answer uptime = get("/v1/deployments/web/uptime?window_seconds=40");
    cr_expect_eq(json_int_at(uptime.json, "none_ms"), 0, "%s", uptime.text);
    cr_expect_eq(json_int_at(uptime.json, "fewer_ms"), 0);
    cr_expect_eq(json_at(uptime.json, "some_available")->number, 1);
    cr_expect_eq(json_at(uptime.json, "all_available")->number, 1);
}

Test(probes, history_outlives_the_server_and_answers_do_not)
{
    report(first, 1, "running", true, verdicts("readiness", "passing", ""));
    sample(1, "passing");
    until(60000);
    struct answer before = replica(first);
    cr_expect_eq(json_at(before.json, "recent.readiness")->count, 1);
    fixture_restart(&fixture);
    struct answer after = replica(first);
    cr_expect_eq(json_at(after.json, "recent.readiness")->count, 0);
    cr_expect_str_eq(states(line(&after, "ready")), "failing ok");
    cr_expect_eq(json_int_at(after.json, "uptime.ready_ms"),
                 json_int_at(before.json, "uptime.ready_ms"));
    struct answer uptime = get("/v1/deployments/web/uptime");
    cr_expect_gt(json_int_at(uptime.json, "some_ms"), 59000, "%s", uptime.text);
    cr_expect_eq(json_int_at(uptime.json, "some_ms") + json_int_at(uptime.json, "none_ms"),
                 passed_ms());
}

/* Passes take a moment. */
static void expect_now(const char *when, const char *state, int64_t age_ms)
{
    struct answer answer = replica(first);
    const struct json *readiness = line(&answer, "readiness");
    const struct json *newest = &readiness->children[readiness->count - 1];
    cr_expect_str_eq(json_text_at(answer.json, "probes.readiness.state"), state, "%s", when);
    cr_expect_str_eq(json_text_at(newest, "state"), state, "%s", when);
    int64_t beyond_ms = json_int_at(answer.json, "probes.readiness.age_ms") - age_ms;
    cr_expect(beyond_ms >= 0 && beyond_ms < 100, "%s: %s", when, answer.text);
}

/* Samples come every ten seconds, a verdict at once. */
Test(probes, what_a_probe_says_now_is_never_older_than_its_timeline)
{
    report(first, 1, "running", true, verdicts("readiness", "passing", ""));
    sample(1, "passing");
    fixture_advance(&fixture, 9600);
    expect_now("as sampled", "ok", 9600);
    report(first, 1, "running", false, verdicts("readiness", "failing", "answered 503"));
    struct answer answer = replica(first);
    cr_expect_lt(json_int_at(answer.json, "probes.readiness.age_ms"), 100);
    cr_expect_geq(json_int_at(answer.json, "age_ms"), 9600, "the sample is as old as it was");
    cr_expect_geq(json_int_at(answer.json, "probes.readiness.last.age_ms"), 10000);
    fixture_advance(&fixture, 300);
    expect_now("told since", "failing", 300);
    sample(1, "failing");
    expect_now("sampled again", "failing", 0);
    fixture_advance(&fixture, 1000);
    report(first, 2, "starting", false, verdicts("readiness", "pending", ""));
    expect_now("another attempt", "unknown", 0);
    answer = replica(first);
    cr_expect_eq(json_int_at(answer.json, "probes.readiness.checks"), 0);
    cr_expect_eq(json_at(answer.json, "probes.readiness.last")->type, JSON_NULL);
    cr_expect_not(json_at(answer.json, "sampled")->boolean, "that was the attempt before");
    cr_expect_eq(json_at(answer.json, "age_ms")->type, JSON_NULL);
}

Test(probes, what_a_probe_says_now_is_unknown_while_its_node_is_silent)
{
    set_ready(second, true);
    report(first, 1, "running", true, verdicts("readiness", "passing", ""));
    sample(1, "passing");
    fixture_silence(&fixture, "n1", "suspect");
    cr_assert(node_is("suspect"));
    struct answer answer = replica(first);
    cr_expect_str_eq(json_text_at(answer.json, "presence"), "unknown");
    cr_expect_str_eq(states(line(&answer, "readiness")), "ok unknown");
    cr_expect_str_eq(json_text_at(answer.json, "probes.readiness.state"), "unknown", "%s",
                     answer.text);
    cr_expect(json_at(answer.json, "probes.readiness.last.ok")->boolean, "that was its answer");
    fixture_silence(&fixture, "n1", "lost");
    answer = replica(first);
    cr_expect_str_eq(json_text_at(answer.json, "probes.readiness.state"), "unknown");
    struct answer list = get("/v1/deployments/web/probes");
    cr_expect_str_eq(json_text_at(list.json, "items.0.probes.readiness.state"), "unknown");
}

/* No verdict was recorded of it, so that its line is empty. */
Test(probes, what_was_sampled_alone_is_unknown_while_its_node_is_silent)
{
    set_ready(first, true);
    set_ready(second, true);
    sample(1, "passing");
    struct answer answer = replica(first);
    cr_expect_str_eq(json_text_at(answer.json, "probes.readiness.state"), "ok");
    fixture_silence(&fixture, "n1", "suspect");
    answer = replica(first);
    cr_expect_str_eq(json_text_at(answer.json, "probes.readiness.state"), "unknown");
}

Test(probes, what_a_probe_says_now_is_known_before_its_first_sample)
{
    report(first, 1, "running", true, verdicts("readiness", "passing", ""));
    fixture_advance(&fixture, 3000);
    struct answer answer = replica(first);
    cr_expect_not(json_at(answer.json, "sampled")->boolean);
    cr_expect_eq(json_at(answer.json, "age_ms")->type, JSON_NULL);
    expect_now("before the first sample", "ok", 3000);
    cr_expect_eq(json_int_at(answer.json, "probes.readiness.checks"), 0);
    cr_expect_str_eq(json_text_at(answer.json, "probes.readiness.history"), "0000000000000000");
    cr_expect_eq(json_at(answer.json, "probes.readiness.last")->type, JSON_NULL);
    cr_expect_eq(json_at(answer.json, "probes.liveness")->type, JSON_NULL, "it has none");
    fixture_restart(&fixture);
    expect_now("after a restart of the server", "ok", 3000);
    report(first, 1, "failed", false, ", \"reason\": \"crash_loop\"");
    answer = replica(first);
    cr_expect_eq(json_at(answer.json, "probes")->type, JSON_NULL, "it has ended");
}

static void tell(int checks, bool ok)
{
    sample_probe(1, "liveness",
                 FORMAT("\"state\": \"passing\", \"history\": \"0000000000000001\", "
                        "\"checks\": %d, \"failures\": 0, \"last\": {\"ok\": %s, "
                        "\"duration_us\": %d, \"age_ms\": 100}",
                        checks, ok ? "true" : "false", checks * 10));
}

Test(probes, the_newest_sixty_answers_are_shown_with_their_times)
{
    set_ready(first, true);
    for (int i = 1; i <= LIMIT_PROBE_RECENT + 5; i++) {
        tell(i, i % 2 == 0);
        tell(i, i % 2 == 0); /* told again, it is no other answer */
        fixture_advance(&fixture, 1000);
    }
    struct answer answer = replica(first);
    const struct json *recent = json_at(answer.json, "recent.liveness");
    cr_assert_eq(recent->count, LIMIT_PROBE_RECENT);
    const struct json *newest = &recent->children[recent->count - 1];
    cr_expect_eq(json_int_at(&recent->children[0], "duration_us"), 60);
    cr_expect_eq(json_int_at(newest, "duration_us"), (LIMIT_PROBE_RECENT + 5) * 10);
    cr_expect_not(json_at(newest, "ok")->boolean);
    char told_at[CLOCK_RFC3339_BYTES];
    clock_rfc3339(fixture.manual.wall_ms - 1100, told_at);
    cr_expect_str_eq(json_text_at(newest, "at"), told_at);
}

Test(probes, what_has_ended_shows_its_life)
{
    set_ready(first, true);
    until(10000);
    report(first, 1, "failed", false, ", \"reason\": \"crash_loop\"");
    int64_t life_ms = passed_ms();
    until(50000);
    struct answer answer = replica(first);
    cr_expect_str_eq(json_text_at(answer.json, "state"), "failed");
    cr_expect_str_eq(states(line(&answer, "ready")), "failing ok");
    cr_expect_eq(json_at(answer.json, "timeline.ready.1.until")->type, JSON_STRING);
    cr_expect_str_eq(json_text_at(answer.json, "timeline.ready.1.until"),
                     json_text_at(answer.json, "window.until"));
    int64_t sum_ms = json_int_at(answer.json, "uptime.ready_ms") +
                     json_int_at(answer.json, "uptime.not_ready_ms");
    cr_expect_leq(sum_ms, life_ms);
    cr_expect_gt(sum_ms, 0);
    answer = get(FORMAT("/v1/replicas/%s/probes?window_seconds=10", first));
    cr_expect_eq(json_at(answer.json, "uptime.ratio")->type, JSON_NULL, "that was all before");
}

Test(probes, one_request_has_all_that_a_dashboard_draws)
{
    set_ready(first, true);
    until(30000);
    set_ready(second, true);
    until(60000);
    struct answer answer = get("/v1/deployments/web/probes?window_seconds=40");
    cr_expect_eq(json_at(answer.json, "items")->count, 2);
    cr_expect_str_eq(json_text_at(answer.json, "items.1.id"), second);
    cr_expect_eq(json_int_at(answer.json, "items.0.uptime.ready_ms"), 40000);
    cr_expect_eq(json_int_at(answer.json, "items.1.uptime.ready_ms"), 30000);
    cr_expect_eq(json_int_at(answer.json, "uptime.some_ms"), 40000, "%s", answer.text);
    cr_expect_eq(json_int_at(answer.json, "uptime.none_ms"), 0);
    cr_expect_leq(json_int_at(answer.json, "uptime.all_ms"), 30000);
    cr_expect_geq(json_int_at(answer.json, "uptime.all_ms"), 29000);
    const struct json *availability = json_at(answer.json, "availability");
    cr_assert_geq(availability->count, 2);
    const struct json *last = &availability->children[availability->count - 1];
    cr_expect_eq(json_int_at(last, "available"), 2);
    cr_expect_eq(json_at(last, "until")->type, JSON_NULL);
    cr_expect_str_eq(json_text_at(answer.json, "window.until"),
                     json_text_at(answer.json, "items.0.window.until"));
}

Test(probes, uptime_counts_what_was_wanted)
{
    set_ready(first, true);
    set_ready(second, true);
    until(10000);
    struct answer before = get("/v1/deployments/web/uptime");
    cr_expect_eq(json_int_at(before.json, "some_ms") + json_int_at(before.json, "none_ms"), 10000);
    cr_expect_eq(json_int_at(before.json, "idle_ms"), 0);
    cr_expect_eq(json_int_at(before.json, "unknown_ms"), 0);
    cr_expect_str_eq(json_text_at(before.json, "name"), "web");
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 0}");
    fixture_settle(&fixture);
    until(30000);
    struct answer after = get("/v1/deployments/web/uptime");
    cr_expect_gt(json_int_at(after.json, "idle_ms"), 15000, "%s", after.text);
    int64_t sum_ms = json_int_at(after.json, "some_ms") + json_int_at(after.json, "none_ms") +
                     json_int_at(after.json, "idle_ms") + json_int_at(after.json, "unknown_ms");
    cr_expect_eq(sum_ms, 30000);
    struct answer idle = get("/v1/deployments/web/uptime?window_seconds=5");
    cr_expect_eq(json_at(idle.json, "some_available")->type, JSON_NULL);
    cr_expect_eq(json_int_at(idle.json, "idle_ms"), 5000);
}

Test(probes, a_window_has_limits)
{
    static const char *const targets[] = {"/v1/deployments/web/uptime",
                                          "/v1/deployments/web/probes", "/v1/replicas/none/probes"};
    static const char *const windows[] = {"0", "604801", "-1", "x", "1.5"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        for (size_t j = 0; j < sizeof windows / sizeof *windows; j++) {
            const char *target =
                arena_printf(&fixture.arena, "%s?window_seconds=%s", targets[i], windows[j]);
            cr_expect_eq(fixture_get(&fixture, target).status, 400, "%s", target);
        }
    cr_expect_eq(fixture_get(&fixture, "/v1/deployments/none/uptime").status, 404);
}
