/* What the suites of Nomad's deployments ask for. Waiting for the nodes' own work: drain during
 * scale and canary. */
#include "support/sim_check.h"
#include "support/sim_story.h"

#include <criterion/criterion.h>

static const char one_canary[] =
    "\"type\":\"canary\",\"steps\":[{\"set_replicas\":1},{\"pause\":{}}]";

Test(nomad, an_unhealthy_update_goes_back_and_the_same_document_again_is_refused)
{
    struct sim *sim = story_begin(3);
    struct err err;
    struct sim_spec bad = {
        .name = "web", .version = "mute-2", .replicas = 3, .limits = "\"healthy_seconds\":30"};
    story_deployed(sim, "ok-1", 3, NULL);
    sim_apply(sim, &bad);
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    story_is_whole(sim, "ok-1", 3);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(sim_try_apply(sim, &bad, &err), ERR_QUARANTINED);
        cr_assert_not_null(strstr(err.detail, "rollout 2 "), "%s", err.detail);
        cr_assert_not_null(strstr(err.detail, "healthy_limit"), "%s", err.detail);
        cr_assert_not_null(strstr(err.detail, "/scale still works"), "%s", err.detail);
        sim_run_for(sim, SIM_MINUTE);
    }
    sim_scale(sim, "web", 4);
    sim_run_for(sim, 10 * SIM_SECOND);
    story_is_whole(sim, "ok-1", 4);
    cr_assert_eq(sim_look(sim, "web")->rollout_count, 2);
    bad.force = true;
    cr_assert_eq(sim_try_apply(sim, &bad, &err), ERR_OK);
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    story_end(sim);
}

Test(nomad, a_stable_template_that_fails_is_not_rolled_back_to_itself)
{
    static const char strategy[] = "\"max_surge\":0,\"max_unavailable\":1";
    struct sim *sim = story_begin(3);
    story_deployed(sim, "rotten-1", 4, strategy);
    sim_run_for(sim, 40 * SIM_SECOND);
    story_deploy(sim, "slow-2", 4, strategy);
    sim_run_for(sim, 5 * SIM_SECOND);
    story_deploy(sim, "rotten-1", 4, strategy); /* the one that was taken is not well any more */
    story_reaches(sim, ROLLOUT_FAILED);
    sim_run_for(sim, 10 * SIM_MINUTE);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_str_eq(look->deployment.status.halted_reason, "stable_is_the_failing_one");
    cr_assert_eq(look->rollout_count, 3);
    cr_assert_eq(story_available(sim, 0), 3);
    cr_assert_null(sim_event(sim, "deployment", "web", "quarantined"));
    sim_close(sim);
}

Test(nomad, promote_is_refused_while_the_canary_is_not_available)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, one_canary);
    story_deploy(sim, "fading-2", 3, one_canary);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_run_for(sim, 10 * SIM_SECOND);
    story_refused(sim, ORDER_PROMOTE, "0 of 1 canaries are available");
    story_refused(sim, ORDER_PROMOTE_FULL, "0 of 1 canaries are available");
    sim_order(sim, ORDER_ABORT, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-1", 3);
    story_end(sim);
}

Test(nomad, auto_promote_waits_for_all_previews)
{
    static const char strategy[] = "\"type\":\"blue_green\"";
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 4, strategy);
    story_watch(sim, &samples);
    story_deploy(sim, "slow-2", 4, strategy);
    sim_run_for(sim, 19 * SIM_SECOND);
    cr_assert_eq(story_running(sim, 2), 4);
    cr_assert_eq(sim_count_events(sim, "deployment", "switched"), 1); /* to the old one: hidden */
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(samples.serving_min, 4);
    cr_assert_eq(samples.total_max, 8);
    story_is_whole(sim, "slow-2", 4);
    story_end(sim);
}

Test(nomad, a_late_promote_goes_on_after_what_would_have_been_the_deadline)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, one_canary);
    story_deploy(sim, "ok-2", 3, one_canary);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_run_for(sim, 60 * SIM_MINUTE);
    cr_assert_eq(sim_look(sim, "web")->rollout.state, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-2", 3);
    story_end(sim);
}

Test(nomad, a_rollout_fails_early_when_nothing_finds_a_node)
{
    struct sim *sim = story_begin_of(3, (struct resources){.cpu_millis = 1000, .memory_mib = 1000});
    struct sim_spec spec = {.name = "web", .version = "ok-1", .replicas = 3};
    sim_apply(sim, &spec);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    spec.version = "ok-2";
    spec.resources = "\"cpu_millis\":2000,\"memory_mib\":10";
    spec.limits = "\"schedule_seconds\":30";
    sim_apply(sim, &spec);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_ROLLED_BACK, 45 * SIM_SECOND));
    cr_assert_str_eq(sim_look(sim, "web")->rollout.reason, "schedule_limit");
    story_is_whole(sim, "ok-1", 3);
    cr_assert_eq(sim->starts.count, 3);
    story_end(sim);
}

