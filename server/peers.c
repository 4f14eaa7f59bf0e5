#include "server/peers.h"

#include "base/arena.h"
#include "base/map.h"

#include <assert.h>
#include <pthread.h>

struct peers {
    int64_t limit;
    pthread_mutex_t lock;
    struct map counts; /* address → int64_t */
};

struct peers *peers_open(int64_t limit)
{
    struct peers *peers = xcalloc(1, sizeof *peers);
    peers->limit = limit;
    pthread_mutex_init(&peers->lock, NULL);
    map_init(&peers->counts);
    return peers;
}

void peers_close(struct peers *peers)
{
    if (peers == NULL) return;
    assert(peers->counts.count == 0);
    map_release(&peers->counts);
    pthread_mutex_destroy(&peers->lock);
    free(peers);
}

bool peers_enter(struct peers *peers, const char *address)
{
    if (peers->limit == 0) return true;
    pthread_mutex_lock(&peers->lock);
    int64_t *count = map_get(&peers->counts, address);
    if (count == NULL) {
        count = xcalloc(1, sizeof *count);
        map_put(&peers->counts, address, count);
    }
    bool welcome = ++*count <= peers->limit;
    pthread_mutex_unlock(&peers->lock);
    return welcome;
}

void peers_leave(struct peers *peers, const char *address)
{
    if (peers->limit == 0) return;
    pthread_mutex_lock(&peers->lock);
    int64_t *count = map_get(&peers->counts, address);
    assert(count != NULL);
    if (--*count == 0) free(map_remove(&peers->counts, address));
    pthread_mutex_unlock(&peers->lock);
}
