#include "server/reader.h"

#include "base/arena.h"
#include "base/failpoint.h"
#include "store/store.h"

#include <assert.h>
#include <pthread.h>

struct reader_thread {
    struct reader *reader;
    struct store_db *db;
    pthread_t thread;
};

struct reader {
    struct reader_thread threads[READER_THREADS_MAX];
    size_t thread_count;
    size_t jobs_max, jobs; /* in hand: queued or running */
    struct read_job *first, *last;
    bool closing;
    pthread_mutex_t lock;
    pthread_cond_t work;
};

/* Parks until there is a job; NULL when closing and the queue is empty. */
static struct read_job *next_job(struct reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    while (reader->first == NULL && !reader->closing)
        pthread_cond_wait(&reader->work, &reader->lock);
    struct read_job *job = reader->first;
    if (job != NULL) {
        reader->first = job->next;
        if (reader->first == NULL) reader->last = NULL;
    }
    pthread_mutex_unlock(&reader->lock);
    return job;
}

static void job_done(struct reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    reader->jobs--;
    pthread_mutex_unlock(&reader->lock);
}

static void *run_jobs(void *argument)
{
    struct reader_thread *thread = argument;
    struct read_job *job;
    while ((job = next_job(thread->reader)) != NULL) {
        job->run(job, thread->db);
        job_done(thread->reader);
    }
    return NULL;
}

static enum err_code start_thread(struct reader *reader, struct store *store, struct err *err)
{
    struct reader_thread *thread = &reader->threads[reader->thread_count];
    thread->reader = reader;
    TRY(store_reader_open(store, &thread->db, err));
    if (pthread_create(&thread->thread, NULL, run_jobs, thread) != 0) {
        store_reader_close(thread->db);
        return err_set(err, ERR_IO, "cannot start a reader thread");
    }
    reader->thread_count++;
    return ERR_OK;
}

enum err_code reader_open(struct reader **reader, struct store *store, size_t threads,
                          size_t jobs_max, struct err *err)
{
    struct reader *opened = xcalloc(1, sizeof *opened);
    assert(threads >= 1 && threads <= READER_THREADS_MAX);
    opened->jobs_max = jobs_max;
    pthread_mutex_init(&opened->lock, NULL);
    pthread_cond_init(&opened->work, NULL);
    while (opened->thread_count < threads) {
        enum err_code code = start_thread(opened, store, err);
        if (code == ERR_OK) continue;
        reader_close(opened);
        return code;
    }
    *reader = opened;
    return ERR_OK;
}

bool reader_submit(struct reader *reader, struct read_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&reader->lock);
    bool taken = !reader->closing && reader->jobs < reader->jobs_max && !FP("reader.full");
    if (taken) {
        if (reader->last != NULL)
            reader->last->next = job;
        else
            reader->first = job;
        reader->last = job;
        reader->jobs++;
        pthread_cond_signal(&reader->work);
    }
    pthread_mutex_unlock(&reader->lock);
    return taken;
}

size_t reader_jobs(struct reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    size_t jobs = reader->jobs;
    pthread_mutex_unlock(&reader->lock);
    return jobs;
}

void reader_close(struct reader *reader)
{
    if (reader == NULL) return;
    pthread_mutex_lock(&reader->lock);
    reader->closing = true;
    pthread_cond_broadcast(&reader->work);
    pthread_mutex_unlock(&reader->lock);
    for (size_t i = 0; i < reader->thread_count; i++) {
        pthread_join(reader->threads[i].thread, NULL);
        store_reader_close(reader->threads[i].db);
    }
    pthread_cond_destroy(&reader->work);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}
