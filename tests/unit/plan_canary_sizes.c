/* canary: which set it is held against, what scaling makes of the sizes, and when a step is over.
 */
#include "plan_story.h"
#include "scheduler/plan/strategy.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { STEPS_MOST = 2 };

/* "c" is on its way over "b" and the stable "a", at its first step. */
static struct world *three(int64_t replicas, const struct canary_step *steps, size_t count)
{
    static struct canary_step kept[STEPS_MOST];
    cr_assert_leq(count, (size_t)STEPS_MOST);
    for (size_t i = 0; i < count; i++)
        kept[i] = steps[i];
    struct world *world = story_three(replicas);
    struct strategy *strategy = &world->deployment.spec.strategy;
    strategy->type = world->rollout.strategy = STRATEGY_CANARY;
    strategy->max_surge = (struct amount){1, false};
    strategy->steps = (struct canary_steps){kept, count};
    world->deployment.scaled_ceiling = replicas + 1;
    return world;
}

static void have(struct world *world, const char *hash, int64_t available)
{
    story_have(world, hash, available, true);
    story_want(world, hash, available);
}

static const struct canary_step one_then_wait[] = {{.kind = CANARY_SET_REPLICAS, .amount = 1},
                                                   {.kind = CANARY_PAUSE}};
static const struct canary_step one_then_check[] = {{.kind = CANARY_SET_REPLICAS, .amount = 1},
                                                    {.kind = CANARY_CHECK}};

/* ---- the base ---- */

static const struct {
    int64_t stable, a, b;
    const char *want_dismissed;
} bases[] = {
    {1, 2, 3, "b"}, {0, 3, 2, "b"}, {0, 2, 3, "a"}, {0, 2, 2, "a"}, {3, 2, 3, "a"},
};

Test(plan_canary_sizes, what_is_not_held_against_the_canary_goes_at_once)
{
    for (size_t i = 0; i < COUNT(bases); i++) {
        struct world *world = three(4, one_then_wait, 2);
        world->deployment.status.stable_revision = bases[i].stable;
        world->rollout.direct = false;
        have(world, "a", bases[i].a);
        have(world, "b", bases[i].b);
        const struct plan *plan = world_plan(world);
        bool first = text_equal(bases[i].want_dismissed, "a");
        cr_expect_eq(world_amount(plan, ACTION_SET_WANTED, "a") == 0, first, "row %zu", i);
        cr_expect_eq(world_amount(plan, ACTION_SET_WANTED, "b") == 0, !first, "row %zu", i);
        world_free(world);
    }
}

Test(plan_canary_sizes, nearly_all_of_the_weight_leaves_the_only_replica_in_its_place)
{
    static struct canary_step steps[] = {{.kind = CANARY_SET_WEIGHT, .amount = 99},
                                         {.kind = CANARY_PAUSE}};
    struct world *world = world_running("a", 1);
    world->deployment.spec.strategy.type = STRATEGY_CANARY;
    world->deployment.spec.strategy.steps = (struct canary_steps){steps, 2};
    STORY(world, {"deploy b", "a=1/1 b=1/0 progressing"},
          {"obey", "a=1/1 b=1/1 awaiting_promotion 1"}, {"promote", "b=1/1 progressing 2"});
    world_free(world);
}

/* ---- scaling ---- */

/* 6 of "a", 2 of the canary. */
static const struct {
    int64_t step;
    bool paused;
    int64_t want_a, want_c;
} scalings[] = {
    {0, true, 12, 4},  /* where steps stand still, the proportions are kept */
    {2, true, 12, 4},  /* as well as after the last of them */
    {0, false, 15, 1}, /* else the step is made anew */
};

Test(plan_canary_sizes, scaling_keeps_the_proportions_or_the_step)
{
    for (size_t i = 0; i < COUNT(scalings); i++) {
        struct world *world = three(8, one_then_wait, 2);
        world->rollout.step = scalings[i].step;
        world->deployment.spec.paused = scalings[i].paused;
        have(world, "a", 6);
        have(world, "c", 2);
        world_set(world, "c")->wanted = 2;
        world->deployment.spec.replicas = 16;
        world->deployment.spec.strategy.max_surge = (struct amount){2, false};
        world->deployment.scaled_ceiling = 9;
        world_settle(world);
        cr_expect_eq(world_set(world, "a")->wanted, scalings[i].want_a, "row %zu: %lld", i,
                     (long long)world_set(world, "a")->wanted);
        cr_expect_eq(world_set(world, "c")->wanted, scalings[i].want_c, "row %zu: %lld", i,
                     (long long)world_set(world, "c")->wanted);
        world_free(world);
    }
}

