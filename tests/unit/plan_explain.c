/* What explain, events and logs say: the replica that is waited for, what comes next, every action
 * in print. */
#include "plan_story.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

/* ---- one replica ---- */

static const struct {
    int phase, presence;
    bool ready;
    int64_t restarts;
    const char *reason, *answer, *want_waiting, *want_status;
} replicas[] = {
    {REPLICA_PENDING, PRESENCE_PRESENT, false, 0, "no node fits", "",
     "a node for web-001: no node fits", "web-001 waits for a node: no node fits"},
    {REPLICA_PENDING, PRESENCE_PRESENT, false, 0, "", "", "a node for web-001",
     "web-001 waits for a node"},
    {REPLICA_ASSIGNED, PRESENCE_PRESENT, false, 0, "", "503", "web-001 on n2 to become ready: 503",
     "web-001 on n2 waits for its node to take it up"},
    {REPLICA_PREPARING, PRESENCE_PRESENT, false, 2, "pulling", "",
     "web-001 on n2 to become ready: pulling", "web-001 on n2 is preparing (restarts: 2): pulling"},
    {REPLICA_STARTING, PRESENCE_PRESENT, false, 0, "", "refused",
     "web-001 on n2 to become ready: refused", "web-001 on n2 is starting: refused"},
    {REPLICA_RUNNING, PRESENCE_PRESENT, false, 1, "slow", "503 «loading»",
     "web-001 on n2 to become ready: 503 «loading»",
     "web-001 on n2 is not ready (restarts: 1): 503 «loading»"},
    {REPLICA_RUNNING, PRESENCE_PRESENT, false, 0, "slow", "", "web-001 on n2 to become ready: slow",
     "web-001 on n2 is not ready: slow"},
    {REPLICA_RUNNING, PRESENCE_PRESENT, true, 3, "", "503",
     "web-001 on n2 to stay ready for min_ready_seconds (5)",
     "web-001 on n2 is ready, but not yet for min_ready_seconds (5)"},
    {REPLICA_RUNNING, PRESENCE_UNKNOWN, true, 3, "", "503", "n2 to report again, or to be lost",
     "web-001 on n2 is out of reach: its node does not report"},
    {REPLICA_STOPPING, PRESENCE_PRESENT, false, 0, "", "", "web-001 on n2 to become ready",
     "web-001 on n2 is stopping"},
};

Test(plan_explain, each_condition_of_a_replica_has_its_words)
{
    for (size_t i = 0; i < COUNT(replicas); i++) {
        struct world *world = world_new(1);
        world->deployment.spec.strategy.min_ready_seconds = 5;
        world_deploy(world, "a");
        world_settle(world);
        struct world_replica *item = &world->replicas[0];
        world_move(world, item, replicas[i].phase, replicas[i].ready);
        item->replica.reason = replicas[i].reason;
        item->replica.readiness_reason = replicas[i].answer;
        item->replica.restarts = replicas[i].restarts;
        if (item->node >= 0) world->presence[item->node] = replicas[i].presence;
        const struct plan *plan = world_settle(world);
        cr_expect_str_eq(plan->waiting_for, replicas[i].want_waiting, "row %zu: %s", i,
                         plan->waiting_for);
        char want[256];
        snprintf(want, sizeof want, "0 of 1 replicas of revision 1 are available; %s",
                 replicas[i].want_status);
        cr_expect_str_eq(plan->status.message, want, "row %zu: %s", i, plan->status.message);
        world_free(world);
    }
}

/* ---- which of several ---- */

enum trouble { FINE, WAITS, TELLS, SILENT, UNREADY, ANSWERS, RIPENS };

static void trouble(struct world *world, struct world_replica *item, enum trouble kind)
{
    if (kind == FINE) return;
    item->replica.available = item->replica.was_available = kind == SILENT;
    if (kind == RIPENS) item->replica.ready_since_ms = world->now_ms;
    if (kind == WAITS || kind == TELLS) world_move(world, item, REPLICA_ASSIGNED, false);
    if (kind == TELLS) item->replica.reason = "pulling";
    if (kind == UNREADY || kind == ANSWERS) world_move(world, item, REPLICA_RUNNING, false);
    if (kind == ANSWERS) item->replica.readiness_reason = "503";
    if (kind != SILENT) return;
    item->node = 3;
    item->replica.node = world_node_name(3);
    world->presence[3] = PRESENCE_UNKNOWN;
}

