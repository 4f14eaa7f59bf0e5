/* A rollout from its first pass to its one final state. */
#include "plan_world.h"

/* A roll from stable "a" to "b", whose first replica is placed and starting. */
static struct world *broken_roll(int64_t replicas)
{
    struct world *world = world_running("a", replicas);
    world_deploy(world, "b");
    world_settle(world);
    world_move(world, world_nth(world, "b", 0), REPLICA_RUNNING, false);
    world_nth(world, "b", 0)->replica.readiness_reason = "connection refused";
    return world;
}

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

Test(plan_rollout, a_template_change_replaces_all_and_becomes_stable)
{
    struct world *world = world_running("a", 7);
    world_deploy(world, "b");
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    cr_expect_str_eq(world->rollout.message, "7 of 7 replicas run revision 2");
    cr_expect_eq(world->deployment.status.stable_revision, 2);
    cr_expect_eq(world->outcomes[1], OUTCOME_SUPERSEDED);
    cr_expect_eq(world->outcomes[2], OUTCOME_STABLE);
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_RUNNING);
    cr_expect_null(world_set(world, "a"));
    cr_expect_eq(world->rollout.deadline_at_ms, 0);
    world_free(world);
}

Test(plan_rollout, completion_is_watched_for_monitor_seconds)
{
    struct world *world = world_new(2);
    world_deploy(world, "a");
    world_settle(world);
    cr_expect_eq(world->outcomes[1], OUTCOME_ACTIVE);
    world_obey(world);
    const struct plan *plan = world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_PROGRESSING);
    cr_expect_eq(world->rollout.monitor_since_ms, world->now_ms);
    cr_expect_eq(plan->wake_at_ms, world->now_ms + 10000);
    expect_says(plan->waiting_for, "monitor_seconds (10)");
    world_pass_time(world, 9);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_PROGRESSING);
    world_pass_time(world, 1);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    world_free(world);
}

Test(plan_rollout, a_version_that_never_gets_ready_is_taken_back_and_the_message_says_why)
{
    struct world *world = broken_roll(3);
    world_pass_time(world, 300);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_count(plan, ACTION_ROLLBACK), 1);
    cr_expect_eq(plan->rollout.state, ROLLOUT_ROLLING_BACK);
    cr_expect_eq(plan->rollout.rollback_revision, 3);
    cr_expect_str_eq(plan->rollout.reason, "healthy_limit");
    cr_expect_str_eq(plan->rollout.message,
                     "healthy_seconds (300) passed: web-004 on n1 never became ready; last "
                     "readiness probe: connection refused; rolling back to the template of "
                     "revision 1");
    cr_expect_eq(plan->status.revision, 3);
    cr_expect_eq(plan->status.updated, 3, "of the stable template");
    cr_expect_eq(plan->status.state, DEPLOYMENT_ROLLING_BACK);
    cr_expect_eq(plan->rollout.deadline_at_ms, world->now_ms + 600 * 1000);
    cr_expect_eq(plan->wake_at_ms, world->now_ms);
    world_apply(world);
    cr_expect_eq(world->outcomes[2], OUTCOME_FAILED);
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_ROLLED_BACK);
    cr_expect_str_eq(world->rollout.reason, "healthy_limit");
    expect_says(world->rollout.message, "rolled back");
    cr_expect_str_eq(world->rollout.failed_replica, "web-004");
    cr_expect_eq(world->deployment.status.stable_revision, 3);
    cr_expect_eq(world->outcomes[3], OUTCOME_STABLE);
    cr_expect_eq(world->outcomes[1], OUTCOME_SUPERSEDED);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(world->replicas[i].replica.revision, 3, "kept, with the new number");
    cr_expect_eq(world->replica_count, 4);
    world_free(world);
}

Test(plan_rollout, the_pass_that_fails_takes_no_further_step)
{
    struct world *world = world_running("a", 10);
    world_deploy(world, "b");
    world_settle(world);
    world_move(world, world_nth(world, "b", 1), REPLICA_RUNNING, true);
    world_move(world, world_nth(world, "b", 0), REPLICA_FAILED, false);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_count(plan, ACTION_ROLLBACK), 1);
    cr_expect_eq(world_count(plan, ACTION_SET_WANTED), 0);
    cr_expect_eq(world_count(plan, ACTION_STOP), 0);
    cr_expect_eq(world_count(plan, ACTION_CREATE), 0);
    world_free(world);
}

