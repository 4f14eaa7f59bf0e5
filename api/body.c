#include "api/body.h"

#include "base/json.h"
#include "wire/field_errors.h"

#include <strings.h>

/* The charset of a media type, NULL when it names none. */
static const char *charset_of(const char *parameters)
{
    const char *found = strcasestr(parameters, "charset=");
    return found != NULL ? found + strlen("charset=") : NULL;
}

static bool is_type(const char *content_type, const char *wanted)
{
    const char *rest = content_type + strlen(wanted);
    if (strncasecmp(content_type, wanted, strlen(wanted)) != 0) return false;
    if (*rest != '\0' && strchr("; \t", *rest) == NULL) return false;
    const char *charset = charset_of(rest);
    if (charset == NULL) return true;
    if (*charset == '"') charset++;
    return strncasecmp(charset, "utf-8", strlen("utf-8")) == 0;
}

static enum err_code read_body(struct request *request, const char *type, const struct json **root,
                               struct err *err)
{
    if (request->body_bytes == 0)
        return err_set(err, ERR_MALFORMED_JSON, "a JSON body is expected, it is empty");
    if (request->content_type == NULL || !is_type(request->content_type, type))
        return err_set(err, ERR_UNSUPPORTED_MEDIA, "the body must be sent with Content-Type: %s",
                       type);
    struct json *parsed;
    TRY(json_parse(&request->arena, request->body, request->body_bytes, &parsed, err));
    *root = parsed;
    return ERR_OK;
}

enum err_code body_json(struct request *request, const struct json **root, struct err *err)
{
    return read_body(request, "application/json", root, err);
}

enum err_code body_merge_patch(struct request *request, const struct json **root, struct err *err)
{
    return read_body(request, "application/merge-patch+json", root, err);
}

enum err_code body_empty(struct request *request, struct field_errors *errors, struct err *err)
{
    const struct json *json;
    if (request->body_bytes == 0) return ERR_OK;
    TRY(body_json(request, &json, err));
    if (json->type != JSON_OBJECT || json->count > 0)
        field_error_add(errors, "#", "type", "must be absent or an object without members");
    return ERR_OK;
}
