/* sim.h: a whole cluster in one process on virtual time, for tests.
 *
 * The server's side is the real one: a store on /dev/shm, writer_step(), scheduler_step(), liveness
 * and the orders of control.h, without threads. The nodes' side is played (sim_agent.h): agents
 * that register, poll and report over a network that can lose, delay and repeat. One seed is one
 * run. After every commit the invariants are checked (sim_check.h); a broken one prints the seed
 * and aborts.
 *
 * Ownership: what a function returns lives until the simulation is closed, unless it says
 * otherwise.
 */
#ifndef DOGSHORE_TESTS_SIM_H
#define DOGSHORE_TESTS_SIM_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/map.h"
#include "base/rng.h"
#include "model/deployment.h"
#include "model/replica.h"
#include "model/revision.h"
#include "model/rollout.h"
#include "sim_count.h"
#include "store/writer.h"

enum { SIM_NODES_MAX = 16, SIM_SECOND = 1000, SIM_MINUTE = 60 * 1000 };

struct control;
struct scheduler;
struct sim;
struct sim_agent;
struct sim_check;
struct store;
struct store_db;
struct store_tx;

/* How unkind the network is, in percent of the messages. */
struct sim_network {
    unsigned lost, repeated, late;
};

struct sim {
    uint64_t seed;
    struct rng rng;
    struct manual_clock time;
    struct clock clock;
    char dir[64];
    struct arena memory; /* as long as the run */
    struct arena look;   /* of the last sim_look() */

    bool server_up;
    struct store *store;
    struct writer *writer;
    struct control *control;
    struct scheduler *scheduler;
    struct store_db *reader;
    int64_t scheduler_due_ms;
    int64_t newest_index; /* published */
    int64_t kill_after;   /* the server dies after so many batches; 0 = it does not */
    int64_t kill_downtime_ms;
    bool writes_fail;    /* a failpoint is armed: closures may fail, and do no harm */
    int64_t failed_seen; /* closures that failed, of this server */

    struct heap events;
    struct sim_network network;
    struct sim_agent *agents[SIM_NODES_MAX];
    size_t agent_count;
    struct map starts;     /* "<replica>#<attempt>" of every start, ever */
    struct map versions;   /* template hash → version */
    struct map first_runs; /* version → when one was first run, of those that rot */

    struct sim_check *check;
    void (*on_commit)(struct sim *sim, void *argument); /* a test's own look after each commit */
    void *on_commit_argument;
    int64_t faults;            /* that were made so far */
    struct sim_counts *counts; /* what was met; may be shared by several runs */
    struct sim_counts own_counts;
    bool trace; /* DOGSHORE_TRACE is set */
};

struct sim *sim_open(uint64_t seed);
/* Begins with a copy of that database, which saves the migrations; NULL = makes its own. */
struct sim *sim_open_copy(uint64_t seed, const char *database);
void sim_close(struct sim *sim);

/* ---- time ---- */

int64_t sim_now_ms(const struct sim *sim);
void sim_run_for(struct sim *sim, int64_t ms);
/* Until the predicate holds; false when it did not within `ms`. */
bool sim_run_until(struct sim *sim, bool (*reached)(struct sim *sim, void *argument),
                   void *argument, int64_t ms);
/* `run` is called in that many ms, with `self` and `stamp` as given. */
void sim_after(struct sim *sim, int64_t delay_ms,
               void (*run)(struct sim *sim, void *self, uint64_t stamp), void *self,
               uint64_t stamp);
int64_t sim_between(struct sim *sim, int64_t low, int64_t high); /* by chance, inclusive */
bool sim_chance(struct sim *sim, unsigned percent);

/* ---- the server ---- */

typedef enum err_code sim_write_function(struct sim *sim, struct store_tx *tx, struct arena *arena,
                                         void *argument, struct err *err);
/* One closure through the writer, at once. */
enum err_code sim_write(struct sim *sim, enum writer_lane lane, sim_write_function *function,
                        void *argument, struct err *err);
