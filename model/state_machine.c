#include "model/state_machine.h"

static const struct state_row *row_of(const struct state_machine *machine, int state)
{
    if (state < 0 || (size_t)state >= machine->count) return NULL;
    return &machine->rows[state];
}

bool state_machine_may_move(const struct state_machine *machine, int from, int to)
{
    const struct state_row *row = row_of(machine, from);
    if (!row || !row_of(machine, to)) return false;
    return (row->moves & STATE_BIT(to)) != 0;
}

bool state_machine_final(const struct state_machine *machine, int state)
{
    const struct state_row *row = row_of(machine, state);
    return row && row->final;
}
