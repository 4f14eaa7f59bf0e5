/* nodes.h: what handlers of one node share. */
#ifndef DOGSHORE_API_NODES_H
#define DOGSHORE_API_NODES_H

#include "api/request.h"
#include "model/node.h"

/* The node that the path names. In a cluster that the token may not see it does not exist. */
enum err_code node_load(struct store_db *db, struct request *request, struct node *node,
                        struct err *err);

#endif
