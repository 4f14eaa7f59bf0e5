#include "base/options.h"

#include "base/arena.h"
#include "base/text.h"

#include <assert.h>
#include <ctype.h>

enum { NAME_BYTES = 64, HELP_COLUMNS = 80 };

/* What is being read, and how far. */
struct reading {
    const struct option_table *table;
    void *config;
    int argc, position;
    char **argv;
    struct operands *operands;
    bool *given; /* by a flag, for each of the table */
};

/* "max-connections" → "DOGSHORE_MAX_CONNECTIONS" */
static void variable_name(const char *prefix, const char *flag, char out[static NAME_BYTES])
{
    size_t length = strlen(prefix);
    assert(length + strlen(flag) < NAME_BYTES);
    memcpy(out, prefix, length);
    for (const char *c = flag; *c != '\0'; c++)
        out[length++] = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    out[length] = '\0';
}

static enum err_code set_number(void *member, const struct option *option, const char *source,
                                const char *value, struct err *err)
{
    int64_t number;
    if (!text_to_int64(value, option->least, option->most, &number))
        return err_set(err, ERR_USAGE, "%s must be a number from %lld to %lld, got \"%.100s\"",
                       source, (long long)option->least, (long long)option->most, value);
    memcpy(member, &number, sizeof number);
    return ERR_OK;
}

static bool parse_switch(const char *value, bool *on)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    static const char *const no[] = {"0", "false", "no", "off"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        *on = text_equal(value, yes[i]);
        if (*on || text_equal(value, no[i])) return true;
    }
    return false;
}

static void add_value(void *member, const char *value)
{
    struct operands *list = member;
    assert(list->count < list->most);
    list->items[list->count++] = value;
}

static void clear_values(void *member)
{
    struct operands *list = member;
    list->count = 0;
}

static enum err_code set_option(void *config, const struct option *option, const char *source,
                                const char *value, struct err *err)
{
    char *member = (char *)config + option->offset;
    bool on = true;
    switch (option->kind) {
    case OPTION_KIND_TEXT:
        if (*value == '\0') return err_set(err, ERR_USAGE, "%s must not be empty", source);
        memcpy(member, &value, sizeof value);
        return ERR_OK;
    case OPTION_KIND_NUMBER:
        return set_number(member, option, source, value, err);
    case OPTION_KIND_LIST:
        if (*value == '\0') return err_set(err, ERR_USAGE, "%s must not be empty", source);
        add_value(member, value);
        return ERR_OK;
    case OPTION_KIND_SWITCH:
        if (!parse_switch(value, &on))
            return err_set(err, ERR_USAGE, "%s must be true or false, got \"%.100s\"", source,
                           value);
        memcpy(member, &on, sizeof on);
        return ERR_OK;
    case OPTION_KIND_ACTION:
        memcpy(member, &option->action, sizeof option->action);
        return ERR_OK;
    }
    assert(false);
    return ERR_INTERNAL;
}

static void set_fallback(void *config, const struct option *option)
{
    char *member = (char *)config + option->offset;
    static const bool off = false;
    switch (option->kind) {
    case OPTION_KIND_TEXT:
        memcpy(member, &option->fallback_text, sizeof option->fallback_text);
        return;
    case OPTION_KIND_NUMBER:
        memcpy(member, &option->fallback, sizeof option->fallback);
        return;
    case OPTION_KIND_LIST:
        clear_values(member);
        return;
    case OPTION_KIND_SWITCH:
        memcpy(member, &off, sizeof off);
        return;
    case OPTION_KIND_ACTION: /* several may share one member, which is the caller's to begin with */
        return;
    }
}

static enum err_code read_environment(const struct option_table *table, void *config,
                                      struct err *err)
{
    if (table->variable_prefix == NULL) return ERR_OK;
    for (size_t i = 0; i < table->count; i++) {
        const struct option *option = &table->options[i];
        if (option->kind == OPTION_KIND_ACTION || option->flag_only) continue;
        char name[NAME_BYTES];
        variable_name(table->variable_prefix, option->flag, name);
        const char *value = getenv(name);
        if (value != NULL) TRY(set_option(config, option, name, value, err));
    }
    return ERR_OK;
}

