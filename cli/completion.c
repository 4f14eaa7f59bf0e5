/* completion.c: the script with which bash completes our words, made of the table of verbs. */
#include "base/options.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/verbs.h"

static const char head[] =
    "# bash completion for dogshore, made by `dogshore completion bash`.\n"
    "_dogshore() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    local i words=() settings=() verb='' flags='' operand='' second=''\n"
    "    # The words that are neither flags nor their values; the flags that say which server.\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "        --server|--token|--token-file|--cluster|--config|--ca-file)\n"
    "            settings+=(\"${COMP_WORDS[i]}\" \"${COMP_WORDS[i+1]-}\"); ((i++)) ;;\n"
    "        ";

/* Behind the flags that take a value. */
static const char values[] =
    ")\n"
    "            ((i++)) ;;\n"
    "        -f) [[ ${words[0]-} == events ]] || ((i++)) ;;\n"
    "        -*) ;;\n"
    "        *) words+=(\"${COMP_WORDS[i]}\") ;;\n"
    "        esac\n"
    "    done\n"
    "    case $before in\n"
    "    -o|--output) COMPREPLY=($(compgen -W 'text json name' -- \"$word\")); return ;;\n"
    "    --for) COMPREPLY=($(compgen -W 'available complete terminated' -- \"$word\")); return ;;\n"
    "    --against) COMPREPLY=($(compgen -W \"live spec stable $(_dogshore_names history "
    "\"${words[1]-}\")\" -- \"$word\")); return ;;\n"
    "    --scope) COMPREPLY=($(compgen -W 'read deploy operate admin join' -- \"$word\")); return "
    ";;\n"
    "    --to) COMPREPLY=($(compgen -W \"stable $(_dogshore_names history \"${words[1]-}\")\" -- "
    "\"$word\")); return ;;\n"
    "    --file|--token-file|--config|--ca-file) COMPREPLY=($(compgen -f -- \"$word\")); return "
    ";;\n"
    "    -f) if [[ ${words[0]-} != events ]]; then\n"
    "            COMPREPLY=($(compgen -f -- \"$word\")); return\n"
    "        fi ;;\n"
    "    --cluster) settings=(\"${settings[@]:0:${#settings[@]}-2}\")\n"
    "        COMPREPLY=($(compgen -W \"$(_dogshore_names clusters)\" -- \"$word\")); return ;;\n"
    "    ";

/* Behind them again: nothing is known of the others. */
static const char last[] = ") return ;;\n"
                           "    esac\n";

static const char names[] =
    "_dogshore_names() {\n"
    "    \"${COMP_WORDS[0]}\" \"${settings[@]}\" \"$@\" -o name 2>/dev/null\n"
    "}\n";

static const char tail[] =
    "    if [[ $word == -* ]]; then\n"
    "        COMPREPLY=($(compgen -W \"$flags $global\" -- \"$word\")); return\n"
    "    fi\n"
    "    if [[ ! $verb ]]; then\n"
    "        COMPREPLY=($(compgen -W \"$next\" -- \"$word\")); return\n"
    "    fi\n"
    "    local offered=$next\n"
    "    if ((${#words[@]} == used)); then\n"
    "        case $operand in\n"
    "        deployment) offered+=\" $(_dogshore_names get)\" ;;\n"
    "        node) offered+=\" $(_dogshore_names nodes)\" ;;\n"
    "        label) offered+=\" $(_dogshore_names labels)\" ;;\n"
    "        token) offered+=\" $(_dogshore_names token list)\" ;;\n"
    "        shell) offered+=' bash' ;;\n"
    "        esac\n"
    "    elif ((${#words[@]} == used + 1)) && [[ $second == revision ]]; then\n"
    "        offered=\"latest stable $(_dogshore_names history \"${words[used]}\")\"\n"
    "    fi\n"
    "    COMPREPLY=($(compgen -W \"$offered\" -- \"$word\"))\n"
    "}\n"
    "complete -F _dogshore dogshore\n";

static const char *const operand_words[] = {
    [OPERAND_NONE] = "",
    [OPERAND_DEPLOYMENT] = "deployment",
    [OPERAND_NODE] = "node",
    [OPERAND_TOKEN] = "token",
    [OPERAND_SHELL] = "shell",
    [OPERAND_VERB] = "verb",
    [OPERAND_REVISION] = "revision",
    [OPERAND_LABEL] = "label",
};

static size_t first_word(const struct verb *verb)
{
    return strcspn(verb->words, " ");
}

