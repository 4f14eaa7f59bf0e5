/* reader.h: a thread that runs what takes longer than a loop may. One is for lists, search and
 * backlogs, another one for what computes (plan, explain, diff), so that nothing that traffic
 * depends on waits behind a computation.
 *
 * It has its own connection to the store and a bound on the jobs that it has in hand. Ownership: a
 * job lives in the submitter's memory until its run() has handed it on. Threads: submit from any.
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
    void (*run)(struct read_job *job, struct store_db *db); /* on the reader's thread */
    struct read_job *next;
};

/* `jobs_max`: how many it takes at a time, the one that runs included. */
enum err_code reader_open(struct reader **reader, struct store *store, size_t jobs_max,
                          struct err *err);
/* False when it has jobs_max in hand or is closing: run() is not called. */
bool reader_submit(struct reader *reader, struct read_job *job);
/* Runs what is queued, then ends the thread. NULL is fine. */
void reader_close(struct reader *reader);

#endif
