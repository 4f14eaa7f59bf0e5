/* A replica's life as tables: what happens to it, and what it is then. */
#include "node/replica_world.h"

#define PROBELESS "{\"version\":\"v1\",\"command\":[\"./serve\"]"
#define HTTP_PROBE "{\"http\":{},\"period_seconds\":5,\"failure_threshold\":2}"
#define READINESS PROBELESS ",\"probes\":{\"readiness\":" HTTP_PROBE "}"

struct story {
    const char *name;
    const char *template;
    struct step steps[24]; /* ends with {0} behind the first */
};

static const struct story stories[] = {
    {"without a probe it is ready when it runs",
     PROBELESS "}",
     {{STEP_START, 0, "starting 1; start"},
      {STEP_RUNNING, 0, "running 1 ready"},
      {STEP_WAIT, 3600000, "running 1 ready"}}},

    {"with one it is ready when that passes, and says why until then",
     READINESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, "running 1"},
      {STEP_WAIT, 0, "running 1; readiness"},
      {STEP_FAIL, PROBE_READINESS, "running 1 «answered 503»"},
      {STEP_WAIT, 4999, "running 1 «answered 503»"},
      {STEP_WAIT, 1, "running 1 «answered 503»; readiness"},
      {STEP_PASS, PROBE_READINESS, "running 1 ready"},
      {STEP_WAIT, 5000, "running 1 ready; readiness"},
      {STEP_FAIL, PROBE_READINESS, "running 1 ready"},
      {STEP_WAIT, 5000, "running 1 ready; readiness"},
      {STEP_FAIL, PROBE_READINESS, "running 1 «answered 503»"},
      {STEP_WAIT, 5000, "running 1 «answered 503»; readiness"},
      {STEP_PASS, PROBE_READINESS, "running 1 ready"}}},

    {"startup first, then readiness and liveness side by side",
     PROBELESS ",\"probes\":{\"startup\":" HTTP_PROBE ",\"readiness\":" HTTP_PROBE
               ",\"liveness\":" HTTP_PROBE "}}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_WAIT, 0, "running 1; startup"},
      {STEP_FAIL, PROBE_STARTUP, "running 1 «startup probe: answered 503»"},
      {STEP_WAIT, 5000, "running 1 «startup probe: answered 503»; startup"},
      {STEP_PASS, PROBE_STARTUP, "running 1"},
      {STEP_WAIT, 0, "running 1; readiness liveness"},
      {STEP_PASS, PROBE_LIVENESS, "running 1"},
      {STEP_PASS, PROBE_READINESS, "running 1 ready"},
      {STEP_WAIT, 5000, "running 1 ready; readiness liveness"}}},

    {"a startup probe that fails for good has it killed and started again",
     PROBELESS ",\"probes\":{\"startup\":" HTTP_PROBE "}}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_WAIT, 0, "running 1; startup"},
      {STEP_FAIL, PROBE_STARTUP, NULL},
      {STEP_WAIT, 5000, NULL},
      {STEP_FAIL, PROBE_STARTUP, "replacing 1 «startup probe: answered 503»; kill"},
      {STEP_SIGNAL, 9, "waiting 1 «startup probe: answered 503»"},
      {STEP_WAIT, 1000, "starting 2 «startup probe: answered 503»; start"},
      {STEP_RUNNING, 0, "running 2"}}},

    {"a liveness probe that fails for good ends it with its grace",
     PROBELESS ",\"probes\":{\"liveness\":" HTTP_PROBE "},\"stop\":{\"grace_seconds\":3}}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, "running 1 ready"},
      {STEP_WAIT, 0, "running 1 ready; liveness"},
      {STEP_FAIL, PROBE_LIVENESS, "running 1 ready"},
      {STEP_WAIT, 5000, "running 1 ready; liveness"},
      {STEP_FAIL, PROBE_LIVENESS, "replacing 1 «liveness probe: answered 503»; signal"},
      {STEP_WAIT, 2999, "replacing 1 «liveness probe: answered 503»"},
      {STEP_WAIT, 1, "replacing 1 «liveness probe: answered 503»; kill"},
      {STEP_SIGNAL, 9, "waiting 1 «liveness probe: answered 503»"}}},

    {"what exits is started again, later and later, until it is a crash loop",
     READINESS ",\"restart\":{\"backoff_max_seconds\":3}}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_EXIT, 3, "waiting 1 «exited with status 3»"},
      {STEP_WAIT, 999, "waiting 1 «exited with status 3»"},
      {STEP_WAIT, 1, "starting 2 «exited with status 3»; start"},
      {STEP_EXIT, 3, "waiting 2 «exited with status 3»"},
      {STEP_WAIT, 1999, "waiting 2 «exited with status 3»"},
      {STEP_WAIT, 1, "starting 3 «exited with status 3»; start"},
      {STEP_SIGNAL, 11, "waiting 3 «killed by signal 11»"},
      {STEP_WAIT, 3000, "starting 4 «killed by signal 11»; start"},
      {STEP_EXIT, 3, "waiting 4 «exited with status 3»"},
      {STEP_WAIT, 2999, "waiting 4 «exited with status 3»"},
      {STEP_WAIT, 1, "starting 5 «exited with status 3»; start"},
      {STEP_EXIT, 0, "failed 5 «crash_loop: exited with status 0»"},
      {STEP_WAIT, 3600000, "failed 5 «crash_loop: exited with status 0»"}}},

    {"having been ready begins the count anew, steadiness the back-off",
     READINESS ",\"restart\":{\"backoff_max_seconds\":8}}",
     {{STEP_START, 0, NULL},
      {STEP_EXIT, 1, NULL},
      {STEP_WAIT, 1000, "starting 2 «exited with status 1»; start"},
      {STEP_EXIT, 1, NULL},
      {STEP_WAIT, 2000, "starting 3 «exited with status 1»; start"},
      {STEP_RUNNING, 0, NULL},
      {STEP_WAIT, 0, NULL},
      {STEP_PASS, PROBE_READINESS, "running 3 ready"},
      {STEP_EXIT, 1, "waiting 3 «exited with status 1»"},
      {STEP_WAIT, 3999, "waiting 3 «exited with status 1»"},
      {STEP_WAIT, 1, "starting 4 «exited with status 1»; start"},
      {STEP_RUNNING, 0, NULL},
      {STEP_WAIT, 0, NULL},
      {STEP_PASS, PROBE_READINESS, NULL},
      {STEP_WAIT, 8000, NULL},
      {STEP_EXIT, 1, "waiting 4 «exited with status 1»"},
      {STEP_WAIT, 1000, "starting 5 «exited with status 1»; start"}}},

    {"what no probe vouches for must hold for a while to have been ready",
     PROBELESS ",\"restart\":{\"backoff_max_seconds\":1}}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, "running 1 ready"},
      {STEP_EXIT, 1, NULL},
      {STEP_WAIT, 1000, "starting 2 «exited with status 1»; start"},
      {STEP_RUNNING, 0, NULL},
      {STEP_WAIT, 10000, NULL},
      {STEP_EXIT, 1, NULL},
      {STEP_WAIT, 1000, "starting 3 «exited with status 1»; start"},
      {STEP_EXIT, 1, NULL},
      {STEP_WAIT, 1000, NULL},
      {STEP_EXIT, 1, NULL},
      {STEP_WAIT, 1000, NULL},
      {STEP_EXIT, 1, NULL},
      {STEP_WAIT, 1000, NULL},
      {STEP_EXIT, 1, NULL},
      {STEP_WAIT, 1000, "starting 7 «exited with status 1»; start"},
      {STEP_EXIT, 1, "failed 7 «crash_loop: exited with status 1»"}}},

    {"restart never",
     PROBELESS ",\"restart\":{\"policy\":\"never\"}}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_EXIT, 0, "failed 1 «exited with status 0»"}}},

    {"restart on_failure: success is the end",
     PROBELESS ",\"restart\":{\"policy\":\"on_failure\"}}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_EXIT, 2, "waiting 1 «exited with status 2»"},
      {STEP_WAIT, 1000, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_EXIT, 0, "failed 2 «exited with status 0»"}}},

    {"what cannot be executed is not tried again",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_UNRUNNABLE, 0, "failed 1 «unrunnable: ./serve: No such file or directory»"}}},

    {"a machine that cannot fork is tried five times",
     PROBELESS "}",
     {{STEP_STARTS_FAIL, ERR_UNAVAILABLE, NULL},
      {STEP_START, 0, "waiting 1 «spawn_failed: no process»"},
      {STEP_WAIT, 1000, "waiting 2 «spawn_failed: no process»"},
      {STEP_STARTS_FAIL, ERR_OK, NULL},
      {STEP_WAIT, 2000, "starting 3 «spawn_failed: no process»; start"},
      {STEP_NOT_FORKED, 0, "waiting 3 «spawn_failed: fork: Resource temporarily unavailable»"},
      {STEP_STARTS_FAIL, ERR_UNAVAILABLE, NULL},
      {STEP_WAIT, 4000, "waiting 4 «spawn_failed: no process»"},
      {STEP_WAIT, 8000, "failed 5 «spawn_failed: no process»"}}},

    {"a start that cannot be journalled is none",
     PROBELESS "}",
     {{STEP_SAVES_FAIL, ERR_IO, NULL},
      {STEP_START, 0, "waiting 1 «spawn_failed: no space left»"},
      {STEP_SAVES_FAIL, ERR_OK, NULL},
      {STEP_WAIT, 1000, "starting 2 «spawn_failed: no space left»; start"},
      {STEP_RUNNING, 0, "running 2 ready"}}},

    {"a lost shim counts as an end, a reboot does not",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_LOST, 0, "waiting 1 «shim_lost: the shim was killed»"},
      {STEP_WAIT, 1000, "starting 2 «shim_lost: the shim was killed»; start"},
      {STEP_REBOOTED, 0, "waiting 2 «rebooted»"},
      {STEP_WAIT, 0, "starting 3 «rebooted»; start"}}},

    {"a stop is drain, signal, grace, SIGKILL, and SIGKILL again",
     READINESS ",\"stop\":{\"drain_seconds\":2,\"grace_seconds\":4}}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_WAIT, 0, NULL},
      {STEP_PASS, PROBE_READINESS, "running 1 ready"},
      {STEP_STOP, 0, "draining 1"},
      {STEP_STOP, 0, "draining 1"},
      {STEP_WAIT, 1999, "draining 1"},
      {STEP_WAIT, 1, "terminating 1; signal"},
      {STEP_WAIT, 3999, "terminating 1"},
      {STEP_WAIT, 1, "killing 1; kill"},
      {STEP_WAIT, 29999, "killing 1"},
      {STEP_WAIT, 1, "killing 1 «stop_stuck: still there 30 s after SIGKILL»; kill"},
      {STEP_SIGNAL, 9, "stopped 1"}}},

    {"a stop ends a back-off at once",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_EXIT, 1, "waiting 1 «exited with status 1»"},
      {STEP_STOP, 0, "stopped 1"},
      {STEP_WAIT, 60000, "stopped 1"}}},

    {"a stop while it is being replaced does not drain",
     PROBELESS ",\"probes\":{\"liveness\":{\"http\":{},\"failure_threshold\":1}}}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_WAIT, 0, NULL},
      {STEP_FAIL, PROBE_LIVENESS, "replacing 1 «liveness probe: answered 503»; signal"},
      {STEP_STOP, 0, "terminating 1; signal"},
      {STEP_EXIT, 0, "stopped 1"}}},

    {"a stop before the process is there",
     PROBELESS ",\"stop\":{\"drain_seconds\":0}}",
     {{STEP_START, 0, NULL},
      {STEP_STOP, 0, "terminating 1; signal"},
      {STEP_RUNNING, 0, "terminating 1"},
      {STEP_SIGNAL, 15, "stopped 1"}}},

    {"an end in the drain is the stop",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_STOP, 0, "draining 1"},
      {STEP_EXIT, 7, "stopped 1"}}},

    {"the node leaves: no drain",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_STOP_AT_ONCE, 0, "terminating 1; signal"}}},

    {"a check that was slept through says nothing",
     READINESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_WAIT, 0, NULL},
      {STEP_PASS, PROBE_READINESS, NULL},
      {STEP_WAIT, 5000, "running 1 ready; readiness"},
      {STEP_SLEEP, 60000, NULL},
      {STEP_FAIL, PROBE_READINESS, "running 1 ready; readiness"},
      {STEP_SLEEP, 60000, NULL},
      {STEP_FAIL, PROBE_READINESS, "running 1 ready; readiness"},
      {STEP_FAIL, PROBE_READINESS, "running 1 ready"},
      {STEP_WAIT, 5000, "running 1 ready; readiness"},
      {STEP_PASS, PROBE_READINESS, "running 1 ready"}}},

    {"a restarted agent believes what was ready until its probe says otherwise",
     READINESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_WAIT, 0, NULL},
      {STEP_PASS, PROBE_READINESS, "running 1 ready"},
      {STEP_RESUME, 0, "running 1 ready"},
      {STEP_RUNNING, 0, "running 1 ready"},
      {STEP_WAIT, 2500, "running 1 ready; readiness"},
      {STEP_FAIL, PROBE_READINESS, "running 1 ready"},
      {STEP_WAIT, 5000, "running 1 ready; readiness"},
      {STEP_FAIL, PROBE_READINESS, "running 1 «answered 503»"}}},

    {"a restarted agent goes on with a stop where it was",
     PROBELESS ",\"stop\":{\"drain_seconds\":2,\"grace_seconds\":4}}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_STOP, 0, NULL},
      {STEP_WAIT, 2000, "terminating 1; signal"},
      {STEP_RESUME, 0, "terminating 1; signal"},
      {STEP_RUNNING, 0, "terminating 1"},
      {STEP_WAIT, 4000, "killing 1; kill"},
      {STEP_RESUME, 0, "killing 1; kill"},
      {STEP_SIGNAL, 9, "stopped 1"}}},

    {"a restarted agent waits a back-off anew",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_EXIT, 1, NULL},
      {STEP_RESUME, 0, "waiting 1 «exited with status 1»"},
      {STEP_WAIT, 1000, "starting 2 «exited with status 1»; start"}}},

    {"a check is asked in a row, a second apart, and answered once",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, "running 1 ready"},
      {STEP_CHECK, 7, "running 1 ready"},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_CHECK, 7, "running 1 ready"},
      {STEP_WAIT, 3000, "running 1 ready"},
      {STEP_CHECK_PASS, 0, "running 1 ready"},
      {STEP_WAIT, 999, "running 1 ready"},
      {STEP_CHECK, 7, "running 1 ready"},
      {STEP_WAIT, 1, "running 1 ready; canary"},
      {STEP_CHECK_PASS, 0, "running 1 ready | 7 passed"},
      {STEP_CHECK, 7, "running 1 ready | 7 passed"},
      {STEP_WAIT, 60000, "running 1 ready | 7 passed"},
      {STEP_CHECK, 0, "running 1 ready"},
      {STEP_WAIT, 60000, "running 1 ready"}}},

    {"an answered check of the same round with another path is another check",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_CHECK, 7, NULL},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_CHECK_FAIL, 0, "running 1 ready | 7 «answered 500»"},
      {STEP_CHECK_ELSE, 7, "running 1 ready"},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_CHECK, 0, "running 1 ready; cancel"},
      {STEP_WAIT, 60000, "running 1 ready"}}},

    {"one answer that is wrong is the answer",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_CHECK, 7, NULL},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_CHECK_PASS, 0, "running 1 ready"},
      {STEP_WAIT, 1000, "running 1 ready; canary"},
      {STEP_CHECK_FAIL, 0, "running 1 ready | 7 «answered 500»"},
      {STEP_WAIT, 60000, "running 1 ready | 7 «answered 500»"},
      {STEP_CHECK, 8, "running 1 ready"},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_CHECK_PASS, 0, "running 1 ready"},
      {STEP_WAIT, 1000, "running 1 ready; canary"},
      {STEP_CHECK_PASS, 0, "running 1 ready | 8 passed"}}},

    {"a check that is gone or another is not asked any more",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_CHECK, 7, NULL},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_CHECK, 0, "running 1 ready; cancel"},
      {STEP_WAIT, 60000, "running 1 ready"},
      {STEP_CHECK, 7, "running 1 ready"},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_CHECK_PASS, 0, "running 1 ready"},
      {STEP_CHECK_ELSE, 7, "running 1 ready"},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_CHECK_PASS, 0, "running 1 ready"},
      {STEP_WAIT, 1000, "running 1 ready; canary"},
      {STEP_CHECK, 8, "running 1 ready; cancel"},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_CHECK_FAIL, 0, "running 1 ready | 8 «answered 500»"}}},

    {"a check waits until it is ready, and goes on once it has begun",
     READINESS "}",
     {{STEP_CHECK, 7, "waiting 0"},
      {STEP_START, 0, "starting 1; start"},
      {STEP_RUNNING, 0, "running 1"},
      {STEP_WAIT, 0, "running 1; readiness"},
      {STEP_FAIL, PROBE_READINESS, "running 1 «answered 503»"},
      {STEP_CHECK, 7, "running 1 «answered 503»"},
      {STEP_WAIT, 5000, "running 1 «answered 503»; readiness"},
      {STEP_PASS, PROBE_READINESS, "running 1 ready"},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_WAIT, 5000, "running 1 ready; readiness"},
      {STEP_FAIL, PROBE_READINESS, "running 1 ready"},
      {STEP_WAIT, 4800, "running 1 ready"},
      {STEP_CHECK_PASS, 0, "running 1 ready"},
      {STEP_WAIT, 200, "running 1 ready; readiness"},
      {STEP_FAIL, PROBE_READINESS, "running 1 «answered 503»"},
      {STEP_WAIT, 800, "running 1 «answered 503»; canary"},
      {STEP_CHECK_FAIL, 0, "running 1 «answered 503» | 7 «answered 500»"}}},

    {"an attempt answers for itself only",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_CHECK, 7, NULL},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_CHECK_PASS, 0, NULL},
      {STEP_WAIT, 1000, "running 1 ready; canary"},
      {STEP_EXIT, 1, "waiting 1 «exited with status 1»; cancel"},
      {STEP_WAIT, 1000, "starting 2 «exited with status 1»; start"},
      {STEP_RUNNING, 0, "running 2 ready"},
      {STEP_WAIT, 0, "running 2 ready; canary"},
      {STEP_CHECK_PASS, 0, NULL},
      {STEP_WAIT, 1000, "running 2 ready; canary"},
      {STEP_CHECK_PASS, 0, "running 2 ready | 7 passed"},
      {STEP_EXIT, 1, "waiting 2 «exited with status 1» | 7 passed"},
      {STEP_WAIT, 2000, "starting 3 «exited with status 1»; start"},
      {STEP_RUNNING, 0, "running 3 ready"},
      {STEP_WAIT, 0, "running 3 ready; canary"},
      {STEP_STOP, 0, "draining 3; cancel"},
      {STEP_CHECK, 8, "draining 3"},
      {STEP_WAIT, 1000, "draining 3"},
      {STEP_EXIT, 0, "stopped 3"}}},

    {"a check that was slept through is asked again",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_CHECK, 7, NULL},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_SLEEP, 60000, NULL},
      {STEP_CHECK_FAIL, 0, "running 1 ready; canary"},
      {STEP_CHECK_PASS, 0, "running 1 ready"}}},

    {"a restarted agent answers again",
     PROBELESS "}",
     {{STEP_START, 0, NULL},
      {STEP_RUNNING, 0, NULL},
      {STEP_CHECK, 7, NULL},
      {STEP_WAIT, 0, "running 1 ready; canary"},
      {STEP_CHECK_FAIL, 0, "running 1 ready | 7 «answered 500»"},
      {STEP_RESUME, 0, "running 1 ready"},
      {STEP_RUNNING, 0, "running 1 ready"},
      {STEP_CHECK, 7, "running 1 ready"},
      {STEP_WAIT, 0, "running 1 ready; canary"}}},
};

