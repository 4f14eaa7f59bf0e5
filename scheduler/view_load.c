#include "scheduler/view_load.h"

#include "base/arena.h"
#include "base/text.h"
#include "scheduler/node_table.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "wire/deployment_wire.h"

enum err_code view_presence_of_table(void *self, const struct replica *replica,
                                     enum replica_presence *presence, struct err *err)
{
    const struct node_table *nodes = self;
    struct node_facts facts;
    (void)err;
    *presence = PRESENCE_PRESENT;
    if (!replica->node) return ERR_OK;
    bool known = node_table_get(nodes, replica->node, &facts);
    *presence = known ? presence_of_node_state(facts.state) : PRESENCE_LOST;
    return ERR_OK;
}

static enum err_code template_of(struct arena *arena, const struct revision *revision,
                                 struct template *template, struct err *err)
{
    enum err_code code = template_parse(arena, revision->template_json, template, err);
    if (code != ERR_OK) return err_wrap(err, "revision %lld", (long long)revision->number);
    return ERR_OK;
}

static enum err_code limits_of(struct arena *arena, const struct revision *revision,
                               struct phase_limits *limits, struct err *err)
{
    struct template template;
    TRY(template_of(arena, revision, &template, err));
    *limits = template.limits;
    return ERR_OK;
}

static enum err_code load_target(const struct view_source *source, struct arena *arena,
                                 struct view *view, struct err *err)
{
    const struct deployment *deployment = &view->deployment;
    struct revision revision;
    TRY(revisions_get_hash(source->db, arena, deployment->uid, deployment->template_hash, &revision,
                           err));
    view->target = (struct view_revision){
        .number = revision.number,
        .template_hash = deployment->template_hash,
        .limits = deployment->spec.template.limits,
        .base_hash =
            template_base_hash(&deployment->spec.template, deployment->template_hash, arena),
    };
    return ERR_OK;
}

static enum err_code load_stable(const struct view_source *source, struct arena *arena,
                                 struct view *view, struct err *err)
{
    int64_t number = view->deployment.status.stable_revision;
    if (number == 0) return ERR_OK;
    struct revision revision;
    struct template template;
    TRY(revisions_get(source->db, arena, view->deployment.uid, number, &revision, err));
    view->stable = view->target;
    view->stable.number = number;
    if (text_equal(revision.template_hash, view->target.template_hash)) return ERR_OK;
    TRY(template_of(arena, &revision, &template, err));
    view->stable.template_hash = revision.template_hash;
    view->stable.limits = template.limits;
    view->stable.base_hash = template_base_hash(&template, revision.template_hash, arena);
    return ERR_OK;
}

static enum err_code load_set_limits(const struct view_source *source, struct arena *arena,
                                     const struct view *view, struct view_set *item,
                                     struct err *err)
{
    const char *hash = item->set.template_hash;
    item->limits = view->target.limits;
    if (text_equal(hash, view->target.template_hash)) return ERR_OK;
    item->limits = view->stable.limits;
    if (text_equal(hash, view->stable.template_hash)) return ERR_OK;
    struct revision revision;
    TRY(revisions_get_hash(source->db, arena, view->deployment.uid, hash, &revision, err));
    return limits_of(arena, &revision, &item->limits, err);
}

static enum err_code load_sets(const struct view_source *source, struct arena *arena,
                               struct view *view, struct err *err)
{
    struct revision_set *sets = NULL;
    size_t count = 0;
    TRY(revision_sets_list(source->db, arena, view->deployment.uid, &sets, &count, err));
    struct view_set *items = ARENA_ARRAY(arena, struct view_set, count);
    for (size_t i = 0; i < count; i++) {
        items[i].set = sets[i];
        TRY(load_set_limits(source, arena, view, &items[i], err));
    }
    view->sets = items;
    view->set_count = count;
    return ERR_OK;
}

static enum err_code load_replicas(const struct view_source *source, struct arena *arena,
                                   struct view *view, struct err *err)
{
    struct replica *replicas = NULL;
    size_t count = 0;
    TRY(replicas_for_pass(source->db, arena, view->deployment.uid, &replicas, &count, err));
    struct view_replica *items = ARENA_ARRAY(arena, struct view_replica, count);
    for (size_t i = 0; i < count; i++) {
        items[i].replica = replicas[i];
        enum replica_presence presence;
        TRY(source->presence(source->self, &replicas[i], &presence, err));
        items[i].presence = (int)presence;
    }
    view->replicas = items;
    view->replica_count = count;
    return ERR_OK;
}

static enum err_code load_rollout(const struct view_source *source, struct arena *arena,
                                  struct view *view, struct err *err)
{
    struct rollout *rollouts = NULL;
    size_t count = 0;
    TRY(rollouts_list(source->db, arena, view->deployment.uid, 0, 1, &rollouts, &count, err));
    view->has_rollout = count > 0;
    if (count > 0) view->rollout = rollouts[0];
    return ERR_OK;
}

enum err_code view_load(const struct view_source *source, struct arena *arena,
                        const struct deployment *deployment, struct view *view, struct err *err)
{
    *view = (struct view){
        .now_ms = source->now_ms,
        .now_at = source->now_at,
        .deployment = *deployment,
    };
    TRY(load_target(source, arena, view, err));
    TRY(load_stable(source, arena, view, err));
    TRY(load_rollout(source, arena, view, err));
    TRY(load_sets(source, arena, view, err));
    return load_replicas(source, arena, view, err);
}
