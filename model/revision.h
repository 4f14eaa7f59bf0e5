/* revision.h: an immutable numbered template of a deployment, and the stored size of each template.
 */
#ifndef DOGSHORE_MODEL_REVISION_H
#define DOGSHORE_MODEL_REVISION_H

#include "model/template.h"

enum revision_source {
    SOURCE_CREATE,
    SOURCE_UPDATE,
    SOURCE_ROLLBACK,
    SOURCE_AUTO_ROLLBACK,
    SOURCE_ABORT,
    SOURCE_RETRY,
    SOURCE_RESTART
};
extern const char *const revision_source_words[];

/* pending ─► active ─► stable ─► superseded
 *    └──────────┴──────────────► superseded | failed */
enum revision_outcome {
    OUTCOME_PENDING,
    OUTCOME_ACTIVE,
    OUTCOME_STABLE,
    OUTCOME_SUPERSEDED,
    OUTCOME_FAILED
};
extern const char *const revision_outcome_words[];
bool revision_outcome_may_move(int from, int to);

struct revision {
    int64_t number;
    const char *version;
    const char *template_json; /* canonical; decode with wire/deployment_wire.h */
    const char *template_hash;
    int64_t created_at; /* wall ms */
    const char *created_by;
    const char *change_cause;
    int source;      /* enum revision_source */
    int64_t copy_of; /* 0 = none */
    int outcome;     /* enum revision_outcome */
    bool proven;     /* was stable once, whatever came later */
    bool pinned;
    struct strings tags;
};

/* How many replicas of one template are wanted: the planner's memory between passes. */
struct revision_set {
    const char *template_hash;
    int64_t revision; /* newest revision with this template */
    int64_t wanted;
    int64_t failures;    /* replicas in a row that ended failed without one becoming available */
    int64_t retry_at_ms; /* cluster clock: no replacement of a failed one before */
};

#endif
