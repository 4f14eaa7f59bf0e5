/* listing_compose.h: a page and the count of a list as SQL (private to store/). */
#ifndef DOGSHORE_STORE_LISTING_COMPOSE_H
#define DOGSHORE_STORE_LISTING_COMPOSE_H

#include "base/limits.h"
#include "store/listing_sql.h"

/* What rows are ordered by: the sort field unless the key alone does, then the key. A position has
 * all parts; those that the scope fixes, or that another one repeats, are not kept in the text. */
struct listing_order {
    struct listing_key parts[POSITION_PARTS_MAX];
    bool kept[POSITION_PARTS_MAX];
    size_t count;
    bool descending;
};
struct listing_order listing_order_of(const struct listing *listing, int sort);

enum listing_driver_kind { LISTING_WALK, LISTING_BY_LABEL, LISTING_BY_FIELD, LISTING_BY_CLUSTER };

struct listing_driver {
    enum listing_driver_kind kind;
    const struct filter *filter; /* of BY_LABEL and BY_FIELD */
};

/* Every condition of a filter that must hold: those of ?selector=, one of ?state=, those of ?q=.
 * Clients cannot ask for more. */
enum { LISTING_CONDITIONS_MAX = LIMIT_SELECTOR_TERMS + 1 + LIMIT_FILTER_COMPARISONS };
struct listing_conditions {
    const struct filter *items[LISTING_CONDITIONS_MAX];
    size_t count;
};
void listing_conditions_of(struct listing_conditions *conditions, const struct filter *filter);
/* What an index finds of this list by such a condition; LISTING_WALK: none does. */
enum listing_driver_kind listing_driver_kind_of(const struct listing *listing,
                                                const struct filter *filter);

/* "SELECT count(*)" of what the driver finds, up to `most`. */
void listing_compose_driven(struct listing_sql *sql, const struct listing_query *query,
                            const struct listing_driver *driver, int64_t most);
/* One row more than the page has; behind the caller's columns those of the position. */
void listing_compose_page(struct listing_sql *sql, const struct listing_query *query,
                          const struct listing_conditions *conditions,
                          const struct listing_driver *driver);
void listing_compose_count(struct listing_sql *sql, const struct listing_query *query,
                           const struct listing_conditions *conditions,
                           const struct listing_driver *driver);

#endif
