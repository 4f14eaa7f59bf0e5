/* blue_green, told as stories. */
#include "plan_story.h"

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

/* 4 replicas of "a" are stable and have all traffic together. */
static struct world *blue_green(void)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world_settle(world);
    return world;
}

Test(plan_blue_green, all_traffic_switches_at_once_and_the_old_set_stays_for_a_while)
{
    struct world *world = blue_green();
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"});
    cr_expect_eq(world->plan.wake_at_ms, world->now_ms + 30 * 1000, "keep_old_seconds");
    STORY(world, {"time 29", "a=4/4 b=4/4 active b progressing 2"},
          {"time 1", "b=4/4 active b progressing 2"}, {"obey", "b=4/4 succeeded 2"});
    cr_expect_eq(world->deployment.status.stable_revision, 2);
    cr_expect_null(world->deployment.active_hash);
    world_free(world);
}

Test(plan_blue_green, traffic_is_held_before_the_first_new_replica_exists)
{
    struct world *world = blue_green();
    world_deploy(world, "b");
    const struct plan *plan = world_plan(world);
    size_t switched = 0, created = 0;
    for (size_t i = 0; i < plan->action_count; i++) {
        if (plan->actions[i].kind == ACTION_SWITCH) switched = i + 1;
        if (plan->actions[i].kind == ACTION_CREATE) created = i + 1;
    }
    cr_assert_gt(switched, 0);
    cr_expect_lt(switched, created);
    cr_expect_str_eq(world_active(world), "a");
    expect_says(world_text(world), "switch a: all traffic stays with revision 1\n");
    world_free(world);
}

Test(plan_blue_green, a_first_deploy_has_nothing_to_switch_from)
{
    struct world *world = world_new(3);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    STORY(world, {"deploy a", "a=3/0 progressing"}, {"obey", "a=3/3 progressing"},
          {"time 10", "a=3/3 succeeded"});
    world_free(world);
}

Test(plan_blue_green, previews_wait_for_a_promote_while_the_deadline_stands_still)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false;
    world->deployment.spec.strategy.preview_replicas = 1;
    STORY(world, {"deploy b", "a=4/4 b=1/0 active a progressing"},
          {"promote", "a=4/4 b=1/0 active a progressing"}, /* too early: it means nothing */
          {"obey", "a=4/4 b=1/1 active a awaiting_promotion"});
    expect_says(world->plan.waiting_for, "a promote: 1 preview of revision 2 is available");
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_PAUSED);
    expect_says(world->deployment.status.message, "waiting for promotion: 1 of 4");
    cr_expect_eq(world->rollout.deadline_at_ms, 0);
    cr_expect_eq(world->rollout.deadline_left_ms, 600 * 1000);
    cr_expect_eq(world->plan.wake_at_ms, 0);
    STORY(world, {"time 100000", "a=4/4 b=1/1 active a awaiting_promotion"},
          {"promote", "a=4/4 b=4/1 active a progressing 1"});
    cr_expect_eq(world->rollout.deadline_left_ms, 0);
    cr_expect_eq(world->rollout.deadline_at_ms, world->now_ms + 600 * 1000);
    cr_expect_eq(world->rollout.promote, PROMOTE_NONE);
    STORY(world, {"obey", "a=4/4 b=4/4 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, a_promote_in_full_does_not_wait_for_previews)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false;
    world->deployment.spec.strategy.preview_replicas = 2;
    STORY(world, {"deploy b", "a=4/4 b=2/0 active a progressing"},
          {"promote full", "a=4/4 b=4/0 active a progressing 1"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, a_promote_while_paused_is_taken_up_after_the_resume)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active a awaiting_promotion"},
          {"pause", "a=4/4 b=4/4 active a awaiting_promotion"},
          {"promote", "a=4/4 b=4/4 active a awaiting_promotion"},
          {"resume", "a=4/4 b=4/4 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, it_promotes_itself_after_a_while_and_the_deadline_moves_on_by_it)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote_after_seconds = 3600;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active a progressing"});
    cr_expect_eq(world->rollout.deadline_at_ms, world->now_ms + (600 + 3600) * 1000);
    cr_expect_eq(world->plan.wake_at_ms, world->now_ms + 3600 * 1000);
    expect_says(world->plan.waiting_for, "auto_promote_after_seconds (3600) to pass");
    STORY(world, {"time 3599", "a=4/4 b=4/4 active a progressing"},
          {"time 1", "a=4/4 b=4/4 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, a_promote_ends_the_wait_for_promotion_early)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote_after_seconds = 3600;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active a progressing"},
          {"promote", "a=4/4 b=4/4 active b progressing 2"});
    cr_expect_eq(world->rollout.step_since_ms, 0);
    world_free(world);
}

Test(plan_blue_green, a_failure_before_the_switch_leaves_the_traffic_where_it_is)
{
    struct world *world = blue_green();
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"crash-loop b", "a=4/4 rolled_back"});
    cr_expect_eq(world->replica_count, 8, "nothing of \"a\" was restarted");
    world_free(world);
}