Test(plan_rollout, a_rollback_restores_what_was_already_replaced)
{
    struct world *world = world_running("a", 6);
    world_deploy(world, "b");
    for (int i = 0; i < 3; i++) {
        world_settle(world);
        world_obey(world);
    }
    world_settle(world);
    world_move(world, world_nth(world, "b", 0), REPLICA_FAILED, false);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_ROLLING_BACK);
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_ROLLED_BACK);
    cr_expect_eq(world->deployment.status.available, 6);
    cr_expect_eq(world->deployment.status.updated, 6);
    cr_expect_eq(world->deployment.status.total, 6);
    cr_expect_null(world_set(world, "b"));
    world_free(world);
}

/* ---- which limit fired ---- */

static const struct {
    int phase;
    int64_t seconds;
    const char *reason, *want_slug, *want_says;
    bool want_stop;
} limits[] = {
    {REPLICA_PENDING, 120, "no node fits: 1 of 1 lacks cpu", "schedule_limit",
     "schedule_seconds (120) passed: web-002 found no node: no node fits: 1 of 1 lacks cpu", false},
    {REPLICA_ASSIGNED, 600, "", "prepare_limit",
     "prepare_seconds (600) passed: web-002 on n3 was never prepared", true},
    {REPLICA_PREPARING, 600, "pulling", "prepare_limit",
     "prepare_seconds (600) passed: web-002 on n3 was never prepared: pulling", true},
    {REPLICA_STARTING, 300, "", "healthy_limit",
     "healthy_seconds (300) passed: web-002 on n3 never became ready", true},
    {REPLICA_RUNNING, 300, "", "healthy_limit",
     "healthy_seconds (300) passed: web-002 on n3 never became ready", true},
};

Test(plan_rollout, no_phase_lasts_for_ever_and_the_message_names_the_limit)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct world *world = world_running("a", 1);
        world->deployment.spec.strategy.progress_deadline_seconds = 7200;
        world_deploy(world, "b");
        world_settle(world);
        world_move(world, world_nth(world, "b", 0), limits[i].phase, false);
        world_nth(world, "b", 0)->replica.reason = limits[i].reason;
        const struct plan *plan = world_settle(world);
        cr_expect_eq(plan->wake_at_ms, world->now_ms + limits[i].seconds * 1000, "row %zu", i);
        world_pass_time(world, limits[i].seconds);
        plan = world_plan(world);
        cr_expect_eq(plan->rollout.state, ROLLOUT_ROLLING_BACK, "row %zu", i);
        cr_expect_str_eq(plan->rollout.reason, limits[i].want_slug);
        expect_says(plan->rollout.message, limits[i].want_says);
        cr_expect_eq(world_count(plan, ACTION_STOP), limits[i].want_stop, "row %zu", i);
        cr_expect_eq(world_count(plan, ACTION_COUNT_FAILURE), 1, "row %zu", i);
        world_free(world);
    }
}

static const struct {
    const char *reason;
    int64_t exit_code, exit_signal;
    double ratio;
    const char *want_slug, *want_says;
} ends[] = {
    {"crash_loop", 1, -1, 0.5, "crash_loop", "web-011 on n4 ended with exit code 1: crash_loop"},
    {"unrunnable: ./serve: no such file", -1, -1, 0.5, "unrunnable", "no such file"},
    {"out of memory", -1, 9, 0, "replica_failed", "ended with signal 9: out of memory"},
};

