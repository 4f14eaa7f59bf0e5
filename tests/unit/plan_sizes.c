/* Sizes and the dumb step: scaling, growing, shrinking, victims, surplus, back-off. */
#include "plan_world.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void rolling(struct world *world, int64_t surge, int64_t unavailable)
{
    world->deployment.spec.strategy.max_surge = (struct amount){surge, false};
    world->deployment.spec.strategy.max_unavailable = (struct amount){unavailable, false};
}

/* A world in the middle of a roll from "a" to "b", both sizes as given, all of "a" available. */
static struct world *rolling_world(int64_t surge, int64_t unavailable, int64_t old,
                                   int64_t old_ready, int64_t new)
{
    struct world *world = world_running("a", 10);
    rolling(world, surge, unavailable);
    world->deployment.spec.replicas = old;
    world_finish(world);
    world_settle(world);
    world_obey(world);
    world_settle(world);
    world->deployment.spec.replicas = world->deployment.scaled_to = 10;
    world->deployment.scaled_ceiling = 10 + surge;
    for (int64_t i = old_ready; i < old; i++)
        world_nth(world, "a", (int)i)->replica.ready = false;
    world_deploy(world, "b");
    world_set(world, "b")->wanted = new;
    for (int64_t i = 0; i < new; i++)
        world_add(world, world->deployment.template_hash, 2);
    return world;
}

static const struct {
    int64_t surge, unavailable, old, old_ready, new;
    int64_t want_old, want_new;
    int64_t want_stopped; /* of those that are available */
} steps[] = {
    {0, 1, 10, 10, 0, 9, 0, 1}, {2, 0, 10, 10, 0, 10, 2, 0},
    {2, 0, 5, 5, 0, 5, 7, 0},   {2, 0, 10, 10, 2, 10, 2, 0},
    {0, 2, 10, 10, 0, 8, 0, 2}, {0, 2, 10, 8, 0, 8, 0, 0}, /* the two that are not ready */
    {0, 2, 8, 8, 2, 8, 2, 0},
};

static int64_t stopped_available(const struct plan *plan)
{
    int64_t stopped = 0;
    for (size_t i = 0; i < plan->action_count; i++)
        stopped += plan->actions[i].kind == ACTION_STOP && plan->actions[i].replica->ready;
    return stopped;
}

Test(plan_sizes, a_rolling_step_keeps_to_its_budget)
{
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct world *world = rolling_world(steps[i].surge, steps[i].unavailable, steps[i].old,
                                            steps[i].old_ready, steps[i].new);
        const struct plan *plan = world_plan(world);
        const char *text = world_text(world);
        cr_expect_eq(stopped_available(plan), steps[i].want_stopped, "row %zu\n%s", i, text);
        world_apply(world);
        cr_expect_eq(world_set(world, "a")->wanted, steps[i].want_old, "row %zu\n%s", i, text);
        cr_expect_eq(world_set(world, "b")->wanted, steps[i].want_new, "row %zu\n%s", i, text);
        world_free(world);
    }
}

Test(plan_sizes, the_target_does_not_grow_into_the_place_of_one_that_still_stops)
{
    struct world *world = world_running("a", 4);
    rolling(world, 0, 1);
    world_deploy(world, "b");
    world_settle(world);
    cr_expect_eq(world_set(world, "a")->wanted, 3);
    cr_expect_eq(world_set(world, "b")->wanted, 0);
    world_obey(world);
    world_settle(world);
    cr_expect_eq(world_set(world, "b")->wanted, 1);
    world_free(world);
}

Test(plan_sizes, the_target_does_not_grow_while_what_it_wants_is_held_back)
{
    struct world *world = world_running("a", 10);
    world->deployment.spec.strategy.max_failure_ratio = 0.5;
    world_deploy(world, "b");
    world_settle(world);
    for (int i = 0; i < 3; i++)
        world_move(world, world_nth(world, "b", 0), REPLICA_FAILED, false);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_PROGRESSING);
    cr_expect_eq(world_set(world, "b")->wanted, 3);
    world_free(world);
}

