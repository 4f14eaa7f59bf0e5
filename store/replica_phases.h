/* replica_phases.h: phases of replicas in SQL (private to store/). */
#ifndef DOGSHORE_STORE_REPLICA_PHASES_H
#define DOGSHORE_STORE_REPLICA_PHASES_H

/* Spelled as in the indexes of table replicas, which are used only then. */
#define REPLICA_NOT_FINAL "phase NOT IN ('stopped', 'failed')"

#endif