enum { STORIES = sizeof stories / sizeof *stories };

static void play(const struct story *story)
{
    struct replica_world world;
    size_t count = sizeof story->steps / sizeof *story->steps;
    replica_world_open(&world, story->template);
    for (size_t i = 0; i < count; i++) {
        const struct step *step = &story->steps[i];
        if (i > 0 && step->kind == STEP_START && step->line == NULL) break;
        world_step(&world, step);
        const char *line = world_line(&world);
        if (step->line != NULL)
            cr_expect_str_eq(line, step->line, "%s: step %zu: is \"%s\", not \"%s\"", story->name,
                             i + 1, line, step->line);
    }
    replica_world_close(&world);
}

Test(supervise, each_story_goes_as_it_is_told)
{
    for (size_t i = 0; i < STORIES; i++)
        play(&stories[i]);
}

Test(supervise, every_start_is_journalled_durably_first_and_so_is_the_end)
{
    struct replica_world world;
    replica_world_open(&world, PROBELESS "}");
    local_replica_start(&world.replica);
    cr_assert_eq(world.durable_saves, 1);
    world_end(&world, ATTEMPT_EXITED, 1, -1, "exited with status 1");
    world_wait(&world, world.now_ms + 1000);
    cr_assert_eq(world.durable_saves, 2);
    local_replica_stop(&world.replica, false);
    world_end(&world, ATTEMPT_EXITED, 0, -1, "exited with status 0");
    cr_assert_eq(world.durable_saves, 3);
    replica_world_close(&world);
}

