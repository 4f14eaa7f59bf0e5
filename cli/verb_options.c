/* verb_options.c: every flag of every verb. */
#include "cli/verb_options.h"

#include "base/limits.h"
#include "cli/cli.h"

const struct option global_options[] = {
    OPTION_TEXT(struct cli_options, "server", settings.server, "URL", NULL,
                "The server. Else DOGSHORE_SERVER, else `server =` of the config file, "
                "else " SETTINGS_SERVER_DEFAULT "."),
    OPTION_TEXT(struct cli_options, "token", settings.token, "TOKEN", NULL,
                "The token. Others on this machine can see it while the command runs: rather use "
                "--token-file, DOGSHORE_TOKEN or the config file."),
    OPTION_TEXT(struct cli_options, "token-file", settings.token_file, "FILE", NULL,
                "The file that has the token. Else DOGSHORE_TOKEN_FILE."),
    OPTION_TEXT(struct cli_options, "cluster", settings.cluster, "NAME", NULL,
                "The cluster. Else DOGSHORE_CLUSTER. Without one: lists show all clusters, a name "
                "is looked for in the token's own cluster or in \"default\"."),
    OPTION_TEXT(struct cli_options, "output", output, "text|json|name", NULL,
                "text for people (the default), json as the server sent it, or names alone.",
                .letter = 'o'),
    OPTION_TEXT(struct cli_options, "config", settings.config, "FILE", NULL,
                "The config file. Else DOGSHORE_CONFIG, else ~/.config/dogshore/config."),
    OPTION_TEXT(struct cli_options, "ca-file", settings.ca_file, "FILE", NULL,
                "Certificates to trust for https. Else DOGSHORE_CA_FILE, else the system's."),
    OPTION_ACTION(struct cli_options, "help", action, CLI_HELP, "Explain this and exit.",
                  .letter = 'h'),
    OPTION_ACTION(struct cli_options, "version", action, CLI_VERSION,
                  "Print the version of this program and exit."),
};
const size_t global_options_count = sizeof(global_options) / sizeof(global_options[0]);

#define WAIT                                                                                       \
    OPTION_SWITCH(struct cli_options, "wait", wait,                                                \
                  "Follow what happens until it has ended, or waits for a promote or a resume: "   \
                  "then exit with 4.")
#define TIMEOUT                                                                                    \
    OPTION_NUMBER(struct cli_options, "timeout", timeout_seconds, "SECONDS", 0, LIMIT_SECONDS, 0,  \
                  "Wait no longer than this; then exit with 7, and the work goes on. 0: without "  \
                  "end.")
#define CHANGE_CAUSE                                                                               \
    OPTION_TEXT(struct cli_options, "change-cause", change_cause, "TEXT", NULL,                    \
                "Why, for the history.")

#define FORCE                                                                                      \
    OPTION_SWITCH(                                                                                 \
        struct cli_options, "force", force,                                                        \
        "Also a template in quarantine, because it failed before by a fault of its own.")
#define EXIT_CODE                                                                                  \
    OPTION_SWITCH(struct cli_options, "exit-code", exit_code, "Exit with 8 when something differs.")

#define DRY_RUN                                                                                    \
    OPTION_SWITCH(struct cli_options, "dry-run", dry_run,                                          \
                  "Check it and show what would come of it, but change nothing.")
#define IF_MATCH                                                                                   \
    OPTION_TEXT(struct cli_options, "if-match", if_match, "GENERATION|ETAG", NULL,                 \
                "Only if it is that now; else exit with 4, and nothing is changed.")

#define DOCUMENTS                                                                                  \
    OPTION_LIST(                                                                                   \
        struct cli_options, "file", files, "FILE",                                                 \
        "A deployment document, JSON; - is standard input. Several, each with its own -f, "        \
        "are taken in their order.",                                                               \
        .letter = 'f')

