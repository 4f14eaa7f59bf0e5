/* An event stream: the first byte says in which pieces it comes, and in whatever pieces it comes
 * the events are the same. */
#include "client/event_parser.h"

#include "base/heap.h"
#include "fuzz/fuzz.h"

struct taken {
    struct event_parser parser;
    struct text events;
};

static void note(struct event_parser *parser, const struct parsed_event *event)
{
    struct taken *taken = CONTAINER_OF(parser, struct taken, parser);
    EXPECT(event->kind[0] != '\0', "an event has a kind");
    EXPECT(strpbrk(event->id, "\r\n") == NULL, "the id %s is of one line", event->id);
    text_printf(&taken->events, "[%s|%s|%s]", event->id, event->kind, event->data);
}

static void take(struct taken *taken, const uint8_t *bytes, size_t count, size_t piece)
{
    event_parser_init(&taken->parser);
    text_init(&taken->events, NULL);
    for (size_t at = 0; at < count; at += piece) {
        size_t left = count - at;
        event_parser_take(&taken->parser, (const char *)bytes + at, left < piece ? left : piece);
    }
}

static void release(struct taken *taken)
{
    event_parser_release(&taken->parser);
    text_release(&taken->events);
}

static void expect_same(struct taken *one, struct taken *other)
{
    EXPECT(text_equal(text_string(&one->events), text_string(&other->events)), "%s and %s",
           text_string(&one->events), text_string(&other->events));
    EXPECT(text_equal(text_string(&one->parser.last_id), text_string(&other->parser.last_id)),
           "ids %s and %s", text_string(&one->parser.last_id), text_string(&other->parser.last_id));
    EXPECT(one->parser.retry_ms == other->parser.retry_ms, "%lld and %lld ms",
           (long long)one->parser.retry_ms, (long long)other->parser.retry_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count == 0) return 0;
    struct taken whole = {.parser = {.arrived = note}}, split = whole;
    take(&whole, bytes + 1, count - 1, count);
    take(&split, bytes + 1, count - 1, (size_t)bytes[0] + 1);
    expect_same(&whole, &split);
    release(&whole);
    release(&split);
    return 0;
}
