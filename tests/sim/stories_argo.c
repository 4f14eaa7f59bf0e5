/* What the suites of Argo Rollouts ask for. */
#include "base/text.h"
#include "support/sim_check.h"
#include "support/sim_story.h"

#include <criterion/criterion.h>

#define CANARY(steps) "\"type\":\"canary\",\"steps\":[" steps "]"
#define CHECK                                                                                      \
    "{\"check\":{\"port\":\"http\",\"path\":\"/check\",\"expect_status\":200,\"times\":1}}"
static const char two_pauses[] =
    CANARY("{\"set_weight\":25},{\"pause\":{}},{\"set_weight\":50},{\"pause\":{}}");
static const char blue_green[] = "\"type\":\"blue_green\",\"auto_promote\":false,"
                                 "\"keep_old_seconds\":60,\"monitor_seconds\":10";

/* ---- canary ---- */

Test(argo, a_first_deploy_skips_all_steps)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(argo, each_promote_ends_the_pause_of_its_own_step)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_watch(sim, &samples);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(story_available(sim, 2), 1);
    cr_assert_eq(story_available(sim, 1), 3);
    sim_order(sim, ORDER_PROMOTE, "web");
    sim_run_for(sim, 10 * SIM_SECOND);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(story_available(sim, 2), 2);
    cr_assert_eq(story_available(sim, 1), 2);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(samples.available_min, 4);
    cr_assert_eq(samples.total_max, 5);
    story_is_whole(sim, "ok-2", 4);
    story_end(sim);
}

Test(argo, promote_full_skips_all_that_is_left_of_the_steps)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_PROMOTE_FULL, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-2", 4);
    story_end(sim);
}

Test(argo, abort_goes_back_at_once_and_the_spec_names_the_stable_template_again)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    story_watch(sim, &samples);
    sim_order(sim, ORDER_ABORT, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->rollouts[1].state, ROLLOUT_ABORTED);
    cr_assert_eq(look->revisions[0].source, SOURCE_ABORT);
    cr_assert_eq(look->revisions[0].copy_of, 1);
    cr_assert_geq(samples.available_min, 4);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(argo, retry_starts_the_aborted_target_again_with_all_its_steps)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_ABORT, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_refused(sim, ORDER_ABORT, "no rollout runs");
    sim_order(sim, ORDER_RETRY, "web");
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(story_available(sim, 4), 1);
    sim_order(sim, ORDER_PROMOTE_FULL, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-2", 4);
    story_end(sim);
}

Test(argo, a_check_that_passes_lets_the_rollout_go_on)
{
    static const char strategy[] =
        CANARY("{\"set_weight\":50}," CHECK ",{\"set_weight\":75}," CHECK);
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, strategy);
    story_deployed(sim, "ok-2", 4, strategy);
    story_is_whole(sim, "ok-2", 4);
    story_end(sim);
}

Test(argo, a_check_that_fails_takes_the_rollout_back_at_once_whatever_the_failure_ratio)
{
    static const char strategy[] =
        CANARY("{\"set_weight\":50}," CHECK ",{\"pause\":{}}") ",\"max_failure_ratio\":0.9";
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, strategy);
    story_deploy(sim, "picky-2", 4, strategy);
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    const struct rollout *rollout = &sim_look(sim, "web")->rollout;
    cr_assert_str_eq(rollout->reason, "check_failed");
    cr_assert_not_null(strstr(rollout->message, "answered 500"), "%s", rollout->message);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(argo, scaling_during_a_pause_keeps_the_weight_of_the_step)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_scale(sim, "web", 8);
    sim_run_for(sim, 10 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 2), 2);
    cr_assert_eq(story_available(sim, 1), 6);
    sim_scale(sim, "web", 4);
    sim_run_for(sim, 10 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 2), 1);
    cr_assert_eq(story_available(sim, 1), 3);
    sim_order(sim, ORDER_PROMOTE_FULL, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(argo, scaling_in_the_middle_of_a_step_makes_the_step_anew)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_watch(sim, &samples);
    story_deploy(sim, "slow-2", 4, two_pauses);
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(story_running(sim, 2), 1);
    sim_scale(sim, "web", 12);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(story_available(sim, 2), 3);
    cr_assert_eq(story_available(sim, 1), 9);
    sim_order(sim, ORDER_PROMOTE_FULL, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(samples.available_min, 4);
    cr_assert_leq(samples.total_max, 15);
    story_is_whole(sim, "slow-2", 12);
    story_end(sim);
}

Test(argo, a_pause_longer_than_the_deadline_fails_nothing)
{
    static const char strategy[] = CANARY(
        "{\"set_weight\":25},{\"pause\":{\"seconds\":300}}") ",\"progress_deadline_seconds\":60";
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, strategy);
    story_deploy(sim, "ok-2", 4, strategy);
    sim_run_for(sim, 4 * SIM_MINUTE);
    cr_assert_eq(story_available(sim, 2), 1);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-2", 4);
    story_end(sim);
}

