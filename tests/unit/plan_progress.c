/* What a rollout counts, what proves a version, and what fails it. */
#include "plan_story.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

/* ---- counts ---- */

static const struct {
    const char *happens;
    int64_t old, updated, ready, available;
} counts[] = {
    {"deploy b", 4, 2, 0, 0}, {"obey", 4, 2, 2, 0}, {"time 5", 2, 2, 2, 2},
    {"obey", 2, 4, 2, 2},     {"obey", 2, 4, 4, 2}, {"time 5", 0, 4, 4, 4},
};

Test(plan_progress, replicas_are_counted_by_what_they_are_of_and_how_far_they_are)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    world->deployment.spec.strategy.min_ready_seconds = 5;
    for (size_t i = 0; i < COUNT(counts); i++) {
        story_happens(world, counts[i].happens);
        world_settle(world);
        const struct rollout *rollout = &world->rollout;
        cr_expect_eq(rollout->progress.desired, 4, "row %zu", i);
        cr_expect_eq(rollout->progress.old, counts[i].old, "row %zu: old %lld", i,
                     (long long)rollout->progress.old);
        cr_expect_eq(rollout->progress.updated, counts[i].updated, "row %zu: updated %lld", i,
                     (long long)rollout->progress.updated);
        cr_expect_eq(rollout->progress.ready, counts[i].ready, "row %zu: ready %lld", i,
                     (long long)rollout->progress.ready);
        cr_expect_eq(rollout->progress.available, counts[i].available, "row %zu: available %lld", i,
                     (long long)rollout->progress.available);
    }
    world_free(world);
}

/* ---- proof ---- */

Test(plan_progress, the_first_version_that_is_proven_supersedes_none)
{
    struct world *world = world_new(1);
    STORY(world, {"deploy a", "a=1/0 progressing"}, {"obey", "a=1/1 progressing"});
    world_pass_time(world, 10);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_SUCCEEDED);
    cr_expect_eq(plan->outcome_count, 1);
    cr_expect_eq(plan->outcomes[0].revision, 1);
    cr_expect_eq(plan->outcomes[0].outcome, OUTCOME_STABLE);
    world_free(world);
}

Test(plan_progress, a_version_that_is_proven_already_keeps_its_outcome)
{
    struct world *world = world_running("a", 1);
    world->rollout = (struct rollout){
        .id = 2, .to_revision = 1, .reason = "", .message = "", .deadline_at_ms = INT64_MAX};
    world_settle(world);
    world_pass_time(world, 10);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_SUCCEEDED);
    cr_expect_eq(plan->outcome_count, 0);
    world_free(world);
}

Test(plan_progress, the_stable_template_needs_no_replicas_to_be_proven)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"scale 0", "succeeded"}, {"obey", "succeeded"}, {"deploy b", "succeeded"});
    cr_expect_eq(world->deployment.status.stable_revision, 1);
    STORY(world, {"deploy a", "succeeded"});
    cr_expect_eq(world->deployment.status.stable_revision, 3);
    world_free(world);
}

/* ---- the monitor period ---- */

/* "b" is whole, and its monitor period has begun. */
static struct world *monitored(int type)
{
    struct world *world = world_running("a", 3);
    world->deployment.spec.strategy.type = type;
    world->deployment.spec.strategy.max_surge = (struct amount){3, false};
    world_settle(world);
    world_deploy(world, "b");
    for (int i = 0; i < 4 && world->rollout.monitor_since_ms == 0; i++) {
        world_settle(world);
        world_obey(world);
    }
    world_settle(world);
    cr_assert_gt(world->rollout.monitor_since_ms, 0);
    return world;
}

Test(plan_progress, an_old_replica_that_breaks_while_it_is_kept_is_nobodys_failure)
{
    struct world *world = monitored(STRATEGY_BLUE_GREEN);
    STORY(world, {"unready a", "a=3/2 b=3/3 active b progressing 2"},
          {"time 10", "a=3/2 b=3/3 active b progressing 2"});
    cr_expect_eq(world->rollout.failed_replicas, 0);
    world_free(world);
}

