#include "store/replicas.h"

#include "base/limits.h"
#include "store/deployments.h"
#include "store/nodes.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

static struct store_fixture f;
static struct deployment web;

static void setup(void)
{
    store_fixture_open(&f);
    web = sample_deployment(&f.arena, "default", "web");
    MUST(store_fixture_write(&f, sample_insert, &web, &err));
}

static void teardown(void)
{
    store_fixture_close(&f);
}

TestSuite(replicas, .init = setup, .fini = teardown);

struct write {
    const struct replica *replica;
    struct replica_effects effects;
    int64_t index;
};

static enum err_code write_one(struct store_tx *tx, void *argument, struct err *err)
{
    const struct write *write = argument;
    return replicas_write(tx, write->replica, write->effects, write->index, err);
}

static void written(const struct replica *replica, bool endpoints, bool assignments, int64_t index)
{
    struct write write = {replica, {endpoints, assignments}, index};
    MUST(store_fixture_write(&f, write_one, &write, &err));
}

static struct replica placed(int64_t number, const char *node, int phase)
{
    struct replica replica = sample_replica(&f.arena, &web, number);
    replica.node = node;
    replica.phase = phase;
    replica.wanted = phase == REPLICA_STOPPED ? WANTED_STOP : WANTED_RUN;
    written(&replica, false, false, 10 + number);
    return replica;
}

static const char *numbers(const struct replica *items, size_t count)
{
    struct text text;
    text_init(&text, &f.arena);
    for (size_t i = 0; i < count; i++)
        text_printf(&text, "%s%lld", i == 0 ? "" : " ", (long long)items[i].number);
    return text_string(&text);
}

static void expect_same_observed(const struct replica *a, const struct replica *b)
{
    SAME_INT(a->attempt, b->attempt);
    SAME_INT(a->restarts, b->restarts);
    SAME_TEXT(a->address, b->address);
    cr_assert_eq(a->ports.count, b->ports.count);
    for (size_t i = 0; i < a->ports.count; i++) {
        SAME_TEXT(a->ports.items[i].name, b->ports.items[i].name);
        SAME_INT(a->ports.items[i].number, b->ports.items[i].number);
    }
    SAME_INT(a->pid, b->pid);
    SAME_TEXT(a->reason, b->reason);
    SAME_INT(a->has_exit, b->has_exit);
    SAME_INT(a->exit_code, b->exit_code);
    SAME_INT(a->exit_signal, b->exit_signal);
    SAME_INT(a->exit_oom, b->exit_oom);
    SAME_TEXT(a->log_tail, b->log_tail);
    SAME_TEXT(a->readiness_reason, b->readiness_reason);
    SAME_INT(a->check_round, b->check_round);
    SAME_INT(a->check_passed, b->check_passed);
    SAME_TEXT(a->check_reason, b->check_reason);
}

static void expect_same(const struct replica *a, const struct replica *b)
{
    SAME_TEXT(a->id, b->id);
    SAME_INT(a->number, b->number);
    SAME_TEXT(a->deployment_uid, b->deployment_uid);
    SAME_TEXT(a->deployment, b->deployment);
    SAME_TEXT(a->cluster, b->cluster);
    SAME_INT(a->revision, b->revision);
    SAME_TEXT(a->template_hash, b->template_hash);
    SAME_TEXT(a->node, b->node);
    SAME_INT(a->wanted, b->wanted);
    SAME_INT(a->stop_cause, b->stop_cause);
    SAME_INT(a->phase, b->phase);
    SAME_INT(a->ready, b->ready);
    SAME_INT(a->available, b->available);
    SAME_INT(a->was_available, b->was_available);
    SAME_INT(a->counted, b->counted);
    expect_same_observed(a, b);
    cr_expect_arr_eq(&a->resources, &b->resources, sizeof a->resources);
    SAME_INT(a->assigned_index, b->assigned_index);
    SAME_INT(a->created_at, b->created_at);
    SAME_INT(a->started_at, b->started_at);
    SAME_INT(a->ended_at, b->ended_at);
    SAME_INT(a->readiness_since_at, b->readiness_since_at);
    SAME_INT(a->phase_since_ms, b->phase_since_ms);
    SAME_INT(a->ready_since_ms, b->ready_since_ms);
    SAME_INT(a->unready_since_ms, b->unready_since_ms);
}

Test(replicas, every_field_survives_a_round_trip_and_a_second_write)
{
    struct replica b, a = sample_replica(&f.arena, &web, 7);
    written(&a, false, false, 33);
    MUST(replicas_get(f.reader, &f.arena, a.id, &b, &err));
    expect_same(&a, &b);
    SAME_INT(b.index, 33);

    a.phase = REPLICA_FAILED;
    a.wanted = WANTED_STOP;
    a.stop_cause = CAUSE_LIMIT;
    a.counted = true;
    a.ready = a.available = false;
    a.ports.count = 0;
    a.address = a.log_tail = NULL;
    a.revision = 5;
    a.attempt = 3;
    written(&a, false, false, 34);
    MUST(replicas_get(f.reader, &f.arena, a.id, &b, &err));
    expect_same(&a, &b);
    SAME_INT(b.index, 34);
    MUST_FAIL(replicas_get(f.reader, &f.arena, "web-9", &b, &err), ERR_NOT_FOUND, "\"web-9\"");
}

