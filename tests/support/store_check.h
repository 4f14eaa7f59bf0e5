/* store_check.h: assertions on functions that return an err_code. */
#ifndef DOGSHORE_TESTS_STORE_CHECK_H
#define DOGSHORE_TESTS_STORE_CHECK_H

#include "base/err.h"
#include "base/text.h"

#include <criterion/criterion.h>

/* `call` ends with &err. */
#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct err err = {.code = ERR_OK};                                                         \
        enum err_code code_ = (call);                                                              \
        cr_assert_eq(code_, ERR_OK, "%s: %s", #call, err.detail);                                  \
    } while (0)

/* `call` ends with &err; its detail contains `words`. */
#define MUST_FAIL(call, expected, words)                                                           \
    do {                                                                                           \
        struct err err = {.code = ERR_OK};                                                         \
        enum err_code code_ = (call);                                                              \
        cr_assert_eq(code_, (expected), "%s: got %d: %s", #call, (int)code_, err.detail);          \
        cr_assert(strstr(err.detail, (words)) != NULL, "%s: \"%s\"", #call, err.detail);           \
    } while (0)

#define SAME_TEXT(a, b) cr_expect(text_equal((a), (b)), "%s: \"%s\" and \"%s\"", #a, (a), (b))
#define SAME_INT(a, b)                                                                             \
    cr_expect_eq((a), (b), "%s: %lld and %lld", #a, (long long)(a), (long long)(b))

#endif
