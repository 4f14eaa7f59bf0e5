/* config.h: what the operator may set, by flag or by environment variable (the flag wins).
 *
 * Ownership: strings are borrowed from argv and the environment, which outlive the process's main.
 * Errors: ERR_USAGE for the command line and the environment, with a suggestion where one is near.
 */
#ifndef DOGSHORE_SERVER_CONFIG_H
#define DOGSHORE_SERVER_CONFIG_H

#include "base/err.h"
#include "base/log.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct text;

/* What the command line asks for besides serving. */
enum config_action {
    ACTION_SERVE,
    ACTION_HELP,
    ACTION_VERSION,
    ACTION_PRINT_ROUTES,
    ACTION_PRINT_METRICS,
    ACTION_PRINT_STATES,
    ACTION_PRINT_SCHEMA,
    ACTION_PRINT_FAILPOINTS
};

struct config {
    enum config_action action;
    const char *data_dir;
    const char *listen; /* as given */
    bool allow_remote;
    int64_t http_threads;
    int64_t keep_events;
    int64_t keep_health_days;
    int64_t snapshot_every_seconds; /* 0 = none are made */
    int64_t keep_snapshots;
    const char *restore; /* the backup to restore, instead of serving; NULL = none */
    bool replace;        /* the database that is there may be moved aside for it */
    bool metrics_open;
    const char *allow_origin; /* cors.h; NULL = pages of other origins read nothing */
    const char *log_level_word;
    enum log_level log_level;
    int64_t max_connections;
    int64_t max_connections_per_ip; /* 0 = no limit of its own */
    int64_t arrival_timeout_ms;     /* first byte to last byte of a request */
    int64_t reply_timeout_ms;       /* from the reply's start to its last byte taken */
    int64_t idle_timeout_ms;        /* between requests */
    int64_t write_timeout_ms;       /* a parked write, then 503 outcome_unknown */
    int64_t max_streams;
    int64_t stream_comment_ms; /* silence, then a comment */
    int64_t stream_stall_ms;   /* a client that takes too little in it is dropped */

    /* Made of `listen`. */
    struct sockaddr_storage address;
    socklen_t address_bytes;
};

enum err_code config_read(struct config *config, int argc, char **argv, struct err *err);
/* --help */
void config_help(struct text *text);

#endif
