#include "cli/help.h"

#include "base/options.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/paint.h"
#include "cli/verbs.h"

enum { VERB_COLUMNS = 28, HELP_WIDTH = 78 };

static const struct {
    enum verb_group group;
    const char *title;
} groups[] = {
    {VERB_GROUP_DEPLOY, "Change"},
    {VERB_GROUP_LOOK, "Look"},
    {VERB_GROUP_OPERATE, "Operate"},
    {VERB_GROUP_OTHER, "Other"},
};

static const char overview_head[] =
    "dogshore: deploy services without downtime, watch them, take them back.\n"
    "\n"
    "Usage: dogshore [FLAGS] COMMAND …\n";

static const char overview_tail[] =
    "\n"
    "Examples:\n"
    "  dogshore apply -f web.json --wait       deploy, and see it through\n"
    "  dogshore status web --watch             watch it live\n"
    "  dogshore rollback web --wait            go back to what was proven before\n"
    "  dogshore events -f                      everything that happens\n"
    "\n"
    "Config file (~/.config/dogshore/config or $DOGSHORE_CONFIG):\n"
    "  server = http://127.0.0.1:7420\n"
    "  token_file = /home/me/.config/dogshore/token\n"
    "  cluster = default\n"
    "\n"
    "Exit codes:\n"
    "  0 ok · 1 error, or no answer · 2 usage · 3 not found · 4 conflict, stale, or\n"
    "  another order is needed first · 5 not allowed · 6 rollout failed or rolled\n"
    "  back · 7 waited long enough, still running · 8 something differs\n"
    "  (--exit-code) · 130 interrupted (what was started goes on)\n"
    "\n"
    "'dogshore help COMMAND' explains a command and its flags.\n";

static void add_verb_line(struct text *text, const struct verb *verb)
{
    char usage[80];
    snprintf(usage, sizeof usage, "%s%s%s", verb->words, verb->operands == NULL ? "" : " ",
             verb->operands == NULL ? "" : verb->operands);
    size_t columns = paint_columns(usage, strlen(usage));
    if (columns >= VERB_COLUMNS)
        text_printf(text, "  %s\n  %*s%s\n", usage, VERB_COLUMNS, "", verb->summary);
    else
        text_printf(text, "  %s%*s%s\n", usage, (int)(VERB_COLUMNS - columns), "", verb->summary);
}

void help_overview(struct text *text)
{
    struct option_table table = {.options = global_options, .count = global_options_count};
    text_add(text, overview_head);
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        text_printf(text, "\n%s:\n", groups[i].title);
        for (size_t j = 0; j < verbs_count; j++)
            if (verbs[j].group == groups[i].group) add_verb_line(text, &verbs[j]);
    }
    text_add(text, "\nFlags of every command, before or after it:\n");
    options_help(&table, text);
    text_add(text, overview_tail);
}

/* Paragraphs, each wrapped. */
static void add_wrapped(struct text *text, const char *words)
{
    size_t column = 0;
    while (*words != '\0') {
        size_t bytes = strcspn(words, " \n");
        if (column > 0 && column + 1 + bytes > HELP_WIDTH) {
            text_add_char(text, '\n');
            column = 0;
        }
        if (column > 0 && bytes > 0) text_add_char(text, ' ');
        text_append(text, words, bytes);
        column += bytes + (column > 0);
        words += bytes;
        if (*words == '\n') {
            text_add_char(text, '\n');
            column = 0;
        }
        if (*words != '\0') words++;
    }
    text_add_char(text, '\n');
}

static void add_examples(struct text *text, const char *examples)
{
    text_add(text, "\nExamples:\n");
    for (const char *at = examples; *at != '\0';) {
        size_t bytes = strcspn(at, "\n");
        text_add(text, "  ");
        text_append(text, at, bytes);
        text_add_char(text, '\n');
        at += bytes + (at[bytes] == '\n');
    }
}

void help_verb(struct text *text, const struct verb *verb)
{
    bool has_flags = verb->options != NULL;
    text_printf(text, "%s.\n\nUsage: dogshore %s%s%s%s\n\n", verb->summary, verb->words,
                verb->operands == NULL ? "" : " ", verb->operands == NULL ? "" : verb->operands,
                has_flags ? " [FLAGS]" : "");
    add_wrapped(text, verb->help);
    if (has_flags) {
        struct option_table table = {.options = verb->options->items,
                                     .count = verb->options->count};
        text_add(text, "\nFlags:\n");
        options_help(&table, text);
    }
    add_examples(text, verb->examples);
    text_add(text, "\nFlags of every command (--server, --token-file, --cluster, --output …) are "
                   "in\n'dogshore help'.\n");
}
