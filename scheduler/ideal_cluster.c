#include "scheduler/ideal_cluster.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "scheduler/plan/plan.h"
#include "scheduler/plan_timeline.h"

#include <assert.h>

/* ---- replicas that do what they are told ---- */

static int64_t probe_ms(const struct probe *probe)
{
    if (probe == NULL) return 0;
    int64_t asked_again = (probe->success_threshold - 1) * probe->period_seconds;
    return (probe->initial_delay_seconds + asked_again) * SECOND_MS;
}

/* Readiness is asked once the startup probe has passed. */
static int64_t ready_after_ms(const struct template *template)
{
    return probe_ms(template->probes.startup) + probe_ms(template->probes.readiness);
}

static struct ideal_replica *add_replica(struct ideal_cluster *cluster)
{
    if (cluster->count == cluster->capacity) {
        size_t capacity = cluster->capacity == 0 ? 16 : 2 * cluster->capacity;
        struct ideal_replica *bigger = ARENA_ARRAY(cluster->arena, struct ideal_replica, capacity);
        if (cluster->count > 0) memcpy(bigger, cluster->replicas, cluster->count * sizeof *bigger);
        cluster->replicas = bigger;
        cluster->capacity = capacity;
    }
    return &cluster->replicas[cluster->count++];
}

static void schedule(struct ideal_cluster *cluster, struct ideal_replica *ideal)
{
    const struct replica *replica = &ideal->seen.replica;
    ideal->next_ms = 0;
    if (ideal->seen.presence == PRESENCE_LOST || replica_phase_final(replica->phase)) return;
    if (replica->wanted == WANTED_STOP)
        ideal->next_ms = cluster->view.now_ms + cluster->drain_ms;
    else if (replica->phase != REPLICA_RUNNING || !replica->ready)
        ideal->next_ms = cluster->view.now_ms + cluster->ready_after_ms;
    else
        return;
    if (ideal->next_ms == 0) ideal->next_ms = 1; /* 0 says never */
}

static void take_turn(struct ideal_cluster *cluster, struct ideal_replica *ideal)
{
    struct replica *replica = &ideal->seen.replica;
    ideal->next_ms = 0;
    replica->phase_since_ms = cluster->view.now_ms;
    if (replica->wanted == WANTED_STOP) {
        replica->phase = REPLICA_STOPPED;
        return;
    }
    if (replica->node == NULL) replica->node = "ideal";
    if (replica->attempt == 0) replica->attempt = 1;
    ideal->seen.presence = PRESENCE_PRESENT;
    replica->phase = REPLICA_RUNNING;
    replica->ready = true;
    replica->ready_since_ms = cluster->view.now_ms;
    replica->unready_since_ms = 0;
}

void ideal_cluster_advance(struct ideal_cluster *cluster)
{
    size_t kept = 0;
    for (size_t i = 0; i < cluster->count; i++) {
        struct ideal_replica *ideal = &cluster->replicas[i];
        if (ideal->next_ms != 0 && ideal->next_ms <= cluster->view.now_ms)
            take_turn(cluster, ideal);
        bool gone = replica_phase_final(ideal->seen.replica.phase) &&
                    (ideal->seen.replica.wanted == WANTED_STOP || ideal->seen.replica.counted);
        if (!gone) cluster->replicas[kept++] = *ideal;
    }
    cluster->count = kept;
}

bool ideal_cluster_answer_checks(struct ideal_cluster *cluster)
{
    int64_t round = cluster->view.rollout.check_round;
    bool news = false;
    for (size_t i = 0; i < cluster->count && round != 0; i++) {
        struct replica *replica = &cluster->replicas[i].seen.replica;
        if (!text_equal(replica->template_hash, cluster->view.target.template_hash)) continue;
        if (replica->check_round == round) continue;
        replica->check_round = round;
        replica->check_passed = true;
        news = true;
    }
    return news;
}

/* ---- a plan is carried out ---- */

static struct view_set *find_set(struct ideal_cluster *cluster, const char *template_hash)
{
    for (size_t i = 0; i < cluster->set_count; i++)
        if (text_equal(cluster->sets[i].set.template_hash, template_hash)) return &cluster->sets[i];
    return NULL;
}

