/* replicas.h: what handlers of one replica share. */
#ifndef DOGSHORE_API_REPLICAS_H
#define DOGSHORE_API_REPLICAS_H

#include "api/request.h"
#include "model/replica.h"

/* The replica that the path names. In a cluster that the token may not see it does not exist. */
enum err_code replica_load(struct store_db *db, struct request *request, struct replica *replica,
                           struct err *err);

#endif
