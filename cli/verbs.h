/* verbs.h: the one table of what the command line can do: parsing, help and completion come of it.
 */
#ifndef DOGSHORE_CLI_VERBS_H
#define DOGSHORE_CLI_VERBS_H

#include "base/err.h"
#include "base/options.h"

#include <stddef.h>

struct cli;

/* What an operand names: what completion offers in its place. */
enum operand_kind {
    OPERAND_NONE,
    OPERAND_DEPLOYMENT,
    OPERAND_NODE,
    OPERAND_TOKEN,
    OPERAND_SHELL,
    OPERAND_VERB,
    OPERAND_REVISION,
    OPERAND_LABEL
};

enum verb_group { VERB_GROUP_DEPLOY, VERB_GROUP_LOOK, VERB_GROUP_OPERATE, VERB_GROUP_OTHER };

enum { VERB_WORDS = 2, VERB_OPERANDS = 4 };

struct option_list {
    const struct option *items;
    size_t count;
};

struct verb {
    const char *words; /* "rollout wait" */
    const char *operands;
    size_t operands_least, operands_most;
    enum operand_kind operand; /* of the first operand */
    enum operand_kind second;
    enum verb_group group;
    const struct option_list *options; /* besides the global ones; NULL = none */
    enum err_code (*run)(struct cli *cli, struct err *err);
    const char *summary;  /* one line, no full stop */
    const char *help;     /* paragraphs */
    const char *examples; /* one per line */
};

extern const struct verb verbs[];
extern const size_t verbs_count;
extern const struct option global_options[];
extern const size_t global_options_count;

/* By its words: two where the first two make a verb, else one. NULL = no such verb. */
const struct verb *verb_find(const char *const *words, size_t count);
/* Whether some verb begins with that word. */
int verb_begins(const char *word);

/* The functions of the table, each in the file of its group. */
enum err_code verb_apply(struct cli *cli, struct err *err);
enum err_code verb_get(struct cli *cli, struct err *err);
enum err_code verb_status(struct cli *cli, struct err *err);
enum err_code verb_patch(struct cli *cli, struct err *err);
enum err_code verb_scale(struct cli *cli, struct err *err);
enum err_code verb_rollback(struct cli *cli, struct err *err);
enum err_code verb_delete(struct cli *cli, struct err *err);
enum err_code verb_pause(struct cli *cli, struct err *err);
enum err_code verb_resume(struct cli *cli, struct err *err);
enum err_code verb_restart(struct cli *cli, struct err *err);
enum err_code verb_promote(struct cli *cli, struct err *err);
enum err_code verb_abort(struct cli *cli, struct err *err);
enum err_code verb_retry(struct cli *cli, struct err *err);
enum err_code verb_terminate(struct cli *cli, struct err *err);
enum err_code verb_start(struct cli *cli, struct err *err);
enum err_code verb_plan(struct cli *cli, struct err *err);
enum err_code verb_explain(struct cli *cli, struct err *err);
enum err_code verb_diff(struct cli *cli, struct err *err);
enum err_code verb_revision(struct cli *cli, struct err *err);
enum err_code verb_wait(struct cli *cli, struct err *err);
enum err_code verb_endpoints(struct cli *cli, struct err *err);
enum err_code verb_probes(struct cli *cli, struct err *err);
enum err_code verb_rollout_wait(struct cli *cli, struct err *err);
enum err_code verb_rollout_list(struct cli *cli, struct err *err);
enum err_code verb_history(struct cli *cli, struct err *err);
enum err_code verb_replicas(struct cli *cli, struct err *err);
enum err_code verb_events(struct cli *cli, struct err *err);
enum err_code verb_summary(struct cli *cli, struct err *err);
enum err_code verb_clusters(struct cli *cli, struct err *err);
enum err_code verb_labels(struct cli *cli, struct err *err);
enum err_code verb_nodes(struct cli *cli, struct err *err);
enum err_code verb_nodes_rejoin(struct cli *cli, struct err *err);
enum err_code verb_nodes_remove(struct cli *cli, struct err *err);
enum err_code verb_token_list(struct cli *cli, struct err *err);
enum err_code verb_token_create(struct cli *cli, struct err *err);
enum err_code verb_token_rotate(struct cli *cli, struct err *err);
enum err_code verb_token_revoke(struct cli *cli, struct err *err);
enum err_code verb_nodes_stop_unknown(struct cli *cli, struct err *err);
enum err_code verb_backup(struct cli *cli, struct err *err);
enum err_code verb_whoami(struct cli *cli, struct err *err);
enum err_code verb_version(struct cli *cli, struct err *err);
enum err_code verb_completion(struct cli *cli, struct err *err);
enum err_code verb_help(struct cli *cli, struct err *err);

#endif
