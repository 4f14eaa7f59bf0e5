#include "scheduler/view_load.h"

#include "base/arena.h"
#include "base/text.h"
#include "scheduler/node_table.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/writer.h"
#include "wire/deployment_wire.h"

enum replica_presence presence_of_node_state(int node_state)
{
    switch ((enum node_state)node_state) {
    case NODE_READY:
        return PRESENCE_PRESENT;
    case NODE_SUSPECT:
        return PRESENCE_UNKNOWN;
    case NODE_LOST:
    case NODE_LEFT:
        break;
    }
    return PRESENCE_LOST;
}

static enum replica_presence presence_of(const struct node_table *nodes,
                                         const struct replica *replica)
{
    struct node_facts facts;
    if (!replica->node) return PRESENCE_PRESENT;
    if (!node_table_get(nodes, replica->node, &facts)) return PRESENCE_LOST;
    return presence_of_node_state(facts.state);
}

static enum err_code limits_of(struct arena *arena, const struct revision *revision,
                               struct phase_limits *limits, struct err *err)
{
    struct template template;
    enum err_code code = template_parse(arena, revision->template_json, &template, err);
    if (code != ERR_OK) return err_wrap(err, "revision %lld", (long long)revision->number);
    *limits = template.limits;
    return ERR_OK;
}

static enum err_code load_target(struct store_tx *tx, struct arena *arena, struct view *view,
                                 struct err *err)
{
    const struct deployment *deployment = &view->deployment;
    struct revision revision;
    TRY(revisions_get_hash(tx_db(tx), arena, deployment->uid, deployment->template_hash, &revision,
                           err));
    view->target = (struct view_revision){
        .number = revision.number,
        .template_hash = deployment->template_hash,
        .limits = deployment->spec.template.limits,
    };
    return ERR_OK;
}

static enum err_code load_stable(struct store_tx *tx, struct arena *arena, struct view *view,
                                 struct err *err)
{
    int64_t number = view->deployment.status.stable_revision;
    if (number == 0) return ERR_OK;
    struct revision revision;
    TRY(revisions_get(tx_db(tx), arena, view->deployment.uid, number, &revision, err));
    view->stable.number = number;
    view->stable.template_hash = revision.template_hash;
    view->stable.limits = view->target.limits;
    if (text_equal(revision.template_hash, view->target.template_hash)) return ERR_OK;
    return limits_of(arena, &revision, &view->stable.limits, err);
}

static enum err_code load_set_limits(struct store_tx *tx, struct arena *arena,
                                     const struct view *view, struct view_set *item,
                                     struct err *err)
{
    const char *hash = item->set.template_hash;
    item->limits = view->target.limits;
    if (text_equal(hash, view->target.template_hash)) return ERR_OK;
    item->limits = view->stable.limits;
    if (text_equal(hash, view->stable.template_hash)) return ERR_OK;
    struct revision revision;
    TRY(revisions_get_hash(tx_db(tx), arena, view->deployment.uid, hash, &revision, err));
    return limits_of(arena, &revision, &item->limits, err);
}

static enum err_code load_sets(struct store_tx *tx, struct arena *arena, struct view *view,
                               struct err *err)
{
    struct revision_set *sets = NULL;
    size_t count = 0;
    TRY(revision_sets_list(tx_db(tx), arena, view->deployment.uid, &sets, &count, err));
    struct view_set *items = ARENA_ARRAY(arena, struct view_set, count);
    for (size_t i = 0; i < count; i++) {
        items[i].set = sets[i];
        TRY(load_set_limits(tx, arena, view, &items[i], err));
    }
    view->sets = items;
    view->set_count = count;
    return ERR_OK;
}

static enum err_code load_replicas(struct store_tx *tx, struct arena *arena,
                                   const struct node_table *nodes, struct view *view,
                                   struct err *err)
{
    struct replica *replicas = NULL;
    size_t count = 0;
    TRY(replicas_for_pass(tx_db(tx), arena, view->deployment.uid, &replicas, &count, err));
    struct view_replica *items = ARENA_ARRAY(arena, struct view_replica, count);
    for (size_t i = 0; i < count; i++) {
        items[i].replica = replicas[i];
        items[i].presence = presence_of(nodes, &replicas[i]);
    }
    view->replicas = items;
    view->replica_count = count;
    return ERR_OK;
}

static enum err_code load_rollout(struct store_tx *tx, struct arena *arena, struct view *view,
                                  struct err *err)
{
    struct rollout *rollouts = NULL;
    size_t count = 0;
    TRY(rollouts_list(tx_db(tx), arena, view->deployment.uid, 0, 1, &rollouts, &count, err));
    view->has_rollout = count > 0;
    if (count > 0) view->rollout = rollouts[0];
    return ERR_OK;
}

enum err_code view_load(struct store_tx *tx, struct arena *arena, const struct node_table *nodes,
                        const struct deployment *deployment, struct view *view, struct err *err)
{
    *view = (struct view){
        .now_ms = tx_now_ms(tx),
        .now_at = tx_wall_ms(tx),
        .deployment = *deployment,
    };
    TRY(load_target(tx, arena, view, err));
    TRY(load_stable(tx, arena, view, err));
    TRY(load_rollout(tx, arena, view, err));
    TRY(load_sets(tx, arena, view, err));
    return load_replicas(tx, arena, nodes, view, err);
}