/* Everything of the server is closed and opened again on the same directory. */
void sim_server_stop(struct sim *sim);
void sim_server_start(struct sim *sim);
void sim_server_restart(struct sim *sim, int64_t downtime_ms);
/* kill -9 once `batches` more were committed, with whatever waits then; it starts again later. */
void sim_server_kill_after(struct sim *sim, int64_t batches, int64_t downtime_ms);
/* For `ms`: the failpoint fires as base/failpoint.h says. */
void sim_fail_writes(struct sim *sim, const char *failpoint, const char *action, int64_t ms);
/* Is that the answer of a write that failed by such a fault? */
bool sim_write_failed(const struct sim *sim, enum err_code code);

/* ---- operators ---- */

struct sim_spec {
    const char *name;
    const char *version; /* its first word is how it behaves: see sim_agent.h */
    int64_t replicas;
    const char *resources; /* members of template.resources; NULL = none */
    const char *strategy;  /* members of spec.strategy; NULL = defaults */
    const char *limits;    /* members of template.limits; NULL = defaults */
    const char *spec;      /* further members of spec; NULL = none */
    const char *labels;    /* members of labels; NULL = none */
    bool force;            /* also a template that is quarantined */
};
/* An order that is refused aborts the run; those named `try` tell instead. */
void sim_apply(struct sim *sim, const struct sim_spec *spec);
enum err_code sim_try_apply(struct sim *sim, const struct sim_spec *spec, struct err *err);
void sim_scale(struct sim *sim, const char *name, int64_t replicas);
enum err_code sim_try_scale(struct sim *sim, const char *name, int64_t replicas, struct err *err);
enum err_code sim_try_rollback(struct sim *sim, const char *name, int64_t revision,
                               struct err *err);
void sim_delete(struct sim *sim, const char *name);
enum err_code sim_try_delete(struct sim *sim, const char *name, struct err *err);
/* The orders that take no document. */
enum sim_order {
    ORDER_PAUSE,
    ORDER_RESUME,
    ORDER_PROMOTE,
    ORDER_PROMOTE_FULL,
    ORDER_ABORT,
    ORDER_RETRY,
    ORDER_RESTART,
    ORDER_TERMINATE,
    ORDER_START
};
extern const char *const sim_order_words[];
void sim_order(struct sim *sim, enum sim_order order, const char *name);
enum err_code sim_try_order(struct sim *sim, enum sim_order order, const char *name,
                            struct err *err);
/* Its agent, if it runs, joins again as a new node. */
enum err_code sim_try_remove_node(struct sim *sim, const char *node, struct err *err);

/* ---- what is stored ---- */

struct sim_look {
    bool exists;
    struct deployment deployment;
    struct rollout rollout;   /* the newest; id 0 = none */
    struct replica *replicas; /* that have not ended */
    size_t count;
    struct replica *ended;
    size_t ended_count;
    struct rollout *rollouts; /* newest first */
    size_t rollout_count;
    struct revision *revisions; /* newest first */
    size_t revision_count;
};
/* Valid until the next look. */
const struct sim_look *sim_look(struct sim *sim, const char *name);
int64_t sim_count_on_node(const struct sim_look *look, const char *node);
/* The newest event of that kind and reason about `name`; its data too. NULL: none. */
const struct event *sim_event(struct sim *sim, const char *kind, const char *name,
                              const char *reason);
int64_t sim_count_events(struct sim *sim, const char *kind, const char *reason);

bool sim_until_rollout(struct sim *sim, const char *name, enum rollout_state state, int64_t ms);
bool sim_until_state(struct sim *sim, const char *name, enum deployment_state state, int64_t ms);
bool sim_until_gone(struct sim *sim, const char *name, int64_t ms);

/* ---- failing ---- */

/* Prints the sentence and how to replay, then aborts. */
void sim_fail(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));
/* A call that cannot fail here; it names its last argument `err`. */
#define SIM_MUST(sim, call)                                                                        \
    do {                                                                                           \
        struct err must_err_ = {.code = ERR_OK};                                                   \
        struct err *err = &must_err_;                                                              \
        if ((call) != ERR_OK) sim_fail(sim, "%s: %s", #call, err->detail);                         \
    } while (0)
/* To stderr when DOGSHORE_TRACE is set. */
void sim_trace(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
