/* filter.h: lists, narrowed and ordered by the flags that lists share: --selector, --state,
 * --search, --query, --sort, --limit; or only counted, by --count. */
#ifndef DOGSHORE_CLI_FILTER_H
#define DOGSHORE_CLI_FILTER_H

#include "cli/cli.h"

/* The items of the list that is at `path`. With --count its number is printed instead, and
 * *printed says so. */
enum err_code filter_list(struct cli *cli, const char *path, struct list *list, bool *printed,
                          struct err *err);
/* `path` with what narrows and orders it. */
const char *filter_path(struct cli *cli, const char *path);
/* With --count: prints the number of items and says so. */
enum err_code filter_count(struct cli *cli, const char *path, bool *printed, struct err *err);

/* "pending,assigned,…": the states of replicas that have not ended; or "stopped,failed". */
const char *filter_phases(struct cli *cli, bool ended);
/* The path of those of a deployment's replicas that a tree may show: what has stopped it does not,
 * and that may be most of them. */
const char *filter_tree_path(struct cli *cli, const char *name);
/* On standard error: so many that have ended are left out; nothing for none. */
void filter_say_hidden(int64_t count);

/* ERR_USAGE if any of these flags was given although one thing is named, or a selector although
 * what it chooses from is. */
enum err_code filter_refuse_all(const struct cli *cli, struct err *err);
enum err_code filter_refuse_selector(const struct cli *cli, struct err *err);

#endif
