/* live.h: what handlers that show live data of replicas share. */
#ifndef DOGSHORE_API_LIVE_H
#define DOGSHORE_API_LIVE_H

#include "api/request.h"
#include "wire/live_wire.h"

struct node_states;
struct replica;

/* What is known of it now. */
enum err_code replica_look_at(struct request *request, struct node_states *states,
                              const struct replica *replica, struct replica_live *live,
                              struct err *err);

#endif
