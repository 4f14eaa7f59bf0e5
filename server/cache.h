/* cache.h: bodies that many clients ask for, rendered once.
 *
 * A body belongs to one facet (publish.h) and one view of it. It is in the cache only while it is
 * what a read would render now: publish.c inserts it under its shard's lock when the facet has not
 * moved since before the read, and removes it when the facet moves. The least recently used bodies
 * leave when the shard's share of memory is full.
 *
 * Ownership: a body is counted; whoever got one from the cache releases it, from any thread.
 * Threads: a struct cache is guarded by its shard's lock.
 */
#ifndef DOGSHORE_SERVER_CACHE_H
#define DOGSHORE_SERVER_CACHE_H

#include "api/request.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct cached_body {
    atomic_int references;
    int status;
    const char *content_type;
    char etag[ETAG_BYTES];
    int64_t index;
    const char *bytes;
    size_t count;
};

/* A copy of what `reply` says; the caller holds the only reference. */
struct cached_body *cached_body_new(const struct reply *reply);
void cached_body_release(struct cached_body *body); /* NULL is fine */

struct cache_entry {
    struct cached_body *body;
    unsigned view;
    struct cache_entry **owner; /* the list (of one facet) that it is in */
    struct cache_entry *next;   /* in that list */
    struct cache_entry *older, *newer;
};

struct cache {
    struct cache_entry *newest, *oldest;
    size_t bytes, bytes_max;
};

void cache_init(struct cache *cache, size_t bytes_max);
/* A reference to the body of that view, or NULL. */
struct cached_body *cache_get(struct cache *cache, struct cache_entry *list, unsigned view);
/* Takes a reference of its own; a body of the same view is replaced. Too big ones are left out. */
void cache_put(struct cache *cache, struct cache_entry **list, unsigned view,
               struct cached_body *body);
/* Removes every body of one list. */
void cache_drop(struct cache *cache, struct cache_entry **list);

#endif
