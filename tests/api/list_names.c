/* The names of what a list has: in ?q=, in ?sort= and in ?fields=, and in the documentation. One
 * table says all (store/listing_tables.c); a name that belongs to another parameter is answered
 * with the one that belongs there. */
#include "api/routes.h"
#include "api/target.h"
#include "model/replica.h"
#include "store/listing.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 1, ""));
    fixture_settle(&fixture);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(list_names, .init = open_fixture, .fini = close_fixture);

/* ---- every name on every list ---- */

static const char *path_of(const struct route *route)
{
    struct text text;
    text_init(&text, &fixture.arena);
    const char *name = strstr(route->pattern, "{name}");
    if (name == NULL) return route->pattern;
    text_append(&text, route->pattern, (size_t)(name - route->pattern));
    text_printf(&text, "web%s", name + strlen("{name}"));
    return text_string(&text);
}

static struct answer ask(const char *path, const char *parameter, const char *value)
{
    struct text text;
    text_init(&text, &fixture.arena);
    text_printf(&text, "%s?%s=", path, parameter);
    target_encode(&text, value);
    return fixture_get(&fixture, text_string(&text));
}

static void expect_taken(const char *path, const char *parameter, const char *value)
{
    struct answer answer = ask(path, parameter, value);
    cr_expect_eq(answer.status, 200, "%s %s=%s: %s", path, parameter, value, answer.text);
}

/* NULL: without a hint. */
static void expect_hint(const char *path, const char *parameter, const char *value,
                        const char *hint)
{
    struct answer answer = ask(path, parameter, value);
    const char *said =
        hint == NULL ? "" : arena_printf(&fixture.arena, "; did you mean '%s'?", hint);
    cr_expect_eq(answer.status, 400, "%s %s=%s: %s", path, parameter, value, answer.text);
    cr_expect_not_null(strstr(json_text_at(answer.json, "detail"), said), "%s %s=%s, not '%s': %s",
                       path, parameter, value, said, answer.text);
}

static const char *condition_on(const struct filter_field *field, const char *name)
{
    static const char *const values[] = {[FILTER_TEXT] = "x",
                                         [FILTER_INTEGER] = "1",
                                         [FILTER_BOOLEAN] = "true",
                                         [FILTER_WORD] = NULL,
                                         [FILTER_TIME] = "2026-01-31T09:26:53Z"};
    const char *value = field->type == FILTER_WORD ? field->words[0] : values[field->type];
    return arena_printf(&fixture.arena, "%s = %s", name, value);
}

/* What the list calls `name` is `path` in its items. */
static void check_names_differ(const char *path, const struct filter_field *field)
{
    const char *shown = filter_field_path(field);
    if (shown == NULL) {
        expect_hint(path, "fields", field->name, NULL);
        return;
    }
    if (text_equal(shown, field->name)) return;
    expect_hint(path, "fields", field->name, shown);
    expect_hint(path, "q", condition_on(field, shown), field->name);
    if (field->sortable) expect_hint(path, "sort", shown, field->name);
}

static void check_field(const struct route *route, const struct filter_field *field)
{
    const char *path = path_of(route), *shown = filter_field_path(field);
    bool sorts = strstr(route->parameters, "sort") != NULL;
    expect_taken(path, "q", condition_on(field, field->name));
    if (shown != NULL) expect_taken(path, "fields", shown);
    if (sorts && field->sortable) expect_taken(path, "sort", field->name);
    if (sorts && !field->sortable) expect_hint(path, "sort", field->name, NULL);
    if (sorts) check_names_differ(path, field);
}

Test(list_names, are_taken_where_they_belong_and_hinted_at_elsewhere)
{
    size_t lists = 0;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &routes[i];
        if (route->listing == NULL) continue;
        const struct filter_fields *fields = listing_fields(route->listing);
        for (size_t j = 0; j < fields->count; j++)
            check_field(route, &fields->items[j]);
        lists++;
    }
    cr_expect_geq(lists, 10);
}

Test(list_names, of_labels_and_of_objects_are_hinted_at)
{
    expect_hint("/v1/deployments", "q", "labels.team = ml", "label.team");
    expect_hint("/v1/deployments", "fields", "label.team", "labels.team");
    expect_hint("/v1/nodes", "q", "name = x and labels.zone", "label.zone");
    expect_hint("/v1/deployments", "q", "status.halted = x", "halted");
    expect_hint("/v1/deployments", "q", "spec.replcas = 1", "replicas");
    expect_hint("/v1/deployments", "fields", "spc.replicas", "spec.replicas");
    expect_hint("/v1/deployments", "sort", "-status.state", "state");
}

/* ---- names that are no column ---- */

static size_t count_of(const char *presence)
{
    struct answer answer =
        ask("/v1/replicas", "q", arena_printf(&fixture.arena, "presence = %s", presence));
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    const struct json *items = json_at(answer.json, "items");
    for (size_t i = 0; i < items->count; i++)
        cr_expect_str_eq(json_text_at(&items->children[i], "presence"), presence);
    return items->count;
}

