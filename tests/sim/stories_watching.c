/* What is watched, and for how long: the new set after a switch, a canary that waits, a timer that
 * is edited on its way, and what an order changes of all that. */
#include "base/text.h"
#include "store/events.h"
#include "support/sim_check.h"
#include "support/sim_story.h"

#include <criterion/criterion.h>

static const char blue_green[] = "\"type\":\"blue_green\",\"keep_old_seconds\":60";
static const char preview[] = "\"type\":\"blue_green\",\"auto_promote\":false";

#define CANARY(steps) "\"type\":\"canary\",\"steps\":[" steps "]"
static const char two_pauses[] =
    CANARY("{\"set_weight\":25},{\"pause\":{}},{\"set_weight\":50},{\"pause\":{}}");

/* All of that revision become, or cease to be, ready. */
static void turn(struct sim *sim, int64_t revision, bool ready)
{
    const struct sim_look *look = sim_look(sim, "web");
    for (size_t i = 0; i < look->count; i++) {
        const struct replica *replica = &look->replicas[i];
        if (replica->revision != revision || !replica->node) continue;
        struct sim_process *process = sim_agent_find(sim, replica->node)->processes;
        while (process && !text_equal(process->id, replica->id))
            process = process->next;
        cr_assert_not_null(process);
        process->ready = ready;
        sim_process_changed(process);
    }
}

static void turn_one(struct sim *sim, int64_t revision, bool ready)
{
    struct sim_process *process = story_process(sim, revision);
    process->ready = ready;
    sim_process_changed(process);
}

static const struct rollout *rollout(struct sim *sim)
{
    return &sim_look(sim, "web")->rollout;
}

static const struct deployment_status *status(struct sim *sim)
{
    return &sim_look(sim, "web")->deployment.status;
}

/* Of 4: `ok-1`, then that version, up to the switch; the old ones are kept. */
static struct sim *switched(const char *version, const char *strategy)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, strategy);
    story_deploy(sim, version, 4, strategy);
    for (int i = 0; i < 60 && rollout(sim)->step != BLUE_GREEN_SWITCHED; i++)
        sim_run_for(sim, 100);
    cr_assert_eq(rollout(sim)->step, BLUE_GREEN_SWITCHED);
    return sim;
}

/* ---- blue_green, after the switch ---- */

Test(watching, what_serves_no_more_after_the_switch_gives_the_traffic_back_at_once)
{
    struct sim *sim = switched("fading-2", blue_green);
    sim_run_for(sim, 10 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_ROLLED_BACK);
    cr_assert_str_eq(rollout(sim)->reason, "unhealthy_after_ready");
    cr_assert_not_null(strstr(rollout(sim)->message, "serves any more"), "%s",
                       rollout(sim)->message);
    cr_assert_eq(sim->starts.count, 8, "the old ones were kept");
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(watching, one_that_is_down_when_the_old_set_would_go_takes_the_traffic_back)
{
    struct sim *sim = switched("ok-2", blue_green);
    sim_run_for(sim, 30 * SIM_SECOND); /* monitor_seconds have passed */
    turn_one(sim, 2, false);
    sim_run_for(sim, 20 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_PROGRESSING);
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    cr_assert_str_eq(rollout(sim)->reason, "unhealthy_after_ready");
    cr_assert_not_null(strstr(rollout(sim)->message, "keep_old_seconds (60)"));
    cr_assert_eq(sim->starts.count, 8, "the old ones were kept");
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(watching, the_old_set_stays_until_the_new_one_is_whole)
{
    static const char patient[] =
        "\"type\":\"blue_green\",\"keep_old_seconds\":20,\"max_failure_ratio\":0.5";
    struct sim *sim = switched("ok-2", patient);
    turn_one(sim, 2, false);
    sim_run_for(sim, SIM_MINUTE);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_PROGRESSING);
    cr_assert_eq(rollout(sim)->failed_replicas, 1);
    cr_assert_eq(story_available(sim, 1), 4);
    turn(sim, 2, true);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-2", 4);
    story_end(sim);
}

Test(watching, a_promote_in_full_lets_the_old_set_go_once_it_was_monitored)
{
    struct sim *sim = switched(
        "ok-2", "\"type\":\"blue_green\",\"keep_old_seconds\":3600,\"monitor_seconds\":30");
    story_refused(sim, ORDER_PROMOTE, "nothing waits for a promote");
    sim_order(sim, ORDER_PROMOTE_FULL, "web");
    sim_run_for(sim, 20 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 1), 4, "monitor_seconds hold");
    sim_run_for(sim, 20 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-2", 4);
    story_end(sim);
}

/* ---- what the status says ---- */

Test(watching, the_status_counts_as_available_what_gets_traffic)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, preview);
    story_deploy(sim, "ok-2", 4, preview);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(status(sim)->available, 4);
    cr_assert_eq(status(sim)->ready, 4);
    cr_assert_eq(status(sim)->updated, 4);
    cr_assert_eq(status(sim)->total, 8);
    cr_assert_eq(rollout(sim)->progress.available, 4);
    turn(sim, 1, false);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(status(sim)->available, 0);
    cr_assert_eq(status(sim)->state, DEPLOYMENT_UNHEALTHY);
    cr_assert_not_null(strstr(status(sim)->message, "nothing that gets traffic is available"));
    turn(sim, 1, true);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(status(sim)->state, DEPLOYMENT_PAUSED);
    sim_order(sim, ORDER_ABORT, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(watching, a_paused_rollout_with_nothing_that_serves_is_unhealthy)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, NULL);
    story_deploy(sim, "slow-2", 3, NULL);
    sim_order(sim, ORDER_PAUSE, "web");
    sim_run_for(sim, SIM_SECOND);
    cr_assert_eq(status(sim)->state, DEPLOYMENT_PAUSED);
    turn(sim, 1, false);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(status(sim)->state, DEPLOYMENT_UNHEALTHY);
    turn(sim, 1, true);
    sim_order(sim, ORDER_RESUME, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

static void no_alarm(struct sim *sim, void *argument)
{
    (void)argument;
    cr_assert_neq(status(sim)->state, DEPLOYMENT_UNHEALTHY, "%s", status(sim)->message);
}

Test(watching, the_gap_of_a_recreate_is_no_alarm)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, "\"type\":\"recreate\"");
    sim->on_commit = no_alarm;
    story_deployed(sim, "slow-2", 3, "\"type\":\"recreate\"");
    sim->on_commit = NULL;
    story_end(sim);
}

