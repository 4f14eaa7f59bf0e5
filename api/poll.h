/* poll.h: long polls: does a read answer now, or does it wait for its facet to move?
 *
 * A read waits iff the client asked for it (wait_seconds > 0) and has what the read found: the
 * object's index <= ?index= <= the newest index of the snapshot. An index from the future, which
 * another database may have given, is answered at once, and so is one from before the last restore.
 * Each sets reply.index.
 */
#ifndef DOGSHORE_API_POLL_H
#define DOGSHORE_API_POLL_H

#include "api/request.h"

/* An object that carries its own index. */
enum err_code poll_object(struct store_db *db, struct request *request, struct reply *reply,
                          int64_t index, struct err *err);
/* A list whose members leave no index behind when they go: its index is the facet's as noted before
 * the read, or that of the start when it has not moved since. The read may have seen more; then the
 * facet moves once more, and nothing is missed. */
enum err_code poll_list(struct store_db *db, struct request *request, struct reply *reply,
                        struct err *err);
/* What shares a facet with many others: `index` is of its own last change, X-Index the snapshot's.
 */
enum err_code poll_member(struct store_db *db, struct request *request, struct reply *reply,
                          int64_t index, struct err *err);

#endif
