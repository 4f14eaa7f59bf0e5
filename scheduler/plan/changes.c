/* Field by field: bytes between the fields mean nothing. */
#include "scheduler/plan/changes.h"

#include "base/text.h"

bool status_same(const struct deployment_status *a, const struct deployment_status *b)
{
    return a->state == b->state && text_equal(a->message, b->message) &&
           a->observed_generation == b->observed_generation && a->revision == b->revision &&
           a->stable_revision == b->stable_revision && text_equal(a->version, b->version) &&
           text_equal(a->halted_reason, b->halted_reason) &&
           a->halted_since_at == b->halted_since_at && a->desired == b->desired &&
           a->updated == b->updated && a->ready == b->ready && a->available == b->available &&
           a->total == b->total && a->rollout_id == b->rollout_id &&
           a->rollout_state == b->rollout_state;
}

static bool same_clocks(const struct rollout *a, const struct rollout *b)
{
    return a->finished_at == b->finished_at && a->deadline_at_ms == b->deadline_at_ms &&
           a->deadline_left_ms == b->deadline_left_ms &&
           a->monitor_since_ms == b->monitor_since_ms && a->batch_since_ms == b->batch_since_ms &&
           a->step_since_ms == b->step_since_ms && a->keep_old_since_ms == b->keep_old_since_ms &&
           a->extended_ms == b->extended_ms;
}

static bool same_steps(const struct rollout *a, const struct rollout *b)
{
    return a->strategy == b->strategy && a->direct == b->direct && a->promote == b->promote &&
           a->step == b->step && a->check_round == b->check_round;
}

bool rollout_same(const struct rollout *a, const struct rollout *b)
{
    return a->state == b->state && text_equal(a->reason, b->reason) &&
           text_equal(a->message, b->message) && a->rollback_revision == b->rollback_revision &&
           a->progress.desired == b->progress.desired && a->progress.old == b->progress.old &&
           a->progress.updated == b->progress.updated && a->progress.ready == b->progress.ready &&
           a->progress.available == b->progress.available && a->high_water == b->high_water &&
           a->failed_replicas == b->failed_replicas &&
           text_equal(a->failed_replica, b->failed_replica) && same_clocks(a, b) &&
           same_steps(a, b);
}
