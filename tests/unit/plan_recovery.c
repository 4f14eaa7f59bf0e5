/* What was available and is not: how long it may take to come back, when a switch is undone for it,
 * and when a version that succeeded without a replica is proven after all.
 */
#include "plan_story.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

/* ---- the time to recover ---- */

/* One of "b" has been available; "a" is what it replaces. */
static struct world *fallen(int phase, int64_t phase_s, int64_t unready_s)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_failure_ratio = 1;
    world->deployment.spec.strategy.progress_deadline_seconds = 7200;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"});
    world_pass_time(world, 1000);
    struct world_replica *item = world_nth(world, "b", 0);
    world_move(world, item, phase, false);
    item->replica.phase_since_ms = world->now_ms - phase_s * 1000;
    item->replica.unready_since_ms = unready_s ? world->now_ms - unready_s * 1000 : 0;
    item->replica.readiness_reason = "503";
    return world;
}

static const struct {
    int phase;
    int64_t phase_s, unready_s; /* how long ago; 0 = not known */
    int64_t want_failed;
} recoveries[] = {
    {REPLICA_RUNNING, 1000, 299, 0}, {REPLICA_RUNNING, 1000, 300, 1},
    {REPLICA_STARTING, 10, 300, 1}, /* a restart does not begin it anew */
    {REPLICA_STARTING, 299, 0, 0},   {REPLICA_STARTING, 300, 0, 1},
};

Test(plan_recovery, what_was_available_has_healthy_seconds_to_be_ready_again)
{
    for (size_t i = 0; i < COUNT(recoveries); i++) {
        struct world *world =
            fallen(recoveries[i].phase, recoveries[i].phase_s, recoveries[i].unready_s);
        world_settle(world);
        cr_expect_eq(world->rollout.failed_replicas, recoveries[i].want_failed, "row %zu", i);
        cr_expect_eq(world_nth(world, "b", 0)->replica.wanted, WANTED_RUN, "it goes on");
        cr_expect_eq(world_set(world, "b")->failures, 0, "and holds back nobody");
        world_free(world);
    }
}

Test(plan_recovery, what_does_not_come_back_fails_the_rollout_with_its_last_answer)
{
    struct world *world = fallen(REPLICA_RUNNING, 1000, 300);
    world->deployment.spec.strategy.max_failure_ratio = 0;
    const struct plan *plan = world_plan(world);
    cr_expect_str_eq(plan->rollout.reason, "unhealthy_after_ready");
    expect_says(plan->rollout.message,
                "healthy_seconds (300) passed: web-005 on n2 was available, and has not been ready "
                "since; last readiness probe: 503");
    world_free(world);
}

enum otherwise { WATCHED, OLD, ENDED, SILENT, WAY_BACK, OTHERWISE };

/* Who has a time of its own, or none. */
Test(plan_recovery, only_the_target_of_a_rollout_that_goes_forward_has_a_time_to_recover)
{
    for (int other = 0; other < OTHERWISE; other++) {
        struct world *world = fallen(REPLICA_RUNNING, 1000, 300);
        struct world_replica *item = world_nth(world, "b", 0);
        if (other == WATCHED) world->rollout.monitor_since_ms = world->now_ms;
        if (other == ENDED) world->rollout.state = ROLLOUT_ABORTED;
        if (other == SILENT) world->presence[item->node] = PRESENCE_UNKNOWN;
        if (other == OLD || other == WAY_BACK) {
            struct world_replica *old = world_nth(world, "a", 0);
            world_move(world, item, REPLICA_RUNNING, true);
            world_move(world, old, REPLICA_RUNNING, false);
            old->replica.unready_since_ms = world->now_ms - 300 * 1000;
        }
        if (other == WAY_BACK) {
            story_go_back(world, "a");
            world->rollout.state = ROLLOUT_ROLLING_BACK;
        }
        const struct plan *plan = world_plan(world);
        cr_expect_eq(world_count(plan, ACTION_COUNT_FAILURE), 0, "case %d", other);
        cr_expect_eq(plan->rollout.failed_replicas, 0, "case %d", other);
        world_free(world);
    }
}

/* ---- nothing serves after a switch ---- */

enum { TWO = 2 };

/* "c" has all traffic since just now, and nothing of it is ready. */
struct service {
    int64_t fallen, fresh, silent; /* replicas of "c": were available, are new, cannot be heard */
    int64_t failed;
    const char *want_replica; /* that is named; NULL = nothing follows */
};

static void place(struct world *world, struct world_replica *item, int node)
{
    item->node = node;
    item->replica.node = world_node_name(node);
    world->presence[1] = PRESENCE_UNKNOWN;
}

