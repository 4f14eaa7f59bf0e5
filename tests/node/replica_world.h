/* replica_world.h: a replica whose machine is made of paper: its host writes down what it is asked
 * for, the clock stands still until a step moves it, and after each step the replica is one line:
 *
 *     "running 2 ready; start signal"      phase, attempt, «reason»; then what the host was asked
 *
 * and at its end what is reported of its check: "| 7 passed".
 */
#ifndef DOGSHORE_TESTS_NODE_REPLICA_WORLD_H
#define DOGSHORE_TESTS_NODE_REPLICA_WORLD_H

#include "agent/replica.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/text.h"
#include "model/replica.h"
#include "wire/deployment_wire.h"
#include "wire/object_wire.h"

#include <criterion/criterion.h>

struct replica_world {
    struct replica_host host;
    struct local_replica replica;
    struct arena arena;
    struct template template;
    struct port port;
    struct text asked;
    int64_t now_ms;
    int64_t due_ms[REPLICA_TIMERS]; /* -1 = not set */
    enum err_code start_fails, save_fails;
    size_t durable_saves;
};

enum step_kind {
    STEP_START,
    STEP_RUNNING,
    STEP_EXIT, /* with that code */
    STEP_SIGNAL,
    STEP_UNRUNNABLE,
    STEP_NOT_FORKED,
    STEP_LOST,
    STEP_REBOOTED,
    STEP_WAIT,  /* so many milliseconds, firing what is due on the way */
    STEP_SLEEP, /* as if this process had been stopped so long: nothing fires */
    STEP_PASS,  /* of that probe */
    STEP_FAIL,
    STEP_CHECK,      /* the assignments ask for a check of that round; 0 = for none */
    STEP_CHECK_ELSE, /* the same with another path */
    STEP_CHECK_PASS,
    STEP_CHECK_FAIL,
    STEP_STOP,
    STEP_STOP_AT_ONCE,
    STEP_STARTS_FAIL, /* from now on, with that error; ERR_OK = no more */
    STEP_SAVES_FAIL,
    STEP_RESUME /* as a new life of the agent does, with the journal as it is now */
};

struct step {
    enum step_kind kind;
    int64_t number;
    const char *line; /* NULL = whatever */
};

static inline struct replica_world *world_of(struct replica_host *host)
{
    return CONTAINER_OF(host, struct replica_world, host);
}

static inline int64_t paper_now_ms(struct replica_host *host)
{
    return world_of(host)->now_ms;
}

static inline uint64_t paper_random_below(struct replica_host *host, uint64_t bound)
{
    (void)host;
    return bound / 2; /* no jitter */
}

static inline void paper_set_timer(struct replica_host *host, struct local_replica *replica,
                                   int timer, int64_t delay_ms)
{
    (void)replica;
    world_of(host)->due_ms[timer] = delay_ms < 0 ? -1 : world_of(host)->now_ms + delay_ms;
}

static inline void paper_ask(struct replica_host *host, const char *words)
{
    text_printf(&world_of(host)->asked, "%s%s", world_of(host)->asked.length > 0 ? " " : "", words);
}

static inline enum err_code paper_prepare(struct replica_host *host, struct local_replica *replica,
                                          struct err *err)
{
    (void)host;
    (void)replica;
    (void)err;
    return ERR_OK;
}

static inline enum err_code paper_save(struct replica_host *host, struct local_replica *replica,
                                       bool durable, struct err *err)
{
    (void)replica;
    world_of(host)->durable_saves += durable;
    if (world_of(host)->save_fails == ERR_OK) return ERR_OK;
    return err_set(err, world_of(host)->save_fails, "no space left");
}

static inline enum err_code paper_start(struct replica_host *host, struct local_replica *replica,
                                        struct err *err)
{
    (void)replica;
    if (world_of(host)->start_fails != ERR_OK)
        return err_set(err, world_of(host)->start_fails, "no process");
    paper_ask(host, "start");
    return ERR_OK;
}

static inline void paper_signal(struct replica_host *host, struct local_replica *replica)
{
    (void)replica;
    paper_ask(host, "signal");
}

static inline void paper_kill(struct replica_host *host, struct local_replica *replica)
{
    (void)replica;
    paper_ask(host, "kill");
}

