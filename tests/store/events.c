#include "store/events.h"

#include "base/limits.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

static struct store_fixture f;

static void setup(void)
{
    store_fixture_open(&f);
}

static void teardown(void)
{
    store_fixture_close(&f);
}

TestSuite(events, .init = setup, .fini = teardown);

static int64_t last_index;

static enum err_code add(struct store_tx *tx, void *argument, struct err *err)
{
    tx_set_actor(tx, "ann", "request-7");
    return events_add(tx, argument, &last_index, err);
}

static struct event event(const char *cluster, const char *uid)
{
    return (struct event){.kind = "deployment",
                          .cluster = cluster,
                          .name = "web",
                          .uid = uid,
                          .reason = "scaled",
                          .message = "from 2 to 3",
                          .data = "{\"replicas\":3}"};
}

static void added(const char *cluster, const char *uid)
{
    struct event made = event(cluster, uid);
    MUST(store_fixture_write(&f, add, &made, &err));
}

/* "3 5": the indexes that a filter lists. */
static const char *listed(struct events_filter filter)
{
    struct event *items;
    size_t count;
    struct text text;
    text_init(&text, &f.arena);
    if (filter.limit == 0) filter.limit = 100;
    MUST(events_list(f.reader, &f.arena, &filter, &items, &count, &err));
    for (size_t i = 0; i < count; i++)
        text_printf(&text, "%s%lld", i == 0 ? "" : " ", (long long)items[i].index);
    return text_string(&text);
}

Test(events, every_field_survives_a_round_trip)
{
    struct event *items, a = event("default", "u1");
    size_t count;
    MUST(store_fixture_write(&f, add, &a, &err));
    struct events_filter all = {.limit = 10};
    MUST(events_list(f.reader, &f.arena, &all, &items, &count, &err));
    cr_assert_eq(count, 1);
    SAME_INT(items[0].index, last_index);
    SAME_INT(items[0].at, f.time.wall_ms);
    SAME_TEXT(items[0].actor, "ann");
    SAME_TEXT(items[0].request_id, "request-7");
    SAME_TEXT(items[0].kind, a.kind);
    SAME_TEXT(items[0].cluster, a.cluster);
    SAME_TEXT(items[0].name, a.name);
    SAME_TEXT(items[0].uid, a.uid);
    SAME_TEXT(items[0].reason, a.reason);
    SAME_TEXT(items[0].message, a.message);
    SAME_TEXT(items[0].data, a.data);
    cr_expect_eq(store_fixture_published(&f, FACET_EVENTS, ""), last_index);
}

Test(events, filters_run_oldest_first_from_an_index)
{
    added("default", "u1");
    added("edge", "u2");
    added("default", "u1");
    added("default", NULL);
    SAME_TEXT(listed((struct events_filter){.after = 0}), "1 2 3 4");
    SAME_TEXT(listed((struct events_filter){.after = 2}), "3 4");
    SAME_TEXT(listed((struct events_filter){.after = 0, .limit = 2}), "1 2");
    SAME_TEXT(listed((struct events_filter){.uid = "u1"}), "1 3");
    SAME_TEXT(listed((struct events_filter){.uid = "u1", .after = 1}), "3");
    SAME_TEXT(listed((struct events_filter){.cluster = "edge"}), "2");
    SAME_TEXT(listed((struct events_filter){.after = 99}), "");
}

/* The same of a page of everything that is kept; `before` 0 = the first page. */
static const char *page_of(const char *uid, const char *cluster, int64_t before, int64_t limit)
{
    const struct position position = {.parts = {{.number = before}}, .count = 1};
    const struct page page = {
        .sort = SORT_OWN, .after = before > 0 ? &position : NULL, .limit = limit};
    struct event *items;
    struct listed listed;
    struct text text;
    text_init(&text, &f.arena);
    MUST(events_page(f.reader, &f.arena, uid, cluster, -1, &page, &items, &listed, &err));
    for (size_t i = 0; i < listed.count; i++)
        text_printf(&text, "%s%lld", i == 0 ? "" : " ", (long long)items[i].index);
    return text_string(&text);
}

