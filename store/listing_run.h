/* listing_run.h: one page of a list, row by row (private to store/).
 *
 *     auto_listing run = {.db = NULL};
 *     TRY(listing_open(&run, db, arena, &query, err));
 *     for (bool found;;) {
 *         TRY(listing_next(&run, &found, err));
 *         if (!found) break;
 *         … the columns of query.select, from run.row …
 *     }
 *     return listing_end(&run, listed, err);
 *
 * Ownership: filter, position and texts of the query are borrowed until the end of the scope.
 * One run a connection at a time. */
#ifndef DOGSHORE_STORE_LISTING_RUN_H
#define DOGSHORE_STORE_LISTING_RUN_H

#include "store/listing_compose.h"

struct listing_run {
    struct store_db *db;
    struct arena *arena;
    struct listing_query query;
    struct listing_conditions conditions;
    struct listing_driver driver;
    struct row row;
    size_t count; /* rows found */
    bool more;
    struct position last;
    bool last_is_text[POSITION_PARTS_MAX];
    int64_t steps_left;
};

enum err_code listing_open(struct listing_run *run, struct store_db *db, struct arena *arena,
                           const struct listing_query *query, struct err *err);
/* False behind the last row of the page. */
enum err_code listing_next(struct listing_run *run, bool *found, struct err *err);
/* Counts, if it was asked for. */
enum err_code listing_end(struct listing_run *run, struct listed *listed, struct err *err);
void listing_close(struct listing_run *run);
#define auto_listing __attribute__((cleanup(listing_close))) struct listing_run

#endif
