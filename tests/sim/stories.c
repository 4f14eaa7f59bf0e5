/* Stories on virtual time, each named by what must hold. */
#include "base/failpoint.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/event.h"
#include "support/sim.h"
#include "support/sim_agent.h"
#include "support/sim_check.h"

#include <criterion/criterion.h>

static struct sim *cluster_of(int nodes)
{
    struct sim *sim = sim_open(1);
    for (int i = 1; i <= nodes; i++)
        sim_add_node(sim, arena_printf(&sim->memory, "n%d", i), (struct resources){0});
    sim_run_for(sim, SIM_SECOND);
    return sim;
}

static void deploy(struct sim *sim, const char *version, int64_t replicas)
{
    sim_apply(sim, &(struct sim_spec){.name = "web", .version = version, .replicas = replicas});
}

static void deploy_whole(struct sim *sim, const char *version, int64_t replicas)
{
    deploy(sim, version, replicas);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, 5 * SIM_MINUTE));
}

static void close_settled(struct sim *sim)
{
    sim_check_settled(sim);
    sim_close(sim);
}

/* ---- floor and ceiling at every commit ---- */

struct sample {
    int64_t available_min, total_max;
};

static void take_sample(struct sim *sim, void *argument)
{
    struct sample *sample = argument;
    const struct sim_look *look = sim_look(sim, "web");
    int64_t available = 0;
    for (size_t i = 0; i < look->count; i++)
        available += look->replicas[i].available && look->replicas[i].wanted == WANTED_RUN;
    if (available < sample->available_min) sample->available_min = available;
    if ((int64_t)look->count > sample->total_max) sample->total_max = (int64_t)look->count;
}

static void start_sampling(struct sim *sim, struct sample *sample)
{
    *sample = (struct sample){.available_min = INT64_MAX};
    sim->on_commit = take_sample;
    sim->on_commit_argument = sample;
}

/* ---- rolling out ---- */

Test(stories, a_new_deployment_reaches_its_size)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 3);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->deployment.status.state, DEPLOYMENT_RUNNING);
    cr_assert_eq(look->deployment.status.available, 3);
    cr_assert_eq(look->deployment.status.stable_revision, 1);
    cr_assert_eq(look->count, 3);
    close_settled(sim);
}

Test(stories, a_template_change_replaces_all_within_floor_and_ceiling)
{
    struct sim *sim = cluster_of(3);
    struct sample sample;
    deploy_whole(sim, "ok-1", 7);
    start_sampling(sim, &sample);
    deploy_whole(sim, "ok-2", 7);
    cr_assert_eq(sample.available_min, 7);
    cr_assert_eq(sample.total_max, 9);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->count, 7);
    for (size_t i = 0; i < look->count; i++)
        cr_assert_eq(look->replicas[i].revision, 2);
    cr_assert_eq(look->deployment.status.stable_revision, 2);
    cr_assert_eq(look->revisions[1].outcome, OUTCOME_SUPERSEDED);
    close_settled(sim);
}

Test(stories, without_surge_the_rollout_goes_below_by_what_may_be_unavailable)
{
    struct sim *sim = cluster_of(3);
    struct sample sample;
    struct sim_spec spec = {.name = "web",
                            .version = "ok-1",
                            .replicas = 6,
                            .strategy = "\"max_surge\":0,\"max_unavailable\":2"};
    sim_apply(sim, &spec);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, 2 * SIM_MINUTE));
    start_sampling(sim, &sample);
    spec.version = "stubborn-2";
    sim_apply(sim, &spec);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, 5 * SIM_MINUTE));
    cr_assert_eq(sample.available_min, 4);
    cr_assert_eq(sample.total_max, 6);
    close_settled(sim);
}

Test(stories, seven_replicas_spread_evenly_over_three_nodes_also_after_a_rollout)
{
    struct sim *sim = cluster_of(3);
    const char *versions[] = {"ok-1", "ok-2", "ok-3"};
    for (int version = 0; version < 3; version++) {
        deploy_whole(sim, versions[version], 7);
        const struct sim_look *look = sim_look(sim, "web");
        for (int i = 0; i < 3; i++) {
            int64_t count = sim_count_on_node(look, sim->agents[i]->name);
            cr_assert(count == 2 || count == 3, "%lld on %s with %s", (long long)count,
                      sim->agents[i]->name, versions[version]);
        }
    }
    close_settled(sim);
}

