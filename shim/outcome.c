#include "shim/outcome.h"

#include "shim/files.h"
#include "shim/spec.h"

#include <signal.h>

static const char *const what_words[] = {[OUTCOME_WHAT_FORK] = "fork",
                                         [OUTCOME_WHAT_CHDIR] = "chdir",
                                         [OUTCOME_WHAT_EXEC] = "exec",
                                         [OUTCOME_WHAT_INTERPRETER] = "interpreter"};

static void note(struct outcome *outcome, const struct outcome *noted)
{
    if (outcome->end == OUTCOME_NONE) *outcome = *noted;
}

void outcome_unrunnable(struct outcome *outcome, enum outcome_what what, int problem)
{
    note(outcome, &(struct outcome){.end = OUTCOME_UNRUNNABLE, .number = problem, .what = what});
}

void outcome_not_forked(struct outcome *outcome, enum outcome_what what, int problem)
{
    note(outcome, &(struct outcome){.end = OUTCOME_NOT_FORKED, .number = problem, .what = what});
}

void outcome_of_status(struct outcome *outcome, int code, int status)
{
    enum outcome_end end = code == CLD_EXITED ? OUTCOME_EXITED : OUTCOME_SIGNALLED;
    note(outcome, &(struct outcome){.end = end, .number = status});
}

bool outcome_write(const struct outcome *outcome, int folder)
{
    char text[128] = "";
    const char *what = what_words[outcome->what];
    switch (outcome->end) {
    case OUTCOME_NONE:
        return false;
    case OUTCOME_EXITED:
        snprintf(text, sizeof text, "end=exited\ncode=%d\n", outcome->number);
        break;
    case OUTCOME_SIGNALLED:
        snprintf(text, sizeof text, "end=signalled\nsignal=%d\n", outcome->number);
        break;
    case OUTCOME_UNRUNNABLE:
        snprintf(text, sizeof text, "end=unrunnable\nerrno=%d\nwhat=%s\n", outcome->number, what);
        break;
    case OUTCOME_NOT_FORKED:
        snprintf(text, sizeof text, "end=not_forked\nerrno=%d\nwhat=%s\n", outcome->number, what);
        break;
    }
    return file_write(folder, SHIM_EXIT_FILE, text);
}
