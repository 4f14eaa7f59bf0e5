/* revision_diff.c: what a revision's template changes against another one's. */
#include "api/deployments.h"
#include "api/handlers.h"
#include "api/query.h"
#include "api/view.h"
#include "base/json.h"
#include "base/json_diff.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "wire/object_wire.h"

static const char against_spec[] = "spec", against_live[] = "live";

API_DECODE(revision_diff_decode)
{
    (void)errors;
    const char *against = query_text(request, "against");
    if (against == NULL)
        return err_set(err, ERR_BAD_PARAMETER,
                       "against is required: a revision (number, latest, stable or tag), live or "
                       "spec");
    return ERR_OK;
}

/* ---- what is live ---- */

struct live {
    const char *template_hash;
    int64_t available, revision;
};

static void count_live(const struct replica *replicas, size_t count, const char *template_hash,
                       struct live *live)
{
    *live = (struct live){.template_hash = template_hash};
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(replicas[i].template_hash, template_hash)) continue;
        if (replicas[i].available) live->available++;
        if (replicas[i].revision > live->revision) live->revision = replicas[i].revision;
    }
}

/* The template that traffic goes to: the only one, or that of most available replicas, the newest
 * of equals; the spec's while none is available. */
static enum err_code live_hash(struct store_db *db, struct request *request,
                               const struct deployment *deployment, const char **hash,
                               struct err *err)
{
    struct replica *replicas;
    size_t count;
    *hash = deployment->active_hash;
    if (*hash != NULL) return ERR_OK;
    TRY(replicas_for_pass(db, &request->arena, deployment->uid, &replicas, &count, err));
    struct live best = {.template_hash = deployment->template_hash};
    const char *last = NULL;
    for (size_t i = 0; i < count; i++) {
        struct live live;
        if (text_equal(replicas[i].template_hash, last)) continue;
        last = replicas[i].template_hash;
        count_live(replicas, count, replicas[i].template_hash, &live);
        bool newer = live.available == best.available && live.revision > best.revision;
        if (live.available > best.available || (newer && live.available > 0)) best = live;
    }
    *hash = best.template_hash;
    return ERR_OK;
}

/* ---- the two sides ---- */

static enum err_code side_of(struct request *request, const char *template_json,
                             const struct json **side, struct err *err)
{
    struct template template;
    struct text text;
    struct json_writer writer;
    struct json *parsed;
    TRY(template_parse(&request->arena, template_json, &template, err));
    text_init(&text, &request->arena);
    json_writer_init(&writer, &text);
    template_render(&writer, &template, view_env_mask(request));
    TRY(json_parse(&request->arena, text.bytes, text.length, &parsed, err));
    *side = parsed;
    return ERR_OK;
}

/* The other side: the spec's template is that of status.revision. */
static enum err_code find_other(struct store_db *db, struct request *request,
                                const struct deployment *deployment, struct revision *other,
                                struct err *err)
{
    const char *against = query_text(request, "against");
    if (text_equal(against, against_spec))
        return revisions_get_hash(db, &request->arena, deployment->uid, deployment->template_hash,
                                  other, err);
    if (!text_equal(against, against_live))
        return revision_named(db, request, deployment, against, other, err);
    const char *hash;
    TRY(live_hash(db, request, deployment, &hash, err));
    return revisions_get_hash(db, &request->arena, deployment->uid, hash, other, err);
}

API_READ(revision_diff_read)
{
    struct deployment deployment;
    struct revision revision, other;
    const struct json *from, *to;
    struct json_writer writer;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(revision_named(db, request, &deployment, request->params[1], &revision, err));
    TRY(find_other(db, request, &deployment, &other, err));
    TRY(side_of(request, other.template_json, &from, err));
    TRY(side_of(request, revision.template_json, &to, err));
    reply->index = deployment.index;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_put_int(&writer, "revision", revision.number);
    json_put_int(&writer, "against", other.number);
    json_put_bool(&writer, "same", text_equal(revision.template_hash, other.template_hash));
    json_key(&writer, "changes");
    json_diff(&writer, &request->arena, "/template", from, to);
    json_object_end(&writer);
    return ERR_OK;
}