Test(plan_blue_green, a_failure_after_the_switch_goes_back_in_the_pass_that_follows)
{
    struct world *world = blue_green();
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"});
    story_happens(world, "crash-loop b");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_ROLLING_BACK);
    cr_expect(plan->rollout.direct);
    cr_expect_eq(plan->rollout.step, 0);
    cr_expect(plan->quarantine);
    world_apply(world);
    plan = world_plan(world);
    cr_expect_str_eq(world_active(world), "a");
    cr_expect_eq(world_amount(plan, ACTION_SET_WANTED, "b"), 0);
    cr_expect_eq(world_count(plan, ACTION_STOP), 3, "what is left of \"b\"");
    world_apply(world);
    STORY(world, {"obey", "a=4/4 rolled_back"});
    world_free(world);
}

Test(plan_blue_green, old_replicas_that_fail_while_they_are_kept_are_replaced)
{
    struct world *world = blue_green();
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"},
          {"fail a", "a=4/3 b=4/4 active b progressing 2"},
          {"time 10", "a=4/3 b=4/4 active b progressing 2"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, the_monitor_period_may_be_the_longer_one)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.monitor_seconds = 60;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"});
    cr_expect_eq(world->rollout.deadline_at_ms, world->now_ms + 660 * 1000);
    STORY(world, {"time 30", "a=4/4 b=4/4 active b progressing 2"});
    expect_says(world->plan.waiting_for, "monitor_seconds (60)");
    STORY(world, {"time 30", "b=4/4 active b progressing 2"}, {"obey", "b=4/4 succeeded 2"});
    world_free(world);
}

