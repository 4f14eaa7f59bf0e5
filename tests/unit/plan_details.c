/* Details that stories pass by: what counts as a change, what strays, who is judged when. */
#include "plan_story.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

/* ---- what is to be written ---- */

#define STATUS_FIELD(member)                                                                       \
    {                                                                                              \
#member, offsetof(struct deployment_status, member)                                        \
    }
static const struct {
    const char *name;
    size_t offset;
} status_numbers[] = {
    STATUS_FIELD(observed_generation),
    STATUS_FIELD(stable_revision),
    STATUS_FIELD(revision),
    STATUS_FIELD(halted_since_at),
    STATUS_FIELD(desired),
    STATUS_FIELD(updated),
    STATUS_FIELD(ready),
    STATUS_FIELD(available),
    STATUS_FIELD(total),
    STATUS_FIELD(rollout_id),
};

/* The verdict's status against one that differs in this field alone. */
Test(plan_details, every_field_of_the_status_that_changes_is_written)
{
    for (size_t i = 0; i < COUNT(status_numbers); i++) {
        struct world *world = world_running("a", 2);
        world_settle(world);
        cr_assert_not(world_plan(world)->status_changed);
        world_look(world);
        int64_t *stored =
            (int64_t *)((char *)&world->view.deployment.status + status_numbers[i].offset);
        *stored += 1;
        plan_prepare(&world->plan, &world->pass, &world->view);
        plan_make(&world->view, &world->plan);
        bool kept = status_numbers[i].offset == offsetof(struct deployment_status, halted_since_at);
        cr_expect_eq(world->plan.status_changed, !kept, "%s", status_numbers[i].name);
        world_free(world);
    }
}

Test(plan_details, words_of_the_status_that_change_are_written)
{
    struct world *world = world_running("a", 2);
    struct deployment_status *status = &world->deployment.status;
    world_settle(world);
    status->state = DEPLOYMENT_DEGRADED;
    cr_expect(world_plan(world)->status_changed);
    status->state = DEPLOYMENT_RUNNING;
    status->message = "other";
    cr_expect(world_plan(world)->status_changed);
    world_apply(world);
    status->version = "other";
    cr_expect(world_plan(world)->status_changed);
    world_apply(world);
    status->rollout_state = ROLLOUT_PAUSED;
    cr_expect(world_plan(world)->status_changed);
    world_apply(world);
    cr_expect_not(world_plan(world)->status_changed);
    world_free(world);
}

static void change_progress(struct rollout *rollout, int field)
{
    int64_t *const fields[] = {&rollout->progress.desired, &rollout->progress.old,
                               &rollout->progress.updated, &rollout->progress.ready,
                               &rollout->progress.available};
    *fields[field] += 1;
}

Test(plan_details, every_number_of_a_rollout_that_changes_is_written)
{
    for (int field = 0; field < 5; field++) {
        struct world *world = world_running("a", 2);
        STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"});
        cr_assert_not(world_plan(world)->rollout_changed);
        change_progress(&world->rollout, field);
        cr_expect(world_plan(world)->rollout_changed, "field %d", field);
        world_free(world);
    }
}

/* ---- strays: replicas of no set ---- */

static struct world_replica *add_stray(struct world *world)
{
    struct world_replica *stray = world_add(world, "unknown", 9);
    world_move(world, stray, REPLICA_RUNNING, true);
    stray->node = 0;
    stray->replica.node = world_node_name(0);
    return stray;
}

Test(plan_details, a_stray_that_stops_takes_room_until_it_has_ended)
{
    struct world *world = world_running("a", 4);
    struct world_replica *stray = add_stray(world);
    world_deploy(world, "b");
    STORY(world, {"look", "a=4/4 progressing"});
    cr_expect_eq(stray->replica.wanted, WANTED_STOP);
    cr_expect_eq(world->deployment.status.total, 5);
    cr_expect_str_eq(world->plan.waiting_for, "1 replica to stop");
    world_move(world, stray, REPLICA_STOPPED, false);
    STORY(world, {"look", "a=4/4 b=1/0 progressing"});
    world_free(world);
}

