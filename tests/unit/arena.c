#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

enum { BIG_BYTES = 3 * 1024 * 1024 };

static bool is_zero(const char *memory, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (memory[i] != 0) return false;
    return true;
}

Test(arena, memory_is_zeroed)
{
    auto_arena arena;
    arena_init(&arena);
    for (int round = 0; round < 3; round++) {
        for (size_t bytes = 1; bytes < 5000; bytes += 97) {
            char *memory = arena_alloc(&arena, bytes);
            cr_assert(is_zero(memory, bytes));
            memset(memory, 0xee, bytes);
        }
        arena_reset(&arena);
    }
}

Test(arena, memory_is_aligned_for_any_type)
{
    auto_arena arena;
    arena_init(&arena);
    for (size_t bytes = 0; bytes < 100; bytes++)
        cr_assert_eq((uintptr_t)arena_alloc(&arena, bytes) % alignof(max_align_t), 0);
}

Test(arena, pieces_do_not_overlap)
{
    enum { PIECES = 2000 };
    auto_arena arena;
    arena_init(&arena);
    char **pieces = ARENA_ARRAY(&arena, char *, PIECES);
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = arena_alloc(&arena, (size_t)(i % 50 + 1));
        memset(pieces[i], i % 251, (size_t)(i % 50 + 1));
    }
    for (int i = 0; i < PIECES; i++)
        for (int j = 0; j < i % 50 + 1; j++)
            cr_assert_eq((unsigned char)pieces[i][j], i % 251);
}

Test(arena, a_piece_larger_than_any_block_is_served)
{
    auto_arena arena;
    arena_init(&arena);
    char *small = arena_strdup(&arena, "small");
    char *big = arena_alloc(&arena, BIG_BYTES);
    memset(big, 'x', BIG_BYTES);
    cr_assert_str_eq(small, "small");
    cr_assert(arena.used_bytes >= BIG_BYTES);
}

Test(arena, used_bytes_counts_what_was_asked_for_since_the_reset)
{
    auto_arena arena;
    arena_init(&arena);
    arena_alloc(&arena, 10);
    arena_alloc(&arena, 3);
    cr_assert_eq(arena.used_bytes, 13);
    arena_reset(&arena);
    cr_assert_eq(arena.used_bytes, 0);
}

Test(arena, reset_keeps_the_first_block_for_the_next_round)
{
    auto_arena arena;
    arena_init(&arena);
    void *first = arena_alloc(&arena, 64);
    arena_alloc(&arena, BIG_BYTES);
    arena_reset(&arena);
    cr_assert_eq(arena_alloc(&arena, 64), first);
}

Test(arena, an_empty_arena_may_be_reset_and_released_twice)
{
    struct arena arena;
    arena_init(&arena);
    arena_reset(&arena);
    arena_release(&arena);
    arena_release(&arena);
    cr_assert_null(arena.head);
}

Test(arena, strings_are_copied)
{
    auto_arena arena;
    arena_init(&arena);
    char source[] = "deployment";
    char *whole = arena_strdup(&arena, source);
    char *part = arena_strndup(&arena, source, 6);
    char *all = arena_strndup(&arena, source, 100);
    char *bytes = arena_copy(&arena, source, sizeof source);
    source[0] = 'X';
    cr_assert_str_eq(whole, "deployment");
    cr_assert_str_eq(part, "deploy");
    cr_assert_str_eq(all, "deployment");
    cr_assert_str_eq(bytes, "deployment");
    cr_assert_null(arena_strdup(&arena, NULL));
    cr_assert_null(arena_strndup(&arena, NULL, 3));
}

Test(arena, printf_fits_any_length)
{
    auto_arena arena;
    arena_init(&arena);
    cr_assert_str_eq(arena_printf(&arena, "%s-%d", "web", 7), "web-7");
    const char *wide = arena_printf(&arena, "%*d", 10000, 5);
    cr_assert_eq(strlen(wide), 10000);
    cr_assert_eq(wide[9999], '5');
}

Test(arena, an_array_size_that_overflows_ends_the_process, .exit_code = 71)
{
    auto_arena arena;
    arena_init(&arena);
    arena_alloc_array(&arena, SIZE_MAX / 2, 4);
}

Test(arena, an_impossible_size_ends_the_process, .exit_code = 71)
{
    auto_arena arena;
    arena_init(&arena);
    arena_alloc(&arena, SIZE_MAX - 8);
}

Test(arena, the_malloc_family_serves_zero_bytes)
{
    void *a = xmalloc(0), *b = xcalloc(0, 8), *c = xrealloc(NULL, 0);
    cr_assert(a != NULL && b != NULL && c != NULL);
    free(a);
    free(b);
    free(c);
    char *copy = xstrdup("x");
    cr_assert_str_eq(copy, "x");
    free(copy);
}
