/* supervise.h: every replica of this node: their machines (replica.h) tied to processes, probes,
 * timers and files.
 *
 *     STATEDIR/replicas/<id>/{journal,log,log.1,home/}     RUNDIR/<id>/{record,<attempt>/…}
 *
 * What is not mentioned in the assignments goes on: only wanted=stop stops. A replica is forgotten
 * once the server has taken its end and lists it no more; its log stays a while.
 *
 * Ownership: the settings' pointers are borrowed. Threads: those of the loop.
 */
#ifndef DOGSHORE_AGENT_SUPERVISE_H
#define DOGSHORE_AGENT_SUPERVISE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct assignments;
struct driver;
struct loop;
struct port_range;
struct prober;
struct replica_change;
struct replica_sample;
struct supervisor;

enum {
    SUPERVISE_KEPT_LOGS = 20,          /* of replicas that are forgotten */
    SUPERVISE_TAILS_BYTES = 512 * 1024 /* of logs in one report; escapes make up to 6 of each */
};

struct supervise_settings {
    struct loop *loop;
    struct driver *driver;
    struct prober *prober;
    struct port_range *ports;
    const char *state_dir, *run_dir; /* absolute */
    const char *node, *address, *boot_id;
    const char *path; /* the replicas' PATH; NULL = launch.h's */
    int64_t log_bytes;
    void (*changed)(void *self); /* there is something to report */
    void *self;
};

enum err_code supervisor_open(struct supervisor **supervisor,
                              const struct supervise_settings *settings, struct err *err);
/* What runs goes on. */
void supervisor_close(struct supervisor *supervisor);

/* Takes up what an earlier life of the agent left. Once, before anything else. */
enum err_code supervisor_adopt(struct supervisor *supervisor, struct err *err);

/* False: a template is missing, all assignments are to be fetched anew (index 0). */
bool supervisor_apply(struct supervisor *supervisor, const struct assignments *assignments);

/* --- reports: one at a time --- */

/* All of it is to be told again. */
void supervisor_touch_all(struct supervisor *supervisor);
bool supervisor_is_dirty(const struct supervisor *supervisor);
/* What the server does not know yet, `most` at most, or fewer with long tails of logs. Borrowed
 * until the loop goes on. */
void supervisor_changes(struct supervisor *supervisor, struct arena *arena, size_t most,
                        struct replica_change **changes, size_t *count);
/* Those changes were answered. */
void supervisor_told(struct supervisor *supervisor, const char *const *ids, size_t count);
void supervisor_samples(struct supervisor *supervisor, struct arena *arena, size_t most,
                        struct replica_sample **samples, size_t *count);

/* --- the end --- */

/* Without drain. */
void supervisor_stop_all(struct supervisor *supervisor);
size_t supervisor_processes(const struct supervisor *supervisor);

#endif
