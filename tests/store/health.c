#include "store/health.h"

#include "base/clock.h"
#include "base/limits.h"
#include "store/connection.h"
#include "store/deployments.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

static struct store_fixture f;
static struct deployment web;
static struct replica replica;
static int64_t begin_at;

static enum err_code put_replica(struct store_tx *tx, void *argument, struct err *err)
{
    return replicas_write(tx, argument, (struct replica_effects){false, false}, tx_next_index(tx),
                          err);
}

static void setup(void)
{
    store_fixture_open(&f);
    begin_at = f.time.wall_ms;
    web = sample_deployment(&f.arena, "default", "web");
    web.status.desired = 2;
    web.status.ready = web.status.available = 0;
    MUST(store_fixture_write(&f, sample_insert, &web, &err));
    replica = sample_replica(&f.arena, &web, 7);
    replica.created_at = begin_at;
    replica.attempt = 1;
    MUST(store_fixture_write(&f, put_replica, &replica, &err));
}

static void teardown(void)
{
    store_fixture_close(&f);
}

TestSuite(health, .init = setup, .fini = teardown);

struct said {
    enum health_kind kind;
    enum health_state state;
    const char *reason;
};

static enum err_code say_it(struct store_tx *tx, void *argument, struct err *err)
{
    const struct said *said = argument;
    return health_note(tx, &replica, said->kind, said->state, said->reason, err);
}

static void pass(int64_t ms)
{
    f.time.wall_ms += ms;
    f.time.boot_ms += ms;
}

static void say(enum health_kind kind, enum health_state state, const char *reason)
{
    struct said said = {kind, state, reason};
    MUST(store_fixture_write(&f, say_it, &said, &err));
}

static struct health_spans look(enum health_kind kind, int64_t from_at)
{
    struct health_history history;
    MUST(health_history(f.reader, &f.arena, &replica, from_at, &history, &err));
    return history.of[kind];
}

static enum err_code count_web(struct store_tx *tx, void *argument, struct err *err)
{
    const int64_t *numbers = argument;
    web.status.desired = numbers[0];
    web.status.ready = numbers[1];
    web.status.available = numbers[2];
    web.index = tx_next_index(tx);
    return deployments_update_status(tx, &web, err);
}

static void count(int64_t desired, int64_t ready, int64_t available)
{
    int64_t numbers[] = {desired, ready, available};
    MUST(store_fixture_write(&f, count_web, numbers, &err));
}

static struct availability_spans availability(void)
{
    struct availability_spans spans;
    MUST(availability_history(f.reader, &f.arena, web.uid, 0, &spans, &err));
    return spans;
}

static int64_t number(const char *sql)
{
    sqlite3_int64 answer = -1;
    MUST(connection_number(f.reader, sql, &answer, &err));
    return answer;
}

Test(health, a_replica_is_not_ready_from_its_making_to_the_first_word)
{
    pass(1500);
    say(HEALTH_READY, HEALTH_OK, NULL);
    struct health_spans spans = look(HEALTH_READY, 0);
    cr_assert_eq(spans.count, 2);
    SAME_INT(spans.items[0].state, HEALTH_FAILING);
    SAME_INT(spans.items[0].from_at, begin_at);
    SAME_INT(spans.items[0].until_at, begin_at + 1500);
    SAME_INT(spans.items[1].state, HEALTH_OK);
    SAME_INT(spans.items[1].until_at, 0);
}

Test(health, a_probe_begins_with_its_first_verdict)
{
    say(HEALTH_READINESS, HEALTH_UNKNOWN, NULL);
    cr_expect_eq(look(HEALTH_READINESS, 0).count, 0);
    pass(10);
    say(HEALTH_READINESS, HEALTH_FAILING, "answered 503");
    pass(10);
    say(HEALTH_READINESS, HEALTH_FAILING, "connection refused");
    struct health_spans spans = look(HEALTH_READINESS, 0);
    cr_assert_eq(spans.count, 1);
    SAME_INT(spans.items[0].from_at, begin_at + 10);
    SAME_TEXT(spans.items[0].reason, "answered 503");
    cr_expect_eq(look(HEALTH_LIVENESS, 0).count, 0);
}

Test(health, no_verdict_yet_is_news_of_another_attempt_only)
{
    say(HEALTH_LIVENESS, HEALTH_OK, NULL);
    pass(1000);
    say(HEALTH_LIVENESS, HEALTH_UNKNOWN, NULL);
    cr_expect_eq(look(HEALTH_LIVENESS, 0).count, 1, "its agent was started anew");
    replica.attempt = 2;
    say(HEALTH_LIVENESS, HEALTH_UNKNOWN, NULL);
    struct health_spans spans = look(HEALTH_LIVENESS, 0);
    cr_assert_eq(spans.count, 2);
    SAME_INT(spans.items[1].state, HEALTH_UNKNOWN);
    SAME_INT(spans.items[1].attempt, 2);
}

