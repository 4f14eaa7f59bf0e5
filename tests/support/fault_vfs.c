#include "support/fault_vfs.h"

#include "base/arena.h"
#include "base/rng.h"

#include <assert.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdint.h>

enum { TRACKED_FILES = 8, SECTOR_BYTES = 512, PATH_BYTES = 256 };

/* A write, or with bytes NULL a truncation to `offset`. */
struct pending {
    struct pending *next;
    sqlite3_int64 offset;
    size_t count;
    uint8_t *bytes;
};

struct image {
    uint8_t *bytes;
    size_t size, capacity;
};

/* One path: what a loss of power leaves for sure, and what came after. */
struct tracked {
    char path[PATH_BYTES];
    struct image durable;
    struct pending *first, **last;
};

struct fault_file {
    sqlite3_file base;
    struct tracked *tracked;
    bool is_database;
    sqlite3_file *real;
};

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct tracked tracked[TRACKED_FILES];
    int tracked_count;
    struct {
        int left, code;
        bool for_ever;
    } armed[FAULT_OPERATIONS];
    bool fired;
    void (*before_sync)(void *self);
    void *before_sync_self;
} state;

static struct fault_file *as_fault(sqlite3_file *file)
{
    return (struct fault_file *)file;
}

static int fault(enum fault_operation operation)
{
    if (state.armed[operation].left == 0 || --state.armed[operation].left > 0) return SQLITE_OK;
    if (state.armed[operation].for_ever) state.armed[operation].left = 1;
    state.fired = true;
    return state.armed[operation].code;
}

/* ---- what is durable ---- */

static void grow(struct image *image, size_t size)
{
    if (size <= image->size) return;
    if (size > image->capacity) {
        image->capacity = 2 * size;
        image->bytes = xrealloc(image->bytes, image->capacity);
    }
    memset(image->bytes + image->size, 0, size - image->size);
    image->size = size;
}

static void put(struct image *image, sqlite3_int64 offset, const void *bytes, size_t count)
{
    grow(image, (size_t)offset + count);
    memcpy(image->bytes + offset, bytes, count);
}

static void load(struct tracked *tracked)
{
    uint8_t buffer[4096];
    int fd = open(tracked->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;)
        put(&tracked->durable, (sqlite3_int64)tracked->durable.size, buffer, (size_t)got);
    close(fd); /* no connection of this process has it open yet */
}

static bool is_named(const char *path, const char *name)
{
    const char *last = path == NULL ? NULL : strrchr(path, '/');
    return last != NULL && strcmp(last, name) == 0;
}

static struct tracked *track(const char *path)
{
    if (!is_named(path, "/dogshore.db") && !is_named(path, "/dogshore.db-wal")) return NULL;
    for (int i = 0; i < state.tracked_count; i++)
        if (strcmp(state.tracked[i].path, path) == 0) return &state.tracked[i];
    if (state.tracked_count == TRACKED_FILES) return NULL; /* one that is not asked about */
    struct tracked *tracked = &state.tracked[state.tracked_count++];
    snprintf(tracked->path, sizeof tracked->path, "%s", path);
    tracked->last = &tracked->first;
    load(tracked);
    return tracked;
}

static void note(struct tracked *tracked, sqlite3_int64 offset, const void *bytes, size_t count)
{
    if (tracked == NULL) return;
    struct pending *pending = xcalloc(1, sizeof *pending);
    pending->offset = offset;
    pending->count = count;
    if (bytes != NULL) {
        pending->bytes = xmalloc(count);
        memcpy(pending->bytes, bytes, count);
    }
    *tracked->last = pending;
    tracked->last = &pending->next;
}

static void make_durable(struct tracked *tracked)
{
    for (struct pending *pending = tracked->first; pending != NULL;) {
        struct pending *next = pending->next;
        if (pending->bytes == NULL)
            tracked->durable.size = (size_t)pending->offset;
        else
            put(&tracked->durable, pending->offset, pending->bytes, pending->count);
        free(pending->bytes);
        free(pending);
        pending = next;
    }
    tracked->first = NULL;
    tracked->last = &tracked->first;
}

