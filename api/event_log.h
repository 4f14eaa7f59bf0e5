/* event_log.h: reading the log of events, for lists and for streams (event_stream.h).
 *
 * The log is bounded, and a restore loses what came after its backup: who goes on from an index
 * that is not in it must begin anew, which is ERR_GONE.
 *
 * Ownership: strings are borrowed. Threads: none of its own.
 */
#ifndef DOGSHORE_API_EVENT_LOG_H
#define DOGSHORE_API_EVENT_LOG_H

#include "api/request.h"
#include "model/event.h"

struct page;

/* Whose events: NULL = of all. */
struct event_match {
    const char *uid; /* of a deployment: its stream ends when it is gone */
    const char *cluster;
};

bool event_matches(const struct event_match *match, const char *uid, const char *cluster);

/* A piece of the log, inside a read transaction. Each event is handed to `emit` in order; reading
 * ends when that says so. ERR_GONE when `after` is older than what is kept. */
struct event_read {
    int64_t after;
    struct event_match match;
    const struct page *filter;
    int64_t limit;
    bool (*emit)(void *self, const struct event *event); /* false: enough, this one included */
    void *self;
    /* Found: */
    int64_t position; /* everything up to it was seen */
    bool more;        /* there may be more now */
};
enum err_code event_read(struct store_db *db, struct arena *arena, struct event_read *read,
                         struct err *err);

/* For lists of events: says of an ERR_GONE of the store what to do, and notes the floor. */
enum err_code events_failed(struct store_db *db, struct request *request, const struct err *failed,
                            struct err *err);
/* The same for a long poll whose ?index= is not kept; 0 says that nothing is known. */
enum err_code events_check_watch(struct store_db *db, struct request *request, struct err *err);

#endif
