/* The node table: candidates at a bounded price, and who is woken when room appears. */
#include "base/text.h"
#include "model/selector.h"
#include "scheduler/control_parts.h"
#include "scheduler/node_table.h"
#include "support/control_world.h"

#include <criterion/criterion.h>
#include <pthread.h>

static struct control_world world;

static void open_world(void)
{
    world_open(&world);
}

static void close_world(void)
{
    world_close(&world);
}

TestSuite(control_placement, .init = open_world, .fini = close_world);

static const struct resources small = {.cpu_millis = 100};

/* ---- steps, each in a closure ---- */

struct step {
    enum { PUT, REMOVE, ALLOCATE, WAIT, UNWAIT } kind;
    struct node node;
    const char *uid;
    const struct resources *resources;
    int direction;
    bool incomplete;
    int64_t retry_ms;
};

static enum err_code take(struct control_world *w, struct store_tx *tx, void *argument,
                          struct err *err)
{
    struct step *step = argument;
    struct node_table *table = w->control->nodes;
    struct placement_query query = {
        .uid = step->uid, .cluster = "default", .resources = step->resources, .wanted = 1};
    struct gathering gathering = {.complete = !step->incomplete};
    (void)err;
    switch (step->kind) {
    case PUT:
        node_table_put(tx, table, &step->node);
        break;
    case REMOVE:
        node_table_remove(tx, table, step->node.name);
        break;
    case ALLOCATE:
        node_table_allocate(tx, table, step->node.name, step->resources, step->direction);
        break;
    case WAIT:
        step->retry_ms = node_table_wait(tx, table, &query, &gathering);
        break;
    case UNWAIT:
        node_table_unwait(tx, table, step->uid);
        break;
    }
    return ERR_OK;
}

static void run(struct step step)
{
    cr_assert_eq(world_run(&world, take, &step), ERR_OK, "%s", world.err.detail);
}

static struct node a_node(const char *name, int64_t cpu_millis)
{
    return (struct node){
        .name = name,
        .cluster = "default",
        .capacity = {.cpu_millis = cpu_millis},
        .state = NODE_READY,
        .schedulable = true,
    };
}

static void put(struct node node)
{
    run((struct step){.kind = PUT, .node = node});
}

static void allocate(const char *name, int64_t cpu_millis, int direction)
{
    struct resources resources = {.cpu_millis = cpu_millis};
    run((struct step){
        .kind = ALLOCATE, .node.name = name, .resources = &resources, .direction = direction});
}

static void wait_for(const char *uid, int64_t cpu_millis)
{
    struct resources resources = {.cpu_millis = cpu_millis};
    run((struct step){.kind = WAIT, .uid = uid, .resources = &resources});
}

static struct gathering gather_for(const char *selector_text, const struct resources *resources,
                                   size_t wanted)
{
    struct selector selector;
    struct err err;
    struct gathering gathering;
    if (selector_text != NULL)
        cr_assert_eq(selector_parse(&world.arena, selector_text, &selector, &err), ERR_OK);
    struct placement_query query = {
        .uid = "u",
        .cluster = "default",
        .selector = selector_text != NULL ? &selector : NULL,
        .resources = resources,
        .wanted = wanted,
    };
    node_table_gather(world.control->nodes, &world.arena, &query, &gathering);
    return gathering;
}

static const char *names(const struct gathering *gathering)
{
    struct text text;
    text_init(&text, &world.arena);
    for (size_t i = 0; i < gathering->count; i++)
        text_printf(&text, "%s%s", i == 0 ? "" : " ", gathering->items[i].name);
    return text_string(&text);
}

static const char *candidates(void)
{
    struct gathering gathering = gather_for(NULL, &small, 1);
    return names(&gathering);
}

/* ---- candidates ---- */

Test(control_placement, the_least_used_nodes_come_first)
{
    put(a_node("n1", 1000));
    put(a_node("n2", 1000));
    put(a_node("n3", 1000));
    allocate("n1", 500, +1);
    allocate("n2", 250, +1);
    cr_assert_str_eq(candidates(), "n3 n2 n1");
    allocate("n3", 800, +1);
    cr_assert_str_eq(candidates(), "n2 n1 n3");
    allocate("n3", 800, -1);
    cr_assert_str_eq(candidates(), "n3 n2 n1");
}

Test(control_placement, without_limits_the_number_of_replicas_tells_nodes_apart)
{
    put(a_node("n1", 0));
    put(a_node("n2", 0));
    for (int i = 0; i < 8; i++)
        allocate("n1", 0, +1);
    cr_assert_str_eq(candidates(), "n2 n1");
}