static const struct option *find_flag(const struct option_table *table, const char *flag,
                                      size_t bytes)
{
    for (size_t i = 0; i < table->count; i++) {
        const char *known = table->options[i].flag;
        if (strlen(known) == bytes && strncmp(known, flag, bytes) == 0) return &table->options[i];
    }
    return NULL;
}

static const struct option *find_letter(const struct option_table *table, char letter)
{
    for (size_t i = 0; i < table->count; i++)
        if (letter != '\0' && table->options[i].letter == letter) return &table->options[i];
    return NULL;
}

static enum err_code unknown_argument(const struct option_table *table, const char *argument,
                                      struct err *err)
{
    const char **flags = xcalloc(table->count + 1, sizeof *flags);
    for (size_t i = 0; i < table->count; i++)
        flags[i] = table->options[i].flag;
    const char *near = text_nearest(argument + strspn(argument, "-"), flags, table->count);
    free(flags);
    if (near != NULL)
        return err_set(err, ERR_USAGE, "unknown argument \"%.100s\"; did you mean --%s?", argument,
                       near);
    return err_set(err, ERR_USAGE, "unknown argument \"%.100s\"; see --help", argument);
}

bool option_takes_value(const struct option *option)
{
    switch (option->kind) {
    case OPTION_KIND_TEXT:
    case OPTION_KIND_NUMBER:
    case OPTION_KIND_LIST:
        return true;
    case OPTION_KIND_SWITCH:
    case OPTION_KIND_ACTION:
        return false;
    }
    assert(false);
    return false;
}

/* A switch that is said twice says the same twice; of two values one would be lost. What a flag
 * lists takes the place of what the environment does. */
static enum err_code note_given(struct reading *reading, const struct option *option,
                                const char *value, struct err *err)
{
    char *member = (char *)reading->config + option->offset;
    bool *given = &reading->given[option - reading->table->options];
    bool repeated = *given, before, on;
    *given = true;
    switch (option->kind) {
    case OPTION_KIND_LIST:
        if (!repeated) clear_values(member);
        return ERR_OK;
    case OPTION_KIND_ACTION:
        return ERR_OK;
    case OPTION_KIND_SWITCH:
        memcpy(&before, member, sizeof before);
        if (!repeated || !parse_switch(value, &on) || on == before) return ERR_OK;
        return err_set(err, ERR_USAGE, "--%s is given twice, as true and as false", option->flag);
    case OPTION_KIND_TEXT:
    case OPTION_KIND_NUMBER:
        if (!repeated) return ERR_OK;
        return err_set(err, ERR_USAGE, "--%s is given twice; it has one value", option->flag);
    }
    assert(false);
    return ERR_INTERNAL;
}

/* The value is `attached` to the flag or, where the option takes one, the next argument. */
static enum err_code read_value(struct reading *reading, const struct option *option,
                                const char *attached, struct err *err)
{
    char source[NAME_BYTES];
    snprintf(source, sizeof source, "--%s", option->flag);
    if (attached != NULL && option->kind == OPTION_KIND_ACTION)
        return err_set(err, ERR_USAGE, "%s takes no value", source);
    if (attached == NULL && !option_takes_value(option)) attached = "true";
    if (attached == NULL && reading->position >= reading->argc)
        return err_set(err, ERR_USAGE, "%s needs a value", source);
    if (attached == NULL) attached = reading->argv[reading->position++];
    TRY(note_given(reading, option, attached, err));
    return set_option(reading->config, option, source, attached, err);
}

static enum err_code read_flag(struct reading *reading, const char *argument, struct err *err)
{
    const char *flag = argument + 2;
    size_t bytes = strcspn(flag, "=");
    const struct option *option = find_flag(reading->table, flag, bytes);
    if (option == NULL) return unknown_argument(reading->table, argument, err);
    return read_value(reading, option, flag[bytes] == '=' ? flag + bytes + 1 : NULL, err);
}

