#include "store/quarantine.h"

#include "base/limits.h"
#include "store/deployments.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

static struct store_fixture f;
static struct deployment web;

static void setup(void)
{
    store_fixture_open(&f);
    web = sample_deployment(&f.arena, "default", "web");
    MUST(store_fixture_write(&f, sample_insert, &web, &err));
}

static void teardown(void)
{
    store_fixture_close(&f);
}

TestSuite(quarantine, .init = setup, .fini = teardown);

static enum err_code put(struct store_tx *tx, void *argument, struct err *err)
{
    return quarantine_put(tx, web.uid, "bad", argument, err);
}

static enum err_code lift(struct store_tx *tx, void *argument, struct err *err)
{
    return quarantine_lift(tx, web.uid, argument, err);
}

static enum err_code delete_web(struct store_tx *tx, void *argument, struct err *err)
{
    (void)argument;
    web.index = tx_next_index(tx);
    return deployments_delete(tx, &web, err);
}

static bool look(const char *hash, struct quarantine *quarantine)
{
    bool found;
    MUST(quarantine_get(f.reader, &f.arena, web.uid, hash, quarantine, &found, &err));
    return found;
}

Test(quarantine, a_template_stays_in_it_until_it_is_lifted)
{
    struct quarantine out, in = {.rollout = 7, .reason = "crash_loop", .at = 12};
    MUST(store_fixture_write(&f, put, &in, &err));
    cr_assert(look("bad", &out));
    SAME_INT(out.rollout, 7);
    SAME_TEXT(out.reason, "crash_loop");
    SAME_INT(out.at, 12);
    cr_expect_not(look("good", &out));
    MUST(store_fixture_write(&f, lift, (void *)(uintptr_t) "good", &err));
    cr_expect(look("bad", &out));
    MUST(store_fixture_write(&f, lift, (void *)(uintptr_t) "bad", &err));
    cr_expect_not(look("bad", &out));
}

Test(quarantine, the_newest_failure_stands)
{
    struct quarantine out, in = {.rollout = 7, .reason = "crash_loop", .at = 12};
    MUST(store_fixture_write(&f, put, &in, &err));
    in = (struct quarantine){.rollout = 9, .reason = "healthy_limit", .at = 13};
    MUST(store_fixture_write(&f, put, &in, &err));
    cr_assert(look("bad", &out));
    SAME_INT(out.rollout, 9);
    SAME_TEXT(out.reason, "healthy_limit");
}

Test(quarantine, goes_with_its_deployment)
{
    struct quarantine out, in = {.rollout = 7, .reason = "crash_loop", .at = 12};
    MUST(store_fixture_write(&f, put, &in, &err));
    MUST(store_fixture_write(&f, delete_web, NULL, &err));
    cr_expect_not(look("bad", &out));
}

static enum err_code put_many(struct store_tx *tx, void *argument, struct err *err)
{
    const int64_t *count = argument;
    for (int64_t i = 1; i <= *count; i++) {
        struct quarantine item = {.rollout = i, .reason = "crash_loop", .at = 12};
        const char *hash = arena_printf(&f.arena, "h%lld", (long long)i);
        TRY(quarantine_put(tx, web.uid, hash, &item, err));
    }
    return ERR_OK;
}

Test(quarantine, the_oldest_go_when_a_deployment_has_too_many)
{
    struct quarantine out;
    int64_t count = LIMIT_QUARANTINED + 2;
    MUST(store_fixture_write(&f, put_many, &count, &err));
    cr_expect_not(look("h1", &out));
    cr_expect_not(look("h2", &out));
    cr_expect(look("h3", &out));
    cr_expect(look(arena_printf(&f.arena, "h%lld", (long long)count), &out));
}
