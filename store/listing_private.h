/* listing_private.h: how a list reads in SQL (private to store/). */
#ifndef DOGSHORE_STORE_LISTING_PRIVATE_H
#define DOGSHORE_STORE_LISTING_PRIVATE_H

#include "store/listing.h"
#include "store/row.h"

enum { LISTING_KEYS_MAX = 2, LISTING_SEARCH_MAX = 3, LISTING_FEW = 1000 };

/* A field as an expression that is never NULL. `indexed`: an index serves `sql` = ?. */
struct listing_column {
    const char *sql;
    bool indexed;
};

struct listing_key {
    const char *sql;
    bool is_text;
};

enum listing_labels {
    LISTING_NO_LABELS,
    LISTING_DEPLOYMENT_LABELS, /* those of the deployment `uid` */
    LISTING_JSON_LABELS        /* a column of the row, JSON */
};

struct listing {
    const struct filter_fields *fields;
    const struct listing_column *columns; /* as many, in the same order */
    const char *from;
    /* Of two tables: the same with the deployments first, for when their cluster drives, and the
     * condition that joins them. NULL: there is one table. */
    const char *from_cluster, *join;
    struct listing_key keys[LISTING_KEYS_MAX];
    size_t key_count;
    bool newest_first;    /* its own order is descending */
    const char *own_sort; /* name of the field its own order goes by; NULL = the key */
    const char *state;    /* name of the field that ?state= is about; NULL = none */
    const char *cluster;  /* column; NULL = it has none */
    bool cluster_ordered; /* an index has the cluster and then the key */
    const char *uid;      /* column; NULL = it has none */
    enum listing_labels labels;
    const char *json_labels;
    const char *search[LISTING_SEARCH_MAX];
    /* Of many wide rows without an index to sort them: a column by which the rows of a page are
     * found again, so that only it is sorted with the order. NULL: they are sorted as they are. */
    const char *narrow;
};

/* A page, and what of the table its list is about. */
struct listing_query {
    const struct listing *listing;
    const struct page *page;
    const char *cluster; /* NULL = all */
    const char *uid;     /* of one deployment; NULL = all */
    const char *select;  /* the columns that the caller reads, without SELECT */
    bool has_above;      /* numbers of the key above this one alone, and these in their order */
    int64_t above;
};

#endif
