/* promotion.h: what to type when a rollout waits to be promoted. */
#ifndef DOGSHORE_CLI_PROMOTION_H
#define DOGSHORE_CLI_PROMOTION_H

#include <stdbool.h>

struct json;
struct text;

bool promotion_is_awaited(const struct json *status);
/* "waiting for promotion: dogshore promote web", with its newline; nothing while nothing waits.
 * `flags`: what commands that are shown must repeat, "" or " --cluster x". */
void promotion_draw(struct text *text, const struct json *status, const char *flags);

#endif
