/* plan_pass: what one pass of the planner costs.
 *
 *     build/bench/plan_pass
 *
 * 1,000 replicas on 1,000 nodes and 10,000 on 10,000, in random order, as rows that each have a
 * template hash of their own: at rest, in the middle of a roll, all ready at once, and left over
 * from 200 versions. Prints the median of many passes, and fails where one is above its limit. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "samples.h"
#include "scheduler/plan/plan.h"

#include <stdlib.h>

enum { PASSES = 101, VERSIONS = 200, HASH_BYTES = 33, NOW_MS = 1000 * 1000 };

struct scene {
    const char *name;
    int64_t versions;    /* of templates among the replicas; the last one is the target */
    int64_t ready_every; /* one of so many is ready, but not marked as available; 0 = none */
};

static const struct scene scenes[] = {
    {"at rest", 1, 0},
    {"in mid-roll", 2, 4},
    {"all ready at once", 1, 1},
    {"from 200 versions", VERSIONS, 0},
};

static const struct {
    int64_t replicas;
    double limit_ms;
} sizes[] = {{1000, 1}, {10000, 15}};

static const char *hash_of(struct arena *arena, int64_t version)
{
    uint64_t mixed = (uint64_t)version * UINT64_C(0x9e3779b97f4a7c15);
    return arena_printf(arena, "%016llx%016llx", (unsigned long long)mixed,
                        (unsigned long long)~mixed);
}

static struct view_replica make_replica(struct arena *arena, const struct scene *scene,
                                        int64_t number, int64_t count)
{
    int64_t version = (number - 1) * scene->versions / count + 1;
    bool fresh = scene->ready_every > 0 && number % scene->ready_every == 0;
    return (struct view_replica){
        .replica = {.id = arena_printf(arena, "web-%06lld", (long long)number),
                    .number = number,
                    .revision = version,
                    .template_hash = hash_of(arena, version),
                    .node = arena_printf(arena, "node-%06lld", (long long)number),
                    .phase = REPLICA_RUNNING,
                    .ready = true,
                    .available = !fresh,
                    .was_available = !fresh,
                    .reason = "",
                    .readiness_reason = "",
                    .phase_since_ms = 1,
                    .ready_since_ms = 1},
        .presence = PRESENCE_PRESENT};
}

static void make_replicas(struct arena *arena, const struct scene *scene, struct view *view,
                          int64_t count)
{
    struct rng rng;
    rng_seed(&rng, 1);
    struct view_replica *replicas = ARENA_ARRAY(arena, struct view_replica, (size_t)count);
    for (int64_t i = 0; i < count; i++) {
        int64_t at = (int64_t)rng_below(&rng, (uint64_t)i + 1);
        replicas[i] = replicas[at];
        replicas[at] = make_replica(arena, scene, i + 1, count);
    }
    view->replicas = replicas;
    view->replica_count = (size_t)count;
}

static void make_sets(struct arena *arena, const struct scene *scene, struct view *view,
                      int64_t count)
{
    struct phase_limits limits = {120, 600, 300};
    struct view_set *sets = ARENA_ARRAY(arena, struct view_set, (size_t)scene->versions);
    for (int64_t i = 0; i < scene->versions; i++)
        sets[i] = (struct view_set){.set = {.template_hash = hash_of(arena, i + 1),
                                            .revision = i + 1,
                                            .wanted = count / scene->versions},
                                    .limits = limits};
    view->sets = sets;
    view->set_count = (size_t)scene->versions;
    const char *newest = hash_of(arena, scene->versions), *oldest = hash_of(arena, 1);
    view->target = (struct view_revision){scene->versions, newest, limits, newest};
    view->stable = (struct view_revision){1, oldest, limits, oldest};
}

static struct view make_view(struct arena *arena, const struct scene *scene, int64_t count)
{
    struct view view = {.now_ms = NOW_MS, .has_rollout = scene->versions > 1};
    struct deployment *deployment = &view.deployment;
    make_replicas(arena, scene, &view, count);
    make_sets(arena, scene, &view, count);
    deployment->uid = deployment->name = deployment->cluster = "web";
    deployment->template_hash = view.target.template_hash;
    deployment->spec.replicas = deployment->scaled_to = count;
    deployment->scaled_ceiling = count + count / 4;
    deployment->spec.strategy = (struct strategy){.max_surge = {25, true},
                                                  .monitor_seconds = 10,
                                                  .progress_deadline_seconds = 600,
                                                  .auto_rollback = true};
    view.rollout =
        (struct rollout){.id = 1, .reason = "", .message = "", .deadline_at_ms = NOW_MS * 2};
    return view;
}

static double median_ms(const struct view *view)
{
    struct samples took_ms = {.count = 0};
    struct arena arena;
    arena_init(&arena);
    for (int pass = 0; pass < PASSES; pass++) {
        struct plan plan;
        arena_reset(&arena);
        int64_t began_us = clock_monotonic_us();
        plan_prepare(&plan, &arena, view);
        plan_make(view, &plan);
        samples_add(&took_ms, (double)(clock_monotonic_us() - began_us) / 1000);
    }
    arena_release(&arena);
    samples_sort(&took_ms);
    double median = samples_quantile(&took_ms, 0.5);
    samples_release(&took_ms);
    return median;
}

int main(void)
{
    bool slow = false;
    for (size_t size = 0; size < sizeof sizes / sizeof *sizes; size++) {
        for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
            struct arena arena;
            arena_init(&arena);
            struct view view = make_view(&arena, &scenes[i], sizes[size].replicas);
            double took_ms = median_ms(&view);
            bool over = took_ms > sizes[size].limit_ms;
            printf("%6lld replicas, %-18s %7.3f ms of %g%s\n", (long long)sizes[size].replicas,
                   scenes[i].name, took_ms, sizes[size].limit_ms, over ? "  TOO SLOW" : "");
            slow = slow || over;
            arena_release(&arena);
        }
    }
    return slow ? 1 : 0;
}
