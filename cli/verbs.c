#include "cli/verbs.h"

#include "base/limits.h"
#include "base/text.h"
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
    OPTION_SWITCH(struct cli_options, "wait", wait, "Follow what happens until it has ended.")
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

static const struct option apply_options[] = {
    OPTION_TEXT(struct cli_options, "file", file, "FILE", NULL,
                "The deployment document, JSON; - is standard input.", .letter = 'f'),
    FORCE,
    WAIT,
    TIMEOUT,
};

static const struct option get_options[] = {
    OPTION_TEXT(struct cli_options, "selector", selector, "SELECTOR", NULL,
                "Only deployments with these labels: k, !k, k=v, k!=v, k in (a,b), k notin (a,b); "
                "a comma means and.",
                .letter = 'l'),
};

static const struct option status_options[] = {
    OPTION_SWITCH(struct cli_options, "watch", watch, "Show every change until interrupted.",
                  .letter = 'w'),
    TIMEOUT,
};

static const struct option wait_options[] = {WAIT, TIMEOUT};
static const struct option timeout_options[] = {TIMEOUT};

static const struct option rollback_options[] = {
    OPTION_TEXT(
        struct cli_options, "to", to, "REVISION", NULL,
        "A number, a tag, or \"stable\": the last revision that was proven healthy. Without "
        "it: the last proven one whose template differs from the current one."),
    CHANGE_CAUSE,
    FORCE,
    WAIT,
    TIMEOUT,
};

static const struct option promote_options[] = {
    OPTION_SWITCH(struct cli_options, "full", full, "Skip all that is left of its steps."),
    WAIT,
    TIMEOUT,
};

static const struct option plan_options[] = {
    OPTION_TEXT(struct cli_options, "file", file, "FILE", NULL,
                "The deployment document, JSON; - is standard input.", .letter = 'f'),
    EXIT_CODE,
};

static const struct option diff_options[] = {
    OPTION_TEXT(struct cli_options, "against", against, "live|spec|REVISION", NULL,
                "What it is compared with: live, the template that traffic goes to (the default); "
                "spec, the one that the spec asks for; or a revision."),
    EXIT_CODE,
};

static const struct option revision_options[] = {
    OPTION_TEXT(struct cli_options, "tag", tag, "TAG,…", NULL,
                "Names for it; one that names another revision is taken from it."),
    OPTION_TEXT(struct cli_options, "untag", untag, "TAG,…", NULL, "Names that it loses."),
    OPTION_SWITCH(struct cli_options, "pin", pin, "Keep it for good."),
    OPTION_SWITCH(struct cli_options, "unpin", unpin, "Keep it no longer than others."),
    CHANGE_CAUSE,
};

static const struct option wait_for_options[] = {
    OPTION_TEXT(struct cli_options, "for", wanted, "available|complete|terminated", NULL,
                "available: as many replicas as the newest document asks for. complete: all of "
                "them of the newest template, and no other left. terminated: none left."),
    TIMEOUT,
};

static const struct option events_options[] = {
    OPTION_SWITCH(struct cli_options, "follow", follow, "Go on with what happens from now on.",
                  .letter = 'f'),
    OPTION_NUMBER(struct cli_options, "limit", limit, "N", 0, 100000, 50,
                  "How many of the past to show."),
};

static const struct option remove_options[] = {
    OPTION_SWITCH(struct cli_options, "force", force, "Also when the node is ready."),
};

static const struct option token_create_options[] = {
    OPTION_TEXT(
        struct cli_options, "scope", scope, "SCOPE", NULL,
        "read, deploy, operate, admin: each may do what those before it may. join: register "
        "nodes under new names, nothing else."),
    OPTION_NUMBER(struct cli_options, "expires", expires_in_seconds, "SECONDS", 0, INT32_MAX, 0,
                  "How long it is valid. 0: until it is revoked."),
};

#define OPTIONS(table) .options = table, .options_count = sizeof(table) / sizeof((table)[0])

