/* promotion.h: what to type when a rollout waits to be promoted. Of what is paused as well a
 * promote is refused: a resume comes first. */
#ifndef DOGSHORE_CLI_PROMOTION_H
#define DOGSHORE_CLI_PROMOTION_H

struct json;
struct text;

/* Of a status document: "promote", or "resume" where that comes first; NULL = nothing waits. */
const char *promotion_order(const struct json *status);
/* "waiting for promotion: dogshore promote web", with its newline; nothing while nothing waits.
 * `flags`: what commands that are shown must repeat, "" or " --cluster x". */
void promotion_draw(struct text *text, const struct json *status, const char *flags);

#endif
