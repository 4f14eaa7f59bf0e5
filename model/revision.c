#include "model/revision.h"

#include "model/state_machine.h"

const char *const revision_source_words[] = {
    [SOURCE_CREATE] = "create",     [SOURCE_UPDATE] = "update",
    [SOURCE_ROLLBACK] = "rollback", [SOURCE_AUTO_ROLLBACK] = "auto_rollback",
    [SOURCE_ABORT] = "abort",       [SOURCE_RETRY] = "retry",
    [SOURCE_RESTART] = "restart",   NULL,
};

const char *const revision_outcome_words[] = {
    [OUTCOME_PENDING] = "pending",       [OUTCOME_ACTIVE] = "active", [OUTCOME_STABLE] = "stable",
    [OUTCOME_SUPERSEDED] = "superseded", [OUTCOME_FAILED] = "failed", NULL,
};

/* pending ─► active ─► stable ─► superseded
 *    └──────────┴──────────────► superseded | failed */
static const struct state_row revision_outcomes[] = {
    [OUTCOME_PENDING] = {STATE_BIT(OUTCOME_ACTIVE) | STATE_BIT(OUTCOME_SUPERSEDED) |
                             STATE_BIT(OUTCOME_FAILED),
                         false, "written, its rollout has not begun"},
    [OUTCOME_ACTIVE] = {STATE_BIT(OUTCOME_STABLE) | STATE_BIT(OUTCOME_SUPERSEDED) |
                            STATE_BIT(OUTCOME_FAILED),
                        false, "its rollout is on its way"},
    [OUTCOME_STABLE] = {STATE_BIT(OUTCOME_SUPERSEDED), false,
                        "proven healthy: completed and held through its monitor period"},
    [OUTCOME_SUPERSEDED] = {0, true, "overtaken by a newer revision"},
    [OUTCOME_FAILED] = {0, true, "its rollout failed"},
};

const struct state_machine revision_outcome_machine = {
    .name = "revision outcome",
    .drawing = "    pending ─► active ─► stable ─► superseded\n"
               "       └──────────┴──────────────► superseded | failed\n",
    .words = revision_outcome_words,
    .rows = revision_outcomes,
    .count = sizeof revision_outcomes / sizeof *revision_outcomes,
};

bool revision_outcome_may_move(int from, int to)
{
    return state_machine_may_move(&revision_outcome_machine, from, to);
}