Test(plan_details, recreate_waits_for_strays_as_well)
{
    struct world *world = world_running("a", 1);
    struct world_replica *stray = add_stray(world);
    world->deployment.spec.strategy.type = STRATEGY_RECREATE;
    STORY(world, {"deploy b", "progressing"});
    world_move(world, &world->replicas[0], REPLICA_STOPPED, false);
    STORY(world, {"look", "progressing"});
    world_move(world, stray, REPLICA_STOPPED, false);
    STORY(world, {"look", "b=1/0 progressing"});
    world_free(world);
}

Test(plan_details, a_canary_step_is_not_done_while_a_stray_stops)
{
    static struct canary_step steps[] = {{.kind = CANARY_SET_WEIGHT, .amount = 50},
                                         {.kind = CANARY_PAUSE}};
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.type = STRATEGY_CANARY;
    world->deployment.spec.strategy.steps = (struct canary_steps){steps, 2};
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"}, {"obey", "a=1/1 b=1/1 progressing"});
    struct world_replica *stray = add_stray(world);
    STORY(world, {"obey a", "a=1/1 b=1/1 progressing"});
    world_move(world, stray, REPLICA_STOPPED, false);
    STORY(world, {"look", "a=1/1 b=1/1 awaiting_promotion 1"});
    world_free(world);
}

/* ---- who stops first ---- */

static const struct {
    int phase;
    bool ready, available;
} uses[] = {
    {REPLICA_PENDING, false, false},  {REPLICA_ASSIGNED, false, false},
    {REPLICA_STARTING, false, false}, {REPLICA_RUNNING, false, false},
    {REPLICA_RUNNING, true, false},   {REPLICA_RUNNING, true, true},
};

/* The less useful one is the older one, so age alone would choose the other. */
Test(plan_details, the_least_useful_of_a_set_stops_first)
{
    for (size_t i = 0; i + 1 < COUNT(uses); i++) {
        struct world *world = world_new(2);
        world->deployment.spec.strategy.min_ready_seconds = 5;
        world->deployment.spec.strategy.max_unavailable = (struct amount){1, false};
        STORY(world, {"deploy a", "a=2/0 progressing"});
        for (size_t k = 0; k < 2; k++) {
            struct replica *replica = &world->replicas[k].replica;
            world_move(world, &world->replicas[k], uses[i + k].phase, uses[i + k].ready);
            replica->available = replica->was_available = uses[i + k].available;
        }
        world->deployment.spec.replicas = 1;
        world_settle(world);
        cr_expect_eq(world->replicas[0].replica.wanted, WANTED_STOP, "row %zu", i);
        cr_expect_eq(world->replicas[1].replica.wanted, WANTED_RUN, "row %zu", i);
        world_free(world);
    }
}

static const struct {
    int64_t restarts[2];
    int want;
} restarts[] = {{{3, 0}, 0}, {{0, 3}, 1}, {{3, 4}, 1}, {{2, 2}, 1}};

Test(plan_details, then_the_one_that_restarted_most_then_the_youngest)
{
    for (size_t i = 0; i < COUNT(restarts); i++) {
        struct world *world = world_running("a", 2);
        for (int k = 0; k < 2; k++)
            world->replicas[k].replica.restarts = restarts[i].restarts[k];
        world->deployment.spec.replicas = 1;
        world_settle(world);
        for (int k = 0; k < 2; k++)
            cr_expect_eq(world->replicas[k].replica.wanted == WANTED_STOP, k == restarts[i].want,
                         "row %zu", i);
        world_free(world);
    }
}

/* ---- who is judged ---- */

