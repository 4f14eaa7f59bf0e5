/* State and sentence of the deployment, what it waits for, until when, and what comes next: told
 * along a whole change, for each event what is said once nothing is left to do. */
#include "plan_story.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct telling {
    const char *happens;
    int state; /* enum deployment_state */
    const char *status, *waiting_for;
    int64_t seconds; /* that are waited for; 0 = no time is */
    const char *next;
};

static void expect_told(struct world *world, const struct telling *tellings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct telling *want = &tellings[i];
        story_happens(world, want->happens);
        const struct plan *plan = world_settle(world);
        cr_expect_eq(plan->status.state, want->state, "row %zu: %d", i, plan->status.state);
        cr_expect_str_eq(plan->status.message, want->status, "row %zu: status %s", i,
                         plan->status.message);
        cr_expect_str_eq(plan->waiting_for, want->waiting_for, "row %zu: waits for %s", i,
                         plan->waiting_for);
        int64_t until_ms = want->seconds ? world->now_ms + want->seconds * 1000 : 0;
        cr_expect_eq(plan->waiting_until_ms, until_ms, "row %zu", i);
        cr_expect_str_eq(plan->next, want->next, "row %zu: next %s", i, plan->next);
    }
}

/* ---- stories ---- */

static const struct telling roll[] = {
    {"deploy b", DEPLOYMENT_DEPLOYING,
     "0 of 4 replicas of revision 2 are available; 4 of revision 1 serve; web-005 waits for a node",
     "a node for web-005", 0,
     "stop 2 replicas of revision 1 once 2 more of revision 2 are available"},
    {"obey b", DEPLOYMENT_DEPLOYING,
     "2 of 4 replicas of revision 2 are available; 2 of revision 1 serve; 2 replicas are stopping",
     "2 replicas to stop", 0, "replace more of revision 1 with revision 2"},
    {"obey a", DEPLOYMENT_DEPLOYING,
     "2 of 4 replicas of revision 2 are available; 2 of revision 1 serve; web-007 waits for a node",
     "a node for web-007", 0,
     "stop 2 replicas of revision 1 once 2 more of revision 2 are available"},
    {"obey b", DEPLOYMENT_DEPLOYING,
     "4 of 4 replicas of revision 2 are available; 2 replicas are stopping", "2 replicas to stop",
     0, "watch revision 2 for monitor_seconds (10), then declare it stable"},
    {"obey", DEPLOYMENT_DEPLOYING,
     "4 of 4 replicas of revision 2 are available; watched for monitor_seconds (10) before it "
     "counts "
     "as stable",
     "monitor_seconds (10) to pass without a failure", 10, "declare revision 2 stable"},
    {"time 9", DEPLOYMENT_DEPLOYING,
     "4 of 4 replicas of revision 2 are available; watched for monitor_seconds (10) before it "
     "counts "
     "as stable",
     "monitor_seconds (10) to pass without a failure", 1, "declare revision 2 stable"},
    {"time 1", DEPLOYMENT_RUNNING, "4 of 4 replicas are available", "", 0, ""},
    {"scale 0", DEPLOYMENT_SCALED_TO_ZERO, "no replica is wanted", "4 replicas to stop", 0, ""},
    {"obey", DEPLOYMENT_SCALED_TO_ZERO, "no replica is wanted", "", 0, ""},
    {"scale 1", DEPLOYMENT_DEPLOYING,
     "0 of 1 replicas of revision 2 are available; web-009 waits for a node", "a node for web-009",
     0, ""},
};

Test(plan_status, a_roll_is_told_from_its_beginning_to_its_end)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    expect_told(world, roll, COUNT(roll));
    world_free(world);
}

