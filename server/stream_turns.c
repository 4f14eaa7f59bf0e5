#include "server/stream_turns.h"

#include "base/arena.h"

#include <assert.h>
#include <stdlib.h>

/* The streams of one token, and which of them wait. */
struct stream_line {
    char token[CRYPTO_HASH_HEX_BYTES];
    size_t members;
    struct stream_turn *first, *last;
    struct stream_line *previous, *next; /* in turns, while there is a first one */
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

static void add_line(struct stream_turns *turns, struct stream_line *line)
{
    line->previous = turns->last;
    line->next = NULL;
    if (turns->last != NULL)
        turns->last->next = line;
    else
        turns->first = line;
    turns->last = line;
}

static void remove_line(struct stream_turns *turns, struct stream_line *line)
{
    if (line->previous != NULL)
        line->previous->next = line->next;
    else
        turns->first = line->next;
    if (line->next != NULL)
        line->next->previous = line->previous;
    else
        turns->last = line->previous;
}

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
    if (line->first == NULL) add_line(turns, line);
    turn->previous = line->last;
    turn->next = NULL;
    if (line->last != NULL)
        line->last->next = turn;
    else
        line->first = turn;
    line->last = turn;
}

static void stop_waiting(struct stream_turns *turns, struct stream_turn *turn)
{
    struct stream_line *line = turn->line;
    if (turn->previous != NULL)
        turn->previous->next = turn->next;
    else
        line->first = turn->next;
    if (turn->next != NULL)
        turn->next->previous = turn->previous;
    else
        line->last = turn->previous;
    if (line->first == NULL) remove_line(turns, line);
}

struct stream_turn *stream_turns_next(const struct stream_turns *turns)
{
    if (turns->first == NULL || turns->taken >= turns->taken_max) return NULL;
    return turns->first->first;
}

void stream_turns_take(struct stream_turns *turns, struct stream_turn *turn)
{
    struct stream_line *line = turn->line;
    assert(turn == stream_turns_next(turns));
    stop_waiting(turns, turn);
    if (line->first != NULL) {
        remove_line(turns, line);
        add_line(turns, line);
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