Test(stories, a_version_that_never_gets_ready_rolls_back_by_itself_and_says_why)
{
    struct sim *sim = cluster_of(3);
    struct sample sample;
    deploy_whole(sim, "ok-1", 4);
    start_sampling(sim, &sample);
    sim_apply(sim, &(struct sim_spec){.name = "web",
                                      .version = "mute-2",
                                      .replicas = 4,
                                      .limits = "\"healthy_seconds\":60"});
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_ROLLED_BACK, 5 * SIM_MINUTE));
    cr_assert_eq(sample.available_min, 4);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_str_eq(look->rollout.reason, "healthy_limit");
    cr_assert_not_null(strstr(look->rollout.message, "503 «loading model»"), "%s",
                       look->rollout.message);
    cr_assert_eq(look->rollout.rollback_revision, 3);
    cr_assert_eq(look->revisions[0].source, SOURCE_AUTO_ROLLBACK);
    cr_assert_eq(look->revisions[0].copy_of, 1);
    cr_assert_eq(look->revisions[1].outcome, OUTCOME_FAILED);
    cr_assert_str_eq(look->deployment.spec.template.version, "ok-1");
    cr_assert_eq(look->deployment.status.state, DEPLOYMENT_RUNNING);
    const struct event *event = sim_event(sim, "rollout", "web", "rolling_back");
    cr_assert_not_null(event);
    cr_assert_not_null(strstr(event->data, "503 «loading model»"), "%s", event->data);
    close_settled(sim);
}

Test(stories, a_deadline_without_a_stable_revision_halts_and_a_fixed_version_clears_it)
{
    struct sim *sim = cluster_of(2);
    sim_apply(sim, &(struct sim_spec){.name = "web",
                                      .version = "mute-1",
                                      .replicas = 2,
                                      .strategy = "\"progress_deadline_seconds\":60"});
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_FAILED, 2 * SIM_MINUTE));
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_str_eq(look->rollout.reason, "progress_deadline");
    cr_assert_str_eq(look->deployment.status.halted_reason, "no_stable_revision");
    cr_assert_eq(look->deployment.status.state, DEPLOYMENT_FAILED);
    deploy_whole(sim, "ok-2", 2);
    look = sim_look(sim, "web");
    cr_assert_null(look->deployment.status.halted_reason);
    cr_assert_eq(look->deployment.status.state, DEPLOYMENT_RUNNING);
    close_settled(sim);
}

Test(stories, an_overtaken_rollout_is_superseded_and_the_first_version_stays_the_way_back)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 4);
    deploy(sim, "slow-2", 4);
    sim_run_for(sim, 5 * SIM_SECOND);
    sim_apply(sim, &(struct sim_spec){.name = "web",
                                      .version = "mute-3",
                                      .replicas = 4,
                                      .limits = "\"healthy_seconds\":30"});
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->rollouts[1].state, ROLLOUT_SUPERSEDED);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_ROLLED_BACK, 5 * SIM_MINUTE));
    look = sim_look(sim, "web");
    cr_assert_str_eq(look->deployment.spec.template.version, "ok-1");
    cr_assert_eq(look->count, 4);
    close_settled(sim);
}

Test(stories, a_rollback_by_hand_is_a_new_revision_with_its_own_rollout)
{
    struct sim *sim = cluster_of(3);
    struct err err;
    deploy_whole(sim, "ok-1", 3);
    deploy_whole(sim, "ok-2", 3);
    cr_assert_eq(sim_try_rollback(sim, "web", 1, &err), ERR_OK);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, 2 * SIM_MINUTE));
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->rollout.id, 3);
    cr_assert_eq(look->revisions[0].number, 3);
    cr_assert_eq(look->revisions[0].copy_of, 1);
    cr_assert_str_eq(look->deployment.spec.template.version, "ok-1");
    close_settled(sim);
}

Test(stories, pausing_stops_the_steps_and_the_deadline_and_resuming_rolls_once)
{
    struct sim *sim = cluster_of(3);
    struct sim_spec spec = {.name = "web", .version = "ok-1", .replicas = 4};
    sim_apply(sim, &spec);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, SIM_MINUTE));
    spec.spec = "\"paused\":true";
    spec.version = "ok-2";
    sim_apply(sim, &spec);
    sim_run_for(sim, 30 * SIM_MINUTE);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->rollout.state, ROLLOUT_PAUSED);
    cr_assert_eq(look->deployment.status.state, DEPLOYMENT_PAUSED);
    for (size_t i = 0; i < look->count; i++)
        cr_assert_eq(look->replicas[i].revision, 1);
    spec.version = "ok-3";
    sim_apply(sim, &spec);
    spec.spec = "\"paused\":false";
    sim_apply(sim, &spec);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, 2 * SIM_MINUTE));
    look = sim_look(sim, "web");
    cr_assert_eq(look->rollout.id, 3);
    cr_assert_eq(look->ended_count, 4);
    close_settled(sim);
}

