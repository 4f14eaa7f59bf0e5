/* failure.h: why a rollout did not succeed, and what to type next. */
#ifndef DOGSHORE_CLI_FAILURE_H
#define DOGSHORE_CLI_FAILURE_H

#include "base/err.h"

#include <stdint.h>

struct arena;
struct cli;
struct json;
struct text;

/* Reads the rollout and its failing replica, and prints the report: on standard output, unless that
 * is for JSON or names; then on standard error. */
enum err_code failure_report(struct cli *cli, const char *name, int64_t rollout, struct err *err);

struct failure {
    const char *name;
    const char *flags; /* what commands that are shown must repeat, "" or " --cluster x" */
    const struct json *rollout;
    const struct json *replica;    /* NULL = its record is not kept any more */
    const struct json *remembered; /* the event's `failed_replica`; NULL = none */
    const struct json *revisions;  /* list; NULL = unknown */
};

/* The report itself. Pure: documents in, painted lines out. */
void failure_draw(struct text *text, const struct failure *failure);

#endif
