/* idempotency.h: a write that carries an Idempotency-Key happens once, however often it is sent.
 *
 * A key belongs to a token, a method and a path. Its 2xx reply is stored in the transaction of the
 * write itself; the same request sent again, within a day, gets that reply again. What is sent with
 * the same key and another body, query or condition is refused. Two at once queue behind each other
 * on the writer, so that the second finds what the first has stored. Reports and registrations of
 * workers have their own numbers and carry no key: theirs is ignored. So is that of a dry run,
 * which has nothing to repeat.
 */
#ifndef DOGSHORE_API_IDEMPOTENCY_H
#define DOGSHORE_API_IDEMPOTENCY_H

#include "api/request.h"

/* On the loop: checks the key of a write (ERR_BAD_REQUEST) and sets request->idempotent; it stays
 * NULL without one, and nothing else is to be called then. */
enum err_code idempotency_decode(struct request *request, struct err *err);
/* First in the closure: *replayed true when the reply is filled in already. ERR_KEY_REUSED,
 * ERR_SECRET_SHOWN, ERR_CONFLICT when it was too large to be kept. */
enum err_code idempotency_replay(struct store_tx *tx, struct request *request, struct reply *reply,
                                 bool *replayed, struct err *err);
/* Last in the closure. */
enum err_code idempotency_keep(struct store_tx *tx, struct request *request, struct reply *reply,
                               struct err *err);

#endif
