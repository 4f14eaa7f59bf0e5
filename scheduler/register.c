/* A node registers: who may, what it says of itself, and the epoch that fences older agents of the
 * same name. */
#include "base/arena.h"
#include "base/failpoint.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/text.h"
#include "scheduler/control.h"
#include "scheduler/control_parts.h"
#include "scheduler/node_replicas.h"
#include "scheduler/node_table.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/tokens.h"
#include "store/writer.h"

struct registering {
    struct control *control;
    struct store_tx *tx;
    struct arena *arena;
    const struct node_registration *said;
    const char *cluster; /* where it is to be */
    struct node before;  /* name NULL = a new node */
    struct node after;
    bool let_in; /* by an operator, with the join token, although the name exists */
};

/* ---- may it? ---- */

static enum err_code load_before(struct registering *registering, const char *name, struct err *err)
{
    struct err missing = {.code = ERR_OK};
    enum err_code code =
        nodes_get(tx_db(registering->tx), registering->arena, name, &registering->before, &missing);
    if (code == ERR_OK) return ERR_OK;
    registering->before = (struct node){.name = NULL};
    if (code == ERR_NOT_FOUND) return ERR_OK;
    if (err != NULL) *err = missing;
    return code;
}

static enum err_code check_new(const struct registering *registering, const char *name,
                               enum registration_right right, struct err *err)
{
    if (right == RIGHT_SELF)
        return err_set(err, ERR_NOT_FOUND,
                       "node %s was removed; it can be created again with the join token", name);
    if (node_table_count(registering->control->nodes, -1) >= LIMIT_NODES)
        return err_set(err, ERR_LIMIT, "this server already has %d nodes, which is its limit",
                       LIMIT_NODES);
    return ERR_OK;
}

static enum err_code check_existing(struct registering *registering, enum registration_right right,
                                    struct err *err)
{
    const struct node *before = &registering->before;
    registering->let_in =
        right == RIGHT_CREATE && before->rejoin_until_ms > tx_now_ms(registering->tx);
    if (right == RIGHT_CREATE && !registering->let_in)
        return err_set(err, ERR_CONFLICT,
                       "node %s exists; only its own token can register it again. If that is lost, "
                       "an operator's POST /v1/nodes/%s/rejoin lets the join token in once",
                       before->name, before->name);
    struct node_facts facts;
    if (text_equal(before->cluster, registering->cluster)) return ERR_OK;
    /* Whoever was let into one cluster would else let himself into every other one. */
    if (right == RIGHT_SELF)
        return err_set(err, ERR_ILLEGAL_STATE,
                       "node %s belongs to cluster %s and its own token cannot move it to %s; a "
                       "token of scope operate can, or remove it and let it join anew",
                       before->name, before->cluster, registering->cluster);
    if (!node_table_get(registering->control->nodes, before->name, &facts)) return ERR_OK;
    if (facts.replicas == 0) return ERR_OK;
    return err_set(err, ERR_ILLEGAL_STATE,
                   "node %s holds %lld replicas of cluster %s and can move to cluster %s only "
                   "when it is empty",
                   before->name, (long long)facts.replicas, before->cluster, registering->cluster);
}

/* ---- what changes ---- */

static bool same_strings(const struct strings *a, const struct strings *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!text_equal(a->items[i], b->items[i])) return false;
    return true;
}

static bool same_resources(const struct resources *a, const struct resources *b)
{
    return a->cpu_millis == b->cpu_millis && a->memory_mib == b->memory_mib && a->gpus == b->gpus;
}

static bool changed(const struct node *a, const struct node *b)
{
    return !text_equal(a->cluster, b->cluster) || !pairs_equal(&a->labels, &b->labels) ||
           !same_resources(&a->capacity, &b->capacity) || !text_equal(a->address, b->address) ||
           !text_equal(a->agent_version, b->agent_version) || !text_equal(a->boot_id, b->boot_id) ||
           !same_strings(&a->drivers, &b->drivers) || a->state != b->state;
}

