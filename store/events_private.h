/* events_private.h: rows of table events, and keeping it bounded (private to store/). */
#ifndef DOGSHORE_STORE_EVENTS_PRIVATE_H
#define DOGSHORE_STORE_EVENTS_PRIVATE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct batch;
struct event;
struct store;
struct store_db;

/* The row as it is: what a restore notes of itself, outside of any closure. */
enum err_code events_insert(struct store_db *db, const struct event *event, struct err *err);
enum err_code events_count(struct store_db *db, int64_t *count, struct err *err);
/* More are kept than need be, beyond a slack. */
bool events_overdue(const struct store *store);
/* Deletes some of the oldest when overdue: a little more than the batch has added, so that the work
 * of a batch never grows with history. */
enum err_code events_trim(struct store *store, struct batch *batch, struct err *err);

#endif
