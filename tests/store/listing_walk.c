/* Pages of lists: every row once in every order while others come and go, indexes that serve them,
 * and the bounds of what one page may cost. */
#include "store/connection.h"
#include "store/listing_compose.h"
#include "store/listing_world.h"
#include "store/store_private.h"

TestSuite(listing_walk, .init = world_open, .fini = world_close);

/* ---- walks ---- */

struct walk {
    const struct list_kind *list;
    int sort;
    bool descending;
    struct map *seen; /* key → item */
    const void *last;
};

static int compare(struct filter_value a, struct filter_value b)
{
    if (a.text != NULL) return strcmp(a.text, b.text);
    return a.number < b.number ? -1 : a.number > b.number;
}

static void visit(struct walk *walk, const void *item)
{
    const char *key = key_of(walk->list, item);
    cr_assert_null(map_put(walk->seen, key, (void *)item), "%s: %s comes twice", walk->list->name,
                   key);
    if (walk->sort != SORT_OWN && walk->last != NULL) {
        int order = compare(field_of(walk->list, walk->last, (size_t)walk->sort),
                            field_of(walk->list, item, (size_t)walk->sort));
        cr_assert(walk->descending ? order >= 0 : order <= 0, "%s by %d: %s is out of order",
                  walk->list->name, walk->sort, key);
    }
    walk->last = item;
}

/* `between` is called after each page. */
static void walk_list(struct walk *walk, int64_t limit, void (*between)(const struct walk *walk))
{
    struct position position;
    struct page page = {.sort = walk->sort, .descending = walk->descending, .limit = limit};
    for (struct listed listed;;) {
        const void *items = read_list(walk->list, &page, &listed);
        cr_assert_leq(listed.count, (size_t)limit);
        for (size_t i = 0; i < listed.count; i++)
            visit(walk, item_at(walk->list, items, i));
        if (between != NULL) between(walk);
        if (!listed.more) break;
        cr_assert(listing_has_position(walk->list->listing, walk->sort, &listed.last));
        position = listed.last;
        page.after = &position;
    }
}

static void expect_all_seen(const struct walk *walk, const void *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *key = key_of(walk->list, item_at(walk->list, items, i));
        cr_expect_not_null(map_get(walk->seen, key), "%s by %d: %s was left out", walk->list->name,
                           walk->sort, key);
    }
}

static void walk_once(const struct list_kind *list, int sort, bool descending, int64_t limit,
                      void (*between)(const struct walk *walk))
{
    struct map seen;
    struct listed all;
    struct page whole = whole_list();
    struct walk walk = {.list = list, .sort = sort, .descending = descending, .seen = &seen};
    const void *items = read_list(list, &whole, &all);
    map_init(&seen);
    walk_list(&walk, limit, between);
    expect_all_seen(&walk, items, all.count);
    if (between == NULL) cr_expect_eq(seen.count, all.count, "%s", list->name);
    map_release(&seen);
}

Test(listing_walk, every_row_comes_once_in_every_order)
{
    for (size_t i = 0; i < LISTS; i++) {
        const struct filter_fields *fields = listing_fields(lists[i].listing);
        walk_once(&lists[i], SORT_OWN, false, 7, NULL);
        walk_once(&lists[i], SORT_OWN, false, 1, NULL);
        for (int field = 0; field < (int)fields->count; field++) {
            if (!fields->items[field].sortable) continue;
            walk_once(&lists[i], field, false, 7, NULL);
            walk_once(&lists[i], field, true, 7, NULL);
        }
    }
}

/* ---- while rows change ---- */

static int guests;

static enum err_code change_rows(struct store_tx *tx, void *argument, struct err *err)
{
    (void)argument;
    int64_t index = tx_next_index(tx);
    if (guests > 0) {
        struct deployment gone =
            sample_deployment(&f.arena, "default", arena_printf(&f.arena, "guest-%d", guests));
        gone.index = index;
        TRY(deployments_delete(tx, &gone, err));
    }
    struct deployment guest = some_deployment((int)some(WORLD_DEPLOYMENTS));
    guest.name = arena_printf(&f.arena, "guest-%d", ++guests);
    guest.cluster = "default";
    guest.uid = arena_printf(&f.arena, "uid-default-%s", guest.name);
    guest.index = index;
    TRY(deployments_insert(tx, &guest, err));
    struct deployment *changed = &fleet[some(WORLD_DEPLOYMENTS)];
    changed->status.message = present_text();
    changed->description = present_text();
    return deployments_update(tx, changed, err);
}

