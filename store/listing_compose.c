#include "store/listing_compose.h"

#include <assert.h>

/* ---- order ---- */

static bool is_text(const struct filter_field *field)
{
    return field->type == FILTER_TEXT || field->type == FILTER_WORD;
}

struct listing_order listing_order_of(const struct listing *listing, int sort)
{
    struct listing_order order = {.count = 0};
    if (sort == SORT_OWN && listing->own_sort != NULL)
        sort = filter_field_find(listing->fields, listing->own_sort);
    bool by_key = sort < 0 || text_equal(listing->columns[sort].sql, listing->keys[0].sql);
    if (!by_key)
        order.parts[order.count++] = (struct listing_key){listing->columns[sort].sql,
                                                          is_text(&listing->fields->items[sort])};
    for (size_t i = 0; i < listing->key_count; i++)
        order.parts[order.count++] = listing->keys[i];
    return order;
}

static bool is_kept(const struct listing_query *query, const struct listing_order *order,
                    size_t part)
{
    const char *column = order->parts[part].sql;
    if (query->cluster != NULL && text_equal(column, query->listing->cluster)) return false;
    for (size_t i = 0; i < part; i++)
        if (text_equal(column, order->parts[i].sql)) return false;
    return true;
}

static struct listing_order order_of_query(const struct listing_query *query)
{
    struct listing_order order = listing_order_of(query->listing, query->page->sort);
    bool own = query->page->sort == SORT_OWN;
    for (size_t i = 0; i < order.count; i++)
        order.kept[i] = is_kept(query, &order, i);
    order.descending =
        own ? query->listing->newest_first && !query->has_above : query->page->descending;
    return order;
}

/* ---- conditions ---- */

void listing_conditions_of(struct listing_conditions *conditions, const struct filter *filter)
{
    if (filter == NULL) return;
    if (filter->kind != FILTER_AND) {
        assert(conditions->count < LISTING_CONDITIONS_MAX);
        conditions->items[conditions->count++] = filter;
        return;
    }
    for (size_t i = 0; i < filter->child_count; i++)
        listing_conditions_of(conditions, filter->children[i]);
}

static bool is_equality(const struct filter *filter)
{
    return filter->op == FILTER_EQUAL || filter->op == FILTER_IN;
}

enum listing_driver_kind listing_driver_kind_of(const struct listing *listing,
                                                const struct filter *filter)
{
    if (filter->kind == FILTER_LABEL) {
        bool served = listing->labels == LISTING_DEPLOYMENT_LABELS && is_equality(filter);
        return served && filter->value_count == 1 ? LISTING_BY_LABEL : LISTING_WALK;
    }
    bool served = filter->kind == FILTER_FIELD && listing->columns[filter->field].indexed;
    return served && is_equality(filter) ? LISTING_BY_FIELD : LISTING_WALK;
}

static void add_equal(struct listing_sql *sql, const char *column, const char *value)
{
    listing_sql_where(sql);
    text_printf(&sql->text, "%s = ", column);
    listing_sql_text(sql, value);
}

static void add_driver(struct listing_sql *sql, const struct listing_query *query,
                       const struct listing_driver *driver)
{
    switch (driver->kind) {
    case LISTING_WALK:
        break;
    case LISTING_BY_LABEL:
        listing_sql_where(sql);
        text_printf(&sql->text, "%s = l.uid", query->listing->uid);
        add_equal(sql, "l.key", driver->filter->label);
        add_equal(sql, "l.value", driver->filter->values[0].text);
        break;
    case LISTING_BY_FIELD:
        listing_sql_where(sql);
        listing_sql_filter(sql, driver->filter, LISTING_DRIVES);
        break;
    case LISTING_BY_CLUSTER:
        add_equal(sql, query->listing->cluster, query->cluster);
        break;
    }
}

static void add_from(struct listing_sql *sql, const struct listing_query *query,
                     const struct listing_driver *driver)
{
    const struct listing *listing = query->listing;
    bool turned = driver->kind == LISTING_BY_CLUSTER && listing->from_cluster != NULL;
    listing_sql_add(sql, " FROM ");
    if (driver->kind == LISTING_BY_LABEL)
        listing_sql_add(sql, "deployment_labels AS l CROSS JOIN ");
    listing_sql_add(sql, turned ? listing->from_cluster : listing->from);
    if (listing->join != NULL) {
        listing_sql_where(sql);
        listing_sql_add(sql, listing->join);
    }
    add_driver(sql, query, driver);
}

/* The cluster serves a walk where an index has it before the key; else it narrows. */
static void add_cluster(struct listing_sql *sql, const struct listing_query *query, bool walks)
{
    if (query->cluster == NULL) return;
    bool serves = walks && query->uid == NULL && query->listing->cluster_ordered &&
                  query->page->sort == SORT_OWN;
    listing_sql_where(sql);
    text_printf(&sql->text, "%s%s = ", serves ? "" : "+", query->listing->cluster);
    listing_sql_text(sql, query->cluster);
}

