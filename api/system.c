/* system.c: what monitors and tools ask without a token. */
#include "api/api.h"
#include "api/handlers.h"
#include "base/json.h"
#include "store/store.h"

static void write_word(struct reply *reply, const char *key, const char *word)
{
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_put_string(&writer, key, word);
    json_object_end(&writer);
    reply->no_store = true;
}

/* The process answers: nothing else is asked. */
API_READ(livez_read)
{
    (void)db;
    (void)request;
    (void)err;
    write_word(reply, "status", "alive");
    return ERR_OK;
}

API_READ(readyz_read)
{
    (void)db;
    const char *why_not = NULL;
    if (!request->api->ready(request->api->self, &why_not))
        return err_set(err, ERR_UNAVAILABLE, "%s", why_not);
    write_word(reply, "status", "ready");
    return ERR_OK;
}

API_READ(version_read)
{
    (void)db;
    (void)err;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_put_string(&writer, "name", "dogshore");
    json_put_string(&writer, "version", request->api->version);
    json_put_string(&writer, "api", "v1");
    json_put_int(&writer, "schema", store_schema_version());
    json_object_end(&writer);
    return ERR_OK;
}
