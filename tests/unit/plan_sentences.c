/* What a deployment says of itself from stage to stage: the status's message, what is waited for,
 * what comes next. Each scene is what happens, and the three sentences that follow from it. */
#include "plan_story.h"

struct scene_said {
    const char *happens;
    const char *message, *waiting_for, *next; /* NULL = whatever it says */
    int64_t ends_in_seconds;                  /* of what is waited for; 0 = it is no time */
};

#define SAID(world, ...)                                                                           \
    expect_said((world), (const struct scene_said[]){__VA_ARGS__, {0}}, __LINE__)

static void expect_sentence(const char *got, const char *want, const char *happens, int line)
{
    if (want) cr_expect_str_eq(got, want, "line %d, %s: %s", line, happens, got);
}

static void expect_said(struct world *world, const struct scene_said *scenes, int line)
{
    for (const struct scene_said *scene = scenes; scene->happens; scene++) {
        story_happens(world, scene->happens);
        const struct plan *plan = world_settle(world);
        expect_sentence(plan->status.message, scene->message, scene->happens, line);
        expect_sentence(plan->waiting_for, scene->waiting_for, scene->happens, line);
        expect_sentence(plan->next, scene->next, scene->happens, line);
        int64_t ends_ms = plan->waiting_until_ms ? plan->waiting_until_ms - world->now_ms : 0;
        cr_expect_eq(ends_ms, scene->ends_in_seconds * 1000, "line %d, %s: %lld", line,
                     scene->happens, (long long)ends_ms);
    }
}

Test(plan_sentences, a_roll_tells_what_stops_and_how_long_it_is_watched)
{
    struct world *world = world_running("a", 2);
    SAID(world,
         {"deploy b",
          "0 of 2 replicas of revision 2 are available; 2 of revision 1 serve; web-003 waits for a "
          "node",
          "a node for web-003",
          "stop 1 replica of revision 1 once 1 more of revision 2 is available", 0},
         {"obey b",
          "1 of 2 replicas of revision 2 are available; 1 of revision 1 serves; 1 replica is "
          "stopping",
          "1 replica to stop", "replace more of revision 1 with revision 2", 0},
         {"obey a", NULL, NULL, NULL, 0},
         {"obey b", "2 of 2 replicas of revision 2 are available; 1 replica is stopping",
          "1 replica to stop", "watch revision 2 for monitor_seconds (10), then declare it stable",
          0},
         {"obey",
          "2 of 2 replicas of revision 2 are available; watched for monitor_seconds (10) before it "
          "counts as stable",
          "monitor_seconds (10) to pass without a failure", "declare revision 2 stable", 10},
         {"time 4", NULL, NULL, NULL, 6}, {"time 6", "2 of 2 replicas are available", "", "", 0});
    world_free(world);
}

Test(plan_sentences, a_first_deploy_is_watched_once_all_are_available)
{
    struct world *world = world_new(3);
    SAID(world, {"deploy a", NULL, "a node for web-001",
                 "watch revision 1 for monitor_seconds (10) once 3 of 3 replicas are available, "
                 "then declare it stable",
                 0});
    world_free(world);
    world = world_running("a", 1);
    world->deployment.spec.replicas = 0;
    world_settle(world);
    SAID(world, {"deploy b", NULL, NULL, "end the rollout once nothing is left", 0});
    world_free(world);
}

Test(plan_sentences, a_time_to_ripen_and_a_back_off_have_an_end)
{
    struct world *world = world_running("a", 2);
    world->deployment.spec.strategy.min_ready_seconds = 5;
    SAID(world, {"deploy b", NULL, NULL, NULL, 0},
         {"obey b", NULL, "web-003 on n4 to stay ready for min_ready_seconds (5)", NULL, 5});
    world_free(world);
    world = world_running("a", 2);
    SAID(world, {"fail a", NULL, "the back-off of revision 1 to pass, after 1 failure",
                 "start 1 replica of revision 1", 10});
    world_free(world);
}

Test(plan_sentences, a_way_back_is_told_once)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"});
    SAID(world, {"crash-loop b", "2 of 2 replicas are available", NULL, NULL, 0});
    cr_expect_str_eq(world->rollout.message,
                     "web-003 on n4 ended: crash_loop; rolled back to the template of revision 1, "
                     "as revision 3");
    world_free(world);
}

Test(plan_sentences, a_rollback_tells_why_and_how_far_it_is)
{
    struct world *world = world_running("a", 2);
    STORY(world, {"deploy b", "a=2/2 b=1/0 progressing"}, {"obey", "a=1/1 b=1/1 progressing"});
    SAID(world,
         {"crash-loop b",
          "web-003 on n4 ended: crash_loop; rolling back to the template of revision 1; 1 of 2 "
          "replicas of revision 3 are available; web-004 waits for a node; 1 replica is stopping",
          "a node for web-004", "end the rollback once 2 of 2 replicas of revision 3 are available",
          0});
    world_free(world);
}

static struct world *blue_green(int64_t preview)
{
    struct world *world = world_running("a", 4);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.spec.strategy.auto_promote = false;
    world->deployment.spec.strategy.preview_replicas = preview;
    world_settle(world);
    return world;
}

