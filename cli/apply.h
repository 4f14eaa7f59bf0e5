/* apply.h: the document that apply and plan take. */
#ifndef DOGSHORE_CLI_APPLY_H
#define DOGSHORE_CLI_APPLY_H

#include "cli/read_file.h"

struct cli;
struct client_request;

struct document {
    const char *source; /* for messages */
    struct file_content content;
    const char *name;
    const char *cluster; /* NULL = it does not say */
};

/* `path` "-" is standard input. Its cluster becomes that of the run, unless another one was asked
 * for. Errors: ERR_IO; ERR_INVALID with the place of what is wrong. */
enum err_code apply_read_document(struct cli *cli, const char *path, struct document *document,
                                  struct err *err);
/* Sends what makes or changes the deployment of that name and says what came of it; with --force,
 * --if-match, --dry-run, --wait. */
enum err_code apply_send(struct cli *cli, const char *name, struct client_request *request,
                         struct err *err);

#endif
