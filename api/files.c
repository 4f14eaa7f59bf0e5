/* files.c: what was compiled in, as it is: the contract and the pages that show it. */
#include "openapi/files.h"

#include "api/etag.h"
#include "api/handlers.h"
#include "api/routes.h"

#include <assert.h>

/* A page loads its own script and style, asks this server and nobody else, and is in no frame. */
static const char page_policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; "
                                  "connect-src 'self'; img-src data:; base-uri 'none'; "
                                  "form-action 'none'; frame-ancestors 'none'";

static const struct {
    const char *ending, *type;
} types[] = {{".yaml", "application/yaml"},
             {"deployment.json", "application/schema+json"},
             {".json", "application/json"},
             {".html", "text/html; charset=utf-8"},
             {".js", "text/javascript; charset=utf-8"},
             {".css", "text/css; charset=utf-8"}};

static const char *type_of(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t bytes = strlen(types[i].ending);
        if (bytes <= length && text_equal(name + length - bytes, types[i].ending))
            return types[i].type;
    }
    assert(false);
    return "";
}

/* Routes are named like the files, but for the page itself. */
static const struct openapi_file *file_of(const struct route *route)
{
    const char *name = strrchr(route->pattern, '/') + 1;
    const struct openapi_file *file =
        openapi_file_find(text_equal(name, "docs") ? "docs.html" : name);
    assert(file != NULL);
    return file;
}

API_READ(file_read)
{
    (void)db;
    (void)err;
    const struct openapi_file *file = file_of(request->route);
    reply->content_type = type_of(file->name);
    if (text_starts(reply->content_type, "text/html")) reply->security_policy = page_policy;
    /* Of the program, not of its database. */
    snprintf(reply->etag, sizeof reply->etag, "\"%s\"", file->tag);
    if (etag_not_modified(request, reply)) return ERR_OK;
    text_append(&reply->body, file->bytes, (size_t)(file->end - file->bytes));
    return ERR_OK;
}
