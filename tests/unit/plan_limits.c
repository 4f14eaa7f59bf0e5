/* Limits, clocks and counts, each on both sides of where it begins. */
#include "plan_story.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

/* ---- phase limits ---- */

static const struct {
    bool ready, was_available;
    int64_t seconds;
    int want;
} healthy[] = {
    {false, false, 299, WANTED_RUN},
    {false, false, 300, WANTED_STOP},
    {true, false, 1000, WANTED_RUN},
    {false, true, 1000, WANTED_RUN},
};

Test(plan_limits, healthy_seconds_is_for_what_was_never_ready_nor_available)
{
    for (size_t i = 0; i < COUNT(healthy); i++) {
        struct world *world = world_running("a", 1);
        world->deployment.spec.strategy.min_ready_seconds = 5000;
        struct world_replica *item = &world->replicas[0];
        item->replica.available = false;
        item->replica.was_available = healthy[i].was_available;
        world_move(world, item, REPLICA_RUNNING, healthy[i].ready);
        item->replica.ready_since_ms = item->replica.unready_since_ms = world->now_ms;
        world_pass_time(world, healthy[i].seconds);
        world_settle(world);
        cr_expect_eq(item->replica.wanted, healthy[i].want, "row %zu", i);
        world_free(world);
    }
}

static const struct {
    int phase;
    int64_t seconds;
    const char *reason, *answer, *want;
} ends[] = {
    {REPLICA_PREPARING, 600, "pulling", "503",
     "prepare_seconds (600) passed: web-002 on n3 was never prepared: pulling"},
    {REPLICA_PREPARING, 600, "", "503",
     "prepare_seconds (600) passed: web-002 on n3 was never prepared"},
    {REPLICA_RUNNING, 300, "slow", "",
     "healthy_seconds (300) passed: web-002 on n3 never became ready: slow"},
    {REPLICA_RUNNING, 300, "", "",
     "healthy_seconds (300) passed: web-002 on n3 never became ready"},
};

Test(plan_limits, a_limit_that_fires_tells_what_is_known)
{
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct world *world = world_running("a", 1);
        world->deployment.spec.strategy.progress_deadline_seconds = 7200;
        STORY(world, {"deploy b", "a=1/1 b=1/0 progressing"});
        struct world_replica *item = world_nth(world, "b", 0);
        world_move(world, item, ends[i].phase, false);
        item->replica.reason = ends[i].reason;
        item->replica.readiness_reason = ends[i].answer;
        world_pass_time(world, ends[i].seconds);
        char want[256];
        snprintf(want, sizeof want, "%s; rolling back to the template of revision 1", ends[i].want);
        cr_expect_str_eq(world_plan(world)->rollout.message, want, "row %zu: %s", i,
                         world->plan.rollout.message);
        world_free(world);
    }
}

Test(plan_limits, without_a_rollout_only_waiting_for_a_node_has_no_limit)
{
    struct world *world = world_running("a", 1);
    STORY(world, {"scale 2", "a=2/1 succeeded"});
    world_move(world, world_nth(world, "a", 1), REPLICA_PREPARING, false);
    world_pass_time(world, 600);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_count(plan, ACTION_STOP), 1);
    cr_expect_eq(plan->actions[0].failures, 1);
    cr_expect_eq(plan->actions[0].retry_at_ms, world->now_ms + 10 * 1000);
    world_free(world);
}

Test(plan_limits, one_that_finds_no_node_counts_once_and_holds_back_nobody)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_failure_ratio = 0.5;
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"time 120", "a=4/4 b=1/0 progressing"},
          {"time 1", "a=4/4 b=1/0 progressing"}, {"time 100", "a=4/4 b=1/0 progressing"});
    cr_expect_eq(world->rollout.failed_replicas, 1);
    cr_expect_eq(world_set(world, "b")->failures, 0);
    cr_expect_eq(world_set(world, "b")->retry_at_ms, 0);
    world_free(world);
}

Test(plan_limits, a_stray_has_no_limits_and_its_end_is_counted)
{
    struct world *world = world_running("a", 1);
    struct world_replica *stray = world_add(world, "unknown", 9);
    world_move(world, stray, REPLICA_STARTING, false);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->set_count, 2);
    cr_expect_eq(world_count(plan, ACTION_COUNT_FAILURE), 0);
    cr_expect_eq(world_count(plan, ACTION_STOP), 1);
    world_move(world, stray, REPLICA_FAILED, false);
    plan = world_plan(world);
    cr_expect_eq(plan->action_count, 1);
    cr_expect_eq(plan->actions[0].kind, ACTION_COUNT_FAILURE);
    cr_expect_eq(plan->actions[0].retry_at_ms, world->now_ms + 10 * 1000);
    world_apply(world);
    cr_expect_eq(world_plan(world)->set_count, 1, "no set for none");
    world_free(world);
}