Test(nomad, only_replicas_that_stay_healthy_move_the_deadline)
{
    static const char strategy[] = "\"min_ready_seconds\":3,\"progress_deadline_seconds\":30,"
                                   "\"monitor_seconds\":5";
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, NULL);
    story_deploy(sim, "flapping-2", 3, strategy);
    sim_run_for(sim, SIM_SECOND);
    int64_t deadline_ms = sim_look(sim, "web")->rollout.deadline_at_ms;
    sim_run_for(sim, 19 * SIM_SECOND); /* ready six times for less than three seconds */
    const struct rollout *rollout = &sim_look(sim, "web")->rollout;
    cr_assert_eq(rollout->high_water, 0);
    cr_assert_eq(rollout->deadline_at_ms, deadline_ms);
    sim_run_for(sim, 9 * SIM_SECOND);
    rollout = &sim_look(sim, "web")->rollout;
    cr_assert_gt(rollout->high_water, 0);
    cr_assert_gt(rollout->deadline_at_ms, deadline_ms);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(nomad, canaries_of_an_overtaken_rollout_stop)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, one_canary);
    story_deploy(sim, "ok-2", 3, one_canary);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    story_deploy(sim, "ok-3", 3, one_canary);
    sim_run_for(sim, 10 * SIM_SECOND);
    cr_assert_eq(story_running(sim, 2), 0);
    cr_assert_eq(story_available(sim, 3), 1);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-3", 3);
    story_end(sim);
}

Test(nomad, a_node_lost_while_scaling_up_is_made_good_elsewhere)
{
    struct sim *sim = story_begin(4);
    story_deployed(sim, "slow-1", 4, NULL);
    sim_scale(sim, "web", 8);
    sim_run_for(sim, 2 * SIM_SECOND);
    sim_agent_partition(sim->agents[1], 5 * SIM_MINUTE);
    sim_run_for(sim, 3 * SIM_MINUTE);
    cr_assert_eq(story_available(sim, 1), 8);
    sim_run_for(sim, 4 * SIM_MINUTE);
    story_is_whole(sim, "slow-1", 8);
    story_end(sim);
}

Test(nomad, a_node_lost_while_scaling_down_leaves_as_many_as_are_wanted)
{
    struct sim *sim = story_begin(4);
    story_deployed(sim, "stubborn-1", 8, NULL);
    sim_scale(sim, "web", 4);
    sim_run_for(sim, 2 * SIM_SECOND);
    sim_agent_partition(sim->agents[1], 5 * SIM_MINUTE);
    sim_run_for(sim, 3 * SIM_MINUTE);
    cr_assert_eq(story_available(sim, 1), 4);
    sim_run_for(sim, 4 * SIM_MINUTE);
    story_is_whole(sim, "stubborn-1", 4);
    story_end(sim);
}

Test(nomad, a_canary_on_a_lost_node_is_made_anew_and_the_rollout_goes_on)
{
    struct sim *sim = story_begin(4);
    story_deployed(sim, "ok-1", 4, one_canary);
    story_deploy(sim, "ok-2", 4, one_canary);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    struct sim_process *canary = story_process(sim, 2);
    sim_agent_partition(canary->agent, 5 * SIM_MINUTE);
    sim_run_for(sim, 2 * SIM_MINUTE);
    cr_assert_eq(story_available(sim, 2), 1);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    sim_run_for(sim, 6 * SIM_MINUTE);
    story_is_whole(sim, "ok-2", 4);
    story_end(sim);
}

Test(nomad, a_failed_rollout_starts_no_more_of_its_version)
{
    static const char strategy[] =
        "\"max_surge\":1,\"auto_rollback\":false,\"progress_deadline_seconds\":40";
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 4, strategy);
    story_deploy(sim, "mute-2", 4, strategy);
    story_reaches(sim, ROLLOUT_FAILED);
    story_watch(sim, &samples);
    sim_run_for(sim, 30 * SIM_MINUTE);
    cr_assert_eq(story_running(sim, 2), 1);
    cr_assert_eq(samples.available_min, 4);
    cr_assert_eq(samples.total_max, 5);
    cr_assert_eq(sim_look(sim, "web")->rollout_count, 2);
    sim_close(sim);
}

Test(nomad, an_update_needs_no_spare_room_when_some_may_be_unavailable)
{
    struct sim *sim = story_begin_of(3, (struct resources){.cpu_millis = 1000, .memory_mib = 1000});
    struct story_samples samples;
    struct sim_spec spec = {.name = "web",
                            .version = "ok-1",
                            .replicas = 6,
                            .resources = "\"cpu_millis\":500,\"memory_mib\":10",
                            .strategy = "\"max_surge\":0,\"max_unavailable\":1"};
    sim_apply(sim, &spec);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_watch(sim, &samples);
    spec.version = "ok-2";
    sim_apply(sim, &spec);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(samples.available_min, 5);
    cr_assert_eq(samples.total_max, 6);
    story_is_whole(sim, "ok-2", 6);
    story_end(sim);
}

Test(nomad, a_replacement_avoids_the_node_where_it_failed)
{
    struct sim *sim = story_begin(2);
    story_deployed(sim, "ok-1", 2, NULL);
    struct sim_process *process = story_process(sim, 1);
    const char *other = process->agent == sim->agents[0] ? "n2" : "n1";
    cr_assert_eq(sim_count_on_node(sim_look(sim, "web"), other), 1);
    sim_process_fail(process, "killed by its owner");
    sim_run_for(sim, 15 * SIM_SECOND);
    cr_assert_eq(sim_count_on_node(sim_look(sim, "web"), other), 2);
    story_is_whole(sim, "ok-1", 2);
    story_end(sim);
}

Test(nomad, two_at_a_time_with_a_way_back_ends_with_the_old_version_whole)
{
    static const char strategy[] = "\"max_surge\":0,\"max_unavailable\":2";
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 6, strategy);
    story_watch(sim, &samples);
    story_deploy(sim, "crash-2", 6, strategy);
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    cr_assert_eq(samples.available_min, 4);
    story_is_whole(sim, "ok-1", 6);
    story_end(sim);
}
