/* diff_view.h: what differs between two documents, for people. Pure: changes of the API in, painted
 * lines out. */
#ifndef DOGSHORE_CLI_DIFF_VIEW_H
#define DOGSHORE_CLI_DIFF_VIEW_H

struct arena;
struct json;
struct text;

/* "- /spec/replicas: 2" and "+ /spec/replicas: 3", in the order of the changes. What comes or goes
 * as a whole is told field by field, without those that say nothing (null). */
void diff_draw(struct text *text, struct arena *arena, const struct json *changes);
/* "  /stop/signal: "SIGTERM"": what a value has, in the same form. */
void diff_draw_fields(struct text *text, struct arena *arena, const struct json *value);

#endif
