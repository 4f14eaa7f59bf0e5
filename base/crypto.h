/* crypto.h: random bytes, hashes and comparisons; the only home of libsodium.
 * Threads: any, after crypto_start(). */
#ifndef DOGSHORE_BASE_CRYPTO_H
#define DOGSHORE_BASE_CRYPTO_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CRYPTO_KEY_BYTES = 32,
    CRYPTO_HASH_BYTES = 32,
    CRYPTO_HASH_HEX_BYTES = 2 * CRYPTO_HASH_BYTES + 1,
    CRYPTO_TOKEN_TEXT_BYTES = 64 /* "dgs_" + 52 base32 characters + NUL fits */
};

enum err_code crypto_start(struct err *err);
void crypto_random(void *bytes, size_t count);
/* BLAKE2b-256; key NULL = unkeyed. */
void crypto_hash_raw(const uint8_t *key, const void *bytes, size_t count,
                     uint8_t out[static CRYPTO_HASH_BYTES]);
void crypto_hash_hex(const uint8_t *key, const void *bytes, size_t count,
                     char out[static CRYPTO_HASH_HEX_BYTES]);
/* SHA-256 of what comes piece by piece, for what others must be able to check. */
enum { CRYPTO_SHA256_STATE_BYTES = 128, CRYPTO_SHA256_BASE64_BYTES = 45 };
struct crypto_sha256 {
    _Alignas(8) uint8_t state[CRYPTO_SHA256_STATE_BYTES];
};
void crypto_sha256_begin(struct crypto_sha256 *sum);
void crypto_sha256_add(struct crypto_sha256 *sum, const void *bytes, size_t count);
void crypto_sha256_end(struct crypto_sha256 *sum, char base64[static CRYPTO_SHA256_BASE64_BYTES]);
bool crypto_equal(const void *a, const void *b, size_t count); /* constant time */
/* A new 256-bit secret as text, `prefix` first (at most 4 characters). */
void crypto_token(const char *prefix, char out[static CRYPTO_TOKEN_TEXT_BYTES]);
void crypto_hex(const void *bytes, size_t count, char *out); /* 2 * count + 1 bytes */
/* Crockford base32, lower case, no padding, without leading zeros beyond `min_digits`. */
void crypto_base32(uint64_t value, unsigned min_digits, char out[static 16]);
/* The reverse; false when it is none, or above INT64_MAX. */
bool crypto_base32_read(const char *digits, int64_t *value);
/* 26-character time-ordered id: 48 bits of wall_ms, 80 random bits (the ULID layout), lower case.
 */
void crypto_uid(int64_t wall_ms, char out[static 27]);
/* SipHash under a key drawn once per process, for hash tables: works before crypto_start(), means
 * nothing outside this process. */
uint64_t crypto_short_hash(const void *bytes, size_t count);

#endif
