#include "agent/config.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/options.h"
#include "base/text.h"
#include "wire/string_rule.h"

#define LOG_BYTES_LEAST 4096
#define LOG_BYTES_MOST (INT64_C(1) << 40)
#define LOG_BYTES (10 * 1024 * 1024)

enum { SAMPLE_SECONDS = 10, SAMPLE_SECONDS_MOST = 3600 };

static const struct option options[] = {
    OPTION_TEXT(struct agent_config, "server", server, "URL", NULL,
                "The Dogshore server, http:// or https://. Required."),
    OPTION_TEXT(struct agent_config, "name", name, "NODE", NULL,
                "This node's name: a DNS label, unique on the server. Required."),
    OPTION_TEXT(struct agent_config, "state-dir", state_dir, "DIR", NULL,
                "Where everything is kept: this node's own token, and a folder per replica with "
                "its journal and its log. Made with mode 0700 when missing. Required."),
    OPTION_TEXT(struct agent_config, "join-token-file", join_token_file, "FILE", NULL,
                "The server's join token: needed for the first registration, and again when the "
                "node was removed from the server."),
    OPTION_TEXT(struct agent_config, "run-dir", run_dir, "DIR", NULL,
                "Where the shims of running replicas are found again; STATEDIR/run when it is not "
                "given. One that is emptied at boot is fine."),
    OPTION_TEXT(struct agent_config, "shim", shim, "FILE", NULL,
                "The program dogshore-shim, which is looked for beside this one."),
    OPTION_TEXT(struct agent_config, "cluster", cluster, "NAME", "default", "The cluster to join."),
    OPTION_TEXT(struct agent_config, "labels", labels_text, "K=V,…", NULL,
                "Labels of this node, for placement."),
    OPTION_TEXT(struct agent_config, "address", address, "ADDR", NULL,
                "The address that clients reach this node's replicas at, and that their probes "
                "use; the local end of a connection to the server when it is not given."),
    OPTION_TEXT(struct agent_config, "port-range", port_range, "A-B", "20000-29999",
                "Ports that are given to replicas."),
    OPTION_NUMBER(struct agent_config, "cpu-millis", cpu_millis, "N", 0, LIMIT_CPU_MILLIS, 0,
                  "Capacity offered, 1000 = one core; 0 is all of this machine."),
    OPTION_NUMBER(struct agent_config, "memory-mib", memory_mib, "N", 0, LIMIT_MEMORY_MIB, 0,
                  "Capacity offered; 0 is all of this machine."),
    OPTION_NUMBER(struct agent_config, "gpus", gpus, "N", 0, LIMIT_GPUS, 0, "Capacity offered."),
    OPTION_NUMBER(struct agent_config, "log-bytes", log_bytes, "N", LOG_BYTES_LEAST, LOG_BYTES_MOST,
                  LOG_BYTES,
                  "A replica's log STATEDIR/replicas/ID/log is turned at this size; one older file "
                  "is kept beside it."),
    OPTION_NUMBER(struct agent_config, "sample-seconds", sample_seconds, "N", 1,
                  SAMPLE_SECONDS_MOST, SAMPLE_SECONDS,
                  "Time between two reports of what the replicas use and their probes answer."),
    OPTION_SWITCH(struct agent_config, "stop-replicas-on-exit", stop_replicas_on_exit,
                  "When it is stopped, stop all replicas first, without drain. Otherwise they run "
                  "on and are taken up again by the next start."),
    OPTION_TEXT(struct agent_config, "ca-file", ca_file, "FILE", NULL,
                "Certificates to trust for https instead of the system's."),
    OPTION_TEXT(struct agent_config, "log-level", log_level_word, "LEVEL", "info",
                "error, warn, info or debug."),
    OPTION_ACTION(struct agent_config, "help", action, AGENT_HELP, "Print this and exit."),
    OPTION_ACTION(struct agent_config, "version", action, AGENT_VERSION,
                  "Print the version and exit."),
};

static const struct option_table table = {
    .options = options,
    .count = sizeof options / sizeof *options,
    .variable_prefix = "DOGSHORE_",
};

