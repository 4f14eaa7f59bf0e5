/* templates.h: one copy of each template, however many replicas run it.
 *
 * Ownership: counted; a template lives until the last of its keepers dropped it. Threads: one.
 */
#ifndef DOGSHORE_AGENT_TEMPLATES_H
#define DOGSHORE_AGENT_TEMPLATES_H

#include "base/arena.h"
#include "base/map.h"
#include "model/template.h"

struct kept_template {
    char *hash;
    struct template template;
    size_t keepers;
    struct arena arena;
};

struct templates {
    struct map by_hash; /* hash → struct kept_template */
};

void templates_init(struct templates *templates);
void templates_release(struct templates *templates);
/* The one of that hash; made from `template` when there is none, NULL when that is NULL, too. */
struct kept_template *template_keep(struct templates *templates, const char *hash,
                                    const struct template *template);
void template_drop(struct templates *templates, struct kept_template *kept); /* NULL is fine */

#endif
