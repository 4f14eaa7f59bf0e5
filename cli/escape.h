/* escape.h: text of objects and logs made safe for a terminal, and how wide it is there.
 *
 * Whatever could move the cursor, ring, recolour or reorder the line is shown as its code: control
 * characters (C0, DEL, C1), invisible and bidirectional format characters, bytes that are not
 * valid UTF-8.
 */
#ifndef DOGSHORE_CLI_ESCAPE_H
#define DOGSHORE_CLI_ESCAPE_H

#include <stddef.h>

struct text;

/* \n, \t, \r by name, other single bytes as \x1b, other characters as \u202e. */
void escape_bytes(struct text *text, const char *bytes, size_t count);
void escape_string(struct text *text, const char *string); /* NULL adds nothing */

/* Columns of the character that `bytes` starts with: 0 combining, 2 East Asian wide and emoji. */
size_t character_columns(const char *bytes, size_t count);

#endif