static struct view_set *ensure_set(struct ideal_cluster *cluster, const struct action *action)
{
    struct view_set *set = find_set(cluster, action->template_hash);
    if (set != NULL) return set;
    assert(cluster->set_count < cluster->set_capacity);
    set = &cluster->sets[cluster->set_count++];
    *set = (struct view_set){
        .set = {.template_hash = action->template_hash, .revision = action->revision},
        .limits = cluster->view.target.limits,
    };
    return set;
}

static void create(struct ideal_cluster *cluster, const struct action *action)
{
    const struct deployment *deployment = &cluster->view.deployment;
    struct ideal_replica *ideal = add_replica(cluster);
    int64_t number = ++cluster->numbers;
    *ideal = (struct ideal_replica){
        .seen.replica =
            {
                .id = arena_printf(cluster->arena, "%s-new-%lld", deployment->name,
                                   (long long)number),
                .number = INT64_MAX / 2 + number,
                .deployment_uid = deployment->uid,
                .deployment = deployment->name,
                .cluster = deployment->cluster,
                .revision = action->revision,
                .template_hash = action->template_hash,
                .phase = REPLICA_PENDING,
                .reason = "",
                .phase_since_ms = cluster->view.now_ms,
            },
        .seen.presence = PRESENCE_PRESENT,
    };
    schedule(cluster, ideal);
}

static void forget_set(struct ideal_cluster *cluster, const char *template_hash)
{
    struct view_set *set = find_set(cluster, template_hash);
    if (set != NULL) *set = cluster->sets[--cluster->set_count];
}

static void relabel(struct ideal_cluster *cluster, const struct action *action)
{
    ensure_set(cluster, action)->set.revision = action->revision;
    for (size_t i = 0; i < cluster->count; i++)
        if (text_equal(cluster->replicas[i].seen.replica.template_hash, action->template_hash))
            cluster->replicas[i].seen.replica.revision = action->revision;
}

static void stop(struct ideal_cluster *cluster, struct ideal_replica *ideal,
                 const struct action *action)
{
    struct replica *replica = &ideal->seen.replica;
    replica->wanted = WANTED_STOP;
    replica->stop_cause = action->stop_cause;
    replica->available = false;
    if (replica->phase == REPLICA_PENDING) replica->phase = REPLICA_STOPPED;
    schedule(cluster, ideal);
}

static void set_backoff(struct ideal_cluster *cluster, const struct action *action)
{
    struct view_set *set = find_set(cluster, action->template_hash);
    if (set == NULL) return;
    set->set.failures = action->failures;
    set->set.retry_at_ms = action->retry_at_ms;
}

/* The replica that one of the view was copied from; the view has them in their order. */
static struct ideal_replica *replica_of(struct ideal_cluster *cluster, const struct action *action)
{
    return &cluster->replicas[view_position(&cluster->view, action->replica)];
}

static void do_replica(struct ideal_cluster *cluster, const struct action *action)
{
    struct ideal_replica *ideal = replica_of(cluster, action);
    struct replica *replica = &ideal->seen.replica;
    if (action->kind == ACTION_STOP) stop(cluster, ideal, action);
    if (action->kind == ACTION_MARK_AVAILABLE) replica->available = replica->was_available = true;
    if (action->kind == ACTION_MARK_UNAVAILABLE) replica->available = false;
    bool counts = action->kind == ACTION_COUNT_FAILURE || action->kind == ACTION_DISMISS_FAILURE;
    if (counts) replica->counted = true;
    if (action->kind == ACTION_COUNT_FAILURE) set_backoff(cluster, action);
}

/* Where all got traffic before, the old set goes on with what it has. */
static void switch_traffic(struct ideal_cluster *cluster, const struct action *action,
                           struct timeline_step *step)
{
    struct deployment *deployment = &cluster->view.deployment;
    const struct view_set *set = find_set(cluster, action->template_hash);
    bool target = text_equal(action->template_hash, cluster->view.target.template_hash);
    if (set != NULL && deployment->active_hash == NULL && !target)
        step->held_by = set->set.revision;
    else if (set != NULL)
        step->switched_to = set->set.revision;
    deployment->active_hash = action->template_hash;
}

