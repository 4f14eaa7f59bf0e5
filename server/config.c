/* One table of options drives flags, environment variables and --help. */
#include "server/config.h"

#include "base/limits.h"
#include "base/options.h"
#include "base/text.h"
#include "server/cors.h"
#include "server/listen.h"
#include "server/loop.h"

#include <assert.h>

enum { CONNECTIONS_MAX = 1000000, TIMEOUT_MS_MAX = 3600 * 1000 };
/* The help of --stream-stall-ms says so, and docs/operations.md. */
static_assert(LIMIT_STREAM_PACE_BYTES == 64 * 1024, "the pace of streams is written as 64 KiB");
/* And docs/operations.md these. */
static_assert(LIMIT_STREAM_WINDOW_BYTES == 1024 * 1024, "the window is written as 1 MiB");
static_assert(LIMIT_STREAM_PIECE_BYTES == 32 * 1024, "a piece is written as 32 KiB");
static_assert(LIMIT_STREAM_TURNS == 8, "reads under way are written as eight");
static_assert(LIMIT_STREAM_PIECES_BYTES == 8 * 1024 * 1024, "all pieces are written as 8 MiB");
static_assert(LIMIT_PREFLIGHT_SECONDS == 10 * 60, "preflights are written as ten minutes");

enum { SNAPSHOT_SECONDS_MAX = 366 * 24 * 3600, SNAPSHOTS_MAX = 10000 };

static const struct option options[] = {
    OPTION_TEXT(struct config, "data-dir", data_dir, "DIR", NULL,
                "Where everything is kept: the database, its lock, the first tokens and the file "
                "`listen`. Made with mode 0700 when missing. Required."),
    OPTION_TEXT(struct config, "listen", listen, "ADDR:PORT", "127.0.0.1:7420",
                "Where to listen; [ADDR]:PORT for IPv6. Port 0 takes any free one; the port bound "
                "is logged and written to DIR/listen."),
    OPTION_SWITCH(
        struct config, "allow-remote", allow_remote,
        "Needed for a --listen outside of the loopback: there is no TLS in this process yet, "
        "so tokens cross that network in clear unless a proxy or a tunnel encrypts."),
    OPTION_NUMBER(struct config, "http-threads", http_threads, "N", 1, LOOPS_MAX, 1,
                  "Threads that serve HTTP."),
    OPTION_NUMBER(struct config, "keep-events", keep_events, "N", 1000, INT64_C(1000000000),
                  1000000, "At least this many of the newest events are kept."),
    OPTION_NUMBER(struct config, "keep-health-days", keep_health_days, "DAYS", 1, LIMIT_HEALTH_DAYS,
                  LIMIT_HEALTH_DAYS,
                  "How long transitions of probes and of availability are kept, unless there are "
                  "too many of them."),
    OPTION_NUMBER(struct config, "snapshot-every-seconds", snapshot_every_seconds, "SECONDS", 0,
                  SNAPSHOT_SECONDS_MAX, 0,
                  "Copies the database to DIR/snapshots so often, without a pause for writers. 0 "
                  "makes none."),
    OPTION_NUMBER(struct config, "keep-snapshots", keep_snapshots, "N", 1, SNAPSHOTS_MAX, 7,
                  "How many of the newest snapshots are kept."),
    OPTION_TEXT(struct config, "log-level", log_level_word, "LEVEL", "info",
                "error, warn, info or debug."),
    OPTION_NUMBER(struct config, "max-connections", max_connections, "N", 1, CONNECTIONS_MAX, 20000,
                  "Connections open at once; further ones wait to be accepted. Lowered to what "
                  "the limit of open files allows."),
    OPTION_NUMBER(struct config, "max-connections-per-ip", max_connections_per_ip, "N", 0,
                  CONNECTIONS_MAX, 0,
                  "Connections open at once from one address; further ones are answered 429 and "
                  "closed. 0 sets no such limit."),
    OPTION_SWITCH(struct config, "metrics-open", metrics_open,
                  "Answer GET /metrics without a token."),
    OPTION_TEXT(struct config, "allow-origin", allow_origin, "ORIGINS", NULL,
                "Web pages of these origins may call this server (CORS): a comma list such as "
                "https://dash.example.com,http://localhost:3000, or * for all. They need a token "
                "like everybody else."),
    OPTION_NUMBER(struct config, "arrival-timeout-ms", arrival_timeout_ms, "MS", 50, TIMEOUT_MS_MAX,
                  LIMIT_REQUEST_ARRIVAL_MS,
                  "A request that takes longer from its first byte to its last is answered 408 "
                  "and cut."),
    OPTION_NUMBER(struct config, "reply-timeout-ms", reply_timeout_ms, "MS", 50, TIMEOUT_MS_MAX,
                  LIMIT_REPLY_STALL_MS, "A client that takes longer to fetch its reply is cut."),
    OPTION_NUMBER(struct config, "idle-timeout-ms", idle_timeout_ms, "MS", 50, TIMEOUT_MS_MAX,
                  LIMIT_IDLE_CONNECTION_SECONDS * 1000,
                  "A connection without a request is closed after this time."),
    OPTION_NUMBER(struct config, "write-timeout-ms", write_timeout_ms, "MS", 50, TIMEOUT_MS_MAX,
                  LIMIT_WRITE_DEADLINE_MS,
                  "A write that is not on disk after this time is answered 503 outcome_unknown."),
    OPTION_TEXT(struct config, "restore", restore, "FILE", NULL,
                "Make a backup or a snapshot the database of DIR, say what it was, and exit. The "
                "next start serves it.",
                .flag_only = true),
    OPTION_SWITCH(struct config, "replace", replace,
                  "With --restore: a database that is there is moved aside and kept as "
                  "DIR/dogshore.db.before-restore-TIME. Without it, it is refused.",
                  .flag_only = true),
    OPTION_NUMBER(struct config, "max-streams", max_streams, "N", 0, CONNECTIONS_MAX, 10000,
                  "Event streams open at once; further ones are answered 503."),
    OPTION_NUMBER(struct config, "stream-comment-ms", stream_comment_ms, "MS", 10, TIMEOUT_MS_MAX,
                  LIMIT_STREAM_COMMENT_MS,
                  "After this time of silence an event stream sends a comment, so that client, "
                  "server and proxies see that the other one is there."),
    OPTION_NUMBER(struct config, "stream-stall-ms", stream_stall_ms, "MS", 50, TIMEOUT_MS_MAX,
                  LIMIT_STREAM_STALL_MS,
                  "A client that has events to take from its stream and takes less than 64 KiB in "
                  "this time is cut."),
    OPTION_ACTION(struct config, "print-routes", action, ACTION_PRINT_ROUTES,
                  "Print the route table and exit."),
    OPTION_ACTION(struct config, "print-metrics", action, ACTION_PRINT_METRICS,
                  "Print what GET /metrics tells and exit."),
    OPTION_ACTION(struct config, "print-states", action, ACTION_PRINT_STATES,
                  "Print the state machines and exit."),
    OPTION_ACTION(struct config, "print-schema", action, ACTION_PRINT_SCHEMA,
                  "Print the JSON Schemas of the API's objects and exit."),
#ifdef DOGSHORE_FAILPOINTS
    OPTION_ACTION(struct config, "print-failpoints", action, ACTION_PRINT_FAILPOINTS,
                  "Print the failpoints of this test build and exit."),
#endif
    OPTION_ACTION(struct config, "help", action, ACTION_HELP, "Print this and exit."),
    OPTION_ACTION(struct config, "version", action, ACTION_VERSION, "Print the version and exit."),
};

