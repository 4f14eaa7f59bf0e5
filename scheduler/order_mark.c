/* Tags, pins and causes of kept revisions. */
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "scheduler/order.h"
#include "store/deployments.h"
#include "store/revisions.h"
#include "store/writer.h"

static bool has_tag(const struct strings *tags, const char *tag)
{
    for (size_t i = 0; i < tags->count; i++)
        if (text_equal(tags->items[i], tag)) return true;
    return false;
}

static bool same_tags(const struct strings *a, const struct strings *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (!has_tag(b, a->items[i])) return false;
    return a->count == b->count;
}

/* The revision with the patch; false: nothing differs, and it stays as it is stored. */
static bool patched(struct revision *revision, const struct revision_patch *patch)
{
    struct revision before = *revision;
    if (patch->has_tags) revision->tags = patch->tags;
    if (patch->has_pinned) revision->pinned = patch->pinned;
    if (patch->has_change_cause) revision->change_cause = patch->change_cause;
    bool differs = !same_tags(&before.tags, &revision->tags) || before.pinned != revision->pinned ||
                   !text_equal(before.change_cause, revision->change_cause);
    if (!differs) *revision = before;
    return differs;
}

/* From the other revision that has it. */
static enum err_code take_tag(const struct order *order, const char *uid, const char *tag,
                              const struct revision *taker, struct err *err)
{
    struct revision holder;
    struct err missing;
    enum err_code code =
        revisions_get_tag(tx_db(order->tx), order->arena, uid, tag, &holder, &missing);
    if (code == ERR_NOT_FOUND) return ERR_OK;
    if (code != ERR_OK) return err_copy(err, &missing);
    if (holder.number == taker->number) return ERR_OK;
    struct strings left = {.items = ARENA_ARRAY(order->arena, const char *, holder.tags.count)};
    for (size_t i = 0; i < holder.tags.count; i++)
        if (!text_equal(holder.tags.items[i], tag)) left.items[left.count++] = holder.tags.items[i];
    holder.tags = left;
    return revisions_mark(order->tx, uid, &holder, err);
}

static const char *describe(const struct order *order, const struct revision *revision)
{
    struct text text;
    text_init(&text, order->arena);
    text_printf(&text, "revision %lld: %s, ", (long long)revision->number,
                revision->pinned ? "pinned" : "not pinned");
    text_add(&text, revision->tags.count == 0 ? "no tags" : "tagged ");
    for (size_t i = 0; i < revision->tags.count; i++)
        text_printf(&text, "%s%s", i == 0 ? "" : ", ", revision->tags.items[i]);
    return text_string(&text);
}

enum err_code control_mark_revision(struct control *control, struct store_tx *tx,
                                    struct arena *arena, struct deployment *deployment,
                                    struct revision *revision, const struct revision_patch *patch,
                                    bool *changed, struct err *err)
{
    struct order order = {control, tx, arena};
    const char *uid = deployment->uid;
    TRY(order_accept(NULL, deployment, err));
    *changed = patched(revision, patch);
    if (!*changed) return ERR_OK;
    for (size_t i = 0; i < revision->tags.count; i++)
        TRY(take_tag(&order, uid, revision->tags.items[i], revision, err));
    TRY(revisions_mark(tx, uid, revision, err));
    const char *data =
        order_numbers(&order, &(struct order_number){"revision", revision->number}, 1);
    TRY(order_event(&order, deployment, "deployment", "revision_marked", describe(&order, revision),
                    data, err));
    TRY(revisions_prune(tx, uid, deployment->spec.revision_history_limit,
                        deployment->status.revision, deployment->status.stable_revision, err));
    return deployments_touch(tx, uid, deployment->cluster, deployment->name, false,
                             deployment->index, err);
}
