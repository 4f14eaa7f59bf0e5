/* terminated and started again, quarantine, and what is counted while a rollout stands still. */
#include "plan_story.h"

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

Test(plan_end, terminated_everything_stops_and_the_spec_stays)
{
    struct world *world = world_running("a", 3);
    STORY(world, {"terminate", "succeeded"});
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_TERMINATING);
    cr_expect_str_eq(world->deployment.status.message, "3 replicas still to stop");
    cr_expect_eq(world->deployment.status.desired, 0);
    cr_expect_str_eq(world->plan.waiting_for, "3 replicas to stop");
    cr_expect_str_eq(world->plan.next, "");
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(world->replicas[i].replica.wanted, WANTED_STOP);
        cr_expect_eq(world->replicas[i].replica.stop_cause, CAUSE_OPERATOR);
    }
    STORY(world, {"obey", "succeeded"});
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_TERMINATED);
    cr_expect_str_eq(world->deployment.status.message, "no replica runs");
    cr_expect_not(world->deleted);
    cr_expect_eq(world->deployment.spec.replicas, 3);
    cr_expect_eq(world->deployment.scaled_to, 0);
    cr_expect_eq(world->plan.wake_at_ms, 0);
    STORY(world, {"start", "a=3/0 succeeded"}, {"obey", "a=3/3 succeeded"});
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_RUNNING);
    world_free(world);
}

Test(plan_end, terminated_in_mid_rollout_nothing_of_any_version_is_left)
{
    struct world *world = world_running("a", 3);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    STORY(world, {"deploy b", "a=3/3 b=3/0 active a progressing"});
    world->deployment.lifecycle = LIFECYCLE_TERMINATED; /* and nobody ended the rollout */
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_ABORTED);
    cr_expect_str_eq(plan->rollout.reason, "terminated");
    cr_expect_eq(plan->rollout.deadline_at_ms, 0);
    cr_expect_eq(world_count(plan, ACTION_STOP), 6);
    world_apply(world);
    STORY(world, {"look", "aborted"}, {"obey", "aborted"});
    cr_expect_null(world->deployment.active_hash);
    cr_expect_null(world_set(world, "a"));
    world_free(world);
}

Test(plan_end, terminated_what_failed_before_is_counted_no_more)
{
    struct world *world = world_running("a", 2);
    story_happens(world, "fail a");
    STORY(world, {"terminate", "succeeded"});
    cr_expect(world->replicas[0].replica.counted);
    cr_expect_eq(world_set(world, "a")->failures, 0);
    world_free(world);
}

Test(plan_end, terminated_replicas_on_lost_nodes_stop_when_they_return)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"gather a", "a=2/2 succeeded"}, {"lose n4", "a=2/0 succeeded"},
          {"terminate", "succeeded"});
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_TERMINATED);
    cr_expect_str_eq(world->deployment.status.message,
                     "no replica runs, 2 on lost nodes will stop when they return");
    cr_expect_eq(world->replicas[0].replica.wanted, WANTED_STOP);
    cr_expect_eq(world->deployment.status.updated, 0);
    cr_expect_eq(world->deployment.status.total, 0);
    STORY(world, {"back n4", "succeeded"});
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_TERMINATING);
    world_free(world);
}

/* ---- quarantine ---- */

static const struct {
    const char *reason;
    int64_t seconds;
    int phase;
    bool want_quarantine;
    const char *want_slug;
} causes[] = {
    {"crash_loop", 0, REPLICA_FAILED, true, "crash_loop"},
    {"unrunnable: no such file", 0, REPLICA_FAILED, true, "unrunnable"},
    {"exit", 0, REPLICA_FAILED, true, "replica_failed"},
    {"", 300, REPLICA_RUNNING, true, "healthy_limit"},
    {"", 600, REPLICA_PREPARING, false, "prepare_limit"},
    {"no node fits", 120, REPLICA_PENDING, false, "schedule_limit"},
};

Test(plan_end, a_template_is_quarantined_for_causes_that_lie_in_it)
{
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        struct world *world = world_running("a", 1);
        world->deployment.spec.strategy.progress_deadline_seconds = 7200;
        world_deploy(world, "b");
        world_settle(world);
        world_move(world, world_nth(world, "b", 0), causes[i].phase, false);
        world->replicas[1].replica.reason = causes[i].reason;
        world_pass_time(world, causes[i].seconds);
        const struct plan *plan = world_plan(world);
        cr_expect_str_eq(plan->rollout.reason, causes[i].want_slug);
        cr_expect_eq(plan->quarantine, causes[i].want_quarantine, "row %zu", i);
        world_apply(world);
        cr_expect_not(world_plan(world)->quarantine, "once");
        world_free(world);
    }
}

