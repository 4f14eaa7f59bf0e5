#include "model/states.h"

#include "golden.h"
#include "model/deployment.h"
#include "model/node.h"
#include "model/replica.h"
#include "model/revision.h"
#include "model/rollout.h"
#include "model/state_machine.h"

Test(states, the_printed_machines_are_the_golden_ones)
{
    struct text text;
    text_init(&text, NULL);
    states_print(&text);
    golden_check(GOLDEN_PATH("states.txt"), text_string(&text));
    text_release(&text);
}

static const struct state_machine *const machines[] = {
    &deployment_lifecycle_machine, &revision_outcome_machine, &rollout_state_machine,
    &replica_phase_machine,        &node_state_machine,
};
enum { MACHINES = sizeof machines / sizeof *machines };

Test(states, every_state_has_a_word_and_a_meaning)
{
    for (size_t m = 0; m < MACHINES; m++) {
        for (size_t i = 0; i < machines[m]->count; i++) {
            cr_assert_not_null(machines[m]->words[i]);
            cr_assert_not_null(machines[m]->rows[i].meaning);
        }
        cr_assert_null(machines[m]->words[machines[m]->count], "%s", machines[m]->name);
    }
}

Test(states, a_final_state_moves_nowhere_and_every_other_one_somewhere)
{
    for (size_t m = 0; m < MACHINES; m++)
        for (size_t i = 0; i < machines[m]->count; i++)
            cr_assert_eq(machines[m]->rows[i].moves == 0, machines[m]->rows[i].final, "%s: %s",
                         machines[m]->name, machines[m]->words[i]);
}

Test(states, no_state_is_its_own_successor)
{
    for (size_t m = 0; m < MACHINES; m++)
        for (size_t i = 0; i < machines[m]->count; i++)
            cr_assert(!state_machine_may_move(machines[m], (int)i, (int)i));
}

Test(states, what_is_outside_of_the_table_moves_nowhere)
{
    cr_assert(!rollout_state_may_move(-1, ROLLOUT_PAUSED));
    cr_assert(!rollout_state_may_move(ROLLOUT_PAUSED, 99));
    cr_assert(!rollout_state_final(99));
}

Test(states, a_rollout_pauses_and_resumes_but_never_leaves_an_end)
{
    cr_assert(rollout_state_may_move(ROLLOUT_PROGRESSING, ROLLOUT_PAUSED));
    cr_assert(rollout_state_may_move(ROLLOUT_PAUSED, ROLLOUT_PROGRESSING));
    cr_assert(rollout_state_may_move(ROLLOUT_ROLLING_BACK, ROLLOUT_ROLLED_BACK));
    cr_assert(!rollout_state_may_move(ROLLOUT_ROLLING_BACK, ROLLOUT_SUCCEEDED));
    cr_assert(!rollout_state_may_move(ROLLOUT_PAUSED, ROLLOUT_FAILED));
    cr_assert(!rollout_state_may_move(ROLLOUT_SUCCEEDED, ROLLOUT_PROGRESSING));
    cr_assert(rollout_state_final(ROLLOUT_ABORTED));
    cr_assert(!rollout_state_final(ROLLOUT_ROLLING_BACK));
}

Test(states, a_replica_moves_forward_within_an_attempt)
{
    cr_assert(replica_may_move(REPLICA_PENDING, 0, REPLICA_ASSIGNED, 0));
    cr_assert(replica_may_move(REPLICA_PENDING, 0, REPLICA_STOPPED, 0));
    cr_assert(replica_may_move(REPLICA_STARTING, 1, REPLICA_RUNNING, 1));
    cr_assert(replica_may_move(REPLICA_PREPARING, 1, REPLICA_FAILED, 1));
    cr_assert(!replica_may_move(REPLICA_RUNNING, 1, REPLICA_STARTING, 1));
    cr_assert(!replica_may_move(REPLICA_PENDING, 0, REPLICA_RUNNING, 0));
    cr_assert(!replica_may_move(REPLICA_STOPPING, 1, REPLICA_RUNNING, 1));
}