Test(plan_details, at_the_end_of_the_monitor_period_silence_and_newcomers_are_not_judged)
{
    struct world *world = world_running("a", 3);
    STORY(world, {"deploy b", "a=3/3 b=1/0 progressing"});
    for (int i = 0; i < 20 && world->rollout.monitor_since_ms == 0; i++) {
        world_obey(world);
        world_settle(world);
    }
    struct world_replica *silent = world_nth(world, "b", 0), *fresh = world_nth(world, "b", 1);
    silent->node = 3;
    silent->replica.node = world_node_name(3);
    world->presence[3] = PRESENCE_UNKNOWN;
    world_nth(world, "b", 2)->node = fresh->node = 0;
    fresh->replica.available = fresh->replica.was_available = false;
    world_move(world, fresh, REPLICA_RUNNING, false);
    world_pass_time(world, 10);
    const struct plan *plan = world_settle(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_PROGRESSING);
    cr_expect_eq(plan->rollout.failed_replicas, 0);
    world_free(world);
}

Test(plan_details, one_that_breaks_in_the_monitor_period_counts_once)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_failure_ratio = 0.5;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"});
    for (int i = 0; i < 20 && world->rollout.monitor_since_ms == 0; i++) {
        world_obey(world);
        world_settle(world);
    }
    world_move(world, world_nth(world, "b", 0), REPLICA_RUNNING, false);
    world_pass_time(world, 10);
    for (int pass = 0; pass < 3; pass++) {
        world_settle(world);
        cr_expect_eq(world->rollout.failed_replicas, 1);
    }
    world_obey(world);
    world_settle(world);
    cr_expect_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    world_free(world);
}

static const struct {
    int phase;
    int64_t phase_s, unready_s, want_left_s; /* since when; what is left of 300 or 600 seconds */
} limits[] = {
    {REPLICA_RUNNING, 100, 0, 200},  {REPLICA_RUNNING, 100, 40, 260},
    {REPLICA_STARTING, 100, 0, 200}, {REPLICA_PREPARING, 100, 40, 500},
    {REPLICA_ASSIGNED, 100, 0, 500},
};

Test(plan_details, a_limit_begins_with_the_phase_or_with_the_last_time_it_was_ready)
{
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct world *world = world_new(1);
        world->deployment.spec.strategy.progress_deadline_seconds = 7200;
        STORY(world, {"deploy a", "a=1/0 progressing"});
        struct replica *replica = &world->replicas[0].replica;
        world_move(world, &world->replicas[0], limits[i].phase, false);
        replica->phase_since_ms = world->now_ms - limits[i].phase_s * 1000;
        if (limits[i].unready_s)
            replica->unready_since_ms = world->now_ms - limits[i].unready_s * 1000;
        cr_expect_eq(world_settle(world)->wake_at_ms, world->now_ms + limits[i].want_left_s * 1000,
                     "row %zu", i);
        world_free(world);
    }
}

Test(plan_details, a_limit_is_not_judged_where_nothing_is_heard_nor_for_what_stops)
{
    struct world *world = world_running("a", 2);
    for (int k = 0; k < 2; k++) {
        world->replicas[k].node = k;
        world->replicas[k].replica.was_available = world->replicas[k].replica.available = false;
        world_move(world, &world->replicas[k], REPLICA_RUNNING, false);
    }
    world->presence[0] = PRESENCE_UNKNOWN;
    world->replicas[1].replica.wanted = WANTED_STOP;
    world->replicas[1].replica.stop_cause = CAUSE_SURPLUS;
    world_pass_time(world, 10000);
    world_settle(world);
    cr_expect_eq(world_set(world, "a")->failures, 0);
    cr_expect_eq(world->replicas[0].replica.wanted, WANTED_RUN);
    world_free(world);
}

/* ---- odds and ends ---- */

Test(plan_details, a_first_deploy_that_is_paused_before_anything_is_available_still_scales)
{
    struct world *world = world_new(3);
    STORY(world, {"deploy a", "a=3/0 progressing"}, {"pause", "a=3/0 paused"},
          {"scale 5", "a=5/0 paused"});
    world_free(world);
}

Test(plan_details, the_verdict_prints_the_reason_and_what_is_waited_for)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"}, {"obey", "a=1/1 b=1/1 progressing"},
          {"crash-loop b", "a=2/1 rolling_back"});
    expect_says(world_text(world), "rollout 2 rolling_back available=1/2 high_water=1 failed=0 "
                                   "reason=crash_loop: web-003 on n4 ended: crash_loop; ");
    expect_says(world_text(world), "\nwaiting_for a node for web-004\n");
    world_free(world);
}

