/* events_private.h: keeping table events bounded (private to store/). */
#ifndef DOGSHORE_STORE_EVENTS_PRIVATE_H
#define DOGSHORE_STORE_EVENTS_PRIVATE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct batch;
struct store;
struct store_db;

enum err_code events_count(struct store_db *db, int64_t *count, struct err *err);
/* More are kept than need be, beyond a slack. */
bool events_overdue(const struct store *store);
/* Deletes some of the oldest when overdue: a little more than the batch has added, so that the work
 * of a batch never grows with history. */
enum err_code events_trim(struct store *store, struct batch *batch, struct err *err);

#endif
