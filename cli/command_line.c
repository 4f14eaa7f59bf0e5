#include "cli/command_line.h"

#include "base/text.h"
#include "cli/cli.h"
#include "cli/verbs.h"

/* "--server", "-o": whether it names the option. */
static bool names(const char *argument, const struct option *option)
{
    if (text_starts(argument, "--")) return text_equal(argument + 2, option->flag);
    return argument[1] == option->letter && argument[2] == '\0';
}

/* Whether the argument after this flag is its value. A flag that only some verbs give a value (-f)
 * takes what follows, unless that is a verb. */
static bool consumes_next(const char *argument, const char *next)
{
    for (size_t i = 0; i < global_options_count; i++)
        if (names(argument, &global_options[i])) return option_takes_value(&global_options[i]);
    for (size_t i = 0; i < verbs_count; i++)
        for (size_t j = 0; verbs[i].options != NULL && j < verbs[i].options->count; j++)
            if (names(argument, &verbs[i].options->items[j]) &&
                option_takes_value(&verbs[i].options->items[j]))
                return next != NULL && !verb_begins(next);
    return false;
}

/* The first words that are neither flags nor their values. */
static size_t first_words(int argc, char **argv, const char *words[static VERB_WORDS])
{
    size_t count = 0;
    for (int i = 1; i < argc && count < VERB_WORDS; i++) {
        if (text_equal(argv[i], "--")) continue;
        if (argv[i][0] != '-' || argv[i][1] == '\0')
            words[count++] = argv[i];
        else if (strchr(argv[i], '=') == NULL && consumes_next(argv[i], argv[i + 1]))
            i++;
    }
    return count;
}

enum err_code command_line_unknown(struct cli *cli, const char *const *words, size_t count,
                                   struct err *err)
{
    const char **first = ARENA_ARRAY(&cli->arena, const char *, verbs_count);
    struct text follow;
    text_init(&follow, &cli->arena);
    for (size_t i = 0; i < verbs_count; i++) {
        size_t length = strcspn(verbs[i].words, " ");
        first[i] = arena_strndup(&cli->arena, verbs[i].words, length);
        if (text_equal(first[i], words[0]) && verbs[i].words[length] == ' ')
            text_printf(&follow, "%s'%s'", follow.length > 0 ? ", " : "", verbs[i].words);
    }
    if (follow.length > 0 && count > 1)
        return err_set(err, ERR_USAGE, "'%.60s %.60s' is no command; there are %s", words[0],
                       words[1], text_string(&follow));
    if (follow.length > 0)
        return err_set(err, ERR_USAGE, "'%.60s' alone is no command; there are %s", words[0],
                       text_string(&follow));
    const char *nearest = text_nearest(words[0], first, verbs_count);
    if (nearest != NULL)
        return err_set(err, ERR_USAGE, "'%.60s' is no command; did you mean '%s'?", words[0],
                       nearest);
    return err_set(err, ERR_USAGE, "'%.60s' is no command; 'dogshore help' lists them", words[0]);
}

static size_t words_of(const struct verb *verb)
{
    return strchr(verb->words, ' ') == NULL ? 1 : 2;
}

/* The global options and those of the verb. */
static struct option_table table_of(struct cli *cli, const struct verb *verb)
{
    size_t own = verb == NULL || verb->options == NULL ? 0 : verb->options->count;
    struct option *options = ARENA_ARRAY(&cli->arena, struct option, global_options_count + own);
    memcpy(options, global_options, global_options_count * sizeof *options);
    if (own > 0)
        memcpy(options + global_options_count, verb->options->items, own * sizeof *options);
    return (struct option_table){
        .options = options,
        .count = global_options_count + own,
        /* One more than fits, so that it is named as one too many rather than as an unknown flag.
         */
        .operands_most = verb == NULL ? 1 : words_of(verb) + verb->operands_most,
    };
}