static const struct telling roll_of_one[] = {
    {"deploy b", DEPLOYMENT_DEPLOYING,
     "0 of 1 replicas of revision 2 are available; 1 of revision 1 serves; web-002 waits for a "
     "node",
     "a node for web-002", 0,
     "stop 1 replica of revision 1 once 1 more of revision 2 is available"},
    {"obey", DEPLOYMENT_DEPLOYING,
     "1 of 1 replicas of revision 2 are available; 1 replica is stopping", "1 replica to stop", 0,
     "watch revision 2 for monitor_seconds (10), then declare it stable"},
    {"unready b", DEPLOYMENT_UNHEALTHY,
     "nothing that gets traffic is available; 0 of 1 replicas of revision 2 are available; web-002 "
     "on "
     "n3 is not ready; 1 replica is stopping",
     "web-002 on n3 to become ready", 0,
     "watch revision 2 for monitor_seconds (10) once 1 of 1 replicas are available, then declare "
     "it stable"},
};

Test(plan_status, a_single_replica_is_told_in_the_singular)
{
    struct world *world = world_running("a", 1);
    expect_told(world, roll_of_one, COUNT(roll_of_one));
    world_free(world);
}

static const struct telling rollback[] = {
    {"look", DEPLOYMENT_ROLLING_BACK,
     "web-005 on n2 ended: crash_loop; rolling back to the template of revision 1; 3 of 4 replicas "
     "of revision 3 are available; web-006 waits for a node; 1 replica is stopping",
     "a node for web-006", 0, "end the rollback once 4 of 4 replicas of revision 3 are available"},
    {"obey", DEPLOYMENT_RUNNING, "4 of 4 replicas are available", "", 0, ""},
};

Test(plan_status, a_rollback_is_told_with_its_cause)
{
    struct world *world = world_running("a", 4);
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=3/3 b=1/1 progressing"});
    story_happens(world, "crash-loop b");
    cr_expect_str_eq(world_plan(world)->status.message,
                     "web-005 on n2 ended: crash_loop; rolling back to the template of revision 1; "
                     "3 of 4 replicas are available");
    world_apply(world);
    expect_told(world, rollback, COUNT(rollback));
    world_free(world);
}

Test(plan_status, a_rollback_that_is_whole_waits_for_the_rest_to_go)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"});
    world_move(world, world_nth(world, "b", 0), REPLICA_STARTING, false);
    world_pass_time(world, 300);
    STORY(world, {"look", "a=2/2 rolling_back"});
    cr_expect_str_eq(world->plan.next, "end the rollback once nothing but revision 3 is left");
    cr_expect_str_eq(world->plan.waiting_for, "1 replica to stop");
    world_free(world);
}

static const struct telling blue_green[] = {
    {"deploy b", DEPLOYMENT_DEPLOYING,
     "0 of 4 replicas of revision 2 are available; 4 of revision 1 serve; revision 2 gets no "
     "traffic yet; web-005 waits for a node",
     "a node for web-005", 0,
     "promote revision 2 once 1 of 1 preview is available and a promote is ordered"},
    {"obey", DEPLOYMENT_PAUSED,
     "waiting for promotion: 1 of 4 replicas of revision 2 are available; 4 of revision 1 serve; "
     "revision 2 gets no traffic yet",
     "a promote: 1 preview of revision 2 is available", 0,
     "start 3 more replicas of revision 2, then switch all traffic to it"},
    {"pause", DEPLOYMENT_PAUSED,
     "on hold until it is resumed; 1 of 4 replicas of revision 2 are available; 4 of revision 1 "
     "serve; revision 2 gets no traffic yet",
     "a resume: spec.paused is set", 0, ""},
    {"resume", DEPLOYMENT_PAUSED,
     "waiting for promotion: 1 of 4 replicas of revision 2 are available; 4 of revision 1 serve; "
     "revision 2 gets no traffic yet",
     "a promote: 1 preview of revision 2 is available", 0,
     "start 3 more replicas of revision 2, then switch all traffic to it"},
    {"promote", DEPLOYMENT_DEPLOYING,
     "1 of 4 replicas of revision 2 are available; 4 of revision 1 serve; revision 2 gets no "
     "traffic yet; web-006 waits for a node",
     "a node for web-006", 0,
     "switch all traffic to revision 2 once 4 of 4 replicas are available"},
    {"obey", DEPLOYMENT_DEPLOYING,
     "4 of 4 replicas of revision 2 are available; revision 2 has all traffic, and is watched for "
     "keep_old_seconds (30), with the old replicas kept for a way back",
     "keep_old_seconds (30) to pass without a failure: the old replicas stay for a way back", 30,
     "stop the old replicas, then declare revision 2 stable"},
    {"time 29", DEPLOYMENT_DEPLOYING,
     "4 of 4 replicas of revision 2 are available; revision 2 has all traffic, and is watched for "
     "keep_old_seconds (30), with the old replicas kept for a way back",
     "keep_old_seconds (30) to pass without a failure: the old replicas stay for a way back", 1,
     "stop the old replicas, then declare revision 2 stable"},
    {"time 1", DEPLOYMENT_DEPLOYING,
     "4 of 4 replicas of revision 2 are available; revision 2 has all traffic; 4 replicas are "
     "stopping",
     "4 replicas to stop", 0, "declare revision 2 stable"},
    {"obey", DEPLOYMENT_RUNNING, "4 of 4 replicas are available", "", 0, ""},
};

