/* list.h: pages of lists: {items, next_cursor, index}, Link: rel="next", ETag from the bytes.
 *
 * A page is found by the key of the last item before it (keyset), so it costs the same wherever it
 * is. A cursor is that key with hashes of the database (incarnation) and of the list it belongs to
 * (path, filters, order, what the token may see), as base64url: another list refuses it with
 * ERR_BAD_CURSOR.
 */
#ifndef DOGSHORE_API_LIST_H
#define DOGSHORE_API_LIST_H

#include "api/request.h"
#include "base/json.h"
#include "store/listing.h"

/* Every decoder of a list leaves one of these first in request->input. */
struct list_query {
    int64_t limit;
    const char *after;    /* key of the cursor; NULL = the first page */
    int64_t after_number; /* the key as a number, 0 on the first page */
    struct page page;     /* of tables that have a listing (route->listing) */
};

/* limit and cursor. */
enum err_code list_query_read(struct request *request, struct list_query *query, struct err *err);
/* The same, for lists whose keys are numbers. */
enum err_code list_query_number(struct request *request, struct list_query *query, struct err *err);
/* Of a table: all that its route offers of limit, cursor, selector, q, search, state, sort, count.
 */
enum err_code list_query_page(struct request *request, struct list_query *query, struct err *err);

struct list {
    struct request *request;
    struct reply *reply;
    struct json_writer writer;
};

void list_begin(struct list *list, struct request *request, struct reply *reply);
/* `next` is the key of the last item when more follow, else NULL. reply->index is set before. */
void list_end(struct list *list, const char *next);
/* Of a page of a table. */
void list_end_page(struct list *list, const struct listed *listed);

/* Of live data: neither index nor tag, and nobody keeps it. Further members may follow, and whoever
 * adds them ends the object. */
void list_end_live_items(struct list *list, bool more, int64_t next);

/* For queries of limit + 1 rows: was there one too many? Cuts it off. */
bool list_cut(size_t *count, int64_t limit);

#endif
