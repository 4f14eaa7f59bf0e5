/* facets.h: an object's index column equals its facet's published index (private to store/).
 *
 * Closures touch facets of objects whose rows they do not write, and many times in a batch; the
 * rows follow once, before COMMIT. */
#ifndef DOGSHORE_STORE_FACETS_H
#define DOGSHORE_STORE_FACETS_H

#include "base/err.h"

struct batch;
struct store_db;

/* Raises the index columns of the objects whose facets were touched without writing their row. */
enum err_code facets_write(struct store_db *db, struct batch *batch, struct err *err);

#endif
