/* canary, told as stories. */
#include "plan_story.h"
#include "scheduler/plan/arithmetic.h"

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

/* Replicas of "a" are stable; the surge is one, so that steps can be told apart. */
static struct world *canary(int64_t replicas, struct canary_step *steps, size_t count)
{
    struct world *world = world_running("a", replicas);
    struct strategy *strategy = &world->deployment.spec.strategy;
    strategy->type = STRATEGY_CANARY;
    strategy->max_surge = (struct amount){1, false};
    strategy->steps = (struct canary_steps){steps, count};
    world_settle(world);
    return world;
}

#define CANARY(replicas, ...)                                                                      \
    canary((replicas), (struct canary_step[]){__VA_ARGS__},                                        \
           sizeof((struct canary_step[]){__VA_ARGS__}) / sizeof(struct canary_step))
#define WEIGHT(percent)                                                                            \
    {                                                                                              \
        .kind = CANARY_SET_WEIGHT, .amount = (percent)                                             \
    }
#define REPLICAS(count)                                                                            \
    {                                                                                              \
        .kind = CANARY_SET_REPLICAS, .amount = (count)                                             \
    }
#define PAUSE(seconds)                                                                             \
    {                                                                                              \
        .kind = CANARY_PAUSE, .amount = (seconds)                                                  \
    }
#define CHECK                                                                                      \
    {                                                                                              \
        .kind = CANARY_CHECK                                                                       \
    }

Test(plan_canary, the_target_takes_over_in_steps_then_rolls)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(0), REPLICAS(2), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 awaiting_promotion 1"}, {"promote", "a=3/3 b=2/1 progressing 2"},
          {"obey", "a=2/2 b=2/2 progressing 2"}, {"obey", "a=2/2 b=2/2 awaiting_promotion 3"},
          {"promote", "a=2/2 b=3/2 progressing 4"}, {"obey", "a=1/1 b=3/3 progressing 4"},
          {"obey", "a=1/1 b=4/3 progressing 4"}, {"obey", "b=4/4 progressing 4"},
          {"obey", "b=4/4 progressing 4"}, {"time 10", "b=4/4 succeeded 4"});
    cr_expect_eq(world->deployment.status.stable_revision, 2);
    world_free(world);
}

Test(plan_canary, a_first_deploy_has_no_steps)
{
    static struct canary_step steps[] = {WEIGHT(25), PAUSE(0)};
    struct world *world = world_new(4);
    world->deployment.spec.strategy.type = STRATEGY_CANARY;
    world->deployment.spec.strategy.steps = (struct canary_steps){steps, 2};
    STORY(world, {"deploy a", "a=4/0 progressing"}, {"obey", "a=4/4 progressing"},
          {"time 10", "a=4/4 succeeded"});
    world_free(world);
}

Test(plan_canary, with_nothing_to_compare_it_with_there_are_no_steps)
{
    struct world *world = CANARY(2, WEIGHT(50), PAUSE(0));
    world->deployment.status.stable_revision = 0;
    STORY(world, {"scale 0", "succeeded"}, {"obey", "succeeded"});
    world->deployment.spec.replicas = 2;
    world_deploy(world, "b");
    world->rollout.direct = false;
    world_set(world, "a")->wanted = 0;
    STORY(world, {"look", "b=2/0 progressing 2"}, {"obey", "b=2/2 progressing 2"});
    world_free(world);
}

