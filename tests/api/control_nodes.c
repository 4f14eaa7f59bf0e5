/* Registration and removal of nodes: who may, what it leaves, what undoes it. */
#include "base/failpoint.h"
#include "base/text.h"
#include "scheduler/control_parts.h"
#include "scheduler/node_table.h"
#include "scheduler/presence.h"
#include "store/nodes.h"
#include "store/tokens.h"
#include "support/control_world.h"

#include <criterion/criterion.h>

static struct control_world world;

static void open_world(void)
{
    world_open(&world);
}

static void close_world(void)
{
    world_close(&world);
}

TestSuite(control_nodes, .init = open_world, .fini = close_world);

#define TOKEN_ONE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TOKEN_TWO "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct registering {
    const char *name;
    enum registration_right right;
    struct node_registration registration;
    struct node node;
};

static struct registering registering(const char *name, enum registration_right right)
{
    return (struct registering){
        .name = name,
        .right = right,
        .registration = {.token = TOKEN_ONE,
                         .cluster = "default",
                         .address = "10.0.0.7",
                         .capacity = {.cpu_millis = 4000, .memory_mib = 8192},
                         .agent_version = "1.0",
                         .boot_id = "boot-1"},
    };
}

static enum err_code do_register(struct control_world *w, struct store_tx *tx, void *argument,
                                 struct err *err)
{
    struct registering *r = argument;
    return control_register(w->control, tx, &w->arena, r->name, r->right, &r->registration,
                            &r->node, err);
}

struct removing {
    const char *name;
    bool force;
};

static enum err_code do_remove(struct control_world *w, struct store_tx *tx, void *argument,
                               struct err *err)
{
    const struct removing *r = argument;
    return control_remove_node(w->control, tx, &w->arena, r->name, r->force, err);
}

static struct node stored(const char *name)
{
    struct node node;
    struct err err;
    cr_assert_eq(nodes_get(world_look(&world), &world.arena, name, &node, &err), ERR_OK, "%s",
                 err.detail);
    return node;
}

static bool exists(const char *name)
{
    struct node node;
    return nodes_get(world_look(&world), &world.arena, name, &node, NULL) == ERR_OK;
}

static bool token_is(const char *name, const char *secret)
{
    struct token token;
    uint8_t hash[CRYPTO_HASH_BYTES];
    const char *id = arena_printf(&world.arena, "node/%s", name);
    token_hash(world.store, secret, hash);
    return tokens_get(world_look(&world), &world.arena, id, &token, NULL) == ERR_OK &&
           token.scope == TOKEN_NODE && text_equal(token.node, name) &&
           crypto_equal(token.hash, hash, sizeof(hash));
}

static void expect(world_closure *closure, void *argument)
{
    cr_assert_eq(world_run(&world, closure, argument), ERR_OK, "%s", world.err.detail);
}

static void expect_refusal(world_closure *closure, void *argument, enum err_code code,
                           const char *words)
{
    int64_t before = world_newest_index(&world);
    cr_assert_eq(world_run(&world, closure, argument), code, "%s", world.err.detail);
    cr_assert_not_null(strstr(world.err.detail, words), "'%s' lacks '%s'", world.err.detail, words);
    cr_assert_eq(world_newest_index(&world), before, "something was written");
}

/* ---- registration ---- */

Test(control_nodes, a_new_node_is_ready_and_known_everywhere)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    expect(do_register, &r);
    cr_assert_eq(r.node.epoch, 1);
    struct node node = stored("n1");
    cr_assert_eq(node.epoch, 1);
    cr_assert_eq(node.state, NODE_READY);
    cr_assert(node.schedulable);
    cr_assert_not(node.draining);
    cr_assert_eq(node.registered_at, world.time.wall_ms);
    cr_assert_eq(node.index, world_newest_index(&world));
    cr_assert_eq(node.assignments_index, node.index);
    cr_assert(token_is("n1", TOKEN_ONE));
    struct node_facts facts;
    cr_assert(node_table_get(world.control->nodes, "n1", &facts));
    cr_assert(facts.placeable);
    int64_t seen_ms;
    cr_assert(presence_last_seen(world.control->presence, "n1", &seen_ms));
    cr_assert_eq(seen_ms, presence_now_ms(world.control->presence));
    cr_assert_str_eq(world_story(&world, 0), "node.registered");
    struct resources allocated;
    int64_t replicas;
    cr_assert(control_node_allocated(world.control, "n1", &allocated, &replicas));
    cr_assert_eq(replicas, 0);
}