Test(states, a_replica_may_skip_phases_nobody_saw)
{
    cr_assert(replica_may_move(REPLICA_ASSIGNED, 0, REPLICA_RUNNING, 1));
    cr_assert(replica_may_move(REPLICA_PREPARING, 1, REPLICA_STOPPED, 1));
    cr_assert(replica_may_move(REPLICA_RUNNING, 1, REPLICA_RUNNING, 3));
}

Test(states, a_higher_attempt_begins_again_and_a_lower_one_is_stale)
{
    cr_assert(replica_may_move(REPLICA_RUNNING, 1, REPLICA_STARTING, 2));
    cr_assert(replica_may_move(REPLICA_RUNNING, 1, REPLICA_PREPARING, 2));
    cr_assert(!replica_may_move(REPLICA_RUNNING, 2, REPLICA_STOPPED, 1));
    cr_assert(!replica_may_move(REPLICA_RUNNING, 1, REPLICA_ASSIGNED, 2));
    cr_assert(!replica_may_move(REPLICA_PENDING, 0, REPLICA_STARTING, 1));
}

Test(states, an_ended_replica_never_comes_back)
{
    for (int to = REPLICA_PENDING; to <= REPLICA_FAILED; to++) {
        cr_assert(!replica_may_move(REPLICA_STOPPED, 1, to, 2));
        cr_assert_eq(replica_may_move(REPLICA_FAILED, 1, to, 1), to == REPLICA_FAILED);
    }
    cr_assert(replica_phase_final(REPLICA_STOPPED));
    cr_assert(!replica_phase_final(REPLICA_STOPPING));
}

Test(states, a_node_is_suspected_before_it_is_lost)
{
    cr_assert(node_state_may_move(NODE_READY, NODE_SUSPECT));
    cr_assert(!node_state_may_move(NODE_READY, NODE_LOST));
    cr_assert(node_state_may_move(NODE_SUSPECT, NODE_LOST));
    cr_assert(node_state_may_move(NODE_LOST, NODE_READY));
    cr_assert(node_state_may_move(NODE_LOST, NODE_LEFT));
}

Test(states, a_stable_revision_is_only_ever_superseded)
{
    cr_assert(revision_outcome_may_move(OUTCOME_ACTIVE, OUTCOME_STABLE));
    cr_assert(revision_outcome_may_move(OUTCOME_STABLE, OUTCOME_SUPERSEDED));
    cr_assert(!revision_outcome_may_move(OUTCOME_STABLE, OUTCOME_FAILED));
    cr_assert(!revision_outcome_may_move(OUTCOME_FAILED, OUTCOME_ACTIVE));
}

Test(states, a_terminated_deployment_starts_again_or_is_deleted)
{
    const struct state_machine *machine = &deployment_lifecycle_machine;
    cr_assert(state_machine_may_move(machine, LIFECYCLE_ACTIVE, LIFECYCLE_TERMINATED));
    cr_assert(state_machine_may_move(machine, LIFECYCLE_TERMINATED, LIFECYCLE_ACTIVE));
    cr_assert(state_machine_may_move(machine, LIFECYCLE_TERMINATED, LIFECYCLE_DELETING));
    cr_assert(!state_machine_may_move(machine, LIFECYCLE_DELETING, LIFECYCLE_TERMINATED));
}

Test(states, awaiting_promotion_goes_on_before_it_can_fail)
{
    cr_assert(rollout_state_may_move(ROLLOUT_PROGRESSING, ROLLOUT_AWAITING_PROMOTION));
    cr_assert(rollout_state_may_move(ROLLOUT_AWAITING_PROMOTION, ROLLOUT_PROGRESSING));
    cr_assert(rollout_state_may_move(ROLLOUT_AWAITING_PROMOTION, ROLLOUT_ABORTED));
    cr_assert(!rollout_state_may_move(ROLLOUT_AWAITING_PROMOTION, ROLLOUT_FAILED));
    cr_assert(!rollout_state_may_move(ROLLOUT_AWAITING_PROMOTION, ROLLOUT_PAUSED));
    cr_assert(!rollout_state_may_move(ROLLOUT_ROLLING_BACK, ROLLOUT_AWAITING_PROMOTION));
}