Test(plan_blue_green, a_replica_that_breaks_and_recovers_while_it_is_watched_is_no_failure)
{
    struct world *world = blue_green();
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"},
          {"time 10", "a=4/4 b=4/4 active b progressing 2"},
          {"unready b", "a=4/4 b=4/3 active b progressing 2"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"},
          {"time 20", "b=4/4 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, a_replica_that_is_broken_when_the_monitor_period_ends_takes_it_back)
{
    struct world *world = blue_green();
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"},
          {"unready b", "a=4/4 b=4/3 active b progressing 2"},
          {"time 29", "a=4/4 b=4/3 active b progressing 2"},
          {"time 1", "a=4/4 active a rolling_back"});
    cr_expect_str_eq(world->rollout.reason, "unhealthy_after_ready");
    world_free(world);
}

/* Breaks all of "b", which has all traffic; those beyond `heard` on a node that is silent. */
static struct world *switched_and_broken(int heard)
{
    struct world *world = blue_green();
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"});
    world->presence[3] = PRESENCE_UNKNOWN;
    for (int i = 0; i < 4; i++) {
        struct world_replica *item = world_nth(world, "b", i);
        item->node = i < heard ? 0 : 3;
        item->replica.node = world_node_name(item->node);
        if (i < heard) world_move(world, item, REPLICA_RUNNING, false);
    }
    for (int i = 0; i < 4; i++) {
        struct world_replica *item = world_nth(world, "a", i);
        item->node = 0;
        item->replica.node = world_node_name(0);
    }
    return world;
}

Test(plan_blue_green, when_nothing_serves_after_the_switch_it_goes_back_at_once)
{
    struct world *world = switched_and_broken(4);
    STORY(world, {"look", "a=4/4 active a rolling_back"});
    cr_expect_str_eq(world->rollout.reason, "unhealthy_after_ready");
    expect_says(world->rollout.message, "no replica of revision 2, which has all traffic");
    world_free(world);
}

Test(plan_blue_green, silence_after_the_switch_is_no_failure)
{
    struct world *world = switched_and_broken(3);
    STORY(world, {"look", "a=4/4 b=4/0 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, while_the_old_set_is_not_whole_it_does_not_go_back_at_once)
{
    struct world *world = switched_and_broken(4);
    world_move(world, world_nth(world, "a", 0), REPLICA_RUNNING, false);
    STORY(world, {"look", "a=4/3 b=4/0 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, the_old_set_is_kept_longer_than_the_deadline)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.keep_old_seconds = 7200;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"},
          {"time 7000", "a=4/4 b=4/4 active b progressing 2"});
    expect_says(world->plan.waiting_for, "keep_old_seconds (7200) to pass");
    expect_says(world->plan.next, "stop the old replicas, then declare revision 2 stable");
    STORY(world, {"time 200", "b=4/4 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, an_operator_goes_back_to_the_kept_set_without_a_wait)
{
    struct world *world = blue_green();
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"},
          {"go-back a", "a=4/4 active a progressing"}, {"obey", "a=4/4 active a progressing"},
          {"time 10", "a=4/4 succeeded"});
    cr_expect_eq(world->replica_count, 8);
    world_free(world);
}

Test(plan_blue_green, a_rollback_to_a_version_that_is_gone_grows_it_first)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false; /* direct: no promotion */
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active a awaiting_promotion"},
          {"promote", "a=4/4 b=4/4 active b progressing 2"},
          {"time 30", "b=4/4 active b progressing 2"}, {"obey", "b=4/4 succeeded 2"},
          {"go-back a", "b=4/4 a=4/0 active b progressing"},
          {"obey", "a=4/4 active a progressing"});
    world_free(world);
}

Test(plan_blue_green, a_newer_version_takes_over_the_preview_and_the_old_one_keeps_the_traffic)
{
    struct world *world = blue_green();
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey b", "a=4/4 b=4/4 active b progressing 2"},
          {"deploy c", "b=4/4 c=4/0 active b progressing"},
          {"obey", "b=4/4 c=4/0 active b progressing"},
          {"obey", "b=4/4 c=4/4 active c progressing 2"});
    world_free(world);
}

Test(plan_blue_green, a_superseded_preview_serves_nobody_and_goes_at_once)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active a awaiting_promotion"},
          {"deploy c", "a=4/4 c=4/0 active a progressing"});
    cr_expect_eq(world->deployment.status.total, 8, "those of \"b\" still stop");
    STORY(world, {"obey", "a=4/4 c=4/0 active a progressing"},
          {"obey", "a=4/4 c=4/4 active a awaiting_promotion"});
    world_free(world);
}

Test(plan_blue_green, a_switched_set_that_died_and_was_overtaken_gives_the_traffic_back)
{
    struct world *world = switched_and_broken(4);
    world->presence[3] = PRESENCE_PRESENT;
    STORY(world, {"deploy c", "a=4/4 c=4/0 active a progressing"},
          {"obey b", "a=4/4 c=4/0 active a progressing"},
          {"obey", "a=4/4 c=4/4 active c progressing 2"});
    world_free(world);
}

Test(plan_blue_green, a_switched_set_that_serves_keeps_the_traffic_when_it_is_overtaken)
{
    struct world *world = switched_and_broken(3);
    STORY(world, {"deploy c", "b=4/0 c=4/0 active b progressing"});
    world_free(world);
}

Test(plan_blue_green, what_serves_nobody_makes_room_even_when_what_serves_is_broken)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active a awaiting_promotion"});
    for (int i = 0; i < 4; i++)
        world_move(world, world_nth(world, "a", i), REPLICA_RUNNING, false);
    STORY(world, {"deploy c", "a=4/0 c=4/0 active a progressing"},
          {"obey b", "a=4/0 c=4/0 active a progressing"});
    cr_expect_eq(world_nth(world, "c", 3)->replica.wanted, WANTED_RUN);
    world_free(world);
}

Test(plan_blue_green, a_broken_active_replica_is_replaced_before_the_preview_grows)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active a awaiting_promotion"},
          {"deploy c", "a=4/4 c=4/0 active a progressing"});
    /* Three of "b" have ended, one of "a" is gone: room for four. */
    for (int i = 0, ended = 0; i < (int)world->replica_count; i++) {
        struct world_replica *item = &world->replicas[i];
        if (!text_equal(item->replica.template_hash, "b") || ended == 3) continue;
        world_move(world, item, REPLICA_STOPPED, false);
        ended++;
    }
    story_fail(world, "a", "exit");
    world_set(world, "a")->failures = 0;
    world_pass_time(world, 20);
    for (int pass = 0; pass < 2; pass++) {
        world_plan(world);
        world_apply(world);
        world_pass_time(world, 10);
    }
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_amount(plan, ACTION_CREATE, "c"), -1);
    world_free(world);
}

