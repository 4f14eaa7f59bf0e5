/* row.h: one use of a prepared statement: bind in order, step, read columns in order (private to
 * store/).
 *
 * `auto_row row = row_open(…)` resets the statement at the end of the scope: a SELECT that is left
 * stepped would pin the write-ahead log. Bound text is borrowed until then. */
#ifndef DOGSHORE_STORE_ROW_H
#define DOGSHORE_STORE_ROW_H

#include "base/err.h"
#include "model/values.h"
#include "store/connection.h"

#include <stdint.h>

struct arena;

struct row {
    struct store_db *db;
    sqlite3_stmt *statement;
    int position; /* the last parameter bound, or the next column read */
    bool stepped;
    const char *bad_word; /* a stored word that this program does not know */
};

struct row row_open(struct store_db *db, enum statement_group group, int which);
void row_close(struct row *row);
#define auto_row __attribute__((cleanup(row_close))) struct row

void row_bind_text(struct row *row, const char *text); /* NULL binds NULL */
void row_bind_int(struct row *row, int64_t number);
void row_bind_bool(struct row *row, bool value);
void row_bind_word(struct row *row, const char *const *words, int value);
void row_bind_bytes(struct row *row, const void *bytes, size_t count);

enum err_code row_next(struct row *row, bool *found, struct err *err);
/* To the end, ignoring rows; then the next round of binds may follow. */
enum err_code row_run(struct row *row, struct err *err);
/* Rows that the last row_run() changed. */
int64_t row_changes(const struct row *row);

const char *row_text(struct row *row, struct arena *arena); /* NULL for NULL */
int64_t row_int(struct row *row);
bool row_bool(struct row *row);
int row_word(struct row *row, const char *const *words);
/* False unless the column holds exactly `count` bytes. */
bool row_bytes(struct row *row, void *bytes, size_t count);
/* To be called when all columns of a row were read. */
enum err_code row_check(const struct row *row, struct err *err);

/* A one-row, one-number query whose parameters are bound. */
enum err_code row_number(struct row *row, int64_t *number, struct err *err);

/* Room for one more item behind `count`: the array doubles when it is full. */
void *row_array_grow(struct arena *arena, void *items, size_t count, size_t item_bytes);

/* Small values as JSON text columns. */
const char *row_json_strings(struct arena *arena, const struct strings *strings);
enum err_code row_parse_strings(struct arena *arena, const char *json, struct strings *strings,
                                struct err *err);
const char *row_json_ports(struct arena *arena, const struct ports *ports);
enum err_code row_parse_ports(struct arena *arena, const char *json, struct ports *ports,
                              struct err *err);
const char *row_json_pairs(struct arena *arena, const struct pairs *pairs);

#endif
