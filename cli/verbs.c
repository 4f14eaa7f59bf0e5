#include "cli/verbs.h"

#include "base/text.h"
#include "cli/verb_options.h"

#define OPTIONS(list) .options = &(list)

const struct verb verbs[] = {
    {.words = "apply",
     .operands = "-f FILE [-f …]",
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(apply_options),
     .run = verb_apply,
     .summary = "Make a deployment what a document says",
     .help =
         "Creates the deployment that the document names, or replaces it. Says \"created\", "
         "\"configured\" or \"unchanged\": a document that changes nothing changes nothing.\n"
         "\n"
         "A new template starts a rollout. With --wait the command follows it and exits with 6 "
         "when it failed or was rolled back, having shown why; with 4 when it waits for a promote "
         "or is paused, having shown what to type.\n"
         "\n"
         "Several documents (-f A -f B) are all read first, then applied in their order up to "
         "the first that is refused, then waited for. With -o json each one is a document "
         "of its own, as jq reads them.",
     .examples = "dogshore apply -f web.json --wait\n"
                 "dogshore apply -f web.json -f worker.json --wait\n"
                 "jq '.spec.template.version = \"2.0\"' web.json | dogshore apply -f - --wait "
                 "--timeout 300"},
    {.words = "patch",
     .operands = "NAME FIELD=VALUE…",
     .operands_least = 1,
     .operands_most = 64,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_DEPLOY,
     OPTIONS(patch_options),
     .run = verb_patch,
     .summary = "Change single fields of a deployment",
     .help = "As an apply of the whole document with these fields changed; what somebody else has "
             "changed meanwhile stays. A value is JSON, or text where the field is text; null "
             "removes. With -f a merge patch (RFC 7396) from a file.",
     .examples =
         "dogshore patch web spec.template.version=2.1 --wait\n"
         "dogshore patch web spec.template.env.DEBUG=null labels.team=shop --dry-run\n"
         "dogshore patch web 'spec.template.command=[\"./serve\", \"--fast\"]' --if-match 4\n"
         "dogshore patch web -f canary.json"},
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
     .operands = "-f FILE [-f …]",
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
             "the rollout to its end; where that waits again it says so and exits with 4.",
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
     OPTIONS(order_options),
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
     OPTIONS(wait_options),
     .run = verb_resume,
     .summary = "Let the steps of rollouts go on",
     .help =
         "After a pause; also what a failed rollout has halted. With --wait it follows the rollout "
         "that goes on.",
     .examples = "dogshore resume web --wait"},
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
     OPTIONS(list_options),
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
    {.words = "probes",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     OPTIONS(probes_options),
     .run = verb_probes,
     .summary = "Show what its probes say, and said",
     .help =
         "For each replica whether it was ready and what each of its probes said over time, "
         "oldest on the left: █ good, ▁ failing for at least a part of that column, · not "
         "known, as its node was silent. Behind it the share of the time that it was ready, "
         "and each probe's last answer. The first line is the deployment: good when as many "
         "replicas as desired are available. Replicas that have ended are shown with --all, after "
         "those that have not.",
     .examples = "dogshore probes web\n"
                 "dogshore probes web --all\n"
                 "dogshore probes web --window 86400\n"
                 "dogshore probes web -o json"},
    {.words = "rollout wait",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     OPTIONS(timeout_options),
     .run = verb_rollout_wait,
     .summary = "Follow the last rollout to its end",
     .help =
         "Exits with 0 when it succeeded; with 6 when it failed or was rolled back, having "
         "shown the limit that fired, the failing replica, its last probe answer and its last "
         "log lines; with 4 when a newer rollout has taken over, and when it waits for a promote "
         "or is paused; with 7 when --timeout has passed. Interrupting ends the command, not the "
         "rollout.",
     .examples = "dogshore rollout wait web --timeout 600"},
    {.words = "rollout list",
     .operands = "[NAME]",
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     OPTIONS(list_options),
     .run = verb_rollout_list,
     .summary = "List rollouts, of one deployment or of all",
     .help = "Newest first, with how each of them ended and why.",
     .examples = "dogshore rollout list web\n"
                 "dogshore rollout list --state progressing,paused,awaiting_promotion\n"
                 "dogshore rollout list -q 'strategy = canary and state = failed' --limit 20"},
    {.words = "history",
     .operands = "NAME",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     OPTIONS(history_options),
     .run = verb_history,
     .summary = "List the revisions of a deployment",
     .help = "Newest first. A revision is \"stable\" when a rollout has proven it healthy and none "
             "has since; PROVEN says whether it ever was.",
     .examples = "dogshore history web\n"
                 "dogshore history web --state stable\n"
                 "dogshore history web -o json | jq '.items[0].template'"},
    {.words = "replicas",
     .operands = "[NAME]",
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     OPTIONS(replicas_options),
     .run = verb_replicas,
     .summary = "List replicas, of one deployment or of all",
     .help =
         "Oldest first. The last ones that ended are kept for a while: --all shows them, too, and "
         "so do --state and --query, which choose by themselves.",
     .examples = "dogshore replicas web\n"
                 "dogshore replicas web --all\n"
                 "dogshore replicas --state failed -l team=ml\n"
                 "dogshore replicas -q 'node = n1 and not ready = true' -o name"},
    {.words = "summary",
     .group = VERB_GROUP_LOOK,
     .run = verb_summary,
     .summary = "Show how many of everything there are, and in which states",
     .help = "Deployments, rollouts that run, replicas that have not ended, nodes, and what is "
             "taken of what the nodes have; of all clusters, or of the one of --cluster.",
     .examples = "dogshore summary\n"
                 "dogshore summary -o json | jq .replicas.states"},
    {.words = "clusters",
     .group = VERB_GROUP_LOOK,
     .run = verb_clusters,
     .summary = "List the clusters",
     .help = "A cluster is there when it is \"default\", or when it has nodes or deployments.",
     .examples = "dogshore clusters"},
    {.words = "labels",
     .operands = "[KEY]",
     .operands_most = 1,
     .operand = OPERAND_LABEL,
     .group = VERB_GROUP_LOOK,
     OPTIONS(labels_options),
     .run = verb_labels,
     .summary = "List the labels that deployments carry",
     .help = "Each key with its values, and how many deployments carry them; with a key all values "
             "of that one.",
     .examples = "dogshore labels\n"
                 "dogshore labels team\n"
                 "dogshore labels --prefix app. -o name"},
    {.words = "events",
     .operands = "[NAME]",
     .operands_most = 1,
     .operand = OPERAND_DEPLOYMENT,
     .group = VERB_GROUP_LOOK,
     OPTIONS(events_options),
     .run = verb_events,
     .summary = "Show what happened, and go on with -f",
     .help =
         "Of one deployment with its rollouts and replicas, or of everything; oldest first. "
         "With -f it goes on, also over restarts of the server, and leaves nothing out; with -f "
         "-o json one event a line.",
     .examples = "dogshore events web --limit 20\n"
                 "dogshore events -f\n"
                 "dogshore events -f -o json --query 'kind = rollout'"},
    {.words = "nodes",
     .operands = "[NAME]",
     .operands_most = 1,
     .operand = OPERAND_NODE,
     .group = VERB_GROUP_OPERATE,
     OPTIONS(list_options),
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
     OPTIONS(dry_run_options),
     .run = verb_nodes_rejoin,
     .summary = "Let a node whose state was lost register again",
     .help = "For a node that has lost its own token, as after a new disk: for an hour the join "
             "token may register this name once more. What is assigned to the node stays so.",
     .examples = "dogshore nodes rejoin n1"},
    {.words = "nodes stop-unknown",
     .operands = "NAME [REPLICA]",
     .operands_least = 1,
     .operands_most = 2,
     .operand = OPERAND_NODE,
     .group = VERB_GROUP_OPERATE,
     OPTIONS(dry_run_options),
     .run = verb_nodes_stop_unknown,
     .summary = "Stop what a node runs and the server does not know",
     .help = "After the server was restored from a backup, what was deployed since the backup is "
             "left running where it runs: `dogshore nodes NAME` lists it as unknown replicas. This "
             "orders the stop of all of them on one node, or of one. Deploy again first what must "
             "not be missing.",
     .examples = "dogshore nodes stop-unknown n1\n"
                 "dogshore nodes stop-unknown n1 web-8g3k0a001"},
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
    {.words = "token rotate",
     .operands = "ID",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_TOKEN,
     .group = VERB_GROUP_OPERATE,
     OPTIONS(dry_run_options),
     .run = verb_token_rotate,
     .summary = "Give a token a new secret",
     .help = "Prints the new one, this once; the old one ends at once. All else stays as it is.",
     .examples = "dogshore token rotate 7 > ci.token"},
    {.words = "token revoke",
     .operands = "ID",
     .operands_least = 1,
     .operands_most = 1,
     .operand = OPERAND_TOKEN,
     .group = VERB_GROUP_OPERATE,
     OPTIONS(dry_run_options),
     .run = verb_token_revoke,
     .summary = "Make a token invalid",
     .help =
         "At once, for good. A node's own token goes with its node, and the last admin token that "
         "never expires stays: both are refused.",
     .examples = "dogshore token revoke 7"},
    {.words = "backup",
     .operands = "FILE",
     .operands_least = 1,
     .operands_most = 1,
     .group = VERB_GROUP_OPERATE,
     .run = verb_backup,
     .summary = "Fetch a copy of the server's whole database",
     .help =
         "Of one moment, while the server goes on; - is standard output. FILE appears whole and "
         "with mode 0600, or not at all: length and SHA-256 are compared with what the server "
         "says.\n"
         "\n"
         "It holds all that the server knows, values of env in clear among it. Needs an admin "
         "token that is not limited to a cluster. `dogshored --restore FILE` brings it back.",
     .examples = "dogshore backup dogshore-$(date +%F).db\n"
                 "dogshore backup - | age -r $RECIPIENT > dogshore.db.age"},
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
