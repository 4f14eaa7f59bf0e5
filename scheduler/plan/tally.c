/* Sorting and counting the view, so that no later step depends on the order it came in.
 *
 * Sets are sorted by revision, oldest first; the target carries the target's number, so it is last.
 * Target and stable have a tally even when no row of theirs exists.
 */
#include "base/arena.h"
#include "base/text.h"
#include "scheduler/plan/strategy.h"

#include <assert.h>

enum {
    ACTIONS_PER_REPLICA = 3, /* marked, counted, stopped */
    ACTIONS_PER_SET = 6,     /* sized, relabelled, reset, filled, forgotten */
    ACTIONS_PER_PLAN = 8,    /* scaled, switched, rolled back, deleted */
    SETS_PER_PLAN = 3        /* target, stable, and the one of replicas without a set */
};

size_t plan_set_capacity(const struct view *view)
{
    return view->set_count + SETS_PER_PLAN;
}

size_t plan_action_capacity(const struct view *view)
{
    return ACTIONS_PER_REPLICA * view->replica_count + ACTIONS_PER_SET * plan_set_capacity(view) +
           ACTIONS_PER_PLAN;
}

void plan_prepare(struct plan *plan, struct arena *arena, const struct view *view)
{
    *plan = (struct plan){
        .action_capacity = plan_action_capacity(view),
        .set_capacity = plan_set_capacity(view),
        .replica_capacity = view->replica_count,
    };
    plan->actions = ARENA_ARRAY(arena, struct action, plan->action_capacity);
    plan->sets = ARENA_ARRAY(arena, struct set_tally, plan->set_capacity);
    plan->replicas = ARENA_ARRAY(arena, struct replica_tally, plan->replica_capacity);
}

static struct set_tally *find_set(const struct plan *plan, const char *template_hash)
{
    for (size_t i = 0; i < plan->set_count; i++)
        if (text_equal(plan->sets[i].template_hash, template_hash)) return &plan->sets[i];
    return NULL;
}

static struct set_tally *ensure_set(struct plan *plan, const struct view_revision *of)
{
    struct set_tally *set = find_set(plan, of->template_hash);
    if (set) return set;
    assert(plan->set_count < plan->set_capacity);
    set = &plan->sets[plan->set_count++];
    *set = (struct set_tally){
        .template_hash = of->template_hash, .revision = of->number, .limits = of->limits};
    return set;
}

static int compare_sets(const void *left, const void *right)
{
    const struct set_tally *a = left, *b = right;
    int order = compare_i64(a->revision, b->revision);
    return order != 0 ? order : strcmp(a->template_hash, b->template_hash);
}

/* Replicas without a set share one of size 0, so they are surplus. */
static const struct view_revision strays = {.template_hash = ""};

static bool any_stray(const struct pass *pass)
{
    for (size_t i = 0; i < pass->view->replica_count; i++)
        if (!find_set(pass->plan, pass->view->replicas[i].replica.template_hash)) return true;
    return false;
}

static void collect_sets(struct pass *pass)
{
    const struct view *view = pass->view;
    struct plan *plan = pass->plan;
    for (size_t i = 0; i < view->set_count; i++) {
        const struct revision_set *set = &view->sets[i].set;
        const struct view_revision of = {.number = set->revision,
                                         .template_hash = set->template_hash,
                                         .limits = view->sets[i].limits};
        struct set_tally *tally = ensure_set(plan, &of);
        tally->stored = true;
        tally->wanted_before = tally->wanted = set->wanted;
        tally->failures = set->failures;
        tally->retry_at_ms = set->retry_at_ms;
    }
    const char *hash = view->deployment.template_hash;
    const struct view_revision of = {.number = view->target.number,
                                     .template_hash = hash,
                                     .limits = view->deployment.spec.template.limits};
    struct set_tally *target = ensure_set(plan, &of);
    target->renumbered = target->revision != view->target.number;
    target->revision = view->target.number;
    const struct view_revision *stable = &view->stable;
    if (stable->number) ensure_set(plan, stable);
    if (any_stray(pass)) ensure_set(plan, &strays);
    qsort(plan->sets, plan->set_count, sizeof *plan->sets, compare_sets);
    pass->target = find_set(plan, hash);
    pass->stable = stable->number ? find_set(plan, stable->template_hash) : NULL;
    const char *active = view->deployment.active_hash;
    pass->hidden = active != NULL;
    pass->active = active ? find_set(plan, active) : NULL;
}