Test(plan_blue_green, scaling_gives_the_active_set_all_and_the_preview_its_own)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false;
    world->deployment.spec.strategy.preview_replicas = 2;
    STORY(world, {"deploy b", "a=4/4 b=2/0 active a progressing"},
          {"obey", "a=4/4 b=2/2 active a awaiting_promotion"},
          {"scale 6", "a=6/4 b=2/2 active a awaiting_promotion"},
          {"scale 1", "a=1/1 b=1/1 active a awaiting_promotion"},
          {"obey", "a=1/1 b=1/1 active a awaiting_promotion"},
          {"pause", "a=1/1 b=1/1 active a awaiting_promotion"},
          {"scale 5", "a=5/1 b=2/1 active a awaiting_promotion"},
          {"obey", "a=5/5 b=2/2 active a awaiting_promotion"},
          {"resume", "a=5/5 b=2/2 active a awaiting_promotion"},
          {"promote", "a=5/5 b=5/2 active a progressing 1"},
          {"obey", "a=5/5 b=5/5 active b progressing 2"},
          {"scale 3", "a=3/3 b=3/3 active b progressing 2"},
          {"scale 4", "a=4/3 b=4/3 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, scaled_to_zero_and_back_the_traffic_stays_where_it_was)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active a awaiting_promotion"},
          {"pause", "a=4/4 b=4/4 active a awaiting_promotion"},
          {"scale 0", "active a awaiting_promotion"}, {"obey", "active a awaiting_promotion"},
          {"scale 3", "a=3/0 active a awaiting_promotion"},
          {"resume", "a=3/0 b=3/0 active a progressing"});
    world_free(world);
}

Test(plan_blue_green, halted_at_zero_what_had_the_traffic_comes_back)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_rollback = false;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"crash-loop b", "a=4/4 b=4/0 active a failed"}, {"scale 0", "active a failed"},
          {"obey", "active a failed"}, {"scale 3", "a=3/0 active a failed"});
    world_free(world);
}

Test(plan_blue_green, halted_after_a_failure_nothing_changes_but_scaling_and_healing_go_on)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_rollback = false;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"},
          {"crash-loop b", "a=4/4 b=4/3 active b failed 2"},
          {"time 100", "a=4/4 b=4/3 active b failed 2"}, {"obey", "a=4/4 b=4/4 active b failed 2"},
          {"scale 5", "a=5/4 b=5/4 active b failed 2"}, {"obey", "a=5/5 b=5/5 active b failed 2"});
    world_free(world);
}

Test(plan_blue_green, the_floor_is_that_of_the_set_with_the_traffic)
{
    struct world *world = blue_green();
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"},
          {"unready b", "a=4/4 b=4/3 active b progressing 2"});
    world_set(world, "b")->wanted = 2;
    world->deployment.spec.paused = true;
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_count(plan, ACTION_STOP), 1, "the broken one only");
    world_free(world);
}

Test(plan_blue_green, taken_up_in_mid_rollout_it_grows_the_old_set_before_it_hides_the_target)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    world->deployment.spec.strategy.preview_replicas = 1;
    STORY(world, {"deploy b", "a=4/4 b=2/0 progressing"}, {"obey", "a=2/2 b=2/2 progressing"},
          {"strategy blue_green", "a=4/2 b=2/2 progressing"},
          {"obey a", "a=4/2 b=2/2 progressing"}, /* two of "a" still had to stop */
          {"obey a", "a=4/4 b=4/2 active a progressing 1"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, given_up_in_mid_rollout_every_replica_gets_traffic)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active a awaiting_promotion"},
          {"strategy rolling", "b=4/4 progressing"}, {"obey", "b=4/4 progressing"},
          {"time 10", "b=4/4 succeeded"});
    cr_expect_eq(world->rollout.strategy, STRATEGY_ROLLING);
    world_free(world);
}

Test(plan_blue_green, failures_while_a_promote_is_waited_for_take_it_back)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false;
    STORY(world, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active a awaiting_promotion"});
    story_happens(world, "fail b");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_PROGRESSING, "one move per pass");
    cr_expect_eq(plan->wake_at_ms, world->now_ms);
    cr_expect_eq(world_count(plan, ACTION_SWITCH), 0);
    world_apply(world);
    STORY(world, {"look", "a=4/4 active a rolling_back"}, {"obey", "a=4/4 rolled_back"});
    world_free(world);
}

