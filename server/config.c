/* One table of options drives flags, environment variables and --help. */
#include "server/config.h"

#include "base/limits.h"
#include "base/text.h"
#include "server/listen.h"

#include <assert.h>
#include <ctype.h>
#include <stddef.h>

enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_SWITCH, OPTION_ACTION };

struct option {
    const char *flag; /* without the dashes */
    enum option_kind kind;
    size_t offset; /* of the member that it sets */
    const char *argument;
    int64_t least, most, fallback; /* of numbers */
    const char *fallback_text;
    enum config_action action;
    const char *help;
};

#define TEXT_OPTION(flag_, member, argument_, fallback_, help_)                                    \
    {                                                                                              \
        .flag = flag_, .kind = OPTION_TEXT, .offset = offsetof(struct config, member),             \
        .argument = argument_, .fallback_text = fallback_, .help = help_                           \
    }
#define NUMBER_OPTION(flag_, member, argument_, least_, most_, fallback_, help_)                   \
    {                                                                                              \
        .flag = flag_, .kind = OPTION_NUMBER, .offset = offsetof(struct config, member),           \
        .argument = argument_, .least = least_, .most = most_, .fallback = fallback_,              \
        .help = help_                                                                              \
    }
#define ACTION_OPTION(flag_, action_, help_)                                                       \
    {                                                                                              \
        .flag = flag_, .kind = OPTION_ACTION, .action = action_, .help = help_                     \
    }

enum { THREADS_MAX = 64, CONNECTIONS_MAX = 1000000, TIMEOUT_MS_MAX = 3600 * 1000 };

static const struct option options[] = {
    TEXT_OPTION("data-dir", data_dir, "DIR", NULL,
                "Where everything is kept: the database, its lock, the first tokens and the file "
                "`listen`. Made with mode 0700 when missing. Required."),
    TEXT_OPTION("listen", listen, "ADDR:PORT", "127.0.0.1:7420",
                "Where to listen; [ADDR]:PORT for IPv6. Port 0 takes any free one; the port bound "
                "is logged and written to DIR/listen."),
    {.flag = "allow-remote",
     .kind = OPTION_SWITCH,
     .offset = offsetof(struct config, allow_remote),
     .help = "Needed for a --listen outside of the loopback: there is no TLS in this process yet, "
             "so tokens cross that network in clear unless a proxy or a tunnel encrypts."},
    NUMBER_OPTION("http-threads", http_threads, "N", 1, THREADS_MAX, 1, "Threads that serve HTTP."),
    NUMBER_OPTION("keep-events", keep_events, "N", 1000, INT64_C(1000000000), 1000000,
                  "At least this many of the newest events are kept."),
    TEXT_OPTION("log-level", log_level_word, "LEVEL", "info", "error, warn, info or debug."),
    NUMBER_OPTION("max-connections", max_connections, "N", 1, CONNECTIONS_MAX, 20000,
                  "Connections open at once; further ones wait to be accepted. Lowered to what "
                  "the limit of open files allows."),
    NUMBER_OPTION("max-connections-per-ip", max_connections_per_ip, "N", 0, CONNECTIONS_MAX, 0,
                  "Connections open at once from one address; further ones are answered 429 and "
                  "closed. 0 sets no such limit."),
    NUMBER_OPTION("arrival-timeout-ms", arrival_timeout_ms, "MS", 50, TIMEOUT_MS_MAX,
                  LIMIT_REQUEST_ARRIVAL_MS,
                  "A request that takes longer from its first byte to its last is answered 408 "
                  "and cut."),
    NUMBER_OPTION("reply-timeout-ms", reply_timeout_ms, "MS", 50, TIMEOUT_MS_MAX,
                  LIMIT_REPLY_STALL_MS, "A client that takes longer to fetch its reply is cut."),
    NUMBER_OPTION("idle-timeout-ms", idle_timeout_ms, "MS", 50, TIMEOUT_MS_MAX,
                  LIMIT_IDLE_CONNECTION_SECONDS * 1000,
                  "A connection without a request is closed after this time."),
    NUMBER_OPTION("write-timeout-ms", write_timeout_ms, "MS", 50, TIMEOUT_MS_MAX,
                  LIMIT_WRITE_DEADLINE_MS,
                  "A write that is not on disk after this time is answered 503 outcome_unknown."),
    ACTION_OPTION("print-routes", ACTION_PRINT_ROUTES, "Print the route table and exit."),
    ACTION_OPTION("print-states", ACTION_PRINT_STATES, "Print the state machines and exit."),
    ACTION_OPTION("print-schema", ACTION_PRINT_SCHEMA,
                  "Print the JSON Schemas of the API's objects and exit."),
#ifdef DOGSHORE_FAILPOINTS
    ACTION_OPTION("print-failpoints", ACTION_PRINT_FAILPOINTS,
                  "Print the failpoints of this test build and exit."),
#endif
    ACTION_OPTION("help", ACTION_HELP, "Print this and exit."),
    ACTION_OPTION("version", ACTION_VERSION, "Print the version and exit."),
};

