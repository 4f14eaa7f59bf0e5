/* store_private.h: what the files of store/ share about an open store.
 *
 * Threads: the counters belong to the writer thread once the writer runs; the rest never changes
 * after store_open(), but for tokens_epoch. */
#ifndef DOGSHORE_STORE_STORE_PRIVATE_H
#define DOGSHORE_STORE_STORE_PRIVATE_H

#include "base/arena.h"
#include "base/crypto.h"
#include "store/meta.h"
#include "store/store.h"

#include <stdatomic.h>

struct store {
    struct arena arena; /* the strings below */
    struct clock clock;
    const char *data_dir;
    const char *database; /* DIR/dogshore.db */
    bool volatile_writes;
    int64_t keep_events;
    int64_t keep_health_ms;
    int lock_fd; /* -1 in volatile mode */
    struct store_db *write;
    struct meta meta; /* as committed */
    int64_t event_count;
    int64_t opened_boot_ms, opened_clock_ms, opened_index;
    _Atomic int64_t tokens_epoch;
};

#endif
