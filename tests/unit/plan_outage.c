/* The state while nothing that gets traffic is available: an outage, or a gap that was planned.
 * Then what else the sentence says of traffic, of a way back, of an end and of a hold.
 */
#include "plan_story.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool says(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* "c" is deployed over "a", which is stable. Running replicas that are not available: a letter
 * each, in capitals where it is new and never was; after '!' they are to stop. */
static struct world *without_service(int64_t replicas, const char *running)
{
    struct world *world = story_three(replicas);
    bool stops = false;
    for (const char *at = running; *at; at++) {
        if (*at == '!') stops = true;
        if (*at == '!') continue;
        char hash[] = {(char)(*at | 0x20), '\0'};
        story_have(world, world_set(world, hash)->template_hash, 1, false);
        struct replica *replica = &world->replicas[world->replica_count - 1].replica;
        replica->was_available = *at == hash[0];
        replica->wanted = stops ? WANTED_STOP : WANTED_RUN;
        world_set(world, hash)->wanted += !stops;
    }
    return world;
}

enum trait { PLAIN = 0, PAUSED = 1, ENDED = 2, HALTED = 4, UNPROVEN = 8, HIDDEN = 16 };

static const struct {
    int type;
    int64_t replicas, unavailable;
    unsigned traits;
    int64_t available_before;
    int state_before;
    const char *running;
    int want;
} outages[] = {
    {STRATEGY_ROLLING, 1, 0, PLAIN, 1, DEPLOYMENT_DEPLOYING, "C", DEPLOYMENT_UNHEALTHY},
    {STRATEGY_ROLLING, 1, 0, PLAIN, 0, DEPLOYMENT_DEPLOYING, "C", DEPLOYMENT_DEPLOYING},
    {STRATEGY_ROLLING, 1, 0, PLAIN, 0, DEPLOYMENT_UNHEALTHY, "C", DEPLOYMENT_UNHEALTHY},
    {STRATEGY_ROLLING, 1, 0, PLAIN, 0, DEPLOYMENT_DEPLOYING, "aC", DEPLOYMENT_UNHEALTHY},
    {STRATEGY_ROLLING, 1, 0, PLAIN, 0, DEPLOYMENT_DEPLOYING, "C!a", DEPLOYMENT_DEPLOYING},
    {STRATEGY_ROLLING, 1, 0, UNPROVEN, 1, DEPLOYMENT_DEPLOYING, "C", DEPLOYMENT_DEPLOYING},
    {STRATEGY_ROLLING, 1, 0, UNPROVEN | ENDED, 0, DEPLOYMENT_DEGRADED, "C", DEPLOYMENT_UNHEALTHY},
    {STRATEGY_ROLLING, 1, 0, HALTED, 1, DEPLOYMENT_DEPLOYING, "C", DEPLOYMENT_FAILED},
    {STRATEGY_ROLLING, 1, 0, PAUSED, 1, DEPLOYMENT_PAUSED, "C", DEPLOYMENT_UNHEALTHY},
    {STRATEGY_BLUE_GREEN, 1, 0, HIDDEN, 0, DEPLOYMENT_DEPLOYING, "Ac", DEPLOYMENT_DEPLOYING},
    {STRATEGY_BLUE_GREEN, 1, 0, HIDDEN, 0, DEPLOYMENT_DEPLOYING, "aC", DEPLOYMENT_UNHEALTHY},
    /* a floor of 0 lets it happen */
    {STRATEGY_ROLLING, 1, 1, PLAIN, 1, DEPLOYMENT_DEPLOYING, "C", DEPLOYMENT_DEPLOYING},
    {STRATEGY_ROLLING, 1, 1, PLAIN, 1, DEPLOYMENT_DEPLOYING, "aC", DEPLOYMENT_DEPLOYING},
    {STRATEGY_ROLLING, 1, 1, PLAIN, 1, DEPLOYMENT_DEPLOYING, "C!c", DEPLOYMENT_DEPLOYING},
    {STRATEGY_ROLLING, 1, 1, PLAIN, 1, DEPLOYMENT_DEPLOYING, "c", DEPLOYMENT_UNHEALTHY},
    {STRATEGY_ROLLING, 2, 1, PLAIN, 1, DEPLOYMENT_DEPLOYING, "CC", DEPLOYMENT_UNHEALTHY},
    {STRATEGY_ROLLING, 1, 1, PAUSED, 1, DEPLOYMENT_PAUSED, "C", DEPLOYMENT_UNHEALTHY},
    {STRATEGY_ROLLING, 1, 1, ENDED, 1, DEPLOYMENT_DEPLOYING, "C", DEPLOYMENT_UNHEALTHY},
    {STRATEGY_BLUE_GREEN, 1, 1, HIDDEN, 1, DEPLOYMENT_DEPLOYING, "AC", DEPLOYMENT_UNHEALTHY},
    /* recreate does it on purpose, but not where others are wanted still */
    {STRATEGY_RECREATE, 1, 0, PLAIN, 1, DEPLOYMENT_DEPLOYING, "!a", DEPLOYMENT_DEPLOYING},
    {STRATEGY_RECREATE, 1, 0, PAUSED, 1, DEPLOYMENT_PAUSED, "!a", DEPLOYMENT_PAUSED},
    {STRATEGY_RECREATE, 1, 1, PAUSED, 1, DEPLOYMENT_PAUSED, "a", DEPLOYMENT_UNHEALTHY},
};

