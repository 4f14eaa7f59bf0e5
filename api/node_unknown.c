/* node_unknown.c: POST /v1/nodes/{node}/stop-unknown: what runs there and is not known is stopped.
 */
#include "api/body.h"
#include "api/handlers.h"
#include "api/nodes.h"
#include "api/query.h"
#include "base/json.h"
#include "scheduler/control.h"

API_DECODE(node_stop_unknown_decode)
{
    return body_empty(request, errors, err);
}

API_APPLY(node_stop_unknown_apply)
{
    struct node node;
    struct strings ordered;
    TRY(node_load(tx_db(tx), request, &node, err));
    TRY(control_stop_unknown(tx, &request->arena, &node, query_text(request, "replica"), &ordered,
                             err));
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_put_string(&writer, "name", node.name);
    json_put_string(&writer, "cluster", node.cluster);
    json_key(&writer, "ordered");
    json_array_begin(&writer);
    for (size_t i = 0; i < ordered.count; i++)
        json_string(&writer, ordered.items[i]);
    json_array_end(&writer);
    json_object_end(&writer);
    return ERR_OK;
}