/* "-o json", "-ojson"; a switch or an action stands alone. */
static enum err_code read_letter(struct reading *reading, const char *argument, struct err *err)
{
    const struct option *option = find_letter(reading->table, argument[1]);
    const char *attached = argument[2] != '\0' ? argument + 2 : NULL;
    if (option == NULL || (attached != NULL && !option_takes_value(option)))
        return unknown_argument(reading->table, argument, err);
    return read_value(reading, option, attached, err);
}

static enum err_code read_operand(struct reading *reading, const char *argument, struct err *err)
{
    size_t most = reading->table->operands_most;
    struct operands *operands = reading->operands;
    /* A program without operands was most likely meant to be given a flag. */
    if (most == 0) return unknown_argument(reading->table, argument, err);
    if (operands->count >= most)
        return err_set(err, ERR_USAGE, "unexpected argument \"%.100s\"", argument);
    operands->items[operands->count++] = argument;
    return ERR_OK;
}

static enum err_code read_arguments(struct reading *reading, struct err *err)
{
    bool flags_ended = false;
    while (reading->position < reading->argc) {
        const char *argument = reading->argv[reading->position++];
        if (!flags_ended && text_equal(argument, "--"))
            flags_ended = true;
        else if (!flags_ended && text_starts(argument, "--"))
            TRY(read_flag(reading, argument, err));
        else if (!flags_ended && argument[0] == '-' && argument[1] != '\0')
            TRY(read_letter(reading, argument, err));
        else
            TRY(read_operand(reading, argument, err));
    }
    return ERR_OK;
}

enum err_code options_read(const struct option_table *table, void *config, int argc, char **argv,
                           struct operands *operands, struct err *err)
{
    assert((operands == NULL ? 0 : operands->most) >= table->operands_most);
    for (size_t i = 0; i < table->count; i++)
        set_fallback(config, &table->options[i]);
    if (operands != NULL) operands->count = 0;
    TRY(read_environment(table, config, err));
    struct reading reading = {.table = table,
                              .config = config,
                              .argc = argc,
                              .position = 1,
                              .argv = argv,
                              .operands = operands,
                              .given = xcalloc(table->count + 1, sizeof(bool))};
    enum err_code code = read_arguments(&reading, err);
    free(reading.given);
    return code;
}

/* Words of `text`, wrapped and indented. */
static void add_wrapped(struct text *out, const char *text)
{
    static const char indent[] = "      ";
    size_t column = 0;
    while (*text != '\0') {
        size_t bytes = strcspn(text, " ");
        if (column > 0 && column + 1 + bytes > HELP_COLUMNS) {
            text_add_char(out, '\n');
            column = 0;
        }
        text_add(out, column == 0 ? indent : " ");
        column += column == 0 ? sizeof indent - 1 : 1;
        text_append(out, text, bytes);
        column += bytes;
        text += bytes;
        while (*text == ' ')
            text++;
    }
    text_add_char(out, '\n');
}

static void add_option(struct text *out, const struct option *option)
{
    text_add(out, "  ");
    if (option->letter != '\0') text_printf(out, "-%c, ", option->letter);
    text_printf(out, "--%s", option->flag);
    if (option->argument != NULL) text_printf(out, " %s", option->argument);
    if (option->kind == OPTION_KIND_NUMBER)
        text_printf(out, "   (%lld to %lld, default %lld)", (long long)option->least,
                    (long long)option->most, (long long)option->fallback);
    else if (option->fallback_text != NULL)
        text_printf(out, "   (default %s)", option->fallback_text);
    text_add_char(out, '\n');
    add_wrapped(out, option->help);
}

void options_help(const struct option_table *table, struct text *text)
{
    for (size_t i = 0; i < table->count; i++)
        add_option(text, &table->options[i]);
}