/* ---- scaling ---- */

Test(stories, scaling_up_down_to_zero_and_back_restarts_nobody_else)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 3);
    const int64_t sizes[] = {6, 2, 0, 1};
    const enum deployment_state states[] = {DEPLOYMENT_RUNNING, DEPLOYMENT_RUNNING,
                                            DEPLOYMENT_SCALED_TO_ZERO, DEPLOYMENT_RUNNING};
    for (int i = 0; i < 4; i++) {
        sim_scale(sim, "web", sizes[i]);
        sim_run_for(sim, SIM_MINUTE);
        const struct sim_look *look = sim_look(sim, "web");
        cr_assert_eq(look->count, sizes[i]);
        cr_assert_eq(look->deployment.status.available, sizes[i]);
        cr_assert_eq(look->deployment.status.state, states[i]);
        cr_assert_eq(look->rollout_count, 1);
    }
    cr_assert_eq(sim->starts.count, 7); /* 3, then 3 more, then the last one */
    close_settled(sim);
}

Test(stories, of_what_was_scaled_away_only_the_last_ones_are_kept)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", LIMIT_ENDED_REPLICAS + 10);
    sim_scale(sim, "web", 1);
    sim_run_for(sim, SIM_MINUTE);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->count, 1);
    cr_assert_eq(look->ended_count, LIMIT_ENDED_REPLICAS);
    close_settled(sim);
}

Test(stories, scaling_in_the_middle_of_a_rollout_is_done_at_once)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 4);
    deploy(sim, "slow-2", 4);
    sim_run_for(sim, 10 * SIM_SECOND);
    sim_scale(sim, "web", 10);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_geq(sim_look(sim, "web")->count, 10);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, 10 * SIM_MINUTE));
    cr_assert_eq(sim_look(sim, "web")->count, 10);
    close_settled(sim);
}

Test(stories, labels_alone_restart_nobody)
{
    struct sim *sim = cluster_of(2);
    deploy_whole(sim, "ok-1", 2);
    sim_apply(sim,
              &(struct sim_spec){
                  .name = "web", .version = "ok-1", .replicas = 2, .labels = "\"team\":\"green\""});
    sim_run_for(sim, SIM_MINUTE);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->deployment.labels.count, 1);
    cr_assert_eq(look->deployment.generation, 2);
    cr_assert_eq(look->deployment.status.observed_generation, 2);
    cr_assert_eq(look->rollout_count, 1);
    cr_assert_eq(sim->starts.count, 2);
    close_settled(sim);
}

/* ---- nodes ---- */

Test(stories, replicas_of_a_lost_node_are_replaced_and_the_surplus_stops_once_on_its_return)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 6);
    struct sim_agent *away = sim->agents[0];
    int64_t there = sim_count_on_node(sim_look(sim, "web"), away->name);
    sim_agent_partition(away, 5 * SIM_MINUTE);
    sim_run_for(sim, 4 * SIM_MINUTE);
    cr_assert_eq(sim_count_events(sim, "node", "lost"), 1);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->deployment.status.available, 6);
    cr_assert_eq((int64_t)look->count, 6 + there);
    cr_assert_eq(sim_agent_running(away), there); /* silence stops nothing */
    sim_run_for(sim, 3 * SIM_MINUTE);
    look = sim_look(sim, "web");
    cr_assert_eq(look->count, 6);
    cr_assert_eq(sim_count_events(sim, "replica", "stopping"), there);
    close_settled(sim);
}

Test(stories, what_a_removed_node_still_runs_stops_when_it_joins_again)
{
    struct sim *sim = cluster_of(3);
    struct err err;
    deploy_whole(sim, "ok-1", 6);
    struct sim_agent *away = sim->agents[2];
    int64_t there = sim_agent_running(away);
    sim_agent_partition(away, 3 * SIM_MINUTE);
    sim_run_for(sim, SIM_MINUTE);
    cr_assert_eq(sim_try_remove_node(sim, away->name, &err), ERR_OK);
    sim_run_for(sim, SIM_MINUTE);
    cr_assert_eq(sim_look(sim, "web")->deployment.status.available, 6);
    cr_assert_eq(sim_agent_running(away), there);
    sim_run_for(sim, 3 * SIM_MINUTE);
    cr_assert_eq(sim_agent_running(away), 0);
    int64_t index = sim->newest_index;
    sim_run_for(sim, 5 * SIM_MINUTE);
    cr_assert_eq(sim->newest_index, index); /* nothing is left to be told */
    close_settled(sim);
}

