#include "server/reader.h"

#include "base/arena.h"
#include "store/store.h"

#include <pthread.h>

struct reader {
    struct store_db *db;
    size_t jobs_max, jobs; /* in hand: queued or running */
    struct read_job *first, *last;
    bool closing;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t thread;
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

static void *reader_thread(void *argument)
{
    struct reader *reader = argument;
    struct read_job *job;
    while ((job = next_job(reader)) != NULL) {
        job->run(job, reader->db);
        job_done(reader);
    }
    return NULL;
}

enum err_code reader_open(struct reader **reader, struct store *store, size_t jobs_max,
                          struct err *err)
{
    struct reader *opened = xcalloc(1, sizeof *opened);
    opened->jobs_max = jobs_max;
    enum err_code code = store_reader_open(store, &opened->db, err);
    if (code != ERR_OK) {
        free(opened);
        return code;
    }
    pthread_mutex_init(&opened->lock, NULL);
    pthread_cond_init(&opened->work, NULL);
    if (pthread_create(&opened->thread, NULL, reader_thread, opened) != 0) {
        store_reader_close(opened->db);
        free(opened);
        return err_set(err, ERR_IO, "cannot start the reader thread");
    }
    *reader = opened;
    return ERR_OK;
}

bool reader_submit(struct reader *reader, struct read_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&reader->lock);
    bool taken = !reader->closing && reader->jobs < reader->jobs_max;
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

void reader_close(struct reader *reader)
{
    if (reader == NULL) return;
    pthread_mutex_lock(&reader->lock);
    reader->closing = true;
    pthread_cond_signal(&reader->work);
    pthread_mutex_unlock(&reader->lock);
    pthread_join(reader->thread, NULL);
    store_reader_close(reader->db);
    pthread_cond_destroy(&reader->work);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}
