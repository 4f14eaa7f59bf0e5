#include "api/list.h"

#include "api/cursor.h"
#include "api/etag.h"
#include "api/list_position.h"
#include "api/target.h"

#include <inttypes.h>

void list_begin(struct list *list, struct request *request, struct reply *reply)
{
    *list = (struct list){.request = request, .reply = reply};
    json_writer_init(&list->writer, &reply->body);
    json_object_begin(&list->writer);
    json_key(&list->writer, "items");
    json_array_begin(&list->writer);
}

/* What is for first pages: a waiting poll, and the count, which each page would pay for again. */
static bool is_of_first_page(const char *name)
{
    static const char *const names[] = {"cursor", "index", "wait_seconds", "count"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (text_equal(name, names[i])) return true;
    return false;
}

/* The same list from the cursor on. */
static const char *next_link(struct request *request, const char *cursor)
{
    struct text text;
    text_init(&text, &request->arena);
    text_add(&text, "<");
    text_append(&text, request->target, strcspn(request->target, "?"));
    text_printf(&text, "?cursor=%s", cursor);
    for (size_t i = 0; i < request->parameter_count; i++) {
        const struct parameter *parameter = &request->parameters[i];
        if (is_of_first_page(parameter->name)) continue;
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

static void end_recorded(struct list *list)
{
    json_put_int(&list->writer, "index", list->reply->index);
    json_object_end(&list->writer);
    etag_set_hash(list->reply, list->request);
    etag_not_modified(list->request, list->reply);
}

void list_end(struct list *list, const char *next)
{
    end_items(list, next);
    end_recorded(list);
}

void list_end_page(struct list *list, const struct listed *listed)
{
    struct arena *arena = &list->request->arena;
    end_items(list, listed->more ? list_position_write(arena, &listed->last) : NULL);
    if (listed->total >= 0) json_put_int(&list->writer, "count", listed->total);
    end_recorded(list);
}

static const char *number_key(const struct list *list, bool more, int64_t number)
{
    return more ? arena_printf(&list->request->arena, "%" PRId64, number) : NULL;
}

void list_end_live_items(struct list *list, bool more, int64_t next)
{
    end_items(list, number_key(list, more, next));
    list->reply->no_store = true;
}

bool list_cut(size_t *count, int64_t limit)
{
    if (*count <= (size_t)limit) return false;
    *count = (size_t)limit;
    return true;
}
