#include "scheduler/difference.h"

#include "base/arena.h"
#include "base/text.h"
#include "wire/deployment_wire.h"

static bool same_settings(struct arena *arena, const struct deployment_spec *a,
                          const struct deployment_spec *b)
{
    struct text first, second;
    text_init(&first, arena);
    text_init(&second, arena);
    spec_settings_canonical(&first, a);
    spec_settings_canonical(&second, b);
    return text_equal(text_string(&first), text_string(&second));
}

/* What the document leaves out of a deployment that exists stays as it is. */
static struct deployment_spec wanted_spec(const struct deployment *deployment,
                                          const struct deployment_document *document)
{
    struct deployment_spec spec = document->spec;
    if (spec.paused_absent) spec.paused = deployment->spec.paused;
    spec.paused_absent = false;
    return spec;
}

static bool same_text(const char *a, const char *b)
{
    return text_equal(a == NULL ? "" : a, b == NULL ? "" : b);
}

struct difference difference_of(struct arena *arena, const struct deployment *deployment,
                                const struct deployment_document *document, const char *hash)
{
    struct deployment_spec spec = wanted_spec(deployment, document);
    int64_t replicas = spec.replicas;
    return (struct difference){
        .description = !same_text(deployment->description, document->description),
        .labels = !pairs_equal(&deployment->labels, &document->labels),
        .annotations = !pairs_equal(&deployment->annotations, &document->annotations),
        .settings = !same_settings(arena, &deployment->spec, &spec),
        .replicas = replicas != REPLICAS_ABSENT && replicas != deployment->spec.replicas,
        .template = !text_equal(deployment->template_hash, hash),
    };
}

bool difference_edits(const struct difference *difference)
{
    return difference->description || difference->labels || difference->annotations ||
           difference->settings || difference->template;
}

void difference_take_over(struct deployment *deployment, const struct deployment_document *document)
{
    struct deployment_spec spec = wanted_spec(deployment, document);
    spec.replicas = deployment->spec.replicas;
    spec.template = deployment->spec.template;
    deployment->spec = spec;
    deployment->description = document->description;
    deployment->labels = document->labels;
    deployment->annotations = document->annotations;
}

const struct template *difference_template(struct arena *arena, const struct deployment *deployment,
                                           const struct template *wanted)
{
    struct template *template = ARENA_NEW(arena, struct template);
    *template = *wanted;
    template->restart_token = deployment->spec.template.restart_token;
    return template;
}

static bool same_step(const struct canary_step *a, const struct canary_step *b)
{
    return a->kind == b->kind && a->amount == b->amount &&
           text_equal(a->check.port, b->check.port) && text_equal(a->check.path, b->check.path) &&
           a->check.expect_status == b->check.expect_status &&
           text_equal(a->check.expect_substring, b->check.expect_substring) &&
           a->check.times == b->check.times;
}

int64_t difference_first_step(const struct canary_steps *before, const struct canary_steps *after)
{
    size_t first = 0;
    while (first < before->count && first < after->count &&
           same_step(&before->items[first], &after->items[first]))
        first++;
    return first == before->count && first == after->count ? DIFFERENCE_NONE : (int64_t)first;
}
