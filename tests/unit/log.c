#include "base/log.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* What the process writes on stderr between begin and end. The pipe holds a few packets: with
 * O_DIRECT one read returns what one write wrote. */
struct capture {
    int reader, saved;
    char line[8192];
};

static void capture_begin(struct capture *capture)
{
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC | O_DIRECT | O_NONBLOCK), 0);
    capture->saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    capture->reader = ends[0];
}

/* The next line written, "" when there is none. */
static const char *capture_next(struct capture *capture)
{
    ssize_t count = read(capture->reader, capture->line, sizeof capture->line - 1);
    capture->line[count > 0 ? count : 0] = '\0';
    return capture->line;
}

static void capture_end(struct capture *capture)
{
    dup2(capture->saved, STDERR_FILENO);
    close(capture->saved);
    close(capture->reader);
}

/* What stands after "ts=2026-01-31T09:26:53.589Z ". */
static const char *after_time(const char *line)
{
    cr_assert(text_starts(line, "ts=2") && strlen(line) > 28, "%s", line);
    cr_assert_eq(line[26], 'Z');
    return line + 28;
}

Test(log, a_message_is_one_line_with_level_and_event)
{
    struct capture capture;
    capture_begin(&capture);
    log_message(LOG_WARN, "disk_slow", "commit took %d ms", 250);
    char line[256];
    snprintf(line, sizeof line, "%s", capture_next(&capture));
    char more = capture_next(&capture)[0];
    capture_end(&capture);
    cr_assert_str_eq(after_time(line), "level=warn event=disk_slow msg=\"commit took 250 ms\"\n");
    cr_assert_eq(more, '\0');
}

Test(log, a_line_takes_strings_numbers_and_formats)
{
    struct capture capture;
    capture_begin(&capture);
    struct log_line line;
    log_begin(&line, LOG_INFO, "rollout_state");
    log_string(&line, "deployment", "web");
    log_string(&line, "absent", NULL);
    log_int(&line, "revision", -3);
    log_format(&line, "ratio", "%d/%d", 2, 7);
    log_end(&line);
    char text[256];
    snprintf(text, sizeof text, "%s", capture_next(&capture));
    capture_end(&capture);
    cr_assert_str_eq(after_time(text),
                     "level=info event=rollout_state deployment=web revision=-3 ratio=2/7\n");
}

static const struct value_case {
    const char *value, *printed;
} value_cases[] = {
    {"plain", "plain"},
    {"a-b_c.d/e:f", "a-b_c.d/e:f"},
    {"C:\\path", "C:\\path"},
    {"", "\"\""},
    {"two words", "\"two words\""},
    {"a=b", "\"a=b\""},
    {"say \"hi\"", "\"say \\\"hi\\\"\""},
    {"back\\slash and space", "\"back\\\\slash and space\""},
    {"one\ntwo", "\"one\\ntwo\""},
    {"tab\there\r", "\"tab\\x09here\\x0d\""},
    {"\x1b[31m", "\"\\x1b[31m\""},
    {"\x7f", "\"\\x7f\""},
    {"\xc2\x9b"
     "1m",
     "\"\\xc2\\x9b1m\""},
    {"caf\xc3\xa9", "caf\xc3\xa9"},
    {"caf\xc3\xa9 noir", "\"caf\xc3\xa9 noir\""},
    {"bad\xff\xfe", "\"bad\\xff\\xfe\""},
};

Test(log, values_are_quoted_and_escaped_when_they_need_it)
{
    for (size_t i = 0; i < COUNT(value_cases); i++) {
        struct log_line line;
        log_begin(&line, LOG_ERROR, "e");
        unsigned start = line.length;
        log_string(&line, "v", value_cases[i].value);
        line.bytes[line.length] = '\0';
        cr_assert_str_eq(line.bytes + start + 3, value_cases[i].printed);
    }
}

/* Every value length around the border, plain and quoted, with an odd character size. */
Test(log, a_long_line_is_cut_at_a_character_and_still_ends_well)
{
    static const char *const units[] = {"x", "\xc3\xa9", "\xf0\x9f\x9a\xa2", "\n", "\x01"};
    struct capture capture;
    capture_begin(&capture);
    bool good = true;
    for (size_t i = 0; i < COUNT(units) * 8; i++) {
        struct text value;
        text_init(&value, NULL);
        text_append(&value, "12345678", i % 8);
        while (value.length < 5000)
            text_add(&value, units[i / 8]);
        struct log_line line;
        log_begin(&line, LOG_INFO, "long");
        log_string(&line, "value", text_string(&value));
        log_string(&line, "more", "left out");
        log_end(&line);
        text_release(&value);
        const char *written = capture_next(&capture);
        size_t length = strlen(written);
        good &= length <= sizeof line.bytes && length > 4080;
        good &= length >= 5 && strcmp(written + length - 5, "\xe2\x80\xa6\"\n") == 0;
        good &= text_utf8_valid(written, length) == length;
        good &= strchr(written, '\n') == written + length - 1;
    }
    capture_end(&capture);
    cr_assert(good);
}

Test(log, many_fields_never_overrun_the_line)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, "wide");
    for (int i = 0; i < 3000; i++)
        log_int(&line, "k", i);
    cr_assert_lt(line.length, sizeof line.bytes);
    struct capture capture;
    capture_begin(&capture);
    log_end(&line);
    size_t length = strlen(capture_next(&capture));
    capture_end(&capture);
    cr_assert(length > 4000 && length <= sizeof line.bytes);
}

Test(log, levels_below_the_threshold_are_silent)
{
    struct capture capture;
    capture_begin(&capture);
    log_set_level(LOG_WARN);
    log_message(LOG_INFO, "quiet", "nothing");
    char quiet = capture_next(&capture)[0];
    log_message(LOG_WARN, "loud", "something");
    char loud = capture_next(&capture)[0];
    capture_end(&capture);
    cr_assert_eq(quiet, '\0');
    cr_assert_eq(loud, 't');
    cr_assert(log_enabled(LOG_ERROR) && !log_enabled(LOG_DEBUG));
}

Test(log, level_names_parse)
{
    enum log_level level = LOG_INFO;
    cr_assert(log_level_parse("debug", &level) && level == LOG_DEBUG);
    cr_assert(log_level_parse("error", &level) && level == LOG_ERROR);
    cr_assert_not(log_level_parse("loud", &level));
    cr_assert_not(log_level_parse("", &level));
}
