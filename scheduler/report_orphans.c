/* Replicas that a node runs and that this database does not know, or knows as ended: they are told
 * to stop until their agent says that they ended. After a restore from a backup it is the database
 * that may be wrong about a replica that it has never heard of: such a one is listed and left
 * running until an operator orders its stop. */
#include "base/arena.h"
#include "base/limits.h"
#include "scheduler/control_parts.h"
#include "scheduler/report_parts.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/store.h"
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

static enum err_code note(struct reporting *reporting, const char *id, const char *why, bool stop,
                          struct err *err)
{
    struct event event = {
        .kind = "node",
        .cluster = reporting->cluster,
        .name = reporting->node,
        .reason = "unknown_replica",
        .message = arena_printf(reporting->arena, "runs replica %s, %s; %s", id, why,
                                stop ? "its stop was ordered"
                                     : "it is left running: the database was restored from a "
                                       "backup that may be older than the replica"),
    };
    int64_t index;
    TRY(events_add(reporting->tx, &event, &index, err));
    if (stop)
        TRY(node_orphans_add(reporting->tx, reporting->node, id, index, err));
    else
        TRY(node_orphans_leave(reporting->tx, reporting->node, id, index, err));
    map_put(&reporting->orphans, id, reporting);
    return ERR_OK;
}

static enum err_code seen(struct reporting *reporting, const char *id, const char *why, bool stop,
                          const char **slug, struct err *err)
{
    TRY(load(reporting, err));
    if (map_get(&reporting->orphans, id) != NULL) return ERR_OK;
    if (reporting->orphans.count < LIMIT_ORPHANS_PER_NODE)
        return note(reporting, id, why, stop, err);
    *slug = "unknown_replica";
    return ERR_OK;
}

enum err_code orphan_seen(struct reporting *reporting, const char *id, const char *why,
                          const char **slug, struct err *err)
{
    return seen(reporting, id, why, true, slug, err);
}

enum err_code orphan_unknown(struct reporting *reporting, const char *id, const char **slug,
                             struct err *err)
{
    bool stop = !store_replica_is_foreign(reporting->control->store, id);
    const char *why = stop ? "which is not its to run" : "which this database does not know";
    return seen(reporting, id, why, stop, slug, err);
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
