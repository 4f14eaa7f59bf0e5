/* Whose turn it is, without a socket. */
#include "server/stream_turns.h"

#include <criterion/criterion.h>

enum { TAKEN_MAX = 2, STREAMS = 8 };

static struct stream_turns turns;
static struct stream_turn streams[STREAMS];

static void open_turns(void)
{
    stream_turns_init(&turns, TAKEN_MAX);
}

static void close_turns(void)
{
    for (int i = 0; i < STREAMS; i++)
        if (streams[i].line != NULL) stream_turns_leave(&turns, &streams[i]);
    stream_turns_release(&turns);
}

TestSuite(stream_turns, .init = open_turns, .fini = close_turns);

/* A stream for each letter, which is its token; all wait. */
static void join(const char *letters)
{
    for (int i = 0; letters[i] != '\0'; i++) {
        uint8_t token[CRYPTO_HASH_BYTES] = {(uint8_t)letters[i]};
        stream_turns_join(&turns, &streams[i], token);
        stream_turns_wait(&turns, &streams[i]);
    }
}

/* Each has its turn in turn; the order as positions of the streams. */
static void expect_order(const char *order)
{
    char had[STREAMS + 1] = "";
    struct stream_turn *next;
    for (int i = 0; (next = stream_turns_next(&turns)) != NULL; i++) {
        stream_turns_take(&turns, next);
        stream_turns_give_back(&turns, next);
        had[i] = (char)('0' + (next - streams));
    }
    cr_assert_str_eq(had, order);
}

Test(stream_turns, go_round_the_tokens)
{
    static const struct {
        const char *letters, *order;
    } cases[] = {
        {"", ""},
        {"aaaa", "0123"},
        {"aaaaaab", "0612345"},
        {"aaabbc", "035142"},
        {"abcabc", "012345"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        join(cases[i].letters);
        expect_order(cases[i].order);
        for (size_t j = 0; cases[i].letters[j] != '\0'; j++)
            stream_turns_leave(&turns, &streams[j]);
    }
}

Test(stream_turns, are_bounded)
{
    join("abc");
    for (int i = 0; i < TAKEN_MAX; i++)
        stream_turns_take(&turns, stream_turns_next(&turns));
    cr_assert_null(stream_turns_next(&turns));
    stream_turns_give_back(&turns, &streams[0]);
    cr_assert_eq(stream_turns_next(&turns), &streams[2]);
    stream_turns_leave(&turns, &streams[1]); /* with a turn */
    cr_assert_eq(turns.taken, 0);
}

Test(stream_turns, are_not_of_who_has_gone)
{
    join("aabbcc");
    stream_turns_leave(&turns, &streams[0]);     /* the first of a line */
    stream_turns_give_back(&turns, &streams[3]); /* the last one */
    stream_turns_leave(&turns, &streams[4]);
    stream_turns_leave(&turns, &streams[5]); /* a whole line */
    expect_order("12");
    stream_turns_wait(&turns, &streams[3]);
    stream_turns_wait(&turns, &streams[1]);
    expect_order("31");
}
