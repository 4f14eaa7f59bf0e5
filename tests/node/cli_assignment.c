/* FIELD=VALUE, as `dogshore patch` takes it. */
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/assignment.h"

#include <criterion/criterion.h>

static struct arena arena;

static void open_arena(void)
{
    arena_init(&arena);
}

static void close_arena(void)
{
    arena_release(&arena);
}

TestSuite(cli_assignment, .init = open_arena, .fini = close_arena);

static const char *shown(const struct json *json)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, &arena);
    json_writer_init(&writer, &text);
    json_value(&writer, json);
    return text_string(&text);
}

static const struct {
    const char *assignment, *patch;
} assignments[] = {
    {"description=5", "{\"description\":\"5\"}"},
    {"description=", "{\"description\":\"\"}"},
    {"description=null", "{\"description\":null}"},
    {"description=\"null\"", "{\"description\":\"null\"}"},
    {"description=a=b", "{\"description\":\"a=b\"}"},
    {"labels.team=ml", "{\"labels\":{\"team\":\"ml\"}}"},
    {"labels.example.com/tier=1", "{\"labels\":{\"example.com/tier\":\"1\"}}"},
    {"labels.team=null", "{\"labels\":{\"team\":null}}"},
    {"labels=null", "{\"labels\":null}"},
    {"labels={\"a\":\"b\"}", "{\"labels\":{\"a\":\"b\"}}"},
    {"spec.replicas=5", "{\"spec\":{\"replicas\":5}}"},
    {"spec.replicas=five", "{\"spec\":{\"replicas\":\"five\"}}"},
    {"spec.paused=true", "{\"spec\":{\"paused\":true}}"},
    {"spec.strategy.max_surge=25%", "{\"spec\":{\"strategy\":{\"max_surge\":\"25%\"}}}"},
    {"spec.strategy.max_surge=2", "{\"spec\":{\"strategy\":{\"max_surge\":2}}}"},
    {"spec.template.version=2", "{\"spec\":{\"template\":{\"version\":\"2\"}}}"},
    {"spec.template.env.DEBUG=1", "{\"spec\":{\"template\":{\"env\":{\"DEBUG\":\"1\"}}}}"},
    {"spec.template.ports.http=0", "{\"spec\":{\"template\":{\"ports\":{\"http\":0}}}}"},
    {"spec.template.command=[\"a\",\"b\"]",
     "{\"spec\":{\"template\":{\"command\":[\"a\",\"b\"]}}}"},
    {"spec.template.probes.readiness.http.path=/up",
     "{\"spec\":{\"template\":{\"probes\":{\"readiness\":{\"http\":{\"path\":\"/up\"}}}}}}"},
    {"unknown.field=7", "{\"unknown\":{\"field\":7}}"},
};

Test(cli_assignment, is_written_field_by_field)
{
    for (size_t i = 0; i < sizeof assignments / sizeof assignments[0]; i++) {
        struct json patch = {.type = JSON_OBJECT};
        struct err err;
        cr_assert_eq(assignment_add(&arena, &patch, assignments[i].assignment, &err), ERR_OK, "%s",
                     err.detail);
        cr_assert_str_eq(shown(&patch), assignments[i].patch, "%s", assignments[i].assignment);
    }
}

Test(cli_assignment, gathers_what_is_written)
{
    static const char *const all[] = {"spec.replicas=5", "labels.a=b", "spec.template.env.A=null",
                                      "spec.template.env.B=c"};
    struct json patch = {.type = JSON_OBJECT};
    struct err err;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        cr_assert_eq(assignment_add(&arena, &patch, all[i], &err), ERR_OK);
    cr_assert_str_eq(shown(&patch),
                     "{\"spec\":{\"replicas\":5,\"template\":{\"env\":{\"A\":null,\"B\":\"c\"}}},"
                     "\"labels\":{\"a\":\"b\"}}");
}

Test(cli_assignment, refuses_what_is_no_assignment_or_is_one_twice)
{
    static const char *const bad[] = {"",
                                      "spec",
                                      "=5",
                                      ".a=5",
                                      "spec.=5",
                                      "spec..replicas=5",
                                      "spec.replicas=6",
                                      "spec.replicas.more=1",
                                      "spec=1"};
    struct json patch = {.type = JSON_OBJECT};
    struct err err;
    cr_assert_eq(assignment_add(&arena, &patch, "spec.replicas=5", &err), ERR_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(assignment_add(&arena, &patch, bad[i], &err), ERR_USAGE, "%s", bad[i]);
    cr_assert_eq(patch.count, 1);
}
