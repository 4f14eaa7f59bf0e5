/* program.h: how the daemons' programs print and end. The exit codes are those of sysexits.h, and
 * spelled out in --help. */
#ifndef DOGSHORE_BASE_PROGRAM_H
#define DOGSHORE_BASE_PROGRAM_H

#include "base/err.h"

#include <stdbool.h>

struct text;

enum { EXIT_USAGE = 64, EXIT_SOFTWARE = 70, EXIT_IO = 74, EXIT_CONFIG = 78 };

int program_exit_code(enum err_code code);

/* To standard output; releases the text. False: not all of it could be written. */
bool program_print(struct text *text);

#endif