Test(plan_progress, one_that_stops_in_the_monitor_period_has_not_failed)
{
    struct world *world = monitored(STRATEGY_ROLLING);
    STORY(world, {"scale 2", "b=2/2 progressing"});
    for (size_t i = 0; i < world->replica_count; i++)
        if (world->replicas[i].replica.wanted == WANTED_STOP)
            world_move(world, &world->replicas[i], REPLICA_STOPPING, false);
    world_pass_time(world, 10);
    world_settle(world);
    cr_expect_eq(world->rollout.failed_replicas, 0);
    cr_expect_eq(world->rollout.state, ROLLOUT_PROGRESSING, "until it has ended");
    STORY(world, {"obey", "b=2/2 succeeded"});
    world_free(world);
}

/* ---- too many failures ---- */

Test(plan_progress, where_no_replica_is_wanted_none_that_failed_is_too_many)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"}, {"pause", "a=2/2 b=1/0 paused"},
          {"fail b", "a=2/2 b=1/0 paused"}, {"scale 0", "paused"}, {"obey", "paused"},
          {"resume", "succeeded"});
    cr_expect_eq(world->rollout.failed_replicas, 1);
    world_free(world);
}

Test(plan_progress, scaled_down_what_failed_before_may_be_too_many)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_failure_ratio = 0.25;
    world->deployment.spec.strategy.auto_rollback = false;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"fail b", "a=4/4 b=1/0 progressing"},
          {"scale 2", "a=2/2 b=1/0 failed"});
    cr_expect_str_eq(world->rollout.reason, "replica_failed");
    expect_says(world->rollout.message, "1 replica failed, web-005 first");
    world_free(world);
}

Test(plan_progress, of_several_that_failed_one_by_one_the_first_is_named)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_failure_ratio = 0.5;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"fail b", "a=4/4 b=1/0 progressing"},
          {"time 10", "a=4/4 b=1/0 progressing"}, {"fail b", "a=4/4 b=1/0 progressing"});
    story_happens(world, "scale 2");
    expect_says(world_plan(world)->rollout.message, "2 replicas failed, web-005 first");
    world_free(world);
}

Test(plan_progress, what_failed_while_a_promote_was_waited_for_in_a_pause_is_judged_after_it)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.spec.strategy.auto_promote = false;
    STORY(world, {"deploy b", "a=2/2 b=2/0 active a progressing"},
          {"obey", "a=2/2 b=2/2 active a awaiting_promotion"},
          {"pause", "a=2/2 b=2/2 active a awaiting_promotion"},
          {"fail b", "a=2/2 b=2/1 active a awaiting_promotion"},
          {"time 10", "a=2/2 b=2/1 active a awaiting_promotion"},
          {"obey", "a=2/2 b=2/2 active a awaiting_promotion"},
          {"resume", "a=2/2 active a rolling_back"});
    world_free(world);
}

Test(plan_progress, held_at_zero_what_failed_at_once_still_counts)
{
    static struct canary_step steps[] = {{.kind = CANARY_PAUSE}};
    for (int awaits = 0; awaits < 2; awaits++) {
        struct world *world = story_three(0);
        world->deployment.spec.strategy.type = world->rollout.strategy = STRATEGY_CANARY;
        world->deployment.spec.strategy.steps = (struct canary_steps){steps, 1};
        world->rollout.direct = false;
        world->rollout.deadline_at_ms = world->now_ms + 1000;
        if (awaits) world->rollout.state = ROLLOUT_AWAITING_PROMOTION;
        world->rollout.reason = "crash_loop";
        if (awaits) { /* one pass makes one move */
            cr_expect_eq(world_plan(world)->rollout.state, ROLLOUT_PROGRESSING);
            world_apply(world);
        }
        cr_expect_eq(world_plan(world)->rollout.state, ROLLOUT_ROLLING_BACK);
        world_free(world);
    }
}

/* ---- the deadline ---- */

Test(plan_progress, the_deadline_names_the_replica_of_the_target_that_is_in_trouble_and_no_other)
{
    for (int other = 0; other < 2; other++) {
        struct world *world = world_running("a", 2);
        STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"});
        if (other) story_obey(world, "b");
        for (int i = 0; other && i < 2; i++)
            world_move(world, &world->replicas[i], REPLICA_RUNNING, false);
        world_settle(world);
        world->rollout.deadline_at_ms = world->now_ms;
        const struct rollout *rollout = &world_plan(world)->rollout;
        cr_expect_str_eq(rollout->reason, "progress_deadline");
        if (other)
            cr_expect_null(rollout->failed_replica);
        else
            cr_expect_str_eq(rollout->failed_replica, "web-003");
        world_free(world);
    }
}

/* ---- ratios ---- */