Test(plan_status, blue_green_is_told_with_who_has_the_traffic)
{
    struct world *world = world_running("a", 4);
    struct strategy *strategy = &world->deployment.spec.strategy;
    strategy->type = STRATEGY_BLUE_GREEN;
    strategy->preview_replicas = 1;
    strategy->auto_promote = false;
    world_settle(world);
    expect_told(world, blue_green, COUNT(blue_green));
    world_free(world);
}

/* As many previews as replicas; on the way to and from a promote that is ordered. */
static const struct telling whole_previews[] = {
    {"obey", DEPLOYMENT_PAUSED,
     "waiting for promotion: 1 of 1 replicas of revision 2 are available; 1 of revision 1 serves; "
     "revision 2 gets no traffic yet",
     "a promote: 1 preview of revision 2 is available", 0, "switch all traffic to revision 2"},
    {"promote", DEPLOYMENT_DEPLOYING,
     "1 of 1 replicas of revision 2 are available; revision 2 has all traffic, and is watched for "
     "monitor_seconds (10), with the old replicas kept for a way back",
     "monitor_seconds (10) to pass without a failure: the old replicas stay for a way back", 10,
     "stop the old replicas, then declare revision 2 stable"},
};

Test(plan_status, previews_that_are_whole_have_nothing_to_start)
{
    struct world *world = world_running("a", 1);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.spec.strategy.auto_promote = false;
    world->deployment.spec.strategy.keep_old_seconds = 5;
    STORY(world, {"deploy b", "a=1/1 b=1/0 active a progressing"});
    expect_told(world, whole_previews, COUNT(whole_previews));
    world_free(world);
}

Test(plan_status, the_last_replica_beside_the_previews_is_told_in_the_singular)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.spec.strategy.auto_promote = false;
    world->deployment.spec.strategy.preview_replicas = 1;
    STORY(world, {"deploy b", "a=2/2 b=1/0 active a progressing"},
          {"obey", "a=2/2 b=1/1 active a awaiting_promotion"});
    cr_expect_str_eq(world->plan.next,
                     "start 1 more replica of revision 2, then switch all traffic to it");
    world_free(world);
}

/* What was heard counts: its endpoints stay, and nobody can say that they serve. */
Test(plan_status, what_is_on_suspect_nodes_alone_is_unhealthy_and_told_as_out_of_reach)
{
    struct world *world = world_running("a", 1);
    for (size_t i = 0; i < WORLD_NODES; i++)
        world->presence[i] = PRESENCE_UNKNOWN;
    world_settle(world);
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_UNHEALTHY);
    cr_expect_str_eq(world->deployment.status.message,
                     "0 of 1 replicas are available; web-001 on n2 is out of reach: its node does "
                     "not report");
    world_free(world);
}

