#include "api/list.h"

#include "api/cursor.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/query.h"
#include "api/routes.h"
#include "api/target.h"
#include "base/limits.h"

#include <inttypes.h>

enum err_code list_query_read(struct request *request, struct list_query *query, struct err *err)
{
    query->limit = LIMIT_LIST_DEFAULT;
    TRY(query_int(request, "limit", 1, LIMIT_LIST, &query->limit, err));
    return cursor_read(request, &query->after, err);
}

enum err_code list_query_number(struct request *request, struct list_query *query, struct err *err)
{
    TRY(list_query_read(request, query, err));
    if (query->after == NULL || text_to_int64(query->after, 0, INT64_MAX, &query->after_number))
        return ERR_OK;
    return err_set(err, ERR_BAD_CURSOR, "cursor has no number in it");
}

enum err_code list_decode(struct request *request, struct field_errors *errors, struct err *err)
{
    (void)errors;
    struct list_query *query = ARENA_NEW(&request->arena, struct list_query);
    request->input = query;
    /* Nodes are found by name and tokens by id, everything else by number. */
    bool by_name =
        text_equal(request->route->list, "nodes") || text_equal(request->route->list, "tokens");
    return by_name ? list_query_read(request, query, err) : list_query_number(request, query, err);
}

void list_begin(struct list *list, struct request *request, struct reply *reply)
{
    *list = (struct list){.request = request, .reply = reply};
    json_writer_init(&list->writer, &reply->body);
    json_object_begin(&list->writer);
    json_key(&list->writer, "items");
    json_array_begin(&list->writer);
}

/* The same list from the cursor on; a waiting poll is for first pages. */
static const char *next_link(struct request *request, const char *cursor)
{
    struct text text;
    text_init(&text, &request->arena);
    text_add(&text, "<");
    text_append(&text, request->target, strcspn(request->target, "?"));
    text_printf(&text, "?cursor=%s", cursor);
    for (size_t i = 0; i < request->parameter_count; i++) {
        const struct parameter *parameter = &request->parameters[i];
        if (text_equal(parameter->name, "cursor") || text_equal(parameter->name, "index") ||
            text_equal(parameter->name, "wait_seconds"))
            continue;
        text_printf(&text, "&%s=", parameter->name);
        target_encode(&text, parameter->value);
    }
    text_add(&text, ">; rel=\"next\"");
    return text_string(&text);
}

static void end_items(struct list *list, const char *next)
{
    const char *cursor = next != NULL ? cursor_make(list->request, next) : NULL;
    json_array_end(&list->writer);
    json_put_string(&list->writer, "next_cursor", cursor);
    if (cursor != NULL) list->reply->link = next_link(list->request, cursor);
}

void list_end(struct list *list, const char *next)
{
    end_items(list, next);
    json_put_int(&list->writer, "index", list->reply->index);
    json_object_end(&list->writer);
    etag_set_hash(list->reply, list->request);
    etag_not_modified(list->request, list->reply);
}

static const char *number_key(const struct list *list, bool more, int64_t number)
{
    return more ? arena_printf(&list->request->arena, "%" PRId64, number) : NULL;
}

void list_end_number(struct list *list, bool more, int64_t next)
{
    list_end(list, number_key(list, more, next));
}

void list_end_live(struct list *list, bool more, int64_t next)
{
    end_items(list, number_key(list, more, next));
    json_object_end(&list->writer);
    list->reply->no_store = true;
}

bool list_cut(size_t *count, int64_t limit)
{
    if (*count <= (size_t)limit) return false;
    *count = (size_t)limit;
    return true;
}