Test(plan_canary, without_a_stable_version_the_largest_one_is_the_base)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(0));
    world->deployment.status.stable_revision = 0;
    world_deploy(world, "b");
    world->rollout.direct = false;
    STORY(world, {"look", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 awaiting_promotion 1"});
    world_free(world);
}

Test(plan_canary, a_pause_until_promotion_stops_the_deadline)
{
    struct world *world = CANARY(4, PAUSE(0), WEIGHT(50));
    STORY(world, {"deploy b", "a=4/4 awaiting_promotion"});
    cr_expect_eq(world->rollout.deadline_at_ms, 0);
    cr_expect_eq(world->rollout.deadline_left_ms, 600 * 1000);
    cr_expect_eq(world->plan.wake_at_ms, 0);
    expect_says(world->plan.waiting_for, "a promote: step 1 of 2 is a pause");
    expect_says(world->plan.next, "step 2 of 2: set_weight");
    expect_says(world->deployment.status.message, "waiting for promotion: ");
    STORY(world, {"time 100000", "a=4/4 awaiting_promotion"},
          {"promote", "a=4/4 b=1/0 progressing 1"});
    cr_expect_eq(world->rollout.deadline_at_ms, world->now_ms + 600 * 1000);
    world_free(world);
}

Test(plan_canary, before_the_first_size_there_is_no_canary)
{
    struct world *world = CANARY(4, PAUSE(60), WEIGHT(25));
    STORY(world, {"deploy b", "a=4/4 progressing"}, {"time 59", "a=4/4 progressing"},
          {"time 1", "a=4/4 b=1/0 progressing 1"});
    world_free(world);
}

Test(plan_canary, a_timed_pause_moves_the_deadline_on_and_ends_by_itself)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(3600), WEIGHT(50));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 progressing 1"});
    cr_expect_eq(world->rollout.deadline_at_ms, world->now_ms + (600 + 3600) * 1000);
    cr_expect_eq(world_settle(world)->wake_at_ms, world->now_ms + 3600 * 1000);
    expect_says(world->plan.waiting_for, "step 2 of 3 to pass: a pause of 3600 seconds");
    STORY(world, {"time 3599", "a=3/3 b=1/1 progressing 1"},
          {"time 1", "a=3/3 b=2/1 progressing 2"});
    cr_expect_eq(world->rollout.step_since_ms, 0);
    expect_says(world->plan.next, "replace the rest");
    world_free(world);
}

Test(plan_canary, progress_in_a_pause_does_not_bring_the_deadline_nearer)
{
    struct world *world = CANARY(10, WEIGHT(20), PAUSE(3600));
    world->deployment.spec.strategy.max_surge = (struct amount){5, false};
    STORY(world, {"deploy b", "a=10/10 b=2/0 progressing"}, {"obey", "a=8/8 b=2/2 progressing"},
          {"obey", "a=8/8 b=2/2 progressing 1"});
    int64_t deadline_ms = world->rollout.deadline_at_ms;
    STORY(world, {"scale 20", "a=16/8 b=4/2 progressing 1"},
          {"obey", "a=16/16 b=4/4 progressing 1"});
    cr_expect_eq(world->rollout.high_water, 4);
    cr_expect_eq(world->rollout.deadline_at_ms, deadline_ms);
    world_free(world);
}

Test(plan_canary, a_promote_ends_the_pause_it_finds_and_no_other)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(60), WEIGHT(50), PAUSE(60));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"},
          {"promote", "a=4/4 b=1/0 progressing"}, /* no pause yet: it means nothing */
          {"obey", "a=3/3 b=1/1 progressing"}, {"obey", "a=3/3 b=1/1 progressing 1"},
          {"promote", "a=3/3 b=2/1 progressing 2"}, {"obey", "a=2/2 b=2/2 progressing 2"},
          {"obey", "a=2/2 b=2/2 progressing 3"}, {"time 59", "a=2/2 b=2/2 progressing 3"},
          {"time 1", "a=2/2 b=3/2 progressing 4"});
    world_free(world);
}

Test(plan_canary, a_promote_in_full_skips_all_that_is_left)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(0), WEIGHT(50), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 awaiting_promotion 1"},
          {"promote full", "a=3/3 b=2/1 progressing 4"}, {"obey", "a=2/2 b=2/2 progressing 4"});
    world_free(world);
}

Test(plan_canary, pauses_one_after_the_other_are_promoted_one_by_one)
{
    struct world *world = CANARY(4, PAUSE(0), PAUSE(0), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 awaiting_promotion"},
          {"promote", "a=4/4 awaiting_promotion 1"}, {"promote", "a=4/4 awaiting_promotion 2"},
          {"promote", "a=4/4 b=1/0 progressing 3"});
    world_free(world);
}

