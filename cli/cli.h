/* cli.h: one run of the command line: what was asked, who is asked, where the answer goes.
 *
 * A verb is a function of the run. It returns ERR_OK, having set `outcome` if that is not 0, or an
 * error, which main() prints and maps to the exit code. The client is opened by the first request.
 *
 * Ownership: everything lives in the run's arena. Threads: one.
 */
#ifndef DOGSHORE_CLI_CLI_H
#define DOGSHORE_CLI_CLI_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/options.h"
#include "cli/exit_code.h"
#include "cli/settings.h"
#include "cli/terminal.h"
#include "client/client.h"

struct verb;
struct table;

/* Every flag of every verb; a verb's table says which it takes. */
struct cli_options {
    struct settings_flags settings;
    const char *output;
    int action;
    const char *file;
    struct operands files; /* of the verbs that take several */
    /* What may be given several times, and all of it as one value, with commas. */
    struct operands selectors, states, tags, untags;
    const char *selector;
    const char *state;
    const char *search;
    const char *query;
    const char *sort;
    const char *prefix;
    bool count;
    const char *to;
    const char *change_cause;
    const char *scope;
    const char *against;
    const char *wanted; /* --for */
    const char *tag;
    const char *untag;
    const char *if_match;
    bool pin;
    bool unpin;
    bool full;
    bool exit_code;
    bool wait;
    bool watch;
    bool follow;
    bool force;
    bool all;
    bool dry_run;
    int64_t timeout_seconds; /* 0 = without end */
    int64_t limit;
    int64_t window_seconds;
    int64_t expires_in_seconds; /* 0 = never */
};

enum cli_action { CLI_RUN, CLI_HELP, CLI_VERSION };
enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_NAME };

struct cli {
    const struct verb *verb;
    struct cli_options options;
    const char **operands; /* after the words of the verb */
    size_t operands_count;
    enum output output;
    struct settings settings;
    struct terminal terminal;
    struct arena arena;
    struct clock clock;
    struct loop *loop; /* NULL until the first request, like the client */
    struct client *client;
    struct loop_signal interrupt, terminate;
    bool interrupted;
    const char *sending;        /* the file of the document that is sent, for what to type next */
    const struct json *problem; /* the document of the last error, if it was one */
    enum exit_code outcome;
};

/* The operand at that position, NULL when it was left out. */
const char *cli_operand(const struct cli *cli, size_t position);

/* Opens loop and client; settings are complete. Again: nothing. */
enum err_code cli_connect(struct cli *cli, struct err *err);
void cli_close(struct cli *cli);

/* What --if-match asks of the deployment that the request changes; nothing without it. */
enum err_code cli_condition(struct cli *cli, const char *name, struct client_request *request,
                            struct err *err);
/* One request and its answer, which lives in the run's arena. A write is one of --dry-run where
 * that was asked for. */
enum err_code cli_call(struct cli *cli, const struct client_request *request,
                       struct client_reply *reply, struct err *err);
enum err_code cli_get(struct cli *cli, const char *path, struct client_reply *reply,
                      struct err *err);
/* All pages of a list, or the first `most` items (0 = all) of it. */
struct list {
    const struct json **items;
    size_t count;
    int64_t index;
};
enum err_code cli_list(struct cli *cli, const char *path, size_t most, struct list *list,
                       struct err *err);

/* `path` with one more query value; with the cluster that was asked for, if one was. */
const char *cli_query(struct cli *cli, const char *path, const char *key, const char *value);
const char *cli_clustered(struct cli *cli, const char *path);
/* "/v1/deployments/web/status" (`facet` may be ""), in the cluster that was asked for. */
const char *cli_deployment_path(struct cli *cli, const char *name, const char *facet);
/* " --cluster gpu" when that must be repeated in a command that is shown, else "". */
const char *cli_cluster_flag(struct cli *cli);

/* What -o asked for: the JSON of an object, of a list; the member `key` of each item. */
enum err_code cli_print_json(struct cli *cli, const struct json *value, struct err *err);
enum err_code cli_print_list_json(struct cli *cli, const struct list *list, struct err *err);
enum err_code cli_print_names(struct cli *cli, const struct list *list, const char *key,
                              struct err *err);
/* Painted lines; a table is cut to the width of the terminal. */
enum err_code cli_print(struct cli *cli, const struct text *painted, struct err *err);
enum err_code cli_print_table(struct cli *cli, const struct table *table, struct err *err);
/* What a write did: the sentence, the JSON of the object or its name. */
enum err_code cli_print_done(struct cli *cli, const struct json *object, const char *name,
                             const struct text *sentence, struct err *err);

/* "; it is terminated: all of it waits for 'dogshore start web'", after what an order did; nothing
 * of a deployment that is not. */
void cli_add_awaited_start(struct cli *cli, struct text *text, const struct json *deployment);

int64_t cli_now_ms(const struct cli *cli);     /* wall clock */
int64_t cli_timeout_ms(const struct cli *cli); /* --timeout; 0 = without end */
/* "dogshore: …" on standard error; controls are escaped. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
