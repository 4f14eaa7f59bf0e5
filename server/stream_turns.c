#include "server/stream_turns.h"

#include "base/arena.h"

#include <assert.h>
#include <stdlib.h>

/* The streams of one token, and which of them wait. */
struct stream_line {
    char token[CRYPTO_HASH_HEX_BYTES];
    size_t members;
    struct list waiting;   /* turns, by link */
    struct list_link link; /* in turns->waiting, while somebody waits */
};

void stream_turns_init(struct stream_turns *turns, size_t taken_max)
{
    *turns = (struct stream_turns){.taken_max = taken_max};
    map_init(&turns->lines);
}

void stream_turns_release(struct stream_turns *turns)
{
    assert(turns->lines.count == 0 && turns->taken == 0);
    map_release(&turns->lines);
}

/* ---- lines ---- */

void stream_turns_join(struct stream_turns *turns, struct stream_turn *turn,
                       const uint8_t token[static CRYPTO_HASH_BYTES])
{
    char hex[CRYPTO_HASH_HEX_BYTES];
    crypto_hex(token, CRYPTO_HASH_BYTES, hex);
    struct stream_line *line = map_get(&turns->lines, hex);
    if (line == NULL) {
        line = xcalloc(1, sizeof *line);
        memcpy(line->token, hex, sizeof hex);
        map_put(&turns->lines, hex, line);
    }
    line->members++;
    *turn = (struct stream_turn){.line = line};
}

void stream_turns_leave(struct stream_turns *turns, struct stream_turn *turn)
{
    struct stream_line *line = turn->line;
    stream_turns_give_back(turns, turn);
    turn->line = NULL;
    if (--line->members > 0) return;
    map_remove(&turns->lines, line->token);
    free(line);
}

/* ---- turns ---- */

void stream_turns_wait(struct stream_turns *turns, struct stream_turn *turn)
{
    struct stream_line *line = turn->line;
    assert(turn->state == TURN_NONE);
    turn->state = TURN_WAITED_FOR;
    if (line->waiting.first == NULL) list_append(&turns->waiting, &line->link);
    list_append(&line->waiting, &turn->link);
}

static void stop_waiting(struct stream_turns *turns, struct stream_turn *turn)
{
    struct stream_line *line = turn->line;
    list_remove(&line->waiting, &turn->link);
    if (line->waiting.first == NULL) list_remove(&turns->waiting, &line->link);
}

struct stream_turn *stream_turns_next(const struct stream_turns *turns)
{
    if (turns->waiting.first == NULL || turns->taken >= turns->taken_max) return NULL;
    struct stream_line *line = CONTAINER_OF(turns->waiting.first, struct stream_line, link);
    return CONTAINER_OF(line->waiting.first, struct stream_turn, link);
}

void stream_turns_take(struct stream_turns *turns, struct stream_turn *turn)
{
    struct stream_line *line = turn->line;
    assert(turn == stream_turns_next(turns));
    stop_waiting(turns, turn);
    if (line->waiting.first != NULL) {
        list_remove(&turns->waiting, &line->link);
        list_append(&turns->waiting, &line->link);
    }
    turn->state = TURN_TAKEN;
    turns->taken++;
}

void stream_turns_give_back(struct stream_turns *turns, struct stream_turn *turn)
{
    if (turn->state == TURN_WAITED_FOR) stop_waiting(turns, turn);
    if (turn->state == TURN_TAKEN) turns->taken--;
    turn->state = TURN_NONE;
}