Test(plan_canary, a_check_is_answered_by_every_canary)
{
    struct world *world = CANARY(4, WEIGHT(50), CHECK, PAUSE(0));
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    STORY(world, {"deploy b", "a=4/4 b=2/0 progressing"}, {"obey", "a=2/2 b=2/2 progressing"},
          {"obey", "a=2/2 b=2/2 progressing 1"});
    int64_t round = world->rollout.check_round;
    cr_expect_eq(round >> 16, 2 * 64 + 1, "rollout 2, step 2");
    expect_says(world->plan.waiting_for, "the check of step 2 of 3 to be answered by web-005");
    struct replica *first = &world_nth(world, "b", 0)->replica;
    first->check_round = round;
    first->check_passed = true;
    STORY(world, {"look", "a=2/2 b=2/2 progressing 1"});
    expect_says(world->plan.waiting_for, "to be answered by web-006");
    world_nth(world, "b", 1)->replica.check_passed = true; /* of another round */
    world_nth(world, "b", 1)->replica.check_round = round - (1 << 22);
    STORY(world, {"look", "a=2/2 b=2/2 progressing 1"},
          {"passed", "a=2/2 b=2/2 awaiting_promotion 2"});
    cr_expect_eq(world->rollout.check_round, 0);
    world_free(world);
}

Test(plan_canary, a_check_that_fails_takes_it_back_at_once_whatever_the_ratio)
{
    struct world *world = CANARY(4, WEIGHT(25), CHECK);
    world->deployment.spec.strategy.max_failure_ratio = 1;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 progressing 1"});
    story_happens(world, "not-passed");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_ROLLING_BACK);
    cr_expect_str_eq(plan->rollout.reason, "check_failed");
    cr_expect_str_eq(plan->rollout.failed_replica, "web-005");
    cr_expect_str_eq(plan->rollout.message,
                     "the check of step 2 failed on web-005 on n2: 500 «broken»; rolling back to "
                     "the template of revision 1");
    cr_expect(plan->quarantine);
    cr_expect_eq(plan->rollout.check_round, 0);
    world_apply(world);
    STORY(world, {"look", "b=1/1 a=4/3 rolling_back"}, {"obey", "a=4/4 rolling_back"},
          {"obey", "a=4/4 rolled_back"});
    world_free(world);
}

Test(plan_canary, the_one_that_is_named_is_the_one_that_the_message_is_about)
{
    struct world *world = CANARY(4, WEIGHT(25), CHECK);
    world->deployment.spec.strategy.max_failure_ratio = 1;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"fail b", "a=4/4 b=1/0 progressing"},
          {"time 10", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 progressing 1"});
    story_happens(world, "not-passed");
    const struct plan *plan = world_plan(world);
    cr_expect_str_eq(plan->rollout.failed_replica, "web-006");
    expect_says(plan->rollout.message, "failed on web-006");
    world_free(world);
}

Test(plan_canary, a_failed_answer_of_an_earlier_round_means_nothing)
{
    struct world *world = CANARY(4, WEIGHT(25), CHECK, CHECK);
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 progressing 1"}, {"passed", "a=3/3 b=1/1 progressing 2"});
    world_nth(world, "b", 0)->replica.check_passed = false; /* still of round 2002 */
    STORY(world, {"look", "a=3/3 b=1/1 progressing 2"}, {"passed", "a=3/3 b=2/1 progressing 3"});
    world_free(world);
}

Test(plan_canary, an_answer_that_nobody_asked_for_means_nothing)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(60));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 progressing 1"});
    world_nth(world, "b", 0)->replica.check_round = 2002;
    STORY(world, {"look", "a=3/3 b=1/1 progressing 1"}, {"promote", "a=3/3 b=2/1 progressing 2"});
    world_nth(world, "b", 0)->replica.check_round = 2003;
    STORY(world, {"look", "a=3/3 b=2/1 progressing 2"});
    world_free(world);
}

