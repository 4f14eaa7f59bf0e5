/* criterion.h: as much of Criterion as the planner's tests use, for tests/mutate alone.
 *
 * Criterion loads the program anew for each test, which takes many times as long as the test; here
 * a test is a fork. As there, cr_assert ends a test that fails and cr_expect goes on. What a test
 * says of its failure is not printed, only which one it was.
 */
#ifndef DOGSHORE_TESTS_MUTATION_CRITERION_H
#define DOGSHORE_TESTS_MUTATION_CRITERION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mutation_test {
    const char *suite, *name;
    void (*run)(void);
    int exit_code, signal; /* how it is to end; as options of Test() */
    struct mutation_test *next;
};

/* Before main(). */
void mutation_test_add(struct mutation_test *test);
void mutation_test_fail(void);
_Noreturn void mutation_test_abort(void);

#define Test(suite_, name_, ...)                                                                   \
    static void suite_##_##name_(void);                                                            \
    __attribute__((constructor)) static void add_##suite_##_##name_(void)                          \
    {                                                                                              \
        static struct mutation_test test = {                                                       \
            .suite = #suite_, .name = #name_, .run = suite_##_##name_, __VA_ARGS__};               \
        mutation_test_add(&test);                                                                  \
    }                                                                                              \
    static void suite_##_##name_(void)

static inline bool mutation_text_equal(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

#define EXPECT(condition) ((condition) ? (void)0 : mutation_test_fail())
#define ASSERT(condition) ((condition) ? (void)0 : mutation_test_abort())

#define cr_expect(condition, ...) EXPECT(condition)
#define cr_expect_not(condition, ...) EXPECT(!(condition))
#define cr_expect_eq(a, b, ...) EXPECT((a) == (b))
#define cr_expect_neq(a, b, ...) EXPECT((a) != (b))
#define cr_expect_lt(a, b, ...) EXPECT((a) < (b))
#define cr_expect_leq(a, b, ...) EXPECT((a) <= (b))
#define cr_expect_gt(a, b, ...) EXPECT((a) > (b))
#define cr_expect_geq(a, b, ...) EXPECT((a) >= (b))
#define cr_expect_null(value, ...) EXPECT((value) == NULL)
#define cr_expect_not_null(value, ...) EXPECT((value) != NULL)
#define cr_expect_str_eq(a, b, ...) EXPECT(mutation_text_equal((a), (b)))

#define cr_assert(condition, ...) ASSERT(condition)
#define cr_assert_not(condition, ...) ASSERT(!(condition))
#define cr_assert_eq(a, b, ...) ASSERT((a) == (b))
#define cr_assert_neq(a, b, ...) ASSERT((a) != (b))
#define cr_assert_lt(a, b, ...) ASSERT((a) < (b))
#define cr_assert_leq(a, b, ...) ASSERT((a) <= (b))
#define cr_assert_gt(a, b, ...) ASSERT((a) > (b))
#define cr_assert_geq(a, b, ...) ASSERT((a) >= (b))
#define cr_assert_null(value, ...) ASSERT((value) == NULL)
#define cr_assert_not_null(value, ...) ASSERT((value) != NULL)
#define cr_assert_str_eq(a, b, ...) ASSERT(mutation_text_equal((a), (b)))
#define cr_assert_fail(...) mutation_test_abort()

#endif
