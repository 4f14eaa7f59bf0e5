#include "model/states.h"

#include "base/text.h"
#include "model/state_machine.h"
#include "model/values.h"

static const struct state_machine *const machines[] = {
    &deployment_state_machine, &deployment_lifecycle_machine, &revision_outcome_machine,
    &rollout_state_machine,    &replica_phase_machine,        &node_state_machine,
};

static void print_moves(struct text *text, const struct state_machine *machine,
                        const struct state_row *row)
{
    const char *separator = "      -> ";
    for (size_t to = 0; to < machine->count; to++) {
        if (!(row->moves & STATE_BIT(to))) continue;
        text_printf(text, "%s%s", separator, word_of(machine->words, (int)to));
        separator = " | ";
    }
    if (row->moves) text_add_char(text, '\n');
}

static void print_row(struct text *text, const struct state_machine *machine, size_t state)
{
    const struct state_row *row = &machine->rows[state];
    text_printf(text, "    %-19s %s%s\n", word_of(machine->words, (int)state), row->meaning,
                row->final ? " (final)" : "");
    print_moves(text, machine, row);
}

static void print_machine(struct text *text, const struct state_machine *machine)
{
    text_printf(text, "%s\n\n%s\n", machine->name, machine->drawing);
    for (size_t state = 0; state < machine->count; state++)
        print_row(text, machine, state);
}

void states_print(struct text *text)
{
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        if (i > 0) text_add_char(text, '\n');
        print_machine(text, machines[i]);
    }
}
