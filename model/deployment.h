/* deployment.h: the object people create: what should run (spec) and what was seen (status). */
#ifndef DOGSHORE_MODEL_DEPLOYMENT_H
#define DOGSHORE_MODEL_DEPLOYMENT_H

#include "model/template.h"
#include "model/values.h"

enum strategy_type { STRATEGY_ROLLING, STRATEGY_RECREATE, STRATEGY_BLUE_GREEN, STRATEGY_CANARY };
extern const char *const strategy_type_words[];

/* A step of a canary, in the words of its JSON: {"set_weight": 10}, {"set_replicas": 1},
 * {"pause": {"seconds": 60}}, {"check": {…}}. */
enum canary_step_kind { CANARY_SET_WEIGHT, CANARY_SET_REPLICAS, CANARY_PAUSE, CANARY_CHECK };
extern const char *const canary_step_words[];

/* Asked by the agents of the canary replicas, each of its own replica. */
struct canary_check {
    const char *port; /* a name in template.ports */
    const char *path;
    int64_t expect_status;
    const char *expect_substring; /* NULL = none */
    int64_t times;                /* passes in a row */
};

struct canary_step {
    int kind;       /* enum canary_step_kind */
    int64_t amount; /* percent, replicas, or seconds of a pause: 0 = until it is promoted */
    struct canary_check check;
};

struct canary_steps {
    struct canary_step *items;
    size_t count;
};

enum { PREVIEW_ALL = -1 }; /* preview_replicas: as many as replicas */

struct strategy {
    int type; /* enum strategy_type */
    struct amount max_surge;
    struct amount max_unavailable;
    int64_t batch_pause_seconds;
    /* blue_green */
    bool auto_promote;
    int64_t auto_promote_after_seconds;
    int64_t keep_old_seconds;
    int64_t preview_replicas; /* PREVIEW_ALL = as many as replicas */
    /* canary */
    struct canary_steps steps;
    int64_t min_ready_seconds;
    int64_t monitor_seconds;
    int64_t progress_deadline_seconds;
    double max_failure_ratio;
    bool auto_rollback;
};

enum spread_by { SPREAD_NODE, SPREAD_NONE };
extern const char *const spread_by_words[];

struct placement {
    const char *node_selector; /* label selector; NULL = every node of the cluster */
    int spread_by;             /* enum spread_by */
};

enum { REPLICAS_ABSENT = -1 };

struct deployment_spec {
    int64_t replicas; /* REPLICAS_ABSENT in a document that leaves it out */
    struct template template;
    struct strategy strategy;
    struct placement placement;
    int64_t revision_history_limit;
    bool paused;
    bool paused_absent; /* of a document that leaves it out: it stays as it is */
};

/* What a client sends: POST and PUT bodies. */
struct deployment_document {
    const char *name;    /* in a PUT it may be absent, else it must equal the path's */
    const char *cluster; /* likewise with ?cluster= */
    const char *description;
    struct pairs labels;
    struct pairs annotations;
    struct deployment_spec spec;
};

/* One word for people and dashboards; every state other than running comes with a message. */
enum deployment_state {
    DEPLOYMENT_PENDING,
    DEPLOYMENT_DEPLOYING,
    DEPLOYMENT_RUNNING,
    DEPLOYMENT_DEGRADED,
    DEPLOYMENT_UNHEALTHY,
    DEPLOYMENT_PAUSED,
    DEPLOYMENT_ROLLING_BACK,
    DEPLOYMENT_FAILED,
    DEPLOYMENT_SCALED_TO_ZERO,
    DEPLOYMENT_TERMINATING,
    DEPLOYMENT_TERMINATED,
    DEPLOYMENT_UNKNOWN
};
enum { DEPLOYMENT_STATES = DEPLOYMENT_UNKNOWN + 1 };
extern const char *const deployment_state_words[];

/* terminated: no replica runs, spec.replicas is kept for when it is started again. */
enum deployment_lifecycle { LIFECYCLE_ACTIVE, LIFECYCLE_TERMINATED, LIFECYCLE_DELETING };
extern const char *const deployment_lifecycle_words[];

struct deployment_status {
    int state; /* enum deployment_state */
    const char *message;
    int64_t observed_generation;
    int64_t revision;        /* the spec's target */
    int64_t stable_revision; /* last one proven healthy; 0 = none yet */
    const char *version;
    /* NULL = not halted, template steps go on; else a stable slug: auto_rollback_off,
     * no_stable_revision, stable_is_the_failing_one, rollback_failed. */
    const char *halted_reason;
    int64_t halted_since_at; /* wall ms */
    int64_t desired, updated, ready, available, total;
    int64_t rollout_id; /* latest; 0 = none yet */
    int rollout_state;  /* enum rollout_state, of rollout_id */
};

struct deployment {
    const char *uid;
    const char *cluster;
    const char *name;
    const char *description;
    struct pairs labels;
    struct pairs annotations;
    int64_t generation;             /* moves with every effective spec change, never with status */
    int64_t index;                  /* of its last change, of any kind */
    int64_t endpoints_index;        /* of the last change of its endpoints */
    int64_t created_at, updated_at; /* wall ms */
    const char *created_by, *updated_by;
    int lifecycle; /* enum deployment_lifecycle */
    struct deployment_spec spec;
    const char *template_hash; /* of spec.template */
    /* Only replicas of this template get traffic (blue_green), the others are previews; NULL = all
     * do. */
    const char *active_hash;
    int64_t scaled_to;                   /* replicas the stored sizes were made for */
    int64_t scaled_ceiling;              /* replicas + surge at that time */
    int64_t next_revision, next_rollout; /* numbers are never reused */
    int64_t faults;                      /* passes in a row that crashed the server */
    struct deployment_status status;
};

#endif
