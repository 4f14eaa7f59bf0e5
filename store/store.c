/* Opening: directory → lock → file → application id → integrity → schema → meta. A new database is
 * made whole under another name first, so that dogshore.db, once it exists, is never half a
 * database and an empty one is known to be damaged. */
#include "base/clock.h"
#include "base/limits.h"
#include "migrations/migrations.h"
#include "model/replica.h"
#include "store/connection.h"
#include "store/data_dir.h"
#include "store/events_private.h"
#include "store/life.h"
#include "store/migrate.h"
#include "store/restore_parts.h"
#include "store/store_private.h"
#include "store/transaction.h"
#include "store/wal_file.h"

#include <assert.h>
#include <limits.h>
#include <sys/stat.h>

enum { JOURNAL_SIZE_LIMIT_BYTES = 32 * 1024 * 1024 };

int64_t store_schema_version(void)
{
    return migrate_newest(migrations);
}

static void remove_leftovers(const char *path)
{
    char journal[4096];
    snprintf(journal, sizeof journal, "%s-journal", path);
    unlink(path);
    unlink(journal);
}

static enum err_code fill_new(struct store_db *db, const struct store *store, struct err *err)
{
    if (store->volatile_writes) TRY(connection_run(db, "PRAGMA synchronous = OFF", err));
    TRY(migrate(db, migrations, err));
    return meta_create(db, clock_wall_ms(&store->clock), err);
}

static enum err_code make_new(struct store *store, struct err *err)
{
    const char *path = arena_printf(&store->arena, "%s.new", store->database);
    remove_leftovers(path);
    TRY(data_dir_make_file(path, err));
    struct store_db *db;
    TRY(connection_open(&db, store, path, true, err));
    enum err_code code = fill_new(db, store, err);
    connection_close(db);
    if (code != ERR_OK) return code;
    return data_dir_publish(store->data_dir, path, store->database, err);
}

/* Sentences of SQLite about a file that it cannot read, in words for an operator. */
static enum err_code unreadable(const struct store *store, struct store_db *db, int code,
                                struct err *err)
{
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        return err_set(err, ERR_CONFIG, "%s is not a database", store->database);
    case SQLITE_CORRUPT:
        return err_set(err, ERR_CONFIG, "%s is damaged: truncated or overwritten", store->database);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return err_set(err, ERR_CONFIG, "%s cannot be opened for writing", store->database);
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL:
        return err_set(err, ERR_CONFIG, "%s is locked by another process", store->database);
    default:
        return err_set(err, ERR_IO, "cannot read %s: %s", store->database,
                       sqlite3_errmsg(db->handle));
    }
}

