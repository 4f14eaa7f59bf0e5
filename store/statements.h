/* statements.h: every SQL statement of the store, by the file that owns it (private to store/).
 *
 * Each file contributes one table; a connection prepares all of them when it opens, so that a typo
 * or a missing column fails at start. Readers leave out those that change rows. */
#ifndef DOGSHORE_STORE_STATEMENTS_H
#define DOGSHORE_STORE_STATEMENTS_H

enum statement_group {
    STATEMENTS_TRANSACTION,
    STATEMENTS_FACETS,
    STATEMENTS_META,
    STATEMENTS_DEPLOYMENTS,
    STATEMENTS_DEPLOYMENT_LABELS,
    STATEMENTS_TOMBSTONES,
    STATEMENTS_REVISIONS,
    STATEMENTS_REVISION_SETS,
    STATEMENTS_QUARANTINE,
    STATEMENTS_ROLLOUTS,
    STATEMENTS_REPLICAS,
    STATEMENTS_NODES,
    STATEMENTS_NODE_ORPHANS,
    STATEMENTS_EVENTS,
    STATEMENTS_TOKENS,
    STATEMENTS_IDEMPOTENCY,
    STATEMENTS_PROBE_TRANSITIONS,
    STATEMENTS_AVAILABILITY_TRANSITIONS,
    STATEMENTS_NODE_SILENCES,
    STATEMENTS_SUMMARY,
    STATEMENTS_LABEL_COUNTS,
    STATEMENTS_SCRAPE_TARGETS,
    STATEMENT_GROUPS
};

struct statement_table {
    const char *const *sql;
    int count;
};

#define STATEMENT_TABLE(list)                                                                      \
    {                                                                                              \
        .sql = (list), .count = (int)(sizeof(list) / sizeof(list)[0])                              \
    }

extern const struct statement_table transaction_statements, facet_statements, meta_statements,
    deployment_statements, deployment_label_statements, tombstone_statements, revision_statements,
    revision_set_statements, quarantine_statements, rollout_statements, replica_statements,
    node_statements, node_orphan_statements, event_statements, token_statements,
    idempotency_statements, probe_transition_statements, availability_transition_statements,
    node_silence_statements, summary_statements, label_count_statements, scrape_target_statements;

/* For column lists that one macro spells out: `#define COLUMNS(X) X(a) X(b)`. Each leaves a comma
 * behind, so a list ends with a column written by hand. */
#define COLUMN_NAME(name) #name ", "
#define COLUMN_VALUE(name) "?, "
#define COLUMN_SET(name) #name " = ?, "
#define COLUMN_EXCLUDED(name) #name " = excluded." #name ", "

#endif
