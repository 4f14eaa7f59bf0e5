/* state_machine.h: a state machine as a table: which moves are legal, what each state means.
 *
 * Every stored state of the program has one; its words are what the database and the API say. A
 * state that only depends on others (deployment_state) has a table without moves. */
#ifndef DOGSHORE_MODEL_STATE_MACHINE_H
#define DOGSHORE_MODEL_STATE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_BIT(state) (UINT32_C(1) << (state))

struct state_row {
    uint32_t moves;      /* STATE_BIT of each state that may follow */
    bool final;          /* nothing may follow, ever */
    const char *meaning; /* one sentence for operators */
};

struct state_machine {
    const char *name;
    const char *drawing; /* as in the header of its object */
    const char *const *words;
    const struct state_row *rows;
    size_t count;
};

extern const struct state_machine deployment_state_machine;
extern const struct state_machine deployment_lifecycle_machine;
extern const struct state_machine revision_outcome_machine;
extern const struct state_machine rollout_state_machine;
extern const struct state_machine replica_phase_machine;
extern const struct state_machine node_state_machine;

/* A state is never its own successor. States outside of the table move nowhere. */
bool state_machine_may_move(const struct state_machine *machine, int from, int to);
bool state_machine_final(const struct state_machine *machine, int state);

#endif
