/* After a restore a node may run replicas that the database does not know: they are listed and left
 * running. Here an operator orders their stop; their node reports the end. */
#include "base/arena.h"
#include "base/text.h"
#include "scheduler/control.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/writer.h"

static bool is_in(const struct strings *ids, const char *id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (text_equal(ids->items[i], id)) return true;
    return false;
}

/* Those that were left running, or the one that is asked for. */
static enum err_code choose(struct store_tx *tx, struct arena *arena, const char *node,
                            const char *id, struct strings *chosen, struct err *err)
{
    struct strings known, stopped;
    TRY(node_orphans_list(tx_db(tx), arena, node, &known, err));
    TRY(node_orphans_stopped(tx_db(tx), arena, node, &stopped, err));
    if (id != NULL && !is_in(&known, id))
        return err_set(err, ERR_NOT_FOUND, "node \"%s\" has no unknown replica \"%.100s\"", node,
                       id);
    chosen->items = ARENA_ARRAY(arena, const char *, known.count);
    chosen->count = 0;
    for (size_t i = 0; i < known.count; i++)
        if ((id == NULL || text_equal(known.items[i], id)) && !is_in(&stopped, known.items[i]))
            chosen->items[chosen->count++] = known.items[i];
    return ERR_OK;
}

static enum err_code add_event(struct store_tx *tx, struct arena *arena, const struct node *node,
                               const struct strings *chosen, int64_t *index, struct err *err)
{
    const struct event event = {
        .kind = "node",
        .cluster = node->cluster,
        .name = node->name,
        .reason = "unknown_stopped",
        .message = arena_printf(arena, "the stop of %zu unknown replica%s was ordered: %s%s",
                                chosen->count, chosen->count == 1 ? "" : "s", chosen->items[0],
                                chosen->count == 1 ? "" : ", …"),
    };
    return events_add(tx, &event, index, err);
}

enum err_code control_stop_unknown(struct store_tx *tx, struct arena *arena,
                                   const struct node *node, const char *id, struct strings *chosen,
                                   struct err *err)
{
    int64_t index;
    TRY(choose(tx, arena, node->name, id, chosen, err));
    if (chosen->count == 0) return ERR_OK;
    TRY(add_event(tx, arena, node, chosen, &index, err));
    for (size_t i = 0; i < chosen->count; i++) {
        bool ordered;
        TRY(node_orphans_stop(tx, node->name, chosen->items[i], index, &ordered, err));
    }
    return ERR_OK;
}
