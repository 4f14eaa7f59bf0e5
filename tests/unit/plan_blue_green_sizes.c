/* blue_green: whose traffic it is from the beginning to the end of a rollout, and what scaling
 * makes of the sizes. */
#include "plan_story.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Running replicas: a letter per replica, in capitals where it is available. */
static void have_all(struct world *world, const char *running)
{
    for (const char *at = running; *at; at++) {
        char hash[] = {(char)(*at | 0x20), '\0'};
        story_have(world, world_set(world, hash)->template_hash, 1, *at != hash[0]);
        world_set(world, hash)->wanted++;
    }
}

enum way { IN_STAGES, DIRECT, ENDED };

static const struct {
    int64_t stable;
    enum way way;
    const char *running, *want; /* NULL = all get traffic */
} takings[] = {
    {1, IN_STAGES, "AABBB", "a"}, /* what is stable */
    {0, IN_STAGES, "AAABB", "a"}, {0, IN_STAGES, "AABBB", "b"},
    {0, IN_STAGES, "AABB", "b"}, /* of equals the newest */
    {0, IN_STAGES, "A", "a"},     {0, IN_STAGES, "AAbbb", "a"},
    {0, IN_STAGES, "a", "a"},    /* alone it has the traffic, whole or not */
    {0, IN_STAGES, "ACCC", "a"}, /* never the target's own */
    {0, IN_STAGES, "", NULL},     {0, IN_STAGES, "CC", NULL},
    {3, IN_STAGES, "AABBB", "b"}, {3, IN_STAGES, "", NULL},
    {0, DIRECT, "AA", "a"}, /* alone, and the target has nothing */
    {0, DIRECT, "AAB", NULL},     {0, DIRECT, "AAC", NULL},
    {0, DIRECT, "", NULL},        {0, ENDED, "AA", NULL},
    {0, DIRECT, "C", NULL}, /* it is the target itself */
};

Test(plan_blue_green_sizes, the_traffic_is_held_by_what_serves_best)
{
    for (size_t i = 0; i < COUNT(takings); i++) {
        struct world *world = story_three(4);
        world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
        world->deployment.spec.strategy.max_unavailable = (struct amount){3, false};
        world->deployment.status.stable_revision = takings[i].stable;
        world->rollout.direct = takings[i].way != IN_STAGES;
        if (takings[i].way == ENDED) world->rollout.state = ROLLOUT_ABORTED;
        have_all(world, takings[i].running);
        world_plan(world);
        const char *active = world_active(world);
        cr_expect(text_equal(active, takings[i].want), "row %zu: %s", i, active);
        world_free(world);
    }
}

Test(plan_blue_green_sizes, a_single_replica_that_is_kept_takes_over_again)
{
    struct world *world = world_running("a", 1);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    STORY(world, {"deploy b", "a=1/1 b=1/0 active a progressing"},
          {"obey", "a=1/1 b=1/1 active b progressing 2"},
          {"go-back a", "a=1/1 active a progressing"});
    world_free(world);
}

Test(plan_blue_green_sizes, paused_what_serves_nobody_never_grows)
{
    struct world *world = story_three(4);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.active_hash = "a";
    have_all(world, "AAAABBB");
    STORY(world, {"pause", "a=4/4 b=3/3 active a paused"},
          {"scale 6", "a=6/4 b=3/3 active a paused"}, {"scale 2", "a=2/2 b=2/2 active a paused"});
    world_free(world);
}

static const struct {
    bool direct;
    int64_t step, want;
} growths[] = {
    {false, BLUE_GREEN_PREVIEW, 1},
    {false, BLUE_GREEN_PROMOTED, 6},
    {true, BLUE_GREEN_PREVIEW, 6},
    {true, BLUE_GREEN_PROMOTED, 6},
};

