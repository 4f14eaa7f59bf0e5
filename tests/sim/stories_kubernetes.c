/* What the suites of Kubernetes' deployments ask for. More of it is in stories.c, and on the
 * planner alone in tests/unit/plan_*.c. */
#include "support/sim_check.h"
#include "support/sim_story.h"

#include <criterion/criterion.h>

static const char recreate[] = "\"type\":\"recreate\"";
static const char patient[] = "\"max_failure_ratio\":1";

Test(kubernetes, recreate_never_runs_old_and_new_together)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "stubborn-1", 4, recreate);
    story_watch(sim, &samples);
    story_deployed(sim, "ok-2", 4, recreate);
    cr_assert_not(samples.together);
    cr_assert_eq(samples.total_max, 4);
    cr_assert_eq(samples.available_min, 0);
    story_is_whole(sim, "ok-2", 4);
    story_end(sim);
}

Test(kubernetes, recreate_waits_for_a_replica_on_a_lost_node)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 3, recreate);
    sim_agent_partition(sim->agents[0], 2 * SIM_MINUTE);
    sim_run_for(sim, SIM_MINUTE);
    story_watch(sim, &samples);
    story_deploy(sim, "ok-2", 3, recreate);
    sim_run_for(sim, 30 * SIM_SECOND);
    cr_assert_eq(story_running(sim, 2), 0);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_not(samples.together);
    story_end(sim);
}

Test(kubernetes, recreate_to_no_replicas_and_up_again_waits_for_a_lost_old_one_too)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 3, recreate);
    sim_agent_partition(sim->agents[0], 3 * SIM_MINUTE);
    sim_run_for(sim, SIM_MINUTE);
    story_deployed(sim, "ok-2", 0, recreate);
    story_watch(sim, &samples);
    sim_scale(sim, "web", 3);
    sim_run_for(sim, 30 * SIM_SECOND);
    cr_assert_eq(story_running(sim, 2), 0);
    sim_run_for(sim, 3 * SIM_MINUTE);
    cr_assert_not(samples.together);
    story_is_whole(sim, "ok-2", 3);
    story_end(sim);
}

Test(kubernetes, a_broken_update_is_overtaken_by_a_good_one)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 4, NULL);
    story_watch(sim, &samples);
    story_deploy(sim, "mute-2", 4, NULL);
    sim_run_for(sim, 20 * SIM_SECOND);
    story_deployed(sim, "ok-3", 4, NULL);
    cr_assert_eq(samples.available_min, 4);
    story_is_whole(sim, "ok-3", 4);
    story_end(sim);
}

/* One by chance, of those that a user has; what makes no sense now is refused. */
static void operate(struct sim *sim, struct sim_spec *spec)
{
    struct err err;
    struct sim_process *process = story_process(sim, 0);
    switch (sim_between(sim, 1, 6)) {
    case 1:
        spec->version = arena_printf(&sim->memory, "ok-%lld", (long long)sim_between(sim, 1, 9));
        sim_try_apply(sim, spec, &err);
        break;
    case 2:
        sim_try_rollback(sim, "web", sim_between(sim, 0, 4), &err);
        break;
    case 3:
        spec->replicas = sim_between(sim, 0, 8);
        sim_scale(sim, "web", spec->replicas);
        break;
    case 4:
        sim_order(sim, ORDER_PAUSE, "web");
        break;
    case 5:
        sim_order(sim, ORDER_RESUME, "web");
        break;
    default:
        if (process) sim_process_fail(process, "killed by its owner");
        break;
    }
}

static bool has_ended(struct sim *sim, void *argument)
{
    (void)argument;
    return rollout_state_final(sim_look(sim, "web")->rollout.state);
}

Test(kubernetes, twenty_random_operations_always_converge)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim *sim = sim_open(seed);
        struct sim_spec spec = {
            .name = "web", .version = "ok-1", .replicas = 4, .force = true, .strategy = patient};
        for (int i = 1; i <= 3; i++)
            sim_add_node(sim, arena_printf(&sim->memory, "n%d", i), (struct resources){0});
        sim_apply(sim, &spec);
        for (int i = 0; i < 20; i++) {
            sim_run_for(sim, sim_between(sim, 1, 10 * SIM_SECOND));
            operate(sim, &spec);
        }
        sim_order(sim, ORDER_RESUME, "web");
        cr_assert(sim_run_until(sim, has_ended, NULL, 10 * SIM_MINUTE), "seed %d", (int)seed);
        sim_run_for(sim, 5 * SIM_MINUTE); /* what was killed last is made good after its back-off */
        sim_check_settled(sim);
        story_deployed(sim, "ok-10", 5, patient);
        story_is_whole(sim, "ok-10", 5);
        story_end(sim);
    }
}

