/* From what an agent says to the row of a replica. What a report leaves out stays as it was. */
#include "base/text.h"
#include "scheduler/report_parts.h"
#include "store/writer.h"

static bool is_empty(const char *text)
{
    return text == NULL || *text == '\0';
}

static bool same_text(const char *a, const char *b)
{
    return is_empty(a) ? is_empty(b) : text_equal(a, b);
}

static bool same_ports(const struct ports *a, const struct ports *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].number != b->items[i].number ||
            !text_equal(a->items[i].name, b->items[i].name))
            return false;
    return true;
}

static bool same_exit(const struct replica *a, const struct replica *b)
{
    return a->has_exit == b->has_exit && a->exit_code == b->exit_code &&
           a->exit_signal == b->exit_signal && a->exit_oom == b->exit_oom;
}

static bool same_check(const struct replica *a, const struct replica *b)
{
    return a->check_round == b->check_round && a->check_passed == b->check_passed &&
           same_text(a->check_reason, b->check_reason);
}

bool observed_move(const struct replica *before, const struct replica *after)
{
    return !same_text(before->address, after->address) ||
           !same_ports(&before->ports, &after->ports);
}

bool observed_news(const struct replica *before, const struct replica *after)
{
    return before->attempt != after->attempt || before->phase != after->phase ||
           before->ready != after->ready || before->pid != after->pid ||
           !same_text(before->reason, after->reason) ||
           !same_text(before->readiness_reason, after->readiness_reason) ||
           !same_text(before->log_tail, after->log_tail) || !same_exit(before, after) ||
           !same_check(before, after) || before->stop_cause != after->stop_cause ||
           observed_move(before, after);
}

static void observe_details(struct replica *after, const struct replica_change *change)
{
    if (!is_empty(change->address)) after->address = change->address;
    if (change->ports.count > 0) after->ports = change->ports;
    if (change->pid != 0) after->pid = change->pid;
    if (!is_empty(change->log_tail)) after->log_tail = change->log_tail;
    if (!change->has_exit) return;
    after->has_exit = true;
    after->exit_code = change->exit_code;
    after->exit_signal = change->exit_signal;
    after->exit_oom = change->exit_oom;
}

/* Its end was ordered, and what a probe answered before is not why; a phase limit alone is. */
static bool ended_whatever_it_answered(const struct replica *after)
{
    return after->phase == REPLICA_STOPPED && after->wanted == WANTED_STOP &&
           after->stop_cause != CAUSE_LIMIT && same_text(after->reason, after->readiness_reason);
}

/* While it is made to stop, the reason of the order stays unless the agent has a better one. What
 * an attempt before answered says nothing about this one. */
static void observe_reason(struct replica *after, const struct replica *before,
                           const struct replica_change *change)
{
    bool probed = after->phase == REPLICA_STARTING || after->phase == REPLICA_RUNNING;
    if (!is_empty(change->reason))
        after->reason = change->reason;
    else if (after->wanted == WANTED_RUN || ended_whatever_it_answered(after))
        after->reason = "";
    if (after->ready || after->attempt != before->attempt) after->readiness_reason = NULL;
    if (!after->ready && probed && !is_empty(change->reason))
        after->readiness_reason = change->reason;
}

/* Ready anew, it is available only after another min_ready_seconds, however short the break was. */
static void observe_readiness(struct replica *after, const struct replica *before,
                              const struct store_tx *tx)
{
    bool again = after->attempt != before->attempt;
    if (after->ready == before->ready && !(again && after->ready)) return;
    after->readiness_since_at = tx_wall_ms(tx);
    after->ready_since_ms = after->ready ? tx_now_ms(tx) : 0;
    after->unready_since_ms = after->ready ? 0 : tx_now_ms(tx);
    if (after->ready) after->available = false;
}

static void observe_phase(struct replica *after, const struct replica *before,
                          const struct store_tx *tx)
{
    bool runs = after->phase == REPLICA_RUNNING || after->phase == REPLICA_STOPPING;
    if (runs && after->started_at == 0) after->started_at = tx_wall_ms(tx);
    if (after->phase == before->phase && after->attempt == before->attempt) return;
    after->phase_since_ms = tx_now_ms(tx);
    if (!replica_phase_final(after->phase) || replica_phase_final(before->phase)) return;
    after->ended_at = tx_wall_ms(tx);
    after->available = false;
}

/* What an older attempt answered says nothing about this one. */
static void observe_check(struct replica *after, const struct replica *before,
                          const struct replica_change *change, int64_t asked_round)
{
    if (after->attempt != before->attempt) {
        after->check_round = 0;
        after->check_passed = false;
        after->check_reason = NULL;
    }
    if (change->check_round == 0 || change->check_round != asked_round) return;
    after->check_round = change->check_round;
    after->check_passed = change->check_passed;
    after->check_reason = change->check_passed ? NULL : change->check_reason;
}

/* A server that is gone may have ordered the stop, of which only the node tells; the node may have
 * begun it anew as it is wanted again. */
void observe_since_backup(const struct replica *before, struct replica *after)
{
    bool stopped = after->phase == REPLICA_STOPPED;
    if (!stopped && after->phase != REPLICA_STOPPING) after->stop_cause = CAUSE_NONE;
    if (stopped && is_empty(after->reason)) after->reason = "it has ended since the backup";
    bool begun = after->attempt > before->attempt && !after->ready;
    if (!begun || replica_phase_final(after->phase) || !is_empty(after->reason)) return;
    after->reason = after->readiness_reason = "started again since the backup";
}

struct replica observe(const struct store_tx *tx, const struct replica *before,
                       const struct replica_change *change, int64_t asked_round)
{
    struct replica after = *before;
    after.attempt = change->attempt;
    after.restarts = change->attempt > 1 ? change->attempt - 1 : 0;
    after.phase = change->state;
    after.ready = change->ready && change->state == REPLICA_RUNNING;
    observe_details(&after, change);
    observe_reason(&after, before, change);
    observe_readiness(&after, before, tx);
    observe_phase(&after, before, tx);
    observe_check(&after, before, change, asked_round);
    return after;
}
