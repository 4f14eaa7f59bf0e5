/* options.h: the flags of a program, their environment variables and its --help from one table.
 *
 *     static const struct option options[] = {
 *         OPTION_TEXT(struct config, "listen", listen, "ADDR:PORT", "127.0.0.1:7420", "Where …"),
 *         OPTION_ACTION(struct config, "help", action, ACTION_HELP, "Print this and exit."),
 *     };
 *
 * `--flag value`, `--flag=value`, `-f value` or `-fvalue` for one with a letter; `--` ends the
 * flags. A flag wins over its variable (PREFIX_FLAG_NAME). Whatever is no flag is an operand, "-"
 * included. Unknown flags are refused with the nearest known one. A flag that has one value is
 * given once: a second one is refused, as nobody could say which of them is meant.
 *
 * Ownership: strings are borrowed from argv and the environment. Errors: ERR_USAGE.
 */
#ifndef DOGSHORE_BASE_OPTIONS_H
#define DOGSHORE_BASE_OPTIONS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

enum option_kind {
    OPTION_KIND_TEXT,   /* const char * */
    OPTION_KIND_NUMBER, /* int64_t */
    OPTION_KIND_LIST,   /* struct operands, with room for argc: every value that is given */
    OPTION_KIND_SWITCH, /* bool; alone, or =true|false */
    OPTION_KIND_ACTION  /* int: set to `action` */
};

struct option {
    const char *flag; /* without the dashes */
    char letter;      /* of its short form; 0 = none */
    enum option_kind kind;
    size_t offset; /* of the member that it sets */
    const char *argument;
    int64_t least, most, fallback; /* of numbers */
    const char *fallback_text;
    int action;
    bool flag_only;   /* no environment variable: for what is done once */
    const char *help; /* one paragraph; --help wraps it */
};

#define OPTION_TEXT(type, flag_, member, argument_, fallback_, help_, ...)                         \
    {                                                                                              \
        .flag = flag_, .kind = OPTION_KIND_TEXT, .offset = offsetof(type, member),                 \
        .argument = argument_, .fallback_text = fallback_, .help = help_, __VA_ARGS__              \
    }
#define OPTION_NUMBER(type, flag_, member, argument_, least_, most_, fallback_, help_, ...)        \
    {                                                                                              \
        .flag = flag_, .kind = OPTION_KIND_NUMBER, .offset = offsetof(type, member),               \
        .argument = argument_, .least = least_, .most = most_, .fallback = fallback_,              \
        .help = help_, __VA_ARGS__                                                                 \
    }
#define OPTION_LIST(type, flag_, member, argument_, help_, ...)                                    \
    {                                                                                              \
        .flag = flag_, .kind = OPTION_KIND_LIST, .offset = offsetof(type, member),                 \
        .argument = argument_, .help = help_, __VA_ARGS__                                          \
    }
#define OPTION_SWITCH(type, flag_, member, help_, ...)                                             \
    {                                                                                              \
        .flag = flag_, .kind = OPTION_KIND_SWITCH, .offset = offsetof(type, member),               \
        .help = help_, __VA_ARGS__                                                                 \
    }
#define OPTION_ACTION(type, flag_, member, action_, help_, ...)                                    \
    {                                                                                              \
        .flag = flag_, .kind = OPTION_KIND_ACTION, .offset = offsetof(type, member),               \
        .action = action_, .help = help_, __VA_ARGS__                                              \
    }

struct option_table {
    const struct option *options;
    size_t count;
    const char *variable_prefix; /* "DOGSHORE_"; NULL = no environment variables */
    size_t operands_most;        /* further ones are refused */
};

/* The caller makes the room: for operands_most of them, for argc values of a list. */
struct operands {
    const char **items;
    size_t count, most; /* so many there are, and have room */
};

/* Fallbacks, then the environment, then argv[1…]. Members of actions are left as they are until one
 * is asked for. `operands` may be NULL when there are none. */
enum err_code options_read(const struct option_table *table, void *config, int argc, char **argv,
                           struct operands *operands, struct err *err);
/* Whether something must follow the flag: all but switches and actions. */
bool option_takes_value(const struct option *option);
/* The table as --help shows it: letter, flag, bounds and fallback, then the wrapped help. */
void options_help(const struct option_table *table, struct text *text);

#endif
