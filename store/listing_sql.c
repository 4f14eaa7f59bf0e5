#include "store/listing_sql.h"

#include "base/arena.h"

#include <assert.h>

void listing_sql_init(struct listing_sql *sql, struct arena *arena, const struct listing *listing)
{
    *sql = (struct listing_sql){.arena = arena, .listing = listing};
    text_init(&sql->text, arena);
}

void listing_sql_add(struct listing_sql *sql, const char *text)
{
    text_add(&sql->text, text);
}

static void add_bind(struct listing_sql *sql, struct listing_bind bind)
{
    sql->binds = row_array_grow(sql->arena, sql->binds, sql->bind_count, sizeof *sql->binds);
    sql->binds[sql->bind_count++] = bind;
    listing_sql_add(sql, "?");
}

void listing_sql_text(struct listing_sql *sql, const char *value)
{
    assert(value != NULL);
    add_bind(sql, (struct listing_bind){.text = value});
}

void listing_sql_number(struct listing_sql *sql, int64_t value)
{
    add_bind(sql, (struct listing_bind){.number = value});
}

void listing_sql_where(struct listing_sql *sql)
{
    listing_sql_add(sql, sql->has_where ? " AND " : " WHERE ");
    sql->has_where = true;
}

void listing_sql_bind(const struct listing_sql *sql, struct row *row)
{
    for (size_t i = 0; i < sql->bind_count; i++) {
        if (sql->binds[i].text != NULL)
            row_bind_text(row, sql->binds[i].text);
        else
            row_bind_int(row, sql->binds[i].number);
    }
}

/* ---- comparisons ---- */

/* What LIKE takes for "anywhere in it"; the rest stands for itself. */
static const char *substring_pattern(struct arena *arena, const char *part)
{
    struct text text;
    text_init(&text, arena);
    text_add_char(&text, '%');
    for (const char *c = part; *c != '\0'; c++) {
        if (strchr("%_\\", *c) != NULL) text_add_char(&text, '\\');
        text_add_char(&text, *c);
    }
    text_add_char(&text, '%');
    return text_string(&text);
}

static void add_contains(struct listing_sql *sql, const char *expression, const char *part)
{
    listing_sql_add(sql, expression);
    listing_sql_add(sql, " LIKE ");
    listing_sql_text(sql, substring_pattern(sql->arena, part));
    listing_sql_add(sql, " ESCAPE '\\'");
}

static void add_value(struct listing_sql *sql, const struct filter_value *value)
{
    if (value->text != NULL)
        listing_sql_text(sql, value->text);
    else
        listing_sql_number(sql, value->number);
}

static void add_values(struct listing_sql *sql, const struct filter *filter)
{
    listing_sql_add(sql, " IN (");
    for (size_t i = 0; i < filter->value_count; i++) {
        if (i > 0) listing_sql_add(sql, ", ");
        add_value(sql, &filter->values[i]);
    }
    listing_sql_add(sql, ")");
}

static const char *sign_of(enum filter_operator op)
{
    switch (op) {
    case FILTER_NOT_EQUAL:
        return " <> ";
    case FILTER_BELOW:
        return " < ";
    case FILTER_AT_MOST:
        return " <= ";
    case FILTER_ABOVE:
        return " > ";
    case FILTER_AT_LEAST:
        return " >= ";
    case FILTER_EQUAL:
    case FILTER_CONTAINS:
    case FILTER_LACKS:
    case FILTER_IN:
    case FILTER_NOT_IN:
    case FILTER_EXISTS:
    case FILTER_ABSENT:
        break;
    }
    return " = ";
}

/* A time that has not come is 0, and nothing is before it nor after it. */
static bool misses_absent(enum filter_type type, enum filter_operator op)
{
    return type == FILTER_TIME && op != FILTER_EQUAL && op != FILTER_NOT_EQUAL;
}

static void add_field(struct listing_sql *sql, const struct filter *filter, enum listing_use use)
{
    const char *plus = use == LISTING_DRIVES ? "" : "+";
    const char *column =
        arena_printf(sql->arena, "%s%s", plus, sql->listing->columns[filter->field].sql);
    enum filter_type type = sql->listing->fields->items[filter->field].type;
    bool negated = filter->op == FILTER_LACKS || filter->op == FILTER_NOT_IN;
    listing_sql_add(sql, negated ? "NOT (" : "(");
    if (filter->op == FILTER_CONTAINS || filter->op == FILTER_LACKS) {
        add_contains(sql, column, filter->values[0].text);
    } else if (filter->op == FILTER_IN || filter->op == FILTER_NOT_IN) {
        listing_sql_add(sql, column);
        add_values(sql, filter);
    } else {
        if (misses_absent(type, filter->op)) text_printf(&sql->text, "%s > 0 AND ", column);
        listing_sql_add(sql, column);
        listing_sql_add(sql, sign_of(filter->op));
        add_value(sql, &filter->values[0]);
    }
    listing_sql_add(sql, ")");
}