Test(plan_rollout, a_crash_loop_fails_the_rollout_whatever_the_ratio)
{
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct world *world = world_running("a", 10);
        world->deployment.spec.strategy.max_failure_ratio = ends[i].ratio;
        world_deploy(world, "b");
        world_settle(world);
        struct world_replica *item = world_nth(world, "b", 0);
        world_move(world, item, REPLICA_FAILED, false);
        item->replica.reason = ends[i].reason;
        item->replica.has_exit = true;
        item->replica.exit_code = ends[i].exit_code;
        item->replica.exit_signal = ends[i].exit_signal;
        const struct plan *plan = world_plan(world);
        cr_expect_eq(plan->rollout.state, ROLLOUT_ROLLING_BACK, "row %zu", i);
        cr_expect_str_eq(plan->rollout.reason, ends[i].want_slug);
        expect_says(plan->rollout.message, ends[i].want_says);
        world_free(world);
    }
}

Test(plan_rollout, failures_up_to_the_ratio_are_replaced)
{
    struct world *world = world_running("a", 10);
    world->deployment.spec.strategy.max_failure_ratio = 0.2;
    world_deploy(world, "b");
    world_settle(world);
    for (int i = 0; i < 2; i++)
        world_move(world, world_nth(world, "b", 0), REPLICA_FAILED, false);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_PROGRESSING);
    cr_expect_eq(world->rollout.failed_replicas, 2);
    world_move(world, world_nth(world, "b", 0), REPLICA_FAILED, false);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_ROLLED_BACK, "all of \"a\" still run");
    world_free(world);
}

Test(plan_rollout, failures_of_old_replicas_do_not_count)
{
    struct world *world = world_running("a", 3);
    world_deploy(world, "b");
    world_settle(world);
    world_move(world, world_nth(world, "a", 0), REPLICA_FAILED, false);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_PROGRESSING);
    cr_expect_eq(world->rollout.failed_replicas, 0);
    cr_expect_eq(world_set(world, "a")->failures, 1);
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    world_free(world);
}

Test(plan_rollout, a_lost_node_does_not_count_against_the_version)
{
    struct world *world = world_running("a", 3);
    world_deploy(world, "b");
    world_settle(world);
    world_move(world, world_nth(world, "b", 0), REPLICA_RUNNING, false);
    int node = world_nth(world, "b", 0)->node;
    world_pass_time(world, 400);
    for (int presence = PRESENCE_UNKNOWN; presence <= PRESENCE_LOST; presence++) {
        world->presence[node] = presence;
        world_settle(world);
        cr_expect_eq(world->rollout.state, ROLLOUT_PROGRESSING);
        cr_expect_eq(world->rollout.failed_replicas, 0);
    }
    world_free(world);
}

/* ---- deadline ---- */

Test(plan_rollout, the_deadline_names_the_replica_that_was_waited_for)
{
    struct world *world = broken_roll(3);
    world->deployment.spec.template.limits.healthy_seconds = 7000;
    world_pass_time(world, 600);
    const struct plan *plan = world_plan(world);
    cr_expect_str_eq(plan->rollout.reason, "progress_deadline");
    cr_expect_str_eq(plan->rollout.failed_replica, "web-004");
    cr_expect_str_eq(plan->rollout.message,
                     "progress_deadline_seconds (600) passed: 0 of 3 replicas of revision 2 are "
                     "available; web-004 on n1 is not ready: connection refused; rolling back to "
                     "the template of revision 1");
    world_free(world);
}

Test(plan_rollout, only_a_new_high_water_mark_moves_the_deadline)
{
    struct world *world = world_running("a", 8);
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    world_deploy(world, "b");
    world_settle(world);
    world_move(world, world_nth(world, "b", 1), REPLICA_ASSIGNED, false);
    world_pass_time(world, 100);
    struct world_replica *first = world_nth(world, "b", 0);
    world_move(world, first, REPLICA_RUNNING, true);
    world_settle(world);
    int64_t deadline_ms = world->now_ms + 600 * 1000;
    cr_expect_eq(world->rollout.deadline_at_ms, deadline_ms);
    for (int flap = 0; flap < 3; flap++) {
        world_pass_time(world, 20);
        world_move(world, first, REPLICA_RUNNING, false);
        world_settle(world);
        world_move(world, first, REPLICA_RUNNING, true);
        world_settle(world);
        cr_expect_eq(world->rollout.deadline_at_ms, deadline_ms);
    }
    world_move(world, world_nth(world, "b", 1), REPLICA_RUNNING, true);
    world_settle(world);
    cr_expect_eq(world->rollout.deadline_at_ms, world->now_ms + 600 * 1000);
    cr_expect_eq(world->rollout.high_water, 2);
    world_free(world);
}