Test(kubernetes, scaling_in_the_middle_of_a_rollout_keeps_the_proportions)
{
    static const char strategy[] = "\"max_surge\":3,\"max_unavailable\":2";
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 10, strategy);
    story_deploy(sim, "slow-2", 10, strategy);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(story_running(sim, 2), 5);
    cr_assert_eq(story_running(sim, 1), 8);
    sim_scale(sim, "web", 30);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(story_running(sim, 2), 13);
    cr_assert_eq(story_running(sim, 1), 20);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "slow-2", 30);
    story_end(sim);
}

Test(kubernetes, scaling_while_paused_works_and_starts_nothing_new)
{
    struct sim *sim = story_begin(3);
    struct sim_spec held = {
        .name = "web", .version = "ok-2", .replicas = 3, .spec = "\"paused\":true"};
    story_deployed(sim, "ok-1", 3, NULL);
    sim_apply(sim, &held);
    const int64_t sizes[] = {6, 2, 5};
    for (int i = 0; i < 3; i++) {
        sim_scale(sim, "web", sizes[i]);
        sim_run_for(sim, 10 * SIM_SECOND);
        cr_assert_eq(story_available(sim, 1), sizes[i]);
        cr_assert_eq(story_running(sim, 2), 0);
        cr_assert_eq(sim_look(sim, "web")->rollout.state, ROLLOUT_PAUSED);
    }
    sim_order(sim, ORDER_RESUME, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-2", 5);
    story_end(sim);
}

Test(kubernetes, an_order_to_pause_holds_a_rollout_where_it_is)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, NULL);
    story_deploy(sim, "slow-2", 4, NULL);
    sim_run_for(sim, 5 * SIM_SECOND);
    sim_order(sim, ORDER_PAUSE, "web");
    sim_run_for(sim, 10 * SIM_MINUTE);
    cr_assert_eq(story_available(sim, 1), 4);
    cr_assert_eq(story_available(sim, 2), 1);
    cr_assert_eq(sim_look(sim, "web")->rollout.state, ROLLOUT_PAUSED);
    sim_order(sim, ORDER_RESUME, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(kubernetes, scale_and_template_in_one_edit_end_in_both)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 3, NULL);
    story_watch(sim, &samples);
    story_deployed(sim, "ok-2", 6, NULL);
    cr_assert_geq(samples.available_min, 3);
    cr_assert_leq(samples.total_max, 8);
    story_is_whole(sim, "ok-2", 6);
    story_end(sim);
}

Test(kubernetes, two_replicas_to_none_and_back_to_one)
{
    struct sim *sim = story_begin(2);
    story_deployed(sim, "ok-1", 2, NULL);
    story_deployed(sim, "ok-2", 0, NULL);
    cr_assert_eq(story_running(sim, 0), 0);
    cr_assert_eq(sim_look(sim, "web")->deployment.status.stable_revision, 1);
    sim_scale(sim, "web", 1);
    sim_run_for(sim, 10 * SIM_SECOND);
    story_is_whole(sim, "ok-2", 1);
    story_end(sim);
}

Test(kubernetes, after_the_deadline_has_passed_what_recovers_counts_as_available)
{
    struct sim *sim = story_begin(2);
    story_deploy(sim, "slow-1", 2, "\"progress_deadline_seconds\":15,\"monitor_seconds\":2");
    story_reaches(sim, ROLLOUT_FAILED);
    cr_assert_eq(story_available(sim, 1), 0);
    sim_run_for(sim, 30 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 1), 2);
    cr_assert_str_eq(sim_look(sim, "web")->deployment.status.halted_reason, "no_stable_revision");
    sim_order(sim, ORDER_RETRY, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(sim->starts.count, 2);
    story_end(sim);
}

Test(kubernetes, min_ready_seconds_delay_what_counts_as_available)
{
    struct sim *sim = story_begin(2);
    story_deploy(sim, "ok-1", 2, "\"min_ready_seconds\":20");
    sim_run_for(sim, 15 * SIM_SECOND);
    cr_assert_eq(sim_look(sim, "web")->deployment.status.ready, 2);
    cr_assert_eq(story_available(sim, 1), 0);
    sim_run_for(sim, 10 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 1), 2);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(kubernetes, history_keeps_the_last_ones_and_what_is_stable)
{
    struct sim *sim = story_begin(2);
    struct sim_spec spec = {.name = "web", .replicas = 1, .spec = "\"revision_history_limit\":2"};
    for (int i = 1; i <= 6; i++) {
        spec.version = arena_printf(&sim->memory, "ok-%d", i);
        sim_apply(sim, &spec);
        story_reaches(sim, ROLLOUT_SUCCEEDED);
    }
    cr_assert_str_eq(story_revisions(sim), "6 5 4");
    cr_assert_eq(sim_look(sim, "web")->deployment.status.stable_revision, 6);
    story_end(sim);
}

