/* supervise_parts.h: what the files of supervise.h share. */
#ifndef DOGSHORE_AGENT_SUPERVISE_PARTS_H
#define DOGSHORE_AGENT_SUPERVISE_PARTS_H

#include "agent/prober.h"
#include "agent/replica.h"
#include "agent/supervise.h"
#include "agent/templates.h"
#include "agent/usage.h"
#include "base/map.h"
#include "base/rng.h"

struct runner;

struct runner_timer {
    struct loop_timer timer;
    struct runner *runner;
};

struct runner_check {
    struct check check;
    struct runner *runner;
};

/* One replica and what ties it to this machine. */
struct runner {
    struct local_replica replica;
    struct supervisor *supervisor;
    struct kept_template *template; /* NULL = not known */
    struct attempt attempt;
    bool has_attempt;
    struct runner *next_start; /* in the queue of starts */
    bool queued;
    bool listed;     /* by the newest assignments */
    bool never_here; /* only there to be reported: it has no folder */
    struct runner_timer timers[REPLICA_TIMERS];
    struct runner_check checks[PROBE_KINDS];
    struct runner_check canary;
    struct usage_mark usage;
};

struct supervisor {
    struct replica_host host;
    struct supervise_settings settings;
    struct map runners; /* id → struct runner */
    struct templates templates;
    struct rng rng;
    /* First starts, one a turn: a start takes milliseconds, and others have something to tell. */
    struct runner *first_start, *last_start;
    struct loop_timer start_timer;
};

#define JOURNAL_FILE "journal"
#define RECORD_FILE "record"

/* supervise_host.c: the replicas' door to this machine. */
extern const struct replica_host supervise_host;
extern const struct attempt_events runner_events;

/* supervise.c */
struct runner *runner_new(struct supervisor *supervisor, const struct replica_record *record,
                          struct kept_template *template);
const char *runner_folder(const struct runner *runner, struct arena *arena);
const char *runner_run_folder(const struct runner *runner, struct arena *arena);

/* supervise_folders.c: removes what a replica left, but for its log. */
void runner_folders_remove(const struct runner *runner);

#endif
