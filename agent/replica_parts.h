/* replica_parts.h: what the files of replica.h share. */
#ifndef DOGSHORE_AGENT_REPLICA_PARTS_H
#define DOGSHORE_AGENT_REPLICA_PARTS_H

#include "agent/replica.h"
#include "base/log.h"

/* "readiness", …: its settings, NULL when the template has no such probe. */
const struct probe *replica_probe(const struct local_replica *replica, enum probe_kind kind);

/* replica_probes.c: from running on; nothing is asked any more. `spread`: the first checks come at
 * any time of their period, as many replicas begin at once. */
void replica_probes_begin(struct local_replica *replica, bool spread);
void replica_probes_end(struct local_replica *replica);
void replica_probe_is_due(struct local_replica *replica, enum probe_kind kind);
/* Forgets all answers: a new attempt. */
void replica_probes_reset(struct local_replica *replica);
/* It is not ready from now on, because of what the caller tells itself. */
void replica_note_unready(struct local_replica *replica);

/* replica_check.c: once it is ready; nothing is asked any more; a new attempt forgets the answer.
 */
void replica_check_begin(struct local_replica *replica);
void replica_check_end(struct local_replica *replica);
void replica_check_reset(struct local_replica *replica);
void replica_check_is_due(struct local_replica *replica);

/* replica.c */
void replica_set_reason(struct local_replica *replica, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void replica_changed(struct local_replica *replica);
/* What its log ends with goes along with the next report: there is trouble to tell of. */
void replica_note_log(struct local_replica *replica);
void replica_save(struct local_replica *replica, bool durable);
void replica_log(const struct local_replica *replica, enum log_level level, const char *event);
/* A probe failed for good: ends the attempt, another one follows. */
void replica_replace(struct local_replica *replica, bool at_once);

#endif