Test(plan_canary_sizes, with_nothing_to_be_held_against_it_scales_at_once)
{
    struct world *world = three(2, one_then_wait, 2);
    world->deployment.status.stable_revision = 0;
    world->rollout.direct = false;
    world->deployment.spec.strategy.batch_pause_seconds = 30;
    have(world, "c", 2);
    world->deployment.spec.replicas = 6;
    world_settle(world);
    cr_expect_eq(world_set(world, "c")->wanted, 6);
    world_free(world);
}

/* ---- when a step is over ---- */

Test(plan_canary_sizes, a_step_is_not_over_in_the_pass_that_still_has_to_stop_a_canary)
{
    struct world *world = three(4, one_then_wait, 2);
    have(world, "a", 3);
    have(world, "c", 1);
    story_have(world, "c", 1, false);
    cr_expect_eq(world_plan(world)->rollout.step, 0);
    world_free(world);
}

Test(plan_canary_sizes, a_step_is_not_over_in_the_pass_that_still_has_to_size_the_others)
{
    struct world *world = three(4, one_then_wait, 2);
    have(world, "a", 3);
    have(world, "c", 1);
    story_want(world, "a", 4);
    cr_expect_eq(world_plan(world)->rollout.step, 0);
    story_want(world, "a", 3);
    cr_expect_eq(world_plan(world)->rollout.step, 1);
    world_free(world);
}

/* ---- checks ---- */

/* The check is asked of one canary; another one is on its way out and never answered, or said no.
 */
static struct world *asked(bool says_no)
{
    struct world *world = three(4, one_then_check, 2);
    have(world, "a", 3);
    have(world, "c", 1);
    world_settle(world);
    cr_assert_gt(world->rollout.check_round, 0);
    story_have(world, "c", 1, true);
    struct replica *leaving = &world->replicas[world->replica_count - 1].replica;
    leaving->wanted = WANTED_STOP;
    leaving->check_round = says_no ? world->rollout.check_round : 0;
    return world;
}

Test(plan_canary_sizes, a_canary_that_leaves_is_not_asked)
{
    for (int says_no = 0; says_no < 2; says_no++) {
        struct world *world = asked(says_no);
        cr_expect_eq(world_plan(world)->rollout.state, ROLLOUT_PROGRESSING);
        struct replica *canary = &world_nth(world, "c", 0)->replica;
        canary->check_round = world->rollout.check_round;
        canary->check_passed = true;
        cr_expect_eq(world_plan(world)->rollout.step, 2);
        world_free(world);
    }
}

Test(plan_canary_sizes, an_answer_that_is_no_is_never_passed_by)
{
    struct world *world = three(4, one_then_check, 2);
    have(world, "a", 3);
    have(world, "c", 1);
    world_settle(world);
    struct replica *canary = &world_nth(world, "c", 0)->replica;
    canary->check_round = world->rollout.check_round;
    world->rollout.step = world->rollout.check_round = 0;
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.step, 1, "it is asked again, and answered already");
    world_apply(world);
    cr_expect_str_eq(world_plan(world)->rollout.reason, "check_failed");
    world_free(world);
}

Test(plan_canary_sizes, an_answer_is_asked_for_by_a_check_alone)
{
    static const struct canary_step steps[] = {{.kind = CANARY_SET_REPLICAS, .amount = 1},
                                               {.kind = CANARY_PAUSE}};
    struct world *world = three(4, steps, 2);
    have(world, "a", 3);
    have(world, "c", 1);
    world->rollout.step = 1;
    world_nth(world, "c", 0)->replica.check_round = check_round(&world->rollout, &steps[1].check);
    cr_expect_eq(world_plan(world)->rollout.state, ROLLOUT_AWAITING_PROMOTION);
    world_free(world);
}

/* ---- pauses ---- */

Test(plan_canary_sizes, a_pause_that_became_a_size_leaves_nothing_of_its_time)
{
    struct world *world = three(4, one_then_wait, 2);
    have(world, "a", 4);
    world->rollout.step_since_ms = world->now_ms;
    cr_expect_eq(world_plan(world)->rollout.step_since_ms, 0);
    world_free(world);
}

static const struct canary_step deadlines[] = {
    {.kind = CANARY_SET_REPLICAS, .amount = 2},
    {.kind = CANARY_PAUSE, .amount = 60},
};

/* The only canary of two is held back. */
Test(plan_canary_sizes, a_deadline_names_no_step_that_is_not_what_was_waited_for)
{
    for (int64_t step = 0; step < 2; step++) {
        struct world *world = three(4, deadlines, 2);
        have(world, "a", 2);
        have(world, "c", 1);
        story_want(world, "c", 2);
        world_set(world, "c")->failures = 1;
        world_set(world, "c")->retry_at_ms = world->now_ms + 10 * 1000;
        world->rollout.step = step;
        world->rollout.high_water = 1;
        world->rollout.deadline_at_ms = world->now_ms;
        const char *message = world_plan(world)->rollout.message;
        cr_expect_str_eq(world->plan.rollout.reason, "progress_deadline");
        cr_expect_null(strstr(message, "waited for"), "step %lld: %s", (long long)step, message);
        world_free(world);
    }
}