struct right_row {
    enum registration_right right;
    bool exists;
    enum err_code code;
    const char *words;
};

static const struct right_row right_rows[] = {
    {RIGHT_CREATE, false, ERR_OK, NULL},
    {RIGHT_CREATE, true, ERR_CONFLICT, "only its own token can register it again"},
    {RIGHT_SELF, true, ERR_OK, NULL},
    {RIGHT_SELF, false, ERR_NOT_FOUND, "was removed"},
    {RIGHT_OPERATE, false, ERR_OK, NULL},
    {RIGHT_OPERATE, true, ERR_OK, NULL},
};

Test(control_nodes, each_right_registers_what_it_may)
{
    for (size_t i = 0; i < sizeof(right_rows) / sizeof(*right_rows); i++) {
        const struct right_row *row = &right_rows[i];
        const char *name = arena_printf(&world.arena, "n%zu", i);
        struct registering first = registering(name, RIGHT_CREATE);
        first.registration.token = arena_printf(&world.arena, "%s%zu", TOKEN_TWO, i);
        if (row->exists) expect(do_register, &first);
        struct registering second = registering(name, row->right);
        second.registration.token = arena_printf(&world.arena, "%s%zu", TOKEN_ONE, i);
        if (row->code != ERR_OK) {
            expect_refusal(do_register, &second, row->code, row->words);
            cr_assert_eq(exists(name), row->exists);
            if (row->exists) cr_assert(token_is(name, first.registration.token));
            continue;
        }
        expect(do_register, &second);
        cr_assert_eq(stored(name).epoch, row->exists ? 2 : 1);
        cr_assert(token_is(name, second.registration.token));
    }
}

Test(control_nodes, registering_the_same_again_moves_the_epoch_without_an_event)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    expect(do_register, &r);
    int64_t before = world_newest_index(&world), tokens = tokens_epoch(world.store);
    r.right = RIGHT_SELF;
    expect(do_register, &r);
    cr_assert_str_eq(world_story(&world, before), "");
    cr_assert_eq(stored("n1").epoch, 2);
    cr_assert_gt(stored("n1").assignments_index, before);
    cr_assert_eq(tokens_epoch(world.store), tokens, "caches of tokens stay");
    r.registration.boot_id = "boot-2";
    expect(do_register, &r);
    cr_assert_str_eq(world_story(&world, before), "node.reregistered");
    cr_assert_eq(stored("n1").epoch, 3);
}

Test(control_nodes, a_token_belongs_to_one_node)
{
    struct registering one = registering("n1", RIGHT_CREATE), two = registering("n2", RIGHT_CREATE);
    expect(do_register, &one);
    int64_t before = world_newest_index(&world);
    cr_assert_eq(world_run(&world, do_register, &two), ERR_ALREADY_EXISTS);
    cr_assert_eq(world_newest_index(&world), before);
    cr_assert_not(exists("n2"));
    struct node_facts facts;
    cr_assert_not(node_table_get(world.control->nodes, "n2", &facts));
    cr_assert_eq(presence_count(world.control->presence), 1);
}

Test(control_nodes, a_registration_that_fails_later_leaves_no_memory)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    world_run_and_fail(&world, do_register, &r);
    struct node_facts facts;
    cr_assert_not(exists("n1"));
    cr_assert_not(node_table_get(world.control->nodes, "n1", &facts));
    cr_assert_eq(node_table_count(world.control->nodes, -1), 0);
    cr_assert_eq(presence_count(world.control->presence), 0);
    expect(do_register, &r);
    r.right = RIGHT_OPERATE;
    r.registration.capacity.cpu_millis = 1;
    r.registration.cluster = "edge";
    world_run_and_fail(&world, do_register, &r);
    cr_assert(node_table_get(world.control->nodes, "n1", &facts));
    cr_assert_eq(facts.capacity.cpu_millis, 4000);
    cr_assert_str_eq(facts.cluster, "default");
    cr_assert_eq(presence_count(world.control->presence), 1);
}

