/* Rules that no peer's suite asks for: what is promised in a rollout that fails, is overtaken or
 * loses its nodes. */
#include "base/text.h"
#include "model/event.h"
#include "support/sim_check.h"
#include "support/sim_story.h"

#include <criterion/criterion.h>

static const char two_at_a_time[] = "\"max_surge\":0,\"max_unavailable\":2";
static const char no_way_back[] = "\"max_surge\":1,\"auto_rollback\":false";
static const char one_canary[] =
    "\"type\":\"canary\",\"steps\":[{\"set_replicas\":1},{\"pause\":{}}]";

/* ---- scaling ---- */

static const struct {
    const char *version, *strategy;
    enum rollout_state state;
    int64_t available; /* at least, once scaled to eight */
} situations[] = {
    {"ok-2", one_canary, ROLLOUT_AWAITING_PROMOTION, 8},
    {"slow-2", two_at_a_time, ROLLOUT_PAUSED, 8},
    {"crash-2", two_at_a_time, ROLLOUT_ROLLING_BACK, 8},
    {"crash-2", two_at_a_time, ROLLOUT_ROLLED_BACK, 8},
    {"crash-2", no_way_back, ROLLOUT_FAILED, 7}, /* its share is what crashes */
};

Test(rules, scaling_is_refused_in_no_state_and_changes_none)
{
    for (size_t i = 0; i < sizeof situations / sizeof *situations; i++) {
        struct sim *sim = story_begin(3);
        enum rollout_state state = situations[i].state;
        story_deployed(sim, "slow-1", 4, situations[i].strategy);
        story_deploy(sim, situations[i].version, 4, situations[i].strategy);
        if (state == ROLLOUT_PAUSED) sim_order(sim, ORDER_PAUSE, "web");
        story_reaches(sim, state);
        sim_scale(sim, "web", 8);
        sim_run_for(sim, SIM_SECOND);
        const struct sim_look *look = sim_look(sim, "web");
        cr_assert_eq(look->deployment.scaled_to, 8, "row %zu", i);
        cr_assert_eq(look->rollout.state, state, "row %zu", i);
        cr_assert_geq(story_running(sim, 0), 8, "row %zu", i);
        sim_run_for(sim, SIM_MINUTE);
        cr_assert_geq(story_available(sim, 0), situations[i].available, "row %zu", i);
        sim_close(sim);
    }
}

/* ---- failing ---- */

Test(rules, a_failed_rollout_halts_the_steps_and_neither_pauses_nor_stops_healing)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, no_way_back);
    story_deploy(sim, "crash-2", 4, no_way_back);
    story_reaches(sim, ROLLOUT_FAILED);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_not(look->deployment.spec.paused);
    cr_assert_str_eq(look->deployment.spec.template.version, "crash-2");
    cr_assert_str_eq(look->deployment.status.halted_reason, "auto_rollback_off");
    sim_process_fail(story_process(sim, 1), "killed by its owner");
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 1), 3);
    sim_run_for(sim, 10 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 1), 4);
    story_deployed(sim, "ok-3", 4, no_way_back);
    cr_assert_null(sim_look(sim, "web")->deployment.status.halted_reason);
    story_is_whole(sim, "ok-3", 4);
    story_end(sim);
}

Test(rules, a_way_back_that_fails_too_halts_and_tells_both_reasons)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "rotten-1", 4, two_at_a_time);
    sim_run_for(sim, 40 * SIM_SECOND);
    story_deploy(sim, "crash-2", 4, two_at_a_time);
    story_reaches(sim, ROLLOUT_FAILED);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_str_eq(look->deployment.status.halted_reason, "rollback_failed");
    cr_assert_not_null(strstr(look->rollout.message, "failed too"), "%s", look->rollout.message);
    cr_assert_not_null(strstr(look->rollout.message, "what began it"), "%s", look->rollout.message);
    cr_assert_eq(story_available(sim, 0), 2);
    sim_close(sim);
}

