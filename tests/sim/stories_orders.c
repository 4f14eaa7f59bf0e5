/* Orders at awkward moments: what they must not get past, and what they must not break. */
#include "base/text.h"
#include "support/sim_check.h"
#include "support/sim_story.h"

#include <criterion/criterion.h>

#define CANARY(steps) "\"type\":\"canary\",\"steps\":[" steps "]"
#define CHECK(path)                                                                                \
    "{\"check\":{\"port\":\"http\",\"path\":\"" path "\",\"expect_status\":200,\"times\":1}}"
static const char one_pause[] = CANARY("{\"set_replicas\":1},{\"pause\":{}}");
static const char blue_green[] = "\"type\":\"blue_green\",\"auto_promote\":false,"
                                 "\"preview_replicas\":1,\"keep_old_seconds\":5";
static const char no_way_back[] = "\"auto_rollback\":false";
static const char short_limits[] = "\"healthy_seconds\":20";

static void deploy_badly(struct sim *sim, const char *strategy)
{
    sim_apply(sim, &(struct sim_spec){.name = "web",
                                      .version = "crash-2",
                                      .replicas = 3,
                                      .strategy = strategy,
                                      .limits = short_limits});
}

static void deploy_well(struct sim *sim)
{
    sim_apply(sim, &(struct sim_spec){
                       .name = "web", .version = "ok-1", .replicas = 3, .limits = short_limits});
    story_reaches(sim, ROLLOUT_SUCCEEDED);
}

static enum err_code try_badly(struct sim *sim, bool force)
{
    struct err err;
    return sim_try_apply(sim,
                         &(struct sim_spec){.name = "web",
                                            .version = "crash-2",
                                            .replicas = 3,
                                            .limits = short_limits,
                                            .force = force},
                         &err);
}

static enum err_code try_order(struct sim *sim, enum sim_order order)
{
    struct err err;
    return sim_try_order(sim, order, "web", &err);
}

static void terminate(struct sim *sim)
{
    sim_order(sim, ORDER_TERMINATE, "web");
    cr_assert(sim_until_state(sim, "web", DEPLOYMENT_TERMINATED, SIM_MINUTE));
}

/* ---- promote ---- */

Test(orders, a_full_promote_waits_for_the_canary_that_is_yet_to_be_made)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, one_pause);
    story_deploy(sim, "ok-2", 4, one_pause);
    story_refused(sim, ORDER_PROMOTE_FULL, "0 of 1 canaries are available");
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(story_available(sim, 1), 3);
    sim_order(sim, ORDER_PROMOTE_FULL, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(orders, a_full_promote_waits_for_the_previews_that_are_yet_to_be_made)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, blue_green);
    story_deploy(sim, "ok-2", 3, blue_green);
    story_refused(sim, ORDER_PROMOTE_FULL, "0 of 1 previews are available");
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(orders, nothing_is_promoted_while_it_is_paused)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 4, one_pause);
    sim_order(sim, ORDER_PAUSE, "web");
    sim_apply(sim, &(struct sim_spec){.name = "web",
                                      .version = "ok-2",
                                      .replicas = 4,
                                      .strategy = one_pause,
                                      .spec = "\"paused\":true"});
    story_refused(sim, ORDER_PROMOTE_FULL, "the deployment is paused: resume it first");
    story_refused(sim, ORDER_PROMOTE, "the deployment is paused: resume it first");
    sim_order(sim, ORDER_RESUME, "web");
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(story_available(sim, 2), 1);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

