/* /v1/schema/deployment.json and the decoder judge documents alike: what the schema refuses the
 * decoder refuses, and what it lets pass the decoder takes, but for a few rules between fields. The
 * documents and the schema's word come from deployment_schema.py; it needs Python's jsonschema
 * (Debian: python3-jsonschema, so Debian's python3). */
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "openapi/files.h"
#include "wire/deployment_wire.h"
#include "wire/field_errors.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DOCUMENTS = 1000, SEED = 20260302 };

TestSuite(deployment_schema);

static bool ends_in(const char *text, const char *tail)
{
    size_t bytes = strlen(text), tail_bytes = strlen(tail);
    return bytes >= tail_bytes && text_equal(text + bytes - tail_bytes, tail);
}

/* Rules that JSON Schema has no words for, or none that people could read: sums, comparisons of
 * fields, names that stand elsewhere, the grammar of selectors. */
static bool is_beyond_schema(const struct field_error *error)
{
    static const struct {
        const char *tail, *code;
    } beyond[] = {
        {"/port", "conflict"},
        {"/set_weight", "conflict"},
        {"/check", "conflict"},
        {"/backoff_initial_seconds", "conflict"},
        {"/progress_deadline_seconds", "conflict"},
        {"/node_selector", "pattern"},
        {"/command/0", "length"},
    };
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        if (text_equal(error->code, beyond[i].code) && ends_in(error->pointer, beyond[i].tail))
            return true;
    return text_equal(error->code, "conflict") && strstr(error->pointer, "/command/") != NULL;
}

static bool decode(struct arena *arena, const char *json, struct field_errors *errors)
{
    struct json *root;
    struct deployment_document document;
    field_errors_init(errors, arena);
    cr_assert_eq(json_parse(arena, json, strlen(json), &root, NULL), ERR_OK, "%s", json);
    return deployment_document_decode(root, arena, &document, errors);
}

static void judge(const char *line)
{
    struct arena arena;
    struct field_errors errors;
    arena_init(&arena);
    const char *json = line + strlen("valid ");
    bool taken = decode(&arena, json, &errors);
    if (text_starts(line, "wrong "))
        cr_assert(!taken, "the schema refuses what the decoder takes: %s", json);
    else
        for (size_t i = 0; i < errors.count; i++)
            cr_assert(is_beyond_schema(&errors.items[i]),
                      "the schema lets pass what the decoder refuses (%s %s %s): %s",
                      errors.items[i].pointer, errors.items[i].code, errors.items[i].detail, json);
    arena_release(&arena);
}

static void judge_case(const char *line)
{
    struct arena arena;
    struct field_errors errors;
    arena_init(&arena);
    bool good = text_starts(line, "good ");
    const char *verdict = strchr(line, ' ') + 1, *json = strchr(verdict, ' ') + 1;
    bool taken = decode(&arena, json, &errors);
    cr_expect_eq(taken, good, "the decoder %s %s", taken ? "takes" : "refuses", json);
    cr_expect_eq(text_starts(verdict, "valid "), good, "the schema says %s", verdict);
    arena_release(&arena);
}

static void save_schema(const char *path)
{
    const struct openapi_file *schema = openapi_file_find("deployment.json");
    cr_assert_not_null(schema);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    size_t bytes = (size_t)(schema->end - schema->bytes);
    cr_assert_eq(fwrite(schema->bytes, 1, bytes, file), bytes);
    fclose(file);
}

/* Lines of "valid " and "wrong " are counted. */
struct counts {
    size_t lines, valid;
};

static struct counts judge_lines(const char *arguments, void (*judge_line)(const char *line))
{
    char path[] = "/tmp/dogshore-schema-XXXXXX", command[512];
    struct counts counts = {0};
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    save_schema(path);
    snprintf(command, sizeof command, "/usr/bin/python3 -B %s/tests/api/deployment_schema.py %s %s",
             DOGSHORE_SOURCE_DIR, path, arguments);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    char *line = NULL;
    size_t room = 0;
    for (; getline(&line, &room, pipe) > 0; counts.lines++) {
        line[strcspn(line, "\n")] = '\0';
        judge_line(line);
        counts.valid += text_starts(line, "valid ");
    }
    free(line);
    int status = pclose(pipe);
    unlink(path);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return counts;
}

Test(deployment_schema, judges_as_the_decoder_does)
{
    char arguments[64];
    snprintf(arguments, sizeof arguments, "%d %d", SEED, DOCUMENTS);
    struct counts counts = judge_lines(arguments, judge);
    cr_assert_eq(counts.lines, DOCUMENTS);
    cr_assert(counts.valid > DOCUMENTS / 4 && counts.valid < DOCUMENTS * 3 / 4, "%zu valid",
              counts.valid);
}

Test(deployment_schema, knows_each_rule_between_fields)
{
    struct counts counts = judge_lines("", judge_case);
    cr_assert_gt(counts.lines, 80);
}
