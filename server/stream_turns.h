/* stream_turns.h: whose turn it is to read the store: a bounded number at a time, and of those who
 * wait one of each token after the other, so that a token with many streams holds up only itself.
 *
 *     tokens that wait:   a ─► b ─► c     the first of `a` is next; then `a` goes to the end
 *                         │    │    │
 *                         ▼    ▼    ▼
 *                        a1   b1   c1
 *                        a2        c2
 *
 * A turn is held while a piece is read, not while its client takes it (stream_piece.h).
 *
 * Ownership: a turn lives in its stream. Threads: the loop's.
 */
#ifndef DOGSHORE_SERVER_STREAM_TURNS_H
#define DOGSHORE_SERVER_STREAM_TURNS_H

#include "base/crypto.h"
#include "base/list.h"
#include "base/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream_line;

enum turn_state { TURN_NONE, TURN_WAITED_FOR, TURN_TAKEN };

/* Of one stream. */
struct stream_turn {
    struct stream_line *line; /* of its token */
    enum turn_state state;
    struct list_link link; /* in the line */
};

struct stream_turns {
    size_t taken, taken_max;
    struct map lines;    /* of all tokens that have streams, by their hash */
    struct list waiting; /* lines in which somebody waits */
};

void stream_turns_init(struct stream_turns *turns, size_t taken_max);
void stream_turns_release(struct stream_turns *turns); /* everybody has left */

void stream_turns_join(struct stream_turns *turns, struct stream_turn *turn,
                       const uint8_t token[static CRYPTO_HASH_BYTES]);
/* Gives back what it has. */
void stream_turns_leave(struct stream_turns *turns, struct stream_turn *turn);

void stream_turns_wait(struct stream_turns *turns, struct stream_turn *turn);
/* NULL when nobody waits or all turns are taken. */
struct stream_turn *stream_turns_next(const struct stream_turns *turns);
/* `turn` is the next one. */
void stream_turns_take(struct stream_turns *turns, struct stream_turn *turn);
/* Waits no more, or has had its turn; fine when neither. */
void stream_turns_give_back(struct stream_turns *turns, struct stream_turn *turn);

#endif
