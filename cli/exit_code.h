/* exit_code.h: what the command line's exit codes mean, the same for every verb. */
#ifndef DOGSHORE_CLI_EXIT_CODE_H
#define DOGSHORE_CLI_EXIT_CODE_H

#include "base/err.h"

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_ERROR = 1, /* of the transport, too */
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_NOT_FOUND = 3,
    EXIT_CODE_CONFLICT = 4, /* or stale */
    EXIT_CODE_NOT_ALLOWED = 5,
    EXIT_CODE_ROLLOUT_FAILED = 6, /* or rolled back */
    EXIT_CODE_STILL_RUNNING = 7,  /* waited long enough */
    EXIT_CODE_CHANGED = 8,        /* something differs, and --exit-code was given */
    EXIT_CODE_INTERRUPTED = 130
};

enum exit_code exit_code_of(enum err_code code);

#endif