static inline void paper_check(struct replica_host *host, struct local_replica *replica,
                               enum probe_kind kind)
{
    (void)replica;
    paper_ask(host, probe_kind_words[kind]);
}

static inline void paper_cancel_check(struct replica_host *host, struct local_replica *replica,
                                      enum probe_kind kind)
{
    (void)host;
    (void)replica;
    (void)kind;
}

static inline void paper_check_canary(struct replica_host *host, struct local_replica *replica)
{
    (void)replica;
    paper_ask(host, "canary");
}

static inline void paper_cancel_canary_check(struct replica_host *host,
                                             struct local_replica *replica)
{
    (void)replica;
    paper_ask(host, "cancel");
}

static inline char *paper_log_tail(struct replica_host *host, struct local_replica *replica)
{
    (void)host;
    (void)replica;
    return xstrdup("its last words\n");
}

static inline void paper_changed(struct replica_host *host, struct local_replica *replica)
{
    (void)host;
    (void)replica;
}

static const struct replica_host paper_host = {
    .now_ms = paper_now_ms,
    .random_below = paper_random_below,
    .set_timer = paper_set_timer,
    .prepare = paper_prepare,
    .save = paper_save,
    .start = paper_start,
    .signal = paper_signal,
    .kill = paper_kill,
    .check = paper_check,
    .cancel_check = paper_cancel_check,
    .check_canary = paper_check_canary,
    .cancel_canary_check = paper_cancel_canary_check,
    .log_tail = paper_log_tail,
    .changed = paper_changed,
};

static inline void replica_world_open(struct replica_world *world, const char *template)
{
    struct err err;
    log_set_level(LOG_ERROR);
    *world = (struct replica_world){.host = paper_host, .port = {"http", 20000}, .now_ms = 1000};
    for (int i = 0; i < REPLICA_TIMERS; i++)
        world->due_ms[i] = -1;
    arena_init(&world->arena);
    text_init(&world->asked, &world->arena);
    cr_assert_eq(template_parse(&world->arena, template, &world->template, &err), ERR_OK, "%s",
                 err.detail);
    const struct replica_record record = {
        .id = "web-1",
        .deployment = "web",
        .ports = {&world->port, 1},
        .exit_code = -1,
        .exit_signal = -1,
    };
    local_replica_init(&world->replica, &world->host, &record, &world->template, "hash");
}

static inline void replica_world_close(struct replica_world *world)
{
    local_replica_release(&world->replica);
    arena_release(&world->arena);
}

static inline void world_end(struct replica_world *world, enum attempt_end end, int code,
                             int signal, const char *reason)
{
    struct attempt_exit exit = {.end = end, .code = code, .signal = signal};
    snprintf(exit.reason, sizeof exit.reason, "%s", reason);
    local_replica_ended(&world->replica, &exit);
}

static inline void world_wait(struct replica_world *world, int64_t until_ms)
{
    for (;;) {
        int first = -1;
        for (int i = 0; i < REPLICA_TIMERS; i++)
            if (world->due_ms[i] >= 0 && world->due_ms[i] <= until_ms &&
                (first < 0 || world->due_ms[i] < world->due_ms[first]))
                first = i;
        if (first < 0) break;
        if (world->due_ms[first] > world->now_ms) world->now_ms = world->due_ms[first];
        world->due_ms[first] = -1;
        local_replica_timer(&world->replica, first);
    }
    world->now_ms = until_ms;
}

static inline void world_answer(struct replica_world *world, int64_t kind, bool ok)
{
    struct probe_answer answer = {.ok = ok, .duration_us = 100};
    cr_assert(world->replica.probes[kind].asked, "nobody asked for %s", probe_kind_words[kind]);
    if (!ok) snprintf(answer.reason, sizeof answer.reason, "answered 503");
    local_replica_answered(&world->replica, (enum probe_kind)kind, &answer);
}

/* Twice in a row. */
static inline void world_set_check(struct replica_world *world, int64_t round, const char *path)
{
    const struct assigned_check assigned = {
        .round = round,
        .check = {.port = world->port.name, .path = path, .expect_status = 200, .times = 2}};
    local_replica_set_check(&world->replica, round == 0 ? NULL : &assigned);
}

static inline void world_answer_check(struct replica_world *world, bool ok)
{
    struct probe_answer answer = {.ok = ok, .duration_us = 100};
    cr_assert(world->replica.check.asked, "nobody asked for a check");
    if (!ok) snprintf(answer.reason, sizeof answer.reason, "answered 500");
    local_replica_check_answered(&world->replica, &answer);
}