static const struct option apply_flags[] = {
    DOCUMENTS, FORCE, WAIT, TIMEOUT, DRY_RUN, IF_MATCH,
};

static const struct option status_flags[] = {
    OPTION_SWITCH(struct cli_options, "watch", watch, "Show every change until interrupted.",
                  .letter = 'w'),
    TIMEOUT,
};

static const struct option patch_flags[] = {
    OPTION_TEXT(struct cli_options, "file", file, "FILE", NULL,
                "A merge patch (RFC 7396), JSON; - is standard input.", .letter = 'f'),
    FORCE,
    WAIT,
    TIMEOUT,
    DRY_RUN,
    IF_MATCH,
};

static const struct option order_flags[] = {DRY_RUN, IF_MATCH};
static const struct option dry_run_flags[] = {DRY_RUN};
static const struct option wait_flags[] = {WAIT, TIMEOUT, DRY_RUN, IF_MATCH};
static const struct option timeout_flags[] = {TIMEOUT};

static const struct option rollback_flags[] = {
    OPTION_TEXT(
        struct cli_options, "to", to, "REVISION", NULL,
        "A number, a tag, or \"stable\": the last revision that was proven healthy. Without "
        "it: the last proven one whose template differs from the current one."),
    CHANGE_CAUSE,
    FORCE,
    WAIT,
    TIMEOUT,
    DRY_RUN,
    IF_MATCH,
};

static const struct option promote_flags[] = {
    OPTION_SWITCH(struct cli_options, "full", full, "Skip all that is left of its steps."),
    WAIT,
    TIMEOUT,
    DRY_RUN,
    IF_MATCH,
};

static const struct option plan_flags[] = {
    DOCUMENTS,
    EXIT_CODE,
};

static const struct option diff_flags[] = {
    OPTION_TEXT(struct cli_options, "against", against, "live|spec|REVISION", NULL,
                "What it is compared with: live, the template that traffic goes to (the default); "
                "spec, the one that the spec asks for; or a revision."),
    EXIT_CODE,
};

static const struct option revision_flags[] = {
    OPTION_LIST(struct cli_options, "tag", tags, "TAG,…",
                "Names for it; one that names another revision is taken from it."),
    OPTION_LIST(struct cli_options, "untag", untags, "TAG,…", "Names that it loses."),
    OPTION_SWITCH(struct cli_options, "pin", pin, "Keep it for good."),
    OPTION_SWITCH(struct cli_options, "unpin", unpin, "Keep it no longer than others."),
    CHANGE_CAUSE,
    DRY_RUN,
};

static const struct option wait_for_flags[] = {
    OPTION_TEXT(struct cli_options, "for", wanted, "available|complete|terminated", NULL,
                "available: as many replicas as the newest document asks for. complete: all of "
                "them of the newest template, and no other left. terminated: none left."),
    TIMEOUT,
};

#define ALL                                                                                        \
    OPTION_SWITCH(struct cli_options, "all", all, "Also those that have ended.", .letter = 'a')

static const struct option probes_flags[] = {
    ALL,
    OPTION_NUMBER(struct cli_options, "window", window_seconds, "SECONDS", 1,
                  LIMIT_HEALTH_DAYS * 24 * 3600, 3600, "How far back."),
};

/* What lists are narrowed by. */
#define SELECTOR                                                                                   \
    OPTION_LIST(struct cli_options, "selector", selectors, "SELECTOR",                             \
                "Only those with these labels (of replicas, rollouts and events: of their "        \
                "deployment): k, !k, k=v, k!=v, k in (a,b), k notin (a,b); a comma means and, "    \
                "and so does another -l.",                                                         \
                .letter = 'l')
#define STATE                                                                                      \
    OPTION_LIST(struct cli_options, "state", states, "STATE,…",                                    \
                "Only those in these states; another --state adds to them.")
