#include "base/crypto.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>

static_assert(CRYPTO_HASH_BYTES == crypto_generichash_BYTES, "BLAKE2b-256");
static_assert(CRYPTO_KEY_BYTES == crypto_generichash_KEYBYTES, "BLAKE2b key");
static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "SipHash gives 64 bits");

/* Crockford's alphabet: no i, l, o, u. */
static const char base32_digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum { TOKEN_SECRET_BYTES = 32, TOKEN_PREFIX_BYTES_MAX = 4, UID_RANDOM_BYTES = 10 };

enum err_code crypto_start(struct err *err)
{
    if (sodium_init() < 0) return err_set(err, ERR_INTERNAL, "libsodium does not start");
    return ERR_OK;
}

void crypto_random(void *bytes, size_t count)
{
    randombytes_buf(bytes, count);
}

void crypto_hash_raw(const uint8_t *key, const void *bytes, size_t count,
                     uint8_t out[static CRYPTO_HASH_BYTES])
{
    crypto_generichash(out, CRYPTO_HASH_BYTES, bytes, count, key,
                       key == NULL ? 0 : CRYPTO_KEY_BYTES);
}

void crypto_hash_hex(const uint8_t *key, const void *bytes, size_t count,
                     char out[static CRYPTO_HASH_HEX_BYTES])
{
    uint8_t hash[CRYPTO_HASH_BYTES];
    crypto_hash_raw(key, bytes, count, hash);
    crypto_hex(hash, sizeof hash, out);
}

static_assert(sizeof(crypto_hash_sha256_state) <= CRYPTO_SHA256_STATE_BYTES,
              "the state of libsodium fits");

void crypto_sha256_begin(struct crypto_sha256 *sum)
{
    crypto_hash_sha256_init((crypto_hash_sha256_state *)(void *)sum->state);
}

void crypto_sha256_add(struct crypto_sha256 *sum, const void *bytes, size_t count)
{
    crypto_hash_sha256_update((crypto_hash_sha256_state *)(void *)sum->state, bytes, count);
}

void crypto_sha256_end(struct crypto_sha256 *sum, char base64[static CRYPTO_SHA256_BASE64_BYTES])
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final((crypto_hash_sha256_state *)(void *)sum->state, hash);
    sodium_bin2base64(base64, CRYPTO_SHA256_BASE64_BYTES, hash, sizeof hash,
                      sodium_base64_VARIANT_ORIGINAL);
}

bool crypto_equal(const void *a, const void *b, size_t count)
{
    return sodium_memcmp(a, b, count) == 0;
}

void crypto_hex(const void *bytes, size_t count, char *out)
{
    sodium_bin2hex(out, 2 * count + 1, bytes, count);
}

/* The bits of `bytes` from the most significant on, five a digit; the last digit is filled up with
 * zero bits. Returns the number of digits. */
static size_t base32_bits(const uint8_t *bytes, size_t count, char *out)
{
    size_t digits = 0;
    unsigned pending = 0, pending_bits = 0;
    for (size_t i = 0; i < count; i++) {
        pending = (pending << 8 | bytes[i]) & 0xfff;
        pending_bits += 8;
        for (; pending_bits >= 5; pending_bits -= 5)
            out[digits++] = base32_digits[pending >> (pending_bits - 5) & 31];
    }
    if (pending_bits > 0) out[digits++] = base32_digits[pending << (5 - pending_bits) & 31];
    return digits;
}

void crypto_token(const char *prefix, char out[static CRYPTO_TOKEN_TEXT_BYTES])
{
    size_t prefix_bytes = strlen(prefix);
    assert(prefix_bytes <= TOKEN_PREFIX_BYTES_MAX);
    uint8_t secret[TOKEN_SECRET_BYTES];
    crypto_random(secret, sizeof secret);
    memcpy(out, prefix, prefix_bytes);
    out[prefix_bytes + base32_bits(secret, sizeof secret, out + prefix_bytes)] = '\0';
    sodium_memzero(secret, sizeof secret);
}

void crypto_base32(uint64_t value, unsigned min_digits, char out[static 16])
{
    assert(min_digits < 16);
    unsigned digits = 1;
    while (digits < 13 && value >> (5 * digits) != 0)
        digits++;
    if (digits < min_digits) digits = min_digits;
    out[digits] = '\0';
    for (unsigned i = digits; i-- > 0; value >>= 5)
        out[i] = base32_digits[value & 31];
}

bool crypto_base32_read(const char *digits, int64_t *value)
{
    uint64_t sum = 0;
    if (*digits == '\0' || strlen(digits) > 13) return false;
    for (const char *c = digits; *c != '\0'; c++) {
        const char *digit = strchr(base32_digits, *c);
        if (digit == NULL || sum >> 58 != 0) return false;
        sum = sum << 5 | (uint64_t)(digit - base32_digits);
    }
    *value = (int64_t)sum;
    return sum <= INT64_MAX;
}

void crypto_uid(int64_t wall_ms, char out[static 27])
{
    uint64_t time = (uint64_t)(wall_ms < 0 ? 0 : wall_ms);
    for (unsigned i = 10; i-- > 0; time >>= 5)
        out[i] = base32_digits[time & (i == 0 ? 7 : 31)];
    uint8_t chance[UID_RANDOM_BYTES];
    crypto_random(chance, sizeof chance);
    size_t digits = base32_bits(chance, sizeof chance, out + 10);
    assert(digits == 16);
    out[26] = '\0';
}

/* Drawn once per process: a forked child shares its parent's tables and so must share the key. */
static pthread_once_t short_hash_once = PTHREAD_ONCE_INIT;
static uint8_t short_hash_key[crypto_shorthash_KEYBYTES];

static void draw_short_hash_key(void)
{
    int started = sodium_init();
    assert(started >= 0);
    crypto_shorthash_keygen(short_hash_key);
}

uint64_t crypto_short_hash(const void *bytes, size_t count)
{
    pthread_once(&short_hash_once, draw_short_hash_key);
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, bytes, count, short_hash_key);
    uint64_t value;
    memcpy(&value, hash, sizeof value);
    return value;
}