Test(stories, a_partition_shorter_than_the_grace_changes_nothing)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 6);
    sim_agent_partition(sim->agents[0], 12 * SIM_SECOND);
    sim_run_for(sim, 2 * SIM_MINUTE);
    cr_assert_eq(sim_count_events(sim, "node", "lost"), 0);
    cr_assert_eq(sim_count_events(sim, "replica", "stopping"), 0);
    cr_assert_eq(sim->starts.count, 6);
    close_settled(sim);
}

Test(stories, a_stall_of_the_server_itself_is_no_nodes_silence)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 3);
    sim->time.boot_ms += 2 * SIM_MINUTE;
    sim->time.wall_ms += 2 * SIM_MINUTE;
    sim_run_for(sim, 2 * SIM_MINUTE);
    cr_assert_eq(sim_count_events(sim, "node", "suspect"), 0);
    close_settled(sim);
}

Test(stories, what_fits_nowhere_stays_pending_with_a_sentence_until_a_node_joins)
{
    struct sim *sim = sim_open(1);
    sim_add_node(sim, "n1", (struct resources){.cpu_millis = 1000, .memory_mib = 512});
    sim_run_for(sim, SIM_SECOND);
    sim_apply(sim, &(struct sim_spec){.name = "web",
                                      .version = "ok-1",
                                      .replicas = 3,
                                      .resources = "\"cpu_millis\":100,\"memory_mib\":256"});
    sim_run_for(sim, 10 * SIM_SECOND);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->count, 3);
    cr_assert_null(look->replicas[2].node);
    cr_assert_not_null(strstr(look->replicas[2].reason, "memory"), "%s", look->replicas[2].reason);
    cr_assert_not_null(strstr(look->deployment.status.message, "memory"), "%s",
                       look->deployment.status.message);
    int64_t before_ms = sim_now_ms(sim);
    sim_add_node(sim, "n2", (struct resources){.cpu_millis = 1000, .memory_mib = 512});
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, SIM_MINUTE));
    cr_assert_lt(sim_now_ms(sim) - before_ms, 12 * SIM_SECOND); /* woken, not polled */
    close_settled(sim);
}

/* ---- replicas that fail ---- */

Test(stories, a_replica_that_cannot_run_is_tried_again_after_twice_as_long_each_time)
{
    struct sim *sim = cluster_of(2);
    deploy(sim, "unrunnable-1", 1);
    int64_t at_ms[5] = {0};
    for (int i = 0; i < 5; i++) {
        size_t starts = sim->starts.count;
        for (int s = 0; s < 400 && sim->starts.count == starts; s++)
            sim_run_for(sim, SIM_SECOND);
        at_ms[i] = sim_now_ms(sim);
    }
    const int64_t seconds[] = {10, 20, 40, 80};
    for (int i = 0; i < 4; i++) {
        int64_t waited_ms = at_ms[i + 1] - at_ms[i];
        cr_assert(waited_ms >= (seconds[i] - 2) * SIM_SECOND &&
                      waited_ms <= (seconds[i] + 2) * SIM_SECOND,
                  "attempt %d after %lld ms", i + 1, (long long)waited_ms);
    }
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->rollout.state, ROLLOUT_FAILED);
    cr_assert_str_eq(look->rollout.reason, "unrunnable");
    for (size_t i = 1; i < look->ended_count; i++)
        cr_assert_str_neq(look->ended[i].node, look->ended[i - 1].node);
    sim_close(sim);
}

Test(stories, a_crashing_version_rolls_back_with_its_exit_in_the_event)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 3);
    deploy(sim, "crash-2", 3);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_ROLLED_BACK, 5 * SIM_MINUTE));
    const struct event *event = sim_event(sim, "rollout", "web", "rolling_back");
    cr_assert_not_null(strstr(event->data, "crash_loop"), "%s", event->data);
    cr_assert_not_null(strstr(event->data, "out of cheese"), "%s", event->data);
    close_settled(sim);
}

/* ---- the server ---- */