Test(orders, a_check_that_took_the_place_of_a_pause_is_not_promoted)
{
    struct sim *sim = story_begin(3);
    static const char pauses[] =
        CANARY("{\"set_replicas\":1},{\"pause\":{\"seconds\":3600}},{\"pause\":{}}");
    static const char checked[] = CANARY("{\"set_replicas\":1}," CHECK("/hang") ",{\"pause\":{}}");
    story_deployed(sim, "ok-1", 3, pauses);
    story_deploy(sim, "ok-2", 3, pauses);
    sim_run_for(sim, 20 * SIM_SECOND);
    cr_assert_gt(sim_look(sim, "web")->rollout.step_since_ms, 0);
    story_deploy(sim, "ok-2", 3, checked);
    story_refused(sim, ORDER_PROMOTE, "does not wait for a promotion now");
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

/* ---- start, resume, retry of what failed ---- */

Test(orders, what_is_halted_comes_back_as_the_stable_version_when_it_is_started)
{
    struct sim *sim = story_begin(3);
    deploy_well(sim);
    deploy_badly(sim, no_way_back);
    story_reaches(sim, ROLLOUT_FAILED);
    terminate(sim);
    story_refused(sim, ORDER_RETRY, "is terminated; start it first");
    sim_order(sim, ORDER_START, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->revisions[0].source, SOURCE_ROLLBACK);
    cr_assert_eq(look->revisions[0].copy_of, 1);
    cr_assert_null(look->deployment.status.halted_reason);
    story_is_whole(sim, "ok-1", 3);
    story_end(sim);
}

Test(orders, no_way_leads_around_a_quarantine)
{
    struct sim *sim = story_begin(3);
    deploy_badly(sim, NULL);
    story_reaches(sim, ROLLOUT_FAILED);
    cr_assert_eq(try_order(sim, ORDER_RESUME), ERR_QUARANTINED);
    cr_assert_eq(try_order(sim, ORDER_RESTART), ERR_QUARANTINED);
    terminate(sim);
    sim_order(sim, ORDER_RESUME, "web");
    cr_assert_eq(try_order(sim, ORDER_START), ERR_QUARANTINED);
    cr_assert_eq(sim_look(sim, "web")->count, 0);
    cr_assert_eq(try_badly(sim, true), ERR_OK);
    sim_order(sim, ORDER_START, "web");
    story_reaches(sim, ROLLOUT_FAILED);
    cr_assert_eq(sim_look(sim, "web")->rollout.id, 2);
    cr_assert_eq(try_order(sim, ORDER_RESUME), ERR_QUARANTINED);
    sim_close(sim);
}

Test(orders, a_resume_of_what_failed_begins_a_rollout)
{
    struct sim *sim = story_begin(3);
    static const char strategy[] = "\"auto_rollback\":false,\"progress_deadline_seconds\":60";
    deploy_well(sim);
    sim_apply(sim, &(struct sim_spec){.name = "web",
                                      .version = "ok-2",
                                      .replicas = 3,
                                      .strategy = strategy,
                                      .limits = "\"schedule_seconds\":20",
                                      .spec = "\"placement\":{\"node_selector\":\"no=where\"}"});
    story_reaches(sim, ROLLOUT_FAILED);
    sim_order(sim, ORDER_RESUME, "web");
    sim_run_for(sim, SIM_SECOND);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->rollout.id, 3);
    cr_assert_eq(look->rollout.state, ROLLOUT_PROGRESSING);
    cr_assert_null(look->deployment.status.halted_reason);
    story_reaches(sim, ROLLOUT_FAILED);
    sim_close(sim);
}

Test(orders, a_restart_leaves_the_quarantine_as_it_is)
{
    struct sim *sim = story_begin(3);
    deploy_well(sim);
    deploy_badly(sim, NULL);
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    cr_assert_eq(try_badly(sim, false), ERR_QUARANTINED);
    sim_order(sim, ORDER_RESTART, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(try_badly(sim, false), ERR_QUARANTINED);
    cr_assert_eq(try_badly(sim, true), ERR_OK);
    story_reaches(sim, ROLLOUT_ROLLED_BACK);
    cr_assert_eq(try_badly(sim, false), ERR_QUARANTINED, "of the restarted template, too");
    story_is_whole(sim, "ok-1", 3);
    story_end(sim);
}

/* ---- scaled to 0 and back ---- */

static void scaled_to_zero_and_back(struct sim *sim)
{
    sim_scale(sim, "web", 0);
    sim_run_for(sim, SIM_MINUTE);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->count, 0);
    cr_assert_eq(look->rollout.state, ROLLOUT_PROGRESSING);
    cr_assert_eq(look->deployment.status.state, DEPLOYMENT_SCALED_TO_ZERO);
    story_refused(sim, ORDER_PROMOTE_FULL, "scaled to 0");
    sim_scale(sim, "web", 3);
    sim_run_for(sim, SIM_MINUTE);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(story_available(sim, 2), 1);
}