Test(plan_sentences, blue_green_tells_who_has_the_traffic)
{
    struct world *world = blue_green(1);
    SAID(world,
         {"deploy b",
          "0 of 4 replicas of revision 2 are available; 4 of revision 1 serve; revision 2 gets no "
          "traffic yet; web-005 waits for a node",
          "a node for web-005",
          "promote revision 2 once 1 of 1 preview is available and a promote is ordered", 0},
         {"obey",
          "waiting for promotion: 1 of 4 replicas of revision 2 are available; 4 of revision 1 "
          "serve; revision 2 gets no traffic yet",
          "a promote: 1 preview of revision 2 is available",
          "start 3 more replicas of revision 2, then switch all traffic to it", 0},
         {"promote", NULL, "a node for web-006",
          "switch all traffic to revision 2 once 4 of 4 replicas are available", 0},
         {"obey",
          "4 of 4 replicas of revision 2 are available; revision 2 has all traffic, and is watched "
          "for keep_old_seconds (30), with the old replicas kept for a way back",
          "keep_old_seconds (30) to pass without a failure: the old replicas stay for a way back",
          "stop the old replicas, then declare revision 2 stable", 30},
         {"time 10", NULL, NULL, NULL, 20},
         {"time 20",
          "4 of 4 replicas of revision 2 are available; revision 2 has all traffic; 4 replicas are "
          "stopping",
          "4 replicas to stop", "declare revision 2 stable", 0});
    world_free(world);
}

Test(plan_sentences, a_whole_preview_only_has_to_be_switched_to)
{
    struct world *world = blue_green(PREVIEW_ALL);
    SAID(world,
         {"deploy b", NULL, NULL,
          "promote revision 2 once 4 of 4 previews are available and a promote is ordered", 0},
         {"obey", NULL, "a promote: 4 previews of revision 2 are available",
          "switch all traffic to revision 2", 0});
    world_free(world);
    world = blue_green(1);
    world->deployment.spec.strategy.auto_promote = true;
    world->deployment.spec.strategy.auto_promote_after_seconds = 60;
    SAID(world, {"deploy b", NULL, NULL, "promote revision 2 once 1 of 1 preview is available", 0},
         {"obey", NULL, "auto_promote_after_seconds (60) to pass, or a promote", NULL, 60});
    world_free(world);
}

Test(plan_sentences, a_canary_tells_its_step_with_its_value)
{
    static struct canary_step steps[] = {
        {.kind = CANARY_SET_REPLICAS, .amount = 1},
        {.kind = CANARY_CHECK, .check = {.path = "/ok"}},
        {.kind = CANARY_PAUSE},
        {.kind = CANARY_SET_WEIGHT, .amount = 50},
        {.kind = CANARY_PAUSE, .amount = 60},
    };
    struct world *world = world_running("a", 4);
    struct strategy *strategy = &world->deployment.spec.strategy;
    strategy->type = STRATEGY_CANARY;
    strategy->max_surge = (struct amount){1, false};
    strategy->steps = (struct canary_steps){steps, 5};
    world_settle(world);
    SAID(world,
         {"deploy b",
          "0 of 4 replicas of revision 2 are available; 4 of revision 1 serve; step 1 of 5 is "
          "set_replicas 1; web-005 waits for a node",
          "a node for web-005", "step 2 of 5: a check of /ok", 0},
         {"obey", NULL, NULL, NULL, 0},
         {"obey",
          "1 of 4 replicas of revision 2 are available; 3 of revision 1 serve; step 2 of 5 is a "
          "check of /ok",
          "the check of step 2 of 5 to be answered by web-005",
          "step 3 of 5: a pause until it is promoted", 0},
         {"passed",
          "waiting for promotion: 1 of 4 replicas of revision 2 are available; 3 of revision 1 "
          "serve; step 3 of 5 is a pause until it is promoted",
          "a promote: step 3 of 5 is a pause", "step 4 of 5: set_weight 50", 0},
         {"promote", NULL, "a node for web-006", "step 5 of 5: a pause of 60 seconds", 0},
         {"obey", NULL, NULL, NULL, 0},
         {"obey",
          "2 of 4 replicas of revision 2 are available; 2 of revision 1 serve; step 5 of 5 is a "
          "pause of 60 seconds",
          "step 5 of 5 to pass: a pause of 60 seconds",
          "replace the rest with revision 2: this is the last step", 60});
    world_free(world);
}

static const struct {
    const char *reason, *want;
    int64_t code, signal;
} ends[] = {
    {"crash_loop: exited with status 3", "web-001 on n2 ended: crash_loop: exited with status 3", 3,
     -1},
    {"crash_loop: killed by signal 9 (Killed)",
     "web-001 on n2 ended: crash_loop: killed by signal 9 (Killed)", -1, 9},
    {"crash_loop", "web-001 on n2 ended with exit code 3: crash_loop", 3, -1},
};

Test(plan_sentences, how_it_ended_is_told_once)
{
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct world *world = world_new(1);
        STORY(world, {"deploy a", "a=1/0 progressing"});
        struct replica *replica = &world->replicas[0].replica;
        world_move(world, &world->replicas[0], REPLICA_FAILED, false);
        replica->has_exit = true;
        replica->exit_code = ends[i].code;
        replica->exit_signal = ends[i].signal;
        replica->reason = ends[i].reason;
        const char *message = world_plan(world)->rollout.message;
        cr_expect_eq(strncmp(message, ends[i].want, strlen(ends[i].want)), 0, "%s", message);
        world_free(world);
    }
}

Test(plan_sentences, available_says_since_when_only_where_that_is_a_time)
{
    static const struct {
        int64_t min_ready_seconds;
        const char *want;
    } rows[] = {
        {0, "mark_available web-001: it is ready\n"},
        {5, "mark_available web-001: it was ready for min_ready_seconds (5)\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *world = world_new(1);
        world->deployment.spec.strategy.min_ready_seconds = rows[i].min_ready_seconds;
        world_deploy(world, "a");
        world_settle(world);
        world_move(world, &world->replicas[0], REPLICA_RUNNING, true);
        world_pass_time(world, rows[i].min_ready_seconds);
        world_plan(world);
        cr_expect_not_null(strstr(world_text(world), rows[i].want), "%s", world_text(world));
        world_free(world);
    }
}