Test(stories, a_restart_of_the_server_in_the_middle_of_a_rollout_finishes_it)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 6);
    deploy(sim, "ok-2", 6);
    for (int i = 0; i < 5; i++) {
        sim_run_for(sim, 400);
        sim_server_restart(sim, 3 * SIM_SECOND);
    }
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, 5 * SIM_MINUTE));
    cr_assert_eq(sim->starts.count, 12);
    cr_assert_eq(sim_count_events(sim, "node", "suspect"), 0);
    close_settled(sim);
}

Test(stories, a_restart_in_steady_state_orders_nothing)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 6);
    for (int i = 0; i < 3; i++)
        sim_server_restart(sim, 10 * SIM_MINUTE);
    sim_run_for(sim, 2 * SIM_MINUTE);
    cr_assert_eq(sim->starts.count, 6);
    cr_assert_eq(sim_count_events(sim, "replica", "stopping"), 0);
    cr_assert_eq(sim_count_events(sim, "node", "lost"), 0);
    close_settled(sim);
}

Test(stories, nothing_is_written_while_nothing_happens)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 6);
    sim_run_for(sim, SIM_MINUTE);
    int64_t index = sim->newest_index;
    sim_run_for(sim, 60 * SIM_MINUTE);
    cr_assert_eq(sim->newest_index, index);
    close_settled(sim);
}

#ifdef DOGSHORE_FAILPOINTS
/* As a pass leaves it that takes the server down. */
static void leave_marker(struct sim *sim, const char *uid)
{
    char path[128];
    snprintf(path, sizeof path, "%s/pass", sim->dir);
    FILE *file = fopen(path, "w");
    fputs(uid, file);
    fclose(file);
}

Test(stories, a_deployment_whose_pass_crashes_the_server_three_times_is_left_alone)
{
    struct sim *sim = cluster_of(2);
    deploy_whole(sim, "ok-1", 2);
    char *uid = arena_strdup(&sim->memory, sim_look(sim, "web")->deployment.uid);
    sim->writes_fail = true;
    failpoint_arm("reconcile.planned", "error@*");
    for (int i = 0; i < 3; i++) {
        sim_server_stop(sim);
        leave_marker(sim, uid);
        sim_server_start(sim);
        sim_run_for(sim, SIM_SECOND);
    }
    failpoint_clear();
    sim->writes_fail = false;
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->deployment.status.state, DEPLOYMENT_UNKNOWN);
    cr_assert_not_null(strstr(look->deployment.status.message, "planner_fault"));
    sim_run_for(sim, SIM_MINUTE);
    cr_assert_eq(sim_look(sim, "web")->deployment.status.state, DEPLOYMENT_UNKNOWN);
    cr_assert_eq(sim_look(sim, "web")->count, 2);
    deploy_whole(sim, "ok-2", 2);
    cr_assert_eq(sim_look(sim, "web")->deployment.status.state, DEPLOYMENT_RUNNING);
    close_settled(sim);
}
#endif

/* ---- the end ---- */

Test(stories, delete_removes_everything_and_the_name_is_free_again)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 5);
    deploy(sim, "ok-2", 5);
    sim_run_for(sim, 700);
    char *uid = arena_strdup(&sim->memory, sim_look(sim, "web")->deployment.uid);
    sim_delete(sim, "web");
    cr_assert(sim_until_gone(sim, "web", SIM_MINUTE));
    cr_assert_not_null(sim_event(sim, "rollout", "web", "aborted"));
    cr_assert_not_null(sim_event(sim, "deployment", "web", "deleted"));
    for (size_t i = 0; i < sim->agent_count; i++)
        cr_assert_eq(sim_agent_running(sim->agents[i]), 0);
    deploy_whole(sim, "ok-3", 2);
    cr_assert_str_neq(sim_look(sim, "web")->deployment.uid, uid);
    close_settled(sim);
}

Test(stories, what_a_lost_node_runs_of_a_deleted_deployment_stops_on_its_return)
{
    struct sim *sim = cluster_of(3);
    deploy_whole(sim, "ok-1", 6);
    struct sim_agent *away = sim->agents[1];
    sim_agent_partition(away, 10 * SIM_MINUTE);
    sim_run_for(sim, 2 * SIM_MINUTE);
    sim_delete(sim, "web");
    cr_assert(sim_until_gone(sim, "web", 2 * SIM_MINUTE));
    cr_assert_gt(sim_agent_running(away), 0);
    sim_run_for(sim, 10 * SIM_MINUTE);
    cr_assert_eq(sim_agent_running(away), 0);
    close_settled(sim);
}
