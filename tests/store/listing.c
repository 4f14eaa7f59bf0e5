/* Filters of lists: SQL finds exactly what a plain evaluation of the filter over all rows finds. */
#include "store/listing_world.h"

#include <strings.h>

TestSuite(listing, .init = world_open, .fini = world_close);

/* ---- the plain evaluation ---- */

static bool contains(const char *text, const char *part)
{
    size_t bytes = strlen(part);
    for (; strlen(text) >= bytes; text++)
        if (strncasecmp(text, part, bytes) == 0) return true;
    return false;
}

static int compare(struct filter_value a, struct filter_value b)
{
    if (a.text != NULL) return strcmp(a.text, b.text);
    return a.number < b.number ? -1 : a.number > b.number;
}

static bool is_one_of(struct filter_value value, const struct filter *filter)
{
    for (size_t i = 0; i < filter->value_count; i++)
        if (compare(value, filter->values[i]) == 0) return true;
    return false;
}

static bool compares(const struct filter *filter, struct filter_value value, bool is_time)
{
    struct filter_value with = filter->values[0];
    bool there = !is_time || value.number > 0;
    switch (filter->op) {
    case FILTER_EQUAL:
        return compare(value, with) == 0;
    case FILTER_NOT_EQUAL:
        return compare(value, with) != 0;
    case FILTER_BELOW:
        return there && compare(value, with) < 0;
    case FILTER_AT_MOST:
        return there && compare(value, with) <= 0;
    case FILTER_ABOVE:
        return there && compare(value, with) > 0;
    case FILTER_AT_LEAST:
        return there && compare(value, with) >= 0;
    case FILTER_CONTAINS:
        return contains(value.text, with.text);
    case FILTER_LACKS:
        return !contains(value.text, with.text);
    case FILTER_IN:
        return is_one_of(value, filter);
    case FILTER_NOT_IN:
        return !is_one_of(value, filter);
    case FILTER_EXISTS:
    case FILTER_ABSENT:
        break;
    }
    return false;
}

static bool label_holds(const struct filter *filter, const char *value)
{
    bool absent_fits = filter->op == FILTER_ABSENT || filter->op == FILTER_NOT_EQUAL ||
                       filter->op == FILTER_NOT_IN || filter->op == FILTER_LACKS;
    if (value == NULL) return absent_fits;
    if (filter->op == FILTER_EXISTS || filter->op == FILTER_ABSENT)
        return filter->op == FILTER_EXISTS;
    return compares(filter, (struct filter_value){.text = value}, false);
}

static bool holds(const struct list_kind *list, const void *item, const struct filter *filter)
{
    const struct filter_fields *fields = listing_fields(list->listing);
    switch (filter->kind) {
    case FILTER_AND:
        for (size_t i = 0; i < filter->child_count; i++)
            if (!holds(list, item, filter->children[i])) return false;
        return true;
    case FILTER_OR:
        for (size_t i = 0; i < filter->child_count; i++)
            if (holds(list, item, filter->children[i])) return true;
        return false;
    case FILTER_NOT:
        return !holds(list, item, filter->children[0]);
    case FILTER_LABEL:
        return label_holds(filter, pairs_get(list->labels(item), filter->label));
    case FILTER_FIELD:
        break;
    }
    bool is_time = fields->items[filter->field].type == FILTER_TIME;
    return compares(filter, field_of(list, item, filter->field), is_time);
}

/* The same rows in the same order, and their count. */
static void expect_same(const struct list_kind *list, const struct page *page, const char *what)
{
    struct listed all, found;
    struct page whole = whole_list(), counted = *page;
    counted.count = true;
    const void *items = read_list(list, &whole, &all);
    const void *rows = read_list(list, &counted, &found);
    size_t expected = 0;
    for (size_t i = 0; i < all.count; i++) {
        const void *item = item_at(list, items, i);
        if (page->filter != NULL && !holds(list, item, page->filter)) continue;
        cr_assert_lt(expected, found.count, "%s %s: %s is missing", list->name, what,
                     key_of(list, item));
        cr_assert_str_eq(key_of(list, item_at(list, rows, expected)), key_of(list, item), "%s %s",
                         list->name, what);
        expected++;
    }
    cr_assert_eq(found.count, expected, "%s %s: found too much", list->name, what);
    cr_assert_eq(found.total, (int64_t)expected, "%s %s: count", list->name, what);
}

/* ---- every field by every operator ---- */

static bool has_operator(enum filter_type type, enum filter_operator op)
{
    if (op == FILTER_EXISTS || op == FILTER_ABSENT) return false;
    if (op == FILTER_CONTAINS || op == FILTER_LACKS) return type == FILTER_TEXT;
    if (op == FILTER_IN || op == FILTER_NOT_IN)
        return type == FILTER_TEXT || type == FILTER_INTEGER || type == FILTER_WORD;
    if (op == FILTER_EQUAL || op == FILTER_NOT_EQUAL) return true;
    return type == FILTER_TEXT || type == FILTER_INTEGER || type == FILTER_TIME;
}

