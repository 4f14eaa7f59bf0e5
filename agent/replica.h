/* replica.h: one replica as this node runs it: the decisions, without processes, clock and files,
 * which are its host's.
 *
 *   waiting ─► starting ─► running ─► replacing        an attempt that ends by itself, or because
 *      ▲           │          │           │            of a probe, is followed by the next one
 *      └───────────┴──────────┴───────────┘
 *
 *   starting, running ─► draining ─► terminating ─► killing ─► ended
 *   replacing ──────────────────────► terminating
 *   waiting ─────────────────────────────────────────────────► ended
 *
 * Draining is left out where the stop, or the template, gives no time for it. Once a stop was
 * ordered there is no way back. Ended is for good: stopped as ordered, or failed: its template
 * cannot run, its restart policy has no next attempt, or it crashed too often.
 *
 * Ownership: a replica belongs to its caller, its host's functions never free it while one of the
 * functions below runs. Threads: one.
 */
#ifndef DOGSHORE_AGENT_REPLICA_H
#define DOGSHORE_AGENT_REPLICA_H

#include "agent/driver.h"
#include "agent/journal.h"
#include "agent/probe.h"
#include "agent/replica_check.h"
#include "base/arena.h"
#include "base/limits.h"

struct local_replica;
struct replica_change;

enum {
    REPLICA_CRASHES_MAX = 5,        /* ends in a row without having been ready; then crash_loop */
    REPLICA_FAILED_STARTS_MAX = 5,  /* in a row */
    REPLICA_BACKOFF_LEAST_MS = 100, /* between attempts, whatever the template says */
    REPLICA_STEADY_MS = 60000,      /* ready so long, the back-off begins anew */
    REPLICA_PROVEN_MS = 10000,      /* what no probe vouches for "was ready" after this time */
    REPLICA_STUCK_MS = 30000,       /* SIGKILL should have done it by then */
    REPLICA_OVERSLEPT_MS = 5000     /* a check that is so late was slept through */
};

/* One for each probe (enum probe_kind), one for the phase, one for the check of a canary. */
enum replica_timer { REPLICA_TIMER_PHASE = PROBE_KINDS, REPLICA_TIMER_CHECK, REPLICA_TIMERS };

struct replica_host {
    int64_t (*now_ms)(struct replica_host *host);
    uint64_t (*random_below)(struct replica_host *host, uint64_t bound);
    /* Sets or moves it; a negative delay cancels. */
    void (*set_timer)(struct replica_host *host, struct local_replica *replica, int timer,
                      int64_t delay_ms);
    /* Folders and ports. */
    enum err_code (*prepare)(struct replica_host *host, struct local_replica *replica,
                             struct err *err);
    enum err_code (*save)(struct replica_host *host, struct local_replica *replica, bool durable,
                          struct err *err);
    enum err_code (*start)(struct replica_host *host, struct local_replica *replica,
                           struct err *err);
    void (*signal)(struct replica_host *host, struct local_replica *replica);
    void (*kill)(struct replica_host *host, struct local_replica *replica);
    /* May answer before it returns. */
    void (*check)(struct replica_host *host, struct local_replica *replica, enum probe_kind kind);
    void (*cancel_check)(struct replica_host *host, struct local_replica *replica,
                         enum probe_kind kind);
    /* Likewise, with what replica->check asks for. */
    void (*check_canary)(struct replica_host *host, struct local_replica *replica);
    void (*cancel_canary_check)(struct replica_host *host, struct local_replica *replica);
    /* The end of its log, malloc'ed; NULL when there is none. */
    char *(*log_tail)(struct replica_host *host, struct local_replica *replica);
    /* There is something to report. */
    void (*changed)(struct replica_host *host, struct local_replica *replica);
};

struct watched_probe {
    struct probe_record record;
    bool asked; /* a check is on its way */
    int64_t asked_at_ms;
};

struct local_replica {
    struct replica_host *host;
    struct replica_record record; /* reason, template and ids are kept by the three below */
    char reason[LIMIT_REPLICA_REASON_BYTES + 1];
    struct arena memory;             /* id, deployment, cluster, ports */
    const struct template *template; /* of the record, or the fallback of an unknown one */

    bool begun; /* here, in this life of the agent or an earlier one */
    pid_t pid;  /* 0 = no process is known */
    int64_t ready_since_ms;
    char *log_tail; /* as of the last trouble, until it was told; NULL = none */
    struct watched_probe probes[PROBE_KINDS];
    struct watched_check check;

    /* What the server knows: told is the version that it has. */
    uint64_t version, sent_version, told_version;
};

/* Copies the record's ids and ports. `template` outlives the replica; NULL = not known yet. */
void local_replica_init(struct local_replica *replica, struct replica_host *host,
                        const struct replica_record *record, const struct template *template,
                        const char *template_hash);
void local_replica_release(struct local_replica *replica);
void local_replica_set_ports(struct local_replica *replica, const struct ports *ports);
/* One that was found without a journal: the assignments say what it is. */
void local_replica_recognise(struct local_replica *replica, const char *deployment,
                             const char *cluster, const struct template *template,
                             const char *template_hash);

/* Begins the next attempt at once. */
void local_replica_start(struct local_replica *replica);
/* Goes on after the agent's restart, once the process was adopted; waiting ones wait anew. */
void local_replica_resume(struct local_replica *replica);
/* `drain`: clients are given the time to leave. */
void local_replica_stop(struct local_replica *replica, bool drain);
/* It never ran here and never will. */
void local_replica_refuse(struct local_replica *replica, bool failed, const char *reason);

/* What happens to it. */
void local_replica_running(struct local_replica *replica, pid_t pid);
void local_replica_ended(struct local_replica *replica, const struct attempt_exit *exit);
void local_replica_timer(struct local_replica *replica, int timer);
void local_replica_answered(struct local_replica *replica, enum probe_kind kind,
                            const struct probe_answer *answer);

static inline bool local_replica_is_final(const struct local_replica *replica)
{
    return replica->record.phase == LOCAL_ENDED;
}
/* Is, or may there be, a process? */
static inline bool local_replica_has_process(const struct local_replica *replica)
{
    return replica->record.phase != LOCAL_WAITING && replica->record.phase != LOCAL_ENDED;
}
/* Found without a journal, and without a process: only its number is known. */
static inline bool local_replica_is_nameless(const struct local_replica *replica)
{
    return replica->record.phase == LOCAL_WAITING && replica->record.template == NULL;
}
/* Before its first start there is nothing to say of it. */
static inline bool local_replica_is_dirty(const struct local_replica *replica)
{
    if (!replica->begun || local_replica_is_nameless(replica)) return false;
    return replica->version != replica->told_version;
}
/* All of it is to be reported again. */
void local_replica_touch(struct local_replica *replica);
/* As a report shows it; strings are borrowed. */
void local_replica_change(const struct local_replica *replica, struct replica_change *change);
/* The report that showed `sent_version` was answered. */
void local_replica_told(struct local_replica *replica);

#endif
