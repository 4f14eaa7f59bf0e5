/* listing_run.h: one page of a list (private to store/).
 *
 *     void *list;
 *     TRY(listing_read(db, arena, &query, sizeof **items, read_item, &list, listed, err));
 *     *items = list;
 *
 * Ownership: filter, position and texts of the query are borrowed for the call; the items and their
 * texts live in the arena. One at a time a connection. */
#ifndef DOGSHORE_STORE_LISTING_RUN_H
#define DOGSHORE_STORE_LISTING_RUN_H

#include "store/listing_private.h"

/* Reads the columns of query.select into a zeroed item. */
typedef enum err_code listing_reader(struct row *row, struct arena *arena, void *item,
                                     struct err *err);

/* *items is NULL when there are none. Counts, too, if it was asked for. */
enum err_code listing_read(struct store_db *db, struct arena *arena,
                           const struct listing_query *query, size_t item_bytes,
                           listing_reader *read, void **items, struct listed *listed,
                           struct err *err);

#endif