Test(argo, a_rollback_to_the_stable_revision_skips_the_steps)
{
    struct sim *sim = story_begin(3);
    struct err err;
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(sim_try_rollback(sim, "web", 0, &err), ERR_OK);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, 30 * SIM_SECOND));
    cr_assert_eq(sim->starts.count, 6); /* four, a canary, and one again in its place */
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(argo, a_rollback_to_what_was_replaced_long_ago_skips_the_steps_too)
{
    struct sim *sim = story_begin(3);
    struct err err;
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_PROMOTE_FULL, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    sim_run_for(sim, 10 * SIM_MINUTE);
    cr_assert_eq(sim_try_rollback(sim, "web", 1, &err), ERR_OK);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, SIM_MINUTE));
    cr_assert_eq(sim_count_events(sim, "rollout", "awaiting_promotion"), 1);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(argo, an_edit_back_to_the_stable_version_skips_the_steps_and_keeps_its_replicas)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    story_deploy(sim, "ok-1", 4, two_pauses);
    cr_assert(sim_until_rollout(sim, "web", ROLLOUT_SUCCEEDED, 30 * SIM_SECOND));
    cr_assert_eq(sim_look(sim, "web")->rollouts[1].state, ROLLOUT_SUPERSEDED);
    cr_assert_eq(sim->starts.count, 6);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

/* ---- one version after the other ---- */

struct change {
    const char *first, *second;
    enum rollout_state end;
    const char *version; /* whole at the end; NULL = none works */
};

Test(argo, good_and_bad_versions_follow_each_other)
{
    static const struct change changes[] = {
        {"ok-1", "crash-2", ROLLOUT_ROLLED_BACK, "ok-1"},
        {"crash-1", "ok-2", ROLLOUT_SUCCEEDED, "ok-2"},
        {"crash-1", "mute-2", ROLLOUT_FAILED, NULL},
        {"unrunnable-1", "ok-2", ROLLOUT_SUCCEEDED, "ok-2"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct sim *sim = story_begin(3);
        story_deploy(sim, changes[i].first, 3, NULL);
        sim_run_for(sim, 2 * SIM_MINUTE);
        story_deploy(sim, changes[i].second, 3, NULL);
        story_reaches(sim, changes[i].end);
        if (changes[i].version) story_is_whole(sim, changes[i].version, 3);
        sim_close(sim);
    }
}

/* ---- blue_green ---- */

Test(argo, blue_green_shows_its_previews_to_nobody_until_it_is_promoted)
{
    static const char strategy[] = "\"type\":\"blue_green\",\"auto_promote\":false,"
                                   "\"preview_replicas\":1,\"keep_old_seconds\":20";
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 4, strategy);
    story_watch(sim, &samples);
    story_deploy(sim, "ok-2", 4, strategy);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(story_available(sim, 2), 1);
    cr_assert_eq(story_serving(sim), 4);
    cr_assert_eq(samples.total_max, 5);
    sim_order(sim, ORDER_PROMOTE, "web");
    sim_run_for(sim, 5 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 2), 4);
    cr_assert_eq(story_available(sim, 1), 4); /* kept for a way back */
    cr_assert_eq(story_serving(sim), 4);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(samples.serving_min, 4);
    cr_assert_eq(samples.total_max, 8);
    cr_assert_null(sim_look(sim, "web")->deployment.active_hash);
    story_is_whole(sim, "ok-2", 4);
    story_end(sim);
}

