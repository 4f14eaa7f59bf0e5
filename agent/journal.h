/* journal.h: what the agent remembers of a replica, so that its next life goes on where this one
 * ended. One file per replica, in two places:
 *
 *     STATEDIR/replicas/<id>/journal    beside the replica's log and home
 *     RUNDIR/<id>/record                a copy that outlives a lost state directory
 *
 * Written at every change of phase, and on disk before an attempt is started: a start that the
 * journal does not know of never happened.
 *
 * Ownership: a record borrows everything. Threads: any.
 */
#ifndef DOGSHORE_AGENT_JOURNAL_H
#define DOGSHORE_AGENT_JOURNAL_H

#include "base/err.h"
#include "model/template.h"
#include "model/values.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

/* Of a replica on this node. waiting: for its next start. replacing: a probe failed, it is ended to
 * be started again. draining: its stop was ordered, clients are leaving. */
enum local_phase {
    LOCAL_WAITING,
    LOCAL_STARTING,
    LOCAL_RUNNING,
    LOCAL_REPLACING,
    LOCAL_DRAINING,
    LOCAL_TERMINATING,
    LOCAL_KILLING,
    LOCAL_ENDED
};
extern const char *const local_phase_words[];

struct replica_record {
    const char *id;
    const char *deployment, *cluster; /* "" = not known */
    int64_t revision;
    const char *template_hash;
    const struct template *template; /* NULL = not known */
    struct ports ports;

    int64_t attempt;       /* the newest that was begun; 0 = none */
    const char *boot_id;   /* of the machine when it was */
    int phase;             /* enum local_phase */
    bool ran;              /* this attempt was executed */
    bool startup_passed;   /* likewise */
    bool ready;            /* now */
    bool was_ready;        /* this attempt was, long enough to count */
    int64_t crashes;       /* ends in a row without having been ready */
    int64_t failed_starts; /* in a row */
    int64_t backoff_ms;    /* before this attempt; 0 = none yet */
    const char *reason;

    bool failed;                    /* once it ended: failed, not stopped */
    bool has_exit;                  /* of the attempt that ended last */
    int64_t exit_code, exit_signal; /* -1 = none */
};

/* Makes the folder when it is missing. */
enum err_code journal_write(const char *folder, const char *name,
                            const struct replica_record *record, bool durable, struct err *err);
/* ERR_NOT_FOUND: there is none; ERR_IO or ERR_INTERNAL: it cannot be read. */
enum err_code journal_read(struct arena *arena, const char *folder, const char *name,
                           struct replica_record *record, struct err *err);

#endif