/* Two of "a" are whole; one more of it has broken, and one of "c" stops, where nothing is heard. */
static struct world *switched(const struct service *service)
{
    struct world *world = story_three(TWO);
    struct rollout *rollout = &world->rollout;
    world->deployment.spec.strategy.type = rollout->strategy = STRATEGY_BLUE_GREEN;
    world->deployment.spec.strategy.max_failure_ratio = 9;
    world->deployment.active_hash = "c";
    rollout->step = BLUE_GREEN_SWITCHED;
    rollout->monitor_since_ms = rollout->keep_old_since_ms = world->now_ms;
    rollout->failed_replicas = service->failed;
    rollout->failed_replica = "web-099";
    rollout->deadline_at_ms = world->now_ms + 600 * 1000;
    int64_t heard = service->fallen + service->fresh;
    story_have(world, "c", heard + service->silent, false);
    story_have(world, "a", TWO, true);
    for (int64_t i = 0; i < (int64_t)world->replica_count; i++) {
        bool silent = i >= heard && i < heard + service->silent;
        place(world, &world->replicas[i], silent ? 1 : 0);
        if (i < heard) world->replicas[i].replica.was_available = i < service->fallen;
    }
    story_have(world, "a", 1, false);
    story_have(world, "c", 1, false);
    for (size_t i = world->replica_count - 2; i < world->replica_count; i++)
        place(world, &world->replicas[i], 1);
    world->replicas[world->replica_count - 1].replica.wanted = WANTED_STOP;
    story_want(world, "a", TWO);
    story_want(world, "c", TWO);
    return world;
}

static const struct service services[] = {
    {2, 0, 0, 0, "web-001"}, {1, 1, 0, 0, "web-001"}, {0, 2, 0, 0, NULL},
    {0, 2, 0, 1, "web-099"}, {1, 0, 1, 0, NULL},      {0, 1, 1, 5, NULL},
};

Test(plan_recovery, a_switch_that_left_nothing_that_serves_is_undone_unless_silence_is_why)
{
    for (size_t i = 0; i < COUNT(services); i++) {
        struct world *world = switched(&services[i]);
        const struct rollout *rollout = &world_plan(world)->rollout;
        const char *want = services[i].want_replica;
        cr_expect_eq(rollout->state, want ? ROLLOUT_ROLLING_BACK : ROLLOUT_PROGRESSING, "row %zu",
                     i);
        if (want) cr_expect_str_eq(rollout->failed_replica, want, "row %zu", i);
        if (services[i].fallen && want)
            expect_says(rollout->message, "goes back; web-001 on n1 is not ready");
        world_free(world);
    }
}

enum exception { STAGED, OVER, OLD_HAS_IT, ONE_READY, NOT_WHOLE, NO_REPLICAS, EXCEPTIONS };

Test(plan_recovery, a_switch_is_undone_only_while_it_is_watched_and_there_is_a_way_back)
{
    for (int exception = 0; exception < EXCEPTIONS; exception++) {
        struct world *world = switched(&services[0]);
        if (exception == STAGED) world->rollout.step = BLUE_GREEN_PROMOTED;
        if (exception == OVER) world->rollout.monitor_since_ms = 0;
        if (exception == OLD_HAS_IT) world->deployment.active_hash = "a";
        if (exception == ONE_READY) world->replicas[1].replica.ready = true;
        if (exception == NOT_WHOLE) world->replicas[TWO].replica.available = false;
        if (exception == NOT_WHOLE) world->replicas[TWO].replica.ready = false;
        if (exception == NO_REPLICAS) {
            world->deployment.spec.replicas = 0;
            for (size_t i = TWO; i < world->replica_count; i++)
                world->replicas[i].replica.phase = REPLICA_STOPPED;
        }
        cr_expect_neq(world_plan(world)->rollout.state, ROLLOUT_ROLLING_BACK, "case %d", exception);
        world_free(world);
    }
}

Test(plan_recovery, a_single_old_replica_is_a_way_back)
{
    struct world *world = switched(&services[0]);
    world->deployment.spec.replicas = world->deployment.scaled_to = 1;
    world->replicas[TWO].replica.phase = REPLICA_STOPPED;
    cr_expect_eq(world_plan(world)->rollout.state, ROLLOUT_ROLLING_BACK);
    world_free(world);
}

/* ---- taking over on the way back ---- */