const struct verb verbs[] = {
    {.words = "apply",
     .operands = "-f FILE",
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(apply_options),
     .run = verb_apply,
     .summary = "Make a deployment what a document says",
     .help = "Creates the deployment that the document names, or replaces it. Says \"created\", "
             "\"configured\" or \"unchanged\": a document that changes nothing changes nothing.\n"
             "\n"
             "A new template starts a rollout. With --wait the command follows it and exits with 6 "
             "when it failed or was rolled back, having shown why.",
     .examples = "dogshore apply -f web.json --wait\n"
                 "jq '.spec.template.version = \"2.0\"' web.json | dogshore apply -f - --wait "
                 "--timeout 300"},
    {.words = "scale",
     .operands = "NAME REPLICAS",
     .operands_least = 2,
     .operands_most = 2,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(wait_options),
     .run = verb_scale,
     .summary = "Set the number of replicas",
     .help = "Makes no revision, and works at any time, also while a rollout runs. With --wait "
             "until that many replicas are available and no more run.",
     .examples = "dogshore scale web 5 --wait"},
    {.words = "rollback",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(rollback_options),
     .run = verb_rollback,
     .summary = "Go back to an earlier revision",
     .help = "Makes a new revision that is a copy of the earlier one, and rolls it out as any "
             "other: without downtime. Numbers of revisions never change their meaning.",
     .examples = "dogshore rollback web --wait\n"
                 "dogshore rollback web --to 3 --change-cause 'checkout errors'\n"
                 "dogshore rollback web --to stable"},
    {.words = "plan",
     .operands = "-f FILE",
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(plan_options),
     .run = verb_plan,
     .summary = "Show what an apply would do, and do nothing",
     .help = "The fields that differ, what is ordered first, whether the nodes have room for it, "
             "and the steps of the rollout if every replica starts at once and is well.",
     .examples = "dogshore plan -f web.json\n"
                 "dogshore plan -f web.json -o json | jq .timeline\n"
                 "dogshore plan -f web.json --exit-code || echo 'the cluster differs'"},
    {.words = "promote",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(promote_options),
     .run = verb_promote,
     .summary = "Let a rollout that waits go on",
     .help = "Ends the pause that a canary or blue-green rollout is in. Exits with 4 when nothing "
             "waits, and while what would be promoted is not available. With --wait it follows "
             "the rollout to its end; where that waits again it says so.",
     .examples = "dogshore promote web --wait\n"
                 "dogshore promote web --full"},
    {.words = "abort",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(wait_options),
     .run = verb_abort,
     .summary = "Take a rollout that runs back",
     .help = "To the last revision that was proven healthy, at once, as a new revision. Exits with "
             "4 when no rollout runs, and when no revision was proven yet.",
     .examples = "dogshore abort web --wait"},
    {.words = "retry",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(wait_options),
     .run = verb_retry,
     .summary = "Try a rollout again that went wrong",
     .help = "One that failed, was rolled back or aborted; lifts the quarantine of its template. "
             "Exits with 4 when the last one went well or still runs.",
     .examples = "dogshore retry web --wait"},
    {.words = "restart",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(wait_options),
     .run = verb_restart,
     .summary = "Replace every replica by one of the same template",
     .help = "As a rollout like any other, by the strategy of the deployment: without downtime.",
     .examples = "dogshore restart web --wait"},
    {.words = "pause",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     .run = verb_pause,
     .summary = "Let the steps of rollouts stand still",
     .help = "The deadline stands still with them; scaling and healing go on. What is applied "
             "meanwhile rolls once, on resume.",
     .examples = "dogshore pause web"},
    {.words = "resume",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     .run = verb_resume,
     .summary = "Let the steps of rollouts go on",
     .help = "After a pause; also what a failed rollout has halted.",
     .examples = "dogshore resume web"},
    {.words = "terminate",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(wait_options),
     .run = verb_terminate,
     .summary = "Stop every replica and keep the deployment",
     .help = "A rollout that runs ends by it. The number of replicas is kept: 'dogshore start' "
             "brings them back. With --wait until the last replica has ended.",
     .examples = "dogshore terminate web --wait"},
    {.words = "start",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(wait_options),
     .run = verb_start,
     .summary = "Bring a terminated deployment back",
     .help = "With as many replicas as it had, of what was applied last. With --wait until they "
             "are available.",
     .examples = "dogshore start web --wait"},
    {.words = "revision",
     .operands = "NAME REVISION",
     .operands_least = 2,
     .operands_most = 2,
     .operand = OPERAND_DEPLOYMENT,
     .second = OPERAND_REVISION,
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(revision_options),
     .run = verb_revision,
     .summary = "Show one revision; tag it, pin it, say why it was made",
     .help = "A revision is a number, \"latest\", \"stable\" or a tag. Those that are tagged or "
             "pinned are kept, however many come after them. Without a flag nothing is changed.",
     .examples = "dogshore revision web stable\n"
                 "dogshore revision web 3 --tag good,spring --pin\n"
                 "dogshore revision web good --untag spring --change-cause 'the new checkout'\n"
                 "dogshore rollback web --to good"},
    {.words = "delete",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(wait_options),
     .run = verb_delete,
     .summary = "Stop and remove a deployment",
     .help = "Its replicas are told to stop, with their drain and grace times; it is gone when the "
             "last one has. With --wait until then.",
     .examples = "dogshore delete web --wait"},
    {.words = "get",
     .operands = "[NAME]",
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     OPTIONS(get_options),
     .run = verb_get,
     .summary = "List deployments, or show one with its replicas",
     .help = "Without a name: a table of all deployments. With one: its state, its rollout and its "
             "replicas by revision, as a tree.",
     .examples = "dogshore get\n"
                 "dogshore get -l 'team in (shop, ml)'\n"
                 "dogshore get web -o json | jq .spec > web-spec.json"},
    {.words = "status",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     OPTIONS(status_options),
     .run = verb_status,
     .summary = "Show how a deployment is, once or with every change",
     .help = "On a terminal a tree with bars, which --watch redraws in place; elsewhere one line "
             "for each change, without escape codes. With -o json one document for each change.",
     .examples = "dogshore status web --watch\n"
                 "dogshore status web -o json | jq -r .state"},
    {.words = "explain",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     .run = verb_explain,
     .summary = "Say what a deployment waits for, and what comes next",
     .help = "In the words of the scheduler: what it waits for, the next step, the numbers behind "
             "it, the deadline, and the replicas that are not available, each with its reason.",
     .examples = "dogshore explain web"},
    {.words = "wait",
     .operands = "NAME --for STATE",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     OPTIONS(wait_for_options),
     .run = verb_wait,
     .summary = "Wait until a deployment is available, complete or terminated",
     .help = "Exits with 4 when only another order leads there, as for one that is halted or "
             "terminated; with 7 when --timeout has passed.",
     .examples = "dogshore wait web --for available --timeout 60\n"
                 "dogshore wait web --for complete"},
    {.words = "diff",
     .operands = "NAME [REVISION]",
     .operands_least = 1,
     .operands_most = 2,
     .operand = OPERAND_DEPLOYMENT,
     .second = OPERAND_REVISION,
     .group = VERB_GROUP_LOOK,
     OPTIONS(diff_options),
     .run = verb_diff,
     .summary = "Show what a revision changes, field by field",
     .help = "The latest one, unless another is named by its number, \"stable\" or a tag. With "
             "--exit-code the exit code is 8 when something differs, 0 when nothing does.",
     .examples = "dogshore diff web\n"
                 "dogshore diff web 3 --against 2\n"
                 "dogshore diff web stable --against spec --exit-code"},
    {.words = "endpoints",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     .run = verb_endpoints,
     .summary = "List where traffic goes",
     .help = "Every replica that is ready, with its weight. While a blue-green rollout is on its "
             "way its new replicas are previews: they get no traffic. With -o name addresses "
             "alone.",
     .examples = "dogshore endpoints web"},
    {.words = "rollout wait",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     OPTIONS(timeout_options),
     .run = verb_rollout_wait,
     .summary = "Follow the last rollout to its end",
     .help = "Exits with 0 when it succeeded; with 6 when it failed or was rolled back, having "
             "shown the limit that fired, the failing replica, its last probe answer and its last "
             "log lines; with 4 when a newer rollout has taken over; with 7 when --timeout has "
             "passed. Interrupting ends the command, not the rollout.",
     .examples = "dogshore rollout wait web --timeout 600"},
    {.words = "rollout list",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     .run = verb_rollout_list,
     .summary = "List the rollouts of a deployment",
     .help = "Newest first, with how each of them ended and why.",
     .examples = "dogshore rollout list web"},
    {.words = "history",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     .run = verb_history,
     .summary = "List the revisions of a deployment",
     .help = "Newest first. A revision is \"stable\" when a rollout has proven it healthy and none "
             "has since.",
     .examples = "dogshore history web\n"
                 "dogshore history web -o json | jq '.items[0].template'"},
    {.words = "replicas",
     .operands = "[NAME]",
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     .run = verb_replicas,
     .summary = "List replicas, of one deployment or of all",
     .help = "Oldest first; the last ones that ended are there for a while, too.",
     .examples = "dogshore replicas web\n"
                 "dogshore replicas -o json | jq -r '.items[] | select(.node == \"n1\") | .id'"},
    {.words = "events",
     .operands = "[NAME]",
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     OPTIONS(events_options),
     .run = verb_events,
     .summary = "Show what happened, and go on with -f",
     .help = "Of one deployment with its rollouts and replicas, or of everything; oldest first. "
             "With -f -o json one event a line.",
     .examples = "dogshore events web --limit 20\n"
                 "dogshore events -f"},
    {.words = "nodes",
     .operands = "[NAME]",
     .operands_most = 1,
     .operand = OPERAND_NODE,
     .group = VERB_GROUP_OPERATE,
     .run = verb_nodes,
     .summary = "List nodes, or show one",
     .help = "A node is ready, suspect (silent for a moment), lost (silent for too long: its "
             "replicas are replaced elsewhere) or left.",
     .examples = "dogshore nodes\n"
                 "dogshore nodes n1"},
    {.words = "nodes rejoin",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_NODE,
     .group = VERB_GROUP_OPERATE,
     .run = verb_nodes_rejoin,
     .summary = "Let a node whose state was lost register again",
     .help = "For a node that has lost its own token, as after a new disk: for an hour the join "
             "token may register this name once more. What is assigned to the node stays so.",
     .examples = "dogshore nodes rejoin n1"},
    {.words = "nodes remove",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_NODE,
     .group = VERB_GROUP_OPERATE,
     OPTIONS(remove_options),
     .run = verb_nodes_remove,
     .summary = "Remove a node",
     .help = "What it ran counts as ended and is replaced elsewhere. A node that is ready is only "
             "removed with --force.",
     .examples = "dogshore nodes remove n1\n"
                 "dogshore nodes remove n1 --force"},
    {.words = "token list",
     .group = VERB_GROUP_OPERATE,
     .run = verb_token_list,
     .summary = "List tokens",
     .help = "Never the secrets themselves: they are known to nobody but their owners.",
     .examples = "dogshore token list"},
    {.words = "token create",
     .operands = "NAME --scope SCOPE",
     .operands_least = 1,
     .operands_most = 1,
     .group = VERB_GROUP_OPERATE,
     OPTIONS(token_create_options),
     .run = verb_token_create,
     .summary = "Make a token",
     .help = "Prints the token, alone, on standard output: it is shown this once. With a --cluster "
             "flag it is good for that cluster only.",
     .examples = "dogshore token create ci --scope deploy --expires 7776000 > ci.token\n"
                 "dogshore token create dashboard --scope read --cluster gpu"},
    {.words = "token revoke",
     .operands = "ID",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_TOKEN,
     .group = VERB_GROUP_OPERATE,
     .run = verb_token_revoke,
     .summary = "Make a token invalid",
     .help =
         "At once, for good. A node's own token goes with its node, and the last admin token that "
         "never expires stays: both are refused.",
     .examples = "dogshore token revoke 7"},
    {.words = "whoami",
     .group = VERB_GROUP_OTHER,
     .run = verb_whoami,
     .summary = "Show what this token is and may do",
     .help = "As the server sees it.",
     .examples = "dogshore whoami"},
    {.words = "version",
     .group = VERB_GROUP_OTHER,
     .run = verb_version,
     .summary = "Show the versions of this program and of the server",
     .help = "Needs no token.",
     .examples = "dogshore version"},
    {.words = "completion",
     .operands = "bash",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_SHELL,
     .group = VERB_GROUP_OTHER,
     .run = verb_completion,
     .summary = "Print the completion script for a shell",
     .help = "Completes verbs, flags, and names of deployments and nodes as the server knows them.",
     .examples = "source <(dogshore completion bash)"},
    {.words = "help",
     .operands = "[VERB]",
     .operands_most = VERB_WORDS,
     .operand = OPERAND_VERB,
     .group = VERB_GROUP_OTHER,
     .run = verb_help,
     .summary = "Explain everything, or one verb",
     .help = "The same as --help after the verb.",
     .examples = "dogshore help rollout wait"},
};
const size_t verbs_count = sizeof(verbs) / sizeof(verbs[0]);

const struct verb *verb_find(const char *const *words, size_t count)
{
    const struct verb *found = NULL;
    for (size_t i = 0; i < verbs_count && count > 0; i++) {
        const char *blank = strchr(verbs[i].words, ' ');
        if (blank == NULL) {
            if (found == NULL && text_equal(verbs[i].words, words[0])) found = &verbs[i];
            continue;
        }
        size_t first = (size_t)(blank - verbs[i].words);
        if (count > 1 && strlen(words[0]) == first &&
            strncmp(words[0], verbs[i].words, first) == 0 && text_equal(blank + 1, words[1]))
            return &verbs[i];
    }
    return found;
}

int verb_begins(const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i < verbs_count; i++) {
        char end = text_starts(verbs[i].words, word) ? verbs[i].words[length] : 'x';
        if (length > 0 && (end == '\0' || end == ' ')) return 1;
    }
    return 0;
}