/* --- labels ----------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static enum err_code parse_label(char *item, struct pair *pair, struct err *err)
{
    char *equals = strchr(item, '=');
    if (equals == NULL)
        return err_set(err, ERR_USAGE, "--labels: \"%.100s\" is not KEY=VALUE", item);
    *equals = '\0';
    *pair = (struct pair){item, equals + 1};
    const char *problem = rule_label_key.problem(pair->key);
    if (problem != NULL)
        return err_set(err, ERR_USAGE, "--labels: key \"%.100s\" %s", pair->key, problem);
    problem = rule_label_value.problem(pair->value);
    if (problem != NULL)
        return err_set(err, ERR_USAGE, "--labels: value \"%.100s\" %s", pair->value, problem);
    return ERR_OK;
}

static enum err_code parse_labels(struct agent_config *config, struct arena *arena, struct err *err)
{
    struct pairs *labels = &config->labels;
    if (config->labels_text == NULL) return ERR_OK;
    char *rest = arena_strdup(arena, config->labels_text);
    labels->items = ARENA_ARRAY(arena, struct pair, LIMIT_LABELS);
    for (char *item; (item = strsep(&rest, ",")) != NULL;) {
        if (*item == '\0') continue;
        if (labels->count == LIMIT_LABELS)
            return err_set(err, ERR_USAGE, "--labels: at most %d", LIMIT_LABELS);
        TRY(parse_label(item, &labels->items[labels->count++], err));
    }
    qsort(labels->items, labels->count, sizeof *labels->items, by_key);
    for (size_t i = 1; i < labels->count; i++)
        if (text_equal(labels->items[i - 1].key, labels->items[i].key))
            return err_set(err, ERR_USAGE, "--labels: key \"%.100s\" is there twice",
                           labels->items[i].key);
    return ERR_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static enum err_code require(const char *value, const char *flag, const char *variable,
                             struct err *err)
{
    if (value != NULL) return ERR_OK;
    return err_set(err, ERR_USAGE, "--%s (or %s) is required; see --help", flag, variable);
}

static enum err_code check_name(const char *flag, const char *value, struct err *err)
{
    const char *problem = rule_name.problem(value);
    if (problem == NULL && strlen(value) > LIMIT_NAME_BYTES) problem = "is too long";
    if (problem == NULL) return ERR_OK;
    return err_set(err, ERR_USAGE, "--%s \"%.100s\" %s", flag, value, problem);
}

static enum err_code check(struct agent_config *config, struct err *err)
{
    TRY(require(config->server, "server", "DOGSHORE_SERVER", err));
    TRY(require(config->name, "name", "DOGSHORE_NAME", err));
    TRY(require(config->state_dir, "state-dir", "DOGSHORE_STATE_DIR", err));
    TRY(check_name("name", config->name, err));
    TRY(check_name("cluster", config->cluster, err));
    if (config->address != NULL && rule_address.problem(config->address) != NULL)
        return err_set(err, ERR_USAGE, "--address %s", rule_address.problem(config->address));
    if (!log_level_parse(config->log_level_word, &config->log_level))
        return err_set(err, ERR_USAGE,
                       "--log-level must be error, warn, info or debug, got \"%.100s\"",
                       config->log_level_word);
    return ERR_OK;
}

enum err_code agent_config_read(struct agent_config *config, struct arena *arena, int argc,
                                char **argv, struct err *err)
{
    *config = (struct agent_config){.action = AGENT_RUN};
    TRY(options_read(&table, config, argc, argv, NULL, err));
    if (config->action != AGENT_RUN) return ERR_OK;
    TRY(check(config, err));
    return parse_labels(config, arena, err);
}

void agent_config_help(struct text *text)
{
    text_add(text, "dogshore-agent: runs a node's replicas for a Dogshore server.\n\n"
                   "Usage: dogshore-agent --server URL --name NODE --state-dir DIR "
                   "--join-token-file FILE [options]\n\n"
                   "It dials out and listens on nothing. Replicas outlive it: stopped by SIGTERM "
                   "or killed,\nit leaves them running and takes them up again at its next start. "
                   "While the server is\naway they run on, are probed, and restarted where they "
                   "crash.\n\n"
                   "Options:\n");
    options_help(&table, text);
    text_add(text, "\nEvery option with a value, and every switch, is also an environment "
                   "variable:\n--state-dir is DOGSHORE_STATE_DIR. The flag wins.\n\n"
                   "Exit codes: 0 stopped by SIGTERM or SIGINT, 64 bad command line, 70 internal "
                   "error,\n71 out of memory, 74 input/output error, 75 another agent has "
                   "registered this name (the\nreplicas run on), 78 the state or the run "
                   "directory cannot be used.\n");
}