/* ---- words ---- */

Test(plan_canary_sizes, the_shortest_pause_is_one_of_a_second)
{
    static struct canary_step steps[] = {{.kind = CANARY_PAUSE, .amount = 1}};
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.type = STRATEGY_CANARY;
    world->deployment.spec.strategy.steps = (struct canary_steps){steps, 1};
    STORY(world, {"deploy b", "a=2/2 progressing"});
    cr_expect_str_eq(world->plan.waiting_for, "step 1 of 1 to pass: a pause of 1 second");
    cr_expect_eq(world->plan.waiting_until_ms, world->now_ms + 1000);
    cr_expect_str_eq(world->plan.next, "replace the rest with revision 2: this is the last step");
    cr_expect_str_eq(world->deployment.status.message,
                     "0 of 2 replicas of revision 2 are available; 2 of revision 1 serve; step 1 "
                     "of 1 is a pause of 1 second");
    STORY(world, {"time 1", "a=2/2 b=1/0 progressing 1"});
    cr_expect_str_eq(world->plan.next,
                     "stop 1 replica of revision 1 once 1 more of revision 2 is available");
    STORY(world, {"obey", "a=1/1 b=1/1 progressing 1"}, {"obey", "a=1/1 b=2/1 progressing 1"},
          {"obey", "b=2/2 progressing 1"}, {"obey", "b=2/2 progressing 1"});
    cr_expect_str_eq(world->plan.waiting_for, "monitor_seconds (10) to pass without a failure");
    cr_expect_str_eq(world->plan.next, "declare revision 2 stable");
    world_free(world);
}

static const struct {
    struct canary_step step;
    int64_t replicas, surge;
    bool want;
} replaced[] = {
    {{.kind = CANARY_SET_WEIGHT, .amount = 50}, 1, 0, true},
    {{.kind = CANARY_SET_WEIGHT, .amount = 99}, 1, 0, true},
    {{.kind = CANARY_SET_WEIGHT, .amount = 100}, 1, 0, false},
    {{.kind = CANARY_SET_WEIGHT, .amount = 0}, 1, 0, false},
    {{.kind = CANARY_SET_WEIGHT, .amount = 50}, 1, 1, false},
    {{.kind = CANARY_SET_WEIGHT, .amount = 50}, 2, 0, false},
    {{.kind = CANARY_SET_REPLICAS, .amount = 1}, 1, 0, false},
    {{.kind = CANARY_PAUSE, .amount = 1}, 1, 0, false},
};

Test(plan_canary_sizes, it_is_told_where_a_part_of_one_replica_is_all_of_it)
{
    for (size_t i = 0; i < COUNT(replaced); i++) {
        const struct canary_step steps[] = {replaced[i].step, {.kind = CANARY_PAUSE}};
        struct world *world = three(replaced[i].replicas, steps, 2);
        world->deployment.spec.strategy.max_surge = (struct amount){replaced[i].surge, false};
        world->deployment.spec.strategy.max_unavailable = (struct amount){1, false};
        have(world, "a", replaced[i].replicas);
        const char *message = world_plan(world)->status.message;
        bool told = strstr(message, "the only replica gives way to its canary") != NULL;
        cr_expect_eq(told, replaced[i].want, "row %zu: %s", i, message);
        world_free(world);
    }
}

static const struct {
    struct canary_step step;
    const char *want;
} nexts[] = {
    {{.kind = CANARY_SET_WEIGHT, .amount = 20}, "step 2 of 2: set_weight 20"},
    {{.kind = CANARY_SET_REPLICAS, .amount = 3}, "step 2 of 2: set_replicas 3"},
    {{.kind = CANARY_PAUSE}, "step 2 of 2: a pause until it is promoted"},
    {{.kind = CANARY_PAUSE, .amount = 1}, "step 2 of 2: a pause of 1 second"},
    {{.kind = CANARY_PAUSE, .amount = 60}, "step 2 of 2: a pause of 60 seconds"},
    {{.kind = CANARY_CHECK, .check = {.path = "/ok"}}, "step 2 of 2: a check of /ok"},
};

Test(plan_canary_sizes, each_step_is_told_before_it_comes)
{
    for (size_t i = 0; i < COUNT(nexts); i++) {
        struct canary_step steps[] = {{.kind = CANARY_PAUSE}, nexts[i].step};
        struct world *world = three(2, steps, 2);
        have(world, "a", 2);
        cr_expect_str_eq(world_settle(world)->next, nexts[i].want, "row %zu: %s", i,
                         world->plan.next);
        world_free(world);
    }
}