/* Runs a query for its first column as text; NULL after an error. */
static enum err_code ask(struct store *store, const char *sql, const char **answer, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->write->handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *answer = arena_strdup(&store->arena, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? ERR_OK : unreadable(store, store->write, code, err);
}

static enum err_code check_identity(struct store *store, struct err *err)
{
    const char *answer;
    char own[16];
    TRY(ask(store, "PRAGMA application_id", &answer, err));
    snprintf(own, sizeof own, "%d", STORE_APPLICATION_ID);
    if (strcmp(answer, own) != 0)
        return err_set(err, ERR_CONFIG, "%s belongs to another program (application id %s)",
                       store->database, answer);
    if (sqlite3_db_readonly(store->write->handle, "main") != 0)
        return err_set(err, ERR_CONFIG, "%s cannot be opened for writing", store->database);
    return ERR_OK;
}

static enum err_code check_integrity(struct store *store, struct err *err)
{
    const char *answer;
    TRY(ask(store, "PRAGMA quick_check(1)", &answer, err));
    if (strcmp(answer, "ok") == 0) return ERR_OK;
    return err_set(err, ERR_CONFIG, "%s is damaged: %.200s", store->database, answer);
}

static enum err_code set_durability(struct store *store, struct err *err)
{
    char settings[160];
    const char *mode;
    TRY(ask(store, "PRAGMA journal_mode = WAL", &mode, err));
    if (strcmp(mode, "wal") != 0)
        return err_set(err, ERR_CONFIG, "%s: this file system has no write-ahead log",
                       store->database);
    snprintf(settings, sizeof settings,
             "PRAGMA synchronous = %s; PRAGMA journal_size_limit = %d; PRAGMA secure_delete = FAST",
             store->volatile_writes ? "OFF" : "FULL", JOURNAL_SIZE_LIMIT_BYTES);
    return connection_run(store->write, settings, err);
}

static enum err_code check_foreign_keys(struct store *store, struct err *err)
{
    sqlite3_int64 orphans;
    TRY(connection_number(store->write, "SELECT count(*) FROM pragma_foreign_key_check", &orphans,
                          err));
    if (orphans == 0) return ERR_OK;
    return err_set(err, ERR_CONFIG, "%lld rows lack the row that they belong to", orphans);
}

/* Foreign keys come last: a migration may rebuild a table. */
static enum err_code bring_up_to_date(struct store *store, struct err *err)
{
    sqlite3_int64 version;
    TRY(connection_number(store->write, "PRAGMA user_version", &version, err));
    TRY(migrate(store->write, migrations, err));
    if (version != store_schema_version()) TRY(check_foreign_keys(store, err));
    TRY(connection_run(store->write, "PRAGMA foreign_keys = ON", err));
    TRY(connection_prepare(store->write, err));
    TRY(meta_read(store->write, &store->meta, err));
    return events_count(store->write, &store->event_count, err);
}

static enum err_code open_database(struct store *store, struct err *err)
{
    bool exists;
    TRY(data_dir_check_database(store->database, &exists, err));
    if (!exists) TRY(make_new(store, err));
    TRY(wal_file_check(store->database, err));
    TRY(connection_open(&store->write, store, store->database, true, err));
    TRY(check_identity(store, err));
    TRY(check_integrity(store, err));
    TRY(set_durability(store, err));
    if (bring_up_to_date(store, err) != ERR_OK) return err_wrap(err, "%s", store->database);
    return ERR_OK;
}

static enum err_code open_parts(struct store *store, const char *data_dir, struct err *err)
{
    char real[PATH_MAX];
    TRY(data_dir_check(data_dir, real, err));
    store->data_dir = arena_strdup(&store->arena, real);
    store->database = arena_printf(&store->arena, "%s/dogshore.db", real);
    if (!store->volatile_writes) {
        TRY(data_dir_lock(store->data_dir, &store->lock_fd, err));
        TRY(restore_recover(store->data_dir, err));
    }
    TRY(open_database(store, err));
    store->opened_boot_ms = clock_boot_ms(&store->clock);
    store->opened_clock_ms = store->meta.clock_ms;
    store->opened_index = store->meta.next_index - 1;
    return ERR_OK;
}

/* One thread per connection, so SQLite needs no locks of its own around them. Refused (and not
 * needed again) once SQLite runs. */
static void configure_sqlite(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int64_t keep_health_ms(const struct store_config *config)
{
    int64_t days = config->keep_health_days == 0 ? LIMIT_HEALTH_DAYS : config->keep_health_days;
    return days * DAY_MS;
}

enum err_code store_open(struct store **store, const struct store_config *config, struct err *err)
{
    configure_sqlite();
    TRY(crypto_start(err));
    struct store *opened = xcalloc(1, sizeof *opened);
    arena_init(&opened->arena);
    opened->clock = config->clock;
    opened->volatile_writes = config->volatile_writes;
    opened->keep_events = config->keep_events;
    opened->keep_health_ms = keep_health_ms(config);
    opened->lock_fd = -1;
    enum err_code code = open_parts(opened, config->data_dir, err);
    if (code != ERR_OK) {
        /* What was refused stays as it was found: closing would move its log into it. */
        if (opened->write != NULL)
            sqlite3_db_config(opened->write->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        store_close(opened);
        return code;
    }
    *store = opened;
    return ERR_OK;
}

void store_close(struct store *store)
{
    if (store == NULL) return;
    connection_close(store->write);
    if (store->lock_fd >= 0) close(store->lock_fd);
    arena_release(&store->arena);
    free(store);
}

const char *store_data_dir(const struct store *store)
{
    return store->data_dir;
}

const char *store_incarnation(const struct store *store)
{
    return store->meta.incarnation;
}

const uint8_t *store_hash_key(const struct store *store)
{
    return store->meta.hash_key;
}

int64_t store_opened_index(const struct store *store)
{
    return store->opened_index;
}

const char *store_sqlite_version(void)
{
    return sqlite3_libversion();
}

static int64_t file_bytes(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_size : 0;
}

void store_sizes(const struct store *store, int64_t *database_bytes, int64_t *wal_bytes)
{
    char wal[PATH_MAX];
    snprintf(wal, sizeof wal, "%s-wal", store->database);
    *database_bytes = file_bytes(store->database);
    *wal_bytes = file_bytes(wal);
}

int64_t store_first_index(const struct store *store)
{
    return life_first(store->opened_index + 1);
}

bool store_replica_is_foreign(const struct store *store, const char *id)
{
    int64_t number;
    if (store_first_index(store) == 0 || !replica_id_number(id, &number)) return false;
    return life_of(number) != life_of(store->opened_index + 1);
}

int64_t store_clock_ms(const struct store *store)
{
    return store->opened_clock_ms + clock_boot_ms(&store->clock) - store->opened_boot_ms;
}

enum err_code store_reader_open(struct store *store, struct store_db **reader, struct err *err)
{
    struct store_db *db;
    TRY(connection_open(&db, store, store->database, false, err));
    enum err_code code = connection_prepare(db, err);
    if (code != ERR_OK)
        connection_close(db);
    else
        *reader = db;
    return code;
}

void store_reader_close(struct store_db *reader)
{
    assert(reader == NULL || !reader->writer);
    connection_close(reader);
}

/* The first read takes the snapshot, so it is done here: what follows sees one moment. */
enum err_code store_read_begin(struct store_db *reader, struct err *err)
{
    int64_t next_index;
    assert(!reader->writer);
    TRY(transaction_begin_read(reader, err));
    enum err_code code = meta_read_next_index(reader, &next_index, err);
    if (code != ERR_OK) store_read_end(reader);
    return code;
}

void store_read_end(struct store_db *reader)
{
    transaction_end_read(reader);
}

enum err_code store_newest_index(struct store_db *db, int64_t *index, struct err *err)
{
    TRY(meta_read_next_index(db, index, err));
    *index -= 1;
    return ERR_OK;
}
