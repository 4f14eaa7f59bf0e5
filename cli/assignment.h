/* assignment.h: one field of a patch as people write it: spec.replicas=5, labels.team=ml. The
 * tables of fields say what is text, so that version=2 is no number.
 *
 * Ownership: everything lives in the arena. Pure. */
#ifndef DOGSHORE_CLI_ASSIGNMENT_H
#define DOGSHORE_CLI_ASSIGNMENT_H

#include "base/err.h"

struct arena;
struct json;

/* Adds to a patch, an object, what "spec.template.env.MODEL=v3" says. The value is JSON where the
 * field is no text; `null` removes. Below a map the rest of the path is one key. What no table
 * knows is left to the server. ERR_USAGE: no such form, or the same field twice. */
enum err_code assignment_add(struct arena *arena, struct json *patch, const char *assignment,
                             struct err *err);

#endif
