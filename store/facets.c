#include "store/facets.h"

#include "store/batch.h"
#include "store/row.h"

#include <assert.h>

enum { DEPLOYMENT, ENDPOINTS, NODE, ASSIGNMENTS };

static const char *const sql[] = {
    [DEPLOYMENT] = "UPDATE deployments SET at_index = ?1"
                   " WHERE cluster = ?2 AND name = ?3 AND at_index < ?1",
    [ENDPOINTS] = "UPDATE deployments SET endpoints_index = ?1"
                  " WHERE cluster = ?2 AND name = ?3 AND endpoints_index < ?1",
    [NODE] = "UPDATE nodes SET at_index = ?1 WHERE name = ?2 AND at_index < ?1",
    [ASSIGNMENTS] = "UPDATE nodes SET assignments_index = ?1"
                    " WHERE name = ?2 AND assignments_index < ?1",
};
const struct statement_table facet_statements = STATEMENT_TABLE(sql);

static enum err_code raise_deployment(struct store_db *db, struct arena *arena, int which,
                                      const struct touched *touched, struct err *err)
{
    const char *slash = strchr(touched->key, '/');
    assert(slash != NULL);
    auto_row row = row_open(db, STATEMENTS_FACETS, which);
    row_bind_int(&row, touched->index);
    row_bind_text(&row, arena_strndup(arena, touched->key, (size_t)(slash - touched->key)));
    row_bind_text(&row, slash + 1);
    return row_run(&row, err);
}

static enum err_code raise_node(struct store_db *db, int which, const struct touched *touched,
                                struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_FACETS, which);
    row_bind_int(&row, touched->index);
    row_bind_text(&row, touched->key);
    return row_run(&row, err);
}

static enum err_code raise(struct store_db *db, struct arena *arena, const struct touched *touched,
                           struct err *err)
{
    switch (touched->kind) {
    case FACET_DEPLOYMENT:
        return raise_deployment(db, arena, DEPLOYMENT, touched, err);
    case FACET_ENDPOINTS:
        return raise_deployment(db, arena, ENDPOINTS, touched, err);
    case FACET_NODE:
        return raise_node(db, NODE, touched, err);
    case FACET_ASSIGNMENTS:
        return raise_node(db, ASSIGNMENTS, touched, err);
    case FACET_LIST:
    case FACET_EVENTS:
        return ERR_OK; /* their index is the newest of all, also after a restart */
    }
    return ERR_OK;
}

enum err_code facets_write(struct store_db *db, struct batch *batch, struct err *err)
{
    for (size_t i = 0; i < batch->lagging.count; i++)
        TRY(raise(db, &batch->arena, &batch->lagging.items[i], err));
    return ERR_OK;
}