Test(plan_blue_green, as_long_as_an_old_replica_may_return_it_gets_no_traffic)
{
    struct world *world = blue_green();
    STORY(world, {"gather a", "a=4/4 succeeded"}, {"deploy b", "a=4/4 b=4/0 active a progressing"},
          {"obey b", "a=4/4 b=4/4 active b progressing 2"});
    for (int i = 0; i < 4; i++)
        world_nth(world, "b", i)->node = 0;
    STORY(world, {"lose n4", "a=4/0 b=4/4 active b progressing 2"},
          {"time 30", "b=4/4 active b succeeded 2"}, {"time 100", "b=4/4 active b succeeded 2"},
          {"back n4", "b=4/4 succeeded 2"});
    world_free(world);
}

Test(plan_blue_green, a_rollout_that_has_ended_keeps_the_strategy_it_had)
{
    struct world *world = blue_green();
    cr_expect_eq(world->rollout.strategy, STRATEGY_ROLLING);
    cr_expect_not(world_plan(world)->rollout_changed);
    world_free(world);
}

Test(plan_blue_green, a_change_of_size_says_why)
{
    struct world *world = blue_green();
    world->deployment.spec.strategy.auto_promote = false;
    world->deployment.spec.strategy.preview_replicas = 2;
    world_deploy(world, "b");
    world_plan(world);
    expect_says(world_text(world), "set_wanted b revision=2 wanted=2: 0 to 2: preview\n");
    STORY(world, {"look", "a=4/4 b=2/0 active a progressing"},
          {"obey", "a=4/4 b=2/2 active a awaiting_promotion"});
    story_happens(world, "scale 6");
    world_plan(world);
    expect_says(world_text(world), "set_wanted a revision=1 wanted=6: 4 to 6: scaling\n");
    STORY(world, {"look", "a=6/4 b=2/2 active a awaiting_promotion"});
    story_happens(world, "promote");
    world_plan(world);
    expect_says(world_text(world), "set_wanted b revision=2 wanted=6: 2 to 6: promoted\n");
    world_free(world);
}

Test(plan_blue_green, without_a_stable_version_the_largest_one_keeps_the_traffic)
{
    struct world *world = blue_green();
    world->deployment.status.stable_revision = 0;
    world_deploy(world, "b");
    world->rollout.direct = false;
    STORY(world, {"look", "a=4/4 b=4/0 active a progressing"},
          {"obey", "a=4/4 b=4/4 active b progressing 2"});
    world_free(world);
}

Test(plan_blue_green, of_several_without_a_stable_one_the_most_available_keeps_the_traffic)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_surge = (struct amount){3, false};
    STORY(world, {"deploy b", "a=4/4 b=3/0 progressing"}, {"obey", "a=1/1 b=3/3 progressing"},
          {"obey", "a=1/1 b=4/3 progressing"}, {"strategy blue_green", "a=4/1 b=4/3 progressing"});
    world->deployment.status.stable_revision = 0;
    world_deploy(world, "c");
    world->rollout.direct = false;
    STORY(world, {"look", "a=0/1 b=4/3 progressing"}, {"obey", "b=4/4 c=4/0 active b progressing"});
    world_free(world);
}

static const struct {
    bool direct, hidden, final;
    int64_t step, preview, want_ceiling;
} ceilings[] = {
    {false, true, false, BLUE_GREEN_PREVIEW, 1, 5},
    {false, true, false, BLUE_GREEN_PREVIEW, PREVIEW_ALL, 8},
    {false, true, false, BLUE_GREEN_PROMOTED, 1, 8},
    {true, true, false, BLUE_GREEN_PREVIEW, 1, 8},
    {false, true, true, BLUE_GREEN_PREVIEW, 1, 8},
    {false, false, true, BLUE_GREEN_PREVIEW, 1, 5},
};

Test(plan_blue_green, the_ceiling_has_room_for_what_runs_beside_the_active_set)
{
    for (size_t i = 0; i < sizeof ceilings / sizeof *ceilings; i++) {
        struct world *world = blue_green();
        world->deployment.spec.strategy.preview_replicas = ceilings[i].preview;
        world_deploy(world, "b");
        world->rollout.direct = ceilings[i].direct;
        world->rollout.step = ceilings[i].step;
        world->rollout.state = ceilings[i].final ? ROLLOUT_FAILED : ROLLOUT_PROGRESSING;
        world->deployment.active_hash = ceilings[i].hidden ? "a" : NULL;
        const struct plan_budget *budget = &world_plan(world)->budget;
        cr_expect_eq(budget->ceiling, ceilings[i].want_ceiling, "row %zu: %lld", i,
                     (long long)budget->ceiling);
        cr_expect_eq(budget->min_available, 4);
        world_free(world);
    }
}
