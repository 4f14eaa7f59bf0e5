#include "model/template.h"

const char *const restart_policy_words[] = {
    [RESTART_ALWAYS] = "always",
    [RESTART_ON_FAILURE] = "on_failure",
    [RESTART_NEVER] = "never",
    NULL,
};