Test(plan_rollout, a_pause_stops_the_steps_and_the_deadline)
{
    struct world *world = world_running("a", 4);
    world_deploy(world, "b");
    world_settle(world);
    world_pass_time(world, 100);
    world->deployment.spec.paused = true;
    const struct plan *plan = world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_PAUSED);
    cr_expect_eq(world->rollout.deadline_left_ms, 500 * 1000);
    cr_expect_eq(plan->status.state, DEPLOYMENT_PAUSED);
    cr_expect_str_eq(plan->waiting_for, "a resume: spec.paused is set");
    world_obey(world);
    world_settle(world);
    world_pass_time(world, 100000);
    world_settle(world);
    cr_expect_eq(world_set(world, "a")->wanted, 4);
    world->deployment.spec.paused = false;
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_PROGRESSING);
    cr_expect_eq(world->rollout.deadline_left_ms, 0);
    cr_expect_gt(world->rollout.deadline_at_ms, world->now_ms);
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    world_free(world);
}

Test(plan_rollout, what_failed_while_paused_is_judged_one_pass_after_the_resume)
{
    struct world *world = world_running("a", 4);
    world_deploy(world, "b");
    world_settle(world);
    world->deployment.spec.paused = true;
    world_settle(world);
    world_move(world, world_nth(world, "b", 0), REPLICA_FAILED, false);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_PAUSED);
    cr_expect_eq(world->rollout.failed_replicas, 1);
    world->deployment.spec.paused = false;
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_PROGRESSING);
    cr_expect_eq(plan->wake_at_ms, world->now_ms);
    cr_expect_eq(world_count(plan, ACTION_SET_WANTED), 0);
    world_apply(world);
    plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_ROLLING_BACK);
    cr_expect_str_eq(plan->rollout.reason, "replica_failed");
    world_free(world);
}

Test(plan_rollout, a_paused_deployment_still_heals)
{
    struct world *world = world_running("a", 3);
    world->deployment.spec.paused = true;
    world_deploy(world, "b");
    world_settle(world);
    cr_expect_null(world_set(world, "b") && world_set(world, "b")->wanted ? "b" : NULL);
    world->presence[world_nth(world, "a", 0)->node] = PRESENCE_LOST;
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_amount(plan, ACTION_CREATE, "a"), 1);
    world_free(world);
}

Test(plan_rollout, a_first_deploy_that_is_paused_starts_nothing)
{
    struct world *world = world_new(3);
    world->deployment.spec.paused = true;
    world_deploy(world, "a");
    world_settle(world);
    cr_expect_eq(world->replica_count, 0);
    world->deployment.spec.paused = false;
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    world_free(world);
}

Test(plan_rollout, scaled_up_from_zero_while_paused_the_stable_template_runs)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.replicas = 0;
    world->deployment.spec.paused = true;
    world_deploy(world, "b");
    world_settle(world);
    world_obey(world);
    world_settle(world);
    world->deployment.spec.replicas = 3;
    world_settle(world);
    cr_assert_not_null(world_set(world, "a"));
    cr_expect_eq(world_set(world, "a")->wanted, 3);
    cr_expect_eq(world_set(world, "b")->wanted, 0);
    world_free(world);
}

/* ---- monitor ---- */

Test(plan_rollout, a_replica_that_breaks_while_monitored_fails_the_rollout_at_its_end)
{
    struct world *world = world_running("a", 2);
    world_deploy(world, "b");
    for (int i = 0; i < 20 && world->rollout.monitor_since_ms == 0; i++) {
        world_settle(world);
        world_obey(world);
    }
    struct world_replica *item = world_nth(world, "b", 0);
    world_pass_time(world, 5);
    world_move(world, item, REPLICA_RUNNING, false);
    item->replica.readiness_reason = "500 «broken»";
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_PROGRESSING);
    cr_expect_eq(world->plan.wake_at_ms, world->rollout.monitor_since_ms + 10000,
                 "nobody would look");
    world_pass_time(world, 5);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_ROLLING_BACK);
    cr_expect_str_eq(plan->rollout.reason, "unhealthy_after_ready");
    expect_says(plan->rollout.message, "is not ready: 500 «broken»");
    world_free(world);
}

