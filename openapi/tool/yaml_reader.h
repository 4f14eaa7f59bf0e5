/* yaml_reader.h: what yaml.c (structure) and yaml_scalar.c (words and texts) share. */
#ifndef DOGSHORE_OPENAPI_TOOL_YAML_READER_H
#define DOGSHORE_OPENAPI_TOOL_YAML_READER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct text;
struct yaml;

struct yaml_reader {
    struct arena *arena;
    const char *bytes;
    size_t at, count;
    int depth;
};

enum { YAML_END = -1 };

/* The byte `ahead` of here, YAML_END behind the last one. */
int yaml_peek(const struct yaml_reader *reader, size_t ahead);
/* A blank, the end of the line or the end of all. */
bool yaml_is_gap(int c);
bool yaml_is_line_end(int c);
void yaml_skip_blanks(struct yaml_reader *reader);
enum err_code yaml_fail(const struct yaml_reader *reader, struct err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* At a quote: the text within, behind which the reader then stands. */
enum err_code yaml_quoted(struct yaml_reader *reader, struct text *text, struct err *err);
/* At its first character. In a flow it ends at `,` and brackets too; in a block at a line that is
 * not indented by more than `indent`. */
enum err_code yaml_plain(struct yaml_reader *reader, bool in_flow, int indent, struct yaml *node,
                         struct err *err);
/* At `|` or `>`. */
enum err_code yaml_block_text(struct yaml_reader *reader, int indent, struct yaml *node,
                              struct err *err);

#endif
