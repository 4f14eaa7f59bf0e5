/* label_counts.h: which labels deployments carry, and how many carry each: for filter menus.
 *
 * Costs a walk through the labels that are counted, in their own order. */
#ifndef DOGSHORE_STORE_LABEL_COUNTS_H
#define DOGSHORE_STORE_LABEL_COUNTS_H

#include "base/err.h"
#include "model/summary.h"

struct arena;
struct store_db;

enum { LABEL_VALUES_SHOWN = 20 }; /* of each key in a list of keys */

struct label_query {
    const char *cluster; /* NULL = all */
    const char *key;     /* NULL = a page of keys; else one key and a page of its values */
    const char *prefix;  /* of the keys, or of that key's values; NULL = all */
    const char *after;   /* the last key or value of the page before; NULL = the first page */
    int64_t limit;       /* of keys, or of values */
};

/* A key's totals are of all its values, whatever is shown of them. *more: further ones follow.
 * Nobody carries query->key: no item. */
enum err_code label_counts_read(struct store_db *db, struct arena *arena,
                                const struct label_query *query, struct label_keys *keys,
                                bool *more, struct err *err);

#endif
