#include "scheduler/node_replicas.h"

#include "base/map.h"
#include "store/deployments.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/writer.h"

enum err_code node_replicas_touch(struct store_tx *tx, struct arena *arena, const struct node *node,
                                  struct err *err)
{
    struct replica *replicas = NULL;
    size_t count = 0;
    TRY(replicas_on_node(tx_db(tx), arena, node->name, &replicas, &count, err));
    struct map touched;
    map_init(&touched);
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < count && code == ERR_OK; i++) {
        const struct replica *replica = &replicas[i];
        if (map_put(&touched, replica->deployment_uid, &replicas[i])) continue;
        tx_dirty(tx, replica->deployment_uid);
        code = deployments_touch(tx, replica->deployment_uid, replica->cluster, replica->deployment,
                                 true, node->index, err);
    }
    map_release(&touched);
    if (count > 0) tx_touch_list(tx, LIST_OF_REPLICAS, node->index);
    return code;
}
