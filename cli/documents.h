/* documents.h: the deployment documents that apply and plan take: all of -f, in its order. */
#ifndef DOGSHORE_CLI_DOCUMENTS_H
#define DOGSHORE_CLI_DOCUMENTS_H

#include "cli/read_file.h"

struct cli;

struct document {
    const char *source; /* for messages */
    const char *path;   /* as it was given */
    struct file_content content;
    const char *name;
    const char *cluster; /* the one that was asked for, else its own; NULL = neither */
};

struct documents {
    struct document *items;
    size_t count;
};

/* All of them, before anything is sent; "-" is standard input. Errors: ERR_USAGE; ERR_IO;
 * ERR_INVALID with the place of what is wrong, and for two of one deployment. */
enum err_code documents_read(struct cli *cli, struct documents *documents, struct err *err);
/* The run is about this one now: its cluster, and its file for what to type next. */
void documents_turn_to(struct cli *cli, const struct document *document);

#endif
