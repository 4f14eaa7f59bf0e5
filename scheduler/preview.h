/* preview.h: what an apply would make of a deployment, in memory alone.
 *
 * It mirrors what control_apply() and control_launch() write: the deployment, a new revision and
 * its set, a new rollout; the one that runs is overtaken. Ownership: all of it lives in the arena
 * or is borrowed from the view. Threads: none. */
#ifndef DOGSHORE_SCHEDULER_PREVIEW_H
#define DOGSHORE_SCHEDULER_PREVIEW_H

#include "model/view.h"
#include "scheduler/difference.h"

struct arena;

struct preview {
    bool creates;  /* it does not exist yet */
    bool launches; /* a new rollout begins */
    bool changes;  /* anything at all */
    struct difference difference;
    const char *template_hash;
    struct view view; /* what the next pass would see */
};

/* `view` is what a pass sees now, or NULL when there is no such deployment. */
void preview_apply(struct arena *arena, const struct view *view,
                   const struct deployment_document *document, int64_t now_ms, int64_t now_at,
                   struct preview *preview);

#endif
