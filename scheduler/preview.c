#include "scheduler/preview.h"

#include "base/arena.h"
#include "base/text.h"
#include "scheduler/order.h"
#include "wire/deployment_wire.h"

static const char *hash_of(struct arena *arena, const struct template *template)
{
    char *hash = arena_alloc(arena, TEMPLATE_HASH_BYTES);
    template_hash(template, arena, hash);
    return hash;
}

static void begin_empty(struct preview *preview, const struct deployment_document *document,
                        int64_t now_ms, int64_t now_at)
{
    struct view *view = &preview->view;
    *view = (struct view){.now_ms = now_ms, .now_at = now_at};
    view->deployment = (struct deployment){
        .uid = "",
        .cluster = document->cluster,
        .name = document->name,
        .spec.replicas = 1,
        .next_revision = 1,
        .next_rollout = 1,
        .status = {.state = DEPLOYMENT_PENDING, .message = ""},
    };
}

/* The rows of the sets, with one of the new template; its size is the planner's. */
static void add_set(struct arena *arena, struct preview *preview)
{
    struct view *view = &preview->view;
    struct view_set *sets = ARENA_ARRAY(arena, struct view_set, view->set_count + 1);
    struct view_set *own = NULL;
    for (size_t i = 0; i < view->set_count; i++) {
        sets[i] = view->sets[i];
        if (text_equal(sets[i].set.template_hash, preview->template_hash)) own = &sets[i];
    }
    if (own == NULL) {
        own = &sets[view->set_count++];
        *own = (struct view_set){.set.template_hash = preview->template_hash};
    }
    own->limits = view->target.limits;
    own->set.revision = view->target.number;
    own->set.failures = own->set.retry_at_ms = 0;
    view->sets = sets;
}

static bool is_direct(struct arena *arena, const struct preview *preview)
{
    const struct view *view = &preview->view;
    struct revision_set *sets = ARENA_ARRAY(arena, struct revision_set, view->set_count);
    for (size_t i = 0; i < view->set_count; i++)
        sets[i] = view->sets[i].set;
    return order_is_direct(&view->rollout, view->stable.template_hash, preview->template_hash, sets,
                           view->set_count);
}

/* Of one that is terminated it begins when it is started. */
static void begin_rollout(struct preview *preview, bool direct)
{
    struct view *view = &preview->view;
    struct deployment *deployment = &view->deployment;
    struct deployment_status *status = &deployment->status;
    view->rollout = order_rollout(deployment, &view->rollout, view->target.number, view->now_at);
    view->rollout.direct = direct;
    view->has_rollout = true;
    status->rollout_id = view->rollout.id;
    status->rollout_state = ROLLOUT_PROGRESSING;
    status->state = DEPLOYMENT_DEPLOYING;
}

static void launch(struct arena *arena, struct preview *preview)
{
    struct view *view = &preview->view;
    struct deployment *deployment = &view->deployment;
    struct deployment_status *status = &deployment->status;
    bool direct = is_direct(arena, preview);
    view->target = (struct view_revision){
        .number = deployment->next_revision++,
        .template_hash = preview->template_hash,
        .limits = deployment->spec.template.limits,
        .base_hash = template_base_hash(&deployment->spec.template, preview->template_hash, arena),
    };
    if (deployment->lifecycle == LIFECYCLE_ACTIVE) begin_rollout(preview, direct);
    status->halted_reason = NULL;
    status->halted_since_at = 0;
    status->revision = view->target.number;
    add_set(arena, preview);
}

void preview_apply(struct arena *arena, const struct view *view,
                   const struct deployment_document *document, int64_t now_ms, int64_t now_at,
                   struct preview *preview)
{
    *preview = (struct preview){.creates = view == NULL};
    if (view != NULL)
        preview->view = *view;
    else
        begin_empty(preview, document, now_ms, now_at);
    struct deployment *deployment = &preview->view.deployment;
    const struct template *template =
        difference_template(arena, deployment, &document->spec.template);
    preview->template_hash = hash_of(arena, template);
    preview->difference = difference_of(arena, deployment, document, preview->template_hash);
    preview->launches = preview->difference.template;
    preview->changes =
        preview->creates || preview->difference.replicas || difference_edits(&preview->difference);
    if (!preview->changes) return;
    difference_take_over(deployment, document);
    if (document->spec.replicas != REPLICAS_ABSENT)
        deployment->spec.replicas = document->spec.replicas;
    deployment->spec.template = *template;
    deployment->template_hash = preview->template_hash;
    deployment->generation++;
    if (preview->launches) launch(arena, preview);
}
