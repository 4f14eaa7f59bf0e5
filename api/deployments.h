/* deployments.h: what handlers of a deployment and of what hangs on it share. */
#ifndef DOGSHORE_API_DEPLOYMENTS_H
#define DOGSHORE_API_DEPLOYMENTS_H

#include "api/request.h"
#include "model/deployment.h"

struct change;
struct json_writer;
struct precondition;
struct revision;

/* The deployment that the path and the cluster name. ERR_NOT_FOUND. */
enum err_code deployment_load(struct store_db *db, struct request *request,
                              struct deployment *deployment, struct err *err);
/* By number, "latest", "stable" or a tag; ERR_NOT_FOUND (revisions.c). */
enum err_code revision_named(struct store_db *db, struct request *request,
                             const struct deployment *deployment, const char *word,
                             struct revision *revision, struct err *err);
/* What its entity tag stands for: all of it that may change. */
const char *revision_state(struct request *request, const struct deployment *deployment,
                           const struct revision *revision);
/* One revision with its template. */
enum err_code revision_reply(struct request *request, struct json_writer *writer,
                             const struct revision *revision, struct err *err);
/* The whole object with ETag and X-Index. */
void deployment_reply(struct request *request, struct reply *reply,
                      const struct deployment *deployment);

/* Of a write to a deployment that must exist: its conditions as an order takes them (without
 * `force`). What isn't there is not found, whatever was expected of it. */
enum err_code deployment_condition(struct store_tx *tx, struct request *request,
                                   struct precondition *precondition, struct err *err);
/* The object as it stands after an order; its status names the revision and the rollout on their
 * way. */
enum err_code deployment_change_reply(struct request *request, struct reply *reply,
                                      const struct change *change);

#endif
