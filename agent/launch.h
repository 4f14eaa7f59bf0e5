/* launch.h: from a template to what is executed: $(PORT) and $(PORT_<NAME>) filled in, and the
 * whole environment of the process. Pure.
 *
 * $(PORT) is the port named `http`, else the first by name. A reference to anything else is left as
 * it is, as Kubernetes does; $$( is a literal $(, and any other $$ stays. The environment is the
 * template's, with PORT, PORT_<NAME>, PATH, HOME, DOGSHORE_DEPLOYMENT, DOGSHORE_REPLICA,
 * DOGSHORE_ATTEMPT, DOGSHORE_REVISION, DOGSHORE_VERSION, DOGSHORE_NODE and DOGSHORE_ADDRESS beside
 * it; what the template sets wins, in references of the command, too; DOGSHORE_REPLICA and
 * DOGSHORE_ATTEMPT apart.
 */
#ifndef DOGSHORE_AGENT_LAUNCH_H
#define DOGSHORE_AGENT_LAUNCH_H

#include "model/template.h"

#include <stdint.h>

struct arena;

struct launch_facts {
    const char *replica, *deployment, *node, *address;
    int64_t attempt, revision;
    const struct ports *ports; /* real numbers */
    const char *home;          /* the replica's own folder */
    const char *path;          /* PATH; NULL = /usr/local/bin:/usr/bin:/bin */
};

struct launch {
    const char **arguments;   /* NULL at the end */
    const char **environment; /* "NAME=value", sorted, NULL at the end */
    const char *working_dir;
};

void launch_make(const struct template *template, const struct launch_facts *facts,
                 struct arena *arena, struct launch *launch);

#endif
