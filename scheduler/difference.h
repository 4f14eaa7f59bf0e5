/* difference.h: what an apply changes of a deployment: pure. Threads: none. */
#ifndef DOGSHORE_SCHEDULER_DIFFERENCE_H
#define DOGSHORE_SCHEDULER_DIFFERENCE_H

#include "model/deployment.h"

struct arena;

struct difference {
    bool description, labels, annotations, settings, replicas, template;
};

/* `hash` is of the document's template, as difference_template() has it. */
struct difference difference_of(struct arena *arena, const struct deployment *deployment,
                                const struct deployment_document *document, const char *hash);
/* Anything besides the scale. */
bool difference_edits(const struct difference *difference);
/* All of the document but replicas, template, and what it leaves out. */
void difference_take_over(struct deployment *deployment,
                          const struct deployment_document *document);
/* The document's, with the deployment's restart_token, which a restart alone changes. */
const struct template *difference_template(struct arena *arena, const struct deployment *deployment,
                                           const struct template *wanted);
/* Index of the first step that differs, be it that one list is longer. */
enum { DIFFERENCE_NONE = -1 };
int64_t difference_first_step(const struct canary_steps *before, const struct canary_steps *after);

#endif