static const struct option_table table = {
    .options = options, .count = sizeof options / sizeof *options, .variable_prefix = "DOGSHORE_"};

static enum err_code check(struct config *config, struct err *err)
{
    if (!log_level_parse(config->log_level_word, &config->log_level))
        return err_set(err, ERR_USAGE,
                       "--log-level must be error, warn, info or debug, got \"%.100s\"",
                       config->log_level_word);
    if (config->data_dir == NULL)
        return err_set(err, ERR_USAGE, "--data-dir DIR (or DOGSHORE_DATA_DIR) is required");
    if (config->replace && config->restore == NULL)
        return err_set(err, ERR_USAGE, "--replace is of --restore FILE, which is not given");
    if (config->allow_origin != NULL) TRY(cors_check(config->allow_origin, err));
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
    *config = (struct config){.action = ACTION_SERVE};
    TRY(options_read(&table, config, argc, argv, NULL, err));
    return config->action == ACTION_SERVE ? check(config, err) : ERR_OK;
}

void config_help(struct text *text)
{
    text_add(text, "dogshored: the control plane of Dogshore, a self-hosted deployment API.\n\n"
                   "Usage: dogshored --data-dir DIR [options]\n"
                   "       dogshored --data-dir DIR --restore FILE [--replace]\n\n"
                   "The first start writes DIR/admin.token and DIR/join.token (mode 0600).\n\n"
                   "Options:\n");
    options_help(&table, text);
    text_add(
        text,
        "\nEvery option with a value (but --restore), --allow-remote and --metrics-open are also\n"
        "environment variables: --http-threads is DOGSHORE_HTTP_THREADS. The flag wins.\n\n"
        "Exit codes: 0 stopped, 64 bad command line, 71 out of memory, 74 input/output\n"
        "error, 75 the store failed while serving (start again), 78 the data directory or\n"
        "the address cannot be used.\n");
}