Test(plan_outage, it_is_an_outage_where_something_served_before_and_the_gap_is_not_planned)
{
    for (size_t i = 0; i < COUNT(outages); i++) {
        struct world *world = without_service(outages[i].replicas, outages[i].running);
        struct deployment *deployment = &world->deployment;
        deployment->spec.strategy.type = world->rollout.strategy = outages[i].type;
        deployment->spec.strategy.max_unavailable = (struct amount){outages[i].unavailable, false};
        deployment->spec.paused = outages[i].traits & PAUSED;
        deployment->status.available = outages[i].available_before;
        deployment->status.state = outages[i].state_before;
        if (outages[i].traits & ENDED) world->rollout.state = ROLLOUT_ABORTED;
        if (outages[i].traits & HALTED) world->rollout.state = ROLLOUT_FAILED;
        if (outages[i].traits & HALTED) deployment->status.halted_reason = "auto_rollback_off";
        if (outages[i].traits & UNPROVEN) deployment->status.stable_revision = 0;
        if (outages[i].traits & HIDDEN) deployment->active_hash = "a";
        for (size_t k = 0; k < world->replica_count; k++) {
            world->replicas[k].node = 0;
            world->replicas[k].replica.node = world_node_name(0);
        }
        const struct plan *plan = world_plan(world);
        cr_expect_eq(plan->status.state, outages[i].want, "row %zu: %d, %s", i, plan->status.state,
                     plan->status.message);
        world_free(world);
    }
}

Test(plan_outage, what_gets_no_traffic_does_not_count_as_available)
{
    struct world *world = world_running("a", 3);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.spec.strategy.auto_promote = false;
    STORY(world, {"deploy b", "a=3/3 b=3/0 active a progressing"},
          {"obey", "a=3/3 b=3/3 active a awaiting_promotion"},
          {"unready a", "a=3/2 b=3/3 active a awaiting_promotion"});
    cr_expect_eq(world->deployment.status.available, 2);
    cr_expect_eq(world->deployment.status.ready, 2);
    cr_expect_eq(world->deployment.status.total, 6);
    world_free(world);
}

/* ---- a way back ---- */

Test(plan_outage, on_a_way_back_the_trouble_with_what_is_taken_back_is_not_told_again)
{
    for (int back = 0; back < 2; back++) {
        struct world *world = story_three(1);
        story_have(world, "b", 1, false);
        story_have(world, "c", 1, true);
        story_want(world, "b", 1);
        story_want(world, "c", 1);
        world->deployment.spec.paused = true;
        if (back) world->rollout.state = ROLLOUT_ROLLING_BACK;
        world_plan(world);
        cr_expect_eq(says(world->plan.status.message, "web-001 on n2 is not ready"), !back);
        world_free(world);
    }
}

