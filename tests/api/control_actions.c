/* Orders without a document, at the level of rows and events: what the next pass makes of them is
 * the planner's. */
#include "base/text.h"
#include "store/deployments.h"
#include "store/quarantine.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "support/control_world.h"

#include <criterion/criterion.h>

static struct control_world world;

/* ---- rows as passes leave them ---- */

struct state {
    int rollout; /* enum rollout_state */
    bool proven, halted, quarantined;
    int strategy; /* enum strategy_type */
    int64_t step, step_since_ms, deadline_left_ms;
    int64_t wanted, available; /* of the target */
};

static enum err_code write_rollout(struct control_world *w, struct store_tx *tx,
                                   const struct deployment *web, const struct state *state,
                                   struct err *err)
{
    struct rollout rollout;
    TRY(rollouts_get(tx_db(tx), &w->arena, web->uid, web->status.rollout_id, &rollout, err));
    rollout.state = state->rollout;
    rollout.strategy = state->strategy;
    rollout.step = state->step;
    rollout.step_since_ms = state->step_since_ms;
    rollout.deadline_left_ms = state->deadline_left_ms;
    return rollouts_put(tx, web->uid, &rollout, err);
}

static enum err_code write_target(struct store_tx *tx, const struct deployment *web,
                                  const struct state *state, struct err *err)
{
    struct revision_set set = {.template_hash = web->template_hash,
                               .revision = web->status.revision,
                               .wanted = state->wanted};
    for (int64_t i = 0; i < state->wanted; i++) {
        int64_t number = tx_next_replica(tx);
        struct replica replica = {.id = arena_printf(tx_arena(tx), "web-%d", (int)number),
                                  .number = number,
                                  .deployment_uid = web->uid,
                                  .deployment = web->name,
                                  .cluster = web->cluster,
                                  .revision = web->status.revision,
                                  .template_hash = web->template_hash,
                                  .phase = REPLICA_RUNNING,
                                  .reason = "",
                                  .available = i < state->available};
        TRY(replicas_write(tx, &replica, (struct replica_effects){0}, tx_next_index(tx), err));
    }
    return revision_sets_put(tx, web->uid, &set, err);
}

static enum err_code write_state(struct control_world *w, struct store_tx *tx, void *argument,
                                 struct err *err)
{
    const struct state *state = argument;
    struct quarantine quarantine = {.reason = "crash_loop", .at = 1};
    struct deployment web;
    TRY(deployments_get(tx_db(tx), &w->arena, "default", "web", &web, err));
    TRY(write_rollout(w, tx, &web, state, err));
    TRY(write_target(tx, &web, state, err));
    quarantine.rollout = web.status.rollout_id;
    if (state->quarantined) TRY(quarantine_put(tx, web.uid, web.template_hash, &quarantine, err));
    if (state->halted) web.status.halted_reason = "no_stable_revision";
    if (state->proven) web.status.stable_revision = web.status.revision;
    web.status.rollout_state = state->rollout;
    web.spec.strategy.type = state->strategy;
    web.index = tx_next_index(tx);
    return deployments_update(tx, &web, err);
}

static void put(struct state state)
{
    cr_assert_eq(world_run(&world, write_state, &state), ERR_OK, "%s", world.err.detail);
}

/* ---- orders ---- */

struct ordering {
    control_order *order;
    struct precondition precondition;
    struct change change;
};

static enum err_code run(struct control_world *w, struct store_tx *tx, void *argument,
                         struct err *err)
{
    struct ordering *ordering = argument;
    return ordering->order(w->control, tx, &w->arena, "default", "web", &ordering->precondition,
                           &ordering->change, err);
}

static struct change done(control_order *order)
{
    struct ordering ordering = {.order = order};
    cr_assert_eq(world_run(&world, run, &ordering), ERR_OK, "%s", world.err.detail);
    return ordering.change;
}

static struct deployment changed(control_order *order, const char *story)
{
    int64_t before = world_newest_index(&world);
    world_forget_dirty(&world);
    struct change change = done(order);
    struct deployment web = world_deployment(&world, "web");
    cr_assert(change.changed);
    cr_assert_str_eq(world_story(&world, before), story);
    cr_assert(world_is_dirty(&world, web.uid));
    cr_assert_eq(change.deployment.index, web.index);
    cr_assert_eq(change.rollout_id, strstr(story, "rollout.started") ? web.status.rollout_id : 0);
    return web;
}