/* ---- what counts ---- */

Test(plan_limits, after_its_end_a_rollout_counts_no_failures)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"fail a", "a=2/1 succeeded"});
    cr_expect_eq(world->rollout.failed_replicas, 0);
    cr_expect_null(world->rollout.failed_replica);
    cr_expect_str_eq(world->rollout.reason, "");
    cr_expect_eq(world_set(world, "a")->failures, 1);
    world_free(world);
}

Test(plan_limits, one_that_became_available_ends_the_back_off_before_another_begins_it)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"fail a", "a=2/1 succeeded"}, {"time 10", "a=2/1 succeeded"});
    world_move(world, world_nth(world, "a", 1), REPLICA_RUNNING, true);
    story_happens(world, "fail a");
    world_settle(world);
    cr_expect_eq(world_set(world, "a")->failures, 1);
    cr_expect_eq(world_set(world, "a")->retry_at_ms, world->now_ms + 10 * 1000);
    world_free(world);
}

Test(plan_limits, exit_code_zero_is_told_rather_than_a_signal)
{
    struct world *world = world_new(1);
    STORY(world, {"deploy a", "a=1/0 progressing"});
    story_happens(world, "fail a");
    struct replica *replica = &world->replicas[0].replica;
    replica->has_exit = true;
    replica->exit_code = 0;
    replica->exit_signal = 9;
    expect_says(world_plan(world)->rollout.message, "web-001 on n2 ended with exit code 0: exit");
    world_free(world);
}

static const struct {
    int64_t seconds;
    const char *want;
} ripe[] = {
    {0, "mark_available web-001: it is ready\n"},
    {1, "mark_available web-001: it was ready for min_ready_seconds (1)\n"},
    {30, "mark_available web-001: it was ready for min_ready_seconds (30)\n"},
};

Test(plan_limits, what_is_available_says_why)
{
    for (size_t i = 0; i < COUNT(ripe); i++) {
        struct world *world = world_new(1);
        world->deployment.spec.strategy.min_ready_seconds = ripe[i].seconds;
        STORY(world, {"deploy a", "a=1/0 progressing"});
        world_obey(world);
        world_pass_time(world, ripe[i].seconds);
        world_plan(world);
        expect_says(world_text(world), ripe[i].want);
        world_free(world);
    }
}

Test(plan_limits, what_is_available_no_more_says_why)
{
    struct world *world = world_running("a", 2);
    world->replicas[0].node = 3;
    world->presence[3] = PRESENCE_UNKNOWN;
    world_plan(world);
    expect_says(world_text(world), "mark_unavailable web-001: its node does not report\n");
    world->presence[3] = PRESENCE_PRESENT;
    story_happens(world, "unready a");
    world_plan(world);
    expect_says(world_text(world), "mark_unavailable web-001: it is not ready\n");
    world->replicas[0].replica.wanted = WANTED_STOP;
    world_plan(world);
    expect_says(world_text(world), "mark_unavailable web-001: it is to stop\n");
    world_free(world);
}

Test(plan_limits, what_is_stopped_leaves_the_counts_in_the_same_pass)
{
    struct world *world = world_running("a", 3);
    world->deployment.spec.replicas = 1;
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->status.ready, 1);
    cr_expect_eq(plan->status.available, 1);
    cr_expect_eq(plan->status.updated, 1);
    cr_expect_str_eq(plan->waiting_for, "2 replicas to stop");
    world_free(world);
}

/* ---- clocks ---- */

Test(plan_limits, progress_while_paused_gives_back_a_whole_deadline)
{
    struct world *world = world_running("a", 4);
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"time 100", "a=4/4 b=1/0 progressing"},
          {"pause", "a=4/4 b=1/0 paused"});
    cr_expect_eq(world->rollout.deadline_left_ms, 500 * 1000);
    STORY(world, {"obey", "a=4/4 b=1/1 paused"});
    cr_expect_eq(world->rollout.deadline_left_ms, 600 * 1000);
    cr_expect_eq(world->rollout.deadline_at_ms, 0);
    world_free(world);
}

