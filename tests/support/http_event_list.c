#include "support/http_event_list.h"

#include "support/http_client.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 500, PATH_BYTES = 256 };

static void add(struct http_event_list *list, int64_t index)
{
    if (list->count == HTTP_EVENT_LIST_MAX) http_harness_failed("too many events");
    list->items[list->count++] = index;
}

bool http_event_list_take(struct http_event_list *list, struct http_events *events,
                          struct http_event *event)
{
    if (!http_events_next(events, event)) return false;
    char index[64];
    int64_t number = http_event_index(event->id);
    snprintf(index, sizeof index, "{\"index\":%lld,", (long long)number);
    if (strncmp(event->data, index, strlen(index)) != 0)
        http_harness_failed("%s: %s", event->id, event->data);
    add(list, number);
    return true;
}

bool http_event_list_take_until(struct http_event_list *list, struct http_events *events,
                                const char *text, struct http_event *event)
{
    do {
        if (!http_event_list_take(list, events, event)) return false;
    } while (strstr(event->data, text) == NULL);
    return true;
}

/* False: it was the last one. */
static bool read_page(struct http_event_list *list, struct http_client *client, const char *path)
{
    char target[PATH_BYTES];
    struct http_reply reply;
    int64_t after = list->count == 0 ? 0 : list->items[list->count - 1];
    size_t before = list->count;
    snprintf(target, sizeof target, "%s%lld&limit=%d", path, (long long)after, PAGE);
    http_do(client, &(struct http_call){.path = target}, &reply);
    if (reply.status != 200) http_harness_failed("%s: status %d", target, reply.status);
    const char *at = text_string(&reply.body);
    while ((at = strstr(at, "{\"index\":")) != NULL) {
        at += strlen("{\"index\":");
        add(list, strtoll(at, NULL, 10));
    }
    http_reply_release(&reply);
    return list->count - before == PAGE;
}

void http_event_list_read(struct http_event_list *list, const struct http_server *server,
                          const char *path)
{
    struct http_client client;
    http_client_open(&client, server);
    while (read_page(list, &client, path))
        continue;
    http_client_close(&client);
}

void http_event_list_expect(const struct http_event_list *streamed,
                            const struct http_event_list *listed)
{
    if (streamed->count > listed->count)
        http_harness_failed("%zu events were streamed, %zu listed", streamed->count, listed->count);
    for (size_t i = 0; i < streamed->count; i++)
        if (streamed->items[i] != listed->items[i])
            http_harness_failed("event %zu: %lld, the list has %lld", i,
                                (long long)streamed->items[i], (long long)listed->items[i]);
}
