#include "store/deployment_labels.h"

#include "model/deployment.h"
#include "model/selector.h"
#include "store/row.h"
#include "store/writer.h"

enum { INSERT, DELETE, COUNT_SOME };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO deployment_labels (key, value, uid) VALUES (?, ?, ?)",
    [DELETE] = "DELETE FROM deployment_labels WHERE uid = ?",
    [COUNT_SOME] = "SELECT count(*) FROM (SELECT 1 FROM deployment_labels"
                   " WHERE key = ? AND value = ? LIMIT ?)",
};
const struct statement_table deployment_label_statements = STATEMENT_TABLE(sql);

enum err_code deployment_labels_insert(struct store_tx *tx, const struct deployment *deployment,
                                       struct err *err)
{
    for (size_t i = 0; i < deployment->labels.count; i++) {
        auto_row row = row_open(tx_db(tx), STATEMENTS_DEPLOYMENT_LABELS, INSERT);
        row_bind_text(&row, deployment->labels.items[i].key);
        row_bind_text(&row, deployment->labels.items[i].value);
        row_bind_text(&row, deployment->uid);
        TRY(row_run(&row, err));
    }
    return ERR_OK;
}

enum err_code deployment_labels_replace(struct store_tx *tx, const struct deployment *deployment,
                                        struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_DEPLOYMENT_LABELS, DELETE);
    row_bind_text(&row, deployment->uid);
    TRY(row_run(&row, err));
    return deployment_labels_insert(tx, deployment, err);
}

static bool is_equality(const struct selector_term *term)
{
    return term->op == SELECTOR_IN && term->values.count == 1;
}

static enum err_code count_some(struct store_db *db, const struct selector_term *term,
                                int64_t *count, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_DEPLOYMENT_LABELS, COUNT_SOME);
    row_bind_text(&row, term->key);
    row_bind_text(&row, term->values.items[0]);
    row_bind_int(&row, DEPLOYMENT_LABELS_FEW + 1);
    return row_number(&row, count, err);
}

enum err_code deployment_labels_driver(struct store_db *db, const struct selector *selector,
                                       const struct selector_term **driver, struct err *err)
{
    int64_t fewest = DEPLOYMENT_LABELS_FEW + 1;
    *driver = NULL;
    for (size_t i = 0; selector != NULL && i < selector->count; i++) {
        int64_t count;
        if (!is_equality(&selector->terms[i])) continue;
        TRY(count_some(db, &selector->terms[i], &count, err));
        if (count >= fewest) continue;
        fewest = count;
        *driver = &selector->terms[i];
    }
    return ERR_OK;
}
