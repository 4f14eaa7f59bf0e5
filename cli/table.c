#include "cli/table.h"

#include "base/arena.h"
#include "base/text.h"

#include <assert.h>

enum { GAP = 2 };

void table_init_plain(struct table *table, struct arena *arena, size_t columns)
{
    assert(columns > 0 && columns <= TABLE_COLUMNS);
    *table = (struct table){.arena = arena, .columns = columns};
}

void table_init(struct table *table, struct arena *arena, const char *headings)
{
    table_init_plain(table, arena, TABLE_COLUMNS);
    table_row(table);
    for (const char *at = headings; *at != '\0';) {
        size_t length = strcspn(at, " ");
        table_cell(table, STYLE_DIM, arena_strndup(arena, at, length));
        at += length + strspn(at + length, " ");
    }
    table->columns = table->filled;
    table->rows = 0;
}

void table_row(struct table *table)
{
    struct table_row *row = ARENA_NEW(table->arena, struct table_row);
    if (table->last == NULL)
        table->first = row;
    else
        table->last->next = row;
    table->last = row;
    table->filled = 0;
    table->rows++;
}

void table_cell_painted(struct table *table, const char *painted)
{
    assert(table->last != NULL && table->filled < table->columns);
    table->last->cells[table->filled++] = painted;
}

void table_cell(struct table *table, enum style style, const char *string)
{
    struct text text;
    text_init(&text, table->arena);
    if (string == NULL || string[0] == '\0')
        paint(&text, STYLE_DIM, "-");
    else
        paint(&text, style, string);
    table_cell_painted(table, text_string(&text));
}

void table_cell_int(struct table *table, int64_t value)
{
    table_cell_painted(table, arena_printf(table->arena, "%lld", (long long)value));
}

static size_t cell_columns(const char *cell)
{
    return cell == NULL ? 0 : paint_columns(cell, strlen(cell));
}

static void draw_row(const struct table *table, const struct table_row *row, const size_t *widths,
                     struct text *text)
{
    for (size_t i = 0; i < table->columns; i++) {
        const char *cell = row->cells[i] == NULL ? "" : row->cells[i];
        text_add(text, cell);
        if (i + 1 == table->columns) break;
        for (size_t pad = cell_columns(cell); pad < widths[i] + GAP; pad++)
            text_add_char(text, ' ');
    }
    while (text->length > 0 && text->bytes[text->length - 1] == ' ')
        text->bytes[--text->length] = '\0';
    text_add_char(text, '\n');
}

void table_draw(const struct table *table, struct text *text, const char *indent)
{
    size_t widths[TABLE_COLUMNS] = {0};
    for (const struct table_row *row = table->first; row != NULL; row = row->next) {
        for (size_t i = 0; i < table->columns; i++) {
            size_t columns = cell_columns(row->cells[i]);
            if (columns > widths[i]) widths[i] = columns;
        }
    }
    for (const struct table_row *row = table->first; row != NULL; row = row->next) {
        text_add(text, indent);
        draw_row(table, row, widths, text);
    }
}