Test(plan_sizes, the_oldest_revision_gives_way_first)
{
    for (uint64_t shuffle = 0; shuffle < 10; shuffle++) {
        struct world *world = world_running("z", 8);
        rng_seed(&world->rng, shuffle);
        rolling(world, 4, 0);
        world_deploy(world, "b");
        world_settle(world);
        world_obey(world);
        world_settle(world);
        world_obey(world);
        world_deploy(world, "c");
        world_settle(world);
        cr_assert_eq(world_set(world, "c")->wanted, 4);
        world_obey(world);
        world_settle(world);
        cr_expect_eq(world_set(world, "z")->wanted, 0);
        cr_expect_eq(world_set(world, "b")->wanted, 4);
        world_free(world);
    }
}

Test(plan_sizes, a_new_deployment_starts_all_its_replicas_at_once)
{
    struct world *world = world_new(7);
    world_deploy(world, "a");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_amount(plan, ACTION_SET_WANTED, "a"), 7);
    cr_expect_eq(world_amount(plan, ACTION_CREATE, "a"), 7);
    cr_expect_eq(plan->wake_at_ms, world->now_ms);
    world_free(world);
}

Test(plan_sizes, a_settled_deployment_has_nothing_to_do)
{
    struct world *world = world_running("a", 3);
    world_settle(world);
    world_pass_time(world, 3600);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->action_count, 0);
    cr_expect_eq(plan->wake_at_ms, 0);
    cr_expect_not(plan->rollout_changed);
    cr_expect_not(plan->status_changed);
    cr_expect_str_eq(plan->waiting_for, "");
    cr_expect_str_eq(plan->next, "");
    world_free(world);
}

Test(plan_sizes, scaling_restarts_nobody_else)
{
    struct world *world = world_running("a", 3);
    world->deployment.spec.replicas = 5;
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_count(plan, ACTION_STOP), 0);
    cr_expect_eq(world_amount(plan, ACTION_CREATE, "a"), 2);
    world_apply(world);
    cr_expect_eq(world->deployment.scaled_to, 5);
    cr_expect_eq(world->deployment.scaled_ceiling, 7);
    cr_expect(rollout_state_final(world->rollout.state));
    world_free(world);
}

Test(plan_sizes, scaling_down_takes_the_least_useful_replicas)
{
    struct world *world = world_running("a", 6);
    world_move(world, world_nth(world, "a", 1), REPLICA_STARTING, false);
    world_nth(world, "a", 2)->replica.restarts = 4;
    world->presence[world_nth(world, "a", 3)->node] = PRESENCE_UNKNOWN;
    int silent = world_nth(world, "a", 3)->node;
    world_settle(world);
    /* silent: those of one node; starting: web-002; many restarts: web-003 */
    int64_t silent_count = 0;
    for (size_t i = 0; i < world->replica_count; i++)
        silent_count += world->replicas[i].node == silent;
    world->deployment.spec.replicas = 6 - silent_count - 2;
    const struct plan *plan = world_plan(world);
    cr_expect_eq((int64_t)world_count(plan, ACTION_STOP), silent_count + 2);
    for (size_t i = 0; i < plan->action_count; i++) {
        if (plan->actions[i].kind != ACTION_STOP) continue;
        const struct replica *replica = plan->actions[i].replica;
        cr_expect_eq(plan->actions[i].stop_cause, CAUSE_SCALING);
        bool expected = replica->phase == REPLICA_STARTING || replica->restarts == 4 ||
                        world_find(world, replica->id)->node == silent;
        cr_expect(expected, "%s", world_text(world));
    }
    world_free(world);
}

Test(plan_sizes, among_equals_the_youngest_stops)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.replicas = 3;
    const struct plan *plan = world_plan(world);
    cr_assert_eq(world_count(plan, ACTION_STOP), 1);
    for (size_t i = 0; i < plan->action_count; i++)
        if (plan->actions[i].kind == ACTION_STOP)
            cr_expect_str_eq(plan->actions[i].replica->id, "web-004");
    world_free(world);
}

Test(plan_sizes, to_zero_and_back_the_target_takes_all)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.replicas = 0;
    world_settle(world);
    world_obey(world);
    world_settle(world);
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_SCALED_TO_ZERO);
    cr_expect_eq(world->deployment.status.total, 0);
    world->deployment.spec.replicas = 6;
    world_settle(world);
    cr_expect_eq(world_set(world, "a")->wanted, 6);
    world_obey(world);
    world_settle(world);
    cr_expect_eq(world->deployment.status.available, 6);
    world_free(world);
}

