/* reader.h: threads that run what takes longer than a loop may. Some are for lists, search and
 * backlogs, another one for what computes (plan, explain, diff), so that nothing that traffic
 * depends on waits behind a computation.
 *
 * Each thread has its own connection to the store. They take jobs in the order in which they came,
 * with a bound on those in hand. Ownership: a job lives in the submitter's memory until its run()
 * has handed it on. Threads: submit from any.
 */
#ifndef DOGSHORE_SERVER_READER_H
#define DOGSHORE_SERVER_READER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct reader;
struct store;
struct store_db;

struct read_job {
    void (*run)(struct read_job *job, struct store_db *db); /* on one of the reader's threads */
    struct read_job *next;
};

enum {
    READER_THREADS_MAX = 8,
    READER_RETRY_MS = 100 /* until streams try again what it did not take or could not do */
};

/* `jobs_max`: how many it takes at a time, those that run included. */
enum err_code reader_open(struct reader **reader, struct store *store, size_t threads,
                          size_t jobs_max, struct err *err);
/* False when it has jobs_max in hand or is closing: run() is not called. */
bool reader_submit(struct reader *reader, struct read_job *job);
/* How many it has in hand. Any thread. */
size_t reader_jobs(struct reader *reader);
/* Runs what is queued, then ends the threads. NULL is fine. */
void reader_close(struct reader *reader);

#endif
