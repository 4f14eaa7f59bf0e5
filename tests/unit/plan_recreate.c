/* recreate, told as stories: old and new never run together. */
#include "plan_story.h"

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

static struct world *recreate(int64_t replicas)
{
    struct world *world = world_running("a", replicas);
    world->deployment.spec.strategy.type = STRATEGY_RECREATE;
    world_settle(world);
    return world;
}

Test(plan_recreate, all_of_the_old_stops_before_any_of_the_new_starts)
{
    struct world *world = recreate(3);
    STORY(world, {"deploy b", "progressing"});
    cr_expect_eq(world->deployment.status.total, 3);
    expect_says(world->plan.waiting_for, "3 replicas to stop");
    expect_says(world->plan.next,
                "start 3 replicas of revision 2 once nothing of another revision is left");
    cr_expect_eq(world->plan.budget.ceiling, 3);
    world_move(world, &world->replicas[0], REPLICA_STOPPED, false);
    STORY(world, {"look", "progressing"}, {"obey", "b=3/0 progressing"},
          {"obey", "b=3/3 progressing"}, {"time 10", "b=3/3 succeeded"});
    world_free(world);
}

Test(plan_recreate, a_first_deploy_starts_at_once)
{
    struct world *world = world_new(2);
    world->deployment.spec.strategy.type = STRATEGY_RECREATE;
    STORY(world, {"deploy a", "a=2/0 progressing"}, {"obey", "a=2/2 progressing"},
          {"time 10", "a=2/2 succeeded"});
    world_free(world);
}

Test(plan_recreate, a_lost_replica_is_waited_for_until_its_node_returns)
{
    struct world *world = recreate(3);
    STORY(world, {"gather a", "a=3/3 succeeded"}, {"lose n4", "a=3/0 succeeded"},
          {"deploy b", "progressing"});
    cr_expect_str_eq(world->plan.waiting_for,
                     "web-001 on n4, which is lost: it ends when the node returns or is removed");
    STORY(world, {"time 100", "progressing"}, {"back n4", "progressing"},
          {"obey", "b=3/0 progressing"});
    world_free(world);
}

Test(plan_recreate, a_lost_replica_that_is_removed_is_no_longer_waited_for)
{
    struct world *world = recreate(2);
    STORY(world, {"gather a", "a=2/2 succeeded"}, {"lose n4", "a=2/0 succeeded"},
          {"deploy b", "progressing"});
    for (int i = 0; i < 2; i++) {
        world->replicas[i].replica.phase = REPLICA_FAILED;
        world->replicas[i].replica.stop_cause = CAUSE_NODE;
    }
    STORY(world, {"look", "b=2/0 progressing"});
    world_free(world);
}

Test(plan_recreate, the_deadline_ends_the_wait_and_blames_no_version)
{
    struct world *world = recreate(2);
    STORY(world, {"gather a", "a=2/2 succeeded"}, {"lose n4", "a=2/0 succeeded"},
          {"deploy b", "progressing"});
    world_pass_time(world, 600);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_ROLLING_BACK);
    cr_expect_not(plan->quarantine);
    expect_says(plan->rollout.message, "0 of 2 replicas of revision 2 are available; it waited for "
                                       "web-001 on n4, which is lost: it ends when the node "
                                       "returns or is removed; rolling back");
    world_apply(world);
    STORY(world, {"look", "a=2/0 rolling_back"});
    world_free(world);
}

Test(plan_recreate, a_rollback_is_done_the_same_way)
{
    struct world *world = recreate(2);
    STORY(world, {"deploy b", "progressing"}, {"obey", "b=2/0 progressing"},
          {"obey", "b=2/2 progressing"}, {"crash-loop b", "rolling_back"},
          {"obey", "a=2/0 rolling_back"}, {"obey", "a=2/2 rolled_back"});
    world_free(world);
}

Test(plan_recreate, outside_of_a_change_the_floor_is_that_of_rolling)
{
    struct world *world = recreate(4);
    const struct plan_budget *budget = &world_plan(world)->budget;
    cr_expect_eq(budget->min_available, 4);
    cr_expect_eq(budget->ceiling, 4);
    cr_expect_eq(budget->surge, 0);
    world->deployment.spec.paused = true;
    world_deploy(world, "b");
    world_settle(world);
    cr_expect_eq(world_plan(world)->budget.min_available, 4, "nothing is replaced while paused");
    cr_expect_eq(world_set(world, "a")->wanted, 4);
    world_free(world);
}

