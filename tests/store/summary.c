/* Counts by state: what indexes count is what a look at every object counts. */
#include "store/summary.h"

#include "base/rng.h"
#include "store/deployments.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

enum { DEPLOYMENTS = 12, NODES = 6, REPLICAS = 40, CHANGES = 30, ROUNDS = 12 };

static struct store_fixture f;
static struct rng rng;
static struct deployment deployments[DEPLOYMENTS];
static struct node nodes[NODES];
static struct replica replicas[REPLICAS];
static bool deployed[DEPLOYMENTS], joined[NODES], placed[REPLICAS];

static const char *const clusters[] = {"default", "edge", "gpu"};

static void setup(void)
{
    store_fixture_open(&f);
    rng_seed(&rng, 17);
}

static void teardown(void)
{
    store_fixture_close(&f);
}

TestSuite(summary, .init = setup, .fini = teardown);

static int below(int bound)
{
    return (int)rng_below(&rng, (uint64_t)bound);
}

/* ---- random changes, kept in memory as well ---- */

static enum err_code write_deployment(struct store_tx *tx, void *argument, struct err *err)
{
    struct deployment *deployment = argument;
    deployment->index = tx_next_index(tx);
    if (deployed[deployment - deployments]) return deployments_update_status(tx, deployment, err);
    return deployments_insert(tx, deployment, err);
}

static enum err_code remove_deployment(struct store_tx *tx, void *argument, struct err *err)
{
    struct deployment *deployment = argument;
    deployment->index = tx_next_index(tx);
    return deployments_delete(tx, deployment, err);
}

static void forget_replicas(const char *uid)
{
    for (int i = 0; i < REPLICAS; i++)
        if (placed[i] && text_equal(replicas[i].deployment_uid, uid)) placed[i] = false;
}

static void change_deployment(int i)
{
    struct deployment *deployment = &deployments[i];
    if (deployed[i] && below(5) == 0) {
        MUST(store_fixture_write(&f, remove_deployment, deployment, &err));
        forget_replicas(deployment->uid);
        deployed[i] = false;
        return;
    }
    if (!deployed[i])
        *deployment =
            sample_deployment(&f.arena, clusters[i % 3], arena_printf(&f.arena, "d%d", i));
    deployment->status.state = below(DEPLOYMENT_STATES);
    deployment->status.rollout_id = below(3);
    deployment->status.rollout_state = below(ROLLOUT_STATES);
    MUST(store_fixture_write(&f, write_deployment, deployment, &err));
    deployed[i] = true;
}

static enum err_code write_node(struct store_tx *tx, void *argument, struct err *err)
{
    struct node *node = argument;
    node->index = tx_next_index(tx);
    return nodes_put(tx, node, false, err);
}

static enum err_code remove_node(struct store_tx *tx, void *argument, struct err *err)
{
    const struct node *node = argument;
    return nodes_delete(tx, node->name, tx_next_index(tx), err);
}

static void change_node(int i)
{
    struct node *node = &nodes[i];
    if (joined[i] && below(5) == 0) {
        MUST(store_fixture_write(&f, remove_node, node, &err));
        joined[i] = false;
        return;
    }
    *node = sample_node(clusters[i % 3], arena_printf(&f.arena, "n%d", i));
    node->state = below(NODE_STATES);
    node->schedulable = below(2);
    node->draining = below(2);
    node->capacity.cpu_millis = 1000 * below(5);
    MUST(store_fixture_write(&f, write_node, node, &err));
    joined[i] = true;
}

static enum err_code write_replica(struct store_tx *tx, void *argument, struct err *err)
{
    return replicas_write(tx, argument, (struct replica_effects){false, false}, tx_next_index(tx),
                          err);
}

/* It may be gone. */
static const char *node_of_cluster(const char *cluster)
{
    int i = 0;
    while (!text_equal(clusters[i], cluster))
        i++;
    return arena_printf(&f.arena, "n%d", i + 3 * below(NODES / 3));
}

static void change_replica(int i)
{
    int of = below(DEPLOYMENTS);
    if (!placed[i]) {
        if (!deployed[of]) return;
        static int64_t number;
        replicas[i] = sample_replica(&f.arena, &deployments[of], ++number);
    }
    struct replica *replica = &replicas[i];
    replica->node = below(4) == 0 ? NULL : node_of_cluster(replica->cluster);
    replica->phase = below(REPLICA_FAILED + 1);
    replica->ready = below(2);
    replica->available = below(2);
    replica->resources.cpu_millis = 10 * below(9);
    MUST(store_fixture_write(&f, write_replica, replica, &err));
    placed[i] = true;
}

static void change_something(void)
{
    int what = below(6);
    if (what == 0)
        change_deployment(below(DEPLOYMENTS));
    else if (what == 1)
        change_node(below(NODES));
    else
        change_replica(below(REPLICAS));
}

/* ---- one look at each ---- */