/* ---- methods of a file ---- */

static int f_close(sqlite3_file *file)
{
    struct fault_file *fault_file = as_fault(file);
    return fault_file->real->pMethods->xClose(fault_file->real);
}

static int f_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    sqlite3_file *real = as_fault(file)->real;
    int code = fault(FAULT_READ);
    return code != SQLITE_OK ? code : real->pMethods->xRead(real, bytes, count, offset);
}

static int f_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    sqlite3_file *real = as_fault(file)->real;
    int code = fault(FAULT_WRITE);
    if (code == SQLITE_OK && as_fault(file)->is_database) code = fault(FAULT_CHECKPOINT);
    if (code != SQLITE_OK) return code;
    note(as_fault(file)->tracked, offset, bytes, (size_t)count);
    return real->pMethods->xWrite(real, bytes, count, offset);
}

static int f_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    sqlite3_file *real = as_fault(file)->real;
    note(as_fault(file)->tracked, size, NULL, 0);
    return real->pMethods->xTruncate(real, size);
}

static int f_sync(sqlite3_file *file, int flags)
{
    struct fault_file *fault_file = as_fault(file);
    if (state.before_sync != NULL) state.before_sync(state.before_sync_self);
    int code = fault(FAULT_SYNC);
    if (code != SQLITE_OK) return code;
    code = fault_file->real->pMethods->xSync(fault_file->real, flags);
    if (code == SQLITE_OK && fault_file->tracked != NULL) make_durable(fault_file->tracked);
    return code;
}

static int f_size(sqlite3_file *file, sqlite3_int64 *size)
{
    sqlite3_file *real = as_fault(file)->real;
    return real->pMethods->xFileSize(real, size);
}

static int f_lock(sqlite3_file *file, int level)
{
    sqlite3_file *real = as_fault(file)->real;
    return real->pMethods->xLock(real, level);
}

static int f_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *real = as_fault(file)->real;
    return real->pMethods->xUnlock(real, level);
}

static int f_reserved(sqlite3_file *file, int *held)
{
    sqlite3_file *real = as_fault(file)->real;
    return real->pMethods->xCheckReservedLock(real, held);
}

static int f_control(sqlite3_file *file, int operation, void *argument)
{
    sqlite3_file *real = as_fault(file)->real;
    return real->pMethods->xFileControl(real, operation, argument);
}

static int f_sector(sqlite3_file *file)
{
    sqlite3_file *real = as_fault(file)->real;
    return real->pMethods->xSectorSize(real);
}

static int f_characteristics(sqlite3_file *file)
{
    sqlite3_file *real = as_fault(file)->real;
    return real->pMethods->xDeviceCharacteristics(real);
}

static int f_shm_map(sqlite3_file *file, int page, int bytes, int extend, void volatile **memory)
{
    sqlite3_file *real = as_fault(file)->real;
    return real->pMethods->xShmMap(real, page, bytes, extend, memory);
}

static int f_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    sqlite3_file *real = as_fault(file)->real;
    return real->pMethods->xShmLock(real, offset, count, flags);
}

static void f_shm_barrier(sqlite3_file *file)
{
    sqlite3_file *real = as_fault(file)->real;
    real->pMethods->xShmBarrier(real);
}

