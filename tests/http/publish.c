/* The registry of published facets without a socket: who is woken when, and which bodies stay. */
#include "server/publish.h"

#include "base/limits.h"
#include "server/cache.h"

#include <criterion/criterion.h>
#include <string.h>

enum { WOKEN_MAX = 8 };

/* The wake function has no argument of its own, and each test is a process. */
static struct watch *woken[WOKEN_MAX];
static size_t woken_count;

static void wake(struct watch *watch)
{
    cr_assert_lt(woken_count, WOKEN_MAX);
    woken[woken_count++] = watch;
}

static struct publish *publish;

static void open_registry(void)
{
    publish = publish_open(wake, 3);
}

static void close_registry(void)
{
    publish_close(publish);
}

TestSuite(publish, .init = open_registry, .fini = close_registry);

static const struct facet_name web = {FACET_DEPLOYMENT, "default/web"};
static const struct facet_name list = {FACET_LIST, "deployments"};

static void touch(struct facet_name name, int64_t index, int64_t now_ms)
{
    struct touched touched = {name.kind, name.key, index};
    publish_touched(publish, &touched, 1, now_ms);
}

static struct cached_body *body_of(const char *text)
{
    struct reply reply = {.status = 200, .content_type = "text/plain", .index = 7};
    text_init(&reply.body, NULL);
    text_add(&reply.body, text);
    struct cached_body *body = cached_body_new(&reply);
    text_release(&reply.body);
    return body;
}

static void put(struct facet_name name, unsigned view, int64_t seen, const char *text)
{
    struct cached_body *body = body_of(text);
    publish_cache(publish, name, view, seen, body);
    cached_body_release(body);
}

static bool has(struct facet_name name, unsigned view, const char *text)
{
    struct cached_body *body = NULL;
    publish_look(publish, name, view, &body);
    bool same = body != NULL && strcmp(body->bytes, text) == 0;
    cached_body_release(body);
    return same;
}

Test(publish, a_parked_watch_is_woken_once_by_its_own_facet)
{
    struct watch watch = {.floor = 0}, other = {.floor = 0};
    cr_assert_eq(publish_park(publish, web, 0, &watch), PARK_PARKED);
    cr_assert_eq(publish_park(publish, (struct facet_name){FACET_ENDPOINTS, web.key}, 0, &other),
                 PARK_PARKED);
    touch((struct facet_name){FACET_DEPLOYMENT, "default/other"}, 1, 10);
    cr_assert_eq(woken_count, 0);
    touch(web, 2, 20);
    touch(web, 3, 30);
    cr_assert_eq(woken_count, 1);
    cr_assert_eq(woken[0], &watch);
    cr_assert_eq(watch.due_ms, 20);
    cr_assert_not(publish_unpark(publish, web, &watch), "it is on its way");
    cr_assert(publish_unpark(publish, (struct facet_name){FACET_ENDPOINTS, web.key}, &other));
}

Test(publish, a_change_between_reading_and_parking_is_not_missed)
{
    struct watch watch;
    int64_t seen = publish_look(publish, web, 0, NULL);
    touch(web, 5, 10);
    watch = (struct watch){.floor = seen};
    cr_assert_eq(publish_park(publish, web, 11, &watch), PARK_MOVED);
    cr_assert_eq(watch.due_ms, 11);
    watch.floor = publish_look(publish, web, 0, NULL);
    cr_assert_eq(publish_park(publish, web, 12, &watch), PARK_PARKED);
    cr_assert(publish_unpark(publish, web, &watch));
}

Test(publish, a_watch_that_has_read_a_change_is_not_woken_by_its_publication)
{
    struct watch watch = {.floor = 8};
    cr_assert_eq(publish_park(publish, web, 0, &watch), PARK_PARKED);
    touch(web, 8, 10);
    cr_assert_eq(woken_count, 0);
    touch(web, 9, 20);
    cr_assert_eq(woken_count, 1);
}

Test(publish, lists_are_told_at_most_every_50_ms)
{
    struct watch watch = {.floor = 0};
    cr_assert_eq(publish_park(publish, list, 1000, &watch), PARK_PARKED);
    touch(list, 1, 1000);
    cr_assert_eq(watch.due_ms, 1000, "the first change at once");
    watch.floor = 1;
    cr_assert_eq(publish_park(publish, list, 1001, &watch), PARK_PARKED);
    touch(list, 2, 1010);
    cr_assert_eq(watch.due_ms, 1050);
    watch.floor = 1;
    cr_assert_eq(publish_park(publish, list, 1020, &watch), PARK_MOVED);
    cr_assert_eq(watch.due_ms, 1050, "changes meanwhile share the time");
    watch.floor = 2;
    cr_assert_eq(publish_park(publish, list, 1060, &watch), PARK_PARKED);
    touch(list, 3, 1500);
    cr_assert_eq(watch.due_ms, 1500, "after a pause at once");
}