Test(plan_details, halted_without_a_word_the_status_says_what_is_available)
{
    struct world *world = world_running("a", 2);
    world->rollout.state = ROLLOUT_FAILED;
    world->rollout.message = "";
    world->deployment.status.halted_reason = "auto_rollback_off";
    cr_expect_str_eq(world_plan(world)->status.message, "2 of 2 replicas are available");
    world_free(world);
}

Test(plan_details, a_pause_of_its_own_is_told_before_the_monitor_period)
{
    static struct canary_step steps[] = {{.kind = CANARY_PAUSE, .amount = 60}};
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.type = STRATEGY_CANARY;
    world->deployment.spec.strategy.steps = (struct canary_steps){steps, 1};
    STORY(world, {"deploy b", "a=2/2 progressing"});
    world->rollout.monitor_since_ms = world->now_ms - 5000;
    expect_says(world_settle(world)->waiting_for, "step 1 of 1 to pass");
    world_free(world);
}

/* ---- growing, or in trouble? ---- */

static const struct {
    bool was_available;
    int64_t restarts, attempt;
    int want;
} newcomers[] = {
    {false, 0, 0, DEPLOYMENT_DEPLOYING}, {false, 0, 1, DEPLOYMENT_DEPLOYING},
    {false, 0, 2, DEPLOYMENT_DEGRADED},  {false, 1, 1, DEPLOYMENT_DEGRADED},
    {true, 0, 1, DEPLOYMENT_DEGRADED},
};

Test(plan_details, scaled_up_it_is_deploying_while_all_that_is_missing_is_new)
{
    for (size_t i = 0; i < COUNT(newcomers); i++) {
        struct world *world = world_running("a", 2);
        STORY(world, {"scale 3", "a=3/2 succeeded"});
        cr_expect_eq(world->deployment.status.state, DEPLOYMENT_DEPLOYING);
        struct replica *replica = &world->replicas[2].replica;
        world_move(world, &world->replicas[2], REPLICA_RUNNING, false);
        replica->was_available = newcomers[i].was_available;
        replica->restarts = newcomers[i].restarts;
        replica->attempt = newcomers[i].attempt;
        cr_expect_eq(world_settle(world)->status.state, newcomers[i].want, "row %zu", i);
        world_free(world);
    }
}

Test(plan_details, one_that_breaks_while_it_grows_is_trouble)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"scale 3", "a=3/2 succeeded"}, {"unready a", "a=3/1 succeeded"});
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_DEGRADED);
    STORY(world, {"obey", "a=3/3 succeeded"}, {"unready a", "a=3/2 succeeded"});
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_DEGRADED);
    world_free(world);
}

Test(plan_details, what_replaces_a_lost_replica_is_trouble_not_growth)
{
    struct world *world = world_running("a", 2);
    world->presence[world->replicas[0].node] = PRESENCE_LOST;
    world_settle(world);
    cr_expect_eq(world->deployment.status.state, DEPLOYMENT_DEGRADED);
    world_free(world);
}

Test(plan_details, a_rollback_begins_with_clocks_of_its_own)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.batch_pause_seconds = 30;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"obey", "a=4/4 b=1/1 progressing"});
    cr_expect_gt(world->rollout.batch_since_ms, 0);
    world->rollout.monitor_since_ms = world->now_ms - 5000;
    story_happens(world, "crash-loop b");
    const struct rollout *rollout = &world_plan(world)->rollout;
    cr_expect_eq(rollout->state, ROLLOUT_ROLLING_BACK);
    cr_expect_eq(rollout->monitor_since_ms, 0);
    cr_expect_eq(rollout->batch_since_ms, 0);
    cr_expect_eq(rollout->step_since_ms, 0);
    cr_expect_eq(rollout->keep_old_since_ms, 0);
    world_free(world);
}
