/* What operators must learn about snapshots is an event, too: it reaches who watches the API. */
#include "base/arena.h"
#include "base/heap.h"
#include "base/text.h"
#include "server/backup_parts.h"
#include "store/events.h"

static enum err_code add_event(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct backups *backups = CONTAINER_OF(job, struct backups, event_job);
    bool trouble = backups->event_err.code != ERR_OK;
    const struct event event = {
        .kind = "server",
        .reason = trouble ? "snapshot_failed" : "snapshot_recovered",
        .message = trouble ? arena_printf(tx_arena(tx), "no snapshot of the database was made: %s",
                                          backups->event_err.detail)
                           : "snapshots of the database are made again"};
    int64_t index;
    return events_add(tx, &event, &index, err);
}

static void told(struct writer_job *job, enum err_code code, const struct err *err)
{
    (void)code; /* the log has it, whatever the database says */
    (void)err;
    struct backups *backups = CONTAINER_OF(job, struct backups, event_job);
    pthread_mutex_lock(&backups->lock);
    backups->telling = false;
    pthread_mutex_unlock(&backups->lock);
}

void snapshot_tell(struct backups *backups, const struct err *err)
{
    pthread_mutex_lock(&backups->lock);
    bool free = !backups->telling;
    if (free) backups->telling = true;
    pthread_mutex_unlock(&backups->lock);
    if (!free) return;
    backups->event_err = *err;
    backups->event_job = (struct writer_job){.apply = add_event, .done = told};
    if (writer_submit(backups->settings.writer, LANE_FIRST, &backups->event_job, NULL) == ERR_OK)
        return;
    told(&backups->event_job, ERR_UNAVAILABLE, NULL);
}