static void expect_nothing(control_order *order)
{
    int64_t before = world_newest_index(&world);
    cr_assert_not(done(order).changed);
    cr_assert_eq(world_newest_index(&world), before, "something was written");
}

static void refused(control_order *order, enum err_code code, const char *words)
{
    struct ordering ordering = {.order = order};
    int64_t before = world_newest_index(&world);
    cr_assert_eq(world_run(&world, run, &ordering), code, "%s", world.err.detail);
    cr_assert_not_null(strstr(world.err.detail, words), "'%s' lacks '%s'", world.err.detail, words);
    cr_assert_eq(world_newest_index(&world), before, "something was written");
}

static struct rollout rollout(int64_t id)
{
    struct rollout row;
    struct err err;
    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(rollouts_get(world_look(&world), &world.arena, web.uid, id, &row, &err), ERR_OK);
    return row;
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

static bool is_quarantined(const char *template_hash)
{
    struct quarantine row;
    struct err err;
    bool found;
    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(quarantine_get(world_look(&world), &world.arena, web.uid, template_hash, &row,
                                &found, &err),
                 ERR_OK);
    return found;
}

/* Revision 1 is on its way for the first time. */
static void open_world(void)
{
    world_open(&world);
    world_apply(&world, world_web(&world, "1", 3));
}

/* Revision 1 is stable, revision 2 on its way. */
static void overtake(void)
{
    put((struct state){.rollout = ROLLOUT_SUCCEEDED, .proven = true});
    world_apply(&world, world_web(&world, "2", 3));
}

static void close_world(void)
{
    world_close(&world);
}

TestSuite(control_actions, .init = open_world, .fini = close_world);

/* ---- direct rollouts ---- */

Test(control_actions, a_first_deploy_is_direct_and_an_update_is_not)
{
    cr_assert(rollout(1).direct);
    overtake();
    cr_assert_not(rollout(2).direct);
}

Test(control_actions, what_an_overtaken_rollout_waited_for_is_over)
{
    overtake();
    put((struct state){
        .rollout = ROLLOUT_AWAITING_PROMOTION, .step_since_ms = 5000, .deadline_left_ms = 60000});
    world_apply(&world, world_web(&world, "3", 3));
    cr_assert_eq(rollout(2).state, ROLLOUT_SUPERSEDED);
    cr_assert_eq(rollout(2).step_since_ms, 0);
    cr_assert_eq(rollout(2).deadline_left_ms, 0);
}

Test(control_actions, an_update_of_what_never_became_healthy_is_not_a_first_deploy)
{
    put((struct state){.rollout = ROLLOUT_FAILED, .wanted = 1});
    world_apply(&world, world_web(&world, "2", 3));
    cr_assert_not(rollout(2).direct);
}

Test(control_actions, the_way_back_to_the_stable_template_is_direct)
{
    overtake();
    world_apply(&world, world_web(&world, "1", 3));
    cr_assert(rollout(3).direct);
    cr_assert_eq(rollout(2).state, ROLLOUT_SUPERSEDED);
}

/* ---- applied again ---- */

static enum err_code apply_forced(struct control_world *w, struct store_tx *tx, void *argument,
                                  struct err *err)
{
    struct precondition precondition = {.force = true};
    return control_apply(w->control, tx, &w->arena, world_web(w, "1", 3), &precondition, argument,
                         err);
}

Test(control_actions, an_unchanged_document_that_is_quarantined_is_tried_again_when_it_is_forced)
{
    struct change change;
    put((struct state){.rollout = ROLLOUT_FAILED, .quarantined = true});
    cr_assert_not(world_apply(&world, world_web(&world, "1", 3)).changed, "not unforced");
    cr_assert_eq(world_run(&world, apply_forced, &change), ERR_OK, "%s", world.err.detail);
    cr_assert(change.changed);
    cr_assert_eq(world_deployment(&world, "web").status.rollout_id, 2);
    cr_assert_not(is_quarantined(revision(2).template_hash));
}

/* ---- pause, resume ---- */

Test(control_actions, a_pause_is_a_new_generation_and_a_second_one_nothing)
{
    int64_t generation = world_deployment(&world, "web").generation;
    struct deployment web = changed(control_pause, "deployment.paused");
    cr_assert(web.spec.paused);
    cr_assert_eq(web.generation, generation + 1);
    expect_nothing(control_pause);
    web = changed(control_resume, "deployment.resumed");
    cr_assert_not(web.spec.paused);
    expect_nothing(control_resume);
}

Test(control_actions, resume_ends_what_halts_the_steps_of_the_stable_template)
{
    put((struct state){.rollout = ROLLOUT_FAILED, .halted = true, .proven = true});
    struct deployment web = changed(control_resume, "deployment.resumed");
    cr_assert_null(web.status.halted_reason);
}

Test(control_actions, a_resume_rolls_out_again_what_had_failed)
{
    overtake();
    put((struct state){.rollout = ROLLOUT_FAILED, .halted = true});
    done(control_pause);
    struct deployment web = changed(control_resume, "deployment.resumed rollout.started");
    cr_assert_null(web.status.halted_reason);
    cr_assert_not(web.spec.paused);
    cr_assert_eq(revision(3).copy_of, 2);
    cr_assert_not(rollout(3).direct);
}

Test(control_actions, a_resume_is_no_way_around_a_quarantine)
{
    overtake();
    put((struct state){.rollout = ROLLOUT_FAILED, .halted = true, .quarantined = true});
    refused(control_resume, ERR_QUARANTINED, "retry tries it again");
    done(control_terminate);
    expect_nothing(control_resume);
    cr_assert_not_null(world_deployment(&world, "web").status.halted_reason);
}

/* ---- restart ---- */

Test(control_actions, a_restart_is_a_new_template_that_an_apply_keeps)
{
    overtake();
    struct deployment before = world_deployment(&world, "web");
    struct deployment web = changed(control_restart, "rollout.superseded rollout.started");
    cr_assert_str_neq(web.template_hash, before.template_hash);
    cr_assert_str_eq(web.spec.template.restart_token, "revision-3");
    cr_assert_str_eq(web.spec.template.version, "2");
    cr_assert_eq(revision(3).source, SOURCE_RESTART);
    cr_assert_not(rollout(3).direct);
    cr_assert_not(world_apply(&world, world_web(&world, "2", 3)).changed);
    struct deployment again = changed(control_restart, "rollout.superseded rollout.started");
    cr_assert_str_neq(again.template_hash, web.template_hash);
}

Test(control_actions, a_restart_is_no_way_around_a_quarantine)
{
    put((struct state){.rollout = ROLLOUT_FAILED, .halted = true, .quarantined = true});
    refused(control_restart, ERR_QUARANTINED, "(crash_loop); retry");
}

/* ---- abort ---- */

Test(control_actions, an_abort_makes_the_spec_name_the_stable_template)
{
    overtake();
    done(control_pause);
    struct deployment web =
        changed(control_abort, "deployment.resumed rollout.aborted rollout.started");
    cr_assert_str_eq(web.spec.template.version, "1");
    cr_assert_not(web.spec.paused);
    cr_assert_eq(web.status.revision, 3);
    cr_assert_eq(revision(3).source, SOURCE_ABORT);
    cr_assert_eq(revision(3).copy_of, 1);
    cr_assert_eq(rollout(2).state, ROLLOUT_ABORTED);
    cr_assert_str_eq(rollout(2).reason, "aborted");
    cr_assert(rollout(3).direct);
    expect_nothing(control_abort);
}

Test(control_actions, an_abort_of_what_goes_back_already_is_nothing)
{
    overtake();
    put((struct state){.rollout = ROLLOUT_ROLLING_BACK});
    expect_nothing(control_abort);
}

Test(control_actions, an_abort_needs_a_rollout_and_a_way_back)
{
    refused(control_abort, ERR_ILLEGAL_STATE, "nothing to go back to");
    put((struct state){.rollout = ROLLOUT_SUCCEEDED, .proven = true});
    refused(control_abort, ERR_ILLEGAL_STATE, "the last one, 1, is succeeded");
}

/* ---- retry ---- */

Test(control_actions, a_retry_tries_the_failed_template_and_lifts_its_quarantine)
{
    overtake();
    put((struct state){.rollout = ROLLOUT_FAILED, .halted = true, .quarantined = true});
    struct deployment before = world_deployment(&world, "web");
    struct deployment web = changed(control_retry, "deployment.quarantine_lifted rollout.started");
    cr_assert_str_eq(web.template_hash, before.template_hash);
    cr_assert_null(web.status.halted_reason);
    cr_assert_eq(revision(3).source, SOURCE_RETRY);
    cr_assert_eq(revision(3).copy_of, 2);
    cr_assert_not(rollout(3).direct);
    cr_assert_not(is_quarantined(web.template_hash));
    refused(control_retry, ERR_ILLEGAL_STATE, "rollout 3 is progressing");
}

Test(control_actions, a_retry_after_an_abort_tries_what_was_aborted)
{
    overtake();
    done(control_abort);
    struct deployment web = changed(control_retry, "rollout.superseded rollout.started");
    cr_assert_str_eq(web.spec.template.version, "2");
    cr_assert_eq(revision(4).copy_of, 2);
    cr_assert_not(rollout(4).direct);
}

Test(control_actions, a_retry_of_what_went_well_is_refused)
{
    put((struct state){.rollout = ROLLOUT_SUCCEEDED, .proven = true});
    refused(control_retry, ERR_ILLEGAL_STATE, "rollout 1 is succeeded: only one that failed");
}

/* ---- terminate, start ---- */

Test(control_actions, a_terminated_deployment_keeps_its_replicas_for_the_start)
{
    put((struct state){.rollout = ROLLOUT_SUCCEEDED, .proven = true});
    struct deployment web = changed(control_terminate, "deployment.terminating");
    cr_assert_eq(web.lifecycle, LIFECYCLE_TERMINATED);
    cr_assert_eq(web.status.state, DEPLOYMENT_TERMINATING);
    cr_assert_eq(web.spec.replicas, 3);
    expect_nothing(control_terminate);
    static control_order *const others[] = {control_restart, control_abort, control_retry};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        refused(others[i], ERR_ILLEGAL_STATE, "web is terminated; start it first");
    web = changed(control_start, "deployment.started");
    cr_assert_eq(web.lifecycle, LIFECYCLE_ACTIVE);
    expect_nothing(control_start);
}

Test(control_actions, a_template_that_was_not_proven_is_rolled_out_anew_at_the_start)
{
    overtake();
    changed(control_terminate, "deployment.terminating");
    struct deployment web =
        changed(control_start, "deployment.started rollout.superseded rollout.started");
    cr_assert_eq(web.status.revision, 3);
    cr_assert_eq(revision(3).copy_of, 2);
    cr_assert(rollout(3).direct);
}

Test(control_actions, the_start_of_what_failed_is_one_of_the_stable_template)
{
    overtake();
    put((struct state){.rollout = ROLLOUT_FAILED, .halted = true, .quarantined = true});
    done(control_terminate);
    struct deployment web = changed(control_start, "deployment.started rollout.started");
    cr_assert_str_eq(web.spec.template.version, "1");
    cr_assert_null(web.status.halted_reason);
    cr_assert_eq(revision(3).source, SOURCE_ROLLBACK);
    cr_assert_eq(revision(3).copy_of, 1);
    cr_assert(rollout(3).direct);
    const struct event *event = world_event(&world, 0, "deployment", "started");
    cr_assert_not_null(strstr(event->message, "revision 2 has failed"));
}

Test(control_actions, what_was_quarantined_and_is_not_halted_is_not_started_either)
{
    overtake();
    put((struct state){.rollout = ROLLOUT_ABORTED, .quarantined = true});
    done(control_terminate);
    struct deployment web = changed(control_start, "deployment.started rollout.started");
    cr_assert_str_eq(web.spec.template.version, "1");
}

Test(control_actions, without_a_stable_template_a_quarantined_one_is_not_started)
{
    put((struct state){.rollout = ROLLOUT_FAILED, .halted = true, .quarantined = true});
    done(control_terminate);
    refused(control_start, ERR_QUARANTINED, "this one with force=true, then start");
    refused(control_retry, ERR_ILLEGAL_STATE, "is terminated; start it first");
}

Test(control_actions, a_halted_template_that_is_not_quarantined_is_started_by_a_rollout)
{
    put((struct state){.rollout = ROLLOUT_FAILED, .halted = true});
    done(control_terminate);
    struct deployment web = changed(control_start, "deployment.started rollout.started");
    cr_assert_null(web.status.halted_reason);
    cr_assert_eq(revision(2).copy_of, 1);
}

/* ---- while terminated ---- */

Test(control_actions, a_template_that_is_applied_while_terminated_awaits_the_start)
{
    put((struct state){.rollout = ROLLOUT_SUCCEEDED, .proven = true});
    done(control_terminate);
    struct change change = world_apply(&world, world_web(&world, "2", 3));
    cr_assert_eq(change.rollout_id, 0);
    cr_assert_neq(change.deployment.status.state, DEPLOYMENT_DEPLOYING);
    cr_assert_not_null(strstr(change.deployment.status.message, "revision 2 is rolled out once"));
    cr_assert_eq(change.deployment.status.rollout_id, 1);
    cr_assert_eq(revision(2).outcome, OUTCOME_PENDING);
    world_apply(&world, world_web(&world, "3", 3));
    cr_assert_eq(revision(2).outcome, OUTCOME_SUPERSEDED);
    struct deployment web = changed(control_start, "deployment.started rollout.started");
    cr_assert_eq(web.status.revision, 3, "its revision is the one that was made");
    cr_assert_eq(rollout(2).to_revision, 3);
    cr_assert_eq(rollout(2).from_revision, 1);
    cr_assert(rollout(2).direct);
}

Test(control_actions, the_stable_template_applied_while_terminated_is_rolled_out_too)
{
    overtake();
    done(control_terminate);
    world_apply(&world, world_web(&world, "1", 3));
    struct deployment web = changed(control_start, "deployment.started rollout.started");
    cr_assert_eq(web.status.revision, 3);
    cr_assert_eq(rollout(3).to_revision, 3);
}

/* ---- promote ---- */

static enum err_code promote_step(struct control *control, struct store_tx *tx, struct arena *arena,
                                  const char *cluster, const char *name,
                                  const struct precondition *precondition, struct change *change,
                                  struct err *err)
{
    return control_promote(control, tx, arena, cluster, name, false, precondition, change, err);
}

static enum err_code promote_full(struct control *control, struct store_tx *tx, struct arena *arena,
                                  const char *cluster, const char *name,
                                  const struct precondition *precondition, struct change *change,
                                  struct err *err)
{
    return control_promote(control, tx, arena, cluster, name, true, precondition, change, err);
}

static enum err_code scale_to_zero(struct control_world *w, struct store_tx *tx, void *argument,
                                   struct err *err)
{
    struct change change;
    (void)argument;
    return control_scale(w->control, tx, &w->arena, "default", "web", 0, NULL, &change, err);
}

static const struct state waiting = {.rollout = ROLLOUT_AWAITING_PROMOTION,
                                     .strategy = STRATEGY_BLUE_GREEN,
                                     .wanted = 3,
                                     .available = 3};

Test(control_actions, a_promote_is_left_for_the_pass_and_makes_no_generation)
{
    overtake();
    put(waiting);
    int64_t generation = world_deployment(&world, "web").generation;
    struct deployment web = changed(promote_step, "rollout.promoted");
    cr_assert_eq(rollout(2).promote, PROMOTE_STEP);
    cr_assert_eq(web.generation, generation);
    expect_nothing(promote_step);
    changed(promote_full, "rollout.promoted");
    cr_assert_eq(rollout(2).promote, PROMOTE_FULL);
    expect_nothing(promote_full);
    expect_nothing(promote_step);
}

Test(control_actions, a_pause_that_ends_by_itself_may_be_promoted_before)
{
    overtake();
    struct state state = waiting;
    state.rollout = ROLLOUT_PROGRESSING;
    state.step_since_ms = 1000000;
    put(state);
    changed(promote_step, "rollout.promoted");
}

Test(control_actions, what_is_promoted_already_stays_so)
{
    overtake();
    struct state state = waiting;
    state.rollout = ROLLOUT_PROGRESSING;
    state.step = BLUE_GREEN_PROMOTED;
    put(state);
    expect_nothing(promote_step);
    expect_nothing(promote_full);
}

Test(control_actions, a_promote_does_not_wait_for_a_pass_to_make_sizes)
{
    overtake();
    put((struct state){.rollout = ROLLOUT_PROGRESSING, .strategy = STRATEGY_BLUE_GREEN});
    refused(promote_full, ERR_ILLEGAL_STATE, "0 of 3 previews are available");
}

Test(control_actions, a_promote_is_refused_while_it_is_paused_or_scaled_to_zero)
{
    overtake();
    put(waiting);
    done(control_pause);
    refused(promote_step, ERR_ILLEGAL_STATE, "the deployment is paused: resume it first");
    refused(promote_full, ERR_ILLEGAL_STATE, "the deployment is paused: resume it first");
    done(control_resume);
    cr_assert_eq(world_run(&world, scale_to_zero, NULL), ERR_OK);
    refused(promote_step, ERR_ILLEGAL_STATE, "scaled to 0");
    refused(promote_full, ERR_ILLEGAL_STATE, "scaled to 0");
}

Test(control_actions, a_promote_is_refused_where_it_makes_no_sense)
{
    refused(promote_step, ERR_ILLEGAL_STATE, "a rolling rollout has nothing to promote");
    put((struct state){.rollout = ROLLOUT_PROGRESSING, .strategy = STRATEGY_BLUE_GREEN});
    refused(promote_full, ERR_ILLEGAL_STATE, "rollout 1 goes without steps");
    overtake();
    put((struct state){.rollout = ROLLOUT_PROGRESSING, .strategy = STRATEGY_BLUE_GREEN});
    refused(promote_step, ERR_ILLEGAL_STATE, "does not wait for a promotion");
    struct state state = waiting;
    state.available = 2;
    put(state);
    refused(promote_step, ERR_ILLEGAL_STATE, "previews are available");
    refused(promote_full, ERR_ILLEGAL_STATE, "previews are available");
    put((struct state){.rollout = ROLLOUT_ROLLING_BACK, .strategy = STRATEGY_CANARY});
    refused(promote_full, ERR_ILLEGAL_STATE, "being taken back");
    put((struct state){.rollout = ROLLOUT_ROLLED_BACK, .strategy = STRATEGY_CANARY});
    refused(promote_full, ERR_ILLEGAL_STATE, "no rollout of deployment web runs");
}

/* ---- quarantine ---- */

struct applying {
    const char *version;
    struct precondition precondition;
    struct change change;
};

static enum err_code apply(struct control_world *w, struct store_tx *tx, void *argument,
                           struct err *err)
{
    struct applying *applying = argument;
    return control_apply(w->control, tx, &w->arena, world_web(w, applying->version, 3),
                         &applying->precondition, &applying->change, err);
}

/* Revision 2 was rolled back to revision 1 and is in quarantine. */
static const char *quarantine_two(void)
{
    overtake();
    put((struct state){.rollout = ROLLOUT_ROLLED_BACK, .quarantined = true});
    const char *bad = world_deployment(&world, "web").template_hash;
    world_apply(&world, world_web(&world, "1", 3));
    return bad;
}

Test(control_actions, a_quarantined_template_is_refused_until_it_is_forced)
{
    const char *bad = quarantine_two();
    struct applying applying = {.version = "2"};
    cr_assert_eq(world_run(&world, apply, &applying), ERR_QUARANTINED);
    cr_assert_not_null(strstr(world.err.detail, "rollout 2"));
    cr_assert_not_null(strstr(world.err.detail, "crash_loop"));
    cr_assert_not_null(strstr(world.err.detail, "/scale still works"));
    applying.precondition.force = true;
    cr_assert_eq(world_run(&world, apply, &applying), ERR_OK, "%s", world.err.detail);
    cr_assert_not(is_quarantined(bad));
    cr_assert_str_eq(applying.change.deployment.template_hash, bad);
}

Test(control_actions, a_restart_leaves_every_quarantine_as_it_is)
{
    quarantine_two();
    put((struct state){.rollout = ROLLOUT_SUCCEEDED, .proven = true});
    done(control_restart);
    struct applying applying = {.version = "2"};
    cr_assert_eq(world_run(&world, apply, &applying), ERR_QUARANTINED);
}

static enum err_code roll_back(struct control_world *w, struct store_tx *tx, void *argument,
                               struct err *err)
{
    struct applying *applying = argument;
    struct rollback_document document = {.revision = 2};
    return control_rollback(w->control, tx, &w->arena, "default", "web", &document,
                            &applying->precondition, &applying->change, err);
}

Test(control_actions, a_rollback_to_a_quarantined_template_is_refused_until_it_is_forced)
{
    quarantine_two();
    struct applying applying = {.version = NULL};
    cr_assert_eq(world_run(&world, roll_back, &applying), ERR_QUARANTINED);
    applying.precondition.force = true;
    cr_assert_eq(world_run(&world, roll_back, &applying), ERR_OK, "%s", world.err.detail);
    cr_assert(applying.change.changed);
}

Test(control_actions, what_a_deployment_is_halted_with_is_tried_again_by_force)
{
    put((struct state){.rollout = ROLLOUT_FAILED, .halted = true, .quarantined = true});
    struct applying applying = {.version = "1"};
    cr_assert_eq(world_run(&world, apply, &applying), ERR_OK, "%s", world.err.detail);
    cr_assert_not(applying.change.changed);
    applying.precondition.force = true;
    cr_assert_eq(world_run(&world, apply, &applying), ERR_OK, "%s", world.err.detail);
    cr_assert(applying.change.changed);
    cr_assert_eq(world_deployment(&world, "web").status.revision, 2);
    cr_assert_not(is_quarantined(applying.change.deployment.template_hash));
}
