/* outcome.h: how an attempt ended, as its `exit` file says. The first outcome that is noted stands.
 */
#ifndef DOGSHORE_SHIM_OUTCOME_H
#define DOGSHORE_SHIM_OUTCOME_H

#include <stdbool.h>

enum outcome_end {
    OUTCOME_NONE,
    OUTCOME_EXITED,
    OUTCOME_SIGNALLED,
    OUTCOME_UNRUNNABLE,
    OUTCOME_NOT_FORKED
};

/* The step that failed. */
enum outcome_what {
    OUTCOME_WHAT_FORK,
    OUTCOME_WHAT_CHDIR,
    OUTCOME_WHAT_EXEC,
    OUTCOME_WHAT_INTERPRETER
};

struct outcome {
    enum outcome_end end;
    int number; /* status, signal or errno */
    enum outcome_what what;
};

void outcome_unrunnable(struct outcome *outcome, enum outcome_what what, int problem);
void outcome_not_forked(struct outcome *outcome, enum outcome_what what, int problem);
/* si_code and si_status of waitid(2). */
void outcome_of_status(struct outcome *outcome, int code, int status);
bool outcome_write(const struct outcome *outcome, int folder);

#endif
