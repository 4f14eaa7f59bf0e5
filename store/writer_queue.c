#include "store/writer_queue.h"

#include "base/clock.h"
#include "base/limits.h"

#include <assert.h>

void writer_queue_init(struct writer_queue *queue)
{
    pthread_condattr_t monotonic;
    *queue = (struct writer_queue){.length = 0};
    pthread_mutex_init(&queue->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void writer_queue_release(struct writer_queue *queue)
{
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->lock);
}

static enum err_code add_locked(struct writer_queue *queue, enum writer_lane lane,
                                struct writer_job *job, struct err *err)
{
    if (queue->stopping) return err_set(err, ERR_UNAVAILABLE, "the server is stopping");
    if (queue->length >= LIMIT_WRITE_QUEUE)
        return err_set(err, ERR_UNAVAILABLE, "%d writes wait already", LIMIT_WRITE_QUEUE);
    job->next = NULL;
    job->code = ERR_OK;
    job->err.code = ERR_OK;
    job->err.detail[0] = '\0';
    if (queue->lanes[lane].last == NULL)
        queue->lanes[lane].first = job;
    else
        queue->lanes[lane].last->next = job;
    queue->lanes[lane].last = job;
    queue->lanes[lane].length++;
    queue->length++;
    return ERR_OK;
}

enum err_code writer_queue_add(struct writer_queue *queue, enum writer_lane lane,
                               struct writer_job *job, struct err *err)
{
    assert(lane < LANE_COUNT);
    pthread_mutex_lock(&queue->lock);
    enum err_code code = add_locked(queue, lane, job, err);
    bool wake = code == ERR_OK && queue->waiting;
    pthread_mutex_unlock(&queue->lock);
    if (wake) pthread_cond_signal(&queue->changed);
    return code;
}

static struct writer_job *take_locked(struct writer_queue *queue, bool reports_turn)
{
    bool reports_wait = queue->lanes[LANE_REPORTS].first != NULL;
    bool users_wait = queue->lanes[LANE_FIRST].first != NULL;
    bool reports_now = reports_wait && (!users_wait || reports_turn);
    enum writer_lane lane = reports_now ? LANE_REPORTS : LANE_FIRST;
    struct writer_job *job = queue->lanes[lane].first;
    if (job == NULL) return NULL;
    queue->lanes[lane].first = job->next;
    if (job->next == NULL) queue->lanes[lane].last = NULL;
    queue->lanes[lane].length--;
    queue->length--;
    return job;
}

struct writer_job *writer_queue_take(struct writer_queue *queue, bool reports_turn)
{
    pthread_mutex_lock(&queue->lock);
    struct writer_job *job = take_locked(queue, reports_turn);
    pthread_mutex_unlock(&queue->lock);
    return job;
}

bool writer_queue_wait(struct writer_queue *queue, int64_t at_most_ms)
{
    int64_t until_us = clock_monotonic_us() + at_most_ms * 1000;
    struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    int timed_out = 0;
    pthread_mutex_lock(&queue->lock);
    queue->waiting = true;
    while (queue->length == 0 && !queue->stopping && !queue->knocked && timed_out == 0)
        timed_out = pthread_cond_timedwait(&queue->changed, &queue->lock, &until);
    queue->waiting = false;
    queue->knocked = false;
    bool go_on = queue->length > 0 || !queue->stopping;
    pthread_mutex_unlock(&queue->lock);
    return go_on;
}

void writer_queue_knock(struct writer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->knocked = true;
    pthread_mutex_unlock(&queue->lock);
    pthread_cond_signal(&queue->changed);
}

void writer_queue_stop(struct writer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->stopping = true;
    pthread_mutex_unlock(&queue->lock);
    pthread_cond_broadcast(&queue->changed);
}

bool writer_queue_is_empty(struct writer_queue *queue)
{
    return writer_queue_length(queue) == 0;
}

int64_t writer_queue_length(struct writer_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    int64_t length = queue->length;
    pthread_mutex_unlock(&queue->lock);
    return length;
}

void writer_queue_lengths(struct writer_queue *queue, int64_t lengths[static LANE_COUNT])
{
    pthread_mutex_lock(&queue->lock);
    for (int lane = 0; lane < LANE_COUNT; lane++)
        lengths[lane] = queue->lanes[lane].length;
    pthread_mutex_unlock(&queue->lock);
}
