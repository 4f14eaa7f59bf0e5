/* routes.h: the one route table. A test requires it to equal openapi.yaml. */
#ifndef DOGSHORE_API_ROUTES_H
#define DOGSHORE_API_ROUTES_H

#include "api/request.h"

struct listing;
struct object_type;

/* What a route asks of a token. join: the join token, or the node's own, or operate and above. */
enum route_scope {
    SCOPE_NONE, /* a mistake: start-up refuses it */
    SCOPE_OPEN,
    SCOPE_READ,
    SCOPE_DEPLOY,
    SCOPE_OPERATE,
    SCOPE_ADMIN,
    SCOPE_JOIN,
    SCOPE_NODE, /* exactly the node named in the path */
    SCOPE_ANY   /* whatever valid token */
};
extern const char *const route_scope_words[];

/* Where a route runs. */
enum route_place {
    PLACE_LOOP,    /* point reads: at most 1 ms */
    PLACE_READER,  /* lists, and what traffic depends on */
    PLACE_PLANNER, /* what computes: nothing else waits behind it */
    PLACE_WRITER,
    PLACE_BACKUP /* the server's backup thread, which fills the reply; decode is all there is here
                  */
};

struct route {
    enum method method;
    const char *pattern; /* "/v1/deployments/{name}" */
    enum route_scope scope;
    enum route_place place;
    const char *operation_id;
    const char *parameters; /* query parameters of its own: "cluster,limit" */
    bool has_facet;
    enum facet_kind facet;
    enum facet_list list;           /* of FACET_LIST */
    const struct object_type *item; /* what ?fields= picks from (fields.h); NULL = it knows none */
    bool page;                      /* a list: the items are members of "items" */
    const struct listing *listing;  /* what a page is filtered and sorted by (store/listing.h) */
    bool cacheable;                 /* its body depends on facet, index and view alone */
    bool worker;                    /* bodies ignore unknown fields, bigger body limit */
    bool all_clusters;              /* tells of each: not for a token that is limited to one */
    const char *goal;               /* query parameter that says what is waited for: no index */
    bool metrics;                   /* open to everybody if the operator says so */
    bool any_slash;                 /* its path parameters may hold encoded slashes */
    enum err_code (*decode)(struct request *request, struct field_errors *errors, struct err *err);
    enum err_code (*read)(struct store_db *db, struct request *request, struct reply *reply,
                          struct err *err);
    enum err_code (*apply)(struct store_tx *tx, struct request *request, struct reply *reply,
                           struct err *err);
};

extern const struct route routes[];
extern const size_t route_count;

/* Query parameters that a kind of route has: "index,wait_seconds" of what can be watched, "fields"
 * of what shows objects, "dry_run" of writes; NULL = none. */
const char *route_common_parameters(const struct route *route);
/* Checks the table (scope, place and handler fit); main refuses to start otherwise. */
enum err_code routes_check(struct err *err);
/* `dogshored --print-routes`: one line a route. */
void routes_print(struct text *text);

#endif
