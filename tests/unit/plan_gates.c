/* What must not be got past: the steps of a rollout that is scaled to 0 and back, a check that was
 * edited, a pause over a canary that is not ready, a promote of what is not there yet. */
#include "plan_story.h"
#include "scheduler/plan/promotion.h"
#include "scheduler/plan/strategy.h"

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

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
#define CHECK(where)                                                                               \
    {                                                                                              \
        .kind = CANARY_CHECK, .check = {                                                           \
            .port = "http",                                                                        \
            .path = (where),                                                                       \
            .expect_status = 200,                                                                  \
            .times = 1                                                                             \
        }                                                                                          \
    }

static void set_steps(struct world *world, struct canary_step *steps, size_t count)
{
    struct strategy *strategy = &world->deployment.spec.strategy;
    strategy->type = STRATEGY_CANARY;
    strategy->steps = (struct canary_steps){steps, count};
}
#define STEPS(world, ...)                                                                          \
    set_steps((world), (struct canary_step[]){__VA_ARGS__},                                        \
              sizeof((struct canary_step[]){__VA_ARGS__}) / sizeof(struct canary_step))

/* Four replicas of "a" are stable, and the surge is one. */
static struct world *stable_world(void)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_surge = (struct amount){1, false};
    return world;
}

static struct world *blue_green_world(void)
{
    struct world *world = world_running("a", 3);
    struct strategy *strategy = &world->deployment.spec.strategy;
    strategy->type = STRATEGY_BLUE_GREEN;
    strategy->preview_replicas = 1;
    strategy->auto_promote = false;
    return world;
}

/* ---- scaled to 0 ---- */

Test(plan_gates, a_canary_that_is_scaled_to_zero_holds_and_goes_on_with_its_pause)
{
    struct world *world = stable_world();
    STEPS(world, REPLICAS(1), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 awaiting_promotion 1"}, {"scale 0", "progressing 1"},
          {"obey", "progressing 1"}, {"time 100000", "progressing 1"});
    cr_expect_eq(world->rollout.deadline_at_ms, 0);
    cr_expect_gt(world->rollout.deadline_left_ms, 0);
    cr_expect_eq(world->plan.wake_at_ms, 0);
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_SCALED_TO_ZERO);
    expect_says(world->deployment.status.message,
                "revision 2 goes on with its steps when it is scaled up");
    expect_says(world->plan.waiting_for, "to be scaled up");
    expect_says(world->plan.next, "start revision 1 again");
    STORY(world, {"scale 3", "a=3/0 b=1/0 progressing 1"},
          {"obey", "a=2/2 b=1/1 awaiting_promotion 1"},
          {"obey", "a=2/2 b=1/1 awaiting_promotion 1"}, {"promote", "a=2/2 b=2/1 progressing 2"});
    world_free(world);
}

Test(plan_gates, a_preview_that_is_scaled_to_zero_holds_and_traffic_comes_back_to_the_old_set)
{
    struct world *world = blue_green_world();
    STORY(world, {"deploy b", "a=3/3 b=1/0 active a progressing"},
          {"obey", "a=3/3 b=1/1 active a awaiting_promotion"}, {"scale 0", "active a progressing"},
          {"obey", "active a progressing"}, {"scale 3", "a=3/0 b=1/0 active a progressing"},
          {"obey", "a=3/3 b=1/1 active a awaiting_promotion"});
    world_free(world);
}

Test(plan_gates, what_was_promoted_and_not_switched_yet_is_switched_after_all)
{
    struct world *world = blue_green_world();
    STORY(world, {"deploy b", "a=3/3 b=1/0 active a progressing"},
          {"obey", "a=3/3 b=1/1 active a awaiting_promotion"},
          {"promote", "a=3/3 b=3/1 active a progressing 1"}, {"scale 0", "active a progressing 1"},
          {"obey", "active a progressing 1"}, {"scale 2", "a=2/0 b=2/0 active a progressing 1"},
          {"obey", "a=2/2 b=2/2 active b progressing 2"});
    world_free(world);
}

Test(plan_gates, without_a_stable_version_the_newest_other_one_comes_back)
{
    struct world *world = stable_world();
    world->deployment.status.stable_revision = 0;
    STEPS(world, REPLICAS(1), PAUSE(0));
    world_deploy(world, "b");
    world->rollout.direct = false;
    STORY(world, {"look", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"scale 0", "progressing"}, {"obey", "progressing"}, {"look", "progressing"},
          {"scale 3", "a=3/0 b=1/0 progressing"});
    world_free(world);
}