Test(plan_sizes, scaling_in_mid_rollout_is_proportional_and_also_works_while_paused)
{
    struct world *world = world_running("a", 10);
    world_deploy(world, "b");
    world_settle(world);
    cr_assert_eq(world_set(world, "b")->wanted, 3);
    world->deployment.spec.paused = true;
    world->deployment.spec.replicas = 20;
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_PAUSED);
    cr_expect_eq(world_set(world, "a")->wanted, 19);
    cr_expect_eq(world_set(world, "b")->wanted, 6);
    world_free(world);
}

Test(plan_sizes, a_scale_down_in_mid_rollout_never_breaks_the_floor)
{
    struct world *world = world_running("a", 10);
    rolling(world, 0, 8);
    world_deploy(world, "b");
    world_settle(world);
    world_obey(world);
    world_nth(world, "a", 0);
    world_settle(world);
    world->deployment.spec.replicas = 3;
    rolling(world, 1, 0);
    for (int pass = 0; pass < 3; pass++)
        world_settle(world);
    cr_expect_geq(world->deployment.status.available, 2);
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    cr_expect_eq(world->deployment.status.total, 3);
    world_free(world);
}

/* ---- nodes ---- */

Test(plan_sizes, a_silent_node_costs_availability_at_once_and_its_return_gives_it_back)
{
    struct world *world = world_running("a", 4);
    int node = world_nth(world, "a", 0)->node;
    world->presence[node] = PRESENCE_UNKNOWN;
    const struct plan *plan = world_settle(world);
    cr_expect_eq(plan->status.available, 3);
    cr_expect_eq(plan->status.total, 4);
    cr_expect_eq(world->replica_count, 4);
    world->presence[node] = PRESENCE_PRESENT;
    plan = world_settle(world);
    cr_expect_eq(plan->status.available, 4);
    cr_expect_eq(world->replica_count, 4);
    world_free(world);
}

Test(plan_sizes, a_lost_node_is_replaced_once_and_its_surplus_stops_exactly_once)
{
    struct world *world = world_running("a", 4);
    struct world_replica *lost = world_nth(world, "a", 0);
    int node = lost->node;
    world->presence[node] = PRESENCE_LOST;
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_amount(plan, ACTION_CREATE, "a"), 1);
    world_apply(world);
    world_settle(world);
    world_move(world, &world->replicas[4], REPLICA_ASSIGNED, false);
    world->replicas[4].node = (node + 1) % WORLD_NODES;
    world_obey(world);
    world_settle(world);
    cr_expect_eq(world->replica_count, 5);
    cr_expect_eq(world->deployment.status.available, 4);
    cr_expect_eq(lost->replica.wanted, WANTED_RUN);
    world->presence[node] = PRESENCE_PRESENT;
    plan = world_plan(world);
    cr_assert_eq(world_count(plan, ACTION_STOP), 1);
    world_apply(world);
    world_settle(world);
    cr_expect_eq(world->replicas[4].replica.wanted, WANTED_STOP);
    cr_expect_eq(world->replicas[4].replica.stop_cause, CAUSE_SURPLUS);
    cr_expect_eq(lost->replica.wanted, WANTED_RUN);
    world_free(world);
}

Test(plan_sizes, a_lost_replica_that_returns_before_its_replacement_is_ready_keeps_its_place)
{
    struct world *world = world_running("a", 4);
    int node = world_nth(world, "a", 0)->node;
    world->presence[node] = PRESENCE_LOST;
    world_settle(world);
    world->presence[node] = PRESENCE_PRESENT;
    world_settle(world);
    cr_expect_eq(world->replicas[4].replica.phase, REPLICA_STOPPED);
    cr_expect_eq(world->replicas[0].replica.wanted, WANTED_RUN);
    cr_expect_eq(world->deployment.status.available, 4);
    world_free(world);
}