Test(control_nodes, a_cluster_begins_with_its_first_node_and_a_full_node_stays_in_it)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    expect(do_register, &r);
    struct change web = world_apply(&world, world_web(&world, "1", 1));
    world_place(&world, &web.deployment, "n1");
    r.right = RIGHT_OPERATE;
    r.registration.cluster = "edge";
    expect_refusal(do_register, &r, ERR_ILLEGAL_STATE, "holds 1 replicas of cluster default");
    struct registering empty = registering("n2", RIGHT_CREATE);
    empty.registration.token = TOKEN_TWO;
    expect(do_register, &empty);
    empty.registration.cluster = "edge";
    empty.right = RIGHT_SELF;
    expect_refusal(do_register, &empty, ERR_ILLEGAL_STATE, "its own token cannot move it to edge");
    empty.right = RIGHT_OPERATE;
    expect(do_register, &empty);
    cr_assert_eq(clusters_check(world_look(&world), "edge", NULL), ERR_OK);
}

static enum err_code lose(struct control_world *w, struct store_tx *tx, void *argument,
                          struct err *err)
{
    struct node *node = argument;
    node->state = NODE_LOST;
    node->index = tx_next_index(tx);
    node_table_put(tx, w->control->nodes, node);
    return nodes_put(tx, node, false, err);
}

Test(control_nodes, a_lost_node_that_registers_is_ready_and_its_replicas_count_again)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    expect(do_register, &r);
    struct change web = world_apply(&world, world_web(&world, "1", 1));
    world_place(&world, &web.deployment, "n1");
    struct node node = stored("n1");
    expect(lose, &node);
    cr_assert_eq(node_table_count(world.control->nodes, NODE_LOST), 1);
    world_forget_dirty(&world);
    r.right = RIGHT_SELF;
    expect(do_register, &r);
    cr_assert_eq(stored("n1").state, NODE_READY);
    cr_assert_eq(node_table_count(world.control->nodes, NODE_READY), 1);
    cr_assert(world_is_dirty(&world, web.deployment.uid));
    cr_assert_eq(world_deployment(&world, "web").endpoints_index, stored("n1").index,
                 "they are in the endpoints again, which watchers must hear of");
}

Test(control_nodes, an_operators_cordon_outlives_a_registration)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    expect(do_register, &r);
    struct node node = stored("n1");
    node.schedulable = false;
    node.state = NODE_READY;
    expect(lose, &node);
    r.right = RIGHT_SELF;
    expect(do_register, &r);
    cr_assert_not(stored("n1").schedulable);
    struct node_facts facts;
    cr_assert(node_table_get(world.control->nodes, "n1", &facts));
    cr_assert_not(facts.placeable);
}

/* ---- rejoining ---- */

static enum err_code do_allow(struct control_world *w, struct store_tx *tx, void *argument,
                              struct err *err)
{
    struct node node;
    return control_allow_rejoin(tx, &w->arena, argument, &node, err);
}

static struct registering newcomer(const char *name)
{
    struct registering r = registering(name, RIGHT_CREATE);
    r.registration.token = TOKEN_TWO;
    r.registration.boot_id = "boot-2";
    return r;
}

Test(control_nodes, an_operator_lets_the_join_token_in_once)
{
    struct registering r = registering("n1", RIGHT_CREATE), again = newcomer("n1");
    expect(do_register, &r);
    expect_refusal(do_register, &again, ERR_CONFLICT, "POST /v1/nodes/n1/rejoin");
    int64_t before = world_newest_index(&world);
    expect(do_allow, (void *)"n1");
    cr_assert(token_is("n1", TOKEN_ONE), "nothing changes before it comes");
    cr_assert_eq(stored("n1").epoch, 1);
    expect(do_register, &again);
    cr_assert_str_eq(world_story(&world, before), "node.rejoin_allowed node.rejoined");
    cr_assert_eq(stored("n1").epoch, 2, "the old agent is fenced");
    cr_assert(token_is("n1", TOKEN_TWO), "and its token is not known any more");
    expect_refusal(do_register, &again, ERR_CONFLICT, "exists");
}