Test(plan_blue_green_sizes, paused_the_target_grows_to_its_preview_or_as_far_as_it_was_to_go)
{
    for (size_t i = 0; i < COUNT(growths); i++) {
        struct world *world = story_three(4);
        world->deployment.spec.strategy.type = world->rollout.strategy = STRATEGY_BLUE_GREEN;
        world->deployment.spec.strategy.preview_replicas = 1;
        world->deployment.active_hash = "a";
        world->rollout.direct = growths[i].direct;
        world->rollout.step = growths[i].step;
        have_all(world, "AAAAC");
        world->deployment.spec.paused = true;
        world_settle(world);
        world->deployment.spec.replicas = 6;
        const struct plan *plan = world_plan(world);
        cr_expect_eq(world_set(world, "c")->wanted, 1);
        world_apply(world);
        cr_expect_eq(world_set(world, "a")->wanted, 6, "row %zu", i);
        cr_expect_eq(world_set(world, "c")->wanted, growths[i].want, "row %zu", i);
        cr_expect_eq(plan->status.desired, 6);
        world_free(world);
    }
}

Test(plan_blue_green_sizes, where_all_get_traffic_scaling_keeps_the_proportions)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.auto_rollback = false;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey a", "a=3/3 b=2/1 progressing"}, {"obey", "a=2/2 b=2/2 progressing"},
          {"crash-loop b", "a=2/2 b=2/1 failed"}, {"strategy blue_green", "a=2/2 b=2/1 failed"},
          {"scale 8", "a=4/2 b=4/1 failed"});
    world_free(world);
}

Test(plan_blue_green_sizes, what_is_kept_scales_with_the_rest)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    STORY(world, {"deploy b", "a=2/2 b=2/0 active a progressing"},
          {"obey", "a=2/2 b=2/2 active b progressing 2"},
          {"scale 3", "a=3/2 b=3/2 active b progressing 2"},
          {"go-back a", "b=3/2 a=3/2 active b progressing"},
          {"obey", "a=3/3 active a progressing"});
    world_free(world);
}

/* ---- from pass to pass ---- */

/* Every pass on the way, settled or not. */
static void expect_available(struct world *world, const char *event, int64_t want)
{
    story_happens(world, event);
    for (int pass = 0; pass < 6; pass++) {
        const struct plan *plan = world_plan(world);
        cr_expect_eq(plan->status.available, want, "%s, pass %d: %lld", event, pass,
                     (long long)plan->status.available);
        cr_expect_eq(plan->status.ready, want, "%s, pass %d", event, pass);
        cr_expect_geq(plan->budget.available, want);
        world_apply(world);
    }
}

Test(plan_blue_green_sizes, in_every_pass_what_is_available_is_what_gets_traffic)
{
    struct world *world = world_running("a", 3);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    static const char *const events[] = {"deploy b", "obey", "time 30", "obey"};
    for (size_t i = 0; i < COUNT(events); i++)
        expect_available(world, events[i], 3);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    cr_expect_null(world->deployment.active_hash);
    world_free(world);
}

Test(plan_blue_green_sizes, the_budget_counts_what_gets_traffic)
{
    struct world *world = world_running("a", 3);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.spec.strategy.auto_promote = false;
    STORY(world, {"deploy b", "a=3/3 b=3/0 active a progressing"},
          {"obey", "a=3/3 b=3/3 active a awaiting_promotion"},
          {"unready a", "a=3/2 b=3/3 active a awaiting_promotion"});
    cr_expect_eq(world->plan.budget.available, 2);
    world_free(world);
}

Test(plan_blue_green_sizes, scaled_to_zero_after_the_switch_nothing_is_watched)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    STORY(world, {"deploy b", "a=2/2 b=2/0 active a progressing"},
          {"obey", "a=2/2 b=2/2 active b progressing 2"}, {"scale 0", "active b progressing 2"});
    cr_expect_str_eq(world->deployment.status.message,
                     "0 of 0 replicas of revision 2 are available; 4 replicas are stopping");
    STORY(world, {"obey", "succeeded 2"});
    world_free(world);
}

Test(plan_blue_green_sizes, a_switch_is_told_as_one)
{
    struct world *world = world_running("a", 1);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    STORY(world, {"deploy b", "a=1/1 b=1/0 active a progressing"});
    world_obey(world);
    world_plan(world);
    cr_expect(strstr(world_text(world), "switch b: all traffic goes to revision 2\n"));
    world_free(world);
}

