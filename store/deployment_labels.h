/* deployment_labels.h: table deployment_labels: which deployments carry a label (private to
 * store/).
 *
 * Its rows are ordered by uid within a label, since five labels per deployment in the order of
 * names would cost a create five scattered pages. A list is ordered by name, so it has two ways: a
 * label that few carry drives the query and the few are sorted; with one that many carry a walk by
 * name meets enough of them soon. */
#ifndef DOGSHORE_STORE_DEPLOYMENT_LABELS_H
#define DOGSHORE_STORE_DEPLOYMENT_LABELS_H

#include "base/err.h"

struct deployment;
struct selector;
struct selector_term;
struct store_db;
struct store_tx;

enum { DEPLOYMENT_LABELS_FEW = 1000 };

enum err_code deployment_labels_insert(struct store_tx *tx, const struct deployment *deployment,
                                       struct err *err);
enum err_code deployment_labels_replace(struct store_tx *tx, const struct deployment *deployment,
                                        struct err *err);
/* The equality term that the fewest match, if they are few; else NULL. */
enum err_code deployment_labels_driver(struct store_db *db, const struct selector *selector,
                                       const struct selector_term **driver, struct err *err);

#endif