Test(supervise, a_port_that_is_not_there_cannot_be_asked)
{
    struct replica_world world;
    replica_world_open(&world, PROBELESS "}");
    world.port.name = "admin";
    local_replica_start(&world.replica);
    local_replica_running(&world.replica, 4711);
    world_set_check(&world, 7, "/checkout");
    world_wait(&world, world.now_ms);
    cr_assert_str_eq(world_line(&world), "running 1 ready; start | 7 «it has no port 'admin'»");
    replica_world_close(&world);
}

/* --- reports ---------------------------------------------------------------------------------- */

static const struct {
    struct step steps[8];
    int state;
    bool ready, has_exit, has_tail;
} reports[] = {
    {{{STEP_START, 0, ""}}, REPLICA_STARTING, false, false, false},
    {{{STEP_START, 0, ""}, {STEP_RUNNING, 0, ""}}, REPLICA_RUNNING, true, false, false},
    /* Never back within an attempt. */
    {{{STEP_START, 0, ""}, {STEP_RUNNING, 0, ""}, {STEP_EXIT, 1, ""}},
     REPLICA_RUNNING,
     false,
     true,
     true},
    {{{STEP_START, 0, ""}, {STEP_NOT_FORKED, 0, ""}}, REPLICA_STARTING, false, false, true},
    /* The next attempt says why the last one ended, too. */
    {{{STEP_START, 0, ""}, {STEP_EXIT, 1, ""}, {STEP_WAIT, 1000, ""}},
     REPLICA_STARTING,
     false,
     true,
     true},
    {{{STEP_START, 0, ""}, {STEP_RUNNING, 0, ""}, {STEP_STOP, 0, ""}},
     REPLICA_STOPPING,
     false,
     false,
     false},
    {{{STEP_START, 0, ""}, {STEP_RUNNING, 0, ""}, {STEP_STOP, 0, ""}, {STEP_EXIT, 0, ""}},
     REPLICA_STOPPED,
     false,
     true,
     false},
    {{{STEP_START, 0, ""}, {STEP_UNRUNNABLE, 0, ""}}, REPLICA_FAILED, false, false, true},
};

