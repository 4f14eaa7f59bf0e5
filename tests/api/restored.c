/* After a restore: what clients remember of the former server is refused or answered at once, and
 * replicas that the database has never heard of are left running until somebody orders their stop.
 */
#include "api/event_stream.h"
#include "store/store.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>
#include <inttypes.h>

enum { WAIT = 30 };

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    struct answer answer = fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                                        fixture_document(&fixture, "web", "1", 1, ""));
    cr_assert_eq(answer.status, 201, "%s", answer.text);
    fixture_settle(&fixture);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(restored, .init = open_fixture, .fini = close_fixture);

static const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *text(const char *format, ...)
{
    char bytes[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(bytes, sizeof bytes, format, values);
    va_end(values);
    return arena_strdup(&fixture.arena, bytes);
}

/* ---- what clients remember ---- */

static const char *const polled[] = {"/v1/deployments/web", "/v1/deployments/web/status",
                                     "/v1/deployments", "/v1/nodes/n1", "/v1/events"};

static struct answer poll(const char *path, int64_t index)
{
    return fixture_get(&fixture, text("%s?index=%" PRId64 "&wait_seconds=%d", path, index, WAIT));
}

Test(restored, indexes_of_the_former_server_are_answered_at_once)
{
    int64_t former = fixture_newest_index(&fixture) + 3; /* it had gone on */
    fixture_restore(&fixture);
    for (size_t i = 0; i < sizeof polled / sizeof *polled; i++) {
        struct answer answer = poll(polled[i], former);
        cr_assert_eq(answer.status, 200, "%s", answer.text);
        cr_expect_not(answer.reply.unsatisfied, "%s", polled[i]);
        answer = poll(polled[i], answer.reply.index);
        cr_expect(answer.reply.unsatisfied, "%s: and then it waits", polled[i]);
    }
}

Test(restored, tags_and_cursors_of_the_former_server_are_refused)
{
    for (int i = 0; i < 3; i++)
        fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                     fixture_document(&fixture, text("web-%d", i), "1", 0, ""));
    const char *etag =
        arena_strdup(&fixture.arena, fixture_get(&fixture, "/v1/deployments/web").reply.etag);
    const char *cursor =
        json_text_at(fixture_get(&fixture, "/v1/deployments?limit=2").json, "next_cursor");
    cr_assert_not_null(cursor);
    fixture_restore(&fixture);
    struct answer answer =
        fixture_call(&fixture, &(struct call){.method = METHOD_PUT,
                                              .target = "/v1/deployments/web/scale",
                                              .token = "admin-token",
                                              .body = "{\"replicas\": 2}",
                                              .if_match = etag});
    cr_expect_eq(answer.status, 412, "%s", answer.text);
    cr_expect_not_null(strstr(json_text_at(answer.json, "detail"), "restored from a backup"), "%s",
                       answer.text);
    answer = fixture_get(&fixture, text("/v1/deployments?limit=2&cursor=%s", cursor));
    cr_expect_eq(answer.status, 400, "%s", answer.text);
    cr_expect_str_eq(json_text_at(answer.json, "code"), "bad_cursor");
    cr_expect_not_null(strstr(json_text_at(answer.json, "detail"), "restored from a backup"), "%s",
                       answer.text);
}

Test(restored, events_after_a_lost_index_are_gone)
{
    int64_t kept = json_int_at(fixture_get(&fixture, "/v1/events?limit=1").json, "items.0.index");
    fixture_restore(&fixture);
    struct answer answer = fixture_get(&fixture, text("/v1/events?after=%" PRId64, kept));
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_expect_str_eq(json_text_at(answer.json, "items.0.reason"), "restored");
    answer = fixture_get(&fixture, text("/v1/events?after=%" PRId64, kept + 100));
    cr_expect_eq(answer.status, 410, "%s", answer.text);
    const char *detail = json_text_at(answer.json, "detail");
    cr_expect_not_null(strstr(detail, "restored from a backup"), "%s", detail);
    cr_expect_not_null(strstr(detail, "read the objects anew"), "%s", detail);
}

Test(restored, stream_after_a_lost_index_begins_anew_in_another_database)
{
    int64_t kept = json_int_at(fixture_get(&fixture, "/v1/events?limit=1").json, "items.0.index");
    fixture_restore(&fixture);
    struct store_db *reader = fixture.reader;
    struct event_stream stream = {.position = kept + 100};
    struct event_catch_up piece = {.limit = 10, .bytes_max = 10000};
    struct text read;
    struct err err;
    text_init(&read, &fixture.arena);
    cr_assert_eq(store_read_begin(reader, &err), ERR_OK);
    cr_assert_eq(event_stream_catch_up(reader, &fixture.arena, store_incarnation(fixture.store),
                                       &stream, &piece, &read, &err),
                 ERR_OK);
    store_read_end(reader);
    const char *bytes = text_string(&read);
    cr_expect_not_null(strstr(bytes, "\"reason\":\"other_database\""), "%s", bytes);
    cr_expect_eq(stream.position, fixture_newest_index(&fixture));
}