Test(plan_rollout, a_replica_that_recovers_while_monitored_does_not_count)
{
    struct world *world = world_running("a", 2);
    world_deploy(world, "b");
    for (int i = 0; i < 20 && world->rollout.monitor_since_ms == 0; i++) {
        world_settle(world);
        world_obey(world);
    }
    world_move(world, world_nth(world, "b", 0), REPLICA_RUNNING, false);
    world_settle(world);
    world_obey(world);
    world_settle(world);
    world_pass_time(world, 10);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    world_free(world);
}

/* ---- no way back ---- */

Test(plan_rollout, without_a_stable_revision_it_fails_and_leaves_the_replicas)
{
    struct world *world = world_new(2);
    world_deploy(world, "a");
    world_settle(world);
    world_move(world, world_nth(world, "a", 0), REPLICA_RUNNING, true);
    world_settle(world);
    world_move(world, world_nth(world, "a", 1), REPLICA_FAILED, false);
    world_plan(world);
    cr_expect_eq(world->plan.rollout.state, ROLLOUT_FAILED);
    cr_expect_str_eq(world->plan.status.halted_reason, "no_stable_revision");
    cr_expect_eq(world->plan.status.halted_since_at, world->view.now_at);
    cr_expect_eq(world->plan.status.state, DEPLOYMENT_FAILED);
    cr_expect_eq(world_count(&world->plan, ACTION_STOP), 0);
    world_apply(world);
    cr_expect_eq(world->outcomes[1], OUTCOME_FAILED);
    world_pass_time(world, 20);
    cr_expect_eq(world_amount(world_plan(world), ACTION_CREATE, "a"), 1, "self-healing goes on");
    world_apply(world);
    world_settle(world);
    world->deployment.spec.replicas = 4;
    world_settle(world);
    cr_expect_eq(world_set(world, "a")->wanted, 4, "scaling goes on");
    world_free(world);
}

Test(plan_rollout, without_auto_rollback_template_steps_are_halted)
{
    struct world *world = broken_roll(4);
    world->deployment.spec.strategy.auto_rollback = false;
    world_pass_time(world, 300);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_FAILED);
    cr_expect_str_eq(world->deployment.status.halted_reason, "auto_rollback_off");
    world_obey(world);
    world_pass_time(world, 30);
    world_settle(world);
    world_obey(world);
    world_settle(world);
    cr_expect_eq(world_set(world, "a")->wanted, 4);
    cr_expect_eq(world_set(world, "b")->wanted, 1);
    world_deploy(world, "c");
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    cr_expect_null(world->deployment.status.halted_reason);
    cr_expect_eq(world->deployment.status.total, 4);
    world_free(world);
}

Test(plan_rollout, the_stable_template_is_not_rolled_back_to_itself)
{
    struct world *world = world_running("a", 2);
    world_deploy(world, "a");
    world_settle(world);
    world_move(world, world_nth(world, "a", 0), REPLICA_FAILED, false);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_FAILED);
    cr_expect_str_eq(world->deployment.status.halted_reason, "stable_is_the_failing_one");
    world_free(world);
}

Test(plan_rollout, failing_while_rolling_back_is_failed)
{
    struct world *world = broken_roll(3);
    world_pass_time(world, 300);
    world_settle(world);
    cr_assert_eq(world->rollout.state, ROLLOUT_ROLLING_BACK);
    cr_expect_eq(world->rollout.failed_replicas, 0);
    world_move(world, world_nth(world, "a", 0), REPLICA_FAILED, false);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_FAILED);
    cr_expect_str_eq(world->rollout.reason, "healthy_limit");
    expect_says(world->rollout.message,
                "the rollback to the template of revision 1 failed too: web-001 on n2 ended");
    cr_expect_str_eq(world->deployment.status.halted_reason, "rollback_failed");
    cr_expect_eq(world->outcomes[3], OUTCOME_FAILED);
    cr_expect_eq(world->deployment.status.stable_revision, 1);
    world_free(world);
}

