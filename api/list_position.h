/* list_position.h: a position in a list as the key of a cursor (cursor.h).
 *
 * Each part is a number, "n42;", or a text with its length, "t3:web". */
#ifndef DOGSHORE_API_LIST_POSITION_H
#define DOGSHORE_API_LIST_POSITION_H

#include "store/listing.h"

const char *list_position_write(struct arena *arena, const struct position *position);
/* False when the key is none; whether it fits a list is the caller's to see. */
bool list_position_read(struct arena *arena, const char *key, struct position *position);

#endif
