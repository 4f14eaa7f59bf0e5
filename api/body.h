/* body.h: the JSON body of a request. */
#ifndef DOGSHORE_API_BODY_H
#define DOGSHORE_API_BODY_H

#include "api/request.h"

struct field_errors;
struct json;

/* ERR_UNSUPPORTED_MEDIA unless it is application/json in UTF-8, ERR_MALFORMED_JSON with the
 * position when it is absent or broken. */
enum err_code body_json(struct request *request, const struct json **root, struct err *err);
/* The same of application/merge-patch+json (RFC 7396). */
enum err_code body_merge_patch(struct request *request, const struct json **root, struct err *err);
/* Of an action that takes nothing: absent or {}. */
enum err_code body_empty(struct request *request, struct field_errors *errors, struct err *err);

#endif