Test(plan_gates, paused_at_zero_the_old_version_comes_back_alone)
{
    struct world *world = stable_world();
    STEPS(world, REPLICAS(1), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"pause", "a=3/3 b=1/1 paused"}, {"scale 0", "paused"}, {"obey", "paused"},
          {"scale 3", "a=3/0 paused"}, {"obey", "a=3/3 paused"},
          {"resume", "a=3/3 b=1/0 progressing"});
    world_free(world);
}

Test(plan_gates, a_template_that_is_applied_at_zero_takes_its_steps_when_scaled_up)
{
    struct world *world = stable_world();
    STEPS(world, REPLICAS(1), PAUSE(0));
    STORY(world, {"scale 0", "succeeded"}, {"obey", "succeeded"}, {"deploy b", "progressing"},
          {"scale 3", "a=3/0 b=1/0 progressing"}, {"obey", "a=2/2 b=1/1 progressing"});
    world_free(world);
}

Test(plan_gates, a_rolling_update_still_ends_at_zero)
{
    struct world *world = stable_world();
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"scale 0", "progressing"},
          {"obey", "succeeded"});
    world_free(world);
}

Test(plan_gates, a_timed_pause_begins_anew_after_zero_replicas)
{
    struct world *world = stable_world();
    STEPS(world, REPLICAS(1), PAUSE(60), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 progressing 1"});
    int64_t deadline_at_ms = world->rollout.deadline_at_ms;
    STORY(world, {"time 10", "a=3/3 b=1/1 progressing 1"}, {"scale 0", "progressing 1"});
    cr_expect_eq(world->rollout.deadline_left_ms, deadline_at_ms - 50000 - world->now_ms,
                 "50 of 60 seconds are taken back");
    STORY(world, {"obey", "progressing 1"}, {"time 1000", "progressing 1"},
          {"scale 4", "a=4/0 b=1/0 progressing 1"}, {"obey", "a=3/3 b=1/1 progressing 1"},
          {"time 59", "a=3/3 b=1/1 progressing 1"}, {"time 1", "a=3/3 b=1/1 awaiting_promotion 2"});
    world_free(world);
}

/* ---- pauses ---- */

Test(plan_gates, a_timed_pause_does_not_end_over_a_canary_that_is_not_ready)
{
    struct world *world = stable_world();
    STEPS(world, REPLICAS(1), PAUSE(60), REPLICAS(2), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 progressing 1"}, {"unready b", "a=3/3 b=1/0 progressing 1"});
    int64_t deadline_at_ms = world->rollout.deadline_at_ms;
    STORY(world, {"time 61", "a=3/3 b=1/0 progressing 1"},
          {"time 100", "a=3/3 b=1/0 progressing 1"});
    cr_expect_eq(world->rollout.deadline_at_ms, deadline_at_ms, "the extra wait counts");
    expect_says(world->plan.waiting_for, "to become ready");
    STORY(world, {"obey", "a=3/3 b=2/1 progressing 2"});
    world_free(world);
}

Test(plan_gates, a_pause_that_was_edited_away_leaves_nothing_of_its_time)
{
    struct world *world = stable_world();
    STEPS(world, REPLICAS(1), PAUSE(3600), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 progressing 1"});
    cr_expect_gt(world->rollout.step_since_ms, 0);
    int64_t deadline_at_ms = world->rollout.deadline_at_ms;
    STEPS(world, REPLICAS(1), CHECK("/ok"), PAUSE(0));
    STORY(world, {"look", "a=3/3 b=1/1 progressing 1"});
    cr_expect_eq(world->rollout.step_since_ms, 0);
    cr_expect_eq(world->rollout.deadline_at_ms, deadline_at_ms - 3600 * 1000);
    cr_expect_not(promotion_step(&world->deployment, &world->rollout).waits);
    world_free(world);
}

Test(plan_gates, a_step_beyond_the_edited_steps_is_the_end_of_them)
{
    struct world *world = stable_world();
    STEPS(world, REPLICAS(1), PAUSE(0), PAUSE(0));
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"},
          {"obey", "a=3/3 b=1/1 awaiting_promotion 1"},
          {"promote", "a=3/3 b=1/1 awaiting_promotion 2"});
    STEPS(world, REPLICAS(1), PAUSE(0));
    STORY(world, {"look", "a=3/3 b=2/1 progressing 2"});
    cr_expect(promotion_step(&world->deployment, &world->rollout).over);
    world_free(world);
}

/* ---- checks ---- */

Test(plan_gates, a_check_that_was_edited_is_answered_anew)
{
    struct world *world = stable_world();
    STEPS(world, REPLICAS(2), CHECK("/old"), PAUSE(0));
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    STORY(world, {"deploy b", "a=4/4 b=2/0 progressing"}, {"obey", "a=2/2 b=2/2 progressing"},
          {"obey", "a=2/2 b=2/2 progressing 1"});
    int64_t old = world->rollout.check_round;
    struct replica *first = &world_nth(world, "b", 0)->replica;
    first->check_round = old;
    first->check_passed = true;
    STEPS(world, REPLICAS(2), CHECK("/new"), PAUSE(0));
    STORY(world, {"look", "a=2/2 b=2/2 progressing 1"});
    cr_expect_neq(world->rollout.check_round, old);
    cr_expect_eq(world->rollout.check_round >> 16, old >> 16);
    expect_says(world->plan.waiting_for, "to be answered by web-005");
    STORY(world, {"passed", "a=2/2 b=2/2 awaiting_promotion 2"});
    world_free(world);
}

static const struct {
    const char *what;
    struct canary_check check;
} other_checks[] = {
    {"port", {"metrics", "/ok", 200, "fine", 1}}, {"path", {"http", "/other", 200, "fine", 1}},
    {"status", {"http", "/ok", 204, "fine", 1}},  {"substring", {"http", "/ok", 200, NULL, 1}},
    {"times", {"http", "/ok", 200, "fine", 2}},   {"moved text", {"http", "/okf", 200, "ine", 1}},
};

Test(plan_gates, whatever_a_check_asks_for_is_part_of_its_round)
{
    const struct canary_check check = {"http", "/ok", 200, "fine", 1};
    const struct rollout rollout = {.id = 7, .step = 3}, next_step = {.id = 7, .step = 4},
                         next_rollout = {.id = 8, .step = 3}, last = {.id = 1u << 30, .step = 32};
    int64_t round = check_round(&rollout, &check);
    for (size_t i = 0; i < sizeof other_checks / sizeof *other_checks; i++)
        cr_expect_neq(check_round(&rollout, &other_checks[i].check), round, "%s",
                      other_checks[i].what);
    cr_expect_eq(check_round(&rollout, &check), round);
    cr_expect_gt(check_round(&next_step, &check), round);
    cr_expect_gt(check_round(&next_rollout, &check), check_round(&next_step, &check));
    cr_expect_lt(check_round(&last, &check), INT64_C(1) << 53);
}

Test(plan_gates, a_check_counts_only_for_canaries_that_are_all_available)
{
    struct world *world = stable_world();
    STEPS(world, REPLICAS(2), CHECK("/ok"), PAUSE(0));
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    STORY(world, {"deploy b", "a=4/4 b=2/0 progressing"}, {"obey", "a=2/2 b=2/2 progressing"},
          {"obey", "a=2/2 b=2/2 progressing 1"}, {"unready b", "a=2/2 b=2/1 progressing 1"},
          {"passed", "a=2/2 b=2/1 progressing 1"}, {"obey", "a=2/2 b=2/2 awaiting_promotion 2"});
    world_free(world);
}

/* ---- quarantine ---- */

Test(plan_gates, a_restart_of_what_was_proven_is_not_quarantined)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"deploy a~2", "a=2/2 a~2=1/0 progressing"});
    story_happens(world, "crash-loop a~2");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_ROLLING_BACK);
    cr_expect_not(plan->quarantine);
    world_free(world);
}

