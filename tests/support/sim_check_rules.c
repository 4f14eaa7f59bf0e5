/* What no pass may order, strategy by strategy, counted from the rows alone.
 *
 *               floor                               ceiling
 *   rolling     replicas - unavailable              replicas + surge
 *   canary      likewise                            likewise
 *   recreate    0 while it replaces, else likewise  replicas
 *   blue_green  likewise, of the active set         replicas + previews, twice the replicas once
 *                                                   promoted
 */
#include "base/text.h"
#include "model/node.h"
#include "sim_check_parts.h"

static int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t share(const struct amount *amount, int64_t replicas, bool up)
{
    if (!amount->percent) return amount->value;
    int64_t hundredths = amount->value * replicas;
    return (hundredths + (up ? 99 : 0)) / 100;
}

static int64_t replicas_of(const struct seen *seen)
{
    const struct deployment *deployment = &seen->deployment;
    return deployment->lifecycle == LIFECYCLE_TERMINATED ? 0 : deployment->spec.replicas;
}

struct bounds {
    int64_t min_available, ceiling;
};

static struct bounds rolling_bounds(const struct seen *seen)
{
    int64_t replicas = replicas_of(seen);
    int64_t surge = share(&seen->deployment.spec.strategy.max_surge, replicas, true);
    int64_t unavailable = share(&seen->deployment.spec.strategy.max_unavailable, replicas, false);
    if (surge == 0 && unavailable == 0) unavailable = 1;
    return (struct bounds){replicas - min_i64(unavailable, replicas), replicas + surge};
}

static bool is_lost(const struct seen *seen, size_t i)
{
    int state = seen->node_states[i];
    return seen->replicas[i].node && (state == NODE_LOST || state == NODE_LEFT);
}

static bool is_left(const struct seen *seen, size_t i)
{
    return !replica_phase_final(seen->replicas[i].phase);
}

static bool is_target(const struct seen *seen, const struct replica *replica)
{
    return text_equal(replica->template_hash, seen->deployment.template_hash);
}

/* Is anything of another template left? */
static bool others_left(const struct seen *seen)
{
    for (size_t i = 0; seen && i < seen->count; i++)
        if (is_left(seen, i) && !is_target(seen, &seen->replicas[i])) return true;
    return false;
}

static int64_t target_running(const struct seen *seen)
{
    int64_t running = 0;
    for (size_t i = 0; i < seen->count; i++)
        running += is_left(seen, i) && is_target(seen, &seen->replicas[i]) &&
                   seen->replicas[i].wanted == WANTED_RUN && !is_lost(seen, i);
    return running;
}

/* How many blue_green may have beside the replicas that are wanted. */
static int64_t beside(const struct seen *seen, int64_t surge)
{
    const struct rollout *rollout = seen_running(seen);
    int64_t replicas = replicas_of(seen);
    int64_t preview = seen->deployment.spec.strategy.preview_replicas;
    if (!rollout && !seen->deployment.active_hash) return surge;
    if (!rollout || rollout->direct || rollout->step != BLUE_GREEN_PREVIEW) return replicas;
    if (preview == PREVIEW_ALL) preview = replicas;
    return max_i64(min_i64(preview, replicas), min_i64(target_running(seen), replicas));
}

/* The pass that made `after` of `before` planned with what it found, or what it made of that. */
static struct bounds bounds_of(const struct seen *before, const struct seen *after)
{
    struct bounds bounds = rolling_bounds(after);
    int64_t replicas = replicas_of(after), surge = bounds.ceiling - replicas;
    switch ((enum strategy_type)after->deployment.spec.strategy.type) {
    case STRATEGY_ROLLING:
    case STRATEGY_CANARY:
        break;
    case STRATEGY_RECREATE:
        bounds.ceiling = replicas;
        if (others_left(before) || others_left(after)) bounds.min_available = 0;
        break;
    case STRATEGY_BLUE_GREEN:
        bounds.ceiling = replicas + beside(after, surge);
        if (before) bounds.ceiling = max_i64(bounds.ceiling, replicas + beside(before, surge));
        break;
    }
    return bounds;
}

/* ---- floor and traffic ---- */

static bool gets_traffic(const struct seen *seen, const struct replica *replica)
{
    const char *active = seen->deployment.active_hash;
    return !active || text_equal(active, replica->template_hash);
}

/* An available replica that this commit ordered to stop, for a reason that has to respect the
 * floor. */