Test(plan_blue_green_sizes, all_get_traffic_again_in_the_pass_after_the_others_were_told_to_stop)
{
    struct world *world = story_three(1);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.active_hash = "c";
    world->deployment.status.stable_revision = 3;
    world->rollout.state = ROLLOUT_ABORTED;
    have_all(world, "bC");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_count(plan, ACTION_STOP), 1);
    cr_expect_eq(world_count(plan, ACTION_SWITCH), 0);
    world_apply(world);
    cr_expect_eq(world_count(world_plan(world), ACTION_SWITCH), 1);
    world_free(world);
}

/* ---- promotion ---- */

static const struct {
    int state;
    bool pausing;      /* before it promotes itself */
    int64_t available; /* of two previews */
    int promote;
    int64_t want_step;
} promotions[] = {
    {ROLLOUT_PROGRESSING, false, 1, PROMOTE_NONE, BLUE_GREEN_PREVIEW},
    {ROLLOUT_PROGRESSING, false, 1, PROMOTE_STEP, BLUE_GREEN_PREVIEW},
    {ROLLOUT_PROGRESSING, false, 1, PROMOTE_FULL, BLUE_GREEN_PROMOTED},
    {ROLLOUT_PROGRESSING, false, 2, PROMOTE_NONE, BLUE_GREEN_PREVIEW},
    {ROLLOUT_PROGRESSING, false, 2, PROMOTE_STEP, BLUE_GREEN_PROMOTED},
    {ROLLOUT_PROGRESSING, true, 1, PROMOTE_STEP, BLUE_GREEN_PROMOTED},
    {ROLLOUT_PROGRESSING, true, 2, PROMOTE_NONE, BLUE_GREEN_PREVIEW},
    {ROLLOUT_AWAITING_PROMOTION, false, 1, PROMOTE_STEP, BLUE_GREEN_PROMOTED},
    {ROLLOUT_AWAITING_PROMOTION, false, 2, PROMOTE_NONE, BLUE_GREEN_PREVIEW},
};

Test(plan_blue_green_sizes, a_promote_is_for_previews_that_are_whole_or_were)
{
    for (size_t i = 0; i < COUNT(promotions); i++) {
        struct world *world = story_three(3);
        struct strategy *strategy = &world->deployment.spec.strategy;
        strategy->type = world->rollout.strategy = STRATEGY_BLUE_GREEN;
        strategy->preview_replicas = 2;
        strategy->auto_promote = promotions[i].state == ROLLOUT_PROGRESSING;
        strategy->auto_promote_after_seconds = 60;
        world->deployment.active_hash = "a";
        world->rollout.direct = false;
        world->rollout.state = promotions[i].state;
        world->rollout.promote = promotions[i].promote;
        world->rollout.deadline_left_ms = 600 * 1000;
        if (promotions[i].pausing) world->rollout.step_since_ms = world->now_ms;
        have_all(world, "AAA");
        story_have(world, "c", promotions[i].available, true);
        story_want(world, "c", 2);
        cr_expect_eq(world_plan(world)->rollout.step, promotions[i].want_step, "row %zu", i);
        world_free(world);
    }
}

/* ---- the old set ---- */

Test(plan_blue_green_sizes, a_promote_in_full_ends_the_keeping_but_not_the_watching)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    STORY(world, {"deploy b", "a=2/2 b=2/0 active a progressing"},
          {"obey", "a=2/2 b=2/2 active b progressing 2"},
          {"promote full", "a=2/2 b=2/2 active b progressing 2"},
          {"time 9", "a=2/2 b=2/2 active b progressing 2"},
          {"time 1", "b=2/2 active b progressing 2"});
    cr_expect_eq(world->rollout.monitor_since_ms, 0);
    cr_expect_eq(world->rollout.keep_old_since_ms, 0);
    world_free(world);
}

Test(plan_blue_green_sizes, the_old_set_stays_until_the_target_is_whole)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.spec.strategy.max_failure_ratio = 1;
    STORY(world, {"deploy b", "a=2/2 b=2/0 active a progressing"},
          {"obey", "a=2/2 b=2/2 active b progressing 2"},
          {"fail b", "a=2/2 b=2/1 active b progressing 2"},
          {"time 30", "a=2/2 b=2/1 active b progressing 2"},
          {"obey", "b=2/2 active b progressing 2"});
    world_free(world);
}
