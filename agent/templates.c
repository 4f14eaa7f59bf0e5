#include "agent/templates.h"

#include "base/text.h"
#include "wire/deployment_wire.h"

#include <assert.h>

void templates_init(struct templates *templates)
{
    map_init(&templates->by_hash);
}

static void release(struct kept_template *kept)
{
    arena_release(&kept->arena);
    free(kept->hash);
    free(kept);
}

void templates_release(struct templates *templates)
{
    size_t position = 0;
    const char *hash;
    void *kept;
    while (map_next(&templates->by_hash, &position, &hash, &kept))
        release(kept);
    map_release(&templates->by_hash);
}

/* By way of its text: a copy that shares nothing with the answer it came from. */
static struct kept_template *copy(const char *hash, const struct template *template)
{
    struct kept_template *kept = xcalloc(1, sizeof *kept);
    struct text text;
    struct err err;
    kept->hash = xstrdup(hash);
    arena_init(&kept->arena);
    text_init(&text, NULL);
    template_canonical(&text, template);
    enum err_code code = template_parse(&kept->arena, text_string(&text), &kept->template, &err);
    assert(code == ERR_OK);
    text_release(&text);
    return kept;
}

struct kept_template *template_keep(struct templates *templates, const char *hash,
                                    const struct template *template)
{
    struct kept_template *kept = map_get(&templates->by_hash, hash);
    if (kept == NULL && template == NULL) return NULL;
    if (kept == NULL) {
        kept = copy(hash, template);
        map_put(&templates->by_hash, hash, kept);
    }
    kept->keepers++;
    return kept;
}

void template_drop(struct templates *templates, struct kept_template *kept)
{
    if (kept == NULL || --kept->keepers > 0) return;
    map_remove(&templates->by_hash, kept->hash);
    release(kept);
}
