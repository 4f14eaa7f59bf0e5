/* first_tokens.h: the tokens `admin` and `join` that a new server starts with.
 *
 * Order: the secret is written to DIR/<name>.token (a temporary file of mode 0600, fsync, renamed,
 * directory fsync) and only then its hash is committed to the store. A crash in between leaves a
 * file without a row; the next start takes the secret from that file. The other order could leave
 * a row whose secret nobody ever saw. A row without a file is fine: the operator has moved the
 * secret to where it belongs; and as long as one of the two rows, or another token of scope admin
 * that never expires, exists neither is made again, so a token that was taken away stays away.
 * Secrets are never logged.
 */
#ifndef DOGSHORE_SERVER_FIRST_TOKENS_H
#define DOGSHORE_SERVER_FIRST_TOKENS_H

#include "base/err.h"

struct store;
struct writer;

/* Before the writer's thread starts: steps the writer itself. ERR_IO, ERR_CONFIG. */
enum err_code first_tokens_make(struct store *store, struct writer *writer, const char *data_dir,
                                struct err *err);

#endif