Test(plan_gates, a_version_that_fails_is_quarantined)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"});
    story_happens(world, "crash-loop b");
    cr_expect(world_plan(world)->quarantine);
    world_free(world);
}

/* ---- what a promote needs ---- */

static struct canary_step canary_steps[] = {PAUSE(0), REPLICAS(3), CHECK("/ok"),
                                            PAUSE(5), WEIGHT(50),  PAUSE(0)};
static const struct {
    int type, followed; /* enum strategy_type: of the spec, and as the last pass saw it */
    int64_t replicas, step;
    int state; /* enum rollout_state */
    struct promotion_step want;
} promotions[] = {
    {STRATEGY_CANARY, STRATEGY_CANARY, 10, 0, ROLLOUT_PROGRESSING, {true, false, false, 0}},
    {STRATEGY_CANARY, STRATEGY_CANARY, 10, 1, ROLLOUT_PROGRESSING, {false, false, false, 3}},
    {STRATEGY_CANARY, STRATEGY_CANARY, 2, 1, ROLLOUT_PROGRESSING, {false, false, false, 2}},
    {STRATEGY_CANARY, STRATEGY_CANARY, 10, 2, ROLLOUT_PROGRESSING, {false, false, false, 3}},
    {STRATEGY_CANARY, STRATEGY_CANARY, 10, 3, ROLLOUT_PROGRESSING, {true, false, false, 3}},
    {STRATEGY_CANARY, STRATEGY_CANARY, 10, 4, ROLLOUT_PROGRESSING, {false, false, false, 5}},
    {STRATEGY_CANARY, STRATEGY_CANARY, 10, 5, ROLLOUT_AWAITING_PROMOTION, {true, false, false, 5}},
    {STRATEGY_CANARY, STRATEGY_CANARY, 10, 6, ROLLOUT_PROGRESSING, {false, true, false, 0}},
    {STRATEGY_CANARY, STRATEGY_CANARY, 10, 9, ROLLOUT_PROGRESSING, {false, true, false, 0}},
    {STRATEGY_CANARY, STRATEGY_BLUE_GREEN, 10, 2, ROLLOUT_PROGRESSING, {true, false, false, 0}},
    {STRATEGY_BLUE_GREEN, STRATEGY_BLUE_GREEN, 10, 0, ROLLOUT_PROGRESSING, {true, false, false, 4}},
    {STRATEGY_BLUE_GREEN,
     STRATEGY_BLUE_GREEN,
     3,
     0,
     ROLLOUT_AWAITING_PROMOTION,
     {true, false, false, 3}},
    {STRATEGY_BLUE_GREEN,
     STRATEGY_CANARY,
     10,
     5,
     ROLLOUT_AWAITING_PROMOTION,
     {false, false, false, 4}},
    {STRATEGY_BLUE_GREEN, STRATEGY_BLUE_GREEN, 10, 1, ROLLOUT_PROGRESSING, {false, true, false, 0}},
    {STRATEGY_BLUE_GREEN, STRATEGY_BLUE_GREEN, 10, 2, ROLLOUT_PROGRESSING, {false, true, false, 0}},
};