Test(replicas, effects_decide_which_facets_are_touched)
{
    struct replica a = sample_replica(&f.arena, &web, 1);
    written(&a, false, false, 50);
    cr_expect_eq(store_fixture_published(&f, FACET_DEPLOYMENT, "default/web"), 50);
    cr_expect_eq(store_fixture_published(&f, FACET_LIST, "replicas"), 50);
    cr_expect_eq(store_fixture_published(&f, FACET_ENDPOINTS, "default/web"), 0);
    cr_expect_eq(store_fixture_published(&f, FACET_ASSIGNMENTS, "n1"), 0);
    cr_expect_eq(f.dirty_count, 0);
    written(&a, true, true, 51);
    cr_expect_eq(store_fixture_published(&f, FACET_ENDPOINTS, "default/web"), 51);
    cr_expect_eq(store_fixture_published(&f, FACET_ASSIGNMENTS, "n1"), 51);
    a.node = NULL;
    written(&a, true, true, 52);
    cr_expect_eq(store_fixture_published(&f, FACET_ASSIGNMENTS, "n1"), 0);
}

Test(replicas, a_pass_sees_the_living_and_ends_that_were_not_counted)
{
    struct replica *items;
    size_t count;
    placed(3, "n1", REPLICA_RUNNING);
    placed(1, NULL, REPLICA_PENDING);
    placed(2, "n1", REPLICA_STOPPED);
    struct replica failed = placed(4, "n2", REPLICA_FAILED);
    struct replica finished = placed(5, "n2", REPLICA_STOPPED);
    finished.wanted = WANTED_RUN; /* it ended by itself */
    written(&finished, false, false, 59);
    MUST(replicas_for_pass(f.reader, &f.arena, web.uid, &items, &count, &err));
    SAME_TEXT(numbers(items, count), "1 3 4 5");
    failed.counted = finished.counted = true;
    written(&failed, false, false, 60);
    written(&finished, false, false, 61);
    MUST(replicas_for_pass(f.reader, &f.arena, web.uid, &items, &count, &err));
    SAME_TEXT(numbers(items, count), "1 3");
}

Test(replicas, lists_run_by_age_and_page_by_number)
{
    struct replica *items;
    size_t count;
    struct deployment edge = sample_deployment(&f.arena, "edge", "api");
    MUST(store_fixture_write(&f, sample_insert, &edge, &err));
    struct replica other = sample_replica(&f.arena, &edge, 2);
    written(&other, false, false, 9);
    placed(3, "n1", REPLICA_RUNNING);
    placed(1, "n1", REPLICA_FAILED);
    MUST(replicas_list(f.reader, &f.arena, web.uid, 0, 10, &items, &count, &err));
    SAME_TEXT(numbers(items, count), "1 3");
    MUST(replicas_list(f.reader, &f.arena, web.uid, 1, 10, &items, &count, &err));
    SAME_TEXT(numbers(items, count), "3");
    struct listed listed;
    struct page two = {.sort = SORT_OWN, .limit = 2};
    MUST(replicas_page(f.reader, &f.arena, NULL, NULL, &two, &items, &listed, &err));
    SAME_TEXT(numbers(items, listed.count), "1 2");
    MUST(replicas_page(f.reader, &f.arena, NULL, "edge", &two, &items, &listed, &err));
    SAME_TEXT(numbers(items, listed.count), "2");
}

Test(replicas, a_node_has_its_living_ones_and_their_resources)
{
    struct replica *items;
    struct replica_allocation *sums;
    size_t count;
    placed(1, "n1", REPLICA_RUNNING);
    placed(2, "n1", REPLICA_STOPPING);
    placed(3, "n1", REPLICA_STOPPED);
    placed(4, "n2", REPLICA_ASSIGNED);
    placed(5, NULL, REPLICA_PENDING);
    MUST(replicas_on_node(f.reader, &f.arena, "n1", &items, &count, &err));
    SAME_TEXT(numbers(items, count), "1 2");
    MUST(replicas_allocations(f.reader, &f.arena, &sums, &count, &err));
    cr_assert_eq(count, 2);
    SAME_TEXT(sums[0].node, "n1");
    SAME_INT(sums[0].replicas, 2);
    SAME_INT(sums[0].resources.cpu_millis, 500);
    SAME_INT(sums[0].resources.memory_mib, 256);
    SAME_INT(sums[0].resources.gpus, 2);
    SAME_INT(sums[1].replicas, 1);
}

static enum err_code prune(struct store_tx *tx, void *argument, struct err *err)
{
    const int64_t *limit = argument;
    return replicas_prune(tx, web.uid, *limit, err);
}

Test(replicas, pruning_keeps_the_newest_ended_and_what_is_not_counted)
{
    struct replica *items;
    size_t count;
    int64_t limit = 2;
    placed(1, "n1", REPLICA_RUNNING);
    placed(2, "n1", REPLICA_FAILED);
    for (int64_t number = 3; number <= 7; number++)
        placed(number, "n1", REPLICA_STOPPED);
    MUST(store_fixture_write(&f, prune, &limit, &err));
    MUST(replicas_list(f.reader, &f.arena, web.uid, 0, 20, &items, &count, &err));
    SAME_TEXT(numbers(items, count), "1 2 6 7");
}
