#include "cli/timeline.h"

#include "base/text.h"
#include "cli/age.h"
#include "cli/look.h"

enum { COLUMNS_MOST = 60, COLUMNS_LEAST = 10, BESIDE_COLUMNS = 45 };

static const struct {
    enum style style;
    const char *sign;
} looks[] = {
    [TIMELINE_NOTHING] = {STYLE_PLAIN, " "},
    [TIMELINE_UNKNOWN] = {STYLE_DIM, "·"},
    [TIMELINE_OK] = {STYLE_GOOD, "█"},
    [TIMELINE_BAD] = {STYLE_BAD, "▁"},
};

int64_t timeline_columns(size_t terminal_columns)
{
    if (terminal_columns >= COLUMNS_MOST + BESIDE_COLUMNS) return COLUMNS_MOST;
    if (terminal_columns <= COLUMNS_LEAST + BESIDE_COLUMNS) return COLUMNS_LEAST;
    return (int64_t)terminal_columns - BESIDE_COLUMNS;
}

static enum timeline_state of_state(const struct json *span)
{
    const char *state = look_text(span, "state");
    if (text_equal(state, "ok")) return TIMELINE_OK;
    return text_equal(state, "failing") ? TIMELINE_BAD : TIMELINE_UNKNOWN;
}

enum timeline_state timeline_availability(const struct json *span)
{
    int64_t desired = look_int(span, "desired", 0);
    if (desired == 0) return TIMELINE_NOTHING;
    int64_t available = look_int(span, "available", 0);
    if (available >= desired) return TIMELINE_OK;
    bool unknown = available + look_int(span, "unknown", 0) >= desired;
    return unknown ? TIMELINE_UNKNOWN : TIMELINE_BAD;
}

static int64_t time_at(const struct timeline *timeline, int64_t column)
{
    int64_t length_ms = timeline->until_ms - timeline->from_ms;
    return timeline->from_ms + length_ms * column / timeline->columns;
}

static bool reaches(const struct json *span, int64_t from_ms, int64_t until_ms)
{
    int64_t end_ms = age_parse(look_text(span, "until")); /* -1 = it lasts */
    if (age_parse(look_text(span, "from")) >= until_ms) return false;
    return end_ms < 0 || end_ms > from_ms;
}

static enum timeline_state column_state(const struct timeline *timeline, int64_t column,
                                        const struct json *spans, timeline_state_of *state_of)
{
    enum timeline_state worst = TIMELINE_NOTHING;
    int64_t from_ms = time_at(timeline, column), until_ms = time_at(timeline, column + 1);
    for (size_t i = 0; i < look_count(spans); i++) {
        const struct json *span = look_item(spans, i);
        if (!reaches(span, from_ms, until_ms)) continue;
        enum timeline_state state = state_of(span);
        if (state > worst) worst = state;
    }
    return worst;
}

void timeline_draw(struct text *text, const struct timeline *timeline, const struct json *spans,
                   timeline_state_of *state_of)
{
    for (int64_t column = 0; column < timeline->columns; column++) {
        enum timeline_state state =
            column_state(timeline, column, spans, state_of != NULL ? state_of : of_state);
        paint(text, looks[state].style, looks[state].sign);
    }
}