Test(control_nodes, a_rejoin_touches_nothing_that_runs_there)
{
    struct registering r = registering("n1", RIGHT_CREATE), again = newcomer("n1");
    expect(do_register, &r);
    struct change web = world_apply(&world, world_web(&world, "1", 1));
    struct replica placed = world_place(&world, &web.deployment, "n1");
    placed = world_replica(&world, placed.id);
    world_forget_dirty(&world);
    expect(do_allow, (void *)"n1");
    expect(do_register, &again);
    struct replica after = world_replica(&world, placed.id);
    cr_assert_eq(after.index, placed.index);
    cr_assert_str_eq(after.node, "n1");
    cr_assert_eq(after.wanted, WANTED_RUN);
    cr_assert_not(world_is_dirty(&world, web.deployment.uid));
    struct node_facts facts;
    cr_assert(node_table_get(world.control->nodes, "n1", &facts));
    cr_assert_eq(facts.replicas, 1);
    cr_assert_gt(stored("n1").assignments_index, placed.index, "its poll is answered anew");
}

Test(control_nodes, a_rejoin_is_allowed_for_an_hour)
{
    struct registering r = registering("n1", RIGHT_CREATE), again = newcomer("n1");
    expect(do_register, &r);
    expect(do_allow, (void *)"n1");
    world_advance(&world, REJOIN_ALLOWED_MS / 2);
    int64_t before = world_newest_index(&world);
    expect(do_allow, (void *)"n1");
    cr_assert_eq(world_newest_index(&world), before, "it was allowed; only its hour begins anew");
    world_advance(&world, REJOIN_ALLOWED_MS);
    expect_refusal(do_register, &again, ERR_CONFLICT, "exists");
    expect(do_allow, (void *)"n1");
    cr_assert_str_eq(world_story(&world, before), "node.rejoin_allowed");
    world_advance(&world, REJOIN_ALLOWED_MS - 1000);
    expect(do_register, &again);
}

Test(control_nodes, a_registration_with_its_own_token_leaves_the_permission)
{
    struct registering r = registering("n1", RIGHT_CREATE), again = newcomer("n1");
    expect(do_register, &r);
    expect(do_allow, (void *)"n1");
    r.right = RIGHT_SELF;
    expect(do_register, &r);
    expect(do_register, &again);
    cr_assert_eq(stored("n1").epoch, 3);
}

Test(control_nodes, a_rejoin_that_fails_uses_nothing_up)
{
    struct registering r = registering("n1", RIGHT_CREATE), other = newcomer("n2");
    struct registering again = newcomer("n1");
    expect(do_register, &r);
    expect(do_register, &other);
    expect(do_allow, (void *)"n1");
    cr_assert_eq(world_run(&world, do_register, &again), ERR_ALREADY_EXISTS, "the token is n2's");
    again.registration.token = TOKEN_ONE "2";
    world_run_and_fail(&world, do_register, &again);
    cr_assert_eq(control_node_epoch(world.control, "n1"), 1);
    expect(do_register, &again);
}

Test(control_nodes, nobody_rejoins_who_never_was_there)
{
    expect_refusal(do_allow, (void *)"n1", ERR_NOT_FOUND, "n1");
}

Test(control_nodes, a_permission_goes_with_its_node)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    struct removing removal = {"n1", true};
    expect(do_register, &r);
    expect(do_allow, (void *)"n1");
    expect(do_remove, &removal);
    expect(do_register, &r);
    struct registering again = newcomer("n1");
    expect_refusal(do_register, &again, ERR_CONFLICT, "exists");
}

#ifdef DOGSHORE_FAILPOINTS
Test(control_nodes, the_failpoint_of_registration_fails_it)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    failpoint_arm("node.register", "error");
    expect_refusal(do_register, &r, ERR_UNAVAILABLE, "node.register");
    failpoint_clear();
    expect(do_register, &r);
}
#endif

/* ---- removal ---- */

Test(control_nodes, a_ready_node_is_removed_only_by_force)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    expect(do_register, &r);
    expect_refusal(do_remove, &(struct removing){"n1", false}, ERR_ILLEGAL_STATE, "only force");
    expect(do_remove, &(struct removing){"n1", true});
    cr_assert_not(exists("n1"));
    expect_refusal(do_remove, &(struct removing){"n1", true}, ERR_NOT_FOUND, "n1");
}

Test(control_nodes, a_lost_node_needs_no_force)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    expect(do_register, &r);
    struct node node = stored("n1");
    expect(lose, &node);
    expect(do_remove, &(struct removing){"n1", false});
    cr_assert_not(exists("n1"));
}