Test(plan_limits, a_deadline_that_passed_before_the_pause_is_judged_after_it)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.template.limits = (struct phase_limits){7000, 7000, 7000};
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"});
    world_pass_time(world, 700);
    STORY(world, {"pause", "a=4/4 b=1/0 paused"});
    cr_expect_eq(world->rollout.deadline_left_ms, 1, "0 would begin a new one");
    STORY(world, {"resume", "a=4/4 b=1/0 progressing"});
    world->now_ms += 1;
    STORY(world, {"look", "a=4/4 rolled_back"});
    world_free(world);
}

Test(plan_limits, a_rollout_that_has_ended_has_no_clocks)
{
    struct world *world = world_running("a", 2);
    const struct rollout *rollout = &world->rollout;
    cr_expect_eq(rollout->deadline_at_ms + rollout->deadline_left_ms, 0);
    cr_expect_eq(rollout->monitor_since_ms + rollout->batch_since_ms, 0);
    cr_expect_eq(rollout->step_since_ms + rollout->keep_old_since_ms, 0);
    cr_expect_eq(rollout->check_round, 0);
    cr_expect_eq(rollout->promote, PROMOTE_NONE);
    world_free(world);
}

Test(plan_limits, a_spec_that_is_paused_holds_nothing_without_a_rollout)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.paused = true;
    const struct plan *plan = world_plan(world);
    cr_expect_str_eq(plan->waiting_for, "");
    cr_expect_eq(plan->action_count, 0);
    cr_expect_eq(plan->status.state, DEPLOYMENT_RUNNING);
    cr_expect_str_eq(plan->status.message,
                     "2 of 2 replicas are available; paused: edits wait for a resume");
    world_free(world);
}

Test(plan_limits, the_only_replica_there_is_was_tried)
{
    struct world *world = world_new(1);
    world->deployment.spec.template.limits = (struct phase_limits){7000, 7000, 7000};
    STORY(world, {"deploy a", "a=1/0 progressing"});
    world_move(world, &world->replicas[0], REPLICA_RUNNING, false);
    world_pass_time(world, 600);
    cr_expect(world_plan(world)->quarantine);
    world_free(world);
}

/* ---- batches ---- */

/* The rollout from "a" to "b" after its first batch of two has become available. */
static struct world *batched(int64_t pause_seconds)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    world->deployment.spec.strategy.batch_pause_seconds = pause_seconds;
    STORY(world, {"deploy b", "a=4/4 b=2/0 progressing"});
    return world;
}

Test(plan_limits, without_a_pause_each_one_that_is_available_replaces_another)
{
    struct world *world = batched(0);
    world_move(world, world_nth(world, "b", 0), REPLICA_RUNNING, true);
    STORY(world, {"look", "a=3/3 b=2/1 progressing"});
    world_free(world);
}

Test(plan_limits, a_batch_is_whole_before_its_pause_begins)
{
    struct world *world = batched(1);
    world_move(world, world_nth(world, "b", 0), REPLICA_RUNNING, true);
    STORY(world, {"look", "a=4/4 b=2/1 progressing"}, {"obey b", "a=4/4 b=2/2 progressing"});
    cr_expect_str_eq(world->plan.next, "replace more of revision 1 with revision 2");
    STORY(world, {"time 1", "a=2/2 b=2/2 progressing"});
    world_free(world);
}

Test(plan_limits, a_pause_begins_with_the_last_of_its_batch)
{
    struct world *world = batched(30);
    world_move(world, world_nth(world, "b", 0), REPLICA_RUNNING, true);
    STORY(world, {"look", "a=4/4 b=2/1 progressing"}, {"time 20", "a=4/4 b=2/1 progressing"},
          {"obey b", "a=4/4 b=2/2 progressing"}, {"time 29", "a=4/4 b=2/2 progressing"},
          {"time 1", "a=2/2 b=2/2 progressing"});
    world_free(world);
}

Test(plan_limits, a_way_back_takes_no_pauses)
{
    struct world *world = world_running("a", 6);
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    world->deployment.spec.strategy.batch_pause_seconds = 30;
    STORY(world, {"deploy b", "a=6/6 b=2/0 progressing"}, {"obey b", "a=6/6 b=2/2 progressing"},
          {"time 30", "a=4/4 b=2/2 progressing"}, {"obey a", "a=4/4 b=4/2 progressing"},
          {"obey b", "a=4/4 b=4/4 progressing"}, {"time 30", "a=2/2 b=4/4 progressing"},
          {"crash-loop b", "b=3/3 a=3/2 rolling_back"});
    world_free(world);
}

