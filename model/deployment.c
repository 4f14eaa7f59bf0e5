#include "model/deployment.h"

#include "model/state_machine.h"

const char *const strategy_type_words[] = {[STRATEGY_ROLLING] = "rolling", NULL};

const char *const spread_by_words[] = {[SPREAD_NODE] = "node", [SPREAD_NONE] = "none", NULL};

const char *const deployment_state_words[] = {
    [DEPLOYMENT_PENDING] = "pending",
    [DEPLOYMENT_DEPLOYING] = "deploying",
    [DEPLOYMENT_RUNNING] = "running",
    [DEPLOYMENT_DEGRADED] = "degraded",
    [DEPLOYMENT_UNHEALTHY] = "unhealthy",
    [DEPLOYMENT_PAUSED] = "paused",
    [DEPLOYMENT_ROLLING_BACK] = "rolling_back",
    [DEPLOYMENT_FAILED] = "failed",
    [DEPLOYMENT_SCALED_TO_ZERO] = "scaled_to_zero",
    [DEPLOYMENT_TERMINATING] = "terminating",
    [DEPLOYMENT_TERMINATED] = "terminated",
    [DEPLOYMENT_UNKNOWN] = "unknown",
    NULL,
};

static const struct state_row deployment_states[] = {
    [DEPLOYMENT_PENDING] = {.meaning = "accepted, no replica was started yet"},
    [DEPLOYMENT_DEPLOYING] = {.meaning = "a rollout is on its way"},
    [DEPLOYMENT_RUNNING] = {.meaning = "every wanted replica is available"},
    [DEPLOYMENT_DEGRADED] = {.meaning = "some wanted replicas are not available"},
    [DEPLOYMENT_UNHEALTHY] = {.meaning = "no replica is available"},
    [DEPLOYMENT_PAUSED] = {.meaning = "paused by its spec in the middle of a rollout"},
    [DEPLOYMENT_ROLLING_BACK] = {.meaning = "a failed rollout is being taken back"},
    [DEPLOYMENT_FAILED] = {.meaning = "the last rollout failed and template steps are halted"},
    [DEPLOYMENT_SCALED_TO_ZERO] = {.meaning = "no replica is wanted"},
    [DEPLOYMENT_TERMINATING] = {.meaning = "its replicas are being stopped for good"},
    [DEPLOYMENT_TERMINATED] = {.meaning = "it is gone, its tombstone remains for an hour"},
    [DEPLOYMENT_UNKNOWN] = {.meaning = "what runs cannot be told, the message says why"},
};

const struct state_machine deployment_state_machine = {
    .name = "deployment state",
    .drawing = "    derived from spec, rollout and replicas at every pass\n",
    .words = deployment_state_words,
    .rows = deployment_states,
    .count = sizeof deployment_states / sizeof *deployment_states,
};

const char *const deployment_lifecycle_words[] = {
    [LIFECYCLE_ACTIVE] = "active",
    [LIFECYCLE_DELETING] = "deleting",
    NULL,
};

/* active ─► deleting ─► (the row is removed) */
static const struct state_row deployment_lifecycles[] = {
    [LIFECYCLE_ACTIVE] = {STATE_BIT(LIFECYCLE_DELETING), false, "its spec is kept true"},
    [LIFECYCLE_DELETING] = {0, true, "removed once its last replica has ended"},
};

const struct state_machine deployment_lifecycle_machine = {
    .name = "deployment lifecycle",
    .drawing = "    active ─► deleting ─► (the row is removed)\n",
    .words = deployment_lifecycle_words,
    .rows = deployment_lifecycles,
    .count = sizeof deployment_lifecycles / sizeof *deployment_lifecycles,
};
