#include "base/options.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <stdarg.h>

enum { ARGUMENTS_MAX = 16 };
static char program[] = "program";

enum action { ACTION_NONE, ACTION_HELP = 3, ACTION_VERSION = 4 };

struct settings {
    const char *output, *file, *once;
    struct operands names;
    int64_t count;
    bool watch;
    enum action action;
};

static const struct option options[] = {
    OPTION_TEXT(struct settings, "output", output, "FORMAT", "text", "How it is printed.",
                .letter = 'o'),
    OPTION_TEXT(struct settings, "file", file, "FILE", NULL, "What to read; - is standard input.",
                .letter = 'f'),
    OPTION_TEXT(struct settings, "once", once, "WHAT", NULL, "What is done once.",
                .flag_only = true),
    OPTION_LIST(struct settings, "name", names, "NAME", "What is named.", .letter = 'm'),
    OPTION_NUMBER(struct settings, "max-count", count, "N", -5, 100, 7, "How many.", .letter = 'n'),
    OPTION_SWITCH(struct settings, "watch", watch, "Go on until it is done.", .letter = 'w'),
    OPTION_ACTION(struct settings, "help", action, ACTION_HELP, "Print this and exit.",
                  .letter = 'h'),
    OPTION_ACTION(struct settings, "version", action, ACTION_VERSION, "Print the version."),
};

static struct option_table table_of(const char *prefix, size_t operands_most)
{
    return (struct option_table){.options = options,
                                 .count = sizeof options / sizeof *options,
                                 .variable_prefix = prefix,
                                 .operands_most = operands_most};
}

/* Reads the words of `line`, which stay where they are; at most two operands. */
struct outcome {
    char line[256];
    char *argv[ARGUMENTS_MAX];
    struct settings settings;
    const char *items[2], *names[ARGUMENTS_MAX];
    struct operands operands;
    enum err_code code;
    struct err err;
};

static void read_line(struct outcome *outcome, const struct option_table *table, const char *line)
{
    *outcome = (struct outcome){
        .operands = {.items = outcome->items, .most = sizeof outcome->items / sizeof(char *)},
        .settings.names = {.items = outcome->names, .most = ARGUMENTS_MAX},
    };
    int argc = 0;
    outcome->argv[argc++] = program;
    snprintf(outcome->line, sizeof outcome->line, "%s", line);
    char *rest = outcome->line, *word;
    while ((word = strsep(&rest, " ")) != NULL)
        if (*word != '\0') outcome->argv[argc++] = word;
    outcome->code = options_read(table, &outcome->settings, argc, outcome->argv, &outcome->operands,
                                 &outcome->err);
}

static const struct {
    const char *line;
    const char *seen; /* output file count watch action operands */
} lines[] = {
    {"", "text - 7 off 0"},
    {"--output json", "json - 7 off 0"},
    {"--output=json", "json - 7 off 0"},
    {"-o json", "json - 7 off 0"},
    {"-ojson", "json - 7 off 0"},
    {"-o=json", "=json - 7 off 0"},
    {"-f - -n3 --watch", "text - 3 on 0"},
    {"-n -5", "text - -5 off 0"},
    {"--max-count=100 -w", "text - 100 on 0"},
    {"--watch=no", "text - 7 off 0"},
    {"--watch=TRUE", "--watch must be true or false, got \"TRUE\""},
    {"--watch yes", "text - 7 on 0 yes"},
    {"web prod", "text - 7 off 0 web prod"},
    {"web -o json prod -w", "json - 7 on 0 web prod"},
    {"- -w", "text - 7 on 0 -"},
    {"-- -w --", "text - 7 off 0 -w --"},
    {"web -- prod", "text - 7 off 0 web prod"},
    {"-h", "text - 7 off 3"},
    {"--help --version", "text - 7 off 4"},
    {"--output a --output b", "--output is given twice; it has one value"},
    {"--output a -oa", "--output is given twice; it has one value"},
    {"-n 1 --max-count 2", "--max-count is given twice; it has one value"},
    {"-w --watch --watch=on", "text - 7 on 0"},
    {"-w --watch=no", "--watch is given twice, as true and as false"},
    {"--watch --watch=maybe", "--watch must be true or false, got \"maybe\""},
    {"--help -h", "text - 7 off 3"},
    {"--name a -m b,c web -md", "text - 7 off 0 web; named a b,c d"},
    {"--name a --name=", "--name must not be empty"},
    {"a b --name", "--name needs a value"},
    {"a b c", "unexpected argument \"c\""},
    {"--output", "--output needs a value"},
    {"-o", "--output needs a value"},
    {"--output=", "--output must not be empty"},
    {"-n 101", "--max-count must be a number from -5 to 100, got \"101\""},
    {"-n three", "--max-count must be a number from -5 to 100, got \"three\""},
    {"--help=1", "--help takes no value"},
    {"--ouput json", "unknown argument \"--ouput\"; did you mean --output?"},
    {"--zzzzzzzz", "unknown argument \"--zzzzzzzz\"; see --help"},
    {"-x", "unknown argument \"-x\"; see --help"},
    {"-watch", "unknown argument \"-watch\"; did you mean --watch?"},
    {"-version", "unknown argument \"-version\"; did you mean --version?"},
};