static void add_conditions(struct listing_sql *sql, const struct listing_query *query,
                           const struct listing_conditions *conditions,
                           const struct listing_driver *driver)
{
    add_from(sql, query, driver);
    if (query->uid != NULL) add_equal(sql, query->listing->uid, query->uid);
    if (driver->kind != LISTING_BY_CLUSTER) add_cluster(sql, query, driver->kind == LISTING_WALK);
    if (query->has_above) {
        listing_sql_where(sql);
        text_printf(&sql->text, "%s > ", query->listing->keys[0].sql);
        listing_sql_number(sql, query->above);
    }
    for (size_t i = 0; i < conditions->count; i++) {
        if (conditions->items[i] == driver->filter) continue;
        listing_sql_where(sql);
        listing_sql_filter(sql, conditions->items[i], LISTING_NARROWS);
    }
    if (query->page->search == NULL) return;
    listing_sql_where(sql);
    listing_sql_search(sql, query->page->search);
}

/* ---- positions ---- */

/* (a, b) > (?, ?). What a driver finds is sorted: no index is asked for the order then. */
static void add_after(struct listing_sql *sql, const struct listing_query *query,
                      const struct listing_order *order, bool walks)
{
    const struct position *after = query->page->after;
    const char *separator = walks ? "(" : "(+";
    if (after == NULL) return;
    assert(after->count == order->count);
    listing_sql_where(sql);
    for (size_t i = 0; i < order->count; i++) {
        if (!order->kept[i]) continue;
        text_printf(&sql->text, "%s%s", separator, order->parts[i].sql);
        separator = ", ";
    }
    listing_sql_add(sql, order->descending ? ") < " : ") > ");
    separator = "(";
    for (size_t i = 0; i < order->count; i++) {
        if (!order->kept[i]) continue;
        listing_sql_add(sql, separator);
        separator = ", ";
        if (after->parts[i].text != NULL)
            listing_sql_text(sql, after->parts[i].text);
        else
            listing_sql_number(sql, after->parts[i].number);
    }
    listing_sql_add(sql, ")");
}

static void add_order(struct listing_sql *sql, const struct listing_order *order)
{
    const char *separator = " ORDER BY ";
    for (size_t i = 0; i < order->count; i++) {
        if (!order->kept[i]) continue;
        text_printf(&sql->text, "%s%s%s", separator, order->parts[i].sql,
                    order->descending ? " DESC" : "");
        separator = ", ";
    }
}

/* ---- statements ---- */

void listing_compose_driven(struct listing_sql *sql, const struct listing_query *query,
                            const struct listing_driver *driver, int64_t most)
{
    listing_sql_add(sql, "SELECT count(*) FROM (SELECT 1");
    add_from(sql, query, driver);
    listing_sql_add(sql, " LIMIT ");
    listing_sql_number(sql, most);
    listing_sql_add(sql, ")");
}

/* What the rows of a page are, in its order. */
static void add_page(struct listing_sql *sql, const struct listing_query *query,
                     const struct listing_conditions *conditions,
                     const struct listing_driver *driver, const struct listing_order *order)
{
    add_conditions(sql, query, conditions, driver);
    add_after(sql, query, order, driver->kind == LISTING_WALK);
    add_order(sql, order);
    listing_sql_add(sql, " LIMIT ");
    listing_sql_number(sql, query->page->limit + 1);
}

void listing_compose_page(struct listing_sql *sql, const struct listing_query *query,
                          const struct listing_conditions *conditions,
                          const struct listing_driver *driver)
{
    struct listing_order order = order_of_query(query);
    const char *narrow = query->page->sort != SORT_OWN ? query->listing->narrow : NULL;
    listing_sql_add(sql, "SELECT ");
    listing_sql_add(sql, query->select);
    for (size_t i = 0; i < order.count; i++)
        text_printf(&sql->text, ", %s", order.parts[i].sql);
    if (narrow == NULL) {
        add_page(sql, query, conditions, driver, &order);
        return;
    }
    text_printf(&sql->text, " FROM %s WHERE %s IN (SELECT %s", query->listing->from, narrow,
                narrow);
    add_page(sql, query, conditions, driver, &order);
    listing_sql_add(sql, ")");
    add_order(sql, &order);
}

void listing_compose_count(struct listing_sql *sql, const struct listing_query *query,
                           const struct listing_conditions *conditions,
                           const struct listing_driver *driver)
{
    listing_sql_add(sql, "SELECT count(*)");
    add_conditions(sql, query, conditions, driver);
}