static void change_between(const struct walk *walk)
{
    (void)walk;
    MUST(store_fixture_write(&f, change_rows, NULL, &err));
}

/* Guests come and go, and rows change in what the list is not sorted by. */
Test(listing_walk, every_row_that_stays_comes_once_while_others_come_and_go)
{
    const struct filter_fields *fields = &deployment_fields;
    walk_once(&lists[0], SORT_OWN, false, 5, change_between);
    for (int field = 0; field < (int)fields->count; field++) {
        if (!fields->items[field].sortable) continue;
        struct listed all;
        struct page whole = whole_list();
        struct map seen;
        struct walk walk = {
            .list = &lists[0], .sort = field, .descending = some(2) == 0, .seen = &seen};
        map_init(&seen);
        walk_list(&walk, 5, change_between);
        const void *items = read_list(&lists[0], &whole, &all);
        for (size_t i = 0; i < all.count; i++) {
            const struct deployment *deployment = item_at(&lists[0], items, i);
            if (text_starts(deployment->name, "guest-")) continue;
            cr_expect_not_null(map_get(&seen, key_of(&lists[0], deployment)), "by %s: %s",
                               fields->items[field].name, deployment->name);
        }
        map_release(&seen);
    }
}

/* ---- positions ---- */

Test(listing_walk, a_position_fits_its_own_order_alone)
{
    struct position by_key = {.parts = {{.text = "default"}, {.text = "web"}}, .count = 2};
    struct position by_number = {.parts = {{.number = 3}}, .count = 1};
    struct position by_replicas = {.parts = {{.number = 3}, {.text = "default"}, {.text = "web"}},
                                   .count = 3};
    int replicas = filter_field_find(&deployment_fields, "replicas");
    int name = filter_field_find(&deployment_fields, "name");
    cr_expect(listing_has_position(&deployment_listing, SORT_OWN, &by_key));
    cr_expect_not(listing_has_position(&deployment_listing, SORT_OWN, &by_number));
    cr_expect_not(listing_has_position(&deployment_listing, SORT_OWN, &by_replicas));
    cr_expect(listing_has_position(&deployment_listing, replicas, &by_replicas));
    cr_expect_not(listing_has_position(&deployment_listing, name, &by_replicas));
    cr_expect(listing_has_position(&replica_listing, SORT_OWN, &by_number));
    cr_expect_not(listing_has_position(&node_listing, SORT_OWN, &by_number));
}

/* ---- what serves a page ---- */

static const struct plan_row {
    const struct listing *listing;
    const char *cluster, *uid, *sort, *q;
    bool after;
    const char *found_by;
} plan_rows[] = {
    {&deployment_listing, NULL, NULL, NULL, NULL, true, "sqlite_autoindex_deployments_2"},
    {&deployment_listing, "edge", NULL, NULL, NULL, true, "(cluster=? AND name>?)"},
    {&deployment_listing, NULL, NULL, "updated_at", NULL, true, "deployments_updated"},
    {&deployment_listing, NULL, NULL, NULL, "replicas > 2", true, "sqlite_autoindex_deployments_2"},
    {&replica_listing, NULL, NULL, NULL, NULL, true, "INTEGER PRIMARY KEY (rowid>?)"},
    {&replica_listing, "edge", NULL, NULL, NULL, true, "replicas_cluster (cluster=? AND rowid>?)"},
    {&replica_listing, NULL, "u", NULL, "restarts > 2", true, "replicas_uid (uid=? AND rowid>?)"},
    {&node_listing, NULL, NULL, NULL, NULL, true, "PRIMARY KEY (name>?)"},
    {&event_listing, NULL, NULL, NULL, "kind = node", true, "PRIMARY KEY (rowid<?)"},
    {&event_listing, "edge", NULL, NULL, NULL, true, "events_cluster (cluster=? AND rowid<?)"},
    {&event_listing, NULL, "u", NULL, NULL, true, "events_uid (uid=? AND rowid<?)"},
    {&revision_listing, NULL, "u", NULL, NULL, true, "(uid=? AND number<?)"},
    {&deployment_rollout_listing, NULL, "u", NULL, NULL, true, "(uid=? AND id<?)"},
    {&rollout_listing, NULL, NULL, NULL, NULL, true, "rollouts_started"},
    {&token_listing, NULL, NULL, NULL, NULL, true, "PRIMARY KEY (id>?)"},
};