/* ---- a pause ---- */

static const struct {
    int lifecycle, rollout_state;
    bool paused, want;
} pauses[] = {
    {LIFECYCLE_ACTIVE, ROLLOUT_SUCCEEDED, true, true},
    {LIFECYCLE_ACTIVE, ROLLOUT_SUCCEEDED, false, false},
    {LIFECYCLE_ACTIVE, ROLLOUT_ROLLING_BACK, true, true},
    {LIFECYCLE_ACTIVE, ROLLOUT_PROGRESSING, true, false}, /* it is said in other words */
    {LIFECYCLE_TERMINATED, ROLLOUT_SUCCEEDED, true, false},
};

Test(plan_outage, a_pause_that_nothing_is_held_back_by_is_told_all_the_same)
{
    for (size_t i = 0; i < COUNT(pauses); i++) {
        struct world *world = story_three(2);
        story_have(world, "c", 1, true);
        story_want(world, "c", 2);
        world->deployment.lifecycle = pauses[i].lifecycle;
        world->deployment.spec.paused = pauses[i].paused;
        world->rollout.state = pauses[i].rollout_state;
        const char *message = world_plan(world)->status.message;
        cr_expect_eq(says(message, "; paused: edits wait for a resume"), pauses[i].want,
                     "row %zu: %s", i, message);
        world_free(world);
    }
}

/* ---- an end ---- */

static const struct {
    int lifecycle;
    int64_t to_revision, rollback_revision; /* of the last rollout; the spec's is 3 */
    bool want;
} ends[] = {
    {LIFECYCLE_TERMINATED, 2, 0, true},
    {LIFECYCLE_TERMINATED, 3, 0, false},
    {LIFECYCLE_TERMINATED, 2, 3, false},
    {LIFECYCLE_DELETING, 2, 0, false},
};

Test(plan_outage, a_template_that_was_applied_after_the_end_is_said_to_come)
{
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct world *world = story_three(1);
        story_have(world, "c", 1, true);
        world->deployment.lifecycle = ends[i].lifecycle;
        world->rollout.state = ROLLOUT_ABORTED;
        world->rollout.to_revision = ends[i].to_revision;
        world->rollout.rollback_revision = ends[i].rollback_revision;
        const char *message = world_plan(world)->status.message;
        cr_expect_eq(says(message, "; revision 3 is rolled out once it is started"), ends[i].want,
                     "row %zu: %s", i, message);
        world_free(world);
    }
}

/* ---- a hold ---- */

static struct world *held(int type)
{
    static struct canary_step steps[] = {{.kind = CANARY_PAUSE}};
    struct world *world = story_three(0);
    world->deployment.spec.strategy.type = world->rollout.strategy = type;
    world->deployment.spec.strategy.steps = (struct canary_steps){steps, 1};
    world->rollout.direct = false;
    return world;
}

/* Of "a", the only one besides the target. */
static const struct {
    int64_t wanted, running, stopping, deadline_left_ms;
    bool want;
} predecessors[] = {
    {0, 0, 0, 0, false}, {1, 0, 0, 0, true}, {1, 1, 0, 0, true},
    {0, 0, 1, 0, true},  {0, 1, 0, 0, true}, {0, 0, 0, 1, true}, /* it has held before */
};

