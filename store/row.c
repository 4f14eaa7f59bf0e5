#include "store/row.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "wire/deployment_wire.h"

#include <assert.h>

struct row row_open(struct store_db *db, enum statement_group group, int which)
{
    sqlite3_stmt *statement = db->prepared[group][which];
    assert(statement != NULL); /* NULL: a write through a reader */
    assert(!sqlite3_stmt_busy(statement));
    return (struct row){.db = db, .statement = statement};
}

void row_close(struct row *row)
{
    if (row->statement == NULL) return;
    sqlite3_reset(row->statement);
    sqlite3_clear_bindings(row->statement);
}

/* Nothing is copied and nothing allocated, so that only a wrong position can fail. */
static void bound(struct row *row, int code)
{
    (void)row;
    assert(code == SQLITE_OK);
}

void row_bind_text(struct row *row, const char *text)
{
    bound(row, sqlite3_bind_text(row->statement, ++row->position, text, -1, SQLITE_STATIC));
}

void row_bind_int(struct row *row, int64_t number)
{
    bound(row, sqlite3_bind_int64(row->statement, ++row->position, number));
}

void row_bind_bool(struct row *row, bool value)
{
    row_bind_int(row, value ? 1 : 0);
}

void row_bind_word(struct row *row, const char *const *words, int value)
{
    row_bind_text(row, word_of(words, value));
}

void row_bind_bytes(struct row *row, const void *bytes, size_t count)
{
    bound(row, sqlite3_bind_blob64(row->statement, ++row->position, bytes, count, SQLITE_STATIC));
}

enum err_code row_next(struct row *row, bool *found, struct err *err)
{
    assert(row->stepped || row->position == sqlite3_bind_parameter_count(row->statement));
    int code = sqlite3_step(row->statement);
    row->stepped = true;
    row->position = 0;
    *found = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE) return ERR_OK;
    return connection_error(row->db, code, err);
}

enum err_code row_run(struct row *row, struct err *err)
{
    bool found;
    do
        TRY(row_next(row, &found, err));
    while (found);
    sqlite3_reset(row->statement);
    row->stepped = false;
    return ERR_OK;
}

int64_t row_changes(const struct row *row)
{
    return sqlite3_changes64(row->db->handle);
}

const char *row_text(struct row *row, struct arena *arena)
{
    int column = row->position++;
    const unsigned char *text = sqlite3_column_text(row->statement, column);
    if (text == NULL) return NULL;
    return arena_strndup(arena, (const char *)text,
                         (size_t)sqlite3_column_bytes(row->statement, column));
}

int64_t row_int(struct row *row)
{
    return sqlite3_column_int64(row->statement, row->position++);
}

bool row_bool(struct row *row)
{
    return row_int(row) != 0;
}

int row_word(struct row *row, const char *const *words)
{
    const char *text = (const char *)sqlite3_column_text(row->statement, row->position++);
    int value = text == NULL ? -1 : word_find(words, text);
    if (value >= 0) return value;
    row->bad_word = sqlite3_column_name(row->statement, row->position - 1);
    return 0;
}

bool row_bytes(struct row *row, void *bytes, size_t count)
{
    int column = row->position++;
    const void *stored = sqlite3_column_blob(row->statement, column);
    if (stored == NULL || (size_t)sqlite3_column_bytes(row->statement, column) != count)
        return false;
    memcpy(bytes, stored, count);
    return true;
}

enum err_code row_check(const struct row *row, struct err *err)
{
    if (row->bad_word == NULL) return ERR_OK;
    return err_set(err, ERR_INTERNAL, "database: unknown word in column %s", row->bad_word);
}

enum err_code row_number(struct row *row, int64_t *number, struct err *err)
{
    bool found;
    TRY(row_next(row, &found, err));
    *number = found ? row_int(row) : 0;
    return ERR_OK;
}

void *row_array_grow(struct arena *arena, void *items, size_t count, size_t item_bytes)
{
    bool full = (count & (count - 1)) == 0; /* 0 and the powers of two */
    if (!full) return items;
    void *grown = arena_alloc_array(arena, count == 0 ? 1 : 2 * count, item_bytes);
    if (count > 0) memcpy(grown, items, count * item_bytes);
    return grown;
}

const char *row_json_strings(struct arena *arena, const struct strings *strings)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    json_writer_init(&writer, &text);
    json_array_begin(&writer);
    for (size_t i = 0; i < strings->count; i++)
        json_string(&writer, strings->items[i]);
    json_array_end(&writer);
    return text_string(&text);
}

enum err_code row_parse_strings(struct arena *arena, const char *json, struct strings *strings,
                                struct err *err)
{
    *strings = (struct strings){.count = 0};
    if (text_equal(json, "[]")) return ERR_OK;
    struct json *root;
    TRY(json_parse(arena, json, strlen(json), &root, err));
    strings->count = root->count;
    strings->items = ARENA_ARRAY(arena, const char *, root->count);
    for (size_t i = 0; i < root->count; i++)
        strings->items[i] = root->children[i].string;
    return ERR_OK;
}

const char *row_json_ports(struct arena *arena, const struct ports *ports)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    json_writer_init(&writer, &text);
    json_object_begin(&writer);
    for (size_t i = 0; i < ports->count; i++)
        json_put_int(&writer, ports->items[i].name, ports->items[i].number);
    json_object_end(&writer);
    return text_string(&text);
}

enum err_code row_parse_ports(struct arena *arena, const char *json, struct ports *ports,
                              struct err *err)
{
    *ports = (struct ports){.count = 0};
    if (text_equal(json, "{}")) return ERR_OK;
    struct json *root;
    TRY(json_parse(arena, json, strlen(json), &root, err));
    ports->count = root->count;
    ports->items = ARENA_ARRAY(arena, struct port, root->count);
    for (size_t i = 0; i < root->count; i++)
        ports->items[i] =
            (struct port){.name = root->children[i].key, .number = root->children[i].integer};
    return ERR_OK;
}

const char *row_json_pairs(struct arena *arena, const struct pairs *pairs)
{
    struct text text;
    text_init(&text, arena);
    pairs_canonical(&text, pairs);
    return text_string(&text);
}