Test(health, a_window_shows_what_reaches_into_it)
{
    for (int i = 0; i < 4; i++) {
        say(HEALTH_READY, i % 2 == 0 ? HEALTH_OK : HEALTH_FAILING, NULL);
        pass(5000);
    }
    cr_expect_eq(look(HEALTH_READY, begin_at).count, 4);
    cr_expect_eq(look(HEALTH_READY, begin_at + 4999).count, 4);
    cr_expect_eq(look(HEALTH_READY, begin_at + 5000).count, 3);
    cr_expect_eq(look(HEALTH_READY, begin_at + 100000).count, 1, "the one that lasts");
}

Test(health, changes_that_are_too_quick_are_merged)
{
    int changes = LIMIT_HEALTH_BURST * 3;
    for (int i = 0; i < changes; i++) {
        say(HEALTH_READY, i % 2 == 0 ? HEALTH_OK : HEALTH_FAILING, NULL);
        pass(10);
    }
    struct health_spans spans = look(HEALTH_READY, 0);
    cr_assert_eq(spans.count, LIMIT_HEALTH_BURST);
    const struct health_span *last = &spans.items[spans.count - 1];
    SAME_INT(last->merged, changes - LIMIT_HEALTH_BURST);
    SAME_INT(last->state, HEALTH_FAILING);
    pass(LIMIT_HEALTH_BURST_MS);
    say(HEALTH_READY, HEALTH_OK, NULL);
    cr_expect_eq(look(HEALTH_READY, 0).count, LIMIT_HEALTH_BURST + 1);
}

Test(health, of_one_millisecond_the_last_word_counts)
{
    say(HEALTH_READY, HEALTH_OK, NULL);
    say(HEALTH_READY, HEALTH_FAILING, "answered 503");
    struct health_spans spans = look(HEALTH_READY, 0);
    cr_assert_eq(spans.count, 1);
    SAME_INT(spans.items[0].state, HEALTH_FAILING);
    SAME_INT(spans.items[0].merged, 0);
    f.time.wall_ms -= 1000;
    say(HEALTH_READY, HEALTH_OK, NULL);
    spans = look(HEALTH_READY, 0);
    cr_assert_eq(spans.count, 1, "the clock was set back a little");
    SAME_INT(spans.items[0].from_at, begin_at);
}

Test(health, goes_on_when_the_clock_was_set_back_by_a_day)
{
    say(HEALTH_READY, HEALTH_OK, NULL);
    f.time.wall_ms -= DAY_MS;
    for (int i = 0; i < 2 * LIMIT_HEALTH_BURST; i++) {
        pass(LIMIT_HEALTH_BURST_MS);
        say(HEALTH_READY, i % 2 == 0 ? HEALTH_FAILING : HEALTH_OK, "");
        count(2, i % 2, i % 2);
    }
    struct health_spans spans = look(HEALTH_READY, 0);
    cr_assert_eq(spans.count, 1 + 2 * LIMIT_HEALTH_BURST);
    SAME_INT(spans.items[0].until_at, spans.items[0].from_at);
    SAME_INT(spans.items[1].from_at, begin_at - DAY_MS + LIMIT_HEALTH_BURST_MS);
    SAME_INT(availability().count, 2 * LIMIT_HEALTH_BURST);
}

static void flap(int changes, int64_t gap_ms)
{
    static bool up;
    for (int i = 0; i < changes; i++) {
        up = !up;
        pass(gap_ms);
        say(HEALTH_READY, up ? HEALTH_OK : HEALTH_FAILING, NULL);
    }
}

Test(health, the_newest_thousand_of_a_deployment_are_kept)
{
    flap(LIMIT_HEALTH_TRANSITIONS + 40, 2000);
    cr_expect_eq(number("SELECT count(*) FROM probe_transitions WHERE seq > 0"),
                 LIMIT_HEALTH_TRANSITIONS);
    cr_expect_eq(number("SELECT count(*) FROM probe_transitions WHERE seq = 0"), 1);
    struct health_spans spans = look(HEALTH_READY, 0);
    for (size_t i = 1; i < spans.count; i++)
        SAME_INT(spans.items[i].from_at, spans.items[i - 1].until_at);
}

Test(health, what_lasts_is_kept_and_what_ended_goes_after_seven_days)
{
    say(HEALTH_LIVENESS, HEALTH_OK, NULL);
    flap(20, 2000);
    pass(LIMIT_HEALTH_DAYS * (int64_t)DAY_MS);
    cr_expect_eq(look(HEALTH_READY, 0).count, 21, "whoever adds one takes them away");
    flap(1, 2001);
    cr_expect_eq(look(HEALTH_READY, 0).count, 22 - 8, "a few at a time");
    flap(3, 2000);
    struct health_spans spans = look(HEALTH_READY, 0);
    cr_expect_eq(spans.count, 5, "%zu", spans.count);
    cr_expect_eq(look(HEALTH_LIVENESS, 0).count, 1);
}

Test(health, fewer_days_are_kept_when_it_is_said)
{
    f.config.keep_health_days = 1;
    store_fixture_reopen(&f);
    flap(4, 2000);
    pass(DAY_MS);
    flap(2, 2000);
    cr_expect_eq(look(HEALTH_READY, 0).count, 3);
}

