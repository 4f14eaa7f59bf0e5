/* data_dir.h: the data directory: who may use it, and who does (private to store/). */
#ifndef DOGSHORE_STORE_DATA_DIR_H
#define DOGSHORE_STORE_DATA_DIR_H

#include "base/err.h"

#include <limits.h>
#include <stdbool.h>

struct stat;

/* Makes it with mode 0700 when missing; refuses one that others own or may write to. `real` is its
 * path without the links on the way, as SQLite is told to open no file by one that has any. */
enum err_code data_dir_check(const char *path, char real[static PATH_MAX], struct err *err);
/* ERR_CONFIG when `path` is another user's (`allow_root`: but for root's) or others may write to
 * it. */
enum err_code data_dir_check_owned(const char *path, const struct stat *status, bool allow_root,
                                   struct err *err);
/* Takes DIR/lock for as long as *fd stays open; ERR_CONFIG names the process that has it. */
enum err_code data_dir_lock(const char *path, int *fd, struct err *err);
/* What can be told of the database file before it is opened. It must not be opened and closed by
 * hand: that would drop SQLite's locks. */
enum err_code data_dir_check_database(const char *database, bool *exists, struct err *err);
/* An empty file of mode 0600, for SQLite to fill. */
enum err_code data_dir_make_file(const char *path, struct err *err);
/* Gives DIR/dogshore.db.new its final name, durably. */
enum err_code data_dir_publish(const char *data_dir, const char *from, const char *to,
                               struct err *err);

#endif
