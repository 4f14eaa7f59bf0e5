/* meta.h: the one row of table meta: who this database is, and its counters (private to store/). */
#ifndef DOGSHORE_STORE_META_H
#define DOGSHORE_STORE_META_H

#include "base/crypto.h"
#include "base/err.h"

#include <stdint.h>

struct store_db;

enum { META_INCARNATION_BYTES = 17 };

struct meta {
    char incarnation[META_INCARNATION_BYTES];
    uint8_t hash_key[CRYPTO_KEY_BYTES];
    int64_t next_index;
    int64_t next_replica;
    int64_t clock_ms;
    int64_t events_floor; /* every event numbered above it is kept */
    int64_t epochs_floor; /* no epoch of a removed node or of a former life is above it */
};

enum err_code meta_read(struct store_db *db, struct meta *meta, struct err *err);
/* Takes over the counters alone: other threads read the rest. */
void meta_advance(struct meta *meta, const struct meta *to);
/* The counters: the one UPDATE of a batch. */
enum err_code meta_write(struct store_db *db, const struct meta *meta, struct err *err);
/* next_index and events_floor alone, for readers. */
enum err_code meta_read_next_index(struct store_db *db, int64_t *next_index, struct err *err);
enum err_code meta_read_events_floor(struct store_db *db, int64_t *floor, struct err *err);
/* Another incarnation, whose counters begin with `first` (life.h). */
enum err_code meta_begin_life(struct store_db *db, int64_t first, struct err *err);

/* The row of a database that was just made; before statements are prepared. */
enum err_code meta_create(struct store_db *db, int64_t wall_ms, struct err *err);

#endif