static const struct {
    int phase, presence;
    bool want;
} tried[] = {
    {REPLICA_PENDING, PRESENCE_PRESENT, false},   {REPLICA_ASSIGNED, PRESENCE_PRESENT, false},
    {REPLICA_PREPARING, PRESENCE_PRESENT, false}, {REPLICA_STARTING, PRESENCE_PRESENT, true},
    {REPLICA_RUNNING, PRESENCE_PRESENT, true},    {REPLICA_RUNNING, PRESENCE_UNKNOWN, false},
};

Test(plan_end, a_deadline_blames_the_version_only_if_it_was_tried)
{
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
        struct world *world = world_running("a", 1);
        world->deployment.spec.template.limits = (struct phase_limits){7000, 7000, 7000};
        world_deploy(world, "b");
        world_settle(world);
        struct world_replica *item = world_nth(world, "b", 0);
        world_move(world, item, tried[i].phase, false);
        if (item->node >= 0) world->presence[item->node] = tried[i].presence;
        world_pass_time(world, 600);
        const struct plan *plan = world_plan(world);
        cr_expect_str_eq(plan->rollout.reason, "progress_deadline");
        cr_expect_eq(plan->quarantine, tried[i].want, "row %zu", i);
        world_free(world);
    }
}

Test(plan_end, it_is_quarantined_as_well_where_there_is_no_way_back)
{
    struct world *world = world_new(1);
    STORY(world, {"deploy a", "a=1/0 progressing"});
    story_happens(world, "crash-loop a");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_FAILED);
    cr_expect(plan->quarantine);
    world_free(world);
}

Test(plan_end, what_was_proven_is_never_quarantined)
{
    struct world *world = world_running("a", 1);
    world_deploy(world, "a");
    world_settle(world);
    story_happens(world, "crash-loop a");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_FAILED);
    cr_expect_not(plan->quarantine);
    world_free(world);
    world = world_running("a", 1);
    STORY(world, {"deploy b", "a=1/1 b=1/0 progressing"});
    story_happens(world, "crash-loop b");
    world_plan(world);
    world_apply(world);
    story_happens(world, "crash-loop a");
    plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_FAILED);
    cr_expect_not(plan->quarantine);
    world_free(world);
}

/* ---- while it stands still ---- */

Test(plan_end, a_crash_loop_while_paused_fails_it_after_the_resume_whatever_the_ratio)
{
    struct world *world = world_running("a", 10);
    world->deployment.spec.strategy.max_failure_ratio = 0.5;
    STORY(world, {"deploy b", "a=10/10 b=3/0 progressing"}, {"pause", "a=10/10 b=3/0 paused"},
          {"fail b", "a=10/10 b=3/0 paused"}, {"crash-loop b", "a=10/10 b=3/0 paused"});
    cr_expect_str_eq(world->rollout.reason, "crash_loop");
    STORY(world, {"time 10", "a=10/10 b=3/0 paused"});
    world->deployment.spec.paused = false;
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_PROGRESSING, "one move per pass");
    world_apply(world);
    plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_ROLLING_BACK);
    cr_expect_str_eq(plan->rollout.reason, "crash_loop");
    expect_says(plan->rollout.message, "ended: crash_loop; rolling back");
    cr_expect(plan->quarantine);
    world_free(world);
}

Test(plan_end, a_failure_within_the_ratio_while_paused_is_forgiven)
{
    struct world *world = world_running("a", 10);
    world->deployment.spec.strategy.max_failure_ratio = 0.5;
    STORY(world, {"deploy b", "a=10/10 b=3/0 progressing"}, {"pause", "a=10/10 b=3/0 paused"},
          {"fail b", "a=10/10 b=3/0 paused"}, {"resume", "a=10/10 b=3/0 progressing"});
    cr_expect_str_eq(world->rollout.reason, "");
    world_free(world);
}

Test(plan_end, a_rollback_that_crash_loops_while_paused_has_failed)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_failure_ratio = 1;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=2/1 progressing"}, {"crash-loop b", "b=1/0 a=4/3 rolling_back"},
          {"pause", "b=1/0 a=4/3 rolling_back"}, {"fail a", "b=1/0 a=4/2 rolling_back"},
          {"crash-loop a", "b=1/0 a=4/1 failed"});
    cr_expect_str_eq(world->deployment.status.halted_reason, "rollback_failed");
    cr_expect_str_eq(world->rollout.reason, "crash_loop");
    world_free(world);
}

Test(plan_end, what_failed_is_not_started_once_more_by_the_rollback)
{
    struct world *world = world_running("a", 4);
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=2/1 progressing"}, {"crash-loop b", "b=1/0 a=4/3 rolling_back"});
    cr_expect_eq(world->rollout.direct, true);
    STORY(world, {"time 30", "b=1/0 a=4/3 rolling_back"}, {"fail b", "a=4/3 rolling_back"},
          {"time 30", "a=4/3 rolling_back"});
    world_free(world);
}
