#include "server/token_uses.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>

enum { USES_MAX = LIMIT_TOKENS + LIMIT_NODES };

struct token_uses {
    pthread_mutex_t lock;
    struct map times; /* id → int64_t wall ms */
};

struct token_uses *token_uses_open(void)
{
    struct token_uses *uses = xcalloc(1, sizeof *uses);
    pthread_mutex_init(&uses->lock, NULL);
    map_init(&uses->times);
    return uses;
}

static void forget_all(struct token_uses *uses)
{
    const char *id;
    void *time;
    for (size_t position = 0; map_next(&uses->times, &position, &id, &time);)
        free(time);
    map_release(&uses->times);
}

void token_uses_close(struct token_uses *uses)
{
    if (uses == NULL) return;
    forget_all(uses);
    pthread_mutex_destroy(&uses->lock);
    free(uses);
}

void token_uses_note(struct token_uses *uses, const char *id, int64_t wall_ms)
{
    pthread_mutex_lock(&uses->lock);
    int64_t *time = map_get(&uses->times, id);
    if (time == NULL) {
        if (uses->times.count >= USES_MAX) forget_all(uses);
        time = xmalloc(sizeof *time);
        map_put(&uses->times, id, time);
    }
    *time = wall_ms;
    pthread_mutex_unlock(&uses->lock);
}

int64_t token_uses_at(struct token_uses *uses, const char *id)
{
    pthread_mutex_lock(&uses->lock);
    const int64_t *time = map_get(&uses->times, id);
    int64_t wall_ms = time == NULL ? 0 : *time;
    pthread_mutex_unlock(&uses->lock);
    return wall_ms;
}
