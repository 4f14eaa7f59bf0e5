#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/timeline.h"

#include <criterion/criterion.h>

#define AT(seconds) "2026-01-31T09:00:" seconds ".000Z"
#define SPAN(words, from, until) "{" words ",\"from\":\"" AT(from) "\",\"until\":" until "}"
#define UNTIL(seconds) "\"" AT(seconds) "\""
#define OK "\"state\":\"ok\""
#define FAILING "\"state\":\"failing\""
#define UNKNOWN "\"state\":\"unknown\""
#define COUNTS(desired, available) "\"desired\":" desired ",\"available\":" available

/* Ten columns from second 0 to 20, two seconds each. */
static const struct row {
    const char *spans;
    timeline_state_of *state_of;
    const char *line;
} rows[] = {
    {"[]", NULL, "          "},
    {"[" SPAN(OK, "00", "null") "]", NULL, "██████████"},
    {"[" SPAN(FAILING, "04", UNTIL("08")) "," SPAN(OK, "08", "null") "]", NULL, "  ▁▁██████"},
    {"[" SPAN(OK, "00", UNTIL("11")) "," SPAN(FAILING, "11", UNTIL("12")) "," SPAN(
         OK, "12", UNTIL("16")) "," SPAN(UNKNOWN, "16", "null") "]",
     NULL, "█████▁██··"},
    {"[" SPAN(COUNTS("2", "2"), "00", UNTIL("05")) "," SPAN(
         COUNTS("2", "1"), "05", UNTIL("06")) "," SPAN(COUNTS("0", "0"), "06", "null") "]",
     timeline_availability, "██▁       "},
    {"[" SPAN(COUNTS("2", "2"), "00", UNTIL("04")) "," SPAN(
         COUNTS("2", "1") ",\"unknown\":1", "04",
         UNTIL("08")) "," SPAN(COUNTS("2", "0") ",\"unknown\":1", "08", "null") "]",
     timeline_availability, "██··▁▁▁▁▁▁"},
};

Test(cli_timeline, what_was_bad_for_a_part_of_a_column_is_bad_in_all_of_it)
{
    struct timeline timeline = {.from_ms = 1769850000000, .until_ms = 1769850020000, .columns = 10};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        auto_arena arena;
        struct json *spans;
        struct err err;
        struct text painted, line;
        arena_init(&arena);
        text_init(&painted, &arena);
        text_init(&line, &arena);
        cr_assert_eq(json_parse(&arena, rows[i].spans, strlen(rows[i].spans), &spans, &err), ERR_OK,
                     "row %zu: %s", i, err.detail);
        timeline_draw(&painted, &timeline, spans, rows[i].state_of);
        cr_expect_eq(paint_columns(painted.bytes, painted.length), 10);
        paint_line(&line, painted.bytes, painted.length, SIZE_MAX, false);
        cr_expect_str_eq(text_string(&line), rows[i].line, "row %zu: «%s»", i, text_string(&line));
    }
}

Test(cli_timeline, leaves_room_for_words_beside_it)
{
    cr_expect_eq(timeline_columns(SIZE_MAX), 60);
    cr_expect_eq(timeline_columns(100), 55);
    cr_expect_eq(timeline_columns(40), 10);
}