Test(plan_rollout, a_rollback_has_one_fresh_deadline)
{
    struct world *world = broken_roll(3);
    world_pass_time(world, 300);
    world_settle(world);
    world->presence[world_nth(world, "a", 0)->node] = PRESENCE_UNKNOWN;
    world_pass_time(world, 600);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_FAILED);
    expect_says(world->rollout.message, "progress_deadline_seconds (600) passed");
    world_free(world);
}

Test(plan_rollout, a_new_rollout_lifts_the_halt)
{
    struct world *world = world_running("a", 2);
    world_deploy(world, "b");
    world->deployment.status.halted_reason = "no_stable_revision";
    world->deployment.status.halted_since_at = 1;
    world_settle(world);
    cr_expect_null(world->deployment.status.halted_reason);
    cr_expect_eq(world->deployment.status.halted_since_at, 0);
    world_free(world);
}

Test(plan_rollout, it_is_not_complete_while_another_template_is_wanted)
{
    struct world *world = world_running("a", 2);
    world_deploy(world, "b");
    for (int i = 0; i < 20 && world->rollout.monitor_since_ms == 0; i++) {
        world_settle(world);
        world_obey(world);
    }
    world_ensure_set(world, world->hashes[1], 1)->wanted = 1;
    world_pass_time(world, 10);
    cr_expect_eq(world_plan(world)->rollout.state, ROLLOUT_PROGRESSING);
    world_free(world);
}

/* ---- overtaken ---- */

Test(plan_rollout, a_broken_update_is_overtaken_by_a_good_one)
{
    struct world *world = broken_roll(4);
    world_deploy(world, "c");
    cr_expect_eq(world->deployment.status.stable_revision, 1);
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    cr_expect_eq(world->deployment.status.stable_revision, 3);
    cr_expect_null(world_set(world, "a"));
    cr_expect_null(world_set(world, "b"));
    world_free(world);
}

Test(plan_rollout, back_to_the_first_version_in_mid_update_keeps_its_replicas)
{
    struct world *world = broken_roll(4);
    world_deploy(world, "a");
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(world->replicas[i].replica.wanted, WANTED_RUN);
    cr_expect_eq(world->replica_count, 5);
    world_free(world);
}

/* ---- details ---- */

Test(plan_rollout, with_no_replicas_it_succeeds_but_proves_nothing)
{
    struct world *world = world_running("a", 0);
    cr_expect_eq(world->deployment.status.stable_revision, 0);
    cr_expect_eq(world->outcomes[1], OUTCOME_ACTIVE);
    expect_says(world->rollout.message, "not proven");
    world_free(world);
}

Test(plan_rollout, batches_are_a_pause_apart)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    world->deployment.spec.strategy.batch_pause_seconds = 30;
    world_deploy(world, "b");
    world_settle(world);
    cr_expect_eq(world_set(world, "b")->wanted, 2);
    world_obey(world);
    const struct plan *plan = world_settle(world);
    cr_expect_eq(world_set(world, "a")->wanted, 4);
    cr_expect_eq(plan->wake_at_ms, world->now_ms + 30 * 1000);
    expect_says(plan->waiting_for, "batch_pause_seconds (30)");
    cr_expect_eq(world->rollout.deadline_at_ms, world->now_ms + 630 * 1000);
    world_pass_time(world, 30);
    world_settle(world);
    cr_expect_eq(world_set(world, "a")->wanted, 2);
    world_obey(world);
    world_settle(world);
    cr_expect_eq(world_set(world, "b")->wanted, 4);
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    world_free(world);
}

Test(plan_rollout, the_order_of_the_view_never_matters)
{
    struct world *world = broken_roll(9);
    world_obey(world); /* so that several are marked in one pass */
    char first[8192];
    for (int shuffle = 0; shuffle < 20; shuffle++) {
        world_plan(world);
        if (shuffle == 0) snprintf(first, sizeof first, "%s", world_text(world));
        cr_expect_str_eq(world_text(world), first);
    }
    world_free(world);
}
