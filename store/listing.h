/* listing.h: pages of a table by a client's filter and order: one way for every list.
 *
 * A list is a static description: what it can be filtered and sorted by, and how that reads in SQL.
 * A page is found by the position of the last item before it (keyset), so it costs the same
 * wherever it is. A client's bytes are bound, never part of the SQL text; texts that differ only
 * in values share a prepared statement (a small cache a connection).
 *
 * How a page is found: of the conditions that an index serves, the one that the fewest rows meet
 * drives if they are few, and these few are sorted. Otherwise rows are walked in the order of the
 * list, where a condition that many rows meet is met soon. What one page may cost is bounded in
 * steps of SQLite (ERR_QUERY_TOO_WIDE): the reader's few threads serve everybody.
 *
 * Threads: as the connection's.
 */
#ifndef DOGSHORE_STORE_LISTING_H
#define DOGSHORE_STORE_LISTING_H

#include "model/filter.h"

#include <stdint.h>

struct arena;
struct store_db;

extern const struct filter_fields deployment_fields, replica_fields, node_fields, event_fields,
    revision_fields, rollout_fields, token_fields;

struct listing;
/* Rollouts of everything are ordered by their beginning, those of one deployment by their number.
 */
extern const struct listing deployment_listing, replica_listing, node_listing, event_listing,
    revision_listing, rollout_listing, deployment_rollout_listing, token_listing;

/* The value of the sort field, then the key (one or two columns): what a cursor holds. Each is
 * text or a number, as its column is. */
enum { POSITION_PARTS_MAX = 3 };
struct position_part {
    const char *text; /* NULL: a number */
    int64_t number;
};
struct position {
    struct position_part parts[POSITION_PARTS_MAX];
    size_t count;
};

/* What every list takes. Zeroed but for `sort` and `limit`, it is the first page of everything. */
enum { SORT_OWN = -1 };
struct page {
    const struct filter *filter;  /* NULL = all */
    const char *search;           /* substring of what the list searches in; NULL = none */
    int sort;                     /* position in the list's fields, or SORT_OWN */
    bool descending;              /* of `sort` */
    const struct position *after; /* of the last item of the page before; NULL = the first page */
    int64_t limit;                /* items at most */
    bool count;                   /* also count what the filter lets through */
};

/* What comes with the items of a page. */
struct listed {
    size_t count;
    bool more;
    struct position last; /* of the last item; without parts when there is none */
    int64_t total;        /* -1 unless it was asked for */
};

const struct filter_fields *listing_fields(const struct listing *listing);
/* The field that ?state= is about; -1 = none. */
int listing_state_field(const struct listing *listing);
/* Can this be the position of an item in that order? For positions that a client brings. */
bool listing_has_position(const struct listing *listing, int sort, const struct position *position);

#endif