Test(plan_limits, the_last_batch_needs_no_pause)
{
    struct world *world = batched(30);
    STORY(world, {"obey", "a=4/4 b=2/2 progressing"}, {"time 30", "a=2/2 b=2/2 progressing"},
          {"obey a", "a=2/2 b=4/2 progressing"});
    world_move(world, world_nth(world, "b", 2), REPLICA_RUNNING, true);
    STORY(world, {"look", "a=1/1 b=4/3 progressing"});
    cr_expect_str_eq(world->plan.waiting_for, "a node for web-008");
    world_free(world);
}

Test(plan_limits, after_the_rollout_there_are_no_pauses)
{
    struct world *world = batched(30);
    world->rollout.state = ROLLOUT_ABORTED;
    STORY(world, {"obey", "a=2/2 b=2/2 aborted"});
    world_free(world);
}

/* ---- scaling ---- */

Test(plan_limits, a_scaling_event_that_nobody_takes_is_not_over)
{
    struct world *world = world_new(3);
    world->deployment.spec.paused = true;
    STORY(world, {"deploy a", "paused"});
    cr_expect_eq(world->deployment.scaled_to, 0);
    cr_expect_eq(world->deployment.scaled_ceiling, 0);
    STORY(world, {"resume", "a=3/0 progressing"});
    cr_expect_eq(world->deployment.scaled_to, 3);
    world_free(world);
}

Test(plan_limits, one_replica_is_enough_to_scale_from_while_paused)
{
    struct world *world = world_new(1);
    STORY(world, {"deploy a", "a=1/0 progressing"}, {"pause", "a=1/0 paused"},
          {"scale 3", "a=3/0 paused"});
    world_free(world);
}

Test(plan_limits, at_zero_while_paused_what_got_anywhere_comes_back)
{
    struct world *world = world_new(1);
    STORY(world, {"deploy a", "a=1/0 progressing"}, {"obey", "a=1/1 progressing"},
          {"pause", "a=1/1 paused"}, {"scale 0", "paused"}, {"obey", "paused"},
          {"scale 2", "a=2/0 paused"});
    world_free(world);
}

Test(plan_limits, at_zero_the_target_takes_all_though_another_was_proven)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"scale 0", "succeeded"}, {"obey", "succeeded"}, {"deploy b", "succeeded"});
    cr_expect_eq(world->deployment.status.stable_revision, 1);
    STORY(world, {"scale 4", "b=4/0 succeeded"});
    world_free(world);
}

Test(plan_limits, another_surge_is_remembered_without_a_scaling_event)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_surge = (struct amount){3, false};
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->action_count, 1);
    cr_expect_eq(plan->actions[0].scaled_to, 4);
    cr_expect_eq(plan->actions[0].scaled_ceiling, 7);
    world_apply(world);
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    STORY(world, {"scale 5", "a=5/4 succeeded"}); /* at most 7, as before */
    cr_expect_eq(world->deployment.scaled_to, 5);
    world_free(world);
}

Test(plan_limits, what_gives_way_says_why)
{
    struct world *world = world_running("a", 4);
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"});
    world_obey(world);
    world_plan(world);
    expect_says(world_text(world), "set_wanted a revision=1 wanted=3: 4 to 3: rolling step\n");
    world_free(world);
}

Test(plan_limits, sizes_say_what_changed_them)
{
    struct world *world = world_running("a", 4);
    STORY(world, {"deploy b", "a=4/4 b=1/0 progressing"}, {"scale 8", "a=8/4 b=2/0 progressing"},
          {"scale 4", "a=4/4 b=1/0 progressing"}, {"pause", "a=4/4 b=1/0 paused"});
    story_happens(world, "scale 8");
    world_plan(world);
    expect_says(world_text(world), "set_wanted a revision=1 wanted=8: 4 to 8: scaling\n");
    expect_says(world_text(world), "set_wanted b revision=2 wanted=2: 1 to 2: scaling\n");
    world->deployment.spec.paused = false;
    world_free(world);
    world = world_running("a", 4);
    world->deployment.spec.replicas = 6;
    world_plan(world);
    expect_says(world_text(world), "set_wanted a revision=1 wanted=6: 4 to 6: scaling\n");
    world_free(world);
}

