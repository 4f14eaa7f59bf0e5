/* reader.h: the thread that runs what takes longer than a loop may: lists, search, backlogs.
 *
 * It has its own connection to the store and a bounded queue. Ownership: a job lives in the
 * submitter's memory until its run() has handed it on. Threads: submit from any.
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
    void (*run)(struct read_job *job, struct store_db *db); /* on the reader thread */
    struct read_job *next;
};

enum err_code reader_open(struct reader **reader, struct store *store, size_t queue_max,
                          struct err *err);
/* False when the queue is full or closing: run() is not called. */
bool reader_submit(struct reader *reader, struct read_job *job);
/* Runs what is queued, then ends the thread. NULL is fine. */
void reader_close(struct reader *reader);

#endif