static enum err_code prune_all(struct store_tx *tx, void *argument, struct err *err)
{
    (void)argument;
    replica.phase = REPLICA_STOPPED;
    replica.wanted = WANTED_STOP;
    TRY(put_replica(tx, &replica, err));
    return replicas_prune(tx, web.uid, 0, err);
}

static enum err_code delete_web(struct store_tx *tx, void *argument, struct err *err)
{
    (void)argument;
    web.index = tx_next_index(tx);
    return deployments_delete(tx, &web, err);
}

Test(health, goes_with_the_replica_and_with_the_deployment)
{
    flap(3, 2000);
    MUST(store_fixture_write(&f, prune_all, NULL, &err));
    cr_expect_eq(number("SELECT count(*) FROM probe_transitions"), 0);
    cr_expect_eq(number("SELECT count(*) FROM availability_transitions"), 1);
    MUST(store_fixture_write(&f, delete_web, NULL, &err));
    cr_expect_eq(number("SELECT count(*) FROM availability_transitions"), 0);
}

Test(health, availability_begins_with_the_deployment)
{
    struct availability_spans spans = availability();
    cr_assert_eq(spans.count, 1);
    SAME_INT(spans.items[0].from_at, web.created_at);
    SAME_INT(spans.items[0].desired, 2);
    pass(3000);
    count(2, 2, 1);
    pass(3000);
    count(2, 2, 1);
    spans = availability();
    cr_assert_eq(spans.count, 2, "the same numbers are no change");
    SAME_INT(spans.items[0].until_at, begin_at + 3000);
    SAME_INT(spans.items[1].available, 1);
    SAME_INT(spans.items[1].until_at, 0);
}

Test(health, quick_counts_are_merged_but_never_what_uptime_is_made_of)
{
    int64_t ups = 0;
    for (int i = 0; i < 50; i++) {
        pass(10);
        count(100, i, i);
    }
    struct availability_spans spans = availability();
    cr_assert_eq(spans.count, LIMIT_HEALTH_BURST);
    SAME_INT(spans.items[spans.count - 1].available, 49);
    cr_expect_gt(spans.items[spans.count - 1].merged, 0);
    for (int i = 0; i < 40; i++) {
        pass(10);
        count(1, i % 2, i % 2);
    }
    spans = availability();
    for (size_t i = LIMIT_HEALTH_BURST; i < spans.count; i++)
        ups += spans.items[i].available;
    SAME_INT(ups, 20);
}

Test(health, the_newest_thousand_changes_of_availability_are_kept)
{
    for (int i = 0; i < LIMIT_HEALTH_TRANSITIONS + 30; i++) {
        pass(1000);
        count(1, (i + 1) % 2, (i + 1) % 2);
    }
    cr_expect_eq(availability().count, LIMIT_HEALTH_TRANSITIONS + 1);
}

static enum err_code put_node(struct store_tx *tx, void *argument, struct err *err)
{
    struct node node = sample_node("default", "n1");
    node.state = *(const int *)argument;
    node.index = tx_next_index(tx);
    return nodes_put(tx, &node, false, err);
}

static enum err_code delete_node(struct store_tx *tx, void *argument, struct err *err)
{
    return nodes_delete(tx, argument, tx_next_index(tx), err);
}

static void set_node(enum node_state state)
{
    int word = (int)state;
    MUST(store_fixture_write(&f, put_node, &word, &err));
}

static size_t silences(int64_t from_at, struct silence **items)
{
    size_t length;
    MUST(node_silences(f.reader, &f.arena, "n1", from_at, items, &length, &err));
    return length;
}

Test(health, a_node_is_silent_while_it_is_not_ready)
{
    struct silence *items;
    set_node(NODE_READY);
    cr_expect_eq(silences(0, &items), 0);
    pass(1000);
    set_node(NODE_SUSPECT);
    pass(1000);
    set_node(NODE_LOST);
    cr_assert_eq(silences(0, &items), 1);
    SAME_INT(items[0].from_at, begin_at + 1000);
    SAME_INT(items[0].until_at, 0);
    pass(1000);
    set_node(NODE_READY);
    set_node(NODE_READY);
    cr_assert_eq(silences(0, &items), 1);
    SAME_INT(items[0].until_at, begin_at + 3000);
    cr_expect_eq(silences(begin_at + 3000, &items), 0);
}

Test(health, a_silence_ends_when_its_node_is_removed_and_is_kept_for_its_time)
{
    struct silence *items;
    set_node(NODE_LOST);
    pass(1000);
    MUST(store_fixture_write(&f, delete_node, (void *)(uintptr_t) "n1", &err));
    cr_assert_eq(silences(0, &items), 1);
    SAME_INT(items[0].until_at, begin_at + 1000);
    pass(LIMIT_HEALTH_DAYS * (int64_t)DAY_MS + 1);
    set_node(NODE_LOST);
    cr_assert_eq(silences(0, &items), 1, "the old one is taken away");
    SAME_INT(items[0].until_at, 0);
}
