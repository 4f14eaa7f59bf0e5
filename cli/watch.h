/* watch.h: a deployment followed live until a goal is reached: a tree redrawn in place on a
 * terminal, one line for each transition elsewhere, one JSON document for each with -o json. */
#ifndef DOGSHORE_CLI_WATCH_H
#define DOGSHORE_CLI_WATCH_H

#include "base/err.h"
#include "cli/goal.h"

struct cli;
struct json;

struct watch_request {
    const char *name;
    struct goal goal;
    int64_t timeout_ms; /* 0 = none */
    bool endless;       /* there is no goal: until interrupted, or the deployment is gone */
    bool quiet;         /* shows nothing */
    bool promoted;      /* just now: the wait that it ends needs no hint any more */
};

struct watch_end {
    enum verdict verdict;      /* VERDICT_WAITING: the time was up */
    const struct json *status; /* that was judged; NULL = none came */
};

/* ERR_CANCELLED: interrupted. ERR_NOT_FOUND: the deployment is gone, and that was not the goal. */
enum err_code watch_run(struct cli *cli, const struct watch_request *request, struct watch_end *end,
                        struct err *err);

/* Watches, then says how it ended, on a failure why and what to type next, and sets the outcome.
 * With -o json it prints the deployment as it is then, and nothing else. */
enum err_code watch_wait(struct cli *cli, const struct watch_request *request, struct err *err);

#endif
