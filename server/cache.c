#include "server/cache.h"

#include "base/arena.h"

#include <assert.h>

enum {
    /* A body may take this part of its cache, so that one big list does not empty it. */
    BIGGEST_PART = 4
};

struct cached_body *cached_body_new(const struct reply *reply)
{
    size_t type_bytes = strlen(reply->content_type) + 1;
    struct cached_body *body = xmalloc(sizeof *body + type_bytes + reply->body.length + 1);
    char *type = (char *)(body + 1), *bytes = type + type_bytes;
    memcpy(type, reply->content_type, type_bytes);
    if (reply->body.length > 0) memcpy(bytes, reply->body.bytes, reply->body.length);
    bytes[reply->body.length] = '\0';
    *body = (struct cached_body){.references = 1,
                                 .status = reply->status,
                                 .content_type = type,
                                 .index = reply->index,
                                 .bytes = bytes,
                                 .count = reply->body.length};
    memcpy(body->etag, reply->etag, sizeof body->etag);
    return body;
}

void cached_body_release(struct cached_body *body)
{
    if (body != NULL && atomic_fetch_sub(&body->references, 1) == 1) free(body);
}

void cache_init(struct cache *cache, size_t bytes_max)
{
    *cache = (struct cache){.bytes_max = bytes_max};
}

static size_t entry_bytes(const struct cache_entry *entry)
{
    return sizeof *entry + sizeof *entry->body + entry->body->count;
}

static void unlink_by_age(struct cache *cache, struct cache_entry *entry)
{
    struct cache_entry **newer_link = entry->newer ? &entry->newer->older : &cache->newest;
    struct cache_entry **older_link = entry->older ? &entry->older->newer : &cache->oldest;
    *newer_link = entry->older;
    *older_link = entry->newer;
}

static void link_newest(struct cache *cache, struct cache_entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    if (cache->newest != NULL) cache->newest->newer = entry;
    cache->newest = entry;
    if (cache->oldest == NULL) cache->oldest = entry;
}

static void remove_entry(struct cache *cache, struct cache_entry *entry)
{
    struct cache_entry **link = entry->owner;
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    unlink_by_age(cache, entry);
    cache->bytes -= entry_bytes(entry);
    cached_body_release(entry->body);
    free(entry);
}

static struct cache_entry *find(struct cache_entry *list, unsigned view)
{
    while (list != NULL && list->view != view)
        list = list->next;
    return list;
}

struct cached_body *cache_get(struct cache *cache, struct cache_entry *list, unsigned view)
{
    struct cache_entry *entry = find(list, view);
    if (entry == NULL) return NULL;
    if (cache->newest != entry) {
        unlink_by_age(cache, entry);
        link_newest(cache, entry);
    }
    atomic_fetch_add(&entry->body->references, 1);
    return entry->body;
}

void cache_put(struct cache *cache, struct cache_entry **list, unsigned view,
               struct cached_body *body)
{
    struct cache_entry *entry = find(*list, view);
    if (entry != NULL) remove_entry(cache, entry);
    if (sizeof *entry + sizeof *body + body->count > cache->bytes_max / BIGGEST_PART) return;
    entry = xcalloc(1, sizeof *entry);
    *entry = (struct cache_entry){.body = body, .view = view, .owner = list, .next = *list};
    atomic_fetch_add(&body->references, 1);
    *list = entry;
    link_newest(cache, entry);
    cache->bytes += entry_bytes(entry);
    while (cache->bytes > cache->bytes_max) {
        assert(cache->oldest != entry);
        remove_entry(cache, cache->oldest);
    }
}

void cache_drop(struct cache *cache, struct cache_entry **list)
{
    while (*list != NULL)
        remove_entry(cache, *list);
}
