/* config.h: what the operator of a node may set, by flag or by environment variable.
 * Ownership: strings are borrowed from argv and the environment, `labels` from the arena.
 * Errors: ERR_USAGE. */
#ifndef DOGSHORE_AGENT_CONFIG_H
#define DOGSHORE_AGENT_CONFIG_H

#include "base/err.h"
#include "base/log.h"
#include "model/values.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct text;

enum agent_action { AGENT_RUN, AGENT_HELP, AGENT_VERSION };

struct agent_config {
    int action; /* enum agent_action */
    const char *server;
    const char *name;
    const char *join_token_file; /* NULL = it has joined before */
    const char *state_dir;
    const char *run_dir; /* NULL = STATEDIR/run */
    const char *shim;    /* NULL = beside this program */
    const char *labels_text;
    const char *cluster;
    const char *address; /* NULL = the local end towards the server */
    const char *port_range;
    const char *ca_file;
    int64_t cpu_millis, memory_mib; /* 0 = this machine's */
    int64_t gpus;
    int64_t log_bytes; /* of each of a replica's two log files */
    int64_t sample_seconds;
    bool stop_replicas_on_exit;
    const char *log_level_word;

    /* Made of the above. */
    enum log_level log_level;
    struct pairs labels;
};

enum err_code agent_config_read(struct agent_config *config, struct arena *arena, int argc,
                                char **argv, struct err *err);
void agent_config_help(struct text *text);

#endif