Test(control_placement, equals_take_turns)
{
    put(a_node("n1", 100000));
    put(a_node("n2", 100000));
    put(a_node("n3", 100000));
    cr_assert_str_eq(candidates(), "n1 n2 n3");
    allocate("n1", 1, +1);
    cr_assert_str_eq(candidates(), "n2 n3 n1");
}

Test(control_placement, candidates_carry_what_placement_compares)
{
    struct node node = a_node("n1", 1000);
    node.labels = (struct pairs){.items = &(struct pair){"gpu", "a100"}, .count = 1};
    node.capacity.gpus = 2;
    put(node);
    allocate("n1", 100, +1);
    struct gathering gathering = gather_for("gpu=a100", &small, 1);
    cr_assert_eq(gathering.count, 1);
    const struct candidate *candidate = gathering.items;
    cr_assert_str_eq(pairs_get(candidate->labels, "gpu"), "a100");
    cr_assert_eq(candidate->capacity.gpus, 2);
    cr_assert_eq(candidate->allocated.cpu_millis, 100);
    cr_assert_eq(candidate->replicas, 1);
    cr_assert_eq(candidate->state, NODE_READY);
    cr_assert(candidate->schedulable);
}

Test(control_placement, what_is_left_out_is_counted_by_reason)
{
    struct node lost = a_node("lost", 1000), cordoned = a_node("cordoned", 1000);
    struct node drained = a_node("drained", 1000), labelled = a_node("labelled", 1000);
    struct node memory = a_node("memory", 1000);
    lost.state = NODE_LOST;
    cordoned.schedulable = false;
    drained.draining = true;
    labelled.labels = (struct pairs){.items = &(struct pair){"old", "yes"}, .count = 1};
    memory.capacity.memory_mib = 64;
    put(lost);
    put(cordoned);
    put(drained);
    put(labelled);
    put(memory);
    put(a_node("full", 50));
    put(a_node("no_gpu", 1000));
    struct node other = a_node("other", 1000);
    other.cluster = "edge";
    put(other);
    struct resources wanted = {.cpu_millis = 100, .memory_mib = 128, .gpus = 1};
    struct gathering gathering = gather_for("!old", &wanted, 1);
    cr_assert_eq(gathering.count, 0);
    cr_assert(gathering.complete);
    cr_assert_eq(gathering.refusals.nodes, 7);
    cr_assert_eq(gathering.refusals.not_ready, 1);
    cr_assert_eq(gathering.refusals.cordoned, 2);
    cr_assert_eq(gathering.refusals.selector, 1);
    cr_assert_eq(gathering.refusals.cpu, 1);
    cr_assert_eq(gathering.refusals.memory, 1);
    cr_assert_eq(gathering.refusals.gpus, 1);
}

Test(control_placement, an_unknown_cluster_has_no_candidates)
{
    struct gathering gathering = gather_for(NULL, &small, 5);
    cr_assert_eq(gathering.count, 0);
    cr_assert(gathering.complete);
}

static void load_fleet(size_t count, int64_t cpu_millis)
{
    for (size_t i = 0; i < count; i++) {
        struct node node = a_node(arena_printf(&world.arena, "n%05zu", i), cpu_millis);
        node_table_load(world.control->nodes, &node);
    }
}

Test(control_placement, no_more_are_gathered_than_wanted_and_some)
{
    load_fleet(3000, 1000);
    struct gathering gathering = gather_for(NULL, &small, 10);
    cr_assert_eq(gathering.count, 10 + NODE_TABLE_CANDIDATES);
    cr_assert(gathering.complete);
}

Test(control_placement, a_rare_node_of_a_big_fleet_is_found_in_a_few_bounded_looks)
{
    load_fleet(10000, 1000);
    struct node rare = a_node("rare", 1000);
    rare.labels = (struct pairs){.items = &(struct pair){"gpu", "h100"}, .count = 1};
    put(rare);
    int looks = 0;
    for (bool found = false; !found; looks++) {
        struct gathering gathering = gather_for("gpu=h100", &small, 1);
        cr_assert_leq(gathering.refusals.nodes, NODE_TABLE_LOOK_MAX);
        found = gathering.count == 1;
        if (found) cr_assert_str_eq(gathering.items[0].name, "rare");
        cr_assert_eq(gathering.complete, found);
        cr_assert_lt(looks, 200);
    }
}

/* ---- states ---- */

