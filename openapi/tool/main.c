/* dogshore-openapi: makes what is served of openapi.yaml, while Dogshore is built.
 *
 *     dogshore-openapi OUT_DIR OPENAPI_YAML [FILE…]
 *
 * OUT_DIR/openapi.json     the same document
 * OUT_DIR/deployment.json  JSON Schema of the deployment document
 * OUT_DIR/files.inc        a row for each of them, for OPENAPI_YAML and for every other FILE, with
 *                          its hash: what openapi/files.c compiles in
 */
#include "base/arena.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "openapi/tool/document_schema.h"
#include "openapi/tool/yaml.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_DIGITS = 16, FILE_BYTES_MAX = 8 << 20 };

static enum err_code read_all(const char *path, struct text *text, struct err *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    char piece[65536];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, file)) > 0 && text->length <= FILE_BYTES_MAX)
        text_append(text, piece, got);
    bool whole = ferror(file) == 0 && text->length <= FILE_BYTES_MAX;
    fclose(file);
    return whole ? ERR_OK : err_set(err, ERR_IO, "%s cannot be read, or is too large", path);
}

static enum err_code write_all(const char *path, struct text *text, struct err *err)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
    bool whole = fwrite(text_string(text), 1, text->length, file) == text->length;
    whole = fclose(file) == 0 && whole;
    return whole ? ERR_OK : err_set(err, ERR_IO, "%s cannot be written", path);
}

/* "/a/b/viewer.js" → "viewer.js" */
static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void add_row(struct arena *arena, struct text *rows, const char *path,
                    const struct text *content)
{
    char hash[CRYPTO_HASH_HEX_BYTES];
    crypto_hash_hex(NULL, content->bytes, content->length, hash);
    char *symbol = arena_strdup(arena, name_of(path));
    for (char *c = symbol; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c)) *c = '_';
    text_printf(rows, "FILE_ROW(%s, \"%s\", \"%s\", \"%.*s\")\n", symbol, name_of(path), path,
                TAG_DIGITS, hash);
}

static enum err_code add_file(struct arena *arena, struct text *rows, const char *path,
                              struct err *err)
{
    struct text content;
    text_init(&content, arena);
    TRY(read_all(path, &content, err));
    add_row(arena, rows, path, &content);
    return ERR_OK;
}

/* Writes OUT_DIR/NAME, and its row. */
static enum err_code make_file(struct arena *arena, struct text *rows, const char *out_dir,
                               const char *name, struct text *content, struct err *err)
{
    const char *path = arena_printf(arena, "%s/%s", out_dir, name);
    text_add_char(content, '\n');
    TRY(write_all(path, content, err));
    add_row(arena, rows, path, content);
    return ERR_OK;
}

static enum err_code make_json(struct arena *arena, struct text *rows, const char *out_dir,
                               const char *yaml_path, struct err *err)
{
    struct text source, json, schema;
    struct json_writer writer;
    struct yaml *openapi;
    text_init(&source, arena);
    text_init(&json, arena);
    text_init(&schema, arena);
    TRY(read_all(yaml_path, &source, err));
    if (yaml_parse(arena, text_string(&source), source.length, &openapi, err) != ERR_OK)
        return err_wrap(err, "%s", yaml_path);
    json_writer_init(&writer, &json);
    yaml_write_json(openapi, &writer);
    TRY(make_file(arena, rows, out_dir, "openapi.json", &json, err));
    json_writer_init(&writer, &schema);
    TRY(document_schema_write(arena, openapi, "DeploymentDocument",
                              "A deployment, as PUT /v1/deployments/{name} takes it", &writer,
                              err));
    return make_file(arena, rows, out_dir, "deployment.json", &schema, err);
}

static enum err_code run(struct arena *arena, int count, char **arguments, struct err *err)
{
    if (count < 3)
        return err_set(err, ERR_USAGE, "usage: dogshore-openapi OUT_DIR OPENAPI_YAML [FILE...]");
    TRY(crypto_start(err));
    const char *out_dir = arguments[1];
    struct text rows;
    text_init(&rows, arena);
    TRY(make_json(arena, &rows, out_dir, arguments[2], err));
    for (int i = 2; i < count; i++)
        TRY(add_file(arena, &rows, arguments[i], err));
    return write_all(arena_printf(arena, "%s/files.inc", out_dir), &rows, err);
}

int main(int count, char **arguments)
{
    auto_arena arena;
    arena_init(&arena);
    struct err err;
    if (run(&arena, count, arguments, &err) == ERR_OK) return EXIT_SUCCESS;
    fprintf(stderr, "dogshore-openapi: %s\n", err.detail);
    return EXIT_FAILURE;
}
