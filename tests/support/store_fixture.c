#include "support/store_fixture.h"

#include "base/log.h"
#include "base/text.h"

#include <assert.h>
#include <dirent.h>

static void trace(struct store_fixture *fixture, char letter)
{
    if (fixture->trace_length + 1 < sizeof fixture->trace)
        fixture->trace[fixture->trace_length++] = letter;
}

static void on_publish(void *self, const struct touched *touched, size_t count,
                       int64_t newest_index)
{
    struct store_fixture *fixture = self;
    fixture->touched_count = 0;
    for (size_t i = 0; i < count && i < FIXTURE_TOUCHED; i++) {
        fixture->touched[i] = touched[i];
        fixture->touched[i].key = arena_strdup(&fixture->arena, touched[i].key);
        fixture->touched_count++;
    }
    fixture->newest_index = newest_index;
    fixture->publishes++;
    trace(fixture, 'p');
}

static void on_dirty(void *self, const char *const *uids, size_t count)
{
    struct store_fixture *fixture = self;
    fixture->dirty_count = 0;
    for (size_t i = 0; i < count && i < FIXTURE_TOUCHED; i++)
        fixture->dirty[fixture->dirty_count++] = arena_strdup(&fixture->arena, uids[i]);
    trace(fixture, 'd');
}

static void on_flush(void *self)
{
    struct store_fixture *fixture = self;
    fixture->flushes++;
    trace(fixture, 'f');
}

static void on_fatal(void *self, const struct err *err)
{
    struct store_fixture *fixture = self;
    (void)err;
    fixture->fatals++;
    trace(fixture, 'x');
}

static void must(enum err_code code, const struct err *err)
{
    if (code != ERR_OK) fprintf(stderr, "fixture: %s: %s\n", err_slug(code), err->detail);
    assert(code == ERR_OK);
}

void store_fixture_start(struct store_fixture *fixture)
{
    struct err err;
    struct writer_hooks hooks = {
        .self = fixture,
        .publish = on_publish,
        .dirty = on_dirty,
        .flush = on_flush,
        .fatal = on_fatal,
    };
    must(store_open(&fixture->store, &fixture->config, &err), &err);
    must(writer_open(&fixture->writer, fixture->store, &hooks, &err), &err);
    must(store_reader_open(fixture->store, &fixture->reader, &err), &err);
}

void store_fixture_open(struct store_fixture *fixture)
{
    *fixture = (struct store_fixture){.dir = "/dev/shm/dogshore-store-XXXXXX"};
    log_set_level(LOG_WARN); /* not a line per event */
    char *made = mkdtemp(fixture->dir);
    assert(made != NULL);
    arena_init(&fixture->arena);
    fixture->time = (struct manual_clock){.boot_ms = 1000, .wall_ms = 1769851613589};
    fixture->config = (struct store_config){
        .data_dir = fixture->dir,
        .keep_events = 100000,
        .clock = clock_manual(&fixture->time),
    };
    store_fixture_start(fixture);
}

void store_fixture_shut(struct store_fixture *fixture)
{
    store_reader_close(fixture->reader);
    writer_close(fixture->writer);
    store_close(fixture->store);
    fixture->reader = NULL;
    fixture->writer = NULL;
    fixture->store = NULL;
}

void store_fixture_reopen(struct store_fixture *fixture)
{
    store_fixture_shut(fixture);
    store_fixture_start(fixture);
}

void store_fixture_remove_dir(const char *dir)
{
    DIR *folder = opendir(dir);
    if (folder == NULL) return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(dir);
}

void store_fixture_close(struct store_fixture *fixture)
{
    store_fixture_shut(fixture);
    store_fixture_remove_dir(fixture->dir);
    arena_release(&fixture->arena);
}

const char *store_fixture_path(struct store_fixture *fixture, const char *name)
{
    return arena_printf(&fixture->arena, "%s/%s", fixture->dir, name);
}

int64_t store_fixture_published(const struct store_fixture *fixture, enum facet_kind kind,
                                const char *key)
{
    for (size_t i = 0; i < fixture->touched_count; i++)
        if (fixture->touched[i].kind == kind && text_equal(fixture->touched[i].key, key))
            return fixture->touched[i].index;
    return 0;
}

static enum err_code call_apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct store_call *call = (struct store_call *)job;
    return call->body(tx, call->argument, err);
}

static void call_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    struct store_call *call = (struct store_call *)job;
    call->answered = true;
    call->code = code;
    call->err = *err;
    trace(call->fixture, 'r');
}

void store_call_submit(struct store_fixture *fixture, struct store_call *call,
                       enum writer_lane lane)
{
    struct err err;
    call->fixture = fixture;
    call->job.apply = call_apply;
    call->job.done = call_done;
    must(writer_submit(fixture->writer, lane, &call->job, &err), &err);
}

enum err_code store_fixture_write(struct store_fixture *fixture,
                                  enum err_code (*body)(struct store_tx *tx, void *argument,
                                                        struct err *err),
                                  void *argument, struct err *err)
{
    struct store_call call = {.body = body, .argument = argument};
    store_call_submit(fixture, &call, LANE_FIRST);
    writer_step(fixture->writer);
    assert(call.answered);
    if (call.code != ERR_OK && err != NULL) *err = call.err;
    return call.code;
}