Test(plan_canary, only_canaries_that_run_are_asked)
{
    struct world *world = CANARY(4, WEIGHT(50), CHECK, PAUSE(0));
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    world->deployment.spec.strategy.max_failure_ratio = 1;
    STORY(world, {"deploy b", "a=4/4 b=2/0 progressing"}, {"obey", "a=2/2 b=2/2 progressing"},
          {"obey", "a=2/2 b=2/2 progressing 1"});
    for (int i = 0; i < 2; i++) { /* replicas of "a" are not asked */
        world_nth(world, "a", i)->replica.check_round = 2002;
        world_nth(world, "a", i)->replica.check_passed = false;
    }
    STORY(world, {"fail b", "a=2/2 b=2/1 progressing 1"}, {"passed", "a=2/2 b=2/1 progressing 1"},
          {"time 10", "a=2/2 b=2/1 progressing 1"}, {"obey", "a=2/2 b=2/2 progressing 1"},
          {"passed", "a=2/2 b=2/2 awaiting_promotion 2"});
    world_free(world);
}

Test(plan_canary, a_check_is_asked_of_the_only_replicas_there_are)
{
    struct world *world = CANARY(1, WEIGHT(100), CHECK);
    STORY(world, {"deploy b", "a=1/1 b=1/0 progressing"}, {"obey", "b=1/1 progressing"},
          {"obey", "b=1/1 progressing 1"});
    cr_expect_eq(world->view.replica_count, 1);
    story_happens(world, "not-passed");
    cr_expect_str_eq(world_plan(world)->rollout.reason, "check_failed");
    world_free(world);
}

Test(plan_canary, a_step_says_why_sizes_change)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(0));
    world_deploy(world, "b");
    world_plan(world);
    expect_says(world_text(world), "set_wanted b revision=2 wanted=1: 0 to 1: canary step\n");
    world_apply(world);
    world_settle(world);
    world_obey(world);
    world_plan(world);
    expect_says(world_text(world), "set_wanted a revision=1 wanted=3: 4 to 3: canary step\n");
    world_free(world);
}

Test(plan_canary, a_check_that_nobody_answers_ends_with_the_deadline_and_blames_no_version)
{
    struct world *world = CANARY(4, WEIGHT(25), CHECK);
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 progressing 1"});
    world_pass_time(world, 600);
    const struct plan *plan = world_plan(world);
    cr_expect_str_eq(plan->rollout.reason, "progress_deadline");
    expect_says(plan->rollout.message, "1 of 4 replicas of revision 2 are available; it waited for "
                                       "the check of step 2 of 2 to be answered by web-005");
    cr_expect_not(plan->quarantine);
    world_free(world);
}

Test(plan_canary, a_check_that_failed_while_paused_is_judged_after_the_resume)
{
    struct world *world = CANARY(4, WEIGHT(25), CHECK);
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 progressing 1"}, {"pause", "a=3/3 b=1/1 paused 1"},
          {"not-passed", "a=3/3 b=1/1 paused 1"}, {"resume", "b=1/1 a=4/3 rolling_back"});
    world_free(world);
}

Test(plan_canary, a_replacement_answers_the_check_as_well)
{
    struct world *world = CANARY(4, WEIGHT(25), CHECK, PAUSE(0));
    world->deployment.spec.strategy.max_failure_ratio = 0.5;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 progressing 1"}, {"fail b", "a=3/3 b=1/0 progressing 1"},
          {"time 10", "a=3/3 b=1/0 progressing 1"}, {"obey", "a=3/3 b=1/1 progressing 1"},
          {"passed", "a=3/3 b=1/1 awaiting_promotion 2"});
    world_free(world);
}