enum { OPTION_COUNT = sizeof options / sizeof *options, VARIABLE_BYTES = 64, HELP_COLUMNS = 80 };

static const char variable_prefix[] = "DOGSHORE_";

/* "max-connections" → "DOGSHORE_MAX_CONNECTIONS" */
static const char *variable_name(const struct option *option, char out[static VARIABLE_BYTES])
{
    struct text text;
    text_init(&text, NULL);
    text_add(&text, variable_prefix);
    for (const char *c = option->flag; *c != '\0'; c++)
        text_add_char(&text, *c == '-' ? '_' : (char)toupper((unsigned char)*c));
    assert(text.length < VARIABLE_BYTES);
    memcpy(out, text.bytes, text.length + 1);
    text_release(&text);
    return out;
}

static enum err_code set_number(struct config *config, const struct option *option,
                                const char *source, const char *value, struct err *err)
{
    int64_t number;
    if (!text_to_int64(value, option->least, option->most, &number))
        return err_set(err, ERR_USAGE, "%s must be a number from %lld to %lld, got \"%.100s\"",
                       source, (long long)option->least, (long long)option->most, value);
    memcpy((char *)config + option->offset, &number, sizeof number);
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

static enum err_code set_option(struct config *config, const struct option *option,
                                const char *source, const char *value, struct err *err)
{
    char *member = (char *)config + option->offset;
    bool on = true;
    switch (option->kind) {
    case OPTION_TEXT:
        if (*value == '\0') return err_set(err, ERR_USAGE, "%s must not be empty", source);
        memcpy(member, &value, sizeof value);
        return ERR_OK;
    case OPTION_NUMBER:
        return set_number(config, option, source, value, err);
    case OPTION_SWITCH:
        if (!parse_switch(value, &on))
            return err_set(err, ERR_USAGE, "%s must be true or false, got \"%.100s\"", source,
                           value);
        memcpy(member, &on, sizeof on);
        return ERR_OK;
    case OPTION_ACTION:
        config->action = option->action;
        return ERR_OK;
    }
    assert(false);
    return ERR_INTERNAL;
}

static void set_fallbacks(struct config *config)
{
    *config = (struct config){.action = ACTION_SERVE};
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &options[i];
        char *member = (char *)config + option->offset;
        if (option->kind == OPTION_NUMBER)
            memcpy(member, &option->fallback, sizeof option->fallback);
        else if (option->kind == OPTION_TEXT)
            memcpy(member, &option->fallback_text, sizeof option->fallback_text);
    }
}

static enum err_code read_environment(struct config *config, struct err *err)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &options[i];
        if (option->kind == OPTION_ACTION) continue;
        char name[VARIABLE_BYTES];
        const char *value = getenv(variable_name(option, name));
        if (value == NULL) continue;
        TRY(set_option(config, option, name, value, err));
    }
    return ERR_OK;
}

static const struct option *find_option(const char *flag, size_t bytes)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(options[i].flag) == bytes && strncmp(options[i].flag, flag, bytes) == 0)
            return &options[i];
    return NULL;
}