Test(rules, a_new_version_overtakes_the_way_back_and_what_failed_stays_in_quarantine)
{
    struct sim *sim = story_begin(3);
    struct err err;
    struct sim_spec bad = {
        .name = "web", .version = "crash-2", .replicas = 4, .strategy = two_at_a_time};
    story_deployed(sim, "slow-1", 4, two_at_a_time);
    sim_apply(sim, &bad);
    story_reaches(sim, ROLLOUT_ROLLING_BACK);
    cr_assert_eq(sim_try_apply(sim, &bad, &err), ERR_QUARANTINED);
    cr_assert_not_null(strstr(err.detail, "rollout 2 "), "%s", err.detail);
    story_deploy(sim, "ok-3", 4, two_at_a_time);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->rollouts[1].state, ROLLOUT_SUPERSEDED);
    cr_assert_eq(look->deployment.status.stable_revision, 1);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-3", 4);
    cr_assert_eq(sim_try_apply(sim, &bad, &err), ERR_QUARANTINED);
    story_end(sim);
}

Test(rules, a_retry_tries_again_what_was_taken_back)
{
    struct sim *sim = story_begin(3);
    struct err err;
    struct sim_spec fading = {
        .name = "web", .version = "fading-2", .replicas = 2, .strategy = "\"monitor_seconds\":10"};
    story_deployed(sim, "ok-1", 2, NULL);
    sim_apply(sim, &fading);
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    cr_assert_eq(sim_try_apply(sim, &fading, &err), ERR_QUARANTINED);
    sim_order(sim, ORDER_RETRY, "web");
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_str_eq(look->deployment.spec.template.version, "fading-2");
    cr_assert_eq(look->rollout.state, ROLLOUT_PROGRESSING);
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    cr_assert_eq(sim_count_events(sim, "rollout", "rolled_back"), 2);
    story_end(sim);
}

/* ---- every end is told ---- */

static const char *const ends[] = {"succeeded", "rolled_back", "superseded", "aborted", "failed"};

Test(rules, every_end_of_a_rollout_is_one_event_with_a_sentence)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, NULL);
    story_deploy(sim, "crash-2", 3, NULL);
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    story_deploy(sim, "slow-3", 3, NULL);
    sim_run_for(sim, 5 * SIM_SECOND);
    story_deploy(sim, "slow-4", 3, NULL);
    sim_run_for(sim, 5 * SIM_SECOND);
    sim_order(sim, ORDER_ABORT, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_deploy(sim, "crash-5", 3, no_way_back);
    story_reaches(sim, ROLLOUT_FAILED);
    for (int i = 0; i < 5; i++) {
        const struct event *event = sim_event(sim, "rollout", "web", ends[i]);
        cr_assert_not_null(event, "%s", ends[i]);
        cr_assert_gt(strlen(event->message), 0, "%s", ends[i]);
        cr_assert_eq(sim_count_events(sim, "rollout", ends[i]), i == 0 ? 2 : 1, "%s", ends[i]);
    }
    const struct event *failed = sim_event(sim, "rollout", "web", "failed");
    cr_assert_not_null(strstr(failed->message, "crash_loop"), "%s", failed->message);
    cr_assert_not_null(strstr(failed->data, "\"failed_replica\":{"), "%s", failed->data);
    cr_assert_not_null(strstr(failed->data, "connection refused"), "%s", failed->data);
    cr_assert_not_null(strstr(failed->data, "out of cheese"), "%s", failed->data);
    sim_close(sim);
}

/* ---- nodes ---- */

Test(rules, a_rollout_ends_without_what_a_lost_node_runs_and_that_stops_on_its_return)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 6, NULL);
    struct sim_agent *away = sim->agents[0];
    int64_t there = sim_agent_running(away);
    sim_agent_partition(away, 5 * SIM_MINUTE);
    sim_run_for(sim, SIM_MINUTE);
    story_deploy(sim, "ok-2", 6, NULL);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, 2 * SIM_MINUTE));
    cr_assert_eq(story_available(sim, 2), 6);
    cr_assert_eq(sim_agent_running(away), there);
    sim_run_for(sim, 5 * SIM_MINUTE);
    cr_assert_eq(sim_agent_running(away), 0);
    story_is_whole(sim, "ok-2", 6);
    story_end(sim);
}

Test(rules, a_node_lost_in_mid_rollout_counts_against_no_version)
{
    struct sim *sim = story_begin(4);
    story_deployed(sim, "ok-1", 8, NULL);
    story_deploy(sim, "slow-2", 8, "\"max_failure_ratio\":0");
    sim_run_for(sim, 10 * SIM_SECOND);
    struct sim_process *process = story_process(sim, 2);
    sim_agent_partition(process->agent, 5 * SIM_MINUTE);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(sim_look(sim, "web")->rollout.failed_replicas, 0);
    sim_run_for(sim, 6 * SIM_MINUTE);
    story_is_whole(sim, "slow-2", 8);
    story_end(sim);
}
