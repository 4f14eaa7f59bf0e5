/* problem.c: everything that is not a success, as RFC 9457 problem documents. */
#include "api/request.h"
#include "base/json.h"
#include "base/log.h"

#include <assert.h>

enum { RETRY_SOON_SECONDS = 1, RETRY_DISK_SECONDS = 5, INSTANCE_BYTES_MAX = 512 };

void reply_init(struct reply *reply, struct request *request)
{
    *reply = (struct reply){.status = 200, .content_type = "application/json", .index = -1};
    text_init(&reply->body, &request->arena);
}

/* What went wrong inside is for the log, not for clients. */
static bool is_internal(enum err_code code)
{
    return err_status(code) == 500;
}

static void log_internal(const struct request *request, const struct err *err)
{
    struct log_line line;
    log_begin(&line, LOG_ERROR, "request_failed");
    log_string(&line, "code", err_slug(err->code));
    log_string(&line, "request_id", request != NULL ? request->id : NULL);
    log_string(&line, "msg", err->detail);
    log_end(&line);
}

/* A disk that cannot be read may be readable again: clients should come back. */
static struct err shown_error(const struct request *request, const struct err *err)
{
    if (!is_internal(err->code)) return *err;
    log_internal(request, err);
    struct err shown;
    if (err->code == ERR_IO)
        err_set(&shown, ERR_UNAVAILABLE, "the store cannot be used now; the server's log says why");
    else
        err_set(&shown, ERR_INTERNAL, "the server's log has more under this request id");
    return shown;
}

/* The path as it came, with whatever a URI can't carry escaped. */
static const char *instance_of(struct arena *arena, const char *target)
{
    struct text text;
    text_init(&text, arena);
    for (const char *c = target; *c != '\0' && *c != '?' && text.length < INSTANCE_BYTES_MAX; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte > ' ' && byte < 0x7f && strchr("\"<>\\^`{|}#", byte) == NULL)
            text_append(&text, c, 1);
        else
            text_printf(&text, "%%%02X", byte);
    }
    return text_string(&text);
}

static void write_errors(struct json_writer *writer, const struct field_errors *errors)
{
    if (errors == NULL || errors->count == 0) return;
    json_key(writer, "errors");
    json_array_begin(writer);
    for (size_t i = 0; i < errors->count; i++) {
        json_object_begin(writer);
        json_put_string(writer, "pointer", errors->items[i].pointer);
        json_put_string(writer, "code", errors->items[i].code);
        json_put_string(writer, "detail", errors->items[i].detail);
        json_object_end(writer);
    }
    json_array_end(writer);
}

/* A detail that was too long is cut, perhaps in the middle of a character. */
static const char *detail_of(struct arena *arena, const struct err *err)
{
    return text_sanitise(arena, err->detail, strlen(err->detail), sizeof err->detail);
}

static void write_problem(struct reply *reply, struct arena *arena, const struct request *request,
                          const struct err *err, const struct field_errors *errors)
{
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_put_string(&writer, "type", arena_printf(arena, "/problems/%s", err_slug(err->code)));
    json_put_string(&writer, "title", err_title(err->code));
    json_put_int(&writer, "status", err_status(err->code));
    json_put_string(&writer, "detail", detail_of(arena, err));
    if (request != NULL && request->target != NULL)
        json_put_string(&writer, "instance", instance_of(arena, request->target));
    json_put_string(&writer, "code", err_slug(err->code));
    json_put_string(&writer, "request_id", request != NULL ? request->id : NULL);
    if (err->code == ERR_GONE && request != NULL && request->events_floor > 0)
        json_put_int(&writer, "floor", request->events_floor);
    write_errors(&writer, errors);
    json_object_end(&writer);
    text_add_char(&reply->body, '\n');
}

static int retry_after(int status)
{
    if (status == 429 || status == 503) return RETRY_SOON_SECONDS;
    return status == 507 ? RETRY_DISK_SECONDS : 0;
}

/* RFC 5789: every PATCH takes a merge patch. */
static const char *accept_patch(const struct request *request, int status)
{
    if (status != 415 || request == NULL || request->method != METHOD_PATCH) return NULL;
    return "application/merge-patch+json";
}

void api_problem(struct reply *reply, struct arena *arena, const struct request *request,
                 const struct err *err, const struct field_errors *errors)
{
    assert(arena != NULL && err->code != ERR_OK);
    struct err shown = shown_error(request, err);
    int status = err_status(shown.code);
    *reply = (struct reply){.status = status,
                            .content_type = "application/problem+json",
                            .index = -1,
                            .no_store = true,
                            .www_authenticate = status == 401,
                            .accept_patch = accept_patch(request, status),
                            .retry_after_seconds = retry_after(status)};
    text_init(&reply->body, arena);
    write_problem(reply, arena, request, &shown, errors);
}