Test(plan_gates, a_promote_needs_what_the_step_asks_for_whatever_the_sizes_are)
{
    for (size_t i = 0; i < sizeof promotions / sizeof *promotions; i++) {
        struct deployment deployment = {
            .spec = {
                .replicas = promotions[i].replicas,
                .strategy = {.type = promotions[i].type,
                             .preview_replicas = 4,
                             .steps = {canary_steps, sizeof canary_steps / sizeof *canary_steps}}}};
        struct rollout rollout = {.strategy = promotions[i].followed,
                                  .step = promotions[i].step,
                                  .state = promotions[i].state};
        struct promotion_step step = promotion_step(&deployment, &rollout);
        cr_expect_eq(step.waits, promotions[i].want.waits, "row %zu", i);
        cr_expect_eq(step.over, promotions[i].want.over, "row %zu", i);
        cr_expect_eq(step.keeps, promotions[i].want.keeps, "row %zu", i);
        cr_expect_eq(step.wants, promotions[i].want.wants, "row %zu", i);
    }
}

Test(plan_gates, previews_that_are_not_promoted_by_themselves_always_wait)
{
    struct deployment deployment = {.spec.strategy.type = STRATEGY_BLUE_GREEN};
    struct rollout rollout = {.strategy = STRATEGY_BLUE_GREEN, .state = ROLLOUT_PROGRESSING};
    cr_expect(promotion_step(&deployment, &rollout).waits, "whatever is available");
    deployment.spec.strategy.auto_promote = true;
    cr_expect_not(promotion_step(&deployment, &rollout).waits);
}

Test(plan_gates, previews_that_promote_themselves_wait_only_where_they_pause)
{
    static const struct {
        int state;
        int64_t step_since_ms;
        bool want;
    } rows[] = {{ROLLOUT_PROGRESSING, 0, false},
                {ROLLOUT_PROGRESSING, 1, true},
                {ROLLOUT_AWAITING_PROMOTION, 0, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct deployment deployment = {
            .spec = {.replicas = 3,
                     .strategy = {.type = STRATEGY_BLUE_GREEN, .auto_promote = true}}};
        struct rollout rollout = {.strategy = STRATEGY_BLUE_GREEN,
                                  .state = rows[i].state,
                                  .step_since_ms = rows[i].step_since_ms};
        cr_expect_eq(promotion_step(&deployment, &rollout).waits, rows[i].want, "row %zu", i);
    }
}

Test(plan_gates, what_keeps_the_old_set_is_left_for_a_promote_in_full)
{
    struct deployment deployment = {.spec.strategy.type = STRATEGY_BLUE_GREEN};
    struct rollout rollout = {
        .strategy = STRATEGY_BLUE_GREEN, .step = BLUE_GREEN_SWITCHED, .keep_old_since_ms = 1};
    struct promotion_step step = promotion_step(&deployment, &rollout);
    cr_expect(step.keeps && !step.over && !step.waits);
}
