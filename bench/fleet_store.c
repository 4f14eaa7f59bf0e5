#include "fleet_store.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/heap.h"
#include "base/log.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PER_BATCH = 50, KEEP_EVENTS = 1000000000 };

void fleet_must(enum err_code code, const struct err *err)
{
    if (code == ERR_OK) return;
    fprintf(stderr, "fleet: %s: %s\n", err_slug(code), err->detail);
    exit(1);
}

/* ---- nobody watches ---- */

static void ignore_publish(void *self, const struct touched *touched, size_t count, int64_t newest)
{
    (void)self;
    (void)touched;
    (void)count;
    (void)newest;
}

static void ignore_dirty(void *self, const char *const *uids, size_t count)
{
    (void)self;
    (void)uids;
    (void)count;
}

static void ignore_flush(void *self)
{
    (void)self;
}

static void fail(void *self, const struct err *err)
{
    (void)self;
    fleet_must(ERR_IO, err);
}

/* ---- life ---- */

void fleet_open(struct fleet *fleet, const char *data_dir, const struct fleet_size *size)
{
    struct err err;
    struct store_config config = {
        .data_dir = fleet->dir, .keep_events = KEEP_EVENTS, .clock = clock_system()};
    struct writer_hooks hooks = {
        .publish = ignore_publish, .dirty = ignore_dirty, .flush = ignore_flush, .fatal = fail};
    *fleet = (struct fleet){.size = *size};
    snprintf(fleet->dir, sizeof fleet->dir, "%s", data_dir);
    log_set_level(LOG_WARN);
    fleet_must(crypto_start(&err), &err);
    fleet_must(store_open(&fleet->store, &config, &err), &err);
    fleet_must(writer_open(&fleet->writer, fleet->store, &hooks, &err), &err);
    fleet_must(store_reader_open(fleet->store, &fleet->reader, &err), &err);
}

void fleet_close(struct fleet *fleet)
{
    store_reader_close(fleet->reader);
    writer_close(fleet->writer);
    store_close(fleet->store);
}

void fleet_open_new(struct fleet *fleet, const char *parent, const struct fleet_size *size)
{
    char dir[sizeof fleet->dir];
    snprintf(dir, sizeof dir, "%s/fleet-XXXXXX", parent);
    if (mkdtemp(dir) == NULL) fleet_must(ERR_IO, &(struct err){.detail = "cannot make a folder"});
    fleet_open(fleet, dir, size);
}

void fleet_remove(struct fleet *fleet)
{
    fleet_close(fleet);
    DIR *folder = opendir(fleet->dir);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder != NULL) closedir(folder);
    rmdir(fleet->dir);
}

/* ---- writing ---- */

/* A closure: `count` objects from number `first` on. */
struct put_job {
    struct writer_job job;
    const struct fleet *fleet;
    fleet_put *put;
    int64_t first, count;
};

static enum err_code apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    const struct put_job *piece = CONTAINER_OF(job, struct put_job, job);
    tx_set_actor(tx, "bench", NULL);
    for (int64_t i = 0; i < piece->count; i++)
        TRY(piece->put(tx, piece->fleet, piece->first + i, err));
    return ERR_OK;
}

static void done(struct writer_job *job, enum err_code code, const struct err *err)
{
    (void)job;
    fleet_must(code, err);
}

void fleet_write(struct fleet *fleet, fleet_put *put, int64_t count)
{
    struct err err;
    struct put_job piece = {.job = {.apply = apply, .done = done}, .fleet = fleet, .put = put};
    for (; piece.first < count; piece.first += piece.count) {
        piece.count = count - piece.first < PER_BATCH ? count - piece.first : PER_BATCH;
        fleet_must(writer_submit(fleet->writer, LANE_FIRST, &piece.job, &err), &err);
        while (writer_step(fleet->writer))
            continue;
    }
}
