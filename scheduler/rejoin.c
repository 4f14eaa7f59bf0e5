/* An operator lets a node in again that has lost its own token: its name may be registered once
 * more with the join token. Nothing else changes until that happens, and nothing that it runs is
 * touched then, either: what is assigned to it stays so, and its new agent says what became of it.
 */
#include "scheduler/control.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/writer.h"

static enum err_code add_event(struct store_tx *tx, const struct node *node, struct err *err)
{
    struct event event = {
        .kind = "node",
        .cluster = node->cluster,
        .name = node->name,
        .reason = "rejoin_allowed",
        .message = "may register once more with the join token, within an hour",
    };
    int64_t index;
    return events_add(tx, &event, &index, err);
}

enum err_code control_allow_rejoin(struct store_tx *tx, struct arena *arena, const char *name,
                                   struct node *node, struct err *err)
{
    TRY(nodes_get(tx_db(tx), arena, name, node, err));
    if (node->rejoin_until_ms <= tx_now_ms(tx)) TRY(add_event(tx, node, err));
    node->rejoin_until_ms = tx_now_ms(tx) + REJOIN_ALLOWED_MS;
    return nodes_set_rejoin(tx, name, node->rejoin_until_ms, err);
}
