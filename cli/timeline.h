/* timeline.h: spans of time as one line of columns: "███▁▁▁██··██". What was bad for a part of a
 * column is bad in all of it, so that nothing short is lost. */
#ifndef DOGSHORE_CLI_TIMELINE_H
#define DOGSHORE_CLI_TIMELINE_H

#include "cli/paint.h"

#include <stdint.h>

struct json;

enum timeline_state { TIMELINE_NOTHING, TIMELINE_UNKNOWN, TIMELINE_OK, TIMELINE_BAD };

struct timeline {
    int64_t from_ms, until_ms; /* wall clock */
    int64_t columns;
};

/* Beside words, on a terminal of that width. */
int64_t timeline_columns(size_t terminal_columns);

/* What a span {from, until, …} says; NULL = by its `state`: ok, failing, unknown. */
typedef enum timeline_state timeline_state_of(const struct json *span);
timeline_state_of timeline_availability; /* ok: as many as desired are available */

void timeline_draw(struct text *text, const struct timeline *timeline, const struct json *spans,
                   timeline_state_of *state_of);

#endif
