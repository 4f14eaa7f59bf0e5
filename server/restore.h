/* restore.h: `dogshored --restore FILE`: puts a backup in place and tells the operator what it was
 * and what happens next. */
#ifndef DOGSHORE_SERVER_RESTORE_H
#define DOGSHORE_SERVER_RESTORE_H

#include "base/err.h"

struct config;

enum err_code restore_run(const struct config *config, struct err *err);

#endif
