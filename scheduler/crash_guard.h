/* crash_guard.h: a deployment whose pass crashes the server is left alone after the third time.
 *
 * The uid of the running pass is in DIR/pass (pass_marker.h). After a start the crash is counted in
 * a transaction of its own, before any pass; a pass that ends well puts the count back to 0. From
 * the third crash in a row on the deployment is shown as `unknown` and its workloads run on; a new
 * generation of its spec gets a new chance. Threads: the writer's.
 */
#ifndef DOGSHORE_SCHEDULER_CRASH_GUARD_H
#define DOGSHORE_SCHEDULER_CRASH_GUARD_H

#include "base/err.h"

#include <stdbool.h>

struct deployment;
struct store_tx;

enum { CRASH_GUARD_FAULTS_MAX = 3 };

/* The pass over `uid` crashed the server. Fine when the deployment is gone. */
enum err_code crash_guard_count(struct store_tx *tx, const char *uid, struct err *err);
bool crash_guard_skips(const struct deployment *deployment);
enum err_code crash_guard_passed(struct store_tx *tx, const struct deployment *deployment,
                                 struct err *err);

#endif
