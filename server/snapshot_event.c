/* What operators must learn about snapshots is an event, too: it reaches who watches the API. */
#include "base/arena.h"
#include "base/heap.h"
#include "base/text.h"
#include "server/backup_parts.h"
#include "store/events.h"

static const char *message(struct arena *arena, const struct backups *backups)
{
    const char *detail = backups->event_err.detail;
    switch (backups->event_trouble) {
    case SNAPSHOT_FINE:
        break;
    case SNAPSHOT_NOT_MADE:
        return arena_printf(arena, "no snapshot of the database was made: %s", detail);
    case SNAPSHOT_NOT_REMOVED:
        return arena_printf(arena, "snapshots are made, but the oldest ones stay: %s", detail);
    }
    return backups->told == SNAPSHOT_NOT_MADE ? "snapshots of the database are made again"
                                              : "the oldest snapshots are removed again";
}

/* On the writer's thread, as told(). */
static enum err_code add_event(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct backups *backups = CONTAINER_OF(job, struct backups, event_job);
    bool trouble = backups->event_trouble != SNAPSHOT_FINE;
    const struct event event = {.kind = "server",
                                .reason = trouble ? "snapshot_failed" : "snapshot_recovered",
                                .message = message(tx_arena(tx), backups)};
    int64_t index;
    return events_add(tx, &event, &index, err);
}

/* An event that was not kept is told by the next run, unless the trouble is over by then. */
static void told(struct writer_job *job, enum err_code code, const struct err *err)
{
    (void)err;
    struct backups *backups = CONTAINER_OF(job, struct backups, event_job);
    pthread_mutex_lock(&backups->lock);
    if (code == ERR_OK) backups->told = backups->event_trouble;
    backups->telling = false;
    pthread_mutex_unlock(&backups->lock);
}

void snapshot_tell(struct backups *backups)
{
    pthread_mutex_lock(&backups->lock);
    bool news = !backups->telling && backups->told != backups->trouble;
    if (news) backups->telling = true;
    pthread_mutex_unlock(&backups->lock);
    if (!news) return;
    backups->event_trouble = backups->trouble;
    backups->event_err = backups->trouble_err;
    backups->event_job = (struct writer_job){.apply = add_event, .done = told};
    if (writer_submit(backups->settings.writer, LANE_FIRST, &backups->event_job, NULL) == ERR_OK)
        return;
    told(&backups->event_job, ERR_UNAVAILABLE, NULL);
}