static bool same_first_word(const struct verb *a, const struct verb *b)
{
    return first_word(a) == first_word(b) && strncmp(a->words, b->words, first_word(a)) == 0;
}

static void add_flags(struct text *text, const struct option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_printf(text, "%s--%s", i > 0 ? " " : "", options[i].flag);
        if (options[i].letter != '\0') text_printf(text, " -%c", options[i].letter);
    }
}

/* What one letter means depends on the verb: head and values know of -f. */
static void add_valued_flag(struct text *text, const struct option *option)
{
    const char *separator = text->bytes[text->length - 1] == ' ' ? "" : "|";
    text_printf(text, "%s--%s", separator, option->flag);
    if (option->letter != '\0' && option->letter != 'f') text_printf(text, "|-%c", option->letter);
}

/* A flag of several verbs is there several times, which bash does not mind. */
static void add_valued_flags(struct text *text)
{
    for (size_t i = 0; i < global_options_count; i++)
        if (option_takes_value(&global_options[i])) add_valued_flag(text, &global_options[i]);
    for (size_t i = 0; i < verbs_count; i++) {
        const struct option_list *options = verbs[i].options;
        if (options == NULL || (i > 0 && options == verbs[i - 1].options)) continue;
        for (size_t j = 0; j < options->count; j++)
            if (option_takes_value(&options->items[j])) add_valued_flag(text, &options->items[j]);
    }
}

/* Every first word once. */
static void add_first_words(struct text *text)
{
    for (size_t i = 0; i < verbs_count; i++) {
        if (i > 0 && same_first_word(&verbs[i], &verbs[i - 1])) continue;
        text_printf(text, "%s%.*s", i > 0 ? " " : "", (int)first_word(&verbs[i]), verbs[i].words);
    }
}

static void add_second_words(struct text *text, const struct verb *first)
{
    for (size_t i = 0; i < verbs_count; i++) {
        const char *word = verbs[i].words + first_word(&verbs[i]);
        if (same_first_word(&verbs[i], first) && *word == ' ') text_add(text, word);
    }
}

/* One branch of `case`: what the verb takes. */
static void add_verb(struct text *text, const struct verb *verb, const char *pattern, size_t used)
{
    text_printf(text, "    '%s'%s) verb=1 used=%zu operand=%s second=%s flags='", verb->words,
                pattern, used, operand_words[verb->operand], operand_words[verb->second]);
    if (verb->options != NULL) add_flags(text, verb->options->items, verb->options->count);
    text_add(text, "' next='");
    if (used == 1) add_second_words(text, verb);
    if (verb->operand == OPERAND_VERB) add_first_words(text);
    text_add(text, "' ;;\n");
}

/* A first word that is no verb by itself: its second words alone. */
static void add_group(struct text *text, const struct verb *verb)
{
    text_printf(text, "    '%.*s '*) next='", (int)first_word(verb), verb->words);
    add_second_words(text, verb);
    text_add(text, "' ;;\n");
}

static void add_cases(struct text *text)
{
    text_add(text, "    local used=0 next='' global='");
    add_flags(text, global_options, global_options_count);
    text_add(text, "'\n    case \"${words[0]-} ${words[1]-}\" in\n");
    for (size_t i = 0; i < verbs_count; i++)
        if (strchr(verbs[i].words, ' ') != NULL) add_verb(text, &verbs[i], "", 2);
    for (size_t i = 0; i < verbs_count; i++) {
        if (strchr(verbs[i].words, ' ') == NULL)
            add_verb(text, &verbs[i], "' '*", 1);
        else if (i == 0 || !same_first_word(&verbs[i], &verbs[i - 1]))
            add_group(text, &verbs[i]);
    }
    text_add(text, "    ' ') next='");
    add_first_words(text);
    text_add(text, "' ;;\n    esac\n");
}

enum err_code verb_completion(struct cli *cli, struct err *err)
{
    struct text text;
    if (!text_equal(cli_operand(cli, 0), "bash"))
        return err_set(err, ERR_USAGE, "only bash is known, not '%.60s'", cli_operand(cli, 0));
    text_init(&text, &cli->arena);
    text_add(&text, head);
    add_valued_flags(&text);
    text_add(&text, values);
    add_valued_flags(&text);
    text_add(&text, last);
    add_cases(&text);
    text_add(&text, tail);
    text_add(&text, names);
    return terminal_raw(text.bytes, text.length, err);
}
