#include "wire/env_mask.h"

#include "base/crypto.h"
#include "base/text.h"
#include "wire/deployment_wire.h"

#include <string.h>

const char *env_value_mask(const uint8_t *key, const char *value, char out[static ENV_MASK_BYTES])
{
    char hash[CRYPTO_HASH_HEX_BYTES];
    crypto_hash_hex(key, value, strlen(value), hash);
    snprintf(out, ENV_MASK_BYTES, ENV_MASK_PREFIX "%.*s", ENV_MASK_DIGITS, hash);
    return out;
}

bool env_value_is_masked(const char *value)
{
    if (!text_starts(value, ENV_MASK_PREFIX)) return false;
    const char *digits = value + sizeof ENV_MASK_PREFIX - 1;
    return strlen(digits) == ENV_MASK_DIGITS &&
           strspn(digits, "0123456789abcdef") == ENV_MASK_DIGITS;
}
