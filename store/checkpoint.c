#include "store/checkpoint.h"

#include "base/failpoint.h"
#include "store/connection.h"

static int note_pages(void *self, sqlite3 *handle, const char *schema, int pages)
{
    struct checkpoint *checkpoint = self;
    (void)handle;
    (void)schema;
    if (pages < checkpoint->pages) { /* the log began anew */
        checkpoint->done = 0;
        checkpoint->tried_at = 0;
    }
    checkpoint->pages = pages;
    return SQLITE_OK;
}

void checkpoint_watch(struct checkpoint *checkpoint, struct store_db *db)
{
    *checkpoint = (struct checkpoint){.pages = 0};
    sqlite3_wal_hook(db->handle, note_pages, checkpoint);
}

static enum err_code run(struct checkpoint *checkpoint, struct store_db *db, int mode,
                         struct err *err)
{
    int pages = 0, done = 0;
    if (FP("writer.checkpoint")) return err_set(err, ERR_IO, "failpoint writer.checkpoint");
    if (mode == SQLITE_CHECKPOINT_TRUNCATE)
        sqlite3_busy_timeout(db->handle, CHECKPOINT_TRUNCATE_WAIT_MS);
    int code = sqlite3_wal_checkpoint_v2(db->handle, "main", mode, &pages, &done);
    sqlite3_busy_timeout(db->handle, CONNECTION_BUSY_TIMEOUT_MS);
    checkpoint->count++;
    checkpoint->tried_at = checkpoint->pages;
    int primary = code & 0xff;
    checkpoint->disk_full = primary == SQLITE_FULL;
    if (primary == SQLITE_FULL || primary == SQLITE_BUSY || primary == SQLITE_LOCKED) return ERR_OK;
    if (code != SQLITE_OK) return err_set(err, ERR_IO, "checkpoint: %s", sqlite3_errstr(code));
    checkpoint->pages = pages;
    checkpoint->done = done;
    checkpoint->tried_at = pages;
    return ERR_OK;
}

bool checkpoint_is_due(const struct checkpoint *checkpoint, bool idle)
{
    int grown = checkpoint->pages - checkpoint->tried_at;
    if (checkpoint->pages >= CHECKPOINT_TRUNCATE_PAGES)
        return grown >= CHECKPOINT_TRUNCATE_STEP_PAGES;
    return grown >= (idle ? CHECKPOINT_IDLE_PAGES : CHECKPOINT_BUSY_PAGES);
}

enum err_code checkpoint_if_due(struct checkpoint *checkpoint, struct store_db *db, bool idle,
                                struct err *err)
{
    if (!checkpoint_is_due(checkpoint, idle)) return ERR_OK;
    bool big = checkpoint->pages >= CHECKPOINT_TRUNCATE_PAGES;
    return run(checkpoint, db, big ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, err);
}

enum err_code checkpoint_allow_write(struct checkpoint *checkpoint, struct store_db *db,
                                     bool *fatal, struct err *err)
{
    if (checkpoint->pages < CHECKPOINT_REFUSE_PAGES) return ERR_OK;
    enum err_code code = run(checkpoint, db, SQLITE_CHECKPOINT_TRUNCATE, err);
    *fatal = code != ERR_OK;
    if (code != ERR_OK || checkpoint->pages < CHECKPOINT_REFUSE_PAGES) return code;
    if (checkpoint->disk_full)
        return err_set(err, ERR_DISK_FULL, "the disk that holds the data directory is full");
    return err_set(err, ERR_UNAVAILABLE, "the write-ahead log is full and a reader holds it");
}
