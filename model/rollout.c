#include "model/rollout.h"

#include "model/state_machine.h"

#include <assert.h>

const char *const rollout_state_words[] = {
    [ROLLOUT_PROGRESSING] = "progressing",
    [ROLLOUT_PAUSED] = "paused",
    [ROLLOUT_AWAITING_PROMOTION] = "awaiting_promotion",
    [ROLLOUT_ROLLING_BACK] = "rolling_back",
    [ROLLOUT_SUCCEEDED] = "succeeded",
    [ROLLOUT_ROLLED_BACK] = "rolled_back",
    [ROLLOUT_FAILED] = "failed",
    [ROLLOUT_SUPERSEDED] = "superseded",
    [ROLLOUT_ABORTED] = "aborted",
    NULL,
};

const char *const promote_order_words[] = {
    [PROMOTE_NONE] = "none",
    [PROMOTE_STEP] = "step",
    [PROMOTE_FULL] = "full",
    NULL,
};

#define OVERTAKEN (STATE_BIT(ROLLOUT_SUPERSEDED) | STATE_BIT(ROLLOUT_ABORTED))

/* progressing ⇄ paused, awaiting_promotion ─► superseded | aborted
 * progressing ─► succeeded | failed | superseded | aborted | rolling_back
 * rolling_back ─► rolled_back | failed | superseded | aborted */
static const struct state_row rollout_states[] = {
    [ROLLOUT_PROGRESSING] = {OVERTAKEN | STATE_BIT(ROLLOUT_PAUSED) |
                                 STATE_BIT(ROLLOUT_AWAITING_PROMOTION) |
                                 STATE_BIT(ROLLOUT_ROLLING_BACK) | STATE_BIT(ROLLOUT_SUCCEEDED) |
                                 STATE_BIT(ROLLOUT_FAILED),
                             false, "replicas of the target are taking over"},
    [ROLLOUT_PAUSED] = {OVERTAKEN | STATE_BIT(ROLLOUT_PROGRESSING), false,
                        "no template step and no deadline until it is resumed"},
    [ROLLOUT_AWAITING_PROMOTION] = {OVERTAKEN | STATE_BIT(ROLLOUT_PROGRESSING), false,
                                    "waits for a promote"},
    [ROLLOUT_ROLLING_BACK] = {OVERTAKEN | STATE_BIT(ROLLOUT_ROLLED_BACK) |
                                  STATE_BIT(ROLLOUT_FAILED),
                              false, "failed, the last stable template is taking over again"},
    [ROLLOUT_SUCCEEDED] = {0, true, "complete, and healthy through the monitor period"},
    [ROLLOUT_ROLLED_BACK] = {0, true, "failed, and the last stable template is whole again"},
    [ROLLOUT_FAILED] = {0, true, "failed, template steps are halted"},
    [ROLLOUT_SUPERSEDED] = {0, true, "overtaken by a newer template"},
    [ROLLOUT_ABORTED] = {0, true, "ended by an operator or by the deployment's deletion"},
};

const struct state_machine rollout_state_machine = {
    .name = "rollout state",
    .drawing = "    progressing ⇄ paused, awaiting_promotion ─► superseded | aborted\n"
               "    progressing ─► succeeded | failed | superseded | aborted | rolling_back\n"
               "    rolling_back ─► rolled_back | failed | superseded | aborted\n",
    .words = rollout_state_words,
    .rows = rollout_states,
    .count = sizeof rollout_states / sizeof *rollout_states,
};

bool rollout_state_final(int state)
{
    return state_machine_final(&rollout_state_machine, state);
}

bool rollout_state_may_move(int from, int to)
{
    return state_machine_may_move(&rollout_state_machine, from, to);
}

void rollout_finish(struct rollout *rollout, enum rollout_state state, int64_t finished_at)
{
    assert(rollout_state_final((int)state) && rollout_state_may_move(rollout->state, (int)state));
    rollout->state = (int)state;
    rollout->finished_at = finished_at;
    rollout->deadline_at_ms = rollout->deadline_left_ms = 0;
    rollout->monitor_since_ms = rollout->batch_since_ms = 0;
    rollout->step_since_ms = rollout->keep_old_since_ms = rollout->extended_ms = 0;
    rollout->check_round = 0;
    rollout->promote = PROMOTE_NONE;
}
