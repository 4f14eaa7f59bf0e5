#include "cli/diff_view.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/json_diff.h"
#include "base/text.h"
#include "cli/look.h"
#include "cli/paint.h"

struct side {
    const char *mark;
    enum style style;
};

static const struct side before = {"- ", STYLE_BAD}, after = {"+ ", STYLE_GOOD};
static const struct side both = {"  ", STYLE_PLAIN};

static void add_value(struct text *text, struct arena *arena, const struct side *side,
                      const char *pointer, const struct json *value)
{
    struct text line;
    struct json_writer writer;
    text_init(&line, arena);
    text_printf(&line, "%s%s: ", side->mark, pointer);
    json_writer_init(&writer, &line);
    json_value(&writer, value);
    paint(text, side->style, text_string(&line));
    text_add_char(text, '\n');
}

static void add_fields(struct text *text, struct arena *arena, const struct side *side,
                       const char *pointer, const struct json *value)
{
    if (value->type != JSON_OBJECT || value->count == 0) {
        add_value(text, arena, side, pointer, value);
        return;
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct json *child = &value->children[i];
        if (child->type != JSON_NULL)
            add_fields(text, arena, side, json_pointer_below(arena, pointer, child->key), child);
    }
}

static void add_change(struct text *text, struct arena *arena, const struct json *change)
{
    const char *pointer = look_text(change, "pointer");
    const char *op = look_text(change, "op");
    const struct json *from = look(change, "from"), *to = look(change, "to");
    if (pointer == NULL) return;
    if (from != NULL && !text_equal(op, "add")) add_fields(text, arena, &before, pointer, from);
    if (to != NULL && !text_equal(op, "remove")) add_fields(text, arena, &after, pointer, to);
}

void diff_draw(struct text *text, struct arena *arena, const struct json *changes)
{
    for (size_t i = 0; i < look_count(changes); i++)
        add_change(text, arena, look_item(changes, i));
}

void diff_draw_fields(struct text *text, struct arena *arena, const struct json *value)
{
    add_fields(text, arena, &both, "", value);
}
