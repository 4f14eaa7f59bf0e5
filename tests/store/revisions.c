#include "store/revisions.h"

#include "store/deployments.h"
#include "store/replicas.h"
#include "store/rollouts.h"
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

TestSuite(revisions, .init = setup, .fini = teardown);
TestSuite(rollouts, .init = setup, .fini = teardown);

static enum err_code insert(struct store_tx *tx, void *argument, struct err *err)
{
    return revisions_insert(tx, web.uid, argument, err);
}

static struct revision inserted(int64_t number)
{
    struct revision revision = sample_revision(&f.arena, &web, number);
    MUST(store_fixture_write(&f, insert, &revision, &err));
    return revision;
}

/* "4 3 1": the numbers of the stored revisions, newest first. */
static const char *numbers(int64_t before, int64_t limit)
{
    struct revision *items;
    size_t count;
    struct text text;
    text_init(&text, &f.arena);
    MUST(revisions_list(f.reader, &f.arena, web.uid, before, limit, &items, &count, &err));
    for (size_t i = 0; i < count; i++)
        text_printf(&text, "%s%lld", i == 0 ? "" : " ", (long long)items[i].number);
    return text_string(&text);
}

Test(revisions, every_field_survives_a_round_trip)
{
    static const char *tags[] = {"blue", "with \"quote\""};
    struct revision b, a = sample_revision(&f.arena, &web, 4);
    a.proven = a.pinned = true;
    a.tags = (struct strings){tags, 2};
    MUST(store_fixture_write(&f, insert, &a, &err));
    MUST(revisions_get(f.reader, &f.arena, web.uid, 4, &b, &err));
    SAME_INT(a.number, b.number);
    SAME_TEXT(a.version, b.version);
    SAME_TEXT(a.template_json, b.template_json);
    SAME_TEXT(a.template_hash, b.template_hash);
    SAME_INT(a.created_at, b.created_at);
    SAME_TEXT(a.created_by, b.created_by);
    SAME_TEXT(a.change_cause, b.change_cause);
    SAME_INT(a.source, b.source);
    SAME_INT(a.copy_of, b.copy_of);
    SAME_INT(a.outcome, b.outcome);
    cr_expect(b.proven);
    cr_expect(b.pinned);
    cr_assert_eq(b.tags.count, 2);
    SAME_TEXT(b.tags.items[1], "with \"quote\"");
}

Test(revisions, one_is_found_by_number_tag_and_template)
{
    static const char *tags[] = {"blue"};
    struct revision out, tagged = sample_revision(&f.arena, &web, 1);
    tagged.tags = (struct strings){tags, 1};
    MUST(store_fixture_write(&f, insert, &tagged, &err));
    inserted(2);
    MUST(revisions_get_tag(f.reader, &f.arena, web.uid, "blue", &out, &err));
    SAME_INT(out.number, 1);
    MUST(revisions_get_hash(f.reader, &f.arena, web.uid, web.template_hash, &out, &err));
    SAME_INT(out.number, 2);
    MUST_FAIL(revisions_get(f.reader, &f.arena, web.uid, 9, &out, &err), ERR_NOT_FOUND, "9");
    MUST_FAIL(revisions_get_tag(f.reader, &f.arena, web.uid, "red", &out, &err), ERR_NOT_FOUND,
              "\"red\"");
    MUST_FAIL(revisions_get_hash(f.reader, &f.arena, web.uid, "x", &out, &err), ERR_NOT_FOUND, "x");
}

Test(revisions, a_list_runs_from_the_newest_and_pages_by_number)
{
    for (int64_t number = 1; number <= 5; number++)
        inserted(number);
    SAME_TEXT(numbers(0, 3), "5 4 3");
    SAME_TEXT(numbers(3, 3), "2 1");
}

static enum err_code set_stable(struct store_tx *tx, void *argument, struct err *err)
{
    const int64_t *number = argument;
    return revisions_set_outcome(tx, web.uid, *number, OUTCOME_STABLE, err);
}

Test(revisions, the_outcome_alone_can_change)
{
    struct revision out;
    int64_t number = 1;
    inserted(1);
    MUST(store_fixture_write(&f, set_stable, &number, &err));
    MUST(revisions_get(f.reader, &f.arena, web.uid, 1, &out, &err));
    SAME_INT(out.outcome, OUTCOME_STABLE);
    number = 2;
    MUST_FAIL(store_fixture_write(&f, set_stable, &number, &err), ERR_NOT_FOUND, "2");
}