static const char *explained(struct listing_sql *sql)
{
    sqlite3_stmt *statement;
    struct text text;
    text_init(&text, &f.arena);
    const char *question = arena_printf(&f.arena, "EXPLAIN QUERY PLAN %s", text_string(&sql->text));
    cr_assert_eq(sqlite3_prepare_v2(f.reader->handle, question, -1, &statement, NULL), SQLITE_OK,
                 "%s: %s", question, sqlite3_errmsg(f.reader->handle));
    while (sqlite3_step(statement) == SQLITE_ROW)
        text_printf(&text, "%s; ", (const char *)sqlite3_column_text(statement, 3));
    sqlite3_finalize(statement);
    return text_string(&text);
}

static struct position position_of(const struct listing *listing, int sort)
{
    struct listing_order order = listing_order_of(listing, sort);
    struct position position = {.count = order.count};
    for (size_t i = 0; i < order.count; i++)
        if (order.parts[i].is_text) position.parts[i].text = "m";
    return position;
}

static const char *plan_of(const struct plan_row *row, struct listing_driver driver)
{
    struct listing_sql sql;
    struct listing_conditions conditions = {.count = 0};
    struct page page = {.sort = SORT_OWN, .limit = 10};
    const struct filter_fields *fields = listing_fields(row->listing);
    if (row->sort != NULL) page.sort = filter_field_find(fields, row->sort);
    struct position position = position_of(row->listing, page.sort);
    if (row->after) page.after = &position;
    if (row->q != NULL) MUST(filter_parse(&f.arena, row->q, fields, &page.filter, &err));
    listing_conditions_of(&conditions, page.filter);
    if (driver.kind != LISTING_WALK) driver.filter = page.filter;
    struct listing_query query = {.listing = row->listing,
                                  .page = &page,
                                  .cluster = row->cluster,
                                  .uid = row->uid,
                                  .select = "1"};
    listing_sql_init(&sql, &f.arena, row->listing);
    listing_compose_page(&sql, &query, &conditions, &driver);
    return explained(&sql);
}

Test(listing_walk, pages_in_their_own_order_are_found_by_an_index_and_not_sorted)
{
    for (size_t i = 0; i < sizeof plan_rows / sizeof plan_rows[0]; i++) {
        const char *plan = plan_of(&plan_rows[i], (struct listing_driver){.kind = LISTING_WALK});
        cr_expect_null(strstr(plan, "TEMP B-TREE"), "row %zu: %s", i, plan);
        cr_expect_not_null(strstr(plan, plan_rows[i].found_by), "row %zu: %s", i, plan);
    }
}

static const struct {
    struct plan_row row;
    enum listing_driver_kind driver;
} driven_rows[] = {
    {{&deployment_listing, NULL, NULL, NULL, "state = failed", true, "deployments_state (state=?)"},
     LISTING_BY_FIELD},
    {{&deployment_listing, NULL, NULL, "updated_at", "state in (failed, paused)", true,
      "deployments_state (state=?)"},
     LISTING_BY_FIELD},
    {{&deployment_listing, NULL, NULL, NULL, "label.team = ml", true,
      "SEARCH l USING PRIMARY KEY (key=? AND value=?)"},
     LISTING_BY_LABEL},
    {{&replica_listing, NULL, NULL, NULL, "label.team = ml", true, "replicas_uid (uid=?)"},
     LISTING_BY_LABEL},
    {{&event_listing, NULL, NULL, NULL, "label.team = ml", true, "events_uid (uid=?)"},
     LISTING_BY_LABEL},
    {{&rollout_listing, NULL, NULL, NULL, "label.team = ml", true,
      "SEARCH o USING PRIMARY KEY (uid=?)"},
     LISTING_BY_LABEL},
    {{&replica_listing, NULL, NULL, NULL, "state = failed", true, "replicas_phase (phase=?)"},
     LISTING_BY_FIELD},
    {{&rollout_listing, NULL, NULL, NULL, "state = failed", true, "rollouts_state (state=?)"},
     LISTING_BY_FIELD},
    {{&rollout_listing, "edge", NULL, NULL, NULL, true,
      "sqlite_autoindex_deployments_2 (cluster=?)"},
     LISTING_BY_CLUSTER},
};