Test(events, pages_begin_with_the_newest)
{
    added("default", "u1");
    added("edge", "u2");
    added("default", "u1");
    SAME_TEXT(page_of(NULL, NULL, 0, 100), "3 2 1");
    SAME_TEXT(page_of(NULL, NULL, 0, 1), "3");
    SAME_TEXT(page_of(NULL, NULL, 3, 100), "2 1");
    SAME_TEXT(page_of("u1", NULL, 0, 100), "3 1");
    SAME_TEXT(page_of(NULL, "default", 3, 100), "1");
}

Test(events, texts_from_outside_are_made_safe_and_cut)
{
    struct event *items, a = event("default", "u1");
    size_t count;
    struct text data, message;
    text_init(&data, &f.arena);
    text_init(&message, &f.arena);
    text_add(&message, "bell\a ");
    for (int i = 0; i < 40000; i++) {
        text_add(&message, "ü");
        text_add_char(&data, 'x');
    }
    a.message = text_string(&message);
    a.data = text_string(&data);
    MUST(store_fixture_write(&f, add, &a, &err));
    struct events_filter all = {.limit = 10};
    MUST(events_list(f.reader, &f.arena, &all, &items, &count, &err));
    cr_expect(text_starts(items[0].message, "bell? ü"));
    cr_expect_leq(strlen(items[0].message), LIMIT_EVENT_MESSAGE_BYTES);
    cr_expect_null(items[0].data);
}

/* ---- retention ---- */

static enum err_code add_hundred(struct store_tx *tx, void *argument, struct err *err)
{
    struct event made = event("default", "u1");
    (void)argument;
    for (int i = 0; i < 100; i++)
        TRY(events_add(tx, &made, &last_index, err));
    return ERR_OK;
}

static size_t kept(int64_t *oldest)
{
    struct event *items;
    size_t count;
    struct events_filter all = {.limit = 100000};
    MUST(events_floor(f.reader, &all.after, &err));
    MUST(events_list(f.reader, &f.arena, &all, &items, &count, &err));
    *oldest = items[0].index;
    return count;
}

static void keep(int64_t events)
{
    f.config.keep_events = events;
    store_fixture_reopen(&f);
}

Test(events, the_oldest_go_once_there_are_too_many)
{
    int64_t oldest;
    keep(500);
    for (int i = 0; i < 50; i++)
        MUST(store_fixture_write(&f, add_hundred, NULL, &err));
    size_t count = kept(&oldest);
    cr_expect_geq(count, 500);
    cr_expect_leq(count, 500 + 1024 + 100);
    cr_expect_eq(oldest, last_index - (int64_t)count + 1, "only the oldest are gone");

    struct event *items;
    struct events_filter old = {.after = 1, .limit = 10};
    MUST_FAIL(events_list(f.reader, &f.arena, &old, &items, &count, &err), ERR_GONE, "index");
    old.after = oldest - 1;
    MUST(events_list(f.reader, &f.arena, &old, &items, &count, &err));
    SAME_INT(items[0].index, oldest);
    old.after = oldest - 2;
    MUST_FAIL(events_list(f.reader, &f.arena, &old, &items, &count, &err), ERR_GONE, "index");
}

Test(events, what_was_dropped_is_known_after_a_restart)
{
    struct event *items;
    size_t count;
    keep(0);
    for (int i = 0; i < 20; i++)
        MUST(store_fixture_write(&f, add_hundred, NULL, &err));
    store_fixture_reopen(&f);
    struct events_filter old = {.after = 1, .limit = 10};
    MUST_FAIL(events_list(f.reader, &f.arena, &old, &items, &count, &err), ERR_GONE, "index");
}

Test(events, a_smaller_history_is_reached_at_idle_step_by_step)
{
    int64_t oldest;
    for (int i = 0; i < 40; i++)
        MUST(store_fixture_write(&f, add_hundred, NULL, &err));
    keep(100);
    size_t before = kept(&oldest);
    cr_expect_not(writer_step(f.writer));
    cr_expect_eq(before - kept(&oldest), 128, "one step drops a bounded share");
    for (int i = 0; i < 100; i++)
        writer_step(f.writer);
    cr_expect_leq(kept(&oldest), 100 + 1024);
    cr_expect_geq(kept(&oldest), 100);
}
