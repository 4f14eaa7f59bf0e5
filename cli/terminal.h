/* terminal.h: standard output: a terminal that can be drawn on, or a pipe that gets plain lines.
 *
 * Colours need a terminal, a TERM that is not "dumb" and no NO_COLOR; redrawing needs the first
 * two. A frame is a block of lines that is drawn over the one before. Errors: ERR_IO, with
 * nothing to say about it when a reader has gone away.
 */
#ifndef DOGSHORE_CLI_TERMINAL_H
#define DOGSHORE_CLI_TERMINAL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct text;

struct terminal {
    bool redraw;
    bool colour;
    size_t columns; /* SIZE_MAX when it is not a terminal: nothing is cut */
    size_t rows;
    size_t frame_lines; /* on the screen now */
};

void terminal_open(struct terminal *terminal);
void terminal_measure(struct terminal *terminal); /* again, after SIGWINCH */

/* Painted lines, as long as they are (`_cut`: cut to the width). */
enum err_code terminal_print(struct terminal *terminal, const struct text *painted,
                             struct err *err);
enum err_code terminal_print_cut(struct terminal *terminal, const struct text *painted,
                                 struct err *err);
/* Draws over the last frame; cut to the width, and to the height with a last line that says so. */
enum err_code terminal_frame(struct terminal *terminal, const struct text *painted,
                             struct err *err);
/* The frame stays; what comes next goes below. */
void terminal_frame_keep(struct terminal *terminal);
/* Bytes as they are: JSON, scripts. */
enum err_code terminal_raw(const char *bytes, size_t count, struct err *err);

/* How a frame is sent, for a terminal of these measures. Sets frame_lines. */
void terminal_render_frame(struct terminal *terminal, const struct text *painted, struct text *out);

#endif
