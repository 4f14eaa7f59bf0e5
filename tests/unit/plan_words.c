/* The state word, the sentences, and the plan as text. */
#include "plan_world.h"

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

Test(plan_words, pending_only_while_nothing_is_placed_then_deploying)
{
    struct world *world = world_new(2);
    world_deploy(world, "a");
    world_settle(world);
    world_nth(world, "a", 0)->replica.reason = "no node fits: 3 of 3 lack memory";
    world_settle(world);
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_PENDING);
    cr_expect_str_eq(
        world->deployment.status.message,
        "0 of 2 replicas of revision 1 are available; web-001 waits for a node: no node "
        "fits: 3 of 3 lack memory");
    cr_expect_str_eq(world->plan.waiting_for,
                     "a node for web-001: no node fits: 3 of 3 lack memory");
    world_move(world, world_nth(world, "a", 0), REPLICA_ASSIGNED, false);
    world_settle(world);
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_DEPLOYING);
    world_free(world);
}

static const struct {
    int64_t broken;
    int want_state;
    const char *want_message;
} steady[] = {
    {0, DEPLOYMENT_RUNNING, "3 of 3 replicas are available"},
    {1, DEPLOYMENT_DEGRADED,
     "2 of 3 replicas are available; web-001 on n2 is not ready: 503 «loading model»"},
    {3, DEPLOYMENT_UNHEALTHY,
     "0 of 3 replicas are available; web-001 on n2 is not ready: 503 «loading model»"},
};

Test(plan_words, outside_of_a_rollout_availability_is_the_state)
{
    for (size_t i = 0; i < sizeof steady / sizeof *steady; i++) {
        struct world *world = world_running("a", 3);
        for (int k = 0; k < steady[i].broken; k++) {
            world_move(world, world_nth(world, "a", k), REPLICA_RUNNING, false);
            world_nth(world, "a", k)->replica.readiness_reason = "503 «loading model»";
        }
        world_settle(world);
        cr_expect_eq(world->deployment.status.state, steady[i].want_state, "row %zu", i);
        cr_expect_str_eq(world->deployment.status.message, steady[i].want_message);
        cr_expect_eq(world->deployment.status.available, 3 - steady[i].broken);
        world_free(world);
    }
}

Test(plan_words, growing_is_deploying_until_something_goes_wrong)
{
    struct world *world = world_running("a", 3);
    world->deployment.spec.replicas = 5;
    world_settle(world);
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_DEPLOYING);
    world_move(world, world_nth(world, "a", 3), REPLICA_FAILED, false);
    world_settle(world);
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_DEGRADED);
    world_free(world);
}

Test(plan_words, a_held_back_replacement_is_said)
{
    struct world *world = world_running("a", 3);
    world_move(world, world_nth(world, "a", 0), REPLICA_FAILED, false);
    world_settle(world);
    cr_expect_str_eq(world->deployment.status.message,
                     "2 of 3 replicas are available; replacements of revision 1 are held back "
                     "after 1 failure");
    cr_expect_str_eq(world->plan.waiting_for,
                     "the back-off of revision 1 to pass, after 1 failure");
    cr_expect_str_eq(world->plan.next, "start 1 replica of revision 1");
    world_free(world);
}

Test(plan_words, a_silent_node_is_waited_for)
{
    struct world *world = world_running("a", 3);
    world->presence[world_nth(world, "a", 0)->node] = PRESENCE_UNKNOWN;
    world_settle(world);
    expect_says(world->deployment.status.message,
                "web-001 on n2 is out of reach: its node does not report");
    cr_expect_str_eq(world->plan.waiting_for, "n2 to report again, or to be lost");
    world_free(world);
}

Test(plan_words, explain_gives_the_numbers_behind_the_decision)
{
    struct world *world = world_running("a", 10);
    world_deploy(world, "b");
    world_settle(world);
    world_move(world, world_nth(world, "b", 1), REPLICA_RUNNING, false);
    world_nth(world, "b", 1)->replica.readiness_reason = "readiness answered 503";
    const struct plan *plan = world_settle(world);
    cr_expect_str_eq(plan->waiting_for, "web-012 on n1 to become ready: readiness answered 503");
    cr_expect_str_eq(plan->next,
                     "stop 3 replicas of revision 1 once 3 more of revision 2 are available");
    const struct plan_budget *budget = &plan->budget;
    cr_expect_eq(budget->replicas, 10);
    cr_expect_eq(budget->surge, 3);
    cr_expect_eq(budget->total, 13);
    cr_expect_eq(budget->ceiling, 13);
    cr_expect_eq(budget->min_available, 10);
    cr_expect_eq(budget->available, 10);
    cr_expect_eq(budget->shrink, 0);
    cr_expect_eq(budget->grow, 0);
    cr_expect_not(budget->rounded);
    world_free(world);
}

Test(plan_words, a_budget_of_nothing_is_rounded_and_said)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_surge = (struct amount){0, true};
    world->deployment.spec.strategy.max_unavailable = (struct amount){20, true};
    world_plan(world);
    cr_expect(world->plan.budget.rounded);
    cr_expect_eq(world->plan.budget.min_available, 3);
    expect_says(world_text(world), "1 may be missing");
    world_free(world);
}

Test(plan_words, a_plan_prints_whole)
{
    struct world *world = world_running("a", 2);
    world_settle(world);
    world_deploy(world, "b");
    world_plan(world);
    cr_expect_str_eq(
        world_text(world),
        "set_wanted b revision=2 wanted=1: 0 to 1: rolling step\n"
        "create b revision=2 count=1: 0 of revision 2 run, 1 wanted\n"
        "outcome revision=2 active\n"
        "rollout 2 progressing available=0/2 high_water=0 failed=0\n"
        "status deploying: 0 of 2 replicas of revision 2 are available; 2 of revision 1 serve\n"
        "budget replicas=2 surge=1 total=2 min_available=2 available=2 shrink=0 grow=1\n"
        "next start 1 replica of revision 2\n"
        "wake 1011000\n");
    world_free(world);
}

Test(plan_words, a_long_answer_is_cut_at_a_character)
{
    struct world *world = world_running("a", 1);
    char *answer = arena_alloc(&world->memory, 2001);
    for (int i = 0; i < 1000; i++)
        memcpy(answer + (size_t)i * 2, "é", 2);
    for (size_t shift = 0; shift < 2; shift++) {
        world_move(world, world_nth(world, "a", 0), REPLICA_RUNNING, false);
        world_nth(world, "a", 0)->replica.readiness_reason = answer;
        world_nth(world, "a", 0)->replica.restarts = shift ? 7 : 77;
        world_settle(world);
        const char *message = world->deployment.status.message;
        size_t bytes = strlen(message);
        cr_expect_geq(bytes, (size_t)PLAN_SENTENCE_BYTES - 3);
        cr_expect_lt(bytes, (size_t)PLAN_SENTENCE_BYTES);
        cr_expect_eq(text_utf8_valid(message, bytes), bytes);
    }
    world_free(world);
}
