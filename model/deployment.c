#include "model/deployment.h"

#include "model/state_machine.h"

const char *const strategy_type_words[] = {
    [STRATEGY_ROLLING] = "rolling",
    [STRATEGY_RECREATE] = "recreate",
    [STRATEGY_BLUE_GREEN] = "blue_green",
    [STRATEGY_CANARY] = "canary",
    NULL,
};

const char *const canary_step_words[] = {
    [CANARY_SET_WEIGHT] = "set_weight",
    [CANARY_SET_REPLICAS] = "set_replicas",
    [CANARY_PAUSE] = "pause",
    [CANARY_CHECK] = "check",
    NULL,
};

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
    [DEPLOYMENT_PAUSED] = {.meaning = "a rollout is paused by the spec, or waits for promotion"},
    [DEPLOYMENT_ROLLING_BACK] = {.meaning = "a failed rollout is being taken back"},
    [DEPLOYMENT_FAILED] = {.meaning = "the last rollout failed and template steps are halted"},
    [DEPLOYMENT_SCALED_TO_ZERO] = {.meaning = "no replica is wanted"},
    [DEPLOYMENT_TERMINATING] = {.meaning = "its replicas are being stopped"},
    [DEPLOYMENT_TERMINATED] = {.meaning =
                                   "no replica runs until it is started again, or it was deleted"},
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
    [LIFECYCLE_TERMINATED] = "terminated",
    [LIFECYCLE_DELETING] = "deleting",
    NULL,
};

/* active ⇄ terminated ─► deleting ─► (the row is removed)
 *    └──────────────────────┘ */
static const struct state_row deployment_lifecycles[] = {
    [LIFECYCLE_ACTIVE] = {STATE_BIT(LIFECYCLE_TERMINATED) | STATE_BIT(LIFECYCLE_DELETING), false,
                          "its spec is kept true"},
    [LIFECYCLE_TERMINATED] = {STATE_BIT(LIFECYCLE_ACTIVE) | STATE_BIT(LIFECYCLE_DELETING), false,
                              "nothing runs, and spec.replicas is kept until it is started"},
    [LIFECYCLE_DELETING] = {0, true, "removed once its last replica has ended"},
};

const struct state_machine deployment_lifecycle_machine = {
    .name = "deployment lifecycle",
    .drawing = "    active ⇄ terminated ─► deleting ─► (the row is removed)\n"
               "       └──────────────────────┘\n",
    .words = deployment_lifecycle_words,
    .rows = deployment_lifecycles,
    .count = sizeof deployment_lifecycles / sizeof *deployment_lifecycles,
};