static enum err_code read_output(struct cli *cli, struct err *err)
{
    const char *word = cli->options.output;
    if (word == NULL || text_equal(word, "text"))
        cli->output = OUTPUT_TEXT;
    else if (text_equal(word, "json"))
        cli->output = OUTPUT_JSON;
    else if (text_equal(word, "name"))
        cli->output = OUTPUT_NAME;
    else
        return err_set(err, ERR_USAGE, "--output is text, json or name, not '%.60s'", word);
    return ERR_OK;
}

static enum err_code take_operands(struct cli *cli, const struct operands *operands,
                                   struct err *err)
{
    const struct verb *verb = cli->verb;
    size_t words = words_of(verb);
    /* A flag that verbs read differently, before the verb, may have hidden its words. */
    if (operands->count < words || verb_find(operands->items, operands->count) != verb)
        return err_set(err, ERR_USAGE, "put the command before its flags: dogshore %s …",
                       verb->words);
    cli->operands = operands->items + words;
    cli->operands_count = operands->count - words;
    if (cli->options.action == CLI_RUN && cli->operands_count < verb->operands_least)
        return err_set(err, ERR_USAGE, "usage: dogshore %s %s", verb->words, verb->operands);
    return ERR_OK;
}

/* Room for every value of the flags that may be given several times. */
static void make_room(struct cli *cli, const struct option_table *table, int argc)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->options[i].kind != OPTION_KIND_LIST) continue;
        char *member = (char *)&cli->options + table->options[i].offset;
        struct operands *list = (struct operands *)(void *)member;
        list->most = (size_t)argc;
        list->items = ARENA_ARRAY(&cli->arena, const char *, list->most);
    }
}

/* "--state a --state b" is "--state a,b". */
static const char *joined(struct cli *cli, const struct operands *list)
{
    struct text text;
    if (list->count == 0) return NULL;
    text_init(&text, &cli->arena);
    for (size_t i = 0; i < list->count; i++)
        text_printf(&text, "%s%s", i > 0 ? "," : "", list->items[i]);
    return text_string(&text);
}

static void join_lists(struct cli *cli)
{
    struct cli_options *options = &cli->options;
    options->selector = joined(cli, &options->selectors);
    options->state = joined(cli, &options->states);
    options->tag = joined(cli, &options->tags);
    options->untag = joined(cli, &options->untags);
}

static bool takes_wait(const struct verb *verb)
{
    for (size_t i = 0; verb != NULL && verb->options != NULL && i < verb->options->count; i++)
        if (text_equal(verb->options->items[i].flag, "wait")) return true;
    return false;
}

static enum err_code check_wait(const struct cli *cli, struct err *err)
{
    const struct cli_options *options = &cli->options;
    if (options->action != CLI_RUN) return ERR_OK;
    if (options->dry_run && options->wait)
        return err_set(err, ERR_USAGE, "--dry-run changes nothing that --wait could wait for");
    if (options->timeout_seconds > 0 && !options->wait && takes_wait(cli->verb))
        return err_set(err, ERR_USAGE, "--timeout is for --wait");
    return ERR_OK;
}

enum err_code command_line_read(struct cli *cli, int argc, char **argv, struct err *err)
{
    const char *words[VERB_WORDS] = {NULL};
    size_t count = first_words(argc, argv, words);
    cli->verb = verb_find(words, count);
    if (cli->verb == NULL && count > 0) return command_line_unknown(cli, words, count, err);
    struct option_table table = table_of(cli, cli->verb);
    struct operands operands = {
        .items = ARENA_ARRAY(&cli->arena, const char *, table.operands_most),
        .most = table.operands_most,
    };
    make_room(cli, &table, argc);
    TRY(options_read(&table, &cli->options, argc, argv, &operands, err));
    join_lists(cli);
    TRY(read_output(cli, err));
    TRY(check_wait(cli, err));
    return cli->verb == NULL ? ERR_OK : take_operands(cli, &operands, err);
}