Test(plan_canary, a_step_is_not_done_while_anything_stops)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey b", "a=3/3 b=1/1 progressing"},
          {"obey b", "a=3/3 b=1/1 progressing"}, {"obey", "a=3/3 b=1/1 awaiting_promotion 1"});
    world_free(world);
}

Test(plan_canary, the_only_replica_stays_beside_its_canary_if_the_surge_allows)
{
    struct world *world = CANARY(1, WEIGHT(10), PAUSE(0));
    STORY(world, {"deploy b", "a=1/1 b=1/0 progressing"},
          {"obey", "a=1/1 b=1/1 awaiting_promotion 1"}, {"promote", "b=1/1 progressing 2"});
    world_free(world);
}

Test(plan_canary, without_room_the_only_replica_gives_way)
{
    struct world *world = CANARY(1, WEIGHT(10), PAUSE(0));
    world->deployment.spec.strategy.max_surge = (struct amount){0, false};
    world->deployment.spec.strategy.max_unavailable = (struct amount){1, false};
    STORY(world, {"deploy b", "progressing"}, {"obey", "b=1/0 progressing"},
          {"obey", "b=1/1 awaiting_promotion 1"});
    expect_says(world->deployment.status.message,
                "the only replica gives way to its canary: max_surge leaves no room for both");
    world_free(world);
}

Test(plan_canary, without_surge_the_old_ones_make_room)
{
    struct world *world = CANARY(4, WEIGHT(50), PAUSE(0));
    world->deployment.spec.strategy.max_surge = (struct amount){0, false};
    world->deployment.spec.strategy.max_unavailable = (struct amount){1, false};
    STORY(world, {"deploy b", "a=3/3 progressing"}, {"obey", "a=3/3 b=1/0 progressing"},
          {"obey", "a=2/2 b=1/1 progressing"}, {"obey", "a=2/2 b=2/1 progressing"},
          {"obey", "a=2/2 b=2/2 awaiting_promotion 1"});
    world_free(world);
}

Test(plan_canary, scaling_in_a_pause_keeps_the_share)
{
    struct world *world = CANARY(10, WEIGHT(20), PAUSE(0));
    world->deployment.spec.strategy.max_surge = (struct amount){5, false};
    STORY(world, {"deploy b", "a=10/10 b=2/0 progressing"}, {"obey", "a=8/8 b=2/2 progressing"},
          {"obey", "a=8/8 b=2/2 awaiting_promotion 1"}, {"scale 20", "a=16/8 b=4/2 progressing 1"},
          {"obey", "a=16/16 b=4/4 awaiting_promotion 1"},
          {"scale 5", "a=4/4 b=1/1 awaiting_promotion 1"},
          {"obey", "a=4/4 b=1/1 awaiting_promotion 1"});
    world_free(world);
}

Test(plan_canary, steps_that_are_edited_in_a_pause_count_from_then_on)
{
    static struct canary_step smaller[] = {WEIGHT(10), PAUSE(0)};
    struct world *world = CANARY(10, WEIGHT(30), PAUSE(0), WEIGHT(50));
    world->deployment.spec.strategy.max_surge = (struct amount){5, false};
    STORY(world, {"deploy b", "a=10/10 b=3/0 progressing"}, {"obey", "a=7/7 b=3/3 progressing"},
          {"obey", "a=7/7 b=3/3 awaiting_promotion 1"});
    world->deployment.spec.strategy.steps = (struct canary_steps){smaller, 2};
    STORY(world, {"look", "a=9/7 b=1/3 awaiting_promotion 1"},
          {"obey", "a=9/9 b=1/1 awaiting_promotion 1"});
    world->deployment.spec.strategy.steps.count = 1;
    STORY(world, {"look", "a=9/9 b=4/1 progressing 1"});
    world_free(world);
}

Test(plan_canary, a_newer_version_takes_the_place_of_the_canary)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 awaiting_promotion 1"},
          {"deploy c", "a=3/3 b=0/1 c=1/0 progressing"}, {"obey", "a=3/3 c=1/1 progressing"},
          {"obey", "a=3/3 c=1/1 awaiting_promotion 1"});
    cr_expect_eq(world->replicas[4].replica.stop_cause, CAUSE_ROLLOUT, "ordered in a later pass");
    world_free(world);
}

