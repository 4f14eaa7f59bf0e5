/* writer_queue.h: the closures that wait for the writer, in two lanes (private to store/).
 * Threads: any may add; one takes and waits. */
#ifndef DOGSHORE_STORE_WRITER_QUEUE_H
#define DOGSHORE_STORE_WRITER_QUEUE_H

#include "store/writer.h"

#include <pthread.h>

struct writer_queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct {
        struct writer_job *first, *last;
        int64_t length;
    } lanes[LANE_COUNT];
    int64_t length;
    bool stopping, waiting, knocked;
};

void writer_queue_init(struct writer_queue *queue);
void writer_queue_release(struct writer_queue *queue);
enum err_code writer_queue_add(struct writer_queue *queue, enum writer_lane lane,
                               struct writer_job *job, struct err *err);
/* The next one, of the first lane unless it is empty or it is the reports' turn; NULL when none
 * waits. */
struct writer_job *writer_queue_take(struct writer_queue *queue, bool reports_turn);
/* Parks until something waits (true), somebody knocks (true), `at_most_ms` passed (true), or
 * stopped and empty (false). */
bool writer_queue_wait(struct writer_queue *queue, int64_t at_most_ms);
void writer_queue_knock(struct writer_queue *queue);
void writer_queue_stop(struct writer_queue *queue);
bool writer_queue_is_empty(struct writer_queue *queue);
int64_t writer_queue_length(struct writer_queue *queue);
void writer_queue_lengths(struct writer_queue *queue, int64_t lengths[static LANE_COUNT]);

#endif