Test(plan_recreate, while_it_replaces_there_is_no_floor)
{
    struct world *world = recreate(4);
    world_deploy(world, "b");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->budget.min_available, 0);
    cr_expect_eq(plan->budget.shrink, 4);
    cr_expect_eq(world_count(plan, ACTION_STOP), 4);
    world_free(world);
}

Test(plan_recreate, scaling_while_the_old_stops_starts_nothing)
{
    struct world *world = recreate(2);
    STORY(world, {"deploy b", "progressing"}, {"scale 5", "progressing"});
    cr_expect_eq(world->replica_count, 2);
    STORY(world, {"obey", "b=5/0 progressing"}, {"scale 6", "b=6/0 progressing"},
          {"obey", "b=6/6 progressing"}, {"scale 1", "b=1/1 progressing"});
    world_free(world);
}

Test(plan_recreate, taken_up_in_mid_rollout_the_target_keeps_what_it_has)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    STORY(world, {"deploy b", "a=4/4 b=2/0 progressing"}, {"obey", "a=2/2 b=2/2 progressing"},
          {"strategy recreate", "b=2/2 progressing"}, {"obey", "b=4/2 progressing"},
          {"obey", "b=4/4 progressing"}, {"time 10", "b=4/4 succeeded"});
    world_free(world);
}

Test(plan_recreate, taken_up_before_the_target_has_any_the_others_go_first)
{
    struct world *world = world_running("a", 4);
    STORY(world, {"scale 0", "succeeded"}, {"deploy b", "progressing"},
          {"scale 2", "b=2/0 progressing"}, {"strategy recreate", "progressing"});
    for (size_t i = 0; i < 3; i++)
        world_move(world, &world->replicas[i], REPLICA_STOPPED, false);
    world_settle(world);
    cr_expect_eq(world->replica_count, 4, "one of the old is left, so none of the new starts");
    STORY(world, {"obey", "b=2/0 progressing"}, {"obey", "b=2/2 progressing"});
    world_free(world);
}

Test(plan_recreate, resumed_from_zero_the_others_go_first)
{
    struct world *world = world_new(2);
    world->deployment.spec.strategy.type = STRATEGY_RECREATE;
    STORY(world, {"deploy a", "a=2/0 progressing"}, {"obey", "a=2/2 progressing"},
          {"scale 0", "progressing"}, {"pause", "paused"}, {"deploy b", "paused"},
          {"scale 2", "paused"}, {"resume", "progressing"});
    cr_expect_eq(world->replica_count, 2, "the old stop, so none of the new starts");
    STORY(world, {"obey", "b=2/0 progressing"}, {"obey", "b=2/2 progressing"});
    world_free(world);
}

Test(plan_recreate, what_returns_after_the_change_stops_whatever_the_floor)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"gather a", "a=2/2 succeeded"}, {"lose n4", "a=2/0 succeeded"},
          {"deploy b", "a=2/0 b=1/0 progressing"}, {"obey", "a=1/1 b=2/1 progressing"},
          {"obey", "b=2/2 progressing"}, {"obey", "b=2/2 progressing"},
          {"time 10", "b=2/2 succeeded"}, {"strategy recreate", "b=2/2 succeeded"});
    world_move(world, world_nth(world, "b", 0), REPLICA_RUNNING, false);
    world->presence[3] = PRESENCE_PRESENT;
    world_settle(world);
    cr_expect_eq(world->replicas[0].replica.wanted, WANTED_STOP);
    cr_expect_eq(world->replicas[1].replica.wanted, WANTED_STOP);
    world_free(world);
}

Test(plan_recreate, what_is_lost_is_not_waited_for_once_the_target_is_whole)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"gather a", "a=2/2 succeeded"}, {"lose n4", "a=2/0 succeeded"},
          {"deploy b", "a=2/0 b=1/0 progressing"}, {"obey", "a=1/1 b=2/1 progressing"},
          {"obey", "b=2/2 progressing"}, {"strategy recreate", "b=2/2 progressing"},
          {"obey", "b=2/2 progressing"});
    cr_expect_str_eq(world->plan.waiting_for, "monitor_seconds (10) to pass without a failure");
    world_free(world);
}