static void expect_presence(const char *presence)
{
    struct answer all = fixture_get(&fixture, "/v1/replicas?q=state=running");
    cr_expect_str_eq(json_text_at(all.json, "items.0.presence"), presence);
    for (int i = 0; i < REPLICA_PRESENCES; i++) {
        const char *word = replica_presence_words[i];
        bool is_this = text_equal(word, presence);
        cr_expect(!is_this || count_of(word) > 0, "%s", word);
        cr_expect(is_this || i == PRESENCE_PRESENT || count_of(word) == 0, "%s", word);
    }
}

Test(list_names, presence_is_that_of_the_node_of_each)
{
    expect_presence("present");
    fixture_silence(&fixture, "n1", "suspect");
    expect_presence("unknown");
    fixture_silence(&fixture, "n1", "lost");
    struct answer lost = fixture_get(&fixture, "/v1/replicas?q=presence%20=%20lost&fields=id");
    cr_expect_eq(json_at(lost.json, "items")->count, 1, "%s", lost.text);
    cr_expect_eq(count_of("lost"), 1);
}

Test(list_names, ended_at_is_shown_once_it_has_ended)
{
    struct answer live = fixture_get(&fixture, "/v1/replicas?fields=created_at,ended_at,resources");
    cr_expect_not_null(json_text_at(live.json, "items.0.created_at"));
    cr_expect_eq(json_at(live.json, "items.0.ended_at")->type, JSON_NULL);
    cr_expect_not_null(json_at(live.json, "items.0.resources.cpu_millis"));
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 0}");
    for (int i = 0; i < 3; i++) {
        fixture_advance(&fixture, 11 * 1000);
        fixture_agent(&fixture, "n1");
        fixture_settle(&fixture);
    }
    struct answer ended = fixture_get(&fixture, "/v1/replicas?sort=-ended_at&limit=1");
    cr_expect_str_eq(json_text_at(ended.json, "items.0.state"), "stopped", "%s", ended.text);
    cr_expect_not_null(json_text_at(ended.json, "items.0.ended_at"));
}

/* ---- the documentation ---- */

static const struct {
    const char *heading;
    const struct filter_fields *fields;
} documented[] = {
    {"### Fields of deployments\n", &deployment_fields},
    {"### Fields of replicas\n", &replica_fields},
    {"### Fields of nodes\n", &node_fields},
    {"### Fields of events\n", &event_fields},
    {"### Fields of revisions\n", &revision_fields},
    {"### Fields of rollouts\n", &rollout_fields},
    {"### Fields of tokens\n", &token_fields},
};

static const char *place_of(const struct filter_field *field)
{
    const char *path = filter_field_path(field);
    if (path == NULL) return "–";
    if (text_equal(path, field->name)) return "the same";
    return arena_printf(&fixture.arena, "`%s`", path);
}

static const char *table_of(const struct filter_fields *fields)
{
    struct text text;
    text_init(&text, &fixture.arena);
    text_add(&text, "| field | what it is | sort | in `fields` |\n|---|---|---|---|\n");
    for (size_t i = 0; i < fields->count; i++) {
        const struct filter_field *field = &fields->items[i];
        text_printf(&text, "| `%s` | ", field->name);
        if (field->type != FILTER_WORD) text_add(&text, filter_type_words[field->type]);
        for (size_t j = 0; field->type == FILTER_WORD && field->words[j] != NULL; j++)
            text_printf(&text, "%s`%s`", j > 0 ? ", " : "", field->words[j]);
        text_printf(&text, " | %s | %s |\n", field->sortable ? "yes" : "no", place_of(field));
    }
    return text_string(&text);
}

static const char *read_document(void)
{
    char piece[4096];
    size_t bytes;
    struct text text;
    FILE *file = fopen(DOGSHORE_SOURCE_DIR "/docs/api.md", "re");
    cr_assert_not_null(file);
    text_init(&text, &fixture.arena);
    while ((bytes = fread(piece, 1, sizeof piece, file)) > 0)
        text_append(&text, piece, bytes);
    fclose(file);
    return text_string(&text);
}

Test(list_names, are_documented)
{
    const char *document = read_document();
    for (size_t i = 0; i < sizeof documented / sizeof documented[0]; i++) {
        const char *section = strstr(document, documented[i].heading);
        cr_assert_not_null(section, "%s", documented[i].heading);
        const char *table = strstr(section, "| field |");
        const char *expected = table_of(documented[i].fields);
        cr_assert_not_null(table);
        cr_expect(text_starts(table, expected), "%s must have\n%s", documented[i].heading,
                  expected);
        cr_expect_neq(table[strlen(expected)], '|', "%s has too much", documented[i].heading);
    }
}