static enum err_code set_superseded(struct store_tx *tx, void *argument, struct err *err)
{
    const int64_t *number = argument;
    return revisions_set_outcome(tx, web.uid, *number, OUTCOME_SUPERSEDED, err);
}

Test(revisions, what_was_stable_once_stays_proven)
{
    struct revision out;
    int64_t first = 1, second = 2;
    inserted(first);
    inserted(second);
    MUST(store_fixture_write(&f, set_stable, &first, &err));
    MUST(store_fixture_write(&f, set_superseded, &first, &err));
    MUST(store_fixture_write(&f, set_superseded, &second, &err));
    MUST(revisions_get(f.reader, &f.arena, web.uid, first, &out, &err));
    SAME_INT(out.outcome, OUTCOME_SUPERSEDED);
    cr_expect(out.proven);
    MUST(revisions_get(f.reader, &f.arena, web.uid, second, &out, &err));
    SAME_INT(out.outcome, OUTCOME_SUPERSEDED);
    cr_expect_not(out.proven);
}

struct prune {
    int64_t limit, current, stable;
};

static enum err_code prune(struct store_tx *tx, void *argument, struct err *err)
{
    const struct prune *args = argument;
    return revisions_prune(tx, web.uid, args->limit, args->current, args->stable, err);
}

static enum err_code use_some(struct store_tx *tx, void *argument, struct err *err)
{
    struct replica_effects none = {.endpoints = false};
    struct revision_set set = {.template_hash = "h", .revision = 3, .wanted = 1};
    struct replica running = sample_replica(&f.arena, &web, 1);
    struct replica ended = sample_replica(&f.arena, &web, 2);
    (void)argument;
    running.revision = 4;
    ended.revision = 5;
    ended.phase = REPLICA_STOPPED;
    TRY(revision_sets_put(tx, web.uid, &set, err));
    TRY(replicas_write(tx, &running, none, 5, err));
    return replicas_write(tx, &ended, none, 5, err);
}

Test(revisions, pruning_keeps_the_newest_and_whatever_is_still_meant)
{
    static const char *tags[] = {"keep"};
    for (int64_t number = 1; number <= 12; number++) {
        struct revision revision = sample_revision(&f.arena, &web, number);
        revision.pinned = number == 1;
        if (number == 2) revision.tags = (struct strings){tags, 1};
        MUST(store_fixture_write(&f, insert, &revision, &err));
    }
    MUST(store_fixture_write(&f, use_some, NULL, &err));
    struct prune args = {.limit = 2, .current = 12, .stable = 6};
    MUST(store_fixture_write(&f, prune, &args, &err));
    SAME_TEXT(numbers(0, 20), "12 11 10 6 4 3 2 1");
    args.limit = 0;
    MUST(store_fixture_write(&f, prune, &args, &err));
    SAME_TEXT(numbers(0, 20), "12 6 4 3 2 1");
}

static enum err_code put_set(struct store_tx *tx, void *argument, struct err *err)
{
    return revision_sets_put(tx, web.uid, argument, err);
}

static enum err_code delete_set(struct store_tx *tx, void *argument, struct err *err)
{
    return revision_sets_delete(tx, web.uid, argument, err);
}

Test(revisions, sets_are_kept_one_per_template)
{
    struct revision_set *items;
    size_t count;
    struct revision_set a = {"aa", 1, 2, 3, 4}, b = {"bb", 5, 6, 7, 8};
    MUST(store_fixture_write(&f, put_set, &b, &err));
    MUST(store_fixture_write(&f, put_set, &a, &err));
    b.wanted = 60;
    MUST(store_fixture_write(&f, put_set, &b, &err));
    MUST(revision_sets_list(f.reader, &f.arena, web.uid, &items, &count, &err));
    cr_assert_eq(count, 2);
    SAME_TEXT(items[0].template_hash, "aa");
    SAME_INT(items[0].revision, 1);
    SAME_INT(items[0].failures, 3);
    SAME_INT(items[0].retry_at_ms, 4);
    SAME_INT(items[1].wanted, 60);
    MUST(store_fixture_write(&f, delete_set, (void *)"aa", &err));
    MUST(revision_sets_list(f.reader, &f.arena, web.uid, &items, &count, &err));
    cr_assert_eq(count, 1);
}

/* ---- rollouts ---- */

static enum err_code put_rollout(struct store_tx *tx, void *argument, struct err *err)
{
    return rollouts_put(tx, web.uid, argument, err);
}

