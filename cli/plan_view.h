/* plan_view.h: what an apply would do, and what a deployment waits for, for people. Pure: documents
 * of the API in, painted lines out. */
#ifndef DOGSHORE_CLI_PLAN_VIEW_H
#define DOGSHORE_CLI_PLAN_VIEW_H

#include <stdbool.h>

struct arena;
struct json;
struct text;

/* Whether that plan would change anything. */
bool plan_changes(const struct json *plan);
/* A plan document: fields, first orders by kind, room, timeline. */
void plan_draw(struct text *text, struct arena *arena, const char *name, const struct json *plan);
/* An explanation. */
void explain_draw(struct text *text, struct arena *arena, const char *name,
                  const struct json *explanation);

#endif