static struct filter_value some_value(const struct filter_field *field)
{
    static const int64_t numbers[] = {INT64_MIN, -1, 0, 1, 2, 3, 250, INT64_MAX};
    switch (field->type) {
    case FILTER_TEXT:
        return (struct filter_value){.text = present_text()};
    case FILTER_INTEGER:
        return (struct filter_value){.number = numbers[some(8)]};
    case FILTER_BOOLEAN:
        return (struct filter_value){.number = some(2)};
    case FILTER_WORD:
        return (struct filter_value){.text = field->words[some_word(field->words)]};
    case FILTER_TIME:
        break;
    }
    return (struct filter_value){.number = some_time()};
}

/* A value that some row has, or any of the kind. */
static struct filter_value near_value(const struct list_kind *list, size_t field)
{
    struct listed listed;
    struct page whole = whole_list();
    if (some(2) == 0) return some_value(&listing_fields(list->listing)->items[field]);
    const void *items = read_list(list, &whole, &listed);
    struct filter_value value =
        field_of(list, item_at(list, items, (size_t)some((int64_t)listed.count)), field);
    bool no_word =
        listing_fields(list->listing)->items[field].type == FILTER_WORD && *value.text == '\0';
    return no_word ? some_value(&listing_fields(list->listing)->items[field]) : value;
}

static const struct filter *comparison(const struct list_kind *list, size_t field,
                                       enum filter_operator op)
{
    struct filter *filter = ARENA_NEW(&f.arena, struct filter);
    struct filter_value *values = ARENA_ARRAY(&f.arena, struct filter_value, 3);
    bool set = op == FILTER_IN || op == FILTER_NOT_IN;
    size_t count = set ? (size_t)some(3) + 1 : 1;
    for (size_t i = 0; i < count; i++)
        values[i] = near_value(list, field);
    *filter = (struct filter){
        .kind = FILTER_FIELD, .op = op, .field = field, .values = values, .value_count = count};
    return filter;
}

Test(listing, every_field_by_every_operator_finds_what_is_there)
{
    for (size_t i = 0; i < LISTS; i++) {
        const struct filter_fields *fields = listing_fields(lists[i].listing);
        for (size_t field = 0; field < fields->count; field++)
            for (int op = FILTER_EQUAL; op <= FILTER_NOT_IN; op++)
                for (int time = 0; time < 3; time++) {
                    if (!has_operator(fields->items[field].type, (enum filter_operator)op))
                        continue;
                    struct page page = whole_list();
                    page.filter = comparison(&lists[i], field, (enum filter_operator)op);
                    const char *what = arena_printf(
                        &f.arena, "%s op %d to '%s' %lld", fields->items[field].name, op,
                        page.filter->values[0].text, (long long)page.filter->values[0].number);
                    expect_same(&lists[i], &page, what);
                }
    }
}

/* ---- labels ---- */

static const struct filter *label_comparison(enum filter_operator op)
{
    struct filter *filter = ARENA_NEW(&f.arena, struct filter);
    struct filter_value *values = ARENA_ARRAY(&f.arena, struct filter_value, 3);
    bool set = op == FILTER_IN || op == FILTER_NOT_IN;
    bool none = op == FILTER_EXISTS || op == FILTER_ABSENT;
    for (size_t i = 0; i < 3; i++)
        values[i].text = world_values[some(5)];
    *filter = (struct filter){.kind = FILTER_LABEL,
                              .op = op,
                              .label = some(8) == 0 ? "nobody" : world_keys[some(3)],
                              .values = values,
                              .value_count = none  ? 0
                                             : set ? (size_t)some(3) + 1
                                                   : 1};
    return filter;
}

static const enum filter_operator label_operators[] = {
    FILTER_EQUAL, FILTER_NOT_EQUAL, FILTER_CONTAINS, FILTER_LACKS,
    FILTER_IN,    FILTER_NOT_IN,    FILTER_EXISTS,   FILTER_ABSENT};
enum { LABEL_OPERATORS = sizeof label_operators / sizeof label_operators[0] };

Test(listing, labels_by_every_operator_find_what_is_there)
{
    for (size_t i = 0; i < LISTS; i++) {
        cr_expect_eq(listing_fields(lists[i].listing)->has_labels, lists[i].labels != NULL);
        for (size_t op = 0; lists[i].labels != NULL && op < LABEL_OPERATORS; op++)
            for (int time = 0; time < 8; time++) {
                struct page page = whole_list();
                page.filter = label_comparison(label_operators[op]);
                const char *what =
                    arena_printf(&f.arena, "label.%s op %d to '%s'", page.filter->label,
                                 (int)label_operators[op], page.filter->values[0].text);
                expect_same(&lists[i], &page, what);
            }
    }
}

