#include "cli/terminal.h"

#include "base/text.h"
#include "cli/paint.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

enum { COLUMNS_DEFAULT = 80, ROWS_DEFAULT = 24 };

void terminal_measure(struct terminal *terminal)
{
    struct winsize size = {0};
    if (!isatty(STDOUT_FILENO)) return;
    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    terminal->columns = size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
    terminal->rows = size.ws_row > 0 ? size.ws_row : ROWS_DEFAULT;
}

void terminal_open(struct terminal *terminal)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    bool able = isatty(STDOUT_FILENO) && term != NULL && !text_equal(term, "dumb");
    *terminal = (struct terminal){
        .redraw = able,
        .colour = able && (no_color == NULL || no_color[0] == '\0'),
        .columns = SIZE_MAX,
        .rows = SIZE_MAX,
    };
    terminal_measure(terminal);
}

enum err_code terminal_raw(const char *bytes, size_t count, struct err *err)
{
    if (fwrite(bytes, 1, count, stdout) == count && fflush(stdout) == 0) return ERR_OK;
    /* A reader that has seen enough (`| head`) is no news. */
    if (errno == EPIPE) return err_set(err, ERR_IO, "%s", "");
    return err_set(err, ERR_IO, "standard output: %s", strerror(errno));
}

enum err_code terminal_print(struct terminal *terminal, const struct text *painted, struct err *err)
{
    struct text out;
    text_init(&out, NULL);
    paint_lines(&out, painted->bytes, painted->length, terminal->colour);
    enum err_code code = terminal_raw(text_string(&out), out.length, err);
    text_release(&out);
    return code;
}

/* Appends the lines of `painted`, at most `lines_most`; returns how many there were. */
static size_t cut_lines(const struct terminal *terminal, const struct text *painted,
                        size_t lines_most, const char *before, struct text *out)
{
    size_t first = 0, lines = 0;
    for (size_t at = 0; at < painted->length; at++) {
        if (painted->bytes[at] != '\n') continue;
        if (lines++ < lines_most) {
            text_add(out, before);
            paint_line(out, painted->bytes + first, at - first, terminal->columns,
                       terminal->colour);
            text_add(out, "\n");
        }
        first = at + 1;
    }
    return lines;
}

enum err_code terminal_print_cut(struct terminal *terminal, const struct text *painted,
                                 struct err *err)
{
    struct text out;
    text_init(&out, NULL);
    cut_lines(terminal, painted, SIZE_MAX, "", &out);
    enum err_code code = terminal_raw(text_string(&out), out.length, err);
    text_release(&out);
    return code;
}

static size_t count_lines(const struct text *painted)
{
    size_t lines = 0;
    for (size_t i = 0; i < painted->length; i++)
        lines += painted->bytes[i] == '\n';
    return lines;
}

void terminal_render_frame(struct terminal *terminal, const struct text *painted, struct text *out)
{
    size_t lines = count_lines(painted);
    /* The cursor rests on the line below the frame, which must not scroll it. */
    size_t room = terminal->rows > 2 ? terminal->rows - 1 : 1;
    size_t shown = lines <= room ? lines : room - 1;
    if (terminal->frame_lines > 0) text_printf(out, "\033[%zuA\r", terminal->frame_lines);
    cut_lines(terminal, painted, shown, "\033[K", out);
    if (shown < lines) {
        text_printf(out, "\033[K… %zu lines more\n", lines - shown);
        shown++;
    }
    text_add(out, "\033[J");
    terminal->frame_lines = shown;
}

enum err_code terminal_frame(struct terminal *terminal, const struct text *painted, struct err *err)
{
    struct text out;
    text_init(&out, NULL);
    terminal_render_frame(terminal, painted, &out);
    enum err_code code = terminal_raw(text_string(&out), out.length, err);
    text_release(&out);
    return code;
}

void terminal_frame_keep(struct terminal *terminal)
{
    terminal->frame_lines = 0;
}
