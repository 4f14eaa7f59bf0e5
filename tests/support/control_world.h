/* control_world.h: a control plane without threads and sockets: a real store in a directory of its
 * own, the writer stepped by hand, a clock that the test moves.
 *
 * A test writes through world_run(), which is one closure and one commit, and reads the rows
 * through `reader` between world_look() calls. */
#ifndef DOGSHORE_TESTS_SUPPORT_CONTROL_WORLD_H
#define DOGSHORE_TESTS_SUPPORT_CONTROL_WORLD_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "model/event.h"
#include "scheduler/control.h"
#include "store/store.h"
#include "store/writer.h"

#include <stdbool.h>

enum { WORLD_DIRTY_MAX = 256, WORLD_UID_BYTES = 40 };

struct control_world {
    char dir[64];
    struct manual_clock time;
    struct store *store;
    struct writer *writer;
    struct control *control;
    struct store_db *reader; /* inside a read transaction */
    struct arena arena;      /* what tests decode and read; lives as long as the world */
    struct err err;          /* of the last closure */
    char dirty[WORLD_DIRTY_MAX][WORLD_UID_BYTES]; /* since world_forget_dirty() */
    size_t dirty_count;
};

void world_open(struct control_world *world);
void world_close(struct control_world *world);
/* As after a restart of the server: the control is made anew from the store. */
void world_reopen_control(struct control_world *world);

/* Runs one closure in a batch of its own. */
typedef enum err_code world_closure(struct control_world *world, struct store_tx *tx,
                                    void *argument, struct err *err);
enum err_code world_run(struct control_world *world, world_closure *closure, void *argument);
/* Runs it, then makes it fail as if a later step of the same order had. */
void world_run_and_fail(struct control_world *world, world_closure *closure, void *argument);

/* The newest snapshot. */
struct store_db *world_look(struct control_world *world);
int64_t world_newest_index(struct control_world *world);
bool world_is_dirty(const struct control_world *world, const char *uid);
void world_forget_dirty(struct control_world *world);
void world_advance(struct control_world *world, int64_t ms);

/* The newest event of that kind and reason after `after`, or NULL. */
const struct event *world_event(struct control_world *world, int64_t after, const char *kind,
                                const char *reason);
/* "deployment.created rollout.started": what was written after `after`. */
const char *world_story(struct control_world *world, int64_t after);

/* A document from JSON, which must be a right one. */
const struct deployment_document *world_document(struct control_world *world, const char *json);
/* The document of a deployment "web" whose template is told apart by its version. */
const struct deployment_document *world_web(struct control_world *world, const char *version,
                                            int replicas);

/* Orders that must go well. */
struct change world_apply(struct control_world *world, const struct deployment_document *document);
struct node world_register(struct control_world *world, const char *name, int64_t cpu_millis);
/* A replica of `deployment` that a pass would have placed on `node`. */
struct replica world_place(struct control_world *world, const struct deployment *deployment,
                           const char *node);
struct deployment world_deployment(struct control_world *world, const char *name);
struct replica world_replica(struct control_world *world, const char *id);

#endif