static int f_shm_unmap(sqlite3_file *file, int remove)
{
    sqlite3_file *real = as_fault(file)->real;
    return real->pMethods->xShmUnmap(real, remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* no mmap */
    .xClose = f_close,
    .xRead = f_read,
    .xWrite = f_write,
    .xTruncate = f_truncate,
    .xSync = f_sync,
    .xFileSize = f_size,
    .xLock = f_lock,
    .xUnlock = f_unlock,
    .xCheckReservedLock = f_reserved,
    .xFileControl = f_control,
    .xSectorSize = f_sector,
    .xDeviceCharacteristics = f_characteristics,
    .xShmMap = f_shm_map,
    .xShmLock = f_shm_lock,
    .xShmBarrier = f_shm_barrier,
    .xShmUnmap = f_shm_unmap,
};

static int v_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out)
{
    struct fault_file *fault_file = as_fault(file);
    (void)vfs;
    fault_file->real = (sqlite3_file *)(fault_file + 1);
    fault_file->tracked = track(path);
    fault_file->is_database = is_named(path, "/dogshore.db");
    fault_file->base.pMethods = NULL;
    int code = state.real->xOpen(state.real, path, fault_file->real, flags, out);
    if (code == SQLITE_OK) fault_file->base.pMethods = &methods;
    return code;
}

void fault_vfs_install(void)
{
    sqlite3_initialize();
    state.real = sqlite3_vfs_find(NULL);
    assert(strcmp(state.real->zName, "fault") != 0);
    state.vfs = *state.real; /* all but xOpen goes to the real one */
    state.vfs.zName = "fault";
    state.vfs.szOsFile = (int)sizeof(struct fault_file) + state.real->szOsFile;
    state.vfs.xOpen = v_open;
    state.vfs.pNext = NULL;
    sqlite3_vfs_register(&state.vfs, 1);
}

void fault_vfs_arm(enum fault_operation operation, int nth, int code, bool for_ever)
{
    state.armed[operation].left = nth;
    state.armed[operation].code = code;
    state.armed[operation].for_ever = for_ever;
    state.fired = false;
}

void fault_vfs_clear(void)
{
    memset(state.armed, 0, sizeof state.armed);
    state.fired = false;
}

bool fault_vfs_fired(void)
{
    return state.fired;
}

/* ---- loss of power ---- */

void fault_vfs_before_sync(void (*hook)(void *self), void *self)
{
    state.before_sync = hook;
    state.before_sync_self = self;
}

/* Each sector of a write that was not synced is there or not. */
static void put_some_sectors(struct rng *rng, struct image *image, const struct pending *pending)
{
    uint64_t mood = rng_below(rng, 4); /* nothing, everything, or a part */
    for (size_t done = 0; done < pending->count;) {
        size_t at = (size_t)pending->offset + done;
        size_t step = SECTOR_BYTES - at % SECTOR_BYTES;
        if (step > pending->count - done) step = pending->count - done;
        bool there = mood == 1 || (mood > 1 && rng_below(rng, 2) == 0);
        if (there) put(image, (sqlite3_int64)at, pending->bytes + done, step);
        done += step;
    }
}

static void write_file(const char *path, const struct image *image)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert(fd >= 0);
    for (size_t done = 0; done < image->size;) {
        ssize_t count = write(fd, image->bytes + done, image->size - done);
        assert(count > 0);
        done += (size_t)count;
    }
    close(fd);
}

static void write_image(struct rng *rng, const struct tracked *tracked, const char *directory)
{
    char path[PATH_BYTES * 2];
    struct image image = {.size = 0};
    grow(&image, tracked->durable.size);
    if (image.size > 0) memcpy(image.bytes, tracked->durable.bytes, image.size);
    for (const struct pending *pending = tracked->first; pending; pending = pending->next) {
        if (pending->bytes != NULL)
            put_some_sectors(rng, &image, pending);
        else if (rng_below(rng, 2) == 0 && image.size > (size_t)pending->offset)
            image.size = (size_t)pending->offset;
    }
    snprintf(path, sizeof path, "%s%s", directory, strrchr(tracked->path, '/'));
    write_file(path, &image);
    free(image.bytes);
}

void fault_vfs_power_loss(unsigned seed, const char *directory)
{
    struct rng rng;
    rng_seed(&rng, seed);
    for (int i = 0; i < state.tracked_count; i++)
        write_image(&rng, &state.tracked[i], directory);
}
