/* command_line.h: argv into a verb, its operands and its flags, which may stand anywhere. */
#ifndef DOGSHORE_CLI_COMMAND_LINE_H
#define DOGSHORE_CLI_COMMAND_LINE_H

#include "base/err.h"

struct cli;

/* Fills verb (NULL = none was said), options, operands and output of `cli`, whose arena is there.
 * Strings are borrowed from argv. Errors: ERR_USAGE, with `verb` set if it was understood. */
enum err_code command_line_read(struct cli *cli, int argc, char **argv, struct err *err);
/* A word that is no verb, with the nearest one or what may follow it. */
enum err_code command_line_unknown(struct cli *cli, const char *const *words, size_t count,
                                   struct err *err);

#endif