/* "json - 7 on 0 web", or the error. */
static void describe(const struct outcome *outcome, struct text *text)
{
    const struct settings *settings = &outcome->settings;
    text_clear(text);
    if (outcome->code != ERR_OK) {
        cr_assert_eq(outcome->code, ERR_USAGE);
        text_add(text, outcome->err.detail);
        return;
    }
    text_printf(text, "%s %s %lld %s %d", settings->output,
                settings->file != NULL ? settings->file : "-", (long long)settings->count,
                settings->watch ? "on" : "off", (int)settings->action);
    for (size_t i = 0; i < outcome->operands.count; i++)
        text_printf(text, " %s", outcome->operands.items[i]);
    for (size_t i = 0; i < settings->names.count; i++)
        text_printf(text, "%s %s", i == 0 ? "; named" : "", settings->names.items[i]);
}

Test(options, flags_letters_and_operands_are_told_apart)
{
    struct option_table table = table_of(NULL, 2);
    struct outcome outcome;
    struct text text;
    text_init(&text, NULL);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        read_line(&outcome, &table, lines[i].line);
        describe(&outcome, &text);
        cr_expect_str_eq(text_string(&text), lines[i].seen, "\"%s\": %s", lines[i].line,
                         text_string(&text));
    }
    text_release(&text);
}

Test(options, a_program_without_operands_suggests_the_flag)
{
    struct option_table table = table_of(NULL, 0);
    struct outcome outcome;
    read_line(&outcome, &table, "output json");
    cr_assert_str_eq(outcome.err.detail, "unknown argument \"output\"; did you mean --output?");
    struct settings settings = {.names.items = NULL};
    char flag[] = "-w", *argv[] = {program, flag, NULL};
    cr_assert_eq(options_read(&table, &settings, 2, argv, NULL, NULL), ERR_OK);
    cr_assert(settings.watch);
}

Test(options, a_flag_wins_over_its_variable_and_that_over_the_fallback)
{
    struct option_table table = table_of("SHIP_", 0);
    struct outcome outcome;
    setenv("SHIP_OUTPUT", "json", 1);
    setenv("SHIP_MAX_COUNT", "9", 1);
    setenv("SHIP_WATCH", "on", 1);
    setenv("SHIP_HELP", "1", 1);
    read_line(&outcome, &table, "-n 2");
    cr_assert_eq(outcome.code, ERR_OK);
    cr_assert_str_eq(outcome.settings.output, "json");
    cr_assert_eq(outcome.settings.count, 2);
    cr_assert(outcome.settings.watch);
    cr_assert_eq(outcome.settings.action, ACTION_NONE, "no variable asks for an action");
    setenv("SHIP_MAX_COUNT", "many", 1);
    read_line(&outcome, &table, "-n 2");
    cr_assert_str_eq(outcome.err.detail,
                     "SHIP_MAX_COUNT must be a number from -5 to 100, got \"many\"");
}

Test(options, values_of_flags_take_the_place_of_those_of_the_environment)
{
    struct option_table table = table_of("SHIP_", 0);
    struct outcome outcome;
    struct text text;
    text_init(&text, NULL);
    setenv("SHIP_NAME", "z", 1);
    read_line(&outcome, &table, "");
    describe(&outcome, &text);
    cr_expect_str_eq(text_string(&text), "text - 7 off 0; named z");
    read_line(&outcome, &table, "-m a -m b");
    describe(&outcome, &text);
    cr_expect_str_eq(text_string(&text), "text - 7 off 0; named a b");
    text_release(&text);
}

Test(options, what_is_done_once_has_no_variable)
{
    struct option_table table = table_of("SHIP_", 0);
    struct outcome outcome;
    setenv("SHIP_ONCE", "again", 1);
    read_line(&outcome, &table, "");
    cr_assert_eq(outcome.code, ERR_OK);
    cr_assert_null(outcome.settings.once);
    read_line(&outcome, &table, "--once now");
    cr_assert_str_eq(outcome.settings.once, "now");
}

Test(options, the_environment_counts_only_for_tables_with_a_prefix)
{
    struct option_table table = table_of(NULL, 0);
    struct outcome outcome;
    setenv("OUTPUT", "json", 1);
    read_line(&outcome, &table, "");
    cr_assert_str_eq(outcome.settings.output, "text");
}

Test(options, help_shows_letters_bounds_fallbacks_and_wrapped_text)
{
    static const struct option wide[] = {
        OPTION_NUMBER(struct settings, "max-count", count, "N", 0, 9, 7,
                      "Words that are many enough to go over the eighty columns that a terminal "
                      "has, so a second line comes."),
        OPTION_TEXT(struct settings, "output", output, "FORMAT", "text", "How.", .letter = 'o'),
        OPTION_SWITCH(struct settings, "watch", watch, "Go on."),
    };
    struct option_table table = {.options = wide, .count = 3};
    struct text text;
    text_init(&text, NULL);
    options_help(&table, &text);
    cr_assert_str_eq(text_string(&text),
                     "  --max-count N   (0 to 9, default 7)\n"
                     "      Words that are many enough to go over the eighty columns that a "
                     "terminal\n"
                     "      has, so a second line comes.\n"
                     "  -o, --output FORMAT   (default text)\n"
                     "      How.\n"
                     "  --watch\n"
                     "      Go on.\n");
    text_release(&text);
}