static bool is_stopped_here(const struct seen *before, const struct seen *after, size_t i)
{
    const struct replica *now = &after->replicas[i];
    const struct replica *then = seen_replica(before, now->id, NULL);
    if (!then || then->wanted == WANTED_STOP || now->wanted == WANTED_RUN) return false;
    bool bound = now->stop_cause == CAUSE_ROLLOUT || now->stop_cause == CAUSE_SCALING ||
                 now->stop_cause == CAUSE_SURPLUS;
    return bound && seen_serves(then, after->node_states[i]);
}

/* Of those that get traffic: what is hidden serves nobody, and is not held by the floor. */
struct floor_counts {
    int64_t left;
    int64_t before;      /* and nothing happened to them since */
    const char *stopped; /* one of them, that had to respect the floor */
};

/* A pass that found its node silent took it off, though it is heard again in the same commit. */
static bool fell_silent(const struct sim *sim, const struct replica *then,
                        const struct replica *now)
{
    return then->available && !now->available && sim_check_nodes_changed(sim);
}

static void count_for_floor(const struct sim *sim, const struct seen *before,
                            const struct seen *after, size_t i, struct floor_counts *counts)
{
    const struct replica *now = &after->replicas[i];
    const struct replica *then = seen_replica(before, now->id, NULL);
    bool active = gets_traffic(after, now);
    counts->left += active && seen_serves(now, seen_node_state(before, after, i));
    counts->before += then && now->ready && gets_traffic(before, then) &&
                      seen_serves(then, after->node_states[i]) && !fell_silent(sim, then, now);
    if (active && is_stopped_here(before, after, i)) counts->stopped = now->id;
}

static void check_floor(struct sim *sim, const struct seen *before, const struct seen *after)
{
    struct floor_counts counts = {.stopped = NULL};
    if (!before) return;
    for (size_t i = 0; i < after->count; i++)
        count_for_floor(sim, before, after, i, &counts);
    int64_t floor = bounds_of(before, after).min_available;
    bool switched = !text_equal(after->deployment.active_hash, before->deployment.active_hash);
    if (counts.stopped && counts.left < floor)
        sim_fail(sim, "floor: a pass stopped %s of %s, %lld available ones are left, %lld must be",
                 counts.stopped, after->deployment.name, (long long)counts.left, (long long)floor);
    if ((switched || counts.stopped) && counts.left < min_i64(floor, counts.before))
        sim_fail(sim,
                 "traffic of %s: %lld available ones had it and now %lld, the floor being %lld",
                 after->deployment.name, (long long)counts.before, (long long)counts.left,
                 (long long)floor);
}

/* ---- ceiling ---- */

static void check_ceiling(struct sim *sim, const struct seen *before, const struct seen *after)
{
    int64_t total = 0, created = 0;
    for (size_t i = 0; i < after->count; i++) {
        created += !seen_replica(before, after->replicas[i].id, NULL);
        total += is_left(after, i) && !is_lost(after, i) && !seen_lost(before, after, i);
    }
    int64_t ceiling = bounds_of(before, after).ceiling;
    if (created > 0 && total > ceiling)
        sim_fail(sim,
                 "ceiling: a pass made %lld replicas of %s, so that there are %lld, %lld may be",
                 (long long)created, after->deployment.name, (long long)total, (long long)ceiling);
    if (created > 0 && after->deployment.lifecycle != LIFECYCLE_ACTIVE)
        sim_fail(sim, "%lld replicas of %s were made, which is %s", (long long)created,
                 after->deployment.name, deployment_lifecycle_words[after->deployment.lifecycle]);
}

/* ---- recreate ---- */

/* Do two templates have replicas, be they on lost nodes? */
static bool together(const struct seen *seen)
{
    const char *hash = NULL;
    for (size_t i = 0; seen && i < seen->count; i++) {
        if (!is_left(seen, i)) continue;
        if (hash && !text_equal(hash, seen->replicas[i].template_hash)) return true;
        hash = seen->replicas[i].template_hash;
    }
    return false;
}

/* Template steps stand still: what was together stays together, by healing and scaling. */
static bool is_frozen(const struct seen *seen)
{
    return seen && (seen->deployment.spec.paused || seen->deployment.status.halted_reason);
}

static void check_recreate(struct sim *sim, const struct seen *before, const struct seen *after)
{
    if (after->deployment.spec.strategy.type != STRATEGY_RECREATE) return;
    if (!together(after) || together(before) || is_frozen(before)) return;
    sim_fail(sim, "recreate: old and new replicas of %s are together", after->deployment.name);
}

void sim_check_orders(struct sim *sim, const struct seen *before, const struct seen *after)
{
    check_floor(sim, before, after);
    check_ceiling(sim, before, after);
    check_recreate(sim, before, after);
}