Test(plan_canary, back_to_the_stable_version_no_step_is_taken)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 awaiting_promotion 1"}, {"deploy a", "b=1/1 a=4/3 progressing"},
          {"obey", "a=4/4 progressing"});
    world_free(world);
}

Test(plan_canary, a_canary_that_fails_while_a_promote_is_waited_for_is_taken_back)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 awaiting_promotion 1"}, {"fail b", "a=4/3 rolling_back"},
          {"obey", "a=4/4 rolled_back"});
    cr_expect_str_eq(world->rollout.reason, "replica_failed");
    world_free(world);
}

Test(plan_canary, after_failures_within_the_ratio_it_waits_again)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(0));
    world->deployment.spec.strategy.max_failure_ratio = 0.25;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 awaiting_promotion 1"}, {"fail b", "a=3/3 b=1/0 progressing 1"},
          {"time 10", "a=3/3 b=1/0 progressing 1"}, {"obey", "a=3/3 b=1/1 awaiting_promotion 1"});
    world_free(world);
}

Test(plan_canary, all_of_the_weight_is_not_the_end_of_the_steps)
{
    struct world *world = CANARY(2, WEIGHT(100), PAUSE(0));
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"}, {"obey", "a=1/1 b=1/1 progressing"},
          {"obey", "a=1/1 b=2/1 progressing"}, {"obey", "b=2/2 progressing"},
          {"obey", "b=2/2 awaiting_promotion 1"}, {"time 1000", "b=2/2 awaiting_promotion 1"},
          {"promote", "b=2/2 progressing 2"}, {"time 10", "b=2/2 succeeded 2"});
    world_free(world);
}

Test(plan_canary, another_strategy_in_mid_rollout_begins_with_its_own_steps)
{
    struct world *world = CANARY(4, WEIGHT(25), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 awaiting_promotion 1"},
          {"strategy rolling", "a=3/3 b=2/1 progressing"}, {"obey", "a=2/2 b=2/2 progressing"},
          {"strategy canary", "a=3/2 b=1/2 progressing"}, {"obey", "a=3/2 b=1/2 progressing"},
          {"obey", "a=3/3 b=1/1 progressing"});
    world_free(world);
}

static const struct {
    int kind;
    int64_t amount, replicas, want;
} shares[] = {
    {CANARY_SET_WEIGHT, 10, 10, 1},   {CANARY_SET_WEIGHT, 25, 10, 3},
    {CANARY_SET_WEIGHT, 24, 10, 2},   {CANARY_SET_WEIGHT, 1, 10, 1},
    {CANARY_SET_WEIGHT, 0, 10, 0},    {CANARY_SET_WEIGHT, 99, 10, 9},
    {CANARY_SET_WEIGHT, 100, 10, 10}, {CANARY_SET_WEIGHT, 50, 1, 1},
    {CANARY_SET_WEIGHT, 0, 1, 0},     {CANARY_SET_WEIGHT, 50, 2, 1},
    {CANARY_SET_WEIGHT, 99, 2, 1},    {CANARY_SET_WEIGHT, 50, 0, 0},
    {CANARY_SET_WEIGHT, 50, 3, 2},    {CANARY_SET_WEIGHT, 33, 10000, 3300},
    {CANARY_SET_REPLICAS, 1, 10, 1},  {CANARY_SET_REPLICAS, 12, 10, 10},
    {CANARY_SET_REPLICAS, 0, 10, 0},  {CANARY_SET_REPLICAS, 1, 0, 0},
};

Test(plan_canary, a_weight_is_met_as_closely_as_replicas_can)
{
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        struct canary_step step = {.kind = shares[i].kind, .amount = shares[i].amount};
        cr_expect_eq(canary_share(&step, shares[i].replicas), shares[i].want, "row %zu", i);
    }
}
