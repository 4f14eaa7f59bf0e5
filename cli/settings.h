/* settings.h: which server, with which token, in which cluster.
 *
 * Flags win over the environment, the environment over the file. A token and a token file are one
 * setting: whichever is said at the highest of the three places counts.
 *
 * Ownership: in the arena, or borrowed from argv and the environment. Errors: ERR_USAGE.
 */
#ifndef DOGSHORE_CLI_SETTINGS_H
#define DOGSHORE_CLI_SETTINGS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define SETTINGS_SERVER_DEFAULT "http://127.0.0.1:7420"

/* As they were said in one place; NULL = not said. */
struct settings_flags {
    const char *server;
    const char *token;
    const char *token_file;
    const char *cluster;
    const char *ca_file;
    const char *config; /* flags and environment only */
};

struct settings {
    const char *server;
    const char *token; /* NULL = none */
    const char *cluster;
    const char *ca_file;
    const char *warning; /* one line for standard error; NULL = none */
};

enum err_code settings_read(const struct settings_flags *flags, struct arena *arena,
                            struct settings *settings, struct err *err);

/* The text of a config file: `key = value` lines, `#` comments. `where` is named in errors. */
enum err_code settings_parse(const char *text, const char *where, struct arena *arena,
                             struct settings_flags *flags, struct err *err);

#endif
