/* What the suites of Swarm's services ask for. Waiting for the nodes' own work: a task on a drained
 * node, and replicas that move when a node loses a label. */
#include "support/sim_check.h"
#include "support/sim_story.h"

#include <criterion/criterion.h>

Test(swarm, on_failure_pause_leaves_both_versions_as_they_are)
{
    struct sim *sim = story_begin(3);
    static const char strategy[] = "\"max_surge\":1,\"auto_rollback\":false";
    story_deployed(sim, "ok-1", 4, strategy);
    story_deploy(sim, "crash-2", 4, strategy);
    story_reaches(sim, ROLLOUT_FAILED);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_str_eq(look->deployment.status.halted_reason, "auto_rollback_off");
    cr_assert_eq(story_available(sim, 1), 4);
    struct err err;
    cr_assert_eq(sim_try_rollback(sim, "web", 0, &err), ERR_OK);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

/* One of four replicas ends by itself. */
static void lose_one(struct sim *sim, const char *strategy)
{
    story_deployed(sim, "ok-1", 4, NULL);
    story_deploy(sim, "slow-2", 4, strategy);
    sim_run_for(sim, 5 * SIM_SECOND);
    sim_process_fail(story_process(sim, 2), "killed by its owner");
}

Test(swarm, one_failed_replica_of_four_is_within_a_failure_ratio_of_a_quarter)
{
    struct sim *sim = story_begin(3);
    lose_one(sim, "\"max_failure_ratio\":0.25");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(sim_look(sim, "web")->rollout.failed_replicas, 1);
    story_is_whole(sim, "slow-2", 4);
    story_end(sim);
}

Test(swarm, one_failed_replica_of_four_is_too_many_for_a_failure_ratio_of_a_fifth)
{
    struct sim *sim = story_begin(3);
    lose_one(sim, "\"max_failure_ratio\":0.2");
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    const struct rollout *rollout = &sim_look(sim, "web")->rollout;
    cr_assert_str_eq(rollout->reason, "replica_failed");
    cr_assert_not_null(strstr(rollout->message, "killed by its owner"), "%s", rollout->message);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(swarm, with_a_failure_ratio_of_one_the_rollout_continues_when_all_have_failed_once)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, NULL);
    story_deploy(sim, "slow-2", 4, "\"max_surge\":4,\"max_failure_ratio\":1");
    sim_run_for(sim, 5 * SIM_SECOND);
    for (int i = 0; i < 4; i++) {
        sim_process_fail(story_process(sim, 2), "killed by its owner");
        sim_run_for(sim, SIM_SECOND);
    }
    cr_assert_eq(sim_look(sim, "web")->rollout.failed_replicas, 4);
    cr_assert_eq(story_available(sim, 1), 4);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "slow-2", 4);
    story_end(sim);
}

/* From ok-1 to ok-2, five replicas, no fewer and no more than so many at any time. */
static void expect_bounds(const char *strategy, int64_t available_min, int64_t total_max)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 5, NULL);
    story_watch(sim, &samples);
    story_deployed(sim, "ok-2", 5, strategy);
    cr_assert_eq(samples.available_min, available_min, "%s", strategy);
    cr_assert_eq(samples.total_max, total_max, "%s", strategy);
    story_is_whole(sim, "ok-2", 5);
    story_end(sim);
}

Test(swarm, start_first_is_a_surge_of_one_or_the_preset_ramped)
{
    expect_bounds("\"max_surge\":1,\"max_unavailable\":0", 5, 6);
    expect_bounds("\"type\":\"ramped\"", 5, 6);
}

Test(swarm, stop_first_is_one_that_may_be_unavailable_or_the_preset_best_effort)
{
    expect_bounds("\"max_surge\":0,\"max_unavailable\":1", 4, 5);
    expect_bounds("\"type\":\"best_effort\"", 4, 5);
}

/* ---- a restart of the server finishes every half-done operation ---- */

Test(swarm, a_start_that_was_put_off_happens_after_a_restart)
{
    struct sim *sim = story_begin(2);
    story_deployed(sim, "ok-1", 2, NULL);
    sim_process_fail(story_process(sim, 1), "killed by its owner");
    sim_run_for(sim, 2 * SIM_SECOND); /* its replacement waits for ten seconds */
    cr_assert_eq(story_running(sim, 1), 1);
    sim_server_restart(sim, SIM_SECOND);
    sim_run_for(sim, 15 * SIM_SECOND);
    story_is_whole(sim, "ok-1", 2);
    story_end(sim);
}