/* ---- trees ---- */

static const struct filter *some_leaf(const struct list_kind *list)
{
    const struct filter_fields *fields = listing_fields(list->listing);
    if (list->labels != NULL && some(3) == 0)
        return label_comparison(label_operators[some(LABEL_OPERATORS)]);
    size_t field = (size_t)some((int64_t)fields->count);
    enum filter_operator op;
    do
        op = (enum filter_operator)some(FILTER_NOT_IN + 1);
    while (!has_operator(fields->items[field].type, op));
    return comparison(list, field, op);
}

static const struct filter *some_tree(const struct list_kind *list, int depth)
{
    int64_t die = depth == 0 ? 0 : some(5);
    if (die < 2) return some_leaf(list);
    struct filter *filter = ARENA_NEW(&f.arena, struct filter);
    const struct filter **children = ARENA_ARRAY(&f.arena, const struct filter *, 3);
    size_t count = die == 2 ? 1 : (size_t)some(2) + 2;
    for (size_t i = 0; i < count; i++)
        children[i] = some_tree(list, depth - 1);
    *filter = (struct filter){.kind = die == 2   ? FILTER_NOT
                                      : die == 3 ? FILTER_OR
                                                 : FILTER_AND,
                              .children = children,
                              .child_count = count};
    return filter;
}

Test(listing, whatever_tree_finds_what_is_there)
{
    for (size_t i = 0; i < LISTS; i++)
        for (int time = 0; time < 150; time++) {
            struct page page = whole_list();
            page.filter = some_tree(&lists[i], 4);
            expect_same(&lists[i], &page, arena_printf(&f.arena, "tree %d", time));
        }
}

/* ---- search ---- */

static bool is_found(const struct list_kind *list, const void *item, const char *search)
{
    for (size_t i = 0; i < 3 && list->searched[i] != NULL; i++)
        if (contains(named_field(list, item, list->searched[i]).text, search)) return true;
    return false;
}

Test(listing, a_search_finds_a_part_in_any_case)
{
    static const char *const parts[] = {"web",      "WEB",      "%",      "_",    "\\",
                                        "'",        "\"",       "a_b",    "rger", "\xc3\x84",
                                        "\xc3\xa4", "x or 1=1", "nowhere"};
    for (size_t i = 0; i < LISTS; i++)
        for (size_t j = 0; j < sizeof parts / sizeof parts[0]; j++) {
            struct listed all, found;
            struct page whole = whole_list(), page = whole_list();
            page.search = parts[j];
            const void *items = read_list(&lists[i], &whole, &all);
            read_list(&lists[i], &page, &found);
            size_t expected = 0;
            for (size_t k = 0; k < all.count; k++)
                expected += is_found(&lists[i], item_at(&lists[i], items, k), parts[j]);
            cr_expect_eq(found.count, expected, "%s: '%s' found %zu, not %zu", lists[i].name,
                         parts[j], found.count, expected);
        }
}

Test(listing, scopes_and_filters_narrow_together)
{
    struct deployment *deployments;
    struct replica *replicas;
    struct rollout_item *rollouts;
    struct event *events;
    struct listed listed;
    struct page page = whole_list();
    MUST(deployments_page(f.reader, &f.arena, "edge", &page, &deployments, &listed, &err));
    cr_expect_eq(listed.count, 14);
    for (size_t i = 0; i < listed.count; i++)
        SAME_TEXT(deployments[i].cluster, "edge");
    MUST(replicas_page(f.reader, &f.arena, fleet[1].uid, NULL, &page, &replicas, &listed, &err));
    cr_expect_eq(listed.count, 2);
    MUST(replicas_page(f.reader, &f.arena, NULL, "edge", &page, &replicas, &listed, &err));
    cr_expect_eq(listed.count, 28);
    MUST(rollouts_page(f.reader, &f.arena, fleet[1].uid, NULL, &page, &rollouts, &listed, &err));
    cr_assert_eq(listed.count, 2);
    SAME_INT(rollouts[0].rollout.id, 2);
    SAME_TEXT(rollouts[0].deployment, fleet[1].name);
    MUST(rollouts_page(f.reader, &f.arena, NULL, "edge", &page, &rollouts, &listed, &err));
    cr_expect_eq(listed.count, 28);
    MUST(events_page(f.reader, &f.arena, NULL, "edge", -1, &page, &events, &listed, &err));
    cr_expect_eq(listed.count, 14);
    MUST(events_page(f.reader, &f.arena, fleet[1].uid, NULL, 0, &page, &events, &listed, &err));
    cr_expect_eq(listed.count, 1);
    const struct filter *filter;
    MUST(filter_parse(&f.arena, "id = 1", &rollout_fields, &filter, &err));
    page.filter = filter;
    MUST(rollouts_page(f.reader, &f.arena, NULL, "edge", &page, &rollouts, &listed, &err));
    cr_expect_eq(listed.count, 14);
}
