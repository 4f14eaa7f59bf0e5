/* Rollback to a kept revision: its template becomes a new revision, so that numbers never change
 * their meaning. Going to the template that is the target already changes nothing, unless the
 * deployment is halted: then it is started again. */
#include "base/arena.h"
#include "base/text.h"
#include "scheduler/order.h"
#include "store/revisions.h"
#include "store/writer.h"

enum { REVISIONS_NAMED = 10 };

/* "revisions 4, 3 and 1 exist", newest first. */
static enum err_code name_revisions(const struct order *order, const char *uid, struct text *text,
                                    struct err *err)
{
    struct revision *revisions;
    size_t count;
    TRY(revisions_list(tx_db(order->tx), order->arena, uid, 0, REVISIONS_NAMED, &revisions, &count,
                       err));
    text_add(text, count == 1 ? "revision " : "revisions ");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) text_add(text, i + 1 == count ? " and " : ", ");
        text_add_int(text, revisions[i].number);
    }
    text_add(text, count == 1 ? " exists" : " exist");
    if (count == REVISIONS_NAMED) text_add(text, ", perhaps older ones");
    return ERR_OK;
}

static const char *described(struct arena *arena, const struct rollback_document *document)
{
    if (document->revision != 0)
        return arena_printf(arena, "revision %lld", (long long)document->revision);
    if (text_equal(document->tag, "stable")) return "stable revision yet";
    return arena_printf(arena, "revision tagged \"%s\"", document->tag);
}

static enum err_code not_there(const struct order *order, const struct deployment *deployment,
                               const struct rollback_document *document, struct err *err)
{
    const char *nearest = NULL, *uid = deployment->uid;
    struct text existing;
    text_init(&existing, order->arena);
    TRY(name_revisions(order, uid, &existing, err));
    if (document->tag != NULL)
        TRY(revisions_nearest_tag(tx_db(order->tx), order->arena, uid, document->tag, &nearest,
                                  err));
    if (nearest != NULL) text_printf(&existing, "; did you mean '%s'?", nearest);
    return err_set(err, ERR_NOT_FOUND, "deployment %s has no %s; %s", deployment->name,
                   described(order->arena, document), text_string(&existing));
}

static enum err_code look_up(const struct order *order, const struct deployment *deployment,
                             const struct rollback_document *document, struct revision *revision,
                             struct err *err)
{
    struct store_db *db = tx_db(order->tx);
    const char *uid = deployment->uid;
    if (document->revision != 0)
        return revisions_get(db, order->arena, uid, document->revision, revision, err);
    if (!text_equal(document->tag, "stable"))
        return revisions_get_tag(db, order->arena, uid, document->tag, revision, err);
    int64_t stable = deployment->status.stable_revision;
    if (stable == 0) return err_set(err, ERR_NOT_FOUND, "no revision is stable yet");
    return revisions_get(db, order->arena, uid, stable, revision, err);
}

static enum err_code find_revision(const struct order *order, const struct deployment *deployment,
                                   const struct rollback_document *document,
                                   struct revision *revision, struct err *err)
{
    struct err problem = {.code = ERR_OK};
    enum err_code code = look_up(order, deployment, document, revision, &problem);
    if (code == ERR_NOT_FOUND) return not_there(order, deployment, document, err);
    return code == ERR_OK ? ERR_OK : err_copy(err, &problem);
}

static bool is_target(const struct deployment *deployment, const struct revision *revision)
{
    return deployment->status.halted_reason == NULL &&
           text_equal(deployment->template_hash, revision->template_hash);
}

/* As an abort does: to go back is not to be held back. */
static enum err_code resume(const struct order *order, struct deployment *deployment,
                            struct err *err)
{
    if (!deployment->spec.paused) return ERR_OK;
    deployment->spec.paused = false;
    return order_event(order, deployment, "deployment", "resumed", "resumed by the rollback", NULL,
                       err);
}

static enum err_code roll_back(const struct order *order, struct deployment *deployment,
                               const struct rollback_document *document,
                               const struct precondition *precondition,
                               const struct revision *revision, int64_t *rollout_id,
                               struct err *err)
{
    struct launch launch;
    TRY(order_copy(order, revision, SOURCE_ROLLBACK, &launch, err));
    TRY(quarantine_check(order, deployment, &launch, precondition, err));
    TRY(resume(order, deployment, err));
    launch.change_cause = document->change_cause;
    return control_launch(order->tx, order->arena, deployment, &launch, rollout_id, err);
}

enum err_code control_rollback(struct control *control, struct store_tx *tx, struct arena *arena,
                               const char *cluster, const char *name,
                               const struct rollback_document *document,
                               const struct precondition *precondition, struct change *change,
                               struct err *err)
{
    struct order order = {control, tx, arena};
    struct revision revision;
    *change = (struct change){.created = false};
    TRY(order_load(&order, cluster, name, precondition, &change->deployment, err));
    TRY(find_revision(&order, &change->deployment, document, &revision, err));
    if (is_target(&change->deployment, &revision)) return ERR_OK;
    change->changed = true;
    return roll_back(&order, &change->deployment, document, precondition, &revision,
                     &change->rollout_id, err);
}
