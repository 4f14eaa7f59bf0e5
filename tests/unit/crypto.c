#include "base/crypto.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

static const char base32_digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

static void start(void)
{
    struct err err;
    cr_assert_eq(crypto_start(&err), ERR_OK);
}

TestSuite(crypto, .init = start);

Test(crypto, the_hash_is_blake2b_256)
{
    char hex[CRYPTO_HASH_HEX_BYTES];
    crypto_hash_hex(NULL, "abc", 3, hex);
    cr_assert_str_eq(hex, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    crypto_hash_hex(NULL, "", 0, hex);
    cr_assert_str_eq(hex, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
}

Test(crypto, a_key_changes_the_hash)
{
    uint8_t key[CRYPTO_KEY_BYTES] = {1}, plain[CRYPTO_HASH_BYTES], keyed[CRYPTO_HASH_BYTES];
    crypto_hash_raw(NULL, "abc", 3, plain);
    crypto_hash_raw(key, "abc", 3, keyed);
    cr_assert_not(crypto_equal(plain, keyed, sizeof plain));
    crypto_hash_raw(key, "abc", 3, plain);
    cr_assert(crypto_equal(plain, keyed, sizeof plain));
}

Test(crypto, hex_is_lower_case_and_terminated)
{
    char hex[9];
    crypto_hex("\x00\xab\x10\xff", 4, hex);
    cr_assert_str_eq(hex, "00ab10ff");
    crypto_hex(NULL, 0, hex);
    cr_assert_str_eq(hex, "");
}

Test(crypto, tokens_are_a_prefix_and_52_digits_and_differ)
{
    char a[CRYPTO_TOKEN_TEXT_BYTES], b[CRYPTO_TOKEN_TEXT_BYTES];
    crypto_token("dgs_", a);
    crypto_token("dgs_", b);
    cr_assert_eq(strlen(a), 4 + 52);
    cr_assert_eq(strncmp(a, "dgs_", 4), 0);
    cr_assert_eq(strspn(a + 4, base32_digits), 52);
    cr_assert_str_neq(a, b);
}

static const struct base32_case {
    uint64_t value;
    unsigned min_digits;
    const char *text;
} base32_cases[] = {
    {0, 0, "0"},
    {0, 4, "0000"},
    {31, 1, "z"},
    {32, 1, "10"},
    {1000, 4, "00z8"},
    {UINT64_MAX, 1, "fzzzzzzzzzzzz"},
    {UINT64_MAX, 15, "00fzzzzzzzzzzzz"},
};

Test(crypto, base32_is_read_back)
{
    static const char *const bad[] = {"", "1u", "A", "-1", "g000000000000", "00000000000001"};
    int64_t value;
    for (int64_t number = 0; number < INT64_MAX / 7; number = 7 * number + 3) {
        char text[16];
        crypto_base32((uint64_t)number, 6, text);
        cr_assert(crypto_base32_read(text, &value), "%s", text);
        cr_assert_eq(value, number, "%s", text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(crypto_base32_read(bad[i], &value), "\"%s\"", bad[i]);
}

/* https://www.rfc-editor.org/rfc/rfc9530#appendix-D */
Test(crypto, sha256_is_that_of_the_digest_fields)
{
    struct crypto_sha256 sum;
    char base64[CRYPTO_SHA256_BASE64_BYTES];
    crypto_sha256_begin(&sum);
    crypto_sha256_add(&sum, "{\"hello\": ", 10);
    crypto_sha256_add(&sum, "\"world\"}", 8);
    crypto_sha256_end(&sum, base64);
    cr_assert_str_eq(base64, "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=");
    crypto_sha256_begin(&sum);
    crypto_sha256_end(&sum, base64);
    cr_assert_str_eq(base64, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

Test(crypto, base32_writes_numbers)
{
    for (size_t i = 0; i < sizeof base32_cases / sizeof *base32_cases; i++) {
        char text[16];
        crypto_base32(base32_cases[i].value, base32_cases[i].min_digits, text);
        cr_assert_str_eq(text, base32_cases[i].text);
    }
}

Test(crypto, uids_sort_by_time_and_differ_within_it)
{
    char early[27], late[27], same[27];
    crypto_uid(1769851613589, early);
    crypto_uid(1769851613590, late);
    crypto_uid(1769851613590, same);
    cr_assert_eq(strlen(early), 26);
    cr_assert_eq(strspn(early, base32_digits), 26);
    cr_assert_lt(strcmp(early, late), 0);
    cr_assert_eq(strncmp(late, same, 10), 0);
    cr_assert_str_neq(late, same);
    cr_assert_eq(strncmp(early, "01kg9p0wcn", 10), 0, "%s", early);
}

Test(crypto, random_bytes_fill_the_buffer)
{
    uint8_t a[64] = {0}, b[64] = {0};
    crypto_random(a, sizeof a);
    crypto_random(b, sizeof b);
    cr_assert_not(crypto_equal(a, b, sizeof a));
}

Test(crypto, the_short_hash_is_stable_and_spreads)
{
    cr_assert_eq(crypto_short_hash("abc", 3), crypto_short_hash("abcd", 3));
    cr_assert_neq(crypto_short_hash("abc", 3), crypto_short_hash("abc", 2));
}