static void carry_out(struct ideal_cluster *cluster, const struct action *action,
                      struct timeline_step *step)
{
    struct deployment *deployment = &cluster->view.deployment;
    switch ((enum action_kind)action->kind) {
    case ACTION_SCALED:
        deployment->scaled_to = action->scaled_to;
        deployment->scaled_ceiling = action->scaled_ceiling;
        return;
    case ACTION_SET_WANTED:
        ensure_set(cluster, action)->set.wanted = action->amount;
        return;
    case ACTION_RELABEL:
        relabel(cluster, action);
        return;
    case ACTION_RESET_BACKOFF:
        set_backoff(cluster, action);
        return;
    case ACTION_STOP:
        step->stopped++;
        do_replica(cluster, action);
        return;
    case ACTION_MARK_AVAILABLE:
    case ACTION_MARK_UNAVAILABLE:
    case ACTION_COUNT_FAILURE:
    case ACTION_DISMISS_FAILURE:
        do_replica(cluster, action);
        return;
    case ACTION_CREATE:
        step->started += action->amount;
        for (int64_t i = 0; i < action->amount; i++)
            create(cluster, action);
        return;
    case ACTION_FORGET_SET:
        forget_set(cluster, action->template_hash);
        return;
    case ACTION_SWITCH:
        switch_traffic(cluster, action, step);
        return;
    case ACTION_ROLLBACK:
    case ACTION_DELETED:
        return;
    }
}

/* What the verdict says, without the sentences, which are the plan's. */
static void take_verdict(struct ideal_cluster *cluster, const struct plan *plan)
{
    struct view *view = &cluster->view;
    struct deployment_status *status = &view->deployment.status;
    const char *failed_replica = view->rollout.failed_replica;
    view->has_rollout = plan->has_rollout;
    view->rollout = plan->rollout;
    view->rollout.message = "";
    view->rollout.reason =
        plan->rollout.reason ? arena_strdup(cluster->arena, plan->rollout.reason) : NULL;
    view->rollout.failed_replica = failed_replica;
    *status = plan->status;
    status->message = "";
    if (plan->status.halted_reason)
        status->halted_reason = arena_strdup(cluster->arena, plan->status.halted_reason);
    if (status->stable_revision == view->target.number) view->stable = view->target;
}

void ideal_cluster_carry_out(struct ideal_cluster *cluster, const struct plan *plan,
                             struct timeline_step *step)
{
    for (size_t i = 0; i < plan->action_count; i++)
        carry_out(cluster, &plan->actions[i], step);
    take_verdict(cluster, plan);
}

/* ---- what the planner sees, and when it looks again ---- */

void ideal_cluster_look(struct ideal_cluster *cluster, struct arena *scratch)
{
    struct view_replica *items = ARENA_ARRAY(scratch, struct view_replica, cluster->count);
    for (size_t i = 0; i < cluster->count; i++)
        items[i] = cluster->replicas[i].seen;
    cluster->view.replicas = items;
    cluster->view.replica_count = cluster->count;
    cluster->view.sets = cluster->sets;
    cluster->view.set_count = cluster->set_count;
}

int64_t ideal_cluster_next_ms(const struct ideal_cluster *cluster)
{
    int64_t next = 0;
    for (size_t i = 0; i < cluster->count; i++) {
        int64_t due = cluster->replicas[i].next_ms;
        if (due != 0 && (next == 0 || due < next)) next = due;
    }
    return next;
}

void ideal_cluster_init(struct ideal_cluster *cluster, struct arena *arena, const struct view *view)
{
    const struct template *template = &view->deployment.spec.template;
    *cluster = (struct ideal_cluster){
        .arena = arena,
        .view = *view,
        .set_count = view->set_count,
        .set_capacity = view->set_count + 3, /* the target's, the stable one's, strays' */
        .ready_after_ms = ready_after_ms(template),
        .drain_ms = template->stop.drain_seconds * SECOND_MS,
    };
    cluster->sets = ARENA_ARRAY(arena, struct view_set, cluster->set_capacity);
    if (view->set_count > 0)
        memcpy(cluster->sets, view->sets, view->set_count * sizeof *cluster->sets);
    for (size_t i = 0; i < view->replica_count; i++) {
        struct ideal_replica *ideal = add_replica(cluster);
        *ideal = (struct ideal_replica){.seen = view->replicas[i]};
        schedule(cluster, ideal);
    }
}