Test(control_nodes, what_a_removed_node_ran_is_given_up_and_counts_against_no_version)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    expect(do_register, &r);
    struct change web = world_apply(&world, world_web(&world, "1", 2));
    struct replica replica = world_place(&world, &web.deployment, "n1");
    int64_t before = world_newest_index(&world);
    world_forget_dirty(&world);
    expect(do_remove, &(struct removing){"n1", true});
    replica = world_replica(&world, replica.id);
    cr_assert_eq(replica.phase, REPLICA_FAILED);
    cr_assert_str_eq(replica.reason, "node_removed");
    cr_assert_eq(replica.stop_cause, CAUSE_NODE);
    cr_assert(replica.counted);
    cr_assert_eq(replica.ended_at, world.time.wall_ms);
    cr_assert(world_is_dirty(&world, web.deployment.uid));
    cr_assert_str_eq(world_story(&world, before), "replica.failed node.removed");
    struct token token;
    cr_assert_eq(tokens_get(world_look(&world), &world.arena, "node/n1", &token, NULL),
                 ERR_NOT_FOUND);
    struct node_facts facts;
    cr_assert_not(node_table_get(world.control->nodes, "n1", &facts));
    cr_assert_eq(presence_count(world.control->presence), 0);
}

/* A report that was on its way since before the removal is never taken for one of the new node. */
Test(control_nodes, a_name_that_joins_anew_begins_no_epoch_again)
{
    struct registering r = registering("n1", RIGHT_CREATE), other = newcomer("n2");
    struct removing removal = {"n1", true};
    expect(do_register, &r);
    r.right = RIGHT_SELF;
    for (int i = 0; i < 3; i++)
        expect(do_register, &r);
    cr_assert_eq(stored("n1").epoch, 4);
    expect(do_remove, &removal);
    r.right = RIGHT_CREATE;
    expect(do_register, &r);
    cr_assert_eq(stored("n1").epoch, 5);
    world_run_and_fail(&world, do_remove, &removal);
    expect(do_register, &other);
    cr_assert_eq(stored("n2").epoch, 5, "what was undone raised nothing");
    expect(do_remove, &removal);
    world_reopen_control(&world);
    expect(do_register, &r);
    cr_assert_eq(stored("n1").epoch, 6);
}

Test(control_nodes, a_removal_that_fails_later_is_undone)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    r.registration.labels = (struct pairs){.items = &(struct pair){"zone", "a"}, .count = 1};
    expect(do_register, &r);
    struct change web = world_apply(&world, world_web(&world, "1", 2));
    struct replica replica = world_place(&world, &web.deployment, "n1");
    world_run_and_fail(&world, do_remove, &(struct removing){"n1", true});
    cr_assert_eq(world_replica(&world, replica.id).phase, REPLICA_ASSIGNED);
    struct node_facts facts;
    cr_assert(node_table_get(world.control->nodes, "n1", &facts));
    cr_assert_str_eq(pairs_get(facts.labels, "zone"), "a");
    cr_assert_eq(facts.replicas, 1);
    cr_assert_eq(facts.allocated.cpu_millis, 100);
    cr_assert(token_is("n1", TOKEN_ONE));
    cr_assert_eq(presence_count(world.control->presence), 1);
}

/* ---- start ---- */

Test(control_nodes, after_a_restart_the_memory_is_as_before)
{
    struct registering r = registering("n1", RIGHT_CREATE);
    expect(do_register, &r);
    struct change web = world_apply(&world, world_web(&world, "1", 2));
    world_place(&world, &web.deployment, "n1");
    world_place(&world, &web.deployment, "n1");
    world_reopen_control(&world);
    struct node_facts facts;
    cr_assert(node_table_get(world.control->nodes, "n1", &facts));
    cr_assert_eq(facts.replicas, 2);
    cr_assert_eq(facts.allocated.cpu_millis, 200);
    cr_assert_eq(facts.allocated.memory_mib, 128);
    cr_assert_eq(facts.capacity.memory_mib, 8192);
    int64_t seen_ms;
    cr_assert(presence_last_seen(world.control->presence, "n1", &seen_ms));
    cr_assert_eq(seen_ms, 0, "it was not heard since the start");
    control_node_seen(world.control, "n1");
    cr_assert(presence_last_seen(world.control->presence, "n1", &seen_ms));
    cr_assert_gt(seen_ms, 0);
    cr_assert_eq(control_poll_wait_ms(world.control), 10000);
}