Test(kubernetes, without_history_what_is_current_stable_pinned_or_tagged_is_kept)
{
    struct sim *sim = story_begin(2);
    struct sim_spec spec = {.name = "web",
                            .replicas = 1,
                            .strategy = "\"auto_rollback\":false,\"progress_deadline_seconds\":30",
                            .spec = "\"revision_history_limit\":0"};
    for (int i = 1; i <= 4; i++) {
        spec.version = arena_printf(&sim->memory, "ok-%d", i);
        sim_apply(sim, &spec);
        story_reaches(sim, ROLLOUT_SUCCEEDED);
        if (i == 1) story_mark(sim, 1, NULL);
        if (i == 2) story_mark(sim, 2, "blessed");
    }
    cr_assert_str_eq(story_revisions(sim), "4 2 1");
    spec.version = "mute-5";
    sim_apply(sim, &spec);
    story_reaches(sim, ROLLOUT_FAILED);
    cr_assert_str_eq(story_revisions(sim), "5 4 2 1");
    spec.version = "ok-6";
    sim_apply(sim, &spec);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_str_eq(story_revisions(sim), "6 2 1");
    story_roll_back_to(sim, "blessed");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(sim_look(sim, "web")->revisions[0].copy_of, 2);
    story_is_whole(sim, "ok-2", 1);
    story_end(sim);
}

Test(kubernetes, an_identical_document_makes_no_revision_and_no_rollout)
{
    struct sim *sim = story_begin(2);
    story_deployed(sim, "ok-1", 2, NULL);
    int64_t index = sim->newest_index;
    story_deploy(sim, "ok-1", 2, NULL);
    sim_run_for(sim, SIM_MINUTE);
    cr_assert_eq(sim->newest_index, index);
    story_end(sim);
}

Test(kubernetes, a_broken_update_that_has_all_it_may_have_leaves_the_old_ones_alone)
{
    static const char strategy[] = "\"max_surge\":1,\"max_unavailable\":1,\"auto_rollback\":false,"
                                   "\"progress_deadline_seconds\":60";
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 5, strategy);
    story_watch(sim, &samples);
    story_deploy(sim, "mute-2", 5, strategy);
    story_reaches(sim, ROLLOUT_FAILED);
    sim_run_for(sim, 10 * SIM_MINUTE);
    cr_assert_eq(samples.available_min, 4);
    cr_assert_eq(story_available(sim, 1), 4);
    sim_close(sim);
}

Test(kubernetes, replicas_of_a_silent_node_count_as_unavailable_at_once_and_again_on_return)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 6, NULL);
    sim_agent_partition(sim->agents[0], 22 * SIM_SECOND);
    sim_run_for(sim, 20 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 1), 4);
    sim_run_for(sim, 10 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 1), 6);
    cr_assert_eq(sim->starts.count, 6);
    story_end(sim);
}

Test(kubernetes, a_node_that_joins_again_starts_nothing_twice)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 6, NULL);
    for (int i = 0; i < 3; i++) {
        sim_agent_stop(sim->agents[i]);
        sim_run_for(sim, 5 * SIM_SECOND);
        sim_agent_start(sim->agents[i]);
        sim_run_for(sim, 5 * SIM_SECOND);
    }
    sim_run_for(sim, SIM_MINUTE);
    cr_assert_eq(sim->starts.count, 6);
    story_is_whole(sim, "ok-1", 6);
    story_end(sim);
}

Test(kubernetes, delete_in_the_middle_of_each_strategy_removes_everything)
{
    static const char *const strategies[] = {NULL, recreate, "\"type\":\"blue_green\"",
                                             "\"type\":\"canary\",\"steps\":[{\"set_weight\":25},"
                                             "{\"pause\":{}}]"};
    for (int i = 0; i < 4; i++) {
        struct sim *sim = story_begin(3);
        story_deployed(sim, "ok-1", 4, strategies[i]);
        story_deploy(sim, "slow-2", 4, strategies[i]);
        sim_run_for(sim, 21 * SIM_SECOND);
        sim_delete(sim, "web");
        cr_assert(sim_until_gone(sim, "web", SIM_MINUTE));
        for (size_t n = 0; n < sim->agent_count; n++)
            cr_assert_eq(sim_agent_running(sim->agents[n]), 0);
        story_end(sim);
    }
}
