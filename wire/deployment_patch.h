/* deployment_patch.h: a merge patch (RFC 7396) of a deployment.
 *
 * It is judged in two steps. What can be said of it alone is said at once: unknown fields, and
 * fields that no patch changes. The rest is said of the document that results, by the very decoder
 * of a PUT body, so that there is one set of rules.
 *
 * Ownership: everything lives in the arena. Pure. */
#ifndef DOGSHORE_WIRE_DEPLOYMENT_PATCH_H
#define DOGSHORE_WIRE_DEPLOYMENT_PATCH_H

#include "base/err.h"
#include "model/deployment.h"
#include "wire/field_errors.h"

struct arena;
struct json;

struct deployment_patch {
    struct json *tree;          /* an object, without the members that no patch changes */
    struct field_errors errors; /* of the patch by itself */
};

/* `name` and `cluster` are those of the deployment: a patch may repeat them. */
void deployment_patch_check(const struct json *json, struct arena *arena, const char *name,
                            const char *cluster, struct deployment_patch *patch);
/* The document that results from the deployment as it is now. `errors` gets all that is wrong with
 * it and with the patch, in terms of that document; but annotations that were wrong before stay as
 * they are in a patch that does not speak of them. ERR_TOO_LARGE when it has grown beyond what a
 * PUT may have. */
enum err_code deployment_patch_merge(const struct deployment_patch *patch, struct arena *arena,
                                     const struct deployment *current,
                                     struct deployment_document *document,
                                     struct field_errors *errors, struct err *err);

#endif
