#include "support/http_events.h"

#include "support/http_raw.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_MS = 60000, READ_BYTES = 16 * 1024 };

static void cut_front(struct text *text, size_t count)
{
    memmove(text->bytes, text->bytes + count, text->length - count);
    text->length -= count;
    text->bytes[text->length] = '\0';
}

/* Moves whole chunks from raw to stream. */
static void unchunk(struct http_events *events)
{
    while (!events->finished) {
        char *line_end = strstr(text_string(&events->raw), "\r\n");
        if (line_end == NULL) return;
        size_t bytes = strtoul(events->raw.bytes, NULL, 16);
        size_t head = (size_t)(line_end + 2 - events->raw.bytes);
        if (events->raw.length < head + bytes + 2) return;
        text_append(&events->stream, events->raw.bytes + head, bytes);
        cut_front(&events->raw, head + bytes + 2);
        events->finished = bytes == 0;
    }
}

static void understand(struct http_events *events)
{
    if (events->chunked) {
        unchunk(events);
        return;
    }
    if (events->raw.length == 0) return;
    text_append(&events->stream, events->raw.bytes, events->raw.length);
    text_clear(&events->raw);
}

/* False at the end of the connection. */
static bool read_more(struct http_events *events)
{
    char bytes[READ_BYTES];
    struct pollfd file = {.fd = events->fd, .events = POLLIN};
    if (events->over) return false;
    if (poll(&file, 1, TIMEOUT_MS) <= 0) http_harness_failed("nothing came of an event stream");
    ssize_t count = recv(events->fd, bytes, sizeof bytes, 0);
    events->over = count <= 0;
    if (events->over) return false;
    text_append(&events->raw, bytes, (size_t)count);
    return true;
}

static void read_head(struct http_events *events)
{
    const char *end;
    while ((end = strstr(text_string(&events->raw), "\r\n\r\n")) == NULL)
        if (!read_more(events)) return;
    size_t bytes = (size_t)(end + 4 - events->raw.bytes);
    text_append(&events->head, events->raw.bytes, bytes);
    cut_front(&events->raw, bytes);
    events->status = http_raw_status(events->head.bytes);
    events->chunked = strcasestr(events->head.bytes, "transfer-encoding: chunked") != NULL;
    understand(events);
}

void http_events_open(struct http_events *events, const struct http_server *server,
                      const struct http_events_request *request)
{
    char id[HTTP_EVENT_ID_BYTES + 32] = "", text[2048];
    *events = (struct http_events){.fd = http_raw_open(server)};
    text_init(&events->head, NULL);
    text_init(&events->stream, NULL);
    text_init(&events->raw, NULL);
    if (request->receive_bytes > 0)
        setsockopt(events->fd, SOL_SOCKET, SO_RCVBUF, &request->receive_bytes, sizeof(int));
    if (request->last_event_id != NULL)
        snprintf(id, sizeof id, "Last-Event-ID: %s\r\n", request->last_event_id);
    int length = snprintf(text, sizeof text,
                          "GET %s %s\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                          "Accept: text/event-stream\r\nAccept-Encoding: gzip\r\n%s\r\n",
                          request->path != NULL ? request->path : "/v1/events",
                          request->version != NULL ? request->version : "HTTP/1.1",
                          request->token != NULL ? request->token : server->admin_token, id);
    http_raw_send(events->fd, text, (size_t)length);
    read_head(events);
}

void http_events_close(struct http_events *events)
{
    close(events->fd);
    text_release(&events->head);
    text_release(&events->stream);
    text_release(&events->raw);
}

static void take_value(const char *line, size_t bytes, const char *name, char *out, size_t room)
{
    size_t name_bytes = strlen(name);
    if (bytes < name_bytes + 2 || memcmp(line, name, name_bytes) != 0) return;
    if (line[name_bytes] != ':' || line[name_bytes + 1] != ' ') return;
    size_t count = bytes - name_bytes - 2;
    if (count >= room) http_harness_failed("field %s has %zu bytes", name, count);
    memcpy(out, line + name_bytes + 2, count);
    out[count] = '\0';
}

static void take_line(struct http_events *events, struct http_event *event, const char *line,
                      size_t bytes)
{
    char retry[32] = "";
    if (line[0] == ':') events->comments++;
    take_value(line, bytes, "id", events->last_id, sizeof events->last_id);
    take_value(line, bytes, "event", event->kind, sizeof event->kind);
    take_value(line, bytes, "data", event->data, sizeof event->data);
    take_value(line, bytes, "retry", retry, sizeof retry);
    if (retry[0] != '\0') events->retry_ms = strtoll(retry, NULL, 10);
}

/* Takes one whole block; true when there was one. An event has data. */
static bool take_block(struct http_events *events, struct http_event *event)
{
    const char *begin = text_string(&events->stream), *end = strstr(begin, "\n\n");
    event->kind[0] = event->data[0] = '\0';
    if (end == NULL) return false;
    for (const char *line = begin; line < end;) {
        size_t bytes = strcspn(line, "\n");
        take_line(events, event, line, bytes);
        line += bytes + 1;
    }
    memcpy(event->id, events->last_id, sizeof event->id);
    cut_front(&events->stream, (size_t)(end + 2 - begin));
    return true;
}

/* One block, an event or not; false when the stream has ended. */
static bool next_block(struct http_events *events, struct http_event *event)
{
    while (!take_block(events, event)) {
        if (events->finished || !read_more(events)) return false;
        understand(events);
    }
    return true;
}

bool http_events_next(struct http_events *events, struct http_event *event)
{
    while (next_block(events, event))
        if (event->data[0] != '\0') return true;
    return false;
}

bool http_events_find(struct http_events *events, const char *text, struct http_event *event)
{
    while (http_events_next(events, event))
        if (strstr(event->data, text) != NULL) return true;
    return false;
}

bool http_events_await_comments(struct http_events *events, size_t count)
{
    static _Thread_local struct http_event event;
    while (events->comments < count)
        if (!next_block(events, &event)) return false;
    return true;
}

void http_events_finish(struct http_events *events)
{
    static _Thread_local struct http_event event;
    while (next_block(events, &event))
        continue;
}

int64_t http_event_index(const char *id)
{
    const char *dot = strrchr(id, '.');
    return dot == NULL ? -1 : strtoll(dot + 1, NULL, 10);
}