Test(plan_sizes, a_set_is_kept_while_a_replica_of_it_is_on_a_lost_node)
{
    struct world *world = world_running("a", 4);
    int node = world_nth(world, "a", 0)->node;
    world->presence[node] = PRESENCE_LOST;
    world_settle(world);
    world->replicas[4].node = (node + 1) % WORLD_NODES;
    world_deploy(world, "b");
    for (int i = 0; i < 40 && !rollout_state_final(world->rollout.state); i++) {
        world_settle(world);
        for (size_t k = 4; k < world->replica_count; k++)
            if (world->replicas[k].node == node) world->replicas[k].node = (node + 1) % WORLD_NODES;
        world_obey(world);
        for (size_t k = 4; k < world->replica_count; k++)
            if (world->replicas[k].node == node) world->replicas[k].node = (node + 1) % WORLD_NODES;
        world_pass_time(world, 1);
    }
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    cr_assert_not_null(world_set(world, "a"));
    cr_expect_eq(world_set(world, "a")->wanted, 0);
    world->presence[node] = PRESENCE_PRESENT;
    world_settle(world);
    cr_expect_eq(world->replicas[0].replica.stop_cause, CAUSE_SURPLUS);
    world_obey(world);
    world_settle(world);
    cr_expect_null(world_set(world, "a"));
    world_free(world);
}

/* ---- back-off ---- */

static void fail_replica(struct world *world, struct world_replica *item)
{
    world_move(world, item, REPLICA_FAILED, false);
    item->replica.reason = "exit";
}

Test(plan_sizes, a_replica_that_keeps_failing_is_replaced_ever_later)
{
    static const int64_t delays_s[] = {10, 20, 40, 80, 160, 300, 300, 300};
    struct world *world = world_running("a", 1);
    for (size_t i = 0; i < COUNT(delays_s); i++) {
        fail_replica(world, world_nth(world, "a", 0));
        const struct plan *plan = world_settle(world);
        cr_expect_eq(world_set(world, "a")->failures, (int64_t)i + 1);
        cr_expect_eq(plan->wake_at_ms, world->now_ms + delays_s[i] * 1000, "failure %zu", i);
        world_pass_time(world, delays_s[i] - 1);
        plan = world_plan(world);
        cr_expect_eq(world_count(plan, ACTION_CREATE), 0);
        world_pass_time(world, 1);
        plan = world_plan(world);
        cr_assert_eq(world_amount(plan, ACTION_CREATE, "a"), 1);
        world_apply(world);
        world_settle(world);
    }
    world_obey(world);
    world_settle(world);
    cr_expect_eq(world_set(world, "a")->failures, 0);
    cr_expect_eq(world_set(world, "a")->retry_at_ms, 0);
    world_free(world);
}

Test(plan_sizes, many_that_fail_together_are_one_round_of_the_back_off)
{
    struct world *world = world_running("a", 4);
    for (int i = 0; i < 4; i++)
        fail_replica(world, world_nth(world, "a", 0));
    const struct plan *plan = world_settle(world);
    cr_expect_eq(world_set(world, "a")->failures, 4);
    cr_expect_eq(plan->wake_at_ms, world->now_ms + 10 * 1000);
    world_free(world);
}

Test(plan_sizes, the_back_off_holds_back_only_what_failed)
{
    struct world *world = world_running("a", 4);
    fail_replica(world, world_nth(world, "a", 0));
    world_settle(world);
    world->deployment.spec.replicas = 6;
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_amount(plan, ACTION_CREATE, "a"), 2);
    world_free(world);
}

static const struct {
    int phase, wanted, stop_cause;
    const char *reason;
    int64_t want_failures;
} ends[] = {
    {REPLICA_FAILED, WANTED_RUN, CAUSE_NONE, "exit", 1},
    {REPLICA_STOPPED, WANTED_RUN, CAUSE_NONE, "", 1},
    {REPLICA_FAILED, WANTED_STOP, CAUSE_OPERATOR, "killed", 0},
    {REPLICA_FAILED, WANTED_STOP, CAUSE_SCALING, "killed", 0},
    {REPLICA_FAILED, WANTED_RUN, CAUSE_NODE, "", 0},
};