static const struct {
    double ratio;
    int64_t failed;
    int want;
} ratios[] = {
    {0, 0, ROLLOUT_PROGRESSING},      {0, 1, ROLLOUT_ROLLING_BACK},
    {0.29, 29, ROLLOUT_PROGRESSING},  {0.29, 30, ROLLOUT_ROLLING_BACK},
    {0.295, 29, ROLLOUT_PROGRESSING}, {0.295, 30, ROLLOUT_ROLLING_BACK},
    {1, 100, ROLLOUT_PROGRESSING},    {1, 101, ROLLOUT_ROLLING_BACK},
};

Test(plan_progress, as_many_may_fail_as_the_ratio_allows_and_no_more)
{
    for (size_t i = 0; i < COUNT(ratios); i++) {
        struct world *world = world_running("a", 100);
        world->deployment.spec.strategy.max_failure_ratio = ratios[i].ratio;
        world_deploy(world, "b");
        world->rollout.failed_replicas = ratios[i].failed;
        cr_expect_eq(world_plan(world)->rollout.state, ratios[i].want, "row %zu", i);
        world_free(world);
    }
}

Test(plan_progress, the_pass_that_resumes_takes_no_step)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.paused = true;
    STORY(world, {"deploy b", "a=2/2 paused"});
    world->deployment.spec.paused = false;
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_PROGRESSING);
    cr_expect_eq(plan->action_count, 0);
    world_apply(world);
    STORY(world, {"look", "a=2/2 b=1/0 progressing"});
    world_free(world);
}

Test(plan_progress, the_pass_that_resumes_at_zero_sizes_nothing_either)
{
    struct world *world = world_new(3);
    world->deployment.spec.paused = true;
    STORY(world, {"deploy a", "paused"});
    world->deployment.spec.paused = false;
    cr_expect_eq(world_count(world_plan(world), ACTION_SET_WANTED), 0);
    world_apply(world);
    STORY(world, {"look", "a=3/0 progressing"});
    world_free(world);
}

Test(plan_progress, a_rollback_that_is_paused_ends_only_by_what_fails_it_at_once)
{
    struct world *world = world_running("a", 4);
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"crash-loop b", "a=4/3 rolling_back"}, {"pause", "a=4/3 rolling_back"},
          {"fail a", "a=4/2 rolling_back"});
    cr_expect_eq(world->rollout.failed_replicas, 1);
    STORY(world, {"resume", "a=4/2 failed"});
    world_free(world);
}

/* ---- ways back ---- */

static const char long_cause[] =
    "web-001 on n2 ended with exit code 1, which is not what it was for";

static const struct {
    const char *message, *want;
} causes[] = {
    {"broken; rolling back to the template of revision 1",
     "broken; rolled back to the template of revision 1, as revision 3"},
    {"broken", "broken; rolled back to the template of revision 1, as revision 3"},
    {long_cause, "web-001 on n2 ended with exit code 1, which is not what it was for; rolled back "
                 "to the template of revision 1, as revision 3"},
};

Test(plan_progress, a_way_back_that_is_over_is_told_with_the_whole_cause_and_once)
{
    for (size_t i = 0; i < COUNT(causes); i++) {
        struct world *world = story_three(1);
        story_have(world, "c", 1, true);
        story_want(world, "c", 1);
        world->rollout.state = ROLLOUT_ROLLING_BACK;
        world->rollout.message = causes[i].message;
        const struct rollout *rollout = &world_plan(world)->rollout;
        cr_expect_eq(rollout->state, ROLLOUT_ROLLED_BACK, "row %zu", i);
        cr_expect_str_eq(rollout->message, causes[i].want, "row %zu: %s", i, rollout->message);
        world_free(world);
    }
}

Test(plan_progress, a_way_back_keeps_its_size_while_there_is_no_room_for_all_of_it)
{
    struct world *world = story_three(4);
    world->deployment.spec.strategy.max_surge = (struct amount){0, false};
    world->deployment.spec.strategy.max_unavailable = (struct amount){1, false};
    world->rollout.state = ROLLOUT_ROLLING_BACK;
    world->rollout.deadline_at_ms = world->now_ms + 1000;
    story_have(world, "c", 3, true);
    story_want(world, "c", 4);
    story_have(world, "b", 1, false);
    world->replicas[3].replica.wanted = WANTED_STOP;
    cr_expect_eq(world_amount(world_plan(world), ACTION_SET_WANTED, "c"), -1);
    world_free(world);
}