Test(listing_walk, what_few_rows_meet_is_found_by_its_index)
{
    for (size_t i = 0; i < sizeof driven_rows / sizeof driven_rows[0]; i++) {
        const struct plan_row *row = &driven_rows[i].row;
        const char *plan = plan_of(row, (struct listing_driver){.kind = driven_rows[i].driver});
        cr_expect_not_null(strstr(plan, row->found_by), "row %zu: %s", i, plan);
    }
}

/* ---- bounds ---- */

static void write_many_events(void)
{
    MUST(connection_run(
        f.store->write,
        "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)"
        " INSERT INTO events (at_index, at, actor, kind, reason, message)"
        " SELECT i, i, 'ci', 'server', 'started', 'a sentence about nothing' FROM n",
        &err));
}

static const char *many_parts(void)
{
    struct text text;
    text_init(&text, &f.arena);
    text_add(&text, "message ~ a0");
    for (int i = 1; i < LIMIT_FILTER_COMPARISONS; i++)
        text_printf(&text, " or message ~ a%d", i);
    return text_string(&text);
}

/* As many conditions as a client can ask for at once: ?selector=, ?state= and ?q=, each full. */
static const struct filter *every_condition(void)
{
    struct text terms, comparisons;
    struct selector selector;
    const struct filter *state, *filter;
    text_init(&terms, &f.arena);
    text_init(&comparisons, &f.arena);
    for (int i = 0; i < LIMIT_SELECTOR_TERMS; i++)
        text_printf(&terms, "%sa%d!=b", i == 0 ? "" : ",", i);
    for (int i = 0; i < LIMIT_FILTER_COMPARISONS; i++)
        text_printf(&comparisons, "%sname != a%d", i == 0 ? "" : " and ", i);
    MUST(selector_parse(&f.arena, text_string(&terms), &selector, &err));
    MUST(filter_of_words(&f.arena, "state", "pending,running", &deployment_fields,
                         (size_t)filter_field_find(&deployment_fields, "state"), &state, &err));
    MUST(filter_parse(&f.arena, text_string(&comparisons), &deployment_fields, &filter, &err));
    filter = filter_and(&f.arena, state, filter);
    return filter_and(&f.arena, filter_of_selector(&f.arena, &selector), filter);
}

Test(listing_walk, all_conditions_that_a_client_can_ask_for_are_taken)
{
    struct deployment *items;
    struct listed listed;
    struct page page = {.sort = SORT_OWN, .limit = 10, .filter = every_condition(), .count = true};
    MUST(deployments_page(f.reader, &f.arena, NULL, &page, &items, &listed, &err));
    cr_expect_eq((int64_t)listed.count, listed.total);
}

Test(listing_walk, a_list_that_looks_at_too_much_is_stopped_and_the_next_one_works)
{
    struct event *events;
    struct listed listed;
    struct page page = {.sort = SORT_OWN, .limit = 10};
    write_many_events();
    MUST(filter_parse(&f.arena, many_parts(), &event_fields, &page.filter, &err));
    for (int time = 0; time < 2; time++)
        MUST_FAIL(events_page(f.reader, &f.arena, NULL, NULL, -1, &page, &events, &listed, &err),
                  ERR_QUERY_TOO_WIDE, "narrow the list");
    page.filter = NULL;
    MUST(events_page(f.reader, &f.arena, NULL, NULL, -1, &page, &events, &listed, &err));
    cr_expect_eq(listed.count, 10);
    /* The bound is of lists alone. */
    sqlite3_int64 count;
    MUST(connection_number(f.reader,
                           "SELECT count(*) FROM events AS a, (SELECT 1 FROM events LIMIT 60)",
                           &count, &err));
    cr_expect_gt(count, 5 * 1000 * 1000);
}

/* More texts than the cache holds, over and over; the connection still closes cleanly. */
Test(listing_walk, statements_are_kept_for_the_texts_used_last)
{
    for (int time = 0; time < 3; time++)
        for (size_t i = 0; i < LISTS; i++) {
            const struct filter_fields *fields = listing_fields(lists[i].listing);
            for (int field = 0; field < (int)fields->count; field++) {
                struct page page = {.sort = field, .limit = 3, .count = true};
                struct listed listed;
                if (fields->items[field].sortable) read_list(&lists[i], &page, &listed);
            }
        }
    size_t kept = 0;
    for (size_t i = 0; i < STATEMENT_CACHE_SIZE; i++)
        kept += f.reader->composed.items[i].sql != NULL;
    cr_expect_eq(kept, STATEMENT_CACHE_SIZE);
}
