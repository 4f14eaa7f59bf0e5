/* health_private.h: what the tables of health over time have in common (private to store/). */
#ifndef DOGSHORE_STORE_HEALTH_PRIVATE_H
#define DOGSHORE_STORE_HEALTH_PRIVATE_H

#include "store/row.h"

struct store_tx;

/* The last parameters of a statement that takes the oldest spans away: how many are looked at, the
 * time before which none is kept, and how many are kept. */
void health_bind_trim(struct row *row, const struct store_tx *tx);
/* None that ended before it is kept. */
int64_t health_floor_at(const struct store_tx *tx);

/* Nothing lasts less than a millisecond, nor does it if the wall clock was set back a little: what
 * comes then takes the place of what lasts since `from_at`. */
bool health_is_merged(int64_t now_at, int64_t from_at);
/* Did that happen within the time in which a burst is counted? */
bool health_is_recent(int64_t now_at, int64_t at);

enum { HEALTH_TRIM_STEP = 8 };

#endif
