#include "api/query.h"

#include <inttypes.h>

enum { QUOTED_BYTES_MAX = 64 };

const char *query_text(struct request *request, const char *name)
{
    for (size_t i = 0; i < request->parameter_count; i++)
        if (text_equal(request->parameters[i].name, name)) return request->parameters[i].value;
    return NULL;
}

const char *query_quote(struct request *request, const char *text)
{
    return text_sanitise(&request->arena, text, strlen(text), QUOTED_BYTES_MAX);
}

enum err_code query_int(struct request *request, const char *name, int64_t min, int64_t max,
                        int64_t *value, struct err *err)
{
    const char *text = query_text(request, name);
    if (text == NULL || text_to_int64(text, min, max, value)) return ERR_OK;
    return err_set(err, ERR_BAD_PARAMETER,
                   "%s must be a whole number from %" PRId64 " to %" PRId64 ", got '%s'", name, min,
                   max, query_quote(request, text));
}

enum err_code query_bool(struct request *request, const char *name, bool *value, struct err *err)
{
    const char *text = query_text(request, name);
    if (text == NULL) return ERR_OK;
    *value = text_equal(text, "true");
    if (*value || text_equal(text, "false")) return ERR_OK;
    return err_set(err, ERR_BAD_PARAMETER, "%s must be true or false, got '%s'", name,
                   query_quote(request, text));
}
