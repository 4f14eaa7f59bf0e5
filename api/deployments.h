/* deployments.h: what handlers of a deployment and of what hangs on it share. */
#ifndef DOGSHORE_API_DEPLOYMENTS_H
#define DOGSHORE_API_DEPLOYMENTS_H

#include "api/request.h"
#include "model/deployment.h"

/* The deployment that the path and the cluster name. ERR_NOT_FOUND. */
enum err_code deployment_load(struct store_db *db, struct request *request,
                              struct deployment *deployment, struct err *err);
/* The whole object with ETag and X-Index. */
void deployment_reply(struct request *request, struct reply *reply,
                      const struct deployment *deployment);

#endif
