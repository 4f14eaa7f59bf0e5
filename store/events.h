/* events.h: table events: append-only, numbered by the global index, bounded. */
#ifndef DOGSHORE_STORE_EVENTS_H
#define DOGSHORE_STORE_EVENTS_H

#include "base/err.h"
#include "model/event.h"
#include "store/listing.h"

struct arena;
struct store_db;
struct store_tx;

/* Takes the next index, fills index, at, actor and request_id from the closure, touches events.
 * The message and data are sanitised and cut here. */
enum err_code events_add(struct store_tx *tx, const struct event *event, int64_t *index,
                         struct err *err);

struct events_filter {
    const char *uid;     /* NULL = all objects */
    const char *cluster; /* NULL = all */
    int64_t after;       /* indexes above it */
    int64_t limit;
};
/* The log as those read it who follow it: oldest first. ERR_GONE when `after` is older than what is
 * kept. */
enum err_code events_list(struct store_db *db, struct arena *arena,
                          const struct events_filter *filter, struct event **items, size_t *count,
                          struct err *err);

/* A page of those of a deployment (NULL = all) and a cluster (NULL = all): with `after` at least 0
 * those above it, oldest first (ERR_GONE as above), with -1 all, newest first. */
enum err_code events_page(struct store_db *db, struct arena *arena, const char *uid,
                          const char *cluster, int64_t after, const struct page *page,
                          struct event **items, struct listed *listed, struct err *err);

/* Every event numbered above it is kept. */
enum err_code events_floor(struct store_db *db, int64_t *floor, struct err *err);
/* ERR_GONE when it is above `after`. */
enum err_code events_check_floor(struct store_db *db, int64_t after, struct err *err);

#endif
