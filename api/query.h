/* query.h: the decoded query parameters of a request, read with their types. Unknown and repeated
 * ones were refused by api_route. Errors are ERR_BAD_PARAMETER and name the rule. */
#ifndef DOGSHORE_API_QUERY_H
#define DOGSHORE_API_QUERY_H

#include "api/request.h"

const char *query_text(struct request *request, const char *name); /* NULL when absent */
/* Absent: *value stays as it is. */
enum err_code query_int(struct request *request, const char *name, int64_t min, int64_t max,
                        int64_t *value, struct err *err);
enum err_code query_bool(struct request *request, const char *name, bool *value, struct err *err);
/* A client's text as it may be shown in a detail: at most 64 bytes of it. */
const char *query_quote(struct request *request, const char *text);

#endif
