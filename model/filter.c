#include "model/filter.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

const char *const filter_type_words[] = {
    [FILTER_TEXT] = "text", [FILTER_INTEGER] = "integer", [FILTER_BOOLEAN] = "boolean",
    [FILTER_WORD] = "word", [FILTER_TIME] = "time",       NULL,
};

/* ---- names ---- */

int filter_field_find(const struct filter_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (text_equal(fields->items[i].name, name)) return (int)i;
    return -1;
}

const char *filter_field_path(const struct filter_field *field)
{
    if (field->path == NULL) return field->name;
    return field->path[0] != '\0' ? field->path : NULL;
}

/* Is it the field, or all that there is within that object? */
static bool is_path_to(const struct filter_field *field, const char *path)
{
    const char *whole = filter_field_path(field);
    if (whole == NULL || !text_starts(whole, path)) return false;
    char next = whole[strlen(path)];
    return next == '\0' || next == '.';
}

static const char *name_of_path(const struct filter_fields *fields, const char *path, bool sortable)
{
    const char *name = NULL;
    for (size_t i = 0; i < fields->count; i++) {
        const struct filter_field *field = &fields->items[i];
        if ((sortable && !field->sortable) || !is_path_to(field, path)) continue;
        if (name != NULL) return NULL;
        name = field->name;
    }
    return name;
}

static const char **names_of(struct arena *arena, const struct filter_fields *fields, bool sortable,
                             size_t *count)
{
    const char **names = ARENA_ARRAY(arena, const char *, fields->count);
    *count = 0;
    for (size_t i = 0; i < fields->count; i++)
        if (fields->items[i].sortable || !sortable) names[(*count)++] = fields->items[i].name;
    return names;
}

const char *filter_field_nearest(struct arena *arena, const struct filter_fields *fields,
                                 const char *name, bool sortable)
{
    const char *known = name_of_path(fields, name, sortable);
    if (known != NULL) return known;
    size_t count;
    const char **names = names_of(arena, fields, sortable, &count);
    const char *dot = strrchr(name, '.');
    return text_nearest(dot != NULL ? dot + 1 : name, names, count);
}

const char *filter_field_names(struct arena *arena, const struct filter_fields *fields,
                               bool sortable)
{
    size_t count;
    const char **names = names_of(arena, fields, sortable, &count);
    return text_join(arena, names, count);
}

const char *filter_word_hint(struct arena *arena, const char *const *words, const char *word)
{
    size_t count = 0;
    while (words[count] != NULL)
        count++;
    const char *nearest = text_nearest(word, words, count);
    if (nearest != NULL) return arena_printf(arena, "did you mean '%s'?", nearest);
    return arena_printf(arena, "known are %s", text_join(arena, words, count));
}

/* ---- trees ---- */

static enum filter_operator label_operator(const struct selector_term *term)
{
    bool one = term->values.count == 1;
    switch (term->op) {
    case SELECTOR_EXISTS:
        return FILTER_EXISTS;
    case SELECTOR_ABSENT:
        return FILTER_ABSENT;
    case SELECTOR_IN:
        return one ? FILTER_EQUAL : FILTER_IN;
    case SELECTOR_NOT_IN:
        return one ? FILTER_NOT_EQUAL : FILTER_NOT_IN;
    }
    return FILTER_EXISTS;
}

static const struct filter *filter_of_term(struct arena *arena, const struct selector_term *term)
{
    struct filter *filter = ARENA_NEW(arena, struct filter);
    struct filter_value *values = ARENA_ARRAY(arena, struct filter_value, term->values.count);
    for (size_t i = 0; i < term->values.count; i++)
        values[i].text = term->values.items[i];
    *filter = (struct filter){.kind = FILTER_LABEL,
                              .op = label_operator(term),
                              .label = term->key,
                              .values = values,
                              .value_count = term->values.count};
    return filter;
}

const struct filter *filter_of_selector(struct arena *arena, const struct selector *selector)
{
    if (selector->count == 0) return NULL;
    const struct filter **children = ARENA_ARRAY(arena, const struct filter *, selector->count);
    for (size_t i = 0; i < selector->count; i++)
        children[i] = filter_of_term(arena, &selector->terms[i]);
    struct filter *filter = ARENA_NEW(arena, struct filter);
    *filter =
        (struct filter){.kind = FILTER_AND, .children = children, .child_count = selector->count};
    return filter;
}

const struct filter *filter_and(struct arena *arena, const struct filter *a, const struct filter *b)
{
    if (a == NULL || b == NULL) return a != NULL ? a : b;
    const struct filter **children = ARENA_ARRAY(arena, const struct filter *, 2);
    struct filter *filter = ARENA_NEW(arena, struct filter);
    children[0] = a;
    children[1] = b;
    *filter = (struct filter){.kind = FILTER_AND, .children = children, .child_count = 2};
    return filter;
}

/* ---- words ---- */

enum err_code filter_of_words(struct arena *arena, const char *parameter, const char *list,
                              const struct filter_fields *fields, size_t field,
                              const struct filter **filter, struct err *err)
{
    const char *const *words = fields->items[field].words;
    struct filter_value *values = ARENA_ARRAY(arena, struct filter_value, LIMIT_FILTER_VALUES);
    size_t count = 0;
    for (const char *at = list;; at++) {
        size_t bytes = strcspn(at, ",");
        const char *word = arena_strndup(arena, at, bytes);
        if (word_find(words, word) < 0)
            return err_set(err, ERR_BAD_PARAMETER, "%s has no word '%.64s'; %s", parameter, word,
                           filter_word_hint(arena, words, word));
        if (count == LIMIT_FILTER_VALUES)
            return err_set(err, ERR_BAD_PARAMETER, "%s has more than %d words", parameter,
                           LIMIT_FILTER_VALUES);
        values[count++].text = word;
        at += bytes;
        if (*at == '\0') break;
    }
    struct filter *made = ARENA_NEW(arena, struct filter);
    *made = (struct filter){.kind = FILTER_FIELD,
                            .op = count == 1 ? FILTER_EQUAL : FILTER_IN,
                            .field = field,
                            .values = values,
                            .value_count = count};
    *filter = made;
    return ERR_OK;
}
