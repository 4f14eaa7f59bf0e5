#include "cli/settings.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/read_file.h"

#include <ctype.h>

enum { CONFIG_BYTES = 64 * 1024 };

/* What a config file may say, and the variable of each. */
static const struct {
    const char *key;
    const char *variable;
    size_t offset;
} known[] = {
    {"server", "DOGSHORE_SERVER", offsetof(struct settings_flags, server)},
    {"token", "DOGSHORE_TOKEN", offsetof(struct settings_flags, token)},
    {"token_file", "DOGSHORE_TOKEN_FILE", offsetof(struct settings_flags, token_file)},
    {"cluster", "DOGSHORE_CLUSTER", offsetof(struct settings_flags, cluster)},
    {"ca_file", "DOGSHORE_CA_FILE", offsetof(struct settings_flags, ca_file)},
    {NULL, "DOGSHORE_CONFIG", offsetof(struct settings_flags, config)},
};

enum { KNOWN = sizeof(known) / sizeof(known[0]), KEYS = KNOWN - 1 };

static const char **member(struct settings_flags *flags, size_t i)
{
    return (const char **)(void *)((char *)flags + known[i].offset);
}

/* An empty variable is as good as none, so that `DOGSHORE_TOKEN= dogshore …` unsets it. */
static void read_environment(struct settings_flags *flags)
{
    for (size_t i = 0; i < KNOWN; i++) {
        const char *value = getenv(known[i].variable);
        if (value != NULL && value[0] != '\0') *member(flags, i) = value;
    }
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    return text;
}

static enum err_code unknown_key(const char *key, const char *where, int line, struct err *err)
{
    const char *keys[KEYS];
    for (size_t i = 0; i < KEYS; i++)
        keys[i] = known[i].key;
    const char *nearest = text_nearest(key, keys, KEYS);
    if (nearest == NULL)
        return err_set(err, ERR_USAGE, "%s: line %d: '%s' is not a setting", where, line, key);
    return err_set(err, ERR_USAGE, "%s: line %d: '%s' is not a setting; did you mean '%s'?", where,
                   line, key, nearest);
}

static enum err_code parse_line(char *text, const char *where, int line,
                                struct settings_flags *flags, struct err *err)
{
    char *at = trim(text);
    if (*at == '\0' || *at == '#') return ERR_OK;
    char *equals = strchr(at, '=');
    if (equals == NULL)
        return err_set(err, ERR_USAGE, "%s: line %d: is not 'key = value'", where, line);
    *equals = '\0';
    const char *key = trim(at);
    for (size_t i = 0; i < KEYS; i++) {
        if (!text_equal(known[i].key, key)) continue;
        const char *value = trim(equals + 1);
        *member(flags, i) = *value == '\0' ? NULL : value;
        return ERR_OK;
    }
    return unknown_key(key, where, line, err);
}

enum err_code settings_parse(const char *text, const char *where, struct arena *arena,
                             struct settings_flags *flags, struct err *err)
{
    char *rest = arena_strdup(arena, text);
    for (int line = 1; rest != NULL; line++) {
        char *text_of_line = strsep(&rest, "\n");
        TRY(parse_line(text_of_line, where, line, flags, err));
    }
    return ERR_OK;
}

static const char *default_path(struct arena *arena)
{
    const char *config_home = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (config_home != NULL && config_home[0] == '/')
        return arena_printf(arena, "%s/dogshore/config", config_home);
    return home == NULL ? NULL : arena_printf(arena, "%s/.config/dogshore/config", home);
}

static enum err_code read_config(const char *named, struct arena *arena,
                                 struct settings_flags *file, const char **warning, struct err *err)
{
    const char *path = named != NULL ? named : default_path(arena);
    struct file_content content;
    if (path == NULL || (named == NULL && access(path, F_OK) != 0)) return ERR_OK;
    TRY(read_file(arena, path, CONFIG_BYTES, &content, err));
    TRY(settings_parse(content.bytes, path, arena, file, err));
    if (file->token != NULL && content.readable_by_others)
        *warning = arena_printf(
            arena, "warning: %s holds a token and others can read it: chmod 600 it", path);
    return ERR_OK;
}

static enum err_code read_token_file(const char *path, struct arena *arena, const char **token,
                                     const char **warning, struct err *err)
{
    struct file_content content;
    TRY(read_file(arena, path, LIMIT_TOKEN_BYTES * 4, &content, err));
    char *text = trim(arena_strdup(arena, content.bytes));
    if (*text == '\0') return err_set(err, ERR_USAGE, "%s: is empty; a token is expected", path);
    if (content.readable_by_others)
        *warning =
            arena_printf(arena, "warning: others can read the token in %s: chmod 600 it", path);
    *token = text;
    return ERR_OK;
}

/* A header cannot carry everything, and a stray newline must not begin another one. */
static enum err_code check_token(const char *token, struct err *err)
{
    if (strlen(token) > LIMIT_TOKEN_BYTES) return err_set(err, ERR_USAGE, "the token is too long");
    for (const char *at = token; *at != '\0'; at++)
        if (!isgraph((unsigned char)*at))
            return err_set(err, ERR_USAGE, "the token has a blank or a character that none has");
    return ERR_OK;
}

static enum err_code check_server(const char *server, struct err *err)
{
    if (text_starts(server, "http://") || text_starts(server, "https://")) return ERR_OK;
    return err_set(err, ERR_USAGE, "the server '%s' is no http:// or https:// address", server);
}

enum err_code settings_read(const struct settings_flags *flags, struct arena *arena,
                            struct settings *settings, struct err *err)
{
    struct settings_flags environment = {0}, file = {0};
    *settings = (struct settings){.server = SETTINGS_SERVER_DEFAULT};
    read_environment(&environment);
    const char *config = flags->config != NULL ? flags->config : environment.config;
    TRY(read_config(config, arena, &file, &settings->warning, err));

    const struct settings_flags *places[] = {&file, &environment, flags};
    const char *token_file = NULL;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const struct settings_flags *place = places[i];
        if (place->token != NULL && place->token_file != NULL)
            return err_set(err, ERR_USAGE, "a token and a token file are given; one will do");
        if (place->server != NULL) settings->server = place->server;
        if (place->cluster != NULL) settings->cluster = place->cluster;
        if (place->ca_file != NULL) settings->ca_file = place->ca_file;
        if (place->token == NULL && place->token_file == NULL) continue;
        settings->token = place->token;
        token_file = place->token_file;
    }
    if (token_file != NULL)
        TRY(read_token_file(token_file, arena, &settings->token, &settings->warning, err));
    if (settings->token != NULL) TRY(check_token(settings->token, err));
    return check_server(settings->server, err);
}
