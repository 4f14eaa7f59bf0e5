/* agent.h: the agent as a whole: opens its parts, takes up what runs here, and turns the loop. */
#ifndef DOGSHORE_AGENT_AGENT_H
#define DOGSHORE_AGENT_AGENT_H

#include "agent/config.h"

enum agent_end {
    AGENT_STOPPED, /* by a signal */
    AGENT_FENCED   /* another agent has registered this name */
};

/* Until the end; what runs here runs on, unless the configuration says otherwise. ERR_CONFIG: a
 * folder cannot be used. */
enum err_code agent_run(const struct agent_config *config, enum agent_end *end, struct err *err);

#endif
