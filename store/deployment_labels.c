#include "store/deployment_labels.h"

#include "model/deployment.h"
#include "store/row.h"
#include "store/writer.h"

enum { INSERT, DELETE };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO deployment_labels (key, value, uid, cluster) VALUES (?, ?, ?, ?)",
    [DELETE] = "DELETE FROM deployment_labels WHERE uid = ?",
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
        row_bind_text(&row, deployment->cluster);
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
