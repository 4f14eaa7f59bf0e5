/* env_mask.h: the masked form of a secret value, "••••" + 8 hex digits of its keyed hash: equal
 * values look equal and nothing can be read back. */
#ifndef DOGSHORE_WIRE_ENV_MASK_H
#define DOGSHORE_WIRE_ENV_MASK_H

#include <stdint.h>

#define ENV_MASK_PREFIX "••••"

enum { ENV_MASK_DIGITS = 8, ENV_MASK_BYTES = sizeof ENV_MASK_PREFIX + ENV_MASK_DIGITS };

/* `key` has CRYPTO_KEY_BYTES. Returns `out`. */
const char *env_value_mask(const uint8_t *key, const char *value, char out[static ENV_MASK_BYTES]);

#endif