Test(control_placement, a_node_is_a_candidate_while_it_may_take_replicas)
{
    struct node node = a_node("n1", 1000);
    put(node);
    cr_assert_str_eq(candidates(), "n1");
    node.state = NODE_SUSPECT;
    put(node);
    cr_assert_str_eq(candidates(), "");
    cr_assert_eq(node_table_count(world.control->nodes, NODE_SUSPECT), 1);
    cr_assert_eq(node_table_count(world.control->nodes, NODE_READY), 0);
    node.state = NODE_READY;
    node.draining = true;
    put(node);
    cr_assert_str_eq(candidates(), "");
    node.draining = false;
    put(node);
    cr_assert_str_eq(candidates(), "n1");
    run((struct step){.kind = REMOVE, .node.name = "n1"});
    cr_assert_str_eq(candidates(), "");
    cr_assert_eq(node_table_count(world.control->nodes, -1), 0);
}

Test(control_placement, allocating_on_a_removed_node_is_no_error)
{
    allocate("gone", 100, -1);
    struct resources allocated;
    int64_t replicas;
    cr_assert_not(control_node_allocated(world.control, "gone", &allocated, &replicas));
}

/* Several steps of one closure, the last of which is a failure. */
static enum err_code take_many(struct control_world *w, struct store_tx *tx, void *argument,
                               struct err *err)
{
    struct step *steps = argument;
    for (size_t i = 0; steps[i].kind != UNWAIT; i++)
        TRY(take(w, tx, &steps[i], err));
    return ERR_OK;
}

Test(control_placement, a_failed_closure_takes_everything_back_in_order)
{
    struct resources resources = {.cpu_millis = 300};
    struct node bigger = a_node("n1", 5000), moved = a_node("n1", 100);
    moved.cluster = "edge";
    put(a_node("n1", 1000));
    allocate("n1", 200, +1);
    struct step steps[] = {
        {.kind = ALLOCATE, .node.name = "n1", .resources = &resources, .direction = +1},
        {.kind = PUT, .node = bigger},
        {.kind = PUT, .node = a_node("n2", 1000)},
        {.kind = ALLOCATE, .node.name = "n2", .resources = &resources, .direction = +1},
        {.kind = REMOVE, .node.name = "n1"},
        {.kind = PUT, .node = moved},
        {.kind = WAIT, .uid = "u1", .resources = &resources},
        {.kind = UNWAIT},
    };
    world_run_and_fail(&world, take_many, steps);
    struct node_facts facts;
    cr_assert(node_table_get(world.control->nodes, "n1", &facts));
    cr_assert_str_eq(facts.cluster, "default");
    cr_assert_eq(facts.capacity.cpu_millis, 1000);
    cr_assert_eq(facts.allocated.cpu_millis, 200);
    cr_assert_eq(facts.replicas, 1);
    cr_assert_not(node_table_get(world.control->nodes, "n2", &facts));
    cr_assert_str_eq(candidates(), "n1");
    allocate("n1", 200, -1);
    cr_assert_eq(world.dirty_count, 0, "nobody waits");
}

enum { LOOKS = 20000 };

static void *look(void *argument)
{
    (void)argument;
    for (int i = 0; i < LOOKS; i++) {
        struct resources allocated;
        int64_t replicas;
        if (control_node_allocated(world.control, i % 2 == 0 ? "n1" : "n2", &allocated, &replicas))
            cr_assert_geq(replicas, 0);
        cr_assert_geq(node_table_count(world.control->nodes, -1), 0);
    }
    return NULL;
}

Test(control_placement, allocations_are_read_while_nodes_come_and_go)
{
    pthread_t reader;
    put(a_node("n1", 1000));
    pthread_create(&reader, NULL, look, NULL);
    for (int i = 0; i < 200; i++) {
        put(a_node("n2", 1000));
        allocate("n1", 10, i % 2 == 0 ? +1 : -1);
        run((struct step){.kind = REMOVE, .node.name = "n2"});
    }
    pthread_join(reader, NULL);
}

/* ---- who waits ---- */

Test(control_placement, freed_room_wakes_who_waits_for_that_much)
{
    put(a_node("n1", 1000));
    allocate("n1", 400, +1);
    allocate("n1", 300, +1);
    allocate("n1", 300, +1);
    wait_for("big", 600);
    wait_for("small", 100);
    allocate("n1", 300, -1);
    cr_assert(world_is_dirty(&world, "small"));
    cr_assert_not(world_is_dirty(&world, "big"));
    world_forget_dirty(&world);
    allocate("n1", 300, -1);
    cr_assert_eq(world.dirty_count, 1, "who was woken does not wait any more");
    cr_assert(world_is_dirty(&world, "big"));
}

