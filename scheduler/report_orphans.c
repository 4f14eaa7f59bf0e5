/* Replicas that a node runs and that this database does not know, or knows as ended: they are told
 * to stop until their agent says that they ended. */
#include "base/arena.h"
#include "base/limits.h"
#include "scheduler/report_parts.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/writer.h"

static enum err_code load(struct reporting *reporting, struct err *err)
{
    struct strings ids;
    if (reporting->orphans_loaded) return ERR_OK;
    TRY(node_orphans_list(tx_db(reporting->tx), reporting->arena, reporting->node, &ids, err));
    for (size_t i = 0; i < ids.count; i++)
        map_put(&reporting->orphans, ids.items[i], reporting);
    reporting->orphans_loaded = true;
    return ERR_OK;
}

static enum err_code order_stop(struct reporting *reporting, const char *id, const char *why,
                                struct err *err)
{
    struct event event = {
        .kind = "node",
        .cluster = reporting->cluster,
        .name = reporting->node,
        .reason = "unknown_replica",
        .message =
            arena_printf(reporting->arena, "runs replica %s, %s; its stop was ordered", id, why),
    };
    int64_t index;
    TRY(events_add(reporting->tx, &event, &index, err));
    TRY(node_orphans_add(reporting->tx, reporting->node, id, index, err));
    map_put(&reporting->orphans, id, reporting);
    return ERR_OK;
}

enum err_code orphan_seen(struct reporting *reporting, const char *id, const char *why,
                          const char **slug, struct err *err)
{
    TRY(load(reporting, err));
    if (map_get(&reporting->orphans, id) != NULL) return ERR_OK;
    if (reporting->orphans.count < LIMIT_ORPHANS_PER_NODE)
        return order_stop(reporting, id, why, err);
    *slug = "unknown_replica";
    return ERR_OK;
}

enum err_code orphan_ended(struct reporting *reporting, const char *id, bool *was_orphan,
                           struct err *err)
{
    bool removed;
    TRY(load(reporting, err));
    *was_orphan = map_remove(&reporting->orphans, id) != NULL;
    if (!*was_orphan) return ERR_OK;
    TRY(node_orphans_remove(reporting->tx, reporting->node, id, &removed, err));
    int64_t index = tx_next_index(reporting->tx);
    tx_touch(reporting->tx, FACET_NODE, reporting->node, index);
    tx_touch(reporting->tx, FACET_ASSIGNMENTS, reporting->node, index);
    return ERR_OK;
}
