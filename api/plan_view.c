#include "api/plan_view.h"

#include "api/api.h"
#include "api/node_states.h"
#include "scheduler/view_load.h"
#include "store/store.h"

static enum err_code presence_of(void *self, const struct replica *replica,
                                 enum replica_presence *presence, struct err *err)
{
    return node_states_presence(self, replica, presence, NULL, err);
}

enum err_code plan_view(struct store_db *db, struct request *request,
                        const struct deployment *deployment, struct view *view, struct err *err)
{
    auto_node_states states;
    node_states_init(&states, db, &request->arena);
    struct view_source source = {.db = db,
                                 .now_ms = store_clock_ms(request->api->store),
                                 .now_at = clock_wall_ms(&request->api->clock),
                                 .presence = presence_of,
                                 .self = &states};
    return view_load(&source, &request->arena, deployment, view, err);
}
