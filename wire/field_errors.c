#include "wire/field_errors.h"

#include "base/arena.h"
#include "base/limits.h"

void field_errors_init(struct field_errors *errors, struct arena *arena)
{
    *errors = (struct field_errors){.arena = arena};
}

void field_error_add(struct field_errors *errors, const char *pointer, const char *code,
                     const char *detail_format, ...)
{
    errors->total++;
    if (errors->count == LIMIT_FIELD_ERRORS) return;
    if (!errors->items)
        errors->items = ARENA_ARRAY(errors->arena, struct field_error, LIMIT_FIELD_ERRORS);

    va_list args;
    va_start(args, detail_format);
    errors->items[errors->count++] = (struct field_error){
        .pointer = arena_strdup(errors->arena, pointer),
        .code = code,
        .detail = arena_vprintf(errors->arena, detail_format, args),
    };
    va_end(args);
}

enum err_code field_errors_verdict(const struct field_errors *errors, struct err *err)
{
    if (errors->total == 0) return ERR_OK;
    if (errors->total == 1) return err_set(err, ERR_INVALID, "one field is wrong");
    if (errors->total > errors->count)
        return err_set(err, ERR_INVALID, "%zu fields are wrong, the first %zu are listed",
                       errors->total, errors->count);
    return err_set(err, ERR_INVALID, "%zu fields are wrong", errors->total);
}
