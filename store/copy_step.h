/* copy_step.h: how the writer makes a copy (private to store/). Threads: the writer's. */
#ifndef DOGSHORE_STORE_COPY_STEP_H
#define DOGSHORE_STORE_COPY_STEP_H

#include "store/copy.h"

struct store_db;

/* One piece; false when it has ended, with its outcome. */
bool copy_step(struct store_copy *copy, struct store_db *db, enum err_code *code, struct err *err);

#endif
