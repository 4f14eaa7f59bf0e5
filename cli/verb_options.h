/* verb_options.h: the flags of the verbs, each list for one verb or for several. */
#ifndef DOGSHORE_CLI_VERB_OPTIONS_H
#define DOGSHORE_CLI_VERB_OPTIONS_H

#include "cli/verbs.h"

extern const struct option_list apply_options, status_options, patch_options, order_options,
    dry_run_options, wait_options, timeout_options, rollback_options, promote_options, plan_options,
    diff_options, revision_options, wait_for_options, probes_options, events_options,
    remove_options, token_create_options, list_options, replicas_options, history_options,
    labels_options;

#endif