Test(orders, scaling_to_zero_and_back_does_not_get_a_canary_past_its_pause)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, one_pause);
    story_deploy(sim, "ok-2", 3, one_pause);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    scaled_to_zero_and_back(sim);
    cr_assert_eq(story_available(sim, 1), 2);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-2", 3);
    story_end(sim);
}

Test(orders, scaling_to_zero_and_back_does_not_get_a_preview_past_its_promotion)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, blue_green);
    story_deploy(sim, "ok-2", 3, blue_green);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    scaled_to_zero_and_back(sim);
    cr_assert_eq(story_available(sim, 1), 3);
    cr_assert_eq(story_serving(sim), 3);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_is_whole(sim, "ok-2", 3);
    story_end(sim);
}

/* ---- checks ---- */

static bool is_asked(struct sim *sim, void *argument)
{
    (void)argument;
    return sim_look(sim, "web")->rollout.check_round != 0;
}

static bool is_asked_otherwise(struct sim *sim, void *argument)
{
    return sim_look(sim, "web")->rollout.check_round != *(int64_t *)argument;
}

static int64_t answers_to(struct sim *sim, int64_t round)
{
    const struct sim_look *look = sim_look(sim, "web");
    int64_t count = 0;
    for (size_t i = 0; i < look->count; i++)
        count += look->replicas[i].check_round == round && look->replicas[i].check_passed;
    return count;
}

Test(orders, an_edited_check_is_asked_of_every_canary_again)
{
    struct sim *sim = story_begin(3);
    static const char strategies[2][200] = {
        CANARY("{\"set_replicas\":2}," CHECK("/old") ",{\"pause\":{}}"),
        CANARY("{\"set_replicas\":2}," CHECK("/new") ",{\"pause\":{}}"),
    };
    story_deployed(sim, "ok-1", 3, strategies[0]);
    story_deploy(sim, "ok-2", 3, strategies[0]);
    cr_assert(sim_run_until(sim, is_asked, NULL, SIM_MINUTE));
    int64_t old = sim_look(sim, "web")->rollout.check_round;
    story_deploy(sim, "ok-2", 3, strategies[1]);
    cr_assert(sim_run_until(sim, is_asked_otherwise, &old, SIM_SECOND));
    int64_t other = sim_look(sim, "web")->rollout.check_round;
    cr_assert_neq(other, old);
    cr_assert_neq(other, 0);
    story_reaches(sim, ROLLOUT_AWAITING_PROMOTION);
    cr_assert_eq(answers_to(sim, other), 2);
    cr_assert_eq(answers_to(sim, old), 0);
    sim_order(sim, ORDER_PROMOTE, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    story_end(sim);
}

/* ---- while terminated ---- */

Test(orders, a_template_applied_while_terminated_is_rolled_out_by_the_start)
{
    struct sim *sim = story_begin(3);
    story_deployed(sim, "ok-1", 3, NULL);
    terminate(sim);
    story_deploy(sim, "ok-2", 3, NULL);
    sim_run_for(sim, SIM_MINUTE);
    const struct sim_look *look = sim_look(sim, "web");
    cr_assert_eq(look->deployment.status.state, DEPLOYMENT_TERMINATED);
    cr_assert_not_null(
        strstr(look->deployment.status.message, "revision 2 is rolled out once it is started"),
        "%s", look->deployment.status.message);
    cr_assert_eq(look->rollout_count, 1);
    cr_assert_eq(look->revisions[0].outcome, OUTCOME_PENDING);
    sim_order(sim, ORDER_START, "web");
    story_reaches(sim, ROLLOUT_SUCCEEDED);
    cr_assert_eq(sim_look(sim, "web")->rollout.to_revision, 2);
    cr_assert_eq(sim_look(sim, "web")->deployment.status.stable_revision, 2);
    story_is_whole(sim, "ok-2", 3);
    story_end(sim);
}
