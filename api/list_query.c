/* list_query.c: the parameters of lists, for all of them. Which a list offers is what its route
 * says; what it can be filtered and sorted by is what its listing says (store/listing.h). */
#include "api/cursor.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/list_position.h"
#include "api/query.h"
#include "api/routes.h"
#include "base/limits.h"

enum err_code list_query_read(struct request *request, struct list_query *query, struct err *err)
{
    query->limit = LIMIT_LIST_DEFAULT;
    TRY(query_int(request, "limit", 1, LIMIT_LIST, &query->limit, err));
    return cursor_read(request, &query->after, err);
}

enum err_code list_query_number(struct request *request, struct list_query *query, struct err *err)
{
    TRY(list_query_read(request, query, err));
    if (query->after == NULL || text_to_int64(query->after, 0, INT64_MAX, &query->after_number))
        return ERR_OK;
    return err_set(err, ERR_BAD_CURSOR, "cursor has no number in it");
}

/* ---- filters ---- */

static enum err_code read_selector(struct request *request, const struct filter **filter,
                                   struct err *err)
{
    struct selector selector;
    const char *text = query_text(request, "selector");
    if (text == NULL) return ERR_OK;
    TRY(selector_parse(&request->arena, text, &selector, err));
    *filter = filter_and(&request->arena, *filter, filter_of_selector(&request->arena, &selector));
    return ERR_OK;
}

static enum err_code read_state(struct request *request, const struct listing *listing,
                                const struct filter **filter, struct err *err)
{
    const struct filter *of_state;
    const char *text = query_text(request, "state");
    if (text == NULL) return ERR_OK;
    TRY(filter_of_words(&request->arena, "state", text, listing_fields(listing),
                        (size_t)listing_state_field(listing), &of_state, err));
    *filter = filter_and(&request->arena, *filter, of_state);
    return ERR_OK;
}

static enum err_code read_q(struct request *request, const struct listing *listing,
                            const struct filter **filter, struct err *err)
{
    const struct filter *asked;
    const char *text = query_text(request, "q");
    if (text == NULL) return ERR_OK;
    TRY(filter_parse(&request->arena, text, listing_fields(listing), &asked, err));
    *filter = filter_and(&request->arena, *filter, asked);
    return ERR_OK;
}

static enum err_code read_search(struct request *request, struct page *page, struct err *err)
{
    const char *text = query_text(request, "search");
    if (text == NULL || *text == '\0') return ERR_OK;
    if (strlen(text) > LIMIT_SEARCH_BYTES)
        return err_set(err, ERR_BAD_PARAMETER, "search is longer than %d bytes",
                       LIMIT_SEARCH_BYTES);
    page->search = text;
    return ERR_OK;
}

/* ---- order ---- */

static enum err_code fail_sort(struct request *request, const struct filter_fields *fields,
                               const char *name, struct err *err)
{
    const char *quoted = query_quote(request, name);
    if (filter_field_find(fields, name) >= 0)
        return err_set(err, ERR_BAD_PARAMETER, "sort: this list is not sorted by %s, but by %s",
                       quoted, filter_field_names(&request->arena, fields, true));
    const char *nearest = filter_field_nearest(&request->arena, fields, name, true);
    if (nearest == NULL)
        return err_set(err, ERR_BAD_PARAMETER, "sort: there is no field '%s'; known are %s", quoted,
                       filter_field_names(&request->arena, fields, true));
    return err_set(err, ERR_BAD_PARAMETER, "sort: there is no field '%s'; did you mean '%s'?",
                   quoted, nearest);
}

static enum err_code read_sort(struct request *request, const struct listing *listing,
                               struct page *page, struct err *err)
{
    const struct filter_fields *fields = listing_fields(listing);
    const char *text = query_text(request, "sort");
    page->sort = SORT_OWN;
    if (text == NULL) return ERR_OK;
    page->descending = *text == '-';
    const char *name = page->descending ? text + 1 : text;
    int field = filter_field_find(fields, name);
    if (field < 0 || !fields->items[field].sortable) return fail_sort(request, fields, name, err);
    page->sort = field;
    return ERR_OK;
}

static enum err_code read_after(struct request *request, const struct listing *listing,
                                struct list_query *query, struct err *err)
{
    struct position *position = ARENA_NEW(&request->arena, struct position);
    if (query->after == NULL) return ERR_OK;
    if (!list_position_read(&request->arena, query->after, position) ||
        !listing_has_position(listing, query->page.sort, position))
        return err_set(err, ERR_BAD_CURSOR, "cursor is not one that this server gave");
    query->page.after = position;
    return ERR_OK;
}

enum err_code list_query_page(struct request *request, struct list_query *query, struct err *err)
{
    const struct listing *listing = request->route->listing;
    struct page *page = &query->page;
    const struct filter *filter = NULL;
    TRY(list_query_read(request, query, err));
    TRY(read_selector(request, &filter, err));
    TRY(read_state(request, listing, &filter, err));
    TRY(read_q(request, listing, &filter, err));
    TRY(read_search(request, page, err));
    TRY(read_sort(request, listing, page, err));
    TRY(query_bool(request, "count", &page->count, err));
    page->filter = filter;
    page->limit = query->limit;
    return read_after(request, listing, query, err);
}

API_DECODE(list_decode)
{
    (void)errors;
    struct list_query *query = ARENA_NEW(&request->arena, struct list_query);
    request->input = query;
    bool is_table = request->route->listing != NULL;
    return is_table ? list_query_page(request, query, err) : list_query_number(request, query, err);
}
