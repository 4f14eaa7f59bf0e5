#include "store/nodes.h"

#include "base/limits.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

static struct store_fixture f;

static void setup(void)
{
    store_fixture_open(&f);
}

static void teardown(void)
{
    store_fixture_close(&f);
}

TestSuite(nodes, .init = setup, .fini = teardown);

struct put {
    const struct node *node;
    bool assignments;
};

static enum err_code put(struct store_tx *tx, void *argument, struct err *err)
{
    const struct put *args = argument;
    return nodes_put(tx, args->node, args->assignments, err);
}

static void registered(const struct node *node, bool assignments)
{
    struct put args = {node, assignments};
    MUST(store_fixture_write(&f, put, &args, &err));
}

static void expect_same(const struct node *a, const struct node *b)
{
    SAME_TEXT(a->name, b->name);
    SAME_TEXT(a->cluster, b->cluster);
    cr_expect(pairs_equal(&a->labels, &b->labels));
    cr_expect_arr_eq(&a->capacity, &b->capacity, sizeof a->capacity);
    SAME_TEXT(a->address, b->address);
    SAME_TEXT(a->agent_version, b->agent_version);
    SAME_TEXT(a->boot_id, b->boot_id);
    cr_assert_eq(a->drivers.count, b->drivers.count);
    for (size_t i = 0; i < a->drivers.count; i++)
        SAME_TEXT(a->drivers.items[i], b->drivers.items[i]);
    SAME_INT(a->epoch, b->epoch);
    SAME_INT(a->report_seq, b->report_seq);
    SAME_INT(a->rejoin_until_ms, b->rejoin_until_ms);
    SAME_INT(a->state, b->state);
    SAME_TEXT(a->state_reason, b->state_reason);
    SAME_INT(a->schedulable, b->schedulable);
    SAME_INT(a->draining, b->draining);
    SAME_INT(a->index, b->index);
    SAME_INT(a->assignments_index, b->assignments_index);
    SAME_INT(a->registered_at, b->registered_at);
    SAME_INT(a->state_since_at, b->state_since_at);
}

Test(nodes, every_field_survives_a_round_trip_and_a_second_write)
{
    static const char *drivers[] = {"process", "container"};
    static struct pair labels[] = {{"gpu", "a100"}};
    struct node b, a = sample_node("default", "n1");
    a.labels = (struct pairs){labels, 1};
    a.drivers = (struct strings){drivers, 2};
    registered(&a, false);
    MUST(nodes_get(f.reader, &f.arena, "n1", &b, &err));
    expect_same(&a, &b);
    a.state = NODE_LOST;
    a.rejoin_until_ms = 4711;
    a.schedulable = a.draining = false;
    a.labels.count = a.drivers.count = 0;
    a.cluster = "edge";
    a.index = 30;
    registered(&a, false);
    MUST(nodes_get(f.reader, &f.arena, "n1", &b, &err));
    expect_same(&a, &b);
    MUST_FAIL(nodes_get(f.reader, &f.arena, "n2", &b, &err), ERR_NOT_FOUND, "\"n2\"");
}

static enum err_code set_seq(struct store_tx *tx, void *argument, struct err *err)
{
    return nodes_set_report_seq(tx, argument, 17, err);
}

Test(nodes, the_number_of_a_report_moves_no_facet)
{
    struct node b, a = sample_node("default", "n1");
    registered(&a, false);
    int publishes = f.publishes;
    MUST(store_fixture_write(&f, set_seq, (void *)"n1", &err));
    MUST(nodes_get(f.reader, &f.arena, "n1", &b, &err));
    SAME_INT(b.report_seq, 17);
    SAME_INT(b.index, a.index);
    cr_expect_eq(f.publishes, publishes);
}

Test(nodes, assignments_move_only_when_asked)
{
    struct node b, a = sample_node("default", "n1");
    registered(&a, true);
    cr_expect_eq(store_fixture_published(&f, FACET_NODE, "n1"), 21);
    cr_expect_eq(store_fixture_published(&f, FACET_LIST, "nodes"), 21);
    cr_expect_eq(store_fixture_published(&f, FACET_ASSIGNMENTS, "n1"), 21);
    MUST(nodes_get(f.reader, &f.arena, "n1", &b, &err));
    SAME_INT(b.assignments_index, 21);
    b.index = 25;
    registered(&b, false);
    cr_expect_eq(store_fixture_published(&f, FACET_ASSIGNMENTS, "n1"), 0);
    MUST(nodes_get(f.reader, &f.arena, "n1", &b, &err));
    SAME_INT(b.assignments_index, 21);
    SAME_INT(b.index, 25);
}