#define SEARCH                                                                                     \
    OPTION_TEXT(struct cli_options, "search", search, "TEXT", NULL,                                \
                "Only those in whose names or descriptions this text is, in upper or lower case.")
#define QUERY                                                                                      \
    OPTION_TEXT(struct cli_options, "query", query, "QUERY", NULL,                                 \
                "Only those for which this holds: fields of the API compared with values, and, "   \
                "or, not and parentheses.",                                                        \
                .letter = 'q')
#define SORT                                                                                       \
    OPTION_TEXT(struct cli_options, "sort", sort, "FIELD|-FIELD", NULL,                            \
                "Ordered by this field of the API; with a minus the other way round.")
#define COUNT OPTION_SWITCH(struct cli_options, "count", count, "Only say how many there are.")
#define LIMIT                                                                                      \
    OPTION_NUMBER(struct cli_options, "limit", limit, "N", 0, 1000000, 0,                          \
                  "Show no more than the first N. 0: all.")

static const struct option list_flags[] = {SELECTOR, STATE, SEARCH, QUERY, SORT, COUNT, LIMIT};
static const struct option replicas_flags[] = {SELECTOR, STATE, SEARCH, QUERY,
                                               SORT,     COUNT, LIMIT,  ALL};
static const struct option history_flags[] = {STATE, SEARCH, QUERY, SORT, COUNT, LIMIT};

static const struct option labels_flags[] = {
    OPTION_TEXT(struct cli_options, "prefix", prefix, "TEXT", NULL,
                "Only keys that begin with this; with a key, only values that do."),
    LIMIT,
};

static const struct option events_flags[] = {
    OPTION_SWITCH(struct cli_options, "follow", follow, "Go on with what happens from now on.",
                  .letter = 'f'),
    SELECTOR,
    SEARCH,
    QUERY,
    COUNT,
    OPTION_NUMBER(struct cli_options, "limit", limit, "N", 0, 100000, 50,
                  "How many of the past to show."),
};

static const struct option remove_flags[] = {
    OPTION_SWITCH(struct cli_options, "force", force, "Also when the node is ready."),
    DRY_RUN,
};

static const struct option token_create_flags[] = {
    OPTION_TEXT(
        struct cli_options, "scope", scope, "SCOPE", NULL,
        "read, deploy, operate, admin: each may do what those before it may. join: register "
        "nodes under new names, nothing else."),
    OPTION_NUMBER(struct cli_options, "expires", expires_in_seconds, "SECONDS", 0,
                  LIMIT_TOKEN_SECONDS, 0,
                  "How long it is valid. 0, as without the flag: until it is revoked."),
    DRY_RUN,
};

#define LIST(items)                                                                                \
    {                                                                                              \
        (items), sizeof(items) / sizeof((items)[0])                                                \
    }

const struct option_list apply_options = LIST(apply_flags);
const struct option_list status_options = LIST(status_flags);
const struct option_list patch_options = LIST(patch_flags);
const struct option_list order_options = LIST(order_flags);
const struct option_list dry_run_options = LIST(dry_run_flags);
const struct option_list wait_options = LIST(wait_flags);
const struct option_list timeout_options = LIST(timeout_flags);
const struct option_list rollback_options = LIST(rollback_flags);
const struct option_list promote_options = LIST(promote_flags);
const struct option_list plan_options = LIST(plan_flags);
const struct option_list diff_options = LIST(diff_flags);
const struct option_list revision_options = LIST(revision_flags);
const struct option_list wait_for_options = LIST(wait_for_flags);
const struct option_list probes_options = LIST(probes_flags);
const struct option_list events_options = LIST(events_flags);
const struct option_list remove_options = LIST(remove_flags);
const struct option_list token_create_options = LIST(token_create_flags);
const struct option_list replicas_options = LIST(replicas_flags);
const struct option_list list_options = LIST(list_flags);
const struct option_list history_options = LIST(history_flags);
const struct option_list labels_options = LIST(labels_flags);