Test(control_placement, a_node_that_becomes_ready_or_grows_wakes_too)
{
    struct node node = a_node("n1", 1000);
    node.state = NODE_LOST;
    put(node);
    wait_for("u1", 600);
    allocate("n1", 0, +1);
    allocate("n1", 0, -1);
    cr_assert_eq(world.dirty_count, 0, "room on a lost node is none");
    node.state = NODE_READY;
    put(node);
    cr_assert(world_is_dirty(&world, "u1"));
    world_forget_dirty(&world);
    wait_for("u2", 2000);
    node.capacity.cpu_millis = 4000;
    put(node);
    cr_assert(world_is_dirty(&world, "u2"));
}

Test(control_placement, waiting_twice_is_waiting_once_and_the_last_size_counts)
{
    put(a_node("n1", 1000));
    allocate("n1", 500, +1);
    allocate("n1", 500, +1);
    wait_for("u1", 100);
    wait_for("u1", 900);
    allocate("n1", 500, -1);
    cr_assert_eq(world.dirty_count, 0);
    allocate("n1", 500, -1);
    cr_assert_eq(world.dirty_count, 1);
}

Test(control_placement, who_is_placed_or_gone_is_not_woken)
{
    put(a_node("n1", 1000));
    allocate("n1", 1000, +1);
    wait_for("u1", 100);
    run((struct step){.kind = UNWAIT, .uid = "u1"});
    run((struct step){.kind = UNWAIT, .uid = "u1"});
    allocate("n1", 1000, -1);
    cr_assert_eq(world.dirty_count, 0);
}

Test(control_placement, one_place_does_not_wake_everybody)
{
    put(a_node("n1", 1000));
    allocate("n1", 100, +1);
    allocate("n1", 900, +1);
    for (int i = 0; i < 200; i++)
        wait_for(arena_printf(&world.arena, "u%03d", i), 100);
    allocate("n1", 100, -1);
    cr_assert_eq(world.dirty_count, NODE_TABLE_WAKE_MIN);
    cr_assert_str_eq(world.dirty[0], "u000", "the oldest first");
    world_forget_dirty(&world);
    allocate("n1", 900, -1);
    cr_assert_eq(world.dirty_count, 10, "as many as there is room for");
}

Test(control_placement, those_too_big_do_not_hide_others_for_ever)
{
    put(a_node("n1", 1000));
    allocate("n1", 1000, +1);
    for (int i = 0; i < 3 * NODE_TABLE_WAKE_LOOK_MAX; i++)
        wait_for(arena_printf(&world.arena, "big%03d", i), 900);
    wait_for("small", 100);
    for (int events = 0; !world_is_dirty(&world, "small"); events++) {
        cr_assert_lt(events, 4);
        allocate("n1", 100, -1);
        allocate("n1", 100, +1);
    }
    cr_assert_eq(world.dirty_count, 1);
}

Test(control_placement, a_wake_that_fails_leaves_who_waits_waiting)
{
    put(a_node("n1", 1000));
    allocate("n1", 1000, +1);
    wait_for("u1", 100);
    struct resources resources = {.cpu_millis = 500};
    struct step step = {
        .kind = ALLOCATE, .node.name = "n1", .resources = &resources, .direction = -1};
    world_run_and_fail(&world, take, &step);
    cr_assert_eq(world.dirty_count, 0);
    allocate("n1", 500, -1);
    cr_assert(world_is_dirty(&world, "u1"));
}

Test(control_placement, an_incomplete_look_is_resumed_soon)
{
    put(a_node("n1", 1000));
    struct step step = {.kind = WAIT, .uid = "u1", .resources = &small};
    cr_assert_eq(world_run(&world, take, &step), ERR_OK);
    cr_assert_eq(step.retry_ms, NODE_TABLE_RETRY_MS);
    step.incomplete = true;
    cr_assert_eq(world_run(&world, take, &step), ERR_OK);
    cr_assert_eq(step.retry_ms, NODE_TABLE_RESUME_MS);
    cr_assert_eq(world_run(&world, take, &step), ERR_OK);
    cr_assert_eq(step.retry_ms, 2 * NODE_TABLE_RESUME_MS, "looking in vain gets rarer");
    for (int i = 0; i < 100; i++)
        cr_assert_eq(world_run(&world, take, &step), ERR_OK);
    cr_assert_eq(step.retry_ms, NODE_TABLE_RESUME_MAX_MS);
}
