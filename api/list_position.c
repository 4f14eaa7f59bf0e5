#include "api/list_position.h"

#include "base/arena.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

const char *list_position_write(struct arena *arena, const struct position *position)
{
    struct text text;
    text_init(&text, arena);
    for (size_t i = 0; i < position->count; i++) {
        const struct position_part *part = &position->parts[i];
        if (part->text != NULL)
            text_printf(&text, "t%zu:%s", strlen(part->text), part->text);
        else
            text_printf(&text, "n%" PRId64 ";", part->number);
    }
    return text_string(&text);
}

/* The digits up to `end`, which is stepped over. */
static bool read_number(struct arena *arena, const char **at, char end, int64_t min,
                        int64_t *number)
{
    const char *stop = strchr(*at, end);
    if (stop == NULL) return false;
    const char *digits = arena_strndup(arena, *at, (size_t)(stop - *at));
    *at = stop + 1;
    return text_to_int64(digits, min, INT64_MAX, number);
}

static bool read_part(struct arena *arena, const char **at, struct position_part *part)
{
    int64_t bytes;
    char kind = *(*at)++;
    if (kind == 'n') return read_number(arena, at, ';', INT64_MIN, &part->number);
    if (kind != 't' || !read_number(arena, at, ':', 0, &bytes)) return false;
    if (strlen(*at) < (size_t)bytes) return false;
    part->text = arena_strndup(arena, *at, (size_t)bytes);
    *at += bytes;
    return true;
}

bool list_position_read(struct arena *arena, const char *key, struct position *position)
{
    *position = (struct position){.count = 0};
    for (const char *at = key; *at != '\0'; position->count++) {
        if (position->count == POSITION_PARTS_MAX) return false;
        if (!read_part(arena, &at, &position->parts[position->count])) return false;
    }
    return position->count > 0;
}