Test(plan_outage, at_zero_a_rollout_with_steps_holds_if_there_is_what_can_come_back)
{
    for (size_t i = 0; i < COUNT(predecessors); i++) {
        struct world *world = held(STRATEGY_CANARY);
        world->deployment.status.stable_revision = 0;
        world->set_count = 1; /* "b" and "c" have none */
        story_want(world, "a", predecessors[i].wanted);
        story_have(world, "a", predecessors[i].running + predecessors[i].stopping, false);
        for (int64_t k = predecessors[i].running; k < (int64_t)world->replica_count; k++)
            world->replicas[k].replica.wanted = WANTED_STOP;
        world->rollout.deadline_left_ms = predecessors[i].deadline_left_ms;
        bool holds = says(world_plan(world)->next, "start revision 1 again");
        cr_expect_eq(holds, predecessors[i].want, "row %zu: %s", i, world->plan.next);
        world_free(world);
    }
}

Test(plan_outage, a_stray_is_nothing_to_come_back_to)
{
    struct world *world = held(STRATEGY_CANARY);
    world->deployment.status.stable_revision = 0;
    world->set_count = 0;
    world_ensure_set(world, "c", 3);
    world_add(world, "unknown", 9);
    cr_expect_not(says(world_plan(world)->next, "again"));
    world_free(world);
}

static const struct {
    int type;
    const char *active;
    int64_t stable, step;
    bool direct;
    int64_t want; /* what comes back; 0 = it does not hold */
} backs[] = {
    {STRATEGY_BLUE_GREEN, "b", 1, BLUE_GREEN_PREVIEW, false, 2},
    {STRATEGY_BLUE_GREEN, "c", 1, BLUE_GREEN_PREVIEW, false, 0},
    {STRATEGY_BLUE_GREEN, "c", 1, BLUE_GREEN_SWITCHED, false, 0},
    {STRATEGY_BLUE_GREEN, "b", 1, BLUE_GREEN_SWITCHED, false, 0},
    {STRATEGY_BLUE_GREEN, "b", 1, BLUE_GREEN_PREVIEW, true, 0},
    {STRATEGY_CANARY, NULL, 1, 0, false, 1},
    {STRATEGY_CANARY, "c", 1, 0, false, 1},
    {STRATEGY_CANARY, NULL, 3, 0, false, 2},
    {STRATEGY_CANARY, NULL, 1, 1, false, 0},
    {STRATEGY_ROLLING, NULL, 1, 0, false, 0},
};

Test(plan_outage, what_had_the_traffic_comes_back_if_there_are_steps_left)
{
    for (size_t i = 0; i < COUNT(backs); i++) {
        struct world *world = held(backs[i].type);
        world->deployment.active_hash = backs[i].active;
        world->deployment.status.stable_revision = backs[i].stable;
        world->rollout.step = backs[i].step;
        world->rollout.direct = backs[i].direct;
        world->rollout.check_round = 7;
        story_want(world, "a", 1);
        story_want(world, "b", 1);
        char want[64] = "";
        if (backs[i].want)
            snprintf(want, sizeof want, "start revision %lld again", (long long)backs[i].want);
        const struct plan *plan = world_plan(world);
        cr_expect_eq(says(plan->next, "again"), backs[i].want > 0, "row %zu: %s", i, plan->next);
        cr_expect(says(plan->next, want), "row %zu: %s", i, plan->next);
        if (backs[i].want) cr_expect_eq(plan->rollout.check_round, 0, "row %zu", i);
        world_free(world);
    }
}

static const struct {
    bool paused;
    int64_t replicas;
    int want;
} holds[] = {
    {false, 0, DEPLOYMENT_SCALED_TO_ZERO},
    {true, 0, DEPLOYMENT_PAUSED},
    {false, 1, DEPLOYMENT_PENDING},
};

Test(plan_outage, a_hold_is_told_as_what_it_is_until_it_is_scaled_up)
{
    for (size_t i = 0; i < COUNT(holds); i++) {
        struct world *world = held(STRATEGY_CANARY);
        story_want(world, "a", 1);
        world->deployment.spec.paused = holds[i].paused;
        world->deployment.spec.replicas = holds[i].replicas;
        cr_expect_eq(world_plan(world)->status.state, holds[i].want, "row %zu: %d", i,
                     world->plan.status.state);
        world_free(world);
    }
}