static const struct {
    enum trouble first, second;
    const char *want;
} contests[] = {
    {WAITS, RIPENS, "web-002"},    {RIPENS, WAITS, "web-001"},    {RIPENS, SILENT, "n4"},
    {SILENT, RIPENS, "n4"},        {SILENT, UNREADY, "web-002"},  {UNREADY, SILENT, "web-001"},
    {UNREADY, ANSWERS, "web-002"}, {ANSWERS, UNREADY, "web-001"}, {UNREADY, UNREADY, "web-001"},
    {UNREADY, TELLS, "web-002"},   {TELLS, ANSWERS, "web-002"},   {FINE, WAITS, "web-002"},
    {WAITS, FINE, "web-001"},
};

Test(plan_explain, the_replica_that_tells_most_is_named)
{
    for (size_t i = 0; i < COUNT(contests); i++) {
        struct world *world = world_running("a", 2);
        for (int k = 0; k < 2; k++) {
            world->replicas[k].node = k;
            world->replicas[k].replica.node = world_node_name(k);
        }
        world->deployment.spec.strategy.min_ready_seconds = 5;
        trouble(world, &world->replicas[0], contests[i].first);
        trouble(world, &world->replicas[1], contests[i].second);
        const char *waiting = world_settle(world)->waiting_for;
        cr_expect_eq(strncmp(waiting, contests[i].want, strlen(contests[i].want)), 0, "row %zu: %s",
                     i, waiting);
        world_free(world);
    }
}

Test(plan_explain, what_a_rollout_waits_for_comes_before_other_troubles)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"});
    trouble(world, &world->replicas[0], ANSWERS);
    cr_expect_str_eq(world_settle(world)->waiting_for, "a node for web-003");
    world_free(world);
}

/* ---- what comes next ---- */

Test(plan_explain, the_next_step_of_a_roll_is_told_from_beginning_to_end)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.max_surge = (struct amount){2, false};
    world_deploy(world, "b");
    cr_expect_str_eq(world_plan(world)->next, "start 2 replicas of revision 2");
    world_settle(world);
    cr_expect_str_eq(world->plan.next,
                     "stop 2 replicas of revision 1 once 2 more of revision 2 are available");
    world_move(world, world_nth(world, "b", 0), REPLICA_RUNNING, true);
    cr_expect_str_eq(world_settle(world)->next,
                     "stop 1 replica of revision 1 once 1 more of revision 2 is available");
    cr_expect_str_eq(world->plan.waiting_for, "a node for web-006");
    world_move(world, world_nth(world, "b", 1), REPLICA_RUNNING, true);
    world_settle(world);
    cr_expect_str_eq(world->plan.waiting_for, "2 replicas to stop");
    for (int i = 0; i < 3; i++) {
        world_obey(world);
        world_settle(world);
    }
    cr_expect_str_eq(world->plan.next, "declare revision 2 stable");
    cr_expect_str_eq(world->plan.waiting_for, "monitor_seconds (10) to pass without a failure");
    world_free(world);
}

Test(plan_explain, the_next_step_of_a_rollback_is_told)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"}, {"obey", "a=1/1 b=1/1 progressing"});
    story_happens(world, "crash-loop b");
    cr_expect_str_eq(world_plan(world)->next, "take the replicas of revision 2 back");
    cr_expect_str_eq(world->plan.waiting_for, "");
    world_apply(world);
    world_settle(world);
    cr_expect_str_eq(world->plan.next,
                     "end the rollback once 2 of 2 replicas of revision 3 are available");
    world_free(world);
}

Test(plan_explain, a_rounded_budget_is_said)
{
    struct world *world = world_running("a", 3);
    world->deployment.spec.strategy.max_surge = (struct amount){0, true};
    world->deployment.spec.strategy.max_unavailable = (struct amount){10, true};
    world_deploy(world, "b");
    world_settle(world);
    expect_says(world->plan.next,
                " (max_surge and max_unavailable both round to 0, so 1 may be missing)");
    world->deployment.spec.replicas = 0;
    world_plan(world);
    cr_expect_null(strstr(world->plan.next, "round to 0"));
    world_free(world);
    world = world_running("a", 3);
    world->deployment.spec.strategy.max_surge = (struct amount){0, true};
    world_settle(world);
    cr_expect(world->plan.budget.rounded);
    cr_expect_str_eq(world->plan.next, "", "nothing is left to do");
    world_free(world);
}

