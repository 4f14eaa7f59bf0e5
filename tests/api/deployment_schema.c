/* /v1/schema/deployment.json and the decoder judge documents alike: what the schema refuses the
 * decoder refuses, and what it lets pass the decoder takes, but for the rules between fields. The
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

/* A rule that JSON Schema has no words for, or none that people could read. */
static bool is_beyond_schema(const struct field_error *error)
{
    const char *pointer = error->pointer, *code = error->code;
    if (text_equal(code, "conflict")) return true;
    if (text_equal(code, "required")) /* one of several members */
        return strstr(pointer, "/probes/") != NULL || strstr(pointer, "/steps") != NULL;
    if (text_equal(code, "pattern")) return ends_in(pointer, "/node_selector");
    return text_equal(code, "length") && ends_in(pointer, "/command/0");
}

static void judge(const char *line)
{
    struct arena arena;
    struct field_errors errors;
    struct json *root;
    struct deployment_document document;
    arena_init(&arena);
    field_errors_init(&errors, &arena);
    const char *json = line + strlen("valid ");
    cr_assert_eq(json_parse(&arena, json, strlen(json), &root, NULL), ERR_OK, "%s", json);
    bool taken = deployment_document_decode(root, &arena, &document, &errors);
    if (text_starts(line, "wrong "))
        cr_assert(!taken, "the schema refuses what the decoder takes: %s", json);
    else
        for (size_t i = 0; i < errors.count; i++)
            cr_assert(is_beyond_schema(&errors.items[i]),
                      "the schema lets pass what the decoder refuses (%s %s %s): %s",
                      errors.items[i].pointer, errors.items[i].code, errors.items[i].detail, json);
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

Test(deployment_schema, judges_as_the_decoder_does)
{
    char path[] = "/tmp/dogshore-schema-XXXXXX", command[512];
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    save_schema(path);
    snprintf(command, sizeof command,
             "/usr/bin/python3 -B %s/tests/api/deployment_schema.py %s %d %d", DOGSHORE_SOURCE_DIR,
             path, SEED, DOCUMENTS);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    char *line = NULL;
    size_t room = 0, valid = 0, wrong = 0;
    while (getline(&line, &room, pipe) > 0) {
        line[strcspn(line, "\n")] = '\0';
        judge(line);
        *(text_starts(line, "valid ") ? &valid : &wrong) += 1;
    }
    free(line);
    int status = pclose(pipe);
    unlink(path);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    cr_assert_eq(valid + wrong, DOCUMENTS);
    cr_assert(valid > DOCUMENTS / 4 && wrong > DOCUMENTS / 4, "%zu valid, %zu wrong", valid, wrong);
}
