#include "sim_story.h"

#include "base/text.h"
#include "scheduler/control.h"
#include "sim_check.h"
#include "store/deployments.h"
#include "store/revisions.h"
#include "store/store.h"

static const char web[] = "web";
enum { WAIT_MS = 10 * SIM_MINUTE };

struct sim *story_begin_of(int nodes, struct resources capacity)
{
    struct sim *sim = sim_open(1);
    for (int i = 1; i <= nodes; i++)
        sim_add_node(sim, arena_printf(&sim->memory, "n%d", i), capacity);
    sim_run_for(sim, SIM_SECOND);
    return sim;
}

struct sim *story_begin(int nodes)
{
    return story_begin_of(nodes, (struct resources){0});
}

void story_end(struct sim *sim)
{
    sim_check_settled(sim);
    sim_close(sim);
}

void story_deploy(struct sim *sim, const char *version, int64_t replicas, const char *strategy)
{
    sim_apply(sim,
              &(struct sim_spec){
                  .name = web, .version = version, .replicas = replicas, .strategy = strategy});
}

void story_deployed(struct sim *sim, const char *version, int64_t replicas, const char *strategy)
{
    story_deploy(sim, version, replicas, strategy);
    story_reaches(sim, ROLLOUT_SUCCEEDED);
}

void story_reaches(struct sim *sim, enum rollout_state state)
{
    if (sim_until_rollout(sim, web, state, WAIT_MS)) return;
    const struct rollout *rollout = &sim_look(sim, web)->rollout;
    sim_fail(sim, "rollout %lld is %s, not %s: %s", (long long)rollout->id,
             rollout_state_words[rollout->state], rollout_state_words[state], rollout->message);
}

void story_refused(struct sim *sim, enum sim_order order, const char *words)
{
    struct err err = {.code = ERR_OK};
    enum err_code code = sim_try_order(sim, order, web, &err);
    if (code != ERR_ILLEGAL_STATE || !strstr(err.detail, words))
        sim_fail(sim, "%s: %s, not «%s»", sim_order_words[order],
                 code == ERR_OK ? "taken" : err.detail, words);
}

/* ---- marks ---- */

struct mark {
    int64_t revision;
    const char *tag; /* NULL = it is pinned */
};

static enum err_code mark_apply(struct sim *sim, struct store_tx *tx, struct arena *arena,
                                void *argument, struct err *err)
{
    const struct mark *mark = argument;
    struct deployment deployment;
    struct revision revision;
    bool changed;
    struct revision_patch patch = {.has_pinned = true, .pinned = true};
    if (mark->tag)
        patch = (struct revision_patch){.has_tags = true, .tags = {(const char **)&mark->tag, 1}};
    tx_set_actor(tx, "operator", "request-7");
    TRY(deployments_get(tx_db(tx), arena, "default", web, &deployment, err));
    TRY(revisions_get(tx_db(tx), arena, deployment.uid, mark->revision, &revision, err));
    return control_mark_revision(sim->control, tx, arena, &deployment, &revision, &patch, &changed,
                                 err);
}

void story_mark(struct sim *sim, int64_t revision, const char *tag)
{
    struct mark mark = {revision, tag};
    SIM_MUST(sim, sim_write(sim, LANE_FIRST, mark_apply, &mark, err));
}

static enum err_code tag_apply(struct sim *sim, struct store_tx *tx, struct arena *arena,
                               void *argument, struct err *err)
{
    struct rollback_document document = {.tag = argument};
    struct change change;
    tx_set_actor(tx, "operator", "request-8");
    return control_rollback(sim->control, tx, arena, "default", web, &document, NULL, &change, err);
}

void story_roll_back_to(struct sim *sim, const char *tag)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", tag);
    SIM_MUST(sim, sim_write(sim, LANE_FIRST, tag_apply, copy, err));
}

const char *story_revisions(struct sim *sim)
{
    const struct sim_look *look = sim_look(sim, web);
    struct text text;
    text_init(&text, &sim->memory);
    for (size_t i = 0; i < look->revision_count; i++)
        text_printf(&text, "%s%lld", i == 0 ? "" : " ", (long long)look->revisions[i].number);
    return text_string(&text);
}

/* ---- counting ---- */

static bool is_wanted(const struct replica *replica, int64_t revision)
{
    return replica->wanted == WANTED_RUN && (revision == 0 || replica->revision == revision);
}

int64_t story_running(struct sim *sim, int64_t revision)
{
    const struct sim_look *look = sim_look(sim, web);
    int64_t count = 0;
    for (size_t i = 0; i < look->count; i++)
        count += is_wanted(&look->replicas[i], revision);
    return count;
}

int64_t story_available(struct sim *sim, int64_t revision)
{
    const struct sim_look *look = sim_look(sim, web);
    int64_t count = 0;
    for (size_t i = 0; i < look->count; i++)
        count += is_wanted(&look->replicas[i], revision) && look->replicas[i].available;
    return count;
}

static int64_t count_serving(const struct sim_look *look)
{
    const char *active = look->deployment.active_hash;
    int64_t count = 0;
    for (size_t i = 0; i < look->count; i++) {
        const struct replica *replica = &look->replicas[i];
        if (!is_wanted(replica, 0) || !replica->available) continue;
        count += !active || text_equal(active, replica->template_hash);
    }
    return count;
}

int64_t story_serving(struct sim *sim)
{
    return count_serving(sim_look(sim, web));
}

void story_is_whole(struct sim *sim, const char *version, int64_t replicas)
{
    const struct sim_look *look = sim_look(sim, web);
    const char *hash = look->deployment.template_hash;
    int64_t right = 0;
    for (size_t i = 0; i < look->count; i++)
        right += look->replicas[i].available && text_equal(look->replicas[i].template_hash, hash);
    bool whole = right == replicas && (int64_t)look->count == replicas &&
                 text_equal(look->deployment.spec.template.version, version);
    if (!whole)
        sim_fail(sim, "%lld of %zu replicas are available and of %s, not %lld of %s",
                 (long long)right, look->count, look->deployment.spec.template.version,
                 (long long)replicas, version);
}

struct sim_process *story_process(struct sim *sim, int64_t revision)
{
    const struct sim_look *look = sim_look(sim, web);
    for (size_t i = 0; i < look->count; i++) {
        const struct replica *replica = &look->replicas[i];
        if (!is_wanted(replica, revision) || replica->phase != REPLICA_RUNNING) continue;
        return map_get(&sim_agent_find(sim, replica->node)->by_id, replica->id);
    }
    return NULL;
}

/* ---- watching ---- */

static int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void take_sample(struct sim *sim, void *argument)
{
    struct story_samples *samples = argument;
    const struct sim_look *look = sim_look(sim, web);
    int64_t available = 0;
    for (size_t i = 0; i < look->count; i++) {
        available += is_wanted(&look->replicas[i], 0) && look->replicas[i].available;
        if (!text_equal(look->replicas[i].template_hash, look->replicas[0].template_hash))
            samples->together = true;
    }
    samples->available_min = min_i64(samples->available_min, available);
    samples->serving_min = min_i64(samples->serving_min, count_serving(look));
    if ((int64_t)look->count > samples->total_max) samples->total_max = (int64_t)look->count;
}

void story_watch(struct sim *sim, struct story_samples *samples)
{
    *samples = (struct story_samples){.available_min = INT64_MAX, .serving_min = INT64_MAX};
    sim->on_commit = take_sample;
    sim->on_commit_argument = samples;
}
