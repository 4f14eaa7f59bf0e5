/* filter.h: a condition on the items of a list, as a tree: what ?q=, ?selector= and ?state= are
 * turned into. The store compiles it to SQL whose values are all bound (store/listing.h).
 *
 * The language of ?q= (keywords in any case, `and` binds closer than `or`):
 *
 *   expr       = and { "or" and }                and     = unary { "and" unary }
 *   unary      = "not" unary | "(" expr ")" | comparison
 *   comparison = field op value | field [ "not" ] "in" "(" value { "," value } ")"
 *              | label [ op value | [ "not" ] "in" "(" … ")" ]    label alone: the key exists
 *   label      = "label." key | "label." quoted       op = "=" "!=" "<" "<=" ">" ">=" "~" "!~"
 *   value      = word | quoted                        quoted = "…" with \" and \\
 *
 * A word ends at a space or at one of ( ) , = ! < > ~ ", and begins with no '. `~` is a
 * case-insensitive (ASCII) substring. `!=` and `not in` match items without the label, as in label
 * selectors. Times are RFC 3339; one that has not come yet is neither before nor after any other. A
 * text that is absent is empty, a number that is absent is 0. A filter never depends on the time of
 * day.
 *
 * Ownership: everything lives in the arena it was parsed into. Pure.
 */
#ifndef DOGSHORE_MODEL_FILTER_H
#define DOGSHORE_MODEL_FILTER_H

#include "base/err.h"
#include "model/selector.h"

enum filter_type {
    FILTER_TEXT,    /* = != ~ !~ in < <= > >= */
    FILTER_INTEGER, /* = != < <= > >= in */
    FILTER_BOOLEAN, /* = != */
    FILTER_WORD,    /* = != in; one of `words` */
    FILTER_TIME     /* < <= > >= = !=; wall ms */
};
/* As the documentation calls them: text, integer, boolean, word, time. */
extern const char *const filter_type_words[];

/* What a list can be filtered and sorted by: one static table a list (store/listing.h), which is
 * also what the documentation shows. */
struct filter_field {
    const char *name; /* as in ?q= and ?sort= */
    const char *path; /* as in ?fields=: NULL = the same, "" = items do not show it */
    enum filter_type type;
    const char *const *words; /* of FILTER_WORD */
    bool sortable;
};

struct filter_fields {
    const struct filter_field *items;
    size_t count;
    bool has_labels;
};

enum filter_kind { FILTER_AND, FILTER_OR, FILTER_NOT, FILTER_FIELD, FILTER_LABEL };

enum filter_operator {
    FILTER_EQUAL,
    FILTER_NOT_EQUAL,
    FILTER_BELOW,
    FILTER_AT_MOST,
    FILTER_ABOVE,
    FILTER_AT_LEAST,
    FILTER_CONTAINS,
    FILTER_LACKS,
    FILTER_IN,
    FILTER_NOT_IN,
    FILTER_EXISTS, /* of labels */
    FILTER_ABSENT
};

/* Text for FILTER_TEXT, FILTER_WORD and labels; a number for the others (booleans 0 and 1). */
struct filter_value {
    const char *text;
    int64_t number;
};

struct filter {
    enum filter_kind kind;
    /* AND, OR: at least one; NOT: exactly one. */
    const struct filter **children;
    size_t child_count;
    /* FIELD, LABEL */
    enum filter_operator op;
    size_t field;      /* position in the list's table */
    const char *label; /* key */
    const struct filter_value *values;
    size_t value_count;
};

/* Blank text is NULL: everything. Errors are ERR_BAD_PARAMETER: "q, at character 7: …", with what
 * was expected there and, for an unknown field or word, the nearest known one, else all of them. */
enum err_code filter_parse(struct arena *arena, const char *text,
                           const struct filter_fields *fields, const struct filter **filter,
                           struct err *err);
/* NULL when it selects everything. */
const struct filter *filter_of_selector(struct arena *arena, const struct selector *selector);
/* The field (a FILTER_WORD) is one of `list`, words parted by commas, as ?state= has them.
 * ERR_BAD_PARAMETER names `parameter`. */
enum err_code filter_of_words(struct arena *arena, const char *parameter, const char *list,
                              const struct filter_fields *fields, size_t field,
                              const struct filter **filter, struct err *err);
/* Both; either may be NULL, which is no condition. */
const struct filter *filter_and(struct arena *arena, const struct filter *a,
                                const struct filter *b);
/* Position of `name`, or -1. */
int filter_field_find(const struct filter_fields *fields, const char *name);
/* As ?fields= calls it; NULL when items do not show it. */
const char *filter_field_path(const struct filter_field *field);
/* The name of what is known by another one: that of ?fields= or of an object around it alone, else
 * the nearest; NULL when none is near. With `sortable` of those alone that a list can be sorted by.
 */
const char *filter_field_nearest(struct arena *arena, const struct filter_fields *fields,
                                 const char *name, bool sortable);
/* Their names: "name, cluster, state"; with `sortable` as above. */
const char *filter_field_names(struct arena *arena, const struct filter_fields *fields,
                               bool sortable);
/* What is said of a word that is none of them: "did you mean 'running'?" or "known are …". */
const char *filter_word_hint(struct arena *arena, const char *const *words, const char *word);

#endif