enum { REPORTS = sizeof reports / sizeof *reports };

Test(supervise, a_report_shows_a_state_that_the_server_may_take)
{
    for (size_t i = 0; i < REPORTS; i++) {
        struct replica_world world;
        struct replica_change change;
        replica_world_open(&world, PROBELESS "}");
        for (size_t step = 0; reports[i].steps[step].line != NULL; step++)
            world_step(&world, &reports[i].steps[step]);
        local_replica_change(&world.replica, &change);
        cr_expect_eq(change.state, reports[i].state, "%zu: is %s", i,
                     replica_phase_words[change.state]);
        cr_expect_eq(change.ready, reports[i].ready, "%zu", i);
        cr_expect_eq(change.has_exit, reports[i].has_exit, "%zu", i);
        cr_expect_eq(change.log_tail != NULL, reports[i].has_tail, "%zu", i);
        replica_world_close(&world);
    }
}

Test(supervise, what_changes_while_a_report_is_on_its_way_is_reported_again)
{
    struct replica_world world;
    replica_world_open(&world, PROBELESS "}");
    local_replica_start(&world.replica);
    cr_assert(local_replica_is_dirty(&world.replica));
    world.replica.sent_version = world.replica.version;
    local_replica_running(&world.replica, 4711);
    local_replica_told(&world.replica);
    cr_assert(local_replica_is_dirty(&world.replica));
    world.replica.sent_version = world.replica.version;
    local_replica_told(&world.replica);
    cr_assert_not(local_replica_is_dirty(&world.replica));
    replica_world_close(&world);
}