/* The deadline is over while a promote may still come. */
Test(plan_status, a_deadline_in_the_pause_before_promotion_names_it)
{
    struct world *world = world_running("a", 1);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.spec.strategy.auto_promote_after_seconds = 60;
    STORY(world, {"deploy b", "a=1/1 b=1/0 active a progressing"},
          {"obey", "a=1/1 b=1/1 active a progressing"});
    world->rollout.deadline_at_ms = world->now_ms;
    cr_expect_str_eq(world_plan(world)->rollout.message,
                     "progress_deadline_seconds (600) passed: 1 of 1 replicas of revision 2 are "
                     "available; it waited for auto_promote_after_seconds (60) to pass, or a "
                     "promote; rolling back to the template of revision 1");
    world_free(world);
}

Test(plan_status, a_deadline_in_a_back_off_names_no_wait_of_the_strategy)
{
    struct world *world = world_running("a", 1);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.spec.strategy.max_failure_ratio = 1;
    STORY(world, {"deploy b", "a=1/1 b=1/0 active a progressing"},
          {"fail b", "a=1/1 b=1/0 active a progressing"});
    world->rollout.deadline_at_ms = world->now_ms;
    cr_expect_str_eq(world_plan(world)->rollout.message,
                     "progress_deadline_seconds (600) passed: 0 of 1 replicas of revision 2 are "
                     "available; rolling back to the template of revision 1");
    world_free(world);
}

static const struct telling first_deploy[] = {
    {"deploy a", DEPLOYMENT_PENDING,
     "0 of 1 replicas of revision 1 are available; web-001 waits for a node", "a node for web-001",
     0,
     "watch revision 1 for monitor_seconds (10) once 1 of 1 replicas are available, then declare "
     "it stable"},
    {"obey", DEPLOYMENT_DEPLOYING,
     "1 of 1 replicas of revision 1 are available; watched for monitor_seconds (10) before it "
     "counts "
     "as stable",
     "monitor_seconds (10) to pass without a failure", 10, "declare revision 1 stable"},
    {"time 10", DEPLOYMENT_RUNNING, "1 of 1 replicas are available", "", 0, ""},
};

Test(plan_status, a_first_deploy_tells_of_no_switch_nor_step)
{
    static struct canary_step steps[] = {{.kind = CANARY_PAUSE}};
    for (int type = STRATEGY_ROLLING; type <= STRATEGY_CANARY; type++) {
        struct world *world = world_new(1);
        world->deployment.spec.strategy.type = type;
        world->deployment.spec.strategy.steps = (struct canary_steps){steps, 1};
        expect_told(world, first_deploy, COUNT(first_deploy));
        world_free(world);
    }
}

Test(plan_status, a_switch_without_an_old_set_keeps_none)
{
    struct world *world = story_three(1);
    world->deployment.spec.strategy.type = world->rollout.strategy = STRATEGY_BLUE_GREEN;
    world->deployment.active_hash = "c";
    world->rollout.step = BLUE_GREEN_SWITCHED;
    world->rollout.monitor_since_ms = world->now_ms;
    story_have(world, "c", 1, true);
    story_want(world, "c", 1);
    const struct plan *plan = world_settle(world);
    cr_expect_str_eq(plan->status.message,
                     "1 of 1 replicas of revision 3 are available; revision 3 has all traffic, and "
                     "is watched for monitor_seconds (10)");
    cr_expect_str_eq(plan->waiting_for, "monitor_seconds (10) to pass without a failure");
    cr_expect_str_eq(plan->next, "declare revision 3 stable");
    world_free(world);
}

static const struct telling back_off[] = {
    {"fail a", DEPLOYMENT_DEGRADED,
     "1 of 2 replicas are available; replacements of revision 1 are held back after 1 failure",
     "the back-off of revision 1 to pass, after 1 failure", 10, "start 1 replica of revision 1"},
    {"time 10", DEPLOYMENT_DEGRADED, "1 of 2 replicas are available; web-003 waits for a node",
     "a node for web-003", 0, ""},
    {"obey", DEPLOYMENT_RUNNING, "2 of 2 replicas are available", "", 0, ""},
};

