/* table.h: rows of cells in aligned columns.
 *
 * Ownership: everything lives in the arena given to table_init(). Cells are escaped when added.
 * Widths are those of the terminal's columns, not of bytes; the last column is not padded.
 */
#ifndef DOGSHORE_CLI_TABLE_H
#define DOGSHORE_CLI_TABLE_H

#include "cli/paint.h"

#include <stdint.h>

struct arena;

enum { TABLE_COLUMNS = 16 };

struct table_row {
    const char *cells[TABLE_COLUMNS]; /* painted */
    struct table_row *next;
};

struct table {
    struct arena *arena;
    size_t columns;
    size_t filled; /* cells of the last row */
    size_t rows;
    struct table_row *first, *last;
};

/* `headings` are separated by blanks; NULL = a table without a heading, of `columns` columns. */
void table_init(struct table *table, struct arena *arena, const char *headings);
void table_init_plain(struct table *table, struct arena *arena, size_t columns);
void table_row(struct table *table);
void table_cell(struct table *table, enum style style, const char *string); /* NULL or "": - */
void table_cell_int(struct table *table, int64_t value);
void table_cell_painted(struct table *table, const char *painted);
/* Painted lines, each after `indent` (painted). */
void table_draw(const struct table *table, struct text *text, const char *indent);

#endif
