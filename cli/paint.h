/* paint.h: lines for people, written before it is known whether colours can be shown.
 *
 * Painted text is escaped text with marks of style in it; since everything else is escaped, a mark
 * (two bytes, the first of them 0x01) cannot come from an object or a log. paint_line() turns marks
 * into colours or drops them, and cuts at the width of the terminal.
 */
#ifndef DOGSHORE_CLI_PAINT_H
#define DOGSHORE_CLI_PAINT_H

#include <stdbool.h>
#include <stddef.h>

struct text;

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_BUSY, STYLE_BAD };

/* Escaped, in that style. */
void paint(struct text *text, enum style style, const char *string);
void paint_printf(struct text *text, enum style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As it is: our own words, which may hold more than one line. */
void paint_begin(struct text *text, enum style style);
void paint_end(struct text *text);

/* How a word of state looks: of deployments, rollouts, replicas, nodes and revisions. */
enum style paint_style_of(const char *state);

size_t paint_columns(const char *painted, size_t bytes);
/* One painted line without its newline; what is cut ends in "…". */
void paint_line(struct text *out, const char *painted, size_t bytes, size_t columns_most,
                bool colour);
/* Every line of it, uncut. */
void paint_lines(struct text *out, const char *painted, size_t bytes, bool colour);

#endif
