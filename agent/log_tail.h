/* log_tail.h: the last lines of a replica's log, for reports of failures. */
#ifndef DOGSHORE_AGENT_LOG_TAIL_H
#define DOGSHORE_AGENT_LOG_TAIL_H

#include <stddef.h>

struct arena;

/* At most `max_bytes` of the end of `path` and, when that is short, of "<path>.1" before it:
 * whole lines, sanitised. "" when there is none. */
const char *log_tail_read(struct arena *arena, const char *path, size_t max_bytes);

#endif
