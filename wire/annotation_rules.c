#include "wire/annotation_rules.h"

#include "base/arena.h"
#include "model/deployment.h"
#include "wire/deployment_wire.h"

#include <string.h>

static const char *const scrape_words[] = {"false", "true", NULL};
static const char *const scheme_words[] = {"http", "https", NULL};

#define PREFIX "prometheus.io/"

/* The value of an annotation, NULL when it is absent or wrong by itself; *below is where it is. */
static const char *value_of(const struct field_decoder *decoder, const struct pairs *annotations,
                            const char *name, const char **below)
{
    *below = arena_printf(decoder->arena, "annotations/prometheus.io~1%s", name);
    const char *value = pairs_get(annotations, arena_printf(decoder->arena, PREFIX "%s", name));
    return value == NULL || field_is_wrong(decoder, *below) ? NULL : value;
}

static void check_word(struct field_decoder *decoder, const struct pairs *annotations,
                       const char *name, const char *const *words)
{
    const char *below;
    const char *value = value_of(decoder, annotations, name, &below);
    if (value == NULL || word_find(words, value) >= 0) return;
    field_fail_below(decoder, below, "enum", "must be '%s' or '%s', got '%s'", words[0], words[1],
                     field_quote(decoder, value));
}

/* What may stand in an address as it is, besides escapes: no space, quote, '#' or '?'. */
static bool is_path_character(char c)
{
    return c > ' ' && c <= '~' && c != '"' && c != '#' && c != '?';
}

static void check_path(struct field_decoder *decoder, const struct pairs *annotations)
{
    const char *below;
    const char *value = value_of(decoder, annotations, "path", &below);
    if (value == NULL) return;
    const char *end = value;
    while (is_path_character(*end))
        end++;
    if (*value != '/')
        field_fail_below(decoder, below, "pattern", "must begin with '/'");
    else if (*end != '\0')
        field_fail_below(decoder, below, "pattern",
                         "must be a path without query, in which spaces, quotes and what is not "
                         "ASCII are escaped");
}

static void check_port(struct field_decoder *decoder, const struct pairs *annotations,
                       const struct ports *ports)
{
    const char *below;
    const char *value = value_of(decoder, annotations, "port", &below);
    if (value == NULL || ports_has(ports, value)) return;
    field_fail_below(decoder, below, "conflict",
                     "must be the name of one of spec.template.ports, got '%s'",
                     field_quote(decoder, value));
}

static void check_any_port(struct field_decoder *decoder, const struct pairs *annotations,
                           const struct ports *ports)
{
    const char *below;
    const char *scrape = value_of(decoder, annotations, "scrape", &below);
    if (scrape == NULL || strcmp(scrape, "true") != 0 || ports->count > 0) return;
    field_fail_below(decoder, below, "conflict",
                     "cannot be 'true' while spec.template.ports is empty: nothing could be "
                     "scraped");
}

void annotation_rules_check(struct field_decoder *decoder, const struct json *json, void *object)
{
    const struct deployment_document *document = object;
    const struct pairs *annotations = &document->annotations;
    const struct ports *ports = &document->spec.template.ports;
    check_word(decoder, annotations, "scrape", scrape_words);
    check_word(decoder, annotations, "scheme", scheme_words);
    check_path(decoder, annotations);
    if (json_member(json, "spec") == NULL || field_is_wrong(decoder, "spec/template")) return;
    check_port(decoder, annotations, ports);
    if (pairs_get(annotations, PREFIX "port") == NULL) check_any_port(decoder, annotations, ports);
}
