#include "store/scrape_targets.h"

#include "base/arena.h"
#include "base/text.h"
#include "model/node.h"
#include "store/row.h"
#include "wire/deployment_wire.h"

enum { ALL, OF_CLUSTER };

/* The indexes are named, so that a statement that cannot use them fails at start. */
#define SELECT                                                                                     \
    "SELECT d.uid, r.id, r.node, n.state, r.revision, v.version, r.template_hash, r.ready,"        \
    " r.address, r.ports, d.cluster, d.name, d.active_hash, d.annotations, d.labels"               \
    " FROM deployments AS d INDEXED BY deployments_scrape"                                         \
    " CROSS JOIN replicas AS r INDEXED BY replicas_uid ON r.uid = d.uid"                           \
    " CROSS JOIN nodes AS n ON n.name = r.node"                                                    \
    " LEFT JOIN revisions AS v ON v.uid = d.uid AND v.number = r.revision"                         \
    " WHERE instr(d.annotations, '\"prometheus.io/scrape\":\"true\"') > 0"                         \
    " AND r.wanted = 'run' AND r.phase = 'running' AND r.address IS NOT NULL"
#define ORDER " ORDER BY d.cluster, d.name, r.number"

static const char *const sql[] = {
    [ALL] = SELECT ORDER,
    [OF_CLUSTER] = SELECT " AND d.cluster = ?" ORDER,
};
const struct statement_table scrape_target_statements = STATEMENT_TABLE(sql);

static enum err_code read_replica(struct row *row, struct arena *arena,
                                  struct scrape_target *target, struct err *err)
{
    target->replica = row_text(row, arena);
    target->node = row_text(row, arena);
    target->node_state = row_word(row, node_state_words);
    target->revision = row_int(row);
    target->version = row_text(row, arena);
    target->template_hash = row_text(row, arena);
    target->ready = row_bool(row);
    target->address = row_text(row, arena);
    return row_parse_ports(arena, row_text(row, arena), &target->ports, err);
}

static enum err_code read_deployment(struct row *row, struct arena *arena,
                                     struct scrape_target *target, struct err *err)
{
    target->cluster = row_text(row, arena);
    target->deployment = row_text(row, arena);
    target->active_hash = row_text(row, arena);
    TRY(pairs_parse(arena, row_text(row, arena), &target->annotations, err));
    return pairs_parse(arena, row_text(row, arena), &target->labels, err);
}

static void copy_deployment(struct scrape_target *target, const struct scrape_target *from)
{
    target->cluster = from->cluster;
    target->deployment = from->deployment;
    target->active_hash = from->active_hash;
    target->annotations = from->annotations;
    target->labels = from->labels;
}

/* `before`: the target of the row before; of the same deployment mostly, which is then not read
 * again. */
static enum err_code read_target(struct row *row, struct arena *arena,
                                 const struct scrape_target *before, struct scrape_target *target,
                                 struct err *err)
{
    target->uid = row_text(row, arena);
    TRY(read_replica(row, arena, target, err));
    if (before != NULL && text_equal(before->uid, target->uid))
        copy_deployment(target, before);
    else
        TRY(read_deployment(row, arena, target, err));
    return row_check(row, err);
}

enum err_code scrape_targets(struct store_db *db, struct arena *arena, const char *cluster,
                             struct scrape_target **items, size_t *count, struct err *err)
{
    struct scrape_target *list = NULL;
    size_t length = 0;
    auto_row row = row_open(db, STATEMENTS_SCRAPE_TARGETS, cluster == NULL ? ALL : OF_CLUSTER);
    if (cluster != NULL) row_bind_text(&row, cluster);
    for (bool found;; length++) {
        TRY(row_next(&row, &found, err));
        if (!found) break;
        list = row_array_grow(arena, list, length, sizeof *list);
        const struct scrape_target *before = length == 0 ? NULL : &list[length - 1];
        TRY(read_target(&row, arena, before, &list[length], err));
    }
    *items = list;
    *count = length;
    return ERR_OK;
}