/* ---- the end ---- */

Test(plan_limits, a_deletion_waits_for_the_last_replica)
{
    struct world *world = world_running("a", 1);
    world->deployment.lifecycle = LIFECYCLE_DELETING;
    world_settle(world);
    cr_expect_not(world->deleted);
    world_obey(world);
    world_settle(world);
    cr_expect(world->deleted);
    world_free(world);
}

Test(plan_limits, terminated_what_runs_is_stopped_and_not_dismissed)
{
    struct world *world = world_running("a", 2);
    story_happens(world, "terminate");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_count(plan, ACTION_DISMISS_FAILURE), 0);
    cr_expect_eq(world_count(plan, ACTION_STOP), 2);
    cr_expect_eq(world_amount(plan, ACTION_SET_WANTED, "a"), 0);
    world_apply(world);
    STORY(world, {"obey", "succeeded"});
    cr_expect_str_eq(world->plan.waiting_for, "");
    world_free(world);
}

Test(plan_limits, terminated_what_is_lost_is_not_waited_for)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"gather a", "a=2/2 succeeded"}, {"lose n4", "a=2/0 succeeded"});
    world->replicas[2].replica.phase = world->replicas[3].replica.phase = REPLICA_STOPPED;
    world->replicas[2].replica.wanted = world->replicas[3].replica.wanted = WANTED_STOP;
    story_happens(world, "terminate");
    cr_expect_str_eq(world_plan(world)->waiting_for, "");
    world_free(world);
}

Test(plan_limits, terminated_the_halt_is_no_longer_what_is_waited_for)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.auto_rollback = false;
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"}, {"crash-loop b", "a=2/2 b=1/0 failed"},
          {"terminate", "failed"});
    cr_expect_str_eq(world->plan.waiting_for, "2 replicas to stop");
    world_free(world);
}

/* ---- words ---- */

Test(plan_limits, scaled_to_zero_no_back_off_is_waited_for)
{
    struct world *world = world_running("a", 1);
    STORY(world, {"fail a", "a=1/0 succeeded"}, {"scale 0", "succeeded"});
    cr_expect_str_eq(world->plan.waiting_for, "");
    cr_expect_str_eq(world->plan.next, "");
    world_free(world);
}

Test(plan_limits, the_last_old_replica_is_what_comes_next)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"}, {"obey", "a=1/1 b=1/1 progressing"},
          {"obey", "a=1/1 b=2/1 progressing"});
    cr_expect_str_eq(world->plan.next,
                     "stop 1 replica of revision 1 once 1 more of revision 2 is available");
    world_free(world);
}

Test(plan_limits, a_rounded_budget_is_said_for_a_single_replica_as_well)
{
    struct world *world = world_running("a", 1);
    world->deployment.spec.strategy.max_surge = (struct amount){0, true};
    STORY(world, {"deploy b", "progressing"}, {"obey", "b=1/0 progressing"});
    expect_says(world->plan.next, "round to 0");
    world_free(world);
}

Test(plan_limits, without_a_rollout_the_targets_troubles_come_no_earlier)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"});
    story_happens(world, "unready a");
    world->replicas[0].replica.readiness_reason = "503";
    expect_says(world_plan(world)->waiting_for, "a node for web-003");
    world->rollout.state = ROLLOUT_ABORTED;
    expect_says(world_plan(world)->waiting_for, "web-001 on n2 to become ready: 503");
    world_free(world);
}

Test(plan_limits, of_equal_troubles_the_oldest_is_told_even_after_the_victims_were_sorted)
{
    struct world *world = world_running("a", 3);
    STORY(world, {"scale 4", "a=4/3 succeeded"});
    for (int i = 0; i < 3; i++)
        world_move(world, world_nth(world, "a", i), REPLICA_RUNNING, false);
    world->deployment.spec.replicas = 3;
    expect_says(world_plan(world)->waiting_for, "web-001 on n2 to become ready");
    world_free(world);
}

Test(plan_limits, a_plan_without_a_rollout_prints_none)
{
    struct world *world = world_running("a", 1);
    world->has_rollout = false;
    world_plan(world);
    cr_expect_null(strstr(world_text(world), "rollout "), "%s", world_text(world));
    cr_expect_null(strstr(world_text(world), "waiting_for"), "%s", world_text(world));
    cr_expect_null(strstr(world_text(world), "next"), "%s", world_text(world));
    world_free(world);
}
