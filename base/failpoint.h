/* failpoint.h: named places where a test makes things go wrong.
 *
 * Compiled in only with DOGSHORE_FAILPOINTS (test builds). The environment variable
 * DOGSHORE_FAILPOINTS="name=action[@n],…" arms them at start: `panic` (SIGKILL to itself),
 * `sleep:MS` and `error`; @n means the n-th hit (1-based, default 1, `@*` = every). In-process
 * tests arm them with failpoint_arm(). `dogshored --print-failpoints` lists all names.
 */
#ifndef DOGSHORE_BASE_FAILPOINT_H
#define DOGSHORE_BASE_FAILPOINT_H

#include <stdbool.h>
#include <stddef.h>

/* Every failpoint of the program, in the order a write meets them. */
#define FAILPOINT_MAP(X)                                                                           \
    X("store.migrate.step")                                                                        \
    X("writer.batch.begin")                                                                        \
    X("writer.closure.before")                                                                     \
    X("writer.closure.after")                                                                      \
    X("writer.commit.before")                                                                      \
    X("writer.commit.after")                                                                       \
    X("writer.publish.before")                                                                     \
    X("writer.reply.before")                                                                       \
    X("writer.reply.after")                                                                        \
    X("writer.checkpoint")                                                                         \
    X("backup.open")                                                                               \
    X("backup.piece")                                                                              \
    X("backup.sync")                                                                               \
    X("snapshot.rename")                                                                           \
    X("snapshot.renamed")                                                                          \
    X("snapshot.remove")                                                                           \
    X("restore.copied")                                                                            \
    X("restore.checked")                                                                           \
    X("restore.stamped")                                                                           \
    X("restore.synced")                                                                            \
    X("restore.decided")                                                                           \
    X("restore.log_aside")                                                                         \
    X("restore.old_aside")                                                                         \
    X("restore.in_place")                                                                          \
    X("reader.full")                                                                               \
    X("planner.before")                                                                            \
    X("reconcile.before")                                                                          \
    X("reconcile.planned")                                                                         \
    X("reconcile.executed")                                                                        \
    X("node.register")                                                                             \
    X("node.report")

#ifdef DOGSHORE_FAILPOINTS
/* Reads the environment; main calls it once. A bad setting is a line on stderr and exit 64. */
void failpoint_start(void);
/* `action` as in the environment: "error", "sleep:20@3", "panic@*". Restarts the count of hits. */
void failpoint_arm(const char *name, const char *action);
void failpoint_clear(void);
bool failpoint_hit(const char *name); /* true: the caller fails as if the world had */
/* Every name in turn, from position 0 on; NULL at the end. */
const char *failpoint_name(size_t position);
#define FP(name) failpoint_hit(name)
#else
static inline const char *failpoint_name(size_t position)
{
    (void)position;
    return NULL;
}
#define FP(name) false
#endif

#endif
