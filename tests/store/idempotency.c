#include "store/idempotency.h"

#include "base/clock.h"
#include "base/limits.h"
#include "store/connection.h"
#include "store/store_private.h"
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

TestSuite(idempotency, .init = setup, .fini = teardown);

static struct idempotency row(const char *request, const char *body)
{
    struct idempotency made = {.kept = KEPT_WHOLE,
                               .status = 201,
                               .body = body,
                               .etag = "\"a.1.2\"",
                               .index = 7,
                               .location = "/v1/deployments/web"};
    crypto_hash_raw(NULL, request, strlen(request), made.request);
    crypto_hash_raw(NULL, "payload", 7, made.payload);
    return made;
}

static enum err_code put(struct store_tx *tx, void *argument, struct err *err)
{
    return idempotency_put(tx, argument, err);
}

static enum err_code put_and_fail(struct store_tx *tx, void *argument, struct err *err)
{
    TRY(idempotency_put(tx, argument, err));
    return err_set(err, ERR_CONFLICT, "changed my mind");
}

static enum err_code expire(struct store_tx *tx, void *argument, struct err *err)
{
    (void)argument;
    return idempotency_expire(tx, err);
}

static void add(const char *request)
{
    struct idempotency made = row(request, "{}");
    MUST(store_fixture_write(&f, put, &made, &err));
}

struct search {
    struct idempotency row;
    bool found;
};

static enum err_code find(struct store_tx *tx, void *argument, struct err *err)
{
    struct search *search = argument;
    return idempotency_find(tx, &f.arena, search->row.request, &search->row, &search->found, err);
}

static bool is_kept(const char *request)
{
    struct search search = {.row = row(request, "")};
    MUST(store_fixture_write(&f, find, &search, &err));
    return search.found;
}

static int64_t count_rows(void)
{
    sqlite3_int64 count;
    MUST(connection_number(f.store->write, "SELECT count(*) FROM idempotency", &count, &err));
    return count;
}

static void advance(int64_t ms)
{
    f.time.boot_ms += ms;
}

Test(idempotency, every_field_survives_a_round_trip)
{
    struct idempotency a = row("a", "{\"name\": \"web\"}");
    struct search search = {.row = row("a", "")};
    MUST(store_fixture_write(&f, put, &a, &err));
    store_fixture_reopen(&f);
    MUST(store_fixture_write(&f, find, &search, &err));
    cr_assert(search.found);
    const struct idempotency *b = &search.row;
    cr_expect_arr_eq(a.payload, b->payload, sizeof a.payload);
    SAME_INT(a.kept, b->kept);
    SAME_INT(a.status, b->status);
    SAME_TEXT(a.body, b->body);
    SAME_TEXT(a.etag, b->etag);
    SAME_INT(a.index, b->index);
    SAME_TEXT(a.location, b->location);
}

Test(idempotency, a_body_that_is_not_to_be_kept_is_not_kept)
{
    struct idempotency a = row("a", "the secret");
    struct search search = {.row = row("a", "")};
    a.kept = KEPT_SECRET;
    a.location = NULL;
    MUST(store_fixture_write(&f, put, &a, &err));
    MUST(store_fixture_write(&f, find, &search, &err));
    SAME_INT(search.row.kept, KEPT_SECRET);
    SAME_TEXT(search.row.body, "");
    SAME_TEXT(search.row.location, NULL);
}

Test(idempotency, a_closure_that_fails_leaves_none)
{
    struct idempotency a = row("a", "{}");
    MUST_FAIL(store_fixture_write(&f, put_and_fail, &a, &err), ERR_CONFLICT, "mind");
    cr_expect_not(is_kept("a"));
    cr_expect_not(is_kept("b"));
}

Test(idempotency, one_is_kept_for_a_day_of_the_cluster_clock)
{
    add("a");
    advance(DAY_MS - 1);
    cr_expect(is_kept("a"));
    advance(1);
    cr_expect_not(is_kept("a"));
    add("a");
    cr_expect(is_kept("a"), "the expired one is replaced");
    cr_expect_eq(count_rows(), 1);
}

Test(idempotency, time_without_a_server_does_not_count)
{
    add("a");
    store_fixture_shut(&f);
    advance(DAY_MS);
    store_fixture_start(&f);
    cr_expect(is_kept("a"));
}

Test(idempotency, housekeeping_removes_what_has_expired)
{
    add("a");
    advance(DAY_MS / 2);
    add("b");
    advance(DAY_MS / 2);
    MUST(store_fixture_write(&f, expire, NULL, &err));
    cr_expect_eq(count_rows(), 1);
    cr_expect(is_kept("b"));
}

Test(idempotency, beyond_the_limit_the_oldest_go_first)
{
    char shift[128];
    add("a");
    add("b");
    snprintf(shift, sizeof shift, "UPDATE idempotency SET seq = seq + %d WHERE seq = 2",
             LIMIT_IDEMPOTENT_REPLIES);
    MUST(connection_run(f.store->write, shift, &err));
    add("c");
    cr_expect_not(is_kept("a"));
    cr_expect(is_kept("b"));
    cr_expect(is_kept("c"));
}

Test(idempotency, beyond_the_bytes_of_all_bodies_too)
{
    char shift[128];
    add("a");
    add("b");
    snprintf(shift, sizeof shift, "UPDATE idempotency SET sum_bytes = sum_bytes + %d WHERE seq = 2",
             LIMIT_IDEMPOTENT_BODIES_BYTES);
    MUST(connection_run(f.store->write, shift, &err));
    add("c");
    cr_expect_not(is_kept("a"));
    cr_expect(is_kept("b"));
    cr_expect(is_kept("c"));
}