Test(swarm, a_server_that_was_away_for_longer_than_the_deadline_fails_nothing)
{
    static const char strategy[] = "\"progress_deadline_seconds\":40,\"monitor_seconds\":5";
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, strategy);
    story_deploy(sim, "slow-2", 3, strategy);
    sim_run_for(sim, 5 * SIM_SECOND);
    sim_server_restart(sim, 10 * SIM_MINUTE);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "slow-2", 3);
    story_end(sim);
}

Test(swarm, replicas_of_a_node_that_died_with_the_server_are_replaced_after_its_restart)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, NULL);
    sim_server_stop(sim);
    sim_agent_stop(sim->agents[0]);
    sim_run_for(sim, SIM_SECOND);
    sim_server_start(sim);
    sim_run_for(sim, SIM_MINUTE);
    cr_assert_eq(story_available(sim, 1), 3);
    sim_agent_start(sim->agents[0]);
    sim_run_for(sim, SIM_MINUTE);
    story_is_whole(sim, "ok-1", 3);
    story_end(sim);
}

Test(swarm, replicas_of_a_node_that_was_removed_are_replaced_after_a_restart)
{
    struct sim *sim = story_begin(3);
    struct err err;
    story_deployed(sim, "ok-1", 3, NULL);
    sim_agent_partition(sim->agents[2], SIM_MINUTE);
    cr_assert_eq(sim_try_remove_node(sim, "n3", &err), ERR_OK);
    sim_server_kill_after(sim, 1, SIM_SECOND);
    sim_run_for(sim, 30 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 1), 3);
    sim_run_for(sim, 2 * SIM_MINUTE);
    story_is_whole(sim, "ok-1", 3);
    story_end(sim);
}

Test(swarm, an_extra_replica_that_returns_during_a_restart_stops)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, NULL);
    sim_agent_partition(sim->agents[0], 2 * SIM_MINUTE);
    sim_run_for(sim, 118 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 1), 3);
    cr_assert_eq(sim_agent_running(sim->agents[0]), 1);
    sim_server_restart(sim, 10 * SIM_SECOND);
    sim_run_for(sim, SIM_MINUTE);
    story_is_whole(sim, "ok-1", 3);
    story_end(sim);
}

Test(swarm, a_server_that_dies_after_any_commit_of_a_rollout_finishes_it)
{
    static const char *const strategies[] = {
        NULL, "\"type\":\"recreate\"", "\"type\":\"blue_green\",\"keep_old_seconds\":5",
        "\"type\":\"canary\",\"steps\":[{\"set_weight\":50},{\"pause\":{\"seconds\":5}}]"};
    for (int strategy = 0; strategy < 4; strategy++)
        for (int64_t batches = 1; batches <= 12; batches++) {
            struct sim *sim = story_begin(2);
            story_deployed(sim, "ok-1", 2, strategies[strategy]);
            sim_server_kill_after(sim, batches, SIM_SECOND);
            sim_apply(sim, &(struct sim_spec){.name = "web",
                                              .version = "ok-2",
                                              .replicas = 2,
                                              .strategy = strategies[strategy]});
            sim_run_for(sim, 2 * SIM_MINUTE);
            story_is_whole(sim, "ok-2", 2);
            cr_assert_eq(sim->starts.count, 4);
            story_end(sim);
        }
}

Test(swarm, terminate_stops_all_and_start_brings_back_as_many)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, NULL);
    sim_order(sim, ORDER_TERMINATE, "web");
    sim_run_for(sim, 10 * SIM_SECOND);
    for (size_t i = 0; i < sim->agent_count; i++)
        cr_assert_eq(sim_agent_running(sim->agents[i]), 0);
    cr_assert_eq(sim_look(sim, "web")->deployment.status.state, DEPLOYMENT_TERMINATED);
    cr_assert_eq(sim_look(sim, "web")->deployment.spec.replicas, 4);
    sim_order(sim, ORDER_START, "web");
    sim_run_for(sim, 10 * SIM_SECOND);
    story_is_whole(sim, "ok-1", 4);
    cr_assert_eq(sim_look(sim, "web")->rollout_count, 1);
    story_end(sim);
}

Test(swarm, terminate_ends_what_a_lost_node_runs_when_it_returns)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, NULL);
    sim_agent_partition(sim->agents[0], 2 * SIM_MINUTE);
    sim_run_for(sim, SIM_MINUTE);
    sim_order(sim, ORDER_TERMINATE, "web");
    sim_run_for(sim, 3 * SIM_MINUTE);
    for (size_t i = 0; i < sim->agent_count; i++)
        cr_assert_eq(sim_agent_running(sim->agents[i]), 0);
    story_end(sim);
}
