#include "store/migrate.h"

#include "base/failpoint.h"
#include "migrations/migrations.h"
#include "store/connection.h"

int64_t migrate_newest(const struct migration *list)
{
    int64_t newest = 0;
    for (; list->sql != NULL; list++)
        newest = list->version;
    return newest;
}

/* user_version is for people and tools that look at the file; meta.schema travels with the rows. */
static enum err_code run_step(struct store_db *db, const struct migration *migration,
                              struct err *err)
{
    char stamp[160];
    snprintf(stamp, sizeof stamp,
             "PRAGMA application_id = %d; PRAGMA user_version = %d; UPDATE meta SET schema = %d",
             STORE_APPLICATION_ID, migration->version, migration->version);
    TRY(connection_run(db, "BEGIN IMMEDIATE", err));
    TRY(connection_run(db, migration->sql, err));
    if (FP("store.migrate.step")) return err_set(err, ERR_IO, "failpoint store.migrate.step");
    TRY(connection_run(db, stamp, err));
    return connection_run(db, "COMMIT", err);
}

enum err_code migrate(struct store_db *db, const struct migration *list, struct err *err)
{
    sqlite3_int64 version;
    TRY(connection_number(db, "PRAGMA user_version", &version, err));
    if (version > migrate_newest(list))
        return err_set(err, ERR_CONFIG,
                       "schema version %lld was written by a newer program; this one knows up to "
                       "%lld",
                       version, (long long)migrate_newest(list));
    for (; list->sql != NULL; list++) {
        if (list->version <= version) continue;
        if (run_step(db, list, err) == ERR_OK) continue;
        if (!sqlite3_get_autocommit(db->handle)) connection_run(db, "ROLLBACK", NULL);
        return err_wrap(err, "migration %04d_%s", list->version, list->name);
    }
    return ERR_OK;
}