static void make_after(struct registering *registering, const char *name)
{
    const struct node *before = &registering->before;
    const struct node_registration *said = registering->said;
    struct node *after = &registering->after;
    bool is_new = before->name == NULL;
    *after = *before;
    after->name = name;
    after->cluster = registering->cluster;
    after->labels = said->labels;
    after->capacity = said->capacity;
    after->address = said->address;
    after->agent_version = said->agent_version;
    after->boot_id = said->boot_id;
    after->drivers = said->drivers;
    after->epoch = max_i64(before->epoch, tx_epochs_floor(registering->tx)) + 1;
    after->report_seq = 0;
    after->state = NODE_READY;
    if (registering->let_in) after->rejoin_until_ms = 0;
    if (is_new) after->schedulable = true;
    if (is_new) after->registered_at = tx_wall_ms(registering->tx);
    if (!is_new && before->state == NODE_READY) return;
    after->state_reason = "registered";
    after->state_since_at = tx_wall_ms(registering->tx);
}

static const char *event_reason(const struct registering *registering)
{
    if (registering->before.name == NULL) return "registered";
    return registering->let_in ? "rejoined" : "reregistered";
}

static enum err_code node_event(struct registering *registering, int64_t *index, struct err *err)
{
    const struct node *after = &registering->after;
    bool is_new = registering->before.name == NULL;
    if (!is_new && !registering->let_in && !changed(&registering->before, after)) {
        *index = tx_next_index(registering->tx);
        return ERR_OK;
    }
    const char *message =
        arena_printf(registering->arena, "%s in cluster %s from %s%s",
                     is_new ? "registered" : "registered again", after->cluster,
                     after->address == NULL ? "an unknown address" : after->address,
                     registering->let_in ? ", with the join token, as an operator allowed" : "");
    struct event event = {
        .kind = "node",
        .cluster = after->cluster,
        .name = after->name,
        .reason = event_reason(registering),
        .message = message,
        .data = arena_printf(registering->arena, "{\"epoch\":%lld}", (long long)after->epoch),
    };
    return events_add(registering->tx, &event, index, err);
}

/* ---- rows and memory ---- */

/* A table of tokens that did not change must not empty the caches of tokens. */
static enum err_code store_token(const struct registering *registering, struct err *err)
{
    const char *id = arena_printf(registering->arena, "node/%s", registering->after.name);
    struct token token = {
        .id = id,
        .name = id,
        .scope = TOKEN_NODE,
        .node = registering->after.name,
        .created_at = tx_wall_ms(registering->tx),
    };
    token_hash(registering->control->store, registering->said->token, token.hash);
    struct token stored;
    enum err_code code = tokens_get(tx_db(registering->tx), registering->arena, id, &stored, NULL);
    if (code == ERR_OK && crypto_equal(stored.hash, token.hash, sizeof(token.hash))) return ERR_OK;
    return tokens_put(registering->tx, &token, err);
}

static void forget_node(void *self, void *name)
{
    control_forget_node(self, name);
}

static void note_presence(const struct registering *registering)
{
    const char *name = registering->after.name;
    if (tx_is_undone(registering->tx)) return;
    control_add_node(registering->control, name, true);
    if (registering->before.name == NULL)
        tx_stage(registering->tx, forget_node, registering->control,
                 arena_strdup(tx_arena(registering->tx), name));
}

static enum err_code store_node(struct registering *registering, struct err *err)
{
    int64_t index;
    struct node *after = &registering->after;
    TRY(node_event(registering, &index, err));
    after->index = after->assignments_index = index;
    TRY(nodes_put(registering->tx, after, true, err));
    TRY(store_token(registering, err));
    if (registering->before.name != NULL && registering->before.state != NODE_READY)
        TRY(node_replicas_touch(registering->tx, registering->arena, after, err));
    node_table_put(registering->tx, registering->control->nodes, after);
    note_presence(registering);
    return ERR_OK;
}

enum err_code control_register(struct control *control, struct store_tx *tx, struct arena *arena,
                               const char *name, enum registration_right right,
                               const struct node_registration *registration, struct node *node,
                               struct err *err)
{
    struct registering registering = {
        .control = control, .tx = tx, .arena = arena, .said = registration};
    if (FP("node.register"))
        return err_set(err, ERR_UNAVAILABLE, "failpoint node.register was hit");
    TRY(load_before(&registering, name, err));
    bool stays = registration->cluster_absent && registering.before.name != NULL;
    registering.cluster = stays ? registering.before.cluster : registration->cluster;
    if (registering.before.name == NULL)
        TRY(check_new(&registering, name, right, err));
    else
        TRY(check_existing(&registering, right, err));
    make_after(&registering, name);
    TRY(store_node(&registering, err));
    *node = registering.after;
    return ERR_OK;
}