static inline void world_resume(struct replica_world *world)
{
    struct replica_record record = world->replica.record;
    record.reason = arena_strdup(&world->arena, record.reason);
    record.id = arena_strdup(&world->arena, record.id);
    record.deployment = arena_strdup(&world->arena, record.deployment);
    record.cluster = record.boot_id = "";
    record.ports = (struct ports){&world->port, 1};
    local_replica_release(&world->replica);
    for (int i = 0; i < REPLICA_TIMERS; i++)
        world->due_ms[i] = -1;
    local_replica_init(&world->replica, &world->host, &record, &world->template, "hash");
    local_replica_resume(&world->replica);
}

static inline void world_step(struct replica_world *world, const struct step *step)
{
    char words[64];
    int number = (int)step->number;
    switch (step->kind) {
    case STEP_START:
        local_replica_start(&world->replica);
        return;
    case STEP_RUNNING:
        local_replica_running(&world->replica, 4711);
        return;
    case STEP_EXIT:
        snprintf(words, sizeof words, "exited with status %d", number);
        world_end(world, ATTEMPT_EXITED, number, -1, words);
        return;
    case STEP_SIGNAL:
        snprintf(words, sizeof words, "killed by signal %d", number);
        world_end(world, ATTEMPT_SIGNALLED, -1, number, words);
        return;
    case STEP_UNRUNNABLE:
        world_end(world, ATTEMPT_UNRUNNABLE, -1, -1, "./serve: No such file or directory");
        return;
    case STEP_NOT_FORKED:
        world_end(world, ATTEMPT_NOT_FORKED, -1, -1, "fork: Resource temporarily unavailable");
        return;
    case STEP_LOST:
        world_end(world, ATTEMPT_SHIM_LOST, -1, -1, "the shim was killed");
        return;
    case STEP_REBOOTED:
        world_end(world, ATTEMPT_REBOOTED, -1, -1, "the machine was booted since");
        return;
    case STEP_WAIT:
        world_wait(world, world->now_ms + step->number);
        return;
    case STEP_SLEEP:
        world->now_ms += step->number;
        return;
    case STEP_PASS:
    case STEP_FAIL:
        world_answer(world, step->number, step->kind == STEP_PASS);
        return;
    case STEP_CHECK:
        world_set_check(world, step->number, "/checkout");
        return;
    case STEP_CHECK_ELSE:
        world_set_check(world, step->number, "/cart");
        return;
    case STEP_CHECK_PASS:
    case STEP_CHECK_FAIL:
        world_answer_check(world, step->kind == STEP_CHECK_PASS);
        return;
    case STEP_STOP:
        local_replica_stop(&world->replica, true);
        return;
    case STEP_STOP_AT_ONCE:
        local_replica_stop(&world->replica, false);
        return;
    case STEP_STARTS_FAIL:
        world->start_fails = (enum err_code)number;
        return;
    case STEP_SAVES_FAIL:
        world->save_fails = (enum err_code)number;
        return;
    case STEP_RESUME:
        world_resume(world);
        return;
    }
}

static inline void world_add_check(struct text *line, const struct local_replica *replica)
{
    struct replica_change change;
    local_replica_change(replica, &change);
    if (change.check_round == 0) return;
    text_printf(line, " | %d %s", (int)change.check_round, change.check_passed ? "passed" : "");
    if (!change.check_passed) text_printf(line, "«%s»", change.check_reason);
}

/* And what the host was asked is forgotten. */
static inline const char *world_line(struct replica_world *world)
{
    const struct replica_record *record = &world->replica.record;
    bool ended = record->phase == LOCAL_ENDED;
    struct text line;
    text_init(&line, &world->arena);
    text_printf(&line, "%s %d",
                ended ? record->failed ? "failed" : "stopped" : local_phase_words[record->phase],
                (int)record->attempt);
    if (record->ready) text_add(&line, " ready");
    if (*record->reason != '\0') text_printf(&line, " «%s»", record->reason);
    if (world->asked.length > 0) text_printf(&line, "; %s", text_string(&world->asked));
    text_clear(&world->asked);
    world_add_check(&line, &world->replica);
    return text_string(&line);
}

#endif
