/* Rollback to a number, a tag or the stable revision. */
#include "base/text.h"
#include "store/deployments.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "support/control_world.h"

#include <criterion/criterion.h>

static struct control_world world;

static enum err_code prove(struct control_world *w, struct store_tx *tx, void *argument,
                           struct err *err)
{
    struct deployment *web = argument;
    struct rollout rollout;
    TRY(rollouts_get(tx_db(tx), &w->arena, web->uid, web->status.rollout_id, &rollout, err));
    rollout.state = ROLLOUT_SUCCEEDED;
    web->status.rollout_state = ROLLOUT_SUCCEEDED;
    web->status.stable_revision = web->status.revision;
    web->index = tx_next_index(tx);
    TRY(rollouts_put(tx, web->uid, &rollout, err));
    TRY(revisions_set_outcome(tx, web->uid, web->status.revision, OUTCOME_STABLE, err));
    return deployments_update_status(tx, web, err);
}

/* Revision 1 is stable, revision 2 on its way. */
static void open_world(void)
{
    world_open(&world);
    world_apply(&world, world_web(&world, "1", 3));
    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(world_run(&world, prove, &web), ERR_OK, "%s", world.err.detail);
    world_apply(&world, world_web(&world, "2", 3));
}

static void close_world(void)
{
    world_close(&world);
}

TestSuite(control_rollback, .init = open_world, .fini = close_world);

struct rolling {
    const char *name;
    struct rollback_document document;
    struct precondition precondition;
    struct change change;
};

static enum err_code roll_back(struct control_world *w, struct store_tx *tx, void *argument,
                               struct err *err)
{
    struct rolling *rolling = argument;
    return control_rollback(w->control, tx, &w->arena, "default",
                            rolling->name ? rolling->name : "web", &rolling->document,
                            &rolling->precondition, &rolling->change, err);
}

static struct revision revision(int64_t number)
{
    struct revision row;
    struct err err;
    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(revisions_get(world_look(&world), &world.arena, web.uid, number, &row, &err),
                 ERR_OK);
    return row;
}

static void expect_rollback(struct rolling *rolling, int64_t copy_of)
{
    int64_t before = world_newest_index(&world);
    cr_assert_eq(world_run(&world, roll_back, rolling), ERR_OK, "%s", world.err.detail);
    cr_assert(rolling->change.changed);
    struct deployment web = world_deployment(&world, "web");
    struct revision made = revision(web.status.revision);
    cr_assert_eq(made.copy_of, copy_of);
    cr_assert_eq(made.source, SOURCE_ROLLBACK);
    cr_assert_str_eq(made.template_json, revision(copy_of).template_json);
    cr_assert_str_eq(web.template_hash, revision(copy_of).template_hash);
    cr_assert_eq(rolling->change.rollout_id, web.status.rollout_id);
    cr_assert_eq(web.status.rollout_state, ROLLOUT_PROGRESSING);
    cr_assert_not_null(world_event(&world, before, "rollout", "started"));
    cr_assert(world_is_dirty(&world, web.uid));
}

static void expect_refusal(struct rolling *rolling, enum err_code code, const char *words)
{
    int64_t before = world_newest_index(&world);
    cr_assert_eq(world_run(&world, roll_back, rolling), code, "%s", world.err.detail);
    cr_assert_not_null(strstr(world.err.detail, words), "'%s' lacks '%s'", world.err.detail, words);
    cr_assert_eq(world_newest_index(&world), before, "something was written");
}

Test(control_rollback, to_stable_copies_the_stable_revision)
{
    struct rolling rolling = {.document = {.tag = "stable", .change_cause = "2 is slow"}};
    int64_t before = world_newest_index(&world);
    expect_rollback(&rolling, 1);
    cr_assert_str_eq(revision(3).change_cause, "2 is slow");
    cr_assert_str_eq(world_story(&world, before), "rollout.superseded rollout.started");
    cr_assert_str_eq(world_event(&world, before, "rollout", "started")->message,
                     "revision 3 takes over, a copy of revision 1");
    cr_assert_str_eq(world_deployment(&world, "web").spec.template.version, "1");
}

Test(control_rollback, to_a_number_copies_that_revision)
{
    struct rolling rolling = {.document = {.revision = 1}};
    expect_rollback(&rolling, 1);
}

Test(control_rollback, numbers_keep_their_meaning)
{
    struct rolling there = {.document = {.revision = 1}};
    expect_rollback(&there, 1);
    struct rolling back = {.document = {.revision = 2}};
    expect_rollback(&back, 2);
    cr_assert_eq(world_deployment(&world, "web").status.revision, 4);
    cr_assert_str_eq(revision(2).version, "2");
}

Test(control_rollback, to_what_is_the_target_already_changes_nothing)
{
    struct rolling there = {.document = {.revision = 1}};
    expect_rollback(&there, 1);
    static const int64_t same[] = {1, 3};
    for (size_t i = 0; i < 2; i++) {
        int64_t before = world_newest_index(&world);
        struct rolling again = {.document = {.revision = same[i]}};
        cr_assert_eq(world_run(&world, roll_back, &again), ERR_OK, "%s", world.err.detail);
        cr_assert_not(again.change.changed);
        cr_assert_eq(world_newest_index(&world), before);
    }
}

static enum err_code halt(struct control_world *w, struct store_tx *tx, void *argument,
                          struct err *err)
{
    struct deployment *web = argument;
    struct rollout rollout;
    TRY(rollouts_get(tx_db(tx), &w->arena, web->uid, web->status.rollout_id, &rollout, err));
    rollout.state = ROLLOUT_FAILED;
    web->status.rollout_state = ROLLOUT_FAILED;
    web->status.halted_reason = "no_stable_revision";
    web->index = tx_next_index(tx);
    TRY(rollouts_put(tx, web->uid, &rollout, err));
    return deployments_update_status(tx, web, err);
}

Test(control_rollback, a_halted_deployment_starts_its_target_again)
{
    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(world_run(&world, halt, &web), ERR_OK, "%s", world.err.detail);
    struct rolling rolling = {.document = {.revision = 2}};
    expect_rollback(&rolling, 2);
    cr_assert_null(world_deployment(&world, "web").status.halted_reason);
}

Test(control_rollback, unknown_revisions_are_named_with_those_that_exist)
{
    struct rolling number = {.document = {.revision = 7}};
    expect_refusal(&number, ERR_NOT_FOUND,
                   "deployment web has no revision 7; revisions 2 and 1 exist");
    struct rolling tag = {.document = {.tag = "golden"}};
    expect_refusal(&tag, ERR_NOT_FOUND, "no revision tagged \"golden\"; revisions 2 and 1 exist");
    struct rolling nobody = {.name = "nobody", .document = {.revision = 1}};
    expect_refusal(&nobody, ERR_NOT_FOUND, "nobody");
}

Test(control_rollback, without_a_stable_revision_there_is_no_way_back_to_it)
{
    world_apply(&world,
                world_document(&world, "{\"name\": \"new\", \"spec\": {\"template\": "
                                       "{\"version\": \"1\", \"command\": [\"./serve\"]}}}"));
    struct rolling rolling = {.name = "new", .document = {.tag = "stable"}};
    expect_refusal(&rolling, ERR_NOT_FOUND,
                   "deployment new has no stable revision yet; revision 1 exists");
}

Test(control_rollback, preconditions_hold)
{
    struct rolling rolling = {.document = {.revision = 1},
                              .precondition = {.match = true, .generation = 1}};
    expect_refusal(&rolling, ERR_PRECONDITION, "is at generation 2");
}