static const char *names(const char *cluster, const char *after, int64_t limit)
{
    struct node *items;
    size_t count;
    struct text text;
    text_init(&text, &f.arena);
    MUST(nodes_list(f.reader, &f.arena, cluster, after, limit, &items, &count, &err));
    for (size_t i = 0; i < count; i++)
        text_printf(&text, "%s%s", i == 0 ? "" : " ", items[i].name);
    return text_string(&text);
}

Test(nodes, a_list_is_ordered_by_name_and_pages_by_key)
{
    static const char *const made[] = {"n3", "n1", "n2"};
    for (size_t i = 0; i < 3; i++) {
        struct node node = sample_node(i == 0 ? "edge" : "default", made[i]);
        registered(&node, false);
    }
    SAME_TEXT(names(NULL, NULL, 2), "n1 n2");
    SAME_TEXT(names(NULL, "n2", 2), "n3");
    SAME_TEXT(names("default", NULL, 9), "n1 n2");
    SAME_TEXT(names("default", "n1", 9), "n2");
}

Test(nodes, a_cluster_exists_by_name_or_by_a_node)
{
    MUST(clusters_check(f.reader, "default", &err));
    MUST_FAIL(clusters_check(f.reader, "edge", &err), ERR_UNKNOWN_CLUSTER, "edge");
    struct node node = sample_node("edge", "n1");
    registered(&node, false);
    MUST(clusters_check(f.reader, "edge", &err));
}

static enum err_code remove_node(struct store_tx *tx, void *argument, struct err *err)
{
    return nodes_delete(tx, argument, 44, err);
}

static enum err_code add_orphan(struct store_tx *tx, void *argument, struct err *err)
{
    return node_orphans_add(tx, "n1", argument, 40, err);
}

static enum err_code remove_orphan(struct store_tx *tx, void *argument, struct err *err)
{
    bool removed;
    TRY(node_orphans_remove(tx, "n1", argument, &removed, err));
    return removed ? ERR_OK : err_set(err, ERR_NOT_FOUND, "not an orphan");
}

Test(nodes, orphans_belong_to_a_node_until_they_end_or_it_goes)
{
    struct strings ids;
    struct node node = sample_node("default", "n1");
    registered(&node, false);
    MUST(store_fixture_write(&f, add_orphan, (void *)"web-2", &err));
    cr_expect_eq(store_fixture_published(&f, FACET_ASSIGNMENTS, "n1"), 40);
    MUST(store_fixture_write(&f, add_orphan, (void *)"web-1", &err));
    MUST(store_fixture_write(&f, add_orphan, (void *)"web-1", &err));
    MUST(node_orphans_list(f.reader, &f.arena, "n1", &ids, &err));
    cr_assert_eq(ids.count, 2);
    SAME_TEXT(ids.items[0], "web-1");
    MUST(store_fixture_write(&f, remove_orphan, (void *)"web-1", &err));
    MUST_FAIL(store_fixture_write(&f, remove_orphan, (void *)"web-1", &err), ERR_NOT_FOUND,
              "orphan");
    MUST(store_fixture_write(&f, remove_node, (void *)"n1", &err));
    cr_expect_eq(store_fixture_published(&f, FACET_NODE, "n1"), 44);
    MUST(node_orphans_list(f.reader, &f.arena, "n1", &ids, &err));
    cr_assert_eq(ids.count, 0);
    MUST_FAIL(store_fixture_write(&f, remove_node, (void *)"n1", &err), ERR_NOT_FOUND, "\"n1\"");
}

static enum err_code add_many(struct store_tx *tx, void *argument, struct err *err)
{
    (void)argument;
    for (int i = 0; i < LIMIT_ORPHANS_PER_NODE; i++) {
        const char *id = arena_printf(tx_arena(tx), "web-%d", i);
        TRY(node_orphans_add(tx, "n1", id, 40, err));
    }
    return ERR_OK;
}

Test(nodes, orphans_of_a_node_are_bounded)
{
    struct node node = sample_node("default", "n1");
    registered(&node, false);
    MUST(store_fixture_write(&f, add_many, NULL, &err));
    MUST_FAIL(store_fixture_write(&f, add_orphan, (void *)"one-more", &err), ERR_LIMIT, "\"n1\"");
}
