/* Many threads submit, one writes, others read: as in the server. Meant for ThreadSanitizer too. */
#include "base/log.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/tokens.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum { SUBMITTERS = 8, READERS = 2, EACH = 150 };

static struct store *store;
static struct writer *writer;
static atomic_int published, flushed;

struct call {
    struct writer_job job;
    struct deployment deployment;
    bool undoes;
    enum err_code code;
    sem_t answered;
};

static enum err_code apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct call *call = (struct call *)job;
    TRY(sample_create(tx, &call->deployment, err));
    if (call->undoes) tx_undo(tx);
    return ERR_OK;
}

static void done(struct writer_job *job, enum err_code code, const struct err *err)
{
    struct call *call = (struct call *)job;
    (void)err;
    call->code = code;
    sem_post(&call->answered);
}

static void on_publish(void *self, const struct touched *touched, size_t count,
                       int64_t newest_index)
{
    (void)self;
    (void)touched;
    (void)count;
    (void)newest_index;
    published++;
}

static void on_flush(void *self)
{
    (void)self;
    flushed++;
}

static void *write_loop(void *argument)
{
    (void)argument;
    while (writer_wait(writer))
        writer_step(writer);
    return NULL;
}

static void *submit_loop(void *argument)
{
    int number = (int)(intptr_t)argument;
    struct arena arena;
    arena_init(&arena);
    for (int i = 0; i < EACH; i++) {
        struct err err;
        struct call call = {.job = {.apply = apply, .done = done}, .undoes = i % 10 == 9};
        const char *name = arena_printf(&arena, "web-%d-%d", number, i);
        call.deployment = sample_deployment(&arena, "default", name);
        sem_init(&call.answered, 0, 0);
        enum writer_lane lane = i % 3 == 0 ? LANE_REPORTS : LANE_FIRST;
        while (writer_submit(writer, lane, &call.job, &err) != ERR_OK)
            continue;
        sem_wait(&call.answered);
        sem_destroy(&call.answered);
        cr_assert_eq(call.code, ERR_OK);
    }
    arena_release(&arena);
    return NULL;
}

static atomic_bool finished;

/* Whatever moment a reader sees, there is one event per deployment and one index per event. */
static void *read_loop(void *argument)
{
    struct store_db *reader;
    struct arena arena;
    (void)argument;
    arena_init(&arena);
    MUST(store_reader_open(store, &reader, &err));
    while (!finished) {
        int64_t index, deployments;
        struct event *events;
        struct listed listed;
        const struct page newest = {.sort = SORT_OWN, .limit = 5};
        MUST(store_read_begin(reader, &err));
        MUST(store_newest_index(reader, &index, &err));
        MUST(deployments_count(reader, &deployments, &err));
        MUST(events_page(reader, &arena, NULL, NULL, -1, &newest, &events, &listed, &err));
        store_read_end(reader);
        cr_assert_eq(index, deployments);
        cr_assert(listed.count == 0 || events[0].index == index);
        cr_assert_geq(store_clock_ms(store), 0);
        cr_assert_eq(tokens_epoch(store), tokens_epoch(store));
        struct writer_stats stats;
        writer_stats(writer, &stats);
        arena_reset(&arena);
    }
    store_reader_close(reader);
    arena_release(&arena);
    return NULL;
}

static void join_all(pthread_t *threads, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void run_threads(void)
{
    pthread_t write_thread, submitters[SUBMITTERS], readers[READERS];
    pthread_create(&write_thread, NULL, write_loop, NULL);
    for (intptr_t i = 0; i < READERS; i++)
        pthread_create(&readers[i], NULL, read_loop, NULL);
    for (intptr_t i = 0; i < SUBMITTERS; i++)
        pthread_create(&submitters[i], NULL, submit_loop, (void *)i);
    join_all(submitters, SUBMITTERS);
    finished = true;
    join_all(readers, READERS);
    writer_stop(writer);
    join_all(&write_thread, 1);
}

static void expect_all_is_stored(void)
{
    struct store_db *reader;
    int64_t index, deployments;
    const int64_t kept = SUBMITTERS * EACH * 9 / 10;
    MUST(store_reader_open(store, &reader, &err));
    MUST(store_newest_index(reader, &index, &err));
    MUST(deployments_count(reader, &deployments, &err));
    cr_expect_eq(deployments, kept);
    cr_expect_eq(index, kept, "no gap");
    store_reader_close(reader);
}

Test(threads, many_submit_one_writes_and_readers_see_whole_moments, .timeout = 120)
{
    char dir[] = "/dev/shm/dogshore-threads-XXXXXX";
    struct writer_hooks hooks = {.publish = on_publish, .flush = on_flush};
    struct writer_stats stats;
    cr_assert_not_null(mkdtemp(dir));
    log_set_level(LOG_WARN);
    struct store_config config = {.data_dir = dir, .keep_events = 100000, .clock = clock_system()};
    MUST(store_open(&store, &config, &err));
    MUST(writer_open(&writer, store, &hooks, &err));
    run_threads();
    writer_stats(writer, &stats);
    cr_expect_eq(stats.closures, SUBMITTERS * EACH);
    cr_expect_eq(stats.failed, 0);
    cr_expect_eq(flushed, stats.batches);
    cr_expect_leq(published, stats.batches);
    expect_all_is_stored();
    writer_close(writer);
    store_close(store);
    store_fixture_remove_dir(dir);
}