Test(plan_status, a_back_off_is_told_for_as_long_as_it_holds_something_back)
{
    struct world *world = world_running("a", 2);
    expect_told(world, back_off, COUNT(back_off));
    world_free(world);
}

static const struct telling ripening[] = {
    {"obey", DEPLOYMENT_DEPLOYING,
     "0 of 1 replicas of revision 1 are available; web-001 on n2 is ready, but not yet for "
     "min_ready_seconds (30)",
     "web-001 on n2 to stay ready for min_ready_seconds (30)", 30,
     "watch revision 1 for monitor_seconds (10) once 1 of 1 replicas are available, then declare "
     "it stable"},
    {"time 29", DEPLOYMENT_DEPLOYING,
     "0 of 1 replicas of revision 1 are available; web-001 on n2 is ready, but not yet for "
     "min_ready_seconds (30)",
     "web-001 on n2 to stay ready for min_ready_seconds (30)", 1,
     "watch revision 1 for monitor_seconds (10) once 1 of 1 replicas are available, then declare "
     "it stable"},
};

Test(plan_status, min_ready_seconds_are_told_with_their_end)
{
    struct world *world = world_new(1);
    world->deployment.spec.strategy.min_ready_seconds = 30;
    STORY(world, {"deploy a", "a=1/0 progressing"});
    expect_told(world, ripening, COUNT(ripening));
    world_free(world);
}

static const struct telling termination[] = {
    {"terminate", DEPLOYMENT_TERMINATING,
     "1 replica still to stop, 1 on lost nodes will stop when they return", "1 replica to stop", 0,
     ""},
    {"obey", DEPLOYMENT_TERMINATED, "no replica runs, 1 on lost nodes will stop when they return",
     "", 0, ""},
    {"back n2", DEPLOYMENT_TERMINATING, "1 replica still to stop", "1 replica to stop", 0, ""},
    {"obey", DEPLOYMENT_TERMINATED, "no replica runs", "", 0, ""},
};

Test(plan_status, a_termination_is_told_with_what_is_lost)
{
    struct world *world = world_running("a", 2);
    world->presence[1] = PRESENCE_LOST; /* where the first one is */
    expect_told(world, termination, COUNT(termination));
    world_free(world);
}

Test(plan_status, a_rollout_to_no_replicas_ends_once_nothing_is_left)
{
    struct world *world = world_running("a", 1);
    STORY(world, {"deploy b", "a=1/1 b=1/0 progressing"}, {"scale 0", "progressing"});
    cr_expect_str_eq(world->plan.next, "end the rollout once nothing is left");
    world_free(world);
}

/* ---- the state ---- */

Test(plan_status, what_failed_on_a_node_is_not_placed_there_any_more)
{
    struct world *world = world_new(1);
    world->deployment.spec.strategy.max_failure_ratio = 1;
    STORY(world, {"deploy a", "a=1/0 progressing"});
    story_happens(world, "fail a");
    cr_expect_eq(world_plan(world)->status.state, DEPLOYMENT_PENDING);
    world_free(world);
}

Test(plan_status, one_that_becomes_available_does_not_stand_for_another_that_breaks)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"scale 3", "a=3/2 succeeded"});
    world_move(world, world_nth(world, "a", 2), REPLICA_RUNNING, true);
    world_move(world, world_nth(world, "a", 0), REPLICA_RUNNING, false);
    cr_expect_eq(world_plan(world)->status.state, DEPLOYMENT_DEGRADED);
    world_free(world);
}

Test(plan_status, without_a_rollout_there_is_none_to_tell_of)
{
    struct world *world = world_running("a", 1);
    world->has_rollout = false;
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->status.rollout_id, 0);
    cr_expect_eq(plan->status.rollout_state, 0);
    world_free(world);
}
