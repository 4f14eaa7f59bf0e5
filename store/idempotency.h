/* idempotency.h: table idempotency: what a write with an Idempotency-Key answered, for a day of the
 * cluster clock, so that the same request sent again is answered again and not done again.
 *
 * Bounded by LIMIT_IDEMPOTENT_REPLIES and LIMIT_IDEMPOTENT_BODIES_BYTES: each row that is added
 * pushes out old ones from the front.
 */
#ifndef DOGSHORE_STORE_IDEMPOTENCY_H
#define DOGSHORE_STORE_IDEMPOTENCY_H

#include "base/crypto.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct store_tx;

enum idempotency_kept {
    KEPT_WHOLE,
    KEPT_SECRET, /* without the body: it shows a secret */
    KEPT_LARGE   /* without the body: it has more than LIMIT_IDEMPOTENT_BODY_BYTES */
};

struct idempotency {
    uint8_t request[CRYPTO_HASH_BYTES]; /* of whose key and what route it is */
    uint8_t payload[CRYPTO_HASH_BYTES]; /* of what else must be the same */
    int kept;                           /* enum idempotency_kept */
    int status;
    const char *body; /* "" = none; ignored unless KEPT_WHOLE */
    const char *etag; /* "" = none */
    int64_t index;    /* X-Index, -1 = none */
    const char *location;
};

/* ERR_OK and *found false: there is none, or it has expired. */
enum err_code idempotency_find(struct store_tx *tx, struct arena *arena,
                               const uint8_t request[static CRYPTO_HASH_BYTES],
                               struct idempotency *row, bool *found, struct err *err);
/* In the transaction of the write itself. Replaces one that has expired. */
enum err_code idempotency_put(struct store_tx *tx, const struct idempotency *row, struct err *err);
/* Removes some of those that have expired. */
enum err_code idempotency_expire(struct store_tx *tx, struct err *err);

#endif