/* ---- labels ---- */

static bool asks_absence(enum filter_operator op)
{
    return op == FILTER_NOT_EQUAL || op == FILTER_NOT_IN || op == FILTER_LACKS ||
           op == FILTER_ABSENT;
}

/* Of the value of a label that is there. */
static void add_value_test(struct listing_sql *sql, const struct filter *filter, const char *value)
{
    switch (filter->op) {
    case FILTER_CONTAINS:
    case FILTER_LACKS:
        add_contains(sql, value, filter->values[0].text);
        break;
    case FILTER_EXISTS:
    case FILTER_ABSENT:
        text_printf(&sql->text, "%s IS NOT NULL", value);
        break;
    case FILTER_EQUAL:
    case FILTER_NOT_EQUAL:
    case FILTER_IN:
    case FILTER_NOT_IN:
    case FILTER_BELOW:
    case FILTER_AT_MOST:
    case FILTER_ABOVE:
    case FILTER_AT_LEAST:
        listing_sql_add(sql, value);
        add_values(sql, filter);
        break;
    }
}

static void add_deployment_label(struct listing_sql *sql, const struct filter *filter)
{
    text_printf(&sql->text,
                "EXISTS (SELECT 1 FROM deployment_labels AS f WHERE f.uid = %s AND f.key = ",
                sql->listing->uid);
    listing_sql_text(sql, filter->label);
    listing_sql_add(sql, " AND ");
    add_value_test(sql, filter, "+f.value");
    listing_sql_add(sql, ")");
}

/* Keys of labels have no character that a path would have to escape. NULL when it is absent, so the
 * test may be NULL as well. */
static void add_json_label(struct listing_sql *sql, const struct filter *filter)
{
    text_printf(&sql->text, "coalesce((SELECT ");
    add_value_test(sql, filter, "j.value");
    text_printf(&sql->text, " FROM (SELECT json_extract(%s, ", sql->listing->json_labels);
    listing_sql_text(sql, arena_printf(sql->arena, "$.\"%s\"", filter->label));
    listing_sql_add(sql, ") AS value) AS j), 0)");
}

static void add_label(struct listing_sql *sql, const struct filter *filter)
{
    listing_sql_add(sql, asks_absence(filter->op) ? "NOT (" : "(");
    if (sql->listing->labels == LISTING_JSON_LABELS)
        add_json_label(sql, filter);
    else
        add_deployment_label(sql, filter);
    listing_sql_add(sql, ")");
}

/* ---- trees ---- */

static void add_children(struct listing_sql *sql, const struct filter *filter, const char *between)
{
    listing_sql_add(sql, "(");
    for (size_t i = 0; i < filter->child_count; i++) {
        if (i > 0) listing_sql_add(sql, between);
        listing_sql_filter(sql, filter->children[i], LISTING_NARROWS);
    }
    listing_sql_add(sql, ")");
}

void listing_sql_filter(struct listing_sql *sql, const struct filter *filter, enum listing_use use)
{
    switch (filter->kind) {
    case FILTER_AND:
        add_children(sql, filter, " AND ");
        break;
    case FILTER_OR:
        add_children(sql, filter, " OR ");
        break;
    case FILTER_NOT:
        listing_sql_add(sql, "NOT ");
        listing_sql_filter(sql, filter->children[0], LISTING_NARROWS);
        break;
    case FILTER_FIELD:
        add_field(sql, filter, use);
        break;
    case FILTER_LABEL:
        add_label(sql, filter);
        break;
    }
}

void listing_sql_search(struct listing_sql *sql, const char *search)
{
    listing_sql_add(sql, "(");
    for (size_t i = 0; i < LISTING_SEARCH_MAX && sql->listing->search[i] != NULL; i++) {
        if (i > 0) listing_sql_add(sql, " OR ");
        add_contains(sql, sql->listing->search[i], search);
    }
    listing_sql_add(sql, ")");
}
