/* deployment_labels.h: table deployment_labels: which deployments carry a label (private to
 * store/).
 *
 * Its rows are ordered by uid within a label, since five labels per deployment in the order of
 * names would cost a create five scattered pages. How lists that are ordered otherwise make use of
 * it: listing.h. */
#ifndef DOGSHORE_STORE_DEPLOYMENT_LABELS_H
#define DOGSHORE_STORE_DEPLOYMENT_LABELS_H

#include "base/err.h"

struct deployment;
struct store_db;
struct store_tx;

enum err_code deployment_labels_insert(struct store_tx *tx, const struct deployment *deployment,
                                       struct err *err);
enum err_code deployment_labels_replace(struct store_tx *tx, const struct deployment *deployment,
                                        struct err *err);

#endif
