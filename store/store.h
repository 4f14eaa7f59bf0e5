/* store.h: the only door to SQLite: one data directory, its lock, its readers.
 *
 * DIR/dogshore.db is the database, DIR/lock is held (flock) for as long as the store is open, so a
 * second server is refused by naming the holder's pid. Opening checks permissions, application id,
 * schema version and integrity, then migrates; each failure is one sentence (ERR_CONFIG, or ERR_IO
 * for what the disk did). Nothing is ever silently recreated.
 *
 * Threads: store_open/close on the main thread; a reader belongs to one thread; the writer
 * (writer.h) belongs to the writer thread. Rows are copied into the caller's arena.
 * Invariant: commits and checkpoints happen on the writer's connection alone.
 */
#ifndef DOGSHORE_STORE_STORE_H
#define DOGSHORE_STORE_STORE_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct store;
struct store_db; /* one connection with its prepared statements */

struct store_config {
    const char *data_dir;     /* made with mode 0700 when missing */
    int64_t keep_events;      /* at least this many are kept */
    int64_t keep_health_days; /* 1 … LIMIT_HEALTH_DAYS; 0 = that many */
    struct clock clock;
    bool volatile_writes; /* simulation only: synchronous=OFF, no lock */
};

enum err_code store_open(struct store **store, const struct store_config *config, struct err *err);
void store_close(struct store *store); /* NULL is fine */

const char *store_data_dir(const struct store *store);
/* Random, new at creation and at every restore: 16 hex digits. */
const char *store_incarnation(const struct store *store);
/* Key of every keyed hash (tokens, masked values): CRYPTO_KEY_BYTES. */
const uint8_t *store_hash_key(const struct store *store);
int64_t store_schema_version(void); /* the newest that this program knows */
/* The newest index when it was opened: what has not moved since is not above it. Any thread. */
int64_t store_opened_index(const struct store *store);
/* The first index since the last restore, 0 = there was none. Indexes below it may be of the backup
 * or of what was done after it and is lost: a wait for one is answered at once. Any thread. */
int64_t store_first_index(const struct store *store);
/* The database was restored, and its present incarnation has not made the replica of this id: it is
 * left alone unless it is known. Any thread. */
bool store_replica_is_foreign(const struct store *store, const char *id);
/* The cluster clock: advances while a server runs, stands still while none does. Any thread. */
int64_t store_clock_ms(const struct store *store);

const char *store_sqlite_version(void); /* the library's */
/* Bytes of the files now: the database and its write-ahead log. Any thread. */
void store_sizes(const struct store *store, int64_t *database_bytes, int64_t *wal_bytes);

enum err_code store_reader_open(struct store *store, struct store_db **reader, struct err *err);
void store_reader_close(struct store_db *reader); /* NULL is fine */

/* One read transaction per request, ended before the reply is queued. */
enum err_code store_read_begin(struct store_db *reader, struct err *err);
void store_read_end(struct store_db *reader);

/* The newest index of the snapshot that this connection sees; closures ask tx_last_index(). */
enum err_code store_newest_index(struct store_db *db, int64_t *index, struct err *err);

#endif