static void recount_deployment(struct fleet_counts *counts, const struct deployment *deployment)
{
    const struct deployment_status *status = &deployment->status;
    counts->deployments.total++;
    counts->deployments.states[status->state]++;
    if (status->rollout_id == 0 || rollout_state_final(status->rollout_state)) return;
    counts->rollouts.total++;
    counts->rollouts.states[status->rollout_state]++;
}

static void recount_node(struct fleet_counts *counts, const struct node *node)
{
    counts->nodes.total++;
    counts->nodes.states[node->state]++;
    if (node->schedulable) counts->nodes.schedulable++;
    if (node->draining) counts->nodes.draining++;
    if (node->state == NODE_LOST || node->state == NODE_LEFT) return;
    counts->capacity.cpu_millis += node->capacity.cpu_millis;
    counts->capacity.memory_mib += node->capacity.memory_mib;
    counts->capacity.gpus += node->capacity.gpus;
}

static enum replica_presence presence_of(const struct replica *replica)
{
    if (replica->node == NULL) return PRESENCE_PRESENT;
    for (int i = 0; i < NODES; i++)
        if (joined[i] && text_equal(nodes[i].name, replica->node))
            return presence_of_node_state(nodes[i].state);
    return PRESENCE_LOST;
}

static void recount_replica(struct fleet_counts *counts, const struct replica *replica)
{
    enum replica_presence presence = presence_of(replica);
    if (replica_phase_final(replica->phase)) return;
    counts->replicas.total++;
    counts->replicas.states[replica->phase]++;
    counts->replicas.presences[presence]++;
    if (replica->ready) counts->replicas.ready++;
    if (replica->available) counts->replicas.available++;
    if (replica->node == NULL || presence == PRESENCE_LOST) return;
    counts->allocated.cpu_millis += replica->resources.cpu_millis;
    counts->allocated.memory_mib += replica->resources.memory_mib;
    counts->allocated.gpus += replica->resources.gpus;
}

static struct fleet_counts recount(const char *cluster)
{
    struct fleet_counts counts = {0};
    for (int i = 0; i < DEPLOYMENTS; i++)
        if (deployed[i] && text_equal(deployments[i].cluster, cluster))
            recount_deployment(&counts, &deployments[i]);
    for (int i = 0; i < NODES; i++)
        if (joined[i] && text_equal(nodes[i].cluster, cluster)) recount_node(&counts, &nodes[i]);
    for (int i = 0; i < REPLICAS; i++)
        if (placed[i] && text_equal(replicas[i].cluster, cluster))
            recount_replica(&counts, &replicas[i]);
    return counts;
}

static void expect_same(const struct fleet_counts *a, const struct fleet_counts *b)
{
    const int64_t *x = (const int64_t *)a, *y = (const int64_t *)b;
    for (size_t i = 0; i < sizeof *a / sizeof *x; i++)
        cr_expect_eq(x[i], y[i], "number %zu: %lld and %lld", i, (long long)x[i], (long long)y[i]);
}

static void check_all(void)
{
    struct summary summary;
    struct fleet_counts sum = {0};
    MUST(summary_read(f.reader, &f.arena, NULL, &summary, &err));
    for (size_t i = 0; i < summary.clusters.count; i++) {
        struct fleet_counts counts = recount(summary.clusters.items[i].name);
        expect_same(&summary.clusters.items[i].counts, &counts);
        fleet_counts_add(&sum, &counts);
        if (i == 0) continue;
        cr_expect_lt(strcmp(summary.clusters.items[i - 1].name, summary.clusters.items[i].name), 0);
    }
    expect_same(&summary.counts, &sum);
}

static void check_each(void)
{
    for (int i = 0; i < 3; i++) {
        struct summary summary;
        struct fleet_counts counts = recount(clusters[i]);
        MUST(summary_read(f.reader, &f.arena, clusters[i], &summary, &err));
        cr_expect_leq(summary.clusters.count, 1);
        expect_same(&summary.counts, &counts);
    }
}

Test(summary, equals_a_recount_after_random_changes)
{
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CHANGES; i++)
            change_something();
        check_all();
        check_each();
    }
}

Test(summary, of_nothing_has_the_default_cluster_alone)
{
    struct summary summary;
    struct fleet_counts none = {0};
    MUST(summary_read(f.reader, &f.arena, NULL, &summary, &err));
    cr_assert_eq(summary.clusters.count, 1);
    SAME_TEXT(summary.clusters.items[0].name, "default");
    expect_same(&summary.counts, &none);
    MUST(summary_read(f.reader, &f.arena, "gpu", &summary, &err));
    cr_expect_eq(summary.clusters.count, 0);
}

Test(summary, the_fleet_moves_with_all_that_is_counted)
{
    change_deployment(0);
    cr_expect_eq(store_fixture_published(&f, FACET_LIST, "fleet"), deployments[0].index);
    change_node(0);
    cr_expect_eq(store_fixture_published(&f, FACET_LIST, "fleet"), nodes[0].index);
    replicas[0] = sample_replica(&f.arena, &deployments[0], 1);
    MUST(store_fixture_write(&f, write_replica, &replicas[0], &err));
    cr_expect_eq(store_fixture_published(&f, FACET_LIST, "fleet"), f.newest_index);
}
