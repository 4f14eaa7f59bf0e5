#include "server/feed.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/state_machine.h"
#include "server/loop.h"
#include "server/stream.h"
#include "store/store.h"

#include <assert.h>

enum { FULL_RETRY_MS = 1000 /* no watch could be parked */ };

static_assert(LIMIT_STREAM_WINDOW_BYTES >= 2 * FEED_READ_BYTES,
              "what was read is in the window when the streams are told");

static const struct facet_name events_facet = {FACET_EVENTS, ""};

static const uint32_t moves[] = {
    [FEED_OFF] = STATE_BIT(FEED_PARKED) | STATE_BIT(FEED_DUE),
    [FEED_PARKED] = STATE_BIT(FEED_DUE) | STATE_BIT(FEED_OFF),
    [FEED_DUE] = STATE_BIT(FEED_READING) | STATE_BIT(FEED_OFF),
    [FEED_READING] =
        STATE_BIT(FEED_PARKED) | STATE_BIT(FEED_DUE) | STATE_BIT(FEED_BEHIND) | STATE_BIT(FEED_OFF),
    [FEED_BEHIND] = STATE_BIT(FEED_READING) | STATE_BIT(FEED_DUE) | STATE_BIT(FEED_OFF),
};

static void enter(struct feed *feed, enum feed_state state)
{
    assert((moves[feed->state] & STATE_BIT(state)) != 0);
    feed->state = state;
}

/* ---- the window ---- */

void feed_event_release(struct feed_event *event)
{
    if (event != NULL && --event->references == 0) free(event);
}

static struct feed_event *event_at(const struct feed *feed, size_t position)
{
    return feed->events[(feed->first + position) % FEED_EVENTS_MAX];
}

static void drop_oldest(struct feed *feed)
{
    struct feed_event *oldest = event_at(feed, 0);
    feed->floor = oldest->index;
    feed->bytes -= oldest->count;
    feed->first = (feed->first + 1) % FEED_EVENTS_MAX;
    feed->count--;
    feed_event_release(oldest);
}

/* Empty, beginning at `index`. */
static void begin_window(struct feed *feed, int64_t index)
{
    while (feed->count > 0)
        drop_oldest(feed);
    feed->floor = feed->head = index;
    feed->more = false;
}

static void append(struct feed *feed, struct feed_event *event)
{
    if (feed->count == FEED_EVENTS_MAX) drop_oldest(feed);
    feed->events[(feed->first + feed->count++) % FEED_EVENTS_MAX] = event;
    feed->bytes += event->count;
    while (feed->bytes > LIMIT_STREAM_WINDOW_BYTES)
        drop_oldest(feed);
}