static void count_replica(struct replica_tally *tally)
{
    const struct replica *replica = tally->replica;
    struct set_tally *set = tally->set;
    if (replica_phase_final(replica->phase)) return;
    bool wanted = replica->wanted == WANTED_RUN;
    if (wanted && replica->revision != set->revision) set->mislabelled++;
    if (tally->presence == PRESENCE_LOST) {
        set->lost++;
        return;
    }
    if (!wanted) {
        set->stopping++;
        return;
    }
    tally->running = true;
    tally->ready =
        replica->phase == REPLICA_RUNNING && replica->ready && tally->presence == PRESENCE_PRESENT;
    set->running++;
    set->silent += tally->presence != PRESENCE_PRESENT;
    set->ready += tally->ready;
}

static int compare_replicas(const void *left, const void *right)
{
    const struct replica *a = ((const struct replica_tally *)left)->replica;
    const struct replica *b = ((const struct replica_tally *)right)->replica;
    return compare_i64(a->number, b->number);
}

/* Replicas of one template are mostly made one after the other, so the last set is tried first. */
static void assign_sets(struct plan *plan)
{
    struct set_tally *set = &plan->sets[0];
    for (size_t i = 0; i < plan->replica_count; i++) {
        const char *hash = plan->replicas[i].replica->template_hash;
        if (!text_equal(set->template_hash, hash)) set = find_set(plan, hash);
        if (!set) set = find_set(plan, strays.template_hash);
        plan->replicas[i].set = set;
        count_replica(&plan->replicas[i]);
    }
}

static void collect_replicas(struct pass *pass)
{
    const struct view *view = pass->view;
    struct plan *plan = pass->plan;
    assert(view->replica_count <= plan->replica_capacity);
    for (size_t i = 0; i < view->replica_count; i++) {
        const struct view_replica *item = &view->replicas[i];
        plan->replicas[i] =
            (struct replica_tally){.replica = &item->replica, .presence = item->presence};
    }
    plan->replica_count = view->replica_count;
    qsort(plan->replicas, plan->replica_count, sizeof *plan->replicas, compare_replicas);
    assign_sets(plan);
}

void tally_view(struct pass *pass)
{
    pass->plan->set_count = 0;
    collect_sets(pass);
    collect_replicas(pass);
}

void tally_budget(struct pass *pass)
{
    const struct plan *plan = pass->plan;
    struct rolling_limits limits = rolling_limits(pass_strategy(pass), pass_replicas(pass));
    struct plan_budget budget = {
        .replicas = pass_replicas(pass),
        .surge = limits.surge,
        .unavailable = limits.unavailable,
        .rounded = limits.rounded,
        .ceiling = pass_replicas(pass) + limits.surge,
        .min_available = pass_replicas(pass) - limits.unavailable,
    };
    for (size_t i = 0; i < plan->set_count; i++) {
        const struct set_tally *set = &plan->sets[i];
        budget.total += set->running + set->stopping;
        if (!pass->active || set == pass->active) budget.available += set->available;
    }
    const struct strategy_rules *rules = strategy_rules(pass);
    if (rules->limit) rules->limit(pass, &budget);
    budget.shrink = max_i64(0, budget.available - budget.min_available);
    budget.grow = max_i64(0, budget.ceiling - budget.total);
    pass->plan->budget = budget;
}