Test(plan_recreate, scaling_up_does_not_wait_for_what_was_lost_before)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"gather a", "a=2/2 succeeded"}, {"lose n4", "a=2/0 succeeded"},
          {"deploy b", "a=2/0 b=1/0 progressing"}, {"obey", "a=1/1 b=2/1 progressing"},
          {"obey", "b=2/2 progressing"}, {"obey", "b=2/2 progressing"},
          {"time 10", "b=2/2 succeeded"}, {"strategy recreate", "b=2/2 succeeded"},
          {"scale 3", "b=3/2 succeeded"});
    world_free(world);
}

Test(plan_recreate, after_a_rollout_to_nothing_the_first_replicas_wait_for_what_is_lost)
{
    struct world *world = recreate(1);
    STORY(world, {"gather a", "a=1/1 succeeded"}, {"lose n4", "a=1/0 succeeded"});
    world->replicas[1].replica.phase = REPLICA_STOPPED; /* what was to replace it */
    world->replicas[1].replica.wanted = WANTED_STOP;
    STORY(world, {"scale 0", "succeeded"}, {"deploy b", "succeeded"}, {"scale 2", "succeeded"});
    cr_expect_eq(world->replica_count, 2);
    STORY(world, {"back n4", "succeeded"}, {"obey", "b=2/0 succeeded"});
    world_free(world);
}

Test(plan_recreate, a_single_replica_scales_up_whatever_was_lost_before)
{
    struct world *world = world_running("a", 1);
    STORY(world, {"gather a", "a=1/1 succeeded"}, {"lose n4", "a=1/0 succeeded"},
          {"deploy b", "a=1/0 b=1/0 progressing"}, {"obey", "a=1/1 b=1/0 progressing"},
          {"obey", "b=1/1 progressing"}, {"obey", "b=1/1 progressing"},
          {"time 10", "b=1/1 succeeded"}, {"strategy recreate", "b=1/1 succeeded"},
          {"scale 3", "b=3/1 succeeded"});
    world_free(world);
}

static const struct {
    int64_t wanted_a, stopped_a;
} held[] = {{0, 2}, {1, 0}};

Test(plan_recreate, while_steps_stand_still_the_floor_falls_only_once_no_other_is_wanted)
{
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        struct world *world = story_three(2);
        world->deployment.spec.strategy.type = STRATEGY_RECREATE;
        world->deployment.spec.paused = true;
        story_have(world, "a", 2, true);
        story_want(world, "a", held[i].wanted_a);
        cr_expect_eq(world_count(world_plan(world), ACTION_STOP), held[i].stopped_a, "row %zu", i);
        world_free(world);
    }
}

/* Of the target one replica is lost, of "a" one, and one more has ended there. */
Test(plan_recreate, what_is_waited_for_is_lost_of_another_template_and_has_not_ended)
{
    struct world *world = story_three(4);
    world->deployment.spec.strategy.type = STRATEGY_RECREATE;
    story_have(world, "c", 2, true);
    story_have(world, "a", 2, true);
    story_want(world, "c", 1);
    world->presence[3] = PRESENCE_LOST;
    for (size_t i = 0; i < world->replica_count; i++) {
        world->replicas[i].node = i == 1 ? 0 : 3;
        world->replicas[i].replica.node = world_node_name(world->replicas[i].node);
    }
    world->replicas[2].replica.phase = REPLICA_FAILED;
    const struct plan *plan = world_plan(world);
    expect_says(plan->waiting_for, "web-004 on n4, which is lost");
    cr_expect_str_eq(plan->next, "start 3 replicas of revision 3 once nothing of another revision "
                                 "is left");
    world_free(world);
}

Test(plan_recreate, at_the_deadline_only_what_is_lost_is_said_to_be_waited_for)
{
    struct world *world = recreate(2);
    STORY(world, {"deploy b", "progressing"});
    world_pass_time(world, 600);
    const char *message = world_plan(world)->rollout.message;
    expect_says(message, "0 of 2 replicas of revision 2 are available; rolling back");
    world_free(world);
}

Test(plan_recreate, once_the_target_is_wanted_whole_its_start_is_not_to_come_any_more)
{
    struct world *world = recreate(2);
    STORY(world, {"deploy b", "progressing"}, {"obey", "b=2/0 progressing"});
    expect_says(world->plan.next, "watch revision 2");
    world_free(world);
}

Test(plan_recreate, the_only_replica_that_is_to_start_is_told)
{
    struct world *world = recreate(1);
    STORY(world, {"deploy b", "progressing"});
    expect_says(world->plan.next,
                "start 1 replica of revision 2 once nothing of another revision is left");
    world_free(world);
}
