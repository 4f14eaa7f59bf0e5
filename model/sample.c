#include "model/sample.h"

#include <stddef.h>

const char *const probe_kind_words[] = {"startup", "readiness", "liveness", NULL};
const char *const probe_state_words[] = {"pending", "passing", "failing", NULL};