/* After its next period; the report before is told by then. */
static void answer_readiness(struct replica_world *world, const char *reason)
{
    struct probe_answer answer = {.ok = false};
    world->replica.sent_version = world->replica.version;
    local_replica_told(&world->replica);
    world_wait(world, world->now_ms + 6000);
    snprintf(answer.reason, sizeof answer.reason, "%s", reason);
    local_replica_answered(&world->replica, PROBE_READINESS, &answer);
}

/* Also where the answer that makes it failing, the second one here, is the first of its kind. */
Test(supervise, why_it_is_not_ready_yet_is_reported_whenever_that_changes)
{
    static const char *const reasons[] = {"connection refused", "answered 503 «loading»",
                                          "answered 503 «loading, 2 of 3»"};
    struct replica_world world;
    struct replica_change change;
    replica_world_open(&world, READINESS "}");
    local_replica_start(&world.replica);
    local_replica_running(&world.replica, 4711);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        answer_readiness(&world, reasons[i]);
        cr_assert(local_replica_is_dirty(&world.replica), "%s", reasons[i]);
        local_replica_change(&world.replica, &change);
        cr_assert_str_eq(change.reason, reasons[i]);
        cr_assert_str_eq(change.log_tail, "its last words\n");
    }
    answer_readiness(&world, change.reason);
    cr_assert_not(local_replica_is_dirty(&world.replica));
    local_replica_change(&world.replica, &change);
    cr_assert_null(change.log_tail, "it was told already");
    replica_world_close(&world);
}