/* ---- what nodes run ---- */

static void report_attempt(const char *id, const char *state, int attempt)
{
    struct answer answer =
        fixture_report(&fixture, "n1",
                       text("\"changes\": [{\"id\": \"%s\", \"attempt\": %d, \"state\": \"%s\", "
                            "\"ready\": false, \"address\": \"10.0.0.7\", \"ports\": {}}]",
                            id, attempt, state));
    cr_assert_eq(answer.status, 204, "%s", answer.text);
}

static void report(const char *id, const char *state)
{
    report_attempt(id, state, 1);
}

static bool is_listed(const char *id)
{
    struct answer answer = fixture_get(&fixture, "/v1/nodes/n1");
    const struct json *unknown = json_at(answer.json, "unknown_replicas");
    for (size_t i = 0; i < unknown->count; i++)
        if (text_equal(unknown->children[i].string, id)) return true;
    return false;
}

/* "run", "stop", or NULL when the node is told nothing of it. */
static const char *wanted(const char *id)
{
    struct answer poll =
        fixture_call(&fixture, &(struct call){.target = "/v1/nodes/n1/assignments",
                                              .token = fixture_node_token(&fixture, "n1")});
    const struct json *replicas = json_at(poll.json, "replicas");
    for (size_t i = 0; i < replicas->count; i++)
        if (text_equal(json_text_at(&replicas->children[i], "id"), id))
            return json_text_at(&replicas->children[i], "wanted");
    return NULL;
}

Test(restored, unknown_replicas_of_a_server_that_was_never_restored_are_stopped)
{
    report("late-00000z", "running");
    cr_expect(is_listed("late-00000z"));
    cr_expect_str_eq(wanted("late-00000z"), "stop");
}

Test(restored, unknown_replicas_are_left_running_and_listed)
{
    fixture_restore(&fixture);
    report("late-00000z", "running");
    cr_expect(is_listed("late-00000z"));
    cr_expect_null(wanted("late-00000z"));
    struct answer events = fixture_get(&fixture, "/v1/events?limit=1");
    cr_expect_not_null(strstr(json_text_at(events.json, "items.0.message"), "left running"));
    report("late-00000z", "stopped");
    cr_expect_not(is_listed("late-00000z"), "it ended by itself");
}

Test(restored, known_replicas_go_on_and_new_ones_have_other_ids)
{
    const char *before =
        json_text_at(fixture_get(&fixture, "/v1/deployments/web/replicas").json, "items.0.id");
    fixture_restore(&fixture);
    report(before, "running");
    cr_expect_str_eq(wanted(before), "run");
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 2}");
    fixture_settle(&fixture);
    struct answer list = fixture_get(&fixture, "/v1/deployments/web/replicas");
    cr_expect_str_eq(json_text_at(list.json, "items.0.id"), before);
    const char *made = json_text_at(list.json, "items.1.id");
    cr_expect_gt(strlen(made), strlen(before), "of another life: %s", made);
}

static const char *newest_message(void)
{
    return json_text_at(fixture_get(&fixture, "/v1/events?limit=1").json, "items.0.message");
}

/* A rollout after the backup has ended it, and its node still knows so: that is no failure. */
Test(restored, what_ended_since_the_backup_is_replaced_at_once)
{
    const char *before =
        json_text_at(fixture_get(&fixture, "/v1/deployments/web/replicas").json, "items.0.id");
    fixture_restore(&fixture);
    report(before, "stopped");
    cr_expect_str_eq(newest_message(), "stopped since the backup that was restored");
    fixture_settle(&fixture);
    struct answer list = fixture_get(&fixture, "/v1/deployments/web/replicas");
    cr_expect_str_eq(json_text_at(list.json, "items.0.reason"), "it has ended since the backup");
    cr_assert_not_null(json_at(list.json, "items.1.id"), "no back-off: %s", list.text);
    const char *made = json_text_at(list.json, "items.1.id");
    cr_expect_str_eq(wanted(made), "run");
    report(made, "running");
    report(made, "stopped");
    cr_expect_str_eq(newest_message(), "stopped, although nobody ordered it");
}