static enum err_code unknown_argument(const char *argument, struct err *err)
{
    const char *flags[OPTION_COUNT];
    for (size_t i = 0; i < OPTION_COUNT; i++)
        flags[i] = options[i].flag;
    const char *word = argument;
    while (*word == '-')
        word++;
    const char *near = text_nearest(word, flags, OPTION_COUNT);
    if (near != NULL)
        return err_set(err, ERR_USAGE, "unknown argument \"%.100s\"; did you mean --%s?", argument,
                       near);
    return err_set(err, ERR_USAGE, "unknown argument \"%.100s\"; see --help", argument);
}

/* `--flag value` or `--flag=value`; a switch stands alone. Moves *position over what it took. */
static enum err_code read_argument(struct config *config, int argc, char **argv, int *position,
                                   struct err *err)
{
    const char *argument = argv[(*position)++];
    if (!text_starts(argument, "--")) return unknown_argument(argument, err);
    const char *flag = argument + 2;
    size_t bytes = strcspn(flag, "=");
    const struct option *option = find_option(flag, bytes);
    if (option == NULL) return unknown_argument(argument, err);
    char source[VARIABLE_BYTES];
    snprintf(source, sizeof source, "--%s", option->flag);
    bool takes_value = option->kind == OPTION_TEXT || option->kind == OPTION_NUMBER;
    if (flag[bytes] == '=') {
        if (option->kind == OPTION_ACTION)
            return err_set(err, ERR_USAGE, "%s takes no value", source);
        return set_option(config, option, source, flag + bytes + 1, err);
    }
    if (!takes_value) return set_option(config, option, source, "true", err);
    if (*position >= argc) return err_set(err, ERR_USAGE, "%s needs a value", source);
    return set_option(config, option, source, argv[(*position)++], err);
}

static enum err_code check(struct config *config, struct err *err)
{
    if (!log_level_parse(config->log_level_word, &config->log_level))
        return err_set(err, ERR_USAGE,
                       "--log-level must be error, warn, info or debug, got \"%.100s\"",
                       config->log_level_word);
    if (config->data_dir == NULL)
        return err_set(err, ERR_USAGE, "--data-dir DIR (or DOGSHORE_DATA_DIR) is required");
    TRY(listen_parse(config->listen, &config->address, &config->address_bytes, err));
    if (!config->allow_remote && !listen_is_loopback(&config->address))
        return err_set(err, ERR_USAGE,
                       "--listen %.200s is not on the loopback: add --allow-remote only if that "
                       "network is trusted or a proxy encrypts, because there is no TLS in this "
                       "process yet",
                       config->listen);
    return ERR_OK;
}

enum err_code config_read(struct config *config, int argc, char **argv, struct err *err)
{
    set_fallbacks(config);
    TRY(read_environment(config, err));
    for (int position = 1; position < argc;)
        TRY(read_argument(config, argc, argv, &position, err));
    return config->action == ACTION_SERVE ? check(config, err) : ERR_OK;
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
    text_printf(out, "  --%s", option->flag);
    if (option->argument != NULL) text_printf(out, " %s", option->argument);
    if (option->kind == OPTION_NUMBER)
        text_printf(out, "   (%lld to %lld, default %lld)", (long long)option->least,
                    (long long)option->most, (long long)option->fallback);
    else if (option->fallback_text != NULL)
        text_printf(out, "   (default %s)", option->fallback_text);
    text_add_char(out, '\n');
    add_wrapped(out, option->help);
}

void config_help(struct text *text)
{
    text_add(text, "dogshored: the control plane of Dogshore, a self-hosted deployment API.\n\n"
                   "Usage: dogshored --data-dir DIR [options]\n\n"
                   "The first start writes DIR/admin.token and DIR/join.token (mode 0600).\n\n"
                   "Options:\n");
    for (size_t i = 0; i < OPTION_COUNT; i++)
        add_option(text, &options[i]);
    text_add(text,
             "\nEvery option with a value, and --allow-remote, is also an environment variable:\n"
             "--http-threads is DOGSHORE_HTTP_THREADS. The flag wins.\n\n"
             "Exit codes: 0 stopped, 64 bad command line, 71 out of memory, 74 input/output\n"
             "error, 75 the store failed while serving (start again), 78 the data directory or\n"
             "the address cannot be used.\n");
}
