#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct err_row {
    int status;
    const char *slug;
    const char *title;
};

#define ERR_ROW(code, status, slug, title) [code] = {status, slug, title},
static const struct err_row rows[ERR_CODES] = {[ERR_OK] = {200, "ok", "no error"},
                                               ERR_MAP(ERR_ROW)};
#undef ERR_ROW

static const struct err_row *row_of(enum err_code code)
{
    assert(code >= ERR_OK && code < ERR_CODES);
    return &rows[code];
}

enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
{
    assert(code > ERR_OK && code < ERR_CODES);
    if (err == NULL) return code;
    /* The old detail may be among the arguments. */
    char detail[ERR_DETAIL_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    err->code = code;
    memcpy(err->detail, detail, sizeof detail);
    return code;
}

enum err_code err_copy(struct err *err, const struct err *from)
{
    assert(from->code > ERR_OK && from->code < ERR_CODES);
    if (err != NULL) *err = *from;
    return from->code;
}

/* Cuts what does not fit. */
static void append(char detail[static ERR_DETAIL_BYTES], const char *text)
{
    size_t used = strlen(detail), room = ERR_DETAIL_BYTES - 1 - used;
    size_t added = strnlen(text, room);
    memcpy(detail + used, text, added);
    detail[used + added] = '\0';
}

enum err_code err_wrap(struct err *err, const char *format, ...)
{
    assert(err != NULL && err->code > ERR_OK && err->code < ERR_CODES);
    char noun[ERR_DETAIL_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(noun, sizeof noun, format, args);
    va_end(args);
    char cause[ERR_DETAIL_BYTES];
    memcpy(cause, err->detail, sizeof cause);
    memcpy(err->detail, noun, sizeof noun);
    append(err->detail, ": ");
    append(err->detail, cause);
    return err->code;
}

int err_status(enum err_code code)
{
    return row_of(code)->status;
}

const char *err_slug(enum err_code code)
{
    return row_of(code)->slug;
}

const char *err_title(enum err_code code)
{
    return row_of(code)->title;
}

enum err_code err_of_slug(const char *slug, int status)
{
    enum err_code nearest = ERR_INTERNAL;
    for (enum err_code code = ERR_OK + 1; code < ERR_CODES; code++) {
        if (slug != NULL && strcmp(rows[code].slug, slug) == 0) return code;
        bool first_of_status = rows[code].status == status && rows[nearest].status != status;
        if (first_of_status) nearest = code;
    }
    return nearest;
}