static enum err_code prune_rollouts(struct store_tx *tx, void *argument, struct err *err)
{
    const int64_t *limit = argument;
    return rollouts_prune(tx, web.uid, *limit, err);
}

static void expect_same_rollout(const struct rollout *a, const struct rollout *b)
{
    SAME_INT(a->id, b->id);
    SAME_INT(a->from_revision, b->from_revision);
    SAME_INT(a->to_revision, b->to_revision);
    SAME_INT(a->rollback_revision, b->rollback_revision);
    SAME_INT(a->strategy, b->strategy);
    SAME_INT(a->state, b->state);
    SAME_TEXT(a->reason, b->reason);
    SAME_TEXT(a->message, b->message);
    cr_expect_arr_eq(&a->progress, &b->progress, sizeof a->progress);
    SAME_INT(a->started_at, b->started_at);
    SAME_INT(a->finished_at, b->finished_at);
    SAME_INT(a->deadline_at_ms, b->deadline_at_ms);
    SAME_INT(a->deadline_left_ms, b->deadline_left_ms);
    SAME_INT(a->monitor_since_ms, b->monitor_since_ms);
    SAME_INT(a->batch_since_ms, b->batch_since_ms);
    SAME_INT(a->direct, b->direct);
    SAME_INT(a->promote, b->promote);
    SAME_INT(a->step, b->step);
    SAME_INT(a->step_since_ms, b->step_since_ms);
    SAME_INT(a->keep_old_since_ms, b->keep_old_since_ms);
    SAME_INT(a->extended_ms, b->extended_ms);
    SAME_INT(a->check_round, b->check_round);
    SAME_INT(a->high_water, b->high_water);
    SAME_INT(a->failed_replicas, b->failed_replicas);
    SAME_TEXT(a->failed_replica, b->failed_replica);
    SAME_INT(a->index, b->index);
}

Test(rollouts, every_field_survives_a_round_trip_and_a_second_write)
{
    struct rollout b, a = sample_rollout(9);
    MUST(store_fixture_write(&f, put_rollout, &a, &err));
    MUST(rollouts_get(f.reader, &f.arena, web.uid, 9, &b, &err));
    expect_same_rollout(&a, &b);
    a.state = ROLLOUT_ROLLED_BACK;
    a.failed_replica = NULL;
    a.index = 78;
    MUST(store_fixture_write(&f, put_rollout, &a, &err));
    MUST(rollouts_get(f.reader, &f.arena, web.uid, 9, &b, &err));
    expect_same_rollout(&a, &b);
    MUST_FAIL(rollouts_get(f.reader, &f.arena, web.uid, 8, &b, &err), ERR_NOT_FOUND, "8");
}

Test(rollouts, what_is_left_of_the_deadline_is_as_old_as_the_row)
{
    struct rollout out, rollout = sample_rollout(9);
    int64_t now_ms = store_clock_ms(f.store);
    rollout.state = ROLLOUT_PROGRESSING;
    rollout.deadline_at_ms = now_ms + 5000;
    MUST(store_fixture_write(&f, put_rollout, &rollout, &err));
    f.time.boot_ms += 1000;
    MUST(rollouts_get(f.reader, &f.arena, web.uid, 9, &out, &err));
    SAME_INT(out.deadline_in_ms, 5000);
    rollout.deadline_at_ms = 0; /* paused */
    rollout.deadline_left_ms = 77;
    MUST(store_fixture_write(&f, put_rollout, &rollout, &err));
    MUST(rollouts_get(f.reader, &f.arena, web.uid, 9, &out, &err));
    SAME_INT(out.deadline_in_ms, 77);
}

Test(rollouts, pruning_keeps_the_newest_and_those_that_run)
{
    struct rollout *items;
    size_t count;
    int64_t limit = 2;
    for (int64_t id = 1; id <= 5; id++) {
        struct rollout rollout = sample_rollout(id);
        rollout.state = id == 2 ? ROLLOUT_PAUSED : ROLLOUT_SUCCEEDED;
        MUST(store_fixture_write(&f, put_rollout, &rollout, &err));
    }
    MUST(store_fixture_write(&f, prune_rollouts, &limit, &err));
    MUST(rollouts_list(f.reader, &f.arena, web.uid, 0, 10, &items, &count, &err));
    cr_assert_eq(count, 3);
    SAME_INT(items[0].id, 5);
    SAME_INT(items[2].id, 2);
    MUST(rollouts_list(f.reader, &f.arena, web.uid, 4, 10, &items, &count, &err));
    cr_assert_eq(count, 1);
}