Test(publish, too_many_watches_are_refused)
{
    struct watch watches[4] = {{.floor = 0}};
    for (int i = 0; i < 3; i++)
        cr_assert_eq(publish_park(publish, web, 0, &watches[i]), PARK_PARKED);
    cr_assert_eq(publish_park(publish, list, 0, &watches[3]), PARK_FULL);
    cr_assert(publish_unpark(publish, web, &watches[1]));
    cr_assert_eq(publish_park(publish, list, 0, &watches[3]), PARK_PARKED);
    touch(web, 1, 0);
    touch(list, 2, 0);
    cr_assert_eq(woken_count, 3);
}

Test(publish, a_body_stays_until_its_facet_moves)
{
    int64_t seen = publish_look(publish, web, 0, NULL);
    put(web, 1, seen, "one");
    put(web, 2, seen, "two");
    cr_assert(has(web, 1, "one"));
    cr_assert(has(web, 2, "two"));
    cr_assert_not(has(web, 3, "one"));
    touch(list, 4, 0);
    cr_assert(has(web, 1, "one"));
    touch(web, 5, 0);
    cr_assert_not(has(web, 1, "one"));
    cr_assert_not(has(web, 2, "two"));
}

Test(publish, a_body_that_was_read_before_a_change_is_not_kept)
{
    int64_t seen = publish_look(publish, web, 0, NULL);
    touch(web, 5, 0);
    put(web, 1, seen, "old");
    cr_assert_not(has(web, 1, "old"));
    put(web, 1, publish_look(publish, web, 0, NULL), "new");
    cr_assert(has(web, 1, "new"));
}

Test(publish, a_body_in_use_outlives_its_removal)
{
    struct cached_body *body = NULL;
    put(web, 1, 0, "used");
    publish_look(publish, web, 1, &body);
    touch(web, 5, 0);
    cr_assert_str_eq(body->bytes, "used");
    cached_body_release(body);
}

/* Far more facets than are kept: what was forgotten counts as moved, never as unchanged. */
Test(publish, forgotten_facets_count_as_moved)
{
    enum { FACETS = 3 * (2 * LIMIT_DEPLOYMENTS + 2 * LIMIT_NODES) };
    struct watch watch = {.floor = 0};
    cr_assert_eq(publish_park(publish, web, 0, &watch), PARK_PARKED);
    put(list, 1, 0, "list");
    for (int i = 0; i < FACETS; i++) {
        char key[32];
        snprintf(key, sizeof key, "default/d%d", i);
        touch((struct facet_name){FACET_DEPLOYMENT, key}, i + 1, 0);
    }
    cr_assert_eq(woken_count, 0);
    cr_assert(has(list, 1, "list"), "what is in use stays");
    struct facet_name first = {FACET_DEPLOYMENT, "default/d0"};
    cr_assert_geq(publish_look(publish, first, 0, NULL), 1);
    touch(web, FACETS + 1, 0);
    cr_assert_eq(woken_count, 1);
}

Test(publish, the_least_recently_used_bodies_leave_first)
{
    struct cache cache;
    struct cache_entry *lists[6] = {NULL};
    char text[200];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    cache_init(&cache, 2000);
    for (int i = 0; i < 6; i++) {
        struct cached_body *body = body_of(text);
        cache_put(&cache, &lists[i], 0, body);
        cached_body_release(body);
        cached_body_release(cache_get(&cache, lists[0], 0));
    }
    cr_assert_leq(cache.bytes, cache.bytes_max);
    cr_assert_not_null(lists[0], "it was used all the time");
    cr_assert_null(lists[1]);
    cr_assert_not_null(lists[5]);
    for (int i = 0; i < 6; i++)
        cache_drop(&cache, &lists[i]);
    cr_assert_eq(cache.bytes, 0);
}

Test(publish, a_body_that_would_empty_the_cache_is_left_out)
{
    struct cache cache;
    struct cache_entry *entries = NULL;
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    cache_init(&cache, 4000);
    struct cached_body *body = body_of(text);
    cache_put(&cache, &entries, 0, body);
    cr_assert_null(entries);
    cached_body_release(body);
}