Test(plan_explain, what_holds_it_back_is_told_before_any_replica)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.auto_rollback = false;
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"}, {"pause", "a=2/2 b=1/0 paused"});
    cr_expect_str_eq(world->plan.waiting_for, "a resume: spec.paused is set");
    cr_expect_str_eq(world->plan.next, "");
    expect_says(world->deployment.status.message,
                "on hold until it is resumed; 0 of 2 replicas of revision 2");
    STORY(world, {"resume", "a=2/2 b=1/0 progressing"}, {"crash-loop b", "a=2/2 b=1/0 failed"});
    cr_expect_str_eq(world->plan.waiting_for,
                     "a new template, a rollback or a retry: the last rollout failed");
    cr_expect_str_eq(world->plan.next, "start 1 replica of revision 2");
    expect_says(world->deployment.status.message, "auto_rollback is off; 2 of 2 replicas");
    world_free(world);
}

Test(plan_explain, a_deletion_tells_how_far_it_is)
{
    struct world *world = world_running("a", 1);
    STORY(world, {"deploy b", "a=1/1 b=1/0 progressing"});
    world->deployment.lifecycle = LIFECYCLE_DELETING;
    world_settle(world);
    cr_expect_str_eq(world->plan.waiting_for, "1 replica to stop");
    cr_expect_str_eq(world->plan.next, "remove the deployment once the last replica has ended");
    cr_expect_str_eq(world->deployment.status.message, "1 replica still to stop");
    cr_expect_str_eq(world->rollout.message, "the deployment was deleted");
    cr_expect_str_eq(story_picture(world), "aborted", "no size is left");
    world_free(world);
}

/* ---- the back-off ---- */

Test(plan_explain, the_back_off_is_told_in_the_plural_as_well)
{
    struct world *world = world_running("a", 4);
    STORY(world, {"fail a", "a=4/3 succeeded"}, {"fail a", "a=4/2 succeeded"});
    cr_expect_str_eq(world->plan.waiting_for,
                     "the back-off of revision 1 to pass, after 2 failures in a row");
    expect_says(world->deployment.status.message, "after 2 failures in a row");
    cr_expect_str_eq(world->plan.next, "start 2 replicas of revision 1");
    world_free(world);
}

/* ---- how it ended ---- */

static const struct {
    int64_t code, signal;
    bool has_exit, oom;
    const char *reason, *answer, *want;
} ends[] = {
    {1, -1, true, false, "exit", "", "web-001 on n2 ended with exit code 1: exit"},
    {-1, 9, true, true, "", "", "web-001 on n2 ended with signal 9, out of memory"},
    {0, -1, true, false, "", "503",
     "web-001 on n2 ended with exit code 0; last readiness probe: 503"},
    {-1, 0, true, false, "", "", "web-001 on n2 ended with signal 0"},
    {-1, -1, true, false, "gone", "gone", "web-001 on n2 ended: gone"},
    {1, -1, true, false, "exited with status 1", "", "web-001 on n2 ended: exited with status 1"},
    {-1, 9, true, false, "killed by signal 9", "", "web-001 on n2 ended: killed by signal 9"},
    {1, -1, true, false, "exit", "exited with status 1",
     "web-001 on n2 ended with exit code 1: exit"},
    {137, 9, true, false, "", "", "web-001 on n2 ended with exit code 137"},
    {1, 9, false, true, "vanished", "", "web-001 on n2 ended: vanished"},
};

Test(plan_explain, an_end_is_told_with_what_is_known_of_it)
{
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct world *world = world_new(1);
        STORY(world, {"deploy a", "a=1/0 progressing"});
        struct replica *replica = &world->replicas[0].replica;
        world_move(world, &world->replicas[0], REPLICA_FAILED, false);
        replica->exit_code = ends[i].code;
        replica->exit_signal = ends[i].signal;
        replica->has_exit = ends[i].has_exit;
        replica->exit_oom = ends[i].oom;
        replica->reason = ends[i].reason;
        replica->readiness_reason = ends[i].answer;
        char want[256];
        snprintf(want, sizeof want,
                 "%s; not rolled back: no revision was proven healthy "
                 "yet",
                 ends[i].want);
        const char *message = world_plan(world)->rollout.message;
        cr_expect_str_eq(message, want, "row %zu: %s", i, message);
        world_free(world);
    }
}

Test(plan_explain, of_several_that_failed_the_one_that_the_message_is_about_is_named)
{
    struct world *world = world_running("a", 10);
    world->deployment.spec.strategy.max_failure_ratio = 0.1;
    STORY(world, {"deploy b", "a=10/10 b=3/0 progressing"},
          {"fail b", "a=10/10 b=3/0 progressing"});
    story_happens(world, "fail b");
    const struct plan *plan = world_plan(world);
    cr_expect_eq(plan->rollout.state, ROLLOUT_ROLLING_BACK);
    cr_expect_str_eq(plan->rollout.failed_replica, "web-012");
    expect_says(plan->rollout.message, "web-012 on n1 ended: exit");
    world_free(world);
}