Test(supervise, a_failed_check_is_told_with_the_end_of_the_log)
{
    static const bool outcomes[] = {true, false};
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        struct replica_world world;
        struct replica_change change;
        replica_world_open(&world, PROBELESS "}");
        local_replica_start(&world.replica);
        local_replica_running(&world.replica, 4711);
        world_set_check(&world, 7, "/");
        for (bool more = true; more; more = !world.replica.check.answered) {
            world_wait(&world, world.now_ms + 2000);
            world_answer_check(&world, outcomes[i]);
        }
        local_replica_change(&world.replica, &change);
        cr_expect_eq(change.check_passed, outcomes[i]);
        cr_expect_eq(change.log_tail == NULL, outcomes[i]);
        replica_world_close(&world);
    }
}

static const char *verdict_words(const struct replica_change *change, enum probe_kind kind)
{
    const struct probe_verdict *verdict = &change->probes[kind];
    if (!verdict->present) return "";
    return *verdict->reason != '\0' ? verdict->reason : probe_state_words[verdict->state];
}

Test(supervise, what_the_answers_of_its_probes_mean_is_told_when_it_changes)
{
    struct replica_world world;
    struct replica_change change;
    replica_world_open(&world, PROBELESS ",\"probes\":{\"liveness\":" HTTP_PROBE "}}");
    local_replica_start(&world.replica);
    local_replica_running(&world.replica, 4711);
    local_replica_change(&world.replica, &change);
    cr_assert_str_eq(verdict_words(&change, PROBE_LIVENESS), "pending");
    cr_assert_str_eq(verdict_words(&change, PROBE_READINESS), "", "it has none");
    for (int i = 0; i < 3; i++) {
        world.replica.sent_version = world.replica.version;
        local_replica_told(&world.replica);
        world_wait(&world, world.now_ms + 6000);
        world_answer(&world, PROBE_LIVENESS, true);
        cr_assert_eq(local_replica_is_dirty(&world.replica), i == 0, "only the first is news");
        local_replica_change(&world.replica, &change);
        cr_assert_str_eq(verdict_words(&change, PROBE_LIVENESS), "passing");
    }
    world_end(&world, ATTEMPT_EXITED, 3, -1, "exited with status 3");
    local_replica_change(&world.replica, &change);
    cr_assert_str_eq(verdict_words(&change, PROBE_LIVENESS), "its process has ended");
    replica_world_close(&world);
}