Test(argo, an_aborted_blue_green_takes_its_previews_away_and_traffic_never_moves)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 4, blue_green);
    story_watch(sim, &samples);
    story_deploy(sim, "ok-2", 4, blue_green);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_ABORT, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(samples.serving_min, 4);
    cr_assert_eq(sim->starts.count, 8);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(argo, within_keep_old_seconds_the_old_set_takes_over_again_without_a_wait)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    struct err err;
    story_deployed(sim, "ok-1", 4, blue_green);
    story_deploy(sim, "ok-2", 4, blue_green);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_PROMOTE, "web");
    sim_run_for(sim, 30 * SIM_SECOND); /* switched, the old ones are kept */
    cr_assert_str_eq(sim_look(sim, "web")->deployment.active_hash,
                     sim_look(sim, "web")->deployment.template_hash);
    story_watch(sim, &samples);
    cr_assert_eq(sim_try_rollback(sim, "web", 1, &err), ERR_OK);
    sim_run_for(sim, 100);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_str_eq(look->deployment.spec.template.version, "ok-1");
    cr_assert(!look->deployment.active_hash ||
              text_equal(look->deployment.active_hash, look->deployment.template_hash));
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(samples.serving_min, 4);
    cr_assert_eq(sim->starts.count, 8);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(argo, an_abort_after_the_switch_gives_traffic_back_at_once)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 4, blue_green);
    story_deploy(sim, "ok-2", 4, blue_green);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_PROMOTE, "web");
    sim_run_for(sim, 30 * SIM_SECOND); /* switched, the old ones are kept */
    story_watch(sim, &samples);
    sim_order(sim, ORDER_ABORT, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(sim_look(sim, "web")->rollouts[1].state, ROLLOUT_ABORTED);
    cr_assert_eq(samples.serving_min, 4);
    cr_assert_eq(sim->starts.count, 8);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(argo, what_fails_after_the_switch_gives_traffic_back_to_the_old_set_at_once)
{
    static const char strategy[] = "\"type\":\"blue_green\",\"monitor_seconds\":10";
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, strategy);
    story_deploy(sim, "fading-2", 4, strategy);
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    cr_assert_str_eq(sim_look(sim, "web")->rollout.reason, "unhealthy_after_ready");
    cr_assert_eq(sim->starts.count, 8);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}

Test(argo, a_strategy_changed_on_the_way_begins_with_its_own_first_step)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 4, two_pauses);
    story_watch(sim, &samples);
    story_deploy(sim, "ok-2", 4, two_pauses);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    story_deploy(sim, "ok-2", 4, blue_green);
    sim_run_for(sim, 20 * SIM_SECOND);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(story_available(sim, 1), 4);
    cr_assert_eq(story_available(sim, 2), 4);
    story_deploy(sim, "ok-2", 4, two_pauses);
    sim_run_for(sim, 20 * SIM_SECOND);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_PROMOTE_FULL, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_geq(samples.available_min, 4);
    cr_assert_geq(samples.serving_min, 3);
    story_is_whole(sim, "ok-2", 4);
    story_end(sim);
}

Test(argo, scaling_during_a_blue_green_sizes_the_active_set_and_the_new_one)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, blue_green);
    story_deploy(sim, "ok-2", 3, blue_green);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_scale(sim, "web", 5);
    sim_run_for(sim, 10 * SIM_SECOND);
    cr_assert_eq(story_available(sim, 1), 5);
    cr_assert_eq(story_available(sim, 2), 5);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-2", 5);
    story_end(sim);
}

/* ---- restart ---- */

Test(argo, a_restart_replaces_all_within_the_budget)
{
    struct sim *sim = story_begin(3);
    struct story_samples samples;
    story_deployed(sim, "ok-1", 4, "\"max_surge\":1,\"max_unavailable\":0");
    story_watch(sim, &samples);
    sim_order(sim, ORDER_RESTART, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(samples.available_min, 4);
    cr_assert_eq(samples.total_max, 5);
    cr_assert_eq(sim->starts.count, 8);
    story_is_whole(sim, "ok-1", 4);
    story_end(sim);
}