/* Back to "c", of which one of two is available, from "b", which has the traffic. */
static const struct {
    int state;
    int64_t replicas, ready_b, available_c;
    const char *active, *want;
} takeovers[] = {
    {ROLLOUT_ROLLING_BACK, 2, 0, 1, "b", "c"}, {ROLLOUT_ROLLING_BACK, 2, 1, 1, "b", "b"},
    {ROLLOUT_ROLLING_BACK, 2, 1, 2, "b", "c"}, {ROLLOUT_ROLLING_BACK, 2, 0, 0, "b", "b"},
    {ROLLOUT_PROGRESSING, 0, 0, 0, "b", "b"},  {ROLLOUT_PROGRESSING, 2, 0, 1, "b", "b"},
    {ROLLOUT_PROGRESSING, 2, 0, 2, "b", "c"},  {ROLLOUT_ROLLING_BACK, 2, 0, 1, "gone", "gone"},
    {ROLLOUT_ROLLING_BACK, 0, 0, 0, "b", "b"},
};

Test(plan_recovery, on_the_way_back_the_first_that_can_serve_takes_over_where_nothing_does)
{
    for (size_t i = 0; i < COUNT(takeovers); i++) {
        struct world *world = story_three(takeovers[i].replicas);
        world->deployment.spec.strategy.type = world->rollout.strategy = STRATEGY_BLUE_GREEN;
        world->deployment.status.stable_revision = 3;
        world->deployment.active_hash = takeovers[i].active;
        world->rollout.state = takeovers[i].state;
        world->rollout.direct = true;
        story_have(world, "b", takeovers[i].ready_b, true);
        story_have(world, "b", TWO - takeovers[i].ready_b, false);
        story_have(world, "c", takeovers[i].available_c, true);
        story_want(world, "b", takeovers[i].replicas);
        story_want(world, "c", takeovers[i].replicas);
        world_plan(world);
        cr_expect_str_eq(world_active(world), takeovers[i].want, "row %zu: %s", i,
                         world_active(world));
        world_free(world);
    }
}

/* ---- late proof ---- */

/* Of two replicas the one or the other is the last to be ready. */
static void expect_late_proof(bool last)
{
    struct world *world = world_new(0);
    world->deployment.spec.strategy.min_ready_seconds = 3;
    STORY(world, {"deploy a", "succeeded"}, {"time 1000", "succeeded"},
          {"scale 2", "a=2/0 succeeded"});
    world_move(world, world_nth(world, "a", last ? 0 : 1), REPLICA_RUNNING, true);
    STORY(world, {"time 5", "a=2/1 succeeded"}, {"obey", "a=2/1 succeeded"},
          {"time 3", "a=2/2 succeeded"});
    cr_expect_eq(world->plan.wake_at_ms, world->now_ms + 10 * 1000);
    STORY(world, {"time 9", "a=2/2 succeeded"});
    cr_expect_eq(world->deployment.status.stable_revision, 0);
    world_pass_time(world, 1);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->status.stable_revision, 1);
    cr_expect_eq(plan->outcome_count, 1);
    world_apply(world);
    cr_expect_eq(world_plan(world)->outcome_count, 0, "once");
    world_free(world);
}

Test(plan_recovery, replicas_that_come_later_prove_what_succeeded_without_any)
{
    expect_late_proof(true);
    expect_late_proof(false);
}

Test(plan_recovery, what_is_proven_needs_no_further_look)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"fail a", "a=2/1 succeeded"}, {"time 10", "a=2/1 succeeded"},
          {"obey", "a=2/2 succeeded"});
    cr_expect_eq(world->plan.wake_at_ms, 0);
    world_free(world);
}

enum unproven { BROKEN, FAILED, NO_ROLLOUT, UNPROVEN };

Test(plan_recovery, nothing_is_proven_late_by_what_is_broken_or_without_success)
{
    for (int why = 0; why < UNPROVEN; why++) {
        struct world *world = world_new(0);
        STORY(world, {"deploy a", "succeeded"}, {"scale 2", "a=2/0 succeeded"},
              {"obey", "a=2/2 succeeded"});
        if (why == BROKEN) story_happens(world, "unready a");
        if (why == FAILED) world->rollout.state = ROLLOUT_FAILED;
        if (why == NO_ROLLOUT) world->has_rollout = false;
        world_pass_time(world, 100);
        cr_expect_eq(world_plan(world)->status.stable_revision, 0, "case %d", why);
        world_free(world);
    }
}

Test(plan_recovery, what_is_lost_does_not_put_off_the_proof)
{
    struct world *world = world_new(0);
    STORY(world, {"deploy a", "succeeded"}, {"scale 1", "a=1/0 succeeded"},
          {"obey", "a=1/1 succeeded"}, {"gather a", "a=1/1 succeeded"},
          {"lose n4", "a=1/0 succeeded"}, {"obey", "a=1/1 succeeded"});
    world_pass_time(world, 10);
    world->replicas[0].replica.ready_since_ms = world->now_ms;
    cr_expect_eq(world_plan(world)->status.stable_revision, 1);
    world_free(world);
}