/* How many of the window are at or below the index. */
static size_t count_up_to(const struct feed *feed, int64_t index)
{
    size_t low = 0, high = feed->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (event_at(feed, middle)->index <= index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct feed_event *feed_next(struct feed *feed, const struct event_match *match, int64_t *position)
{
    assert(*position >= feed->floor);
    for (size_t i = count_up_to(feed, *position); i < feed->count; i++) {
        struct feed_event *event = event_at(feed, i);
        *position = event->index;
        if (event_matches(match, event->uid, event->cluster)) return event;
    }
    if (*position < feed->head) *position = feed->head;
    return NULL;
}

/* ---- reading ---- */

static size_t text_bytes(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

static const char *put_text(char **to, const char *text)
{
    if (text == NULL) return NULL;
    char *copy = memcpy(*to, text, text_bytes(text));
    *to += text_bytes(text);
    return copy;
}

static struct feed_event *new_event(const struct event *event, const struct text *rendered)
{
    struct feed_event *made = xmalloc(sizeof *made + text_bytes(event->uid) +
                                      text_bytes(event->cluster) + rendered->length);
    char *rest = (char *)(made + 1);
    *made = (struct feed_event){.references = 1, .index = event->index};
    made->uid = put_text(&rest, event->uid);
    made->cluster = put_text(&rest, event->cluster);
    made->is_last = event_is_last(event);
    made->bytes = memcpy(rest, rendered->bytes, rendered->length);
    made->count = rendered->length;
    return made;
}

struct piece_reading {
    struct feed_piece *piece;
    const char *incarnation;
    struct text text;
};

static bool render_event(void *self, const struct event *event)
{
    struct piece_reading *reading = self;
    struct feed_piece *piece = reading->piece;
    text_clear(&reading->text);
    event_stream_render(&reading->text, reading->incarnation, event);
    piece->events[piece->count++] = new_event(event, &reading->text);
    piece->bytes += reading->text.length;
    return piece->bytes < FEED_READ_BYTES;
}

/* What is too old was not read for a long time: the streams then find that out for themselves. */
static enum err_code read_piece(struct feed *feed, struct store_db *db, struct arena *arena,
                                struct err *err)
{
    struct feed_piece *piece = &feed->piece;
    struct piece_reading reading = {.piece = piece,
                                    .incarnation = store_incarnation(feed->loop->service->store)};
    struct event_read read = {
        .after = feed->head, .limit = FEED_READ_EVENTS, .emit = render_event, .self = &reading};
    text_init(&reading.text, arena);
    enum err_code code = event_read(db, arena, &read, err);
    piece->position = read.position;
    piece->more = read.more;
    piece->gone = code == ERR_GONE;
    return piece->gone ? store_newest_index(db, &piece->position, err) : code;
}

static void read_on_reader(struct read_job *job, struct store_db *db)
{
    struct feed *feed = CONTAINER_OF(job, struct feed, job);
    struct mailbox *mailbox = &feed->loop->mailbox;
    struct err err;
    auto_arena arena;
    arena_init(&arena);
    feed->piece = (struct feed_piece){.code = store_read_begin(db, &err)};
    if (feed->piece.code == ERR_OK) {
        feed->piece.code = read_piece(feed, db, &arena, &err);
        store_read_end(db);
    }
    mailbox_post(mailbox, &feed->mail);
    mailbox_wake(mailbox);
}

static void wait_until(struct feed *feed, int64_t due_ms)
{
    if (feed->state != FEED_DUE) enter(feed, FEED_DUE);
    feed->due_ms = due_ms;
}

static void begin_reading(struct feed *feed)
{
    if (!reader_submit(feed->loop->service->reader, &feed->job)) {
        wait_until(feed, feed->loop->now_ms + READER_RETRY_MS);
        return;
    }
    feed->loop->away_count++;
    enter(feed, FEED_READING);
}

/* Everything up to the head is read and told. */
static void wait_for_more(struct feed *feed)
{
    int64_t now_ms = feed->loop->now_ms;
    if (feed->stream_count == 0) {
        enter(feed, FEED_OFF);
        return;
    }
    if (feed->more) {
        enter(feed, FEED_BEHIND);
        return;
    }
    feed->watch.floor = feed->head;
    switch (publish_park(feed->loop->service->publish, events_facet, now_ms, &feed->watch)) {
    case PARK_PARKED:
        enter(feed, FEED_PARKED);
        break;
    case PARK_MOVED:
        wait_until(feed, feed->watch.due_ms);
        break;
    case PARK_FULL:
        wait_until(feed, now_ms + FULL_RETRY_MS);
        break;
    }
}

/* Wakes those whom the new events concern. True when one waits for more than there is. */
static bool tell_streams(struct feed *feed)
{
    bool one_waits = false;
    struct list_link *next = NULL;
    for (struct list_link *link = feed->streams.first; link != NULL; link = next) {
        next = link->next;
        one_waits |= stream_look(CONTAINER_OF(link, struct stream, in_feed));
    }
    return one_waits;
}

/* What failed is read again from the same head on. */
static void drop_piece(struct feed_piece *piece)
{
    for (size_t i = 0; i < piece->count; i++)
        feed_event_release(piece->events[i]);
    piece->count = 0;
}

static void take_piece(struct feed *feed)
{
    struct feed_piece *piece = &feed->piece;
    feed->loop->away_count--;
    if (feed->stream_count == 0 || feed->loop->draining) {
        drop_piece(piece);
        begin_window(feed, feed->head);
        enter(feed, FEED_OFF);
        return;
    }
    if (piece->code != ERR_OK) {
        drop_piece(piece);
        wait_until(feed, feed->loop->now_ms + READER_RETRY_MS);
        return;
    }
    for (size_t i = 0; i < piece->count; i++)
        append(feed, piece->events[i]);
    piece->count = 0;
    if (piece->gone) begin_window(feed, piece->position);
    feed->head = piece->position;
    feed->more = piece->more;
    bool wanted = tell_streams(feed);
    wait_for_more(feed);
    if (wanted) feed_wanted(feed);
}

void feed_wanted(struct feed *feed)
{
    if (feed->state == FEED_BEHIND) begin_reading(feed);
}

/* Its job came back, or its watch was woken. */
static void on_mail(struct mail *mail)
{
    struct feed *feed = CONTAINER_OF(mail, struct feed, mail);
    if (feed->state == FEED_READING) {
        take_piece(feed);
        return;
    }
    assert(feed->state == FEED_PARKED);
    if (feed->stream_count > 0)
        wait_until(feed, feed->watch.due_ms);
    else
        enter(feed, FEED_OFF);
}

/* ---- its life ---- */

void feed_init(struct feed *feed, struct loop *loop)
{
    feed->loop = loop;
    feed->mail.arrived = on_mail;
    feed->watch.mailbox = &loop->mailbox;
    feed->watch.mail = &feed->mail;
    feed->job.run = read_on_reader;
    stream_turns_init(&feed->turns, LIMIT_STREAM_TURNS);
}

void feed_release(struct feed *feed)
{
    assert(feed->stream_count == 0 && feed->state == FEED_OFF);
    begin_window(feed, feed->head);
    stream_turns_release(&feed->turns);
}

/* A wake that is on its way is taken before the loop is closed. */
void feed_end(struct feed *feed)
{
    if (feed->state == FEED_DUE || feed->state == FEED_BEHIND) enter(feed, FEED_OFF);
    if (feed->state != FEED_PARKED) return;
    if (publish_unpark(feed->loop->service->publish, events_facet, &feed->watch))
        enter(feed, FEED_OFF);
}

void feed_join(struct feed *feed, struct stream *stream, int64_t newest)
{
    list_append(&feed->streams, &stream->in_feed);
    feed->stream_count++;
    if (feed->state != FEED_OFF) return;
    begin_window(feed, newest);
    wait_for_more(feed);
}

void feed_leave(struct feed *feed, struct stream *stream)
{
    list_remove(&feed->streams, &stream->in_feed);
    feed->stream_count--;
    if (feed->stream_count > 0) return;
    if (feed->state == FEED_DUE || feed->state == FEED_BEHIND) enter(feed, FEED_OFF);
    if (feed->state != FEED_READING) begin_window(feed, feed->head);
}

int64_t feed_due_ms(const struct feed *feed)
{
    return feed->state == FEED_DUE ? feed->due_ms : -1;
}

void feed_due(struct feed *feed)
{
    assert(feed->state == FEED_DUE);
    begin_reading(feed);
}