Test(plan_sizes, only_ends_that_nobody_ordered_count_as_failures)
{
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct world *world = world_running("a", 3);
        struct replica *replica = &world_nth(world, "a", 0)->replica;
        replica->phase = ends[i].phase;
        replica->wanted = ends[i].wanted;
        replica->stop_cause = ends[i].stop_cause;
        replica->reason = ends[i].reason;
        world_settle(world);
        cr_expect_eq(world_set(world, "a")->failures, ends[i].want_failures, "row %zu", i);
        cr_expect(replica->counted, "row %zu", i);
        world_free(world);
    }
}

/* ---- everything else ---- */

Test(plan_sizes, min_ready_seconds_delays_availability)
{
    struct world *world = world_new(1);
    world->deployment.spec.strategy.min_ready_seconds = 5;
    world_deploy(world, "a");
    world_settle(world);
    world_obey(world);
    const struct plan *plan = world_settle(world);
    cr_expect_eq(plan->status.ready, 1);
    cr_expect_eq(plan->status.available, 0);
    cr_expect_eq(plan->wake_at_ms, world->now_ms + 5000);
    world_pass_time(world, 5);
    plan = world_settle(world);
    cr_expect_eq(plan->status.available, 1);
    world_free(world);
}

Test(plan_sizes, kept_replicas_take_the_new_number_without_a_restart)
{
    struct world *world = world_running("a", 3);
    world_deploy(world, "a");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_count(plan, ACTION_RELABEL), 1);
    cr_expect_eq(world_count(plan, ACTION_STOP), 0);
    cr_expect_eq(world_count(plan, ACTION_CREATE), 0);
    world_finish(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    cr_expect_eq(world->replica_count, 3);
    cr_expect_eq(world->replicas[0].replica.revision, 2);
    cr_expect_eq(world->deployment.status.stable_revision, 2);
    cr_expect_eq(world->outcomes[1], OUTCOME_SUPERSEDED);
    world_free(world);
}

Test(plan_sizes, without_a_rollout_a_replica_may_wait_for_a_node_for_ever)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.replicas = 3;
    world_settle(world);
    world_pass_time(world, 100000);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->action_count, 0);
    cr_expect_eq(plan->wake_at_ms, 0);
    world_free(world);
}

Test(plan_sizes, a_pass_at_the_very_beginning_of_the_clock_asks_for_another)
{
    struct world *world = world_new(1);
    world->now_ms = 0;
    world_deploy(world, "a");
    const struct plan *plan = world_plan(world);
    cr_expect_gt(plan->action_count, 0);
    cr_expect_eq(plan->wake_at_ms, 1, "0 would say never");
    world_free(world);
}

Test(plan_sizes, a_replica_without_a_set_is_surplus)
{
    struct world *world = world_running("a", 3);
    struct world_replica *stray = world_add(world, "unknown", 9);
    world_move(world, stray, REPLICA_RUNNING, true);
    const struct plan *plan = world_settle(world);
    cr_expect_eq(stray->replica.wanted, WANTED_STOP);
    cr_expect_eq(plan->status.available, 3);
    world_free(world);
}

Test(plan_sizes, deleting_stops_everything_and_ends_when_nothing_is_left)
{
    struct world *world = world_running("a", 3);
    world_deploy(world, "b");
    world_settle(world);
    world->deployment.lifecycle = LIFECYCLE_DELETING;
    const struct plan *plan = world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_ABORTED);
    cr_expect_str_eq(world->rollout.reason, "deleted");
    cr_expect_eq(plan->status.state, DEPLOYMENT_TERMINATING);
    cr_expect_not(world->deleted);
    for (size_t i = 0; i < world->replica_count; i++) {
        cr_expect_eq(world->replicas[i].replica.wanted, WANTED_STOP);
        cr_expect_eq(world->replicas[i].replica.stop_cause, CAUSE_DELETE);
    }
    world_obey(world);
    world_settle(world);
    cr_expect(world->deleted);
    world_free(world);
}

Test(plan_sizes, deleting_does_not_wait_for_lost_nodes)
{
    struct world *world = world_running("a", 3);
    for (int node = 0; node < WORLD_NODES; node++)
        world->presence[node] = PRESENCE_LOST;
    world->deployment.lifecycle = LIFECYCLE_DELETING;
    world_settle(world);
    cr_expect(world->deleted);
    cr_expect_eq(world->replicas[0].replica.wanted, WANTED_STOP);
    world_free(world);
}