static void be_healthy(int seconds)
{
    for (int i = 0; i < seconds; i++) {
        fixture_advance(&fixture, 1000);
        fixture_agent(&fixture, "n1");
        fixture_settle(&fixture);
    }
}

/* Its node tells of it as the backup does: whatever comes then is news of this database. */
Test(restored, what_ends_after_its_node_has_told_of_it_counts)
{
    const char *before =
        json_text_at(fixture_get(&fixture, "/v1/deployments/web/replicas").json, "items.0.id");
    be_healthy(60);
    fixture_restore(&fixture);
    be_healthy(1);
    int64_t told = fixture_newest_index(&fixture);
    be_healthy(60);
    cr_expect_eq(fixture_newest_index(&fixture), told, "it is written once");
    report(before, "stopped");
    cr_expect_str_eq(newest_message(), "stopped, although nobody ordered it");
    fixture_settle(&fixture);
    struct answer list = fixture_get(&fixture, "/v1/deployments/web/replicas");
    cr_expect_null(json_at(list.json, "items.1.id"), "it is waited with another: %s", list.text);
    fixture_advance(&fixture, 60 * 1000);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
    list = fixture_get(&fixture, "/v1/deployments/web/replicas");
    cr_expect_not_null(json_at(list.json, "items.1.id"), "%s", list.text);
}

/* What passes write of a node that takes its time is no word of it. */
Test(restored, what_ended_before_its_node_was_heard_does_not_count_however_late_that_is)
{
    const char *before =
        json_text_at(fixture_get(&fixture, "/v1/deployments/web/replicas").json, "items.0.id");
    be_healthy(60);
    fixture_restore(&fixture);
    fixture_silence(&fixture, "n1", "lost");
    report(before, "stopping");
    fixture_settle(&fixture);
    report(before, "stopped");
    cr_expect_str_eq(newest_message(), "stopped since the backup that was restored");
    fixture_settle(&fixture);
    struct answer list = fixture_get(&fixture, "/v1/deployments/web/replicas");
    cr_expect_not_null(json_at(list.json, "items.1.id"), "no back-off: %s", list.text);
}

Test(restored, a_restart_of_it_counts_likewise)
{
    const char *before =
        json_text_at(fixture_get(&fixture, "/v1/deployments/web/replicas").json, "items.0.id");
    be_healthy(60);
    fixture_restore(&fixture);
    be_healthy(1);
    report_attempt(before, "starting", 2);
    cr_expect_str_eq(newest_message(), "was started again, attempt 2");
}

Test(restored, what_is_started_again_says_that_it_ended_since_the_backup)
{
    const char *before =
        json_text_at(fixture_get(&fixture, "/v1/deployments/web/replicas").json, "items.0.id");
    fixture_restore(&fixture);
    report_attempt(before, "starting", 2);
    cr_expect_str_eq(newest_message(),
                     "was started again since the backup that was restored, attempt 2");
    struct answer list = fixture_get(&fixture, "/v1/deployments/web/replicas");
    cr_expect_str_eq(json_text_at(list.json, "items.0.readiness.reason"),
                     "started again since the backup");
    report_attempt(before, "starting", 3);
    cr_expect_str_eq(newest_message(), "was started again, attempt 3");
}

static struct answer stop_unknown(const char *query)
{
    return fixture_send(&fixture, METHOD_POST, text("/v1/nodes/n1/stop-unknown%s", query), NULL);
}

Test(restored, operator_orders_the_stop_of_one_or_of_all)
{
    fixture_restore(&fixture);
    report("late-00000z", "running");
    report("late-000010", "running");
    struct answer answer = stop_unknown("?replica=late-00000z");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_expect_str_eq(json_text_at(answer.json, "ordered.0"), "late-00000z");
    cr_expect_str_eq(wanted("late-00000z"), "stop");
    cr_expect_null(wanted("late-000010"));
    answer = stop_unknown("");
    cr_expect_str_eq(json_text_at(answer.json, "ordered.0"), "late-000010");
    cr_expect_null(json_at(answer.json, "ordered.1"));
    cr_expect_str_eq(wanted("late-000010"), "stop");
    report("late-00000z", "stopped");
    cr_expect_not(is_listed("late-00000z"));
    cr_expect(is_listed("late-000010"), "until its node says so");
}

Test(restored, stop_of_what_is_not_listed_is_404)
{
    cr_expect_eq(stop_unknown("?replica=web-000001").status, 404);
    struct answer answer = stop_unknown("");
    cr_expect_eq(answer.status, 200);
    cr_expect_null(json_at(answer.json, "ordered.0"));
}
