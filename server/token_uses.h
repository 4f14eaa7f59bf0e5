/* token_uses.h: when each token was last used, over all loops, to about a minute.
 *
 * Memory only: a use is not worth a write, so nothing is known from before the start. Bounded: when
 * more tokens were used than can exist at once, all is forgotten. Threads: any.
 */
#ifndef DOGSHORE_SERVER_TOKEN_USES_H
#define DOGSHORE_SERVER_TOKEN_USES_H

#include <stdint.h>

struct token_uses;

struct token_uses *token_uses_open(void);
void token_uses_close(struct token_uses *uses); /* NULL is fine */
void token_uses_note(struct token_uses *uses, const char *id, int64_t wall_ms);
/* 0 = not known. */
int64_t token_uses_at(struct token_uses *uses, const char *id);

#endif
