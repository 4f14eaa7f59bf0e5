/* apply.h: what makes or changes a deployment is sent, told of and seen through. */
#ifndef DOGSHORE_CLI_APPLY_H
#define DOGSHORE_CLI_APPLY_H

#include "base/err.h"

struct cli;
struct client_request;

/* Sends what makes or changes the deployment of that name and says what came of it; with --force,
 * --if-match, --dry-run, --wait. */
enum err_code apply_send(struct cli *cli, const char *name, struct client_request *request,
                         struct err *err);

#endif