/* ---- what waits for a promote ---- */

Test(watching, a_canary_that_dies_while_it_waits_is_taken_back)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(rollout(sim)->deadline_at_ms, 0);
    turn(sim, 2, false);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_PROGRESSING);
    cr_assert_gt(rollout(sim)->deadline_at_ms, 0);
    story_refused(sim, ORDER_PROMOTE, "0 of 1 canaries are available");
    sim_run_for(sim, 280 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_PROGRESSING);
    sim_run_for(sim, 30 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_ROLLED_BACK);
    cr_assert_str_eq(rollout(sim)->reason, "unhealthy_after_ready");
    cr_assert_not_null(strstr(rollout(sim)->message, "healthy_seconds (300)"));
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(watching, previews_that_recover_wait_again)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, preview);
    story_deploy(sim, "ok-2", 3, preview);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    turn_one(sim, 2, false);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_PROGRESSING);
    story_refused(sim, ORDER_PROMOTE, "2 of 3 previews are available");
    turn(sim, 2, true);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

/* ---- edited on the way ---- */

Test(watching, the_time_that_the_old_set_is_kept_is_what_the_spec_says_now)
{
    struct sim *sim = switched("ok-2", "\"type\":\"blue_green\",\"keep_old_seconds\":3600");
    int64_t deadline_ms = rollout(sim)->deadline_at_ms;
    sim_run_for(sim, 20 * SIM_SECOND);
    story_deploy(sim, "ok-2", 4, "\"type\":\"blue_green\",\"keep_old_seconds\":60");
    sim_run_for(sim, SIM_SECOND);
    cr_assert_eq(rollout(sim)->deadline_at_ms, deadline_ms - (3600 - 60) * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_PROGRESSING);
    sim_run_for(sim, 45 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(watching, a_timer_that_is_made_shorter_than_it_has_run_ends_at_once)
{
    static const char waits[] = "\"type\":\"blue_green\",\"auto_promote_after_seconds\":7200";
    static const char hurries[] = "\"type\":\"blue_green\",\"auto_promote_after_seconds\":60";
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, waits);
    story_deploy(sim, "ok-2", 3, waits);
    sim_run_for(sim, 60 * SIM_MINUTE);
    cr_assert_eq(rollout(sim)->step, BLUE_GREEN_PREVIEW);
    story_deploy(sim, "ok-2", 3, hurries);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->step, BLUE_GREEN_SWITCHED, "%s", rollout(sim)->message);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(watching, monitor_and_batch_pause_are_as_long_as_the_spec_says_now)
{
    static const char long_ones[] =
        "\"max_surge\":1,\"batch_pause_seconds\":3000,\"monitor_seconds\":500";
    static const char short_ones[] =
        "\"max_surge\":1,\"batch_pause_seconds\":1,\"monitor_seconds\":500";
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, NULL);
    story_deploy(sim, "ok-2", 3, long_ones);
    sim_run_for(sim, 10 * SIM_SECOND);
    cr_assert_gt(rollout(sim)->batch_since_ms, 0);
    story_deploy(sim, "ok-2", 3, short_ones);
    sim_run_for(sim, 90 * SIM_SECOND);
    cr_assert_gt(rollout(sim)->monitor_since_ms, 0);
    story_deploy(sim, "ok-2", 3, NULL);
    sim_run_for(sim, 20 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(watching, steps_that_are_edited_skip_no_promote)
{
    static const char without_first[] =
        CANARY("{\"pause\":{}},{\"set_weight\":50},{\"pause\":{}},{\"set_weight\":75}");
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(rollout(sim)->step, 1);
    story_deploy(sim, "ok-2", 4, without_first);
    sim_run_for(sim, SIM_MINUTE);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(rollout(sim)->step, 0);
    cr_assert_eq(story_available(sim, 1), 4);
    sim_order(sim, ORDER_PROMOTE_FULL, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(watching, steps_that_are_edited_ahead_leave_the_number)
{
    static const char longer[] = CANARY(
        "{\"set_weight\":25},{\"pause\":{}},{\"set_weight\":75},{\"pause\":{}},{\"pause\":{}}");
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    story_deploy(sim, "ok-2", 4, longer);
    sim_run_for(sim, 10 * SIM_SECOND);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(rollout(sim)->step, 1);
    sim_order(sim, ORDER_PROMOTE_FULL, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

/* ---- orders ---- */

Test(watching, an_apply_that_does_not_name_the_pause_leaves_it)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, NULL);
    sim_order(sim, ORDER_PAUSE, "web");
    story_deploy(sim, "ok-2", 3, NULL);
    sim_run_for(sim, SIM_MINUTE);
    cr_assert(sim_look(sim, "web")->deployment.spec.paused);
    cr_assert_eq(story_available(sim, 1), 3);
    sim_apply(sim,
              &(struct sim_spec){
                  .name = "web", .version = "ok-2", .replicas = 3, .spec = "\"paused\":false"});
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-2", 3);
    story_end(sim);
}

Test(watching, a_rollback_resumes_what_was_paused)
{
    struct sim *sim = story_begin(3);
    struct err err;
    story_deployed(sim, "ok-1", 3, NULL);
    story_deploy(sim, "slow-2", 3, NULL);
    sim_run_for(sim, 30 * SIM_SECOND);
    sim_order(sim, ORDER_PAUSE, "web");
    sim_run_for(sim, SIM_SECOND);
    cr_assert_eq(sim_try_rollback(sim, "web", 1, &err), ERR_OK);
    cr_assert_not(sim_look(sim, "web")->deployment.spec.paused);
    cr_assert_str_eq(sim_event(sim, "deployment", "web", "resumed")->message,
                     "resumed by the rollback");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-1", 3);
    story_end(sim);
}

Test(watching, what_was_aborted_has_failed)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_ABORT, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(sim_look(sim, "web")->revisions[1].outcome, OUTCOME_FAILED);
    story_end(sim);
}

Test(watching, forced_an_unchanged_document_that_is_halted_is_tried_again)
{
    static const char no_way_back[] = "\"auto_rollback\":false";
    struct sim *sim = story_begin(3);
    struct sim_spec spec = {
        .name = "web", .version = "crash-2", .replicas = 3, .strategy = no_way_back};
    story_deployed(sim, "ok-1", 3, no_way_back);
    sim_apply(sim, &spec);
    story_reaches(sim, ROLLOUT_FAILED);
    sim_apply(sim, &spec);
    sim_run_for(sim, SIM_SECOND);
    cr_assert_eq(rollout(sim)->id, 2, "unforced it changes nothing");
    spec.force = true;
    sim_apply(sim, &spec);
    cr_assert_eq(rollout(sim)->id, 3);
    cr_assert_eq(rollout(sim)->state, ROLLOUT_PROGRESSING);
    cr_assert_not_null(sim_event(sim, "deployment", "web", "quarantine_lifted"));
    story_reaches(sim, ROLLOUT_FAILED);
    sim_close(sim);
}

Test(watching, what_was_scaled_to_zero_in_a_restart_is_proven_when_it_runs_again)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, NULL);
    sim_order(sim, ORDER_RESTART, "web");
    sim_run_for(sim, 100);
    sim_scale(sim, "web", 0);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(status(sim)->stable_revision, 1, "nothing was proven");
    sim_scale(sim, "web", 3);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(status(sim)->stable_revision, 1, "monitor_seconds hold");
    sim_run_for(sim, 10 * SIM_SECOND);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->deployment.status.stable_revision, 2);
    cr_assert_eq(look->revisions[0].outcome, OUTCOME_STABLE);
    cr_assert_eq(look->revisions[1].outcome, OUTCOME_SUPERSEDED);
    story_end(sim);
}