Test(plan_explain, the_failure_that_ends_it_at_once_is_told_rather_than_another)
{
    static const struct {
        const char *first, *second, *third, *want;
    } rows[] = {
        {"exit", "crash_loop", "unrunnable", "web-012 on n1 ended: crash_loop"},
        {"crash_loop", "exit", "unrunnable", "web-011 on n4 ended: crash_loop"},
        {"exit", "oops", "exit", "web-011 on n4 ended: exit"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world *world = world_running("a", 10);
        STORY(world, {"deploy b", "a=10/10 b=3/0 progressing"});
        const char *const reasons[] = {rows[i].first, rows[i].second, rows[i].third};
        for (int k = 0; k < 3; k++) {
            struct world_replica *item = &world->replicas[10 + k];
            world_move(world, item, REPLICA_FAILED, false);
            item->replica.reason = reasons[k];
        }
        expect_says(world_plan(world)->rollout.message, rows[i].want);
        world_free(world);
    }
}

Test(plan_explain, of_failures_while_paused_the_first_is_kept)
{
    struct world *world = world_running("a", 10);
    world->deployment.spec.strategy.max_failure_ratio = 1;
    STORY(world, {"deploy b", "a=10/10 b=3/0 progressing"}, {"pause", "a=10/10 b=3/0 paused"},
          {"crash-loop b", "a=10/10 b=3/0 paused"}, {"fail b", "a=10/10 b=3/0 paused"},
          {"crash-loop b", "a=10/10 b=3/0 paused"});
    cr_expect_str_eq(world->rollout.message, "web-011 on n4 ended: crash_loop");
    world_free(world);
}

Test(plan_explain, one_failure_that_was_counted_earlier_is_told_in_the_singular)
{
    struct world *world = world_running("a", 10);
    world->deployment.spec.strategy.max_failure_ratio = 0.1;
    STORY(world, {"deploy b", "a=10/10 b=3/0 progressing"},
          {"fail b", "a=10/10 b=3/0 progressing"});
    world->deployment.spec.strategy.max_failure_ratio = 0;
    cr_expect_str_eq(world_plan(world)->rollout.message,
                     "1 replica failed, web-011 first; rolling back to the template of revision 1");
    world_free(world);
}

/* ---- print ---- */

static const struct {
    struct action action;
    const char *want;
} prints[] = {
    {{.kind = ACTION_SCALED, .scaled_to = 5, .scaled_ceiling = 7, .why = "w"},
     "scaled to=5 ceiling=7: w"},
    {{.kind = ACTION_SET_WANTED, .template_hash = "h", .revision = 2, .amount = 3},
     "set_wanted h revision=2 wanted=3"},
    {{.kind = ACTION_CREATE, .template_hash = "h", .revision = 2, .amount = 3},
     "create h revision=2 count=3"},
    {{.kind = ACTION_RELABEL, .template_hash = "h", .revision = 2}, "relabel h revision=2"},
    {{.kind = ACTION_ROLLBACK, .template_hash = "h", .revision = 4, .copy_of = 1},
     "rollback h revision=4 copy_of=1"},
    {{.kind = ACTION_SWITCH, .template_hash = "h"}, "switch h"},
    {{.kind = ACTION_SWITCH}, "switch"},
    {{.kind = ACTION_FORGET_SET, .template_hash = "h"}, "forget_set h"},
    {{.kind = ACTION_RESET_BACKOFF, .template_hash = "h"}, "reset_backoff h"},
    {{.kind = ACTION_DELETED, .why = "gone"}, "deleted: gone"},
};

Test(plan_explain, every_action_prints_its_numbers)
{
    struct replica replica = {.id = "web-1"};
    struct text text;
    text_init(&text, NULL);
    for (size_t i = 0; i < COUNT(prints); i++) {
        text_clear(&text);
        action_print(&prints[i].action, &text);
        cr_expect_str_eq(text_string(&text), prints[i].want, "row %zu: %s", i, text_string(&text));
    }
    text_clear(&text);
    action_print(&(struct action){.kind = ACTION_COUNT_FAILURE,
                                  .replica = &replica,
                                  .template_hash = "h",
                                  .failures = 2,
                                  .retry_at_ms = 9},
                 &text);
    cr_expect_str_eq(text_string(&text), "count_failure web-1 failures=2 retry_at_ms=9");
    text_clear(&text);
    action_print(
        &(struct action){.kind = ACTION_STOP, .replica = &replica, .stop_cause = CAUSE_LIMIT},
        &text);
    cr_expect_str_eq(text_string(&text), "stop web-1 cause=limit");
    text_release(&text);
}
