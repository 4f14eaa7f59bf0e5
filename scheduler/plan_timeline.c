#include "scheduler/plan_timeline.h"

#include "base/arena.h"
#include "base/text.h"
#include "scheduler/plan/plan.h"

#include <assert.h>

enum {
    MS_PER_SECOND = 1000,
    PASSES_MAX = 1000,
    WORK_MAX = 200000 /* replicas looked at, over all passes */
};

const char *const timeline_end_words[] = {
    [TIMELINE_SETTLED] = "settled",
    [TIMELINE_WAITS] = "waits",
    [TIMELINE_FAILS] = "fails",
    [TIMELINE_CUT] = "cut",
    NULL,
};

/* A replica and when it does what comes next; 0 = nothing by itself. */
struct actor {
    struct view_replica item;
    int64_t next_ms;
};

struct cast {
    struct arena *arena;
    struct view view; /* sets and replicas are remade for each pass */
    struct view_set *sets;
    size_t set_count, set_capacity;
    struct actor *actors;
    size_t count, capacity;
    int64_t began_ms, work;
    int64_t ready_after_ms; /* of a start */
    int64_t drain_ms;
    int64_t numbers;
    struct timeline *timeline;
};

/* ---- the ideal cluster ---- */

static int64_t probe_ms(const struct probe *probe)
{
    if (probe == NULL) return 0;
    int64_t asked_again = (probe->success_threshold - 1) * probe->period_seconds;
    return (probe->initial_delay_seconds + asked_again) * MS_PER_SECOND;
}

/* Readiness is asked once the startup probe has passed. */
static int64_t ready_after_ms(const struct template *template)
{
    return probe_ms(template->probes.startup) + probe_ms(template->probes.readiness);
}

static struct actor *add_actor(struct cast *cast)
{
    if (cast->count == cast->capacity) {
        size_t capacity = cast->capacity == 0 ? 16 : 2 * cast->capacity;
        struct actor *bigger = ARENA_ARRAY(cast->arena, struct actor, capacity);
        if (cast->count > 0) memcpy(bigger, cast->actors, cast->count * sizeof *bigger);
        cast->actors = bigger;
        cast->capacity = capacity;
    }
    return &cast->actors[cast->count++];
}

static void schedule(struct cast *cast, struct actor *actor)
{
    const struct replica *replica = &actor->item.replica;
    actor->next_ms = 0;
    if (actor->item.presence == PRESENCE_LOST || replica_phase_final(replica->phase)) return;
    if (replica->wanted == WANTED_STOP)
        actor->next_ms = cast->view.now_ms + cast->drain_ms;
    else if (replica->phase != REPLICA_RUNNING || !replica->ready)
        actor->next_ms = cast->view.now_ms + cast->ready_after_ms;
    else
        return;
    if (actor->next_ms == 0) actor->next_ms = 1; /* 0 says never */
}

static void act(struct cast *cast, struct actor *actor)
{
    struct replica *replica = &actor->item.replica;
    actor->next_ms = 0;
    replica->phase_since_ms = cast->view.now_ms;
    if (replica->wanted == WANTED_STOP) {
        replica->phase = REPLICA_STOPPED;
        return;
    }
    if (replica->node == NULL) replica->node = "ideal";
    if (replica->attempt == 0) replica->attempt = 1;
    actor->item.presence = PRESENCE_PRESENT;
    replica->phase = REPLICA_RUNNING;
    replica->ready = true;
    replica->ready_since_ms = cast->view.now_ms;
    replica->unready_since_ms = 0;
}

/* Those that are due; who has ended leaves. */
static void act_all(struct cast *cast)
{
    size_t kept = 0;
    for (size_t i = 0; i < cast->count; i++) {
        struct actor *actor = &cast->actors[i];
        if (actor->next_ms != 0 && actor->next_ms <= cast->view.now_ms) act(cast, actor);
        bool gone = replica_phase_final(actor->item.replica.phase) &&
                    (actor->item.replica.wanted == WANTED_STOP || actor->item.replica.counted);
        if (!gone) cast->actors[kept++] = *actor;
    }
    cast->count = kept;
}

/* True when there are new answers. */
static bool answer_checks(struct cast *cast)
{
    int64_t round = cast->view.rollout.check_round;
    bool news = false;
    for (size_t i = 0; i < cast->count && round != 0; i++) {
        struct replica *replica = &cast->actors[i].item.replica;
        if (!text_equal(replica->template_hash, cast->view.target.template_hash)) continue;
        if (replica->check_round == round) continue;
        replica->check_round = round;
        replica->check_passed = true;
        news = true;
    }
    return news;
}

/* ---- a plan is carried out ---- */

static struct view_set *find_set(struct cast *cast, const char *template_hash)
{
    for (size_t i = 0; i < cast->set_count; i++)
        if (text_equal(cast->sets[i].set.template_hash, template_hash)) return &cast->sets[i];
    return NULL;
}

static struct view_set *ensure_set(struct cast *cast, const struct action *action)
{
    struct view_set *set = find_set(cast, action->template_hash);
    if (set != NULL) return set;
    assert(cast->set_count < cast->set_capacity);
    set = &cast->sets[cast->set_count++];
    *set = (struct view_set){
        .set = {.template_hash = action->template_hash, .revision = action->revision},
        .limits = cast->view.target.limits,
    };
    return set;
}

static void create(struct cast *cast, const struct action *action)
{
    const struct deployment *deployment = &cast->view.deployment;
    struct actor *actor = add_actor(cast);
    int64_t number = ++cast->numbers;
    *actor = (struct actor){
        .item.replica =
            {
                .id = arena_printf(cast->arena, "%s-new-%lld", deployment->name, (long long)number),
                .number = INT64_MAX / 2 + number,
                .deployment_uid = deployment->uid,
                .deployment = deployment->name,
                .cluster = deployment->cluster,
                .revision = action->revision,
                .template_hash = action->template_hash,
                .phase = REPLICA_PENDING,
                .reason = "",
                .phase_since_ms = cast->view.now_ms,
            },
        .item.presence = PRESENCE_PRESENT,
    };
    schedule(cast, actor);
}

static void forget_set(struct cast *cast, const char *template_hash)
{
    struct view_set *set = find_set(cast, template_hash);
    if (set != NULL) *set = cast->sets[--cast->set_count];
}

static void relabel(struct cast *cast, const struct action *action)
{
    ensure_set(cast, action)->set.revision = action->revision;
    for (size_t i = 0; i < cast->count; i++)
        if (text_equal(cast->actors[i].item.replica.template_hash, action->template_hash))
            cast->actors[i].item.replica.revision = action->revision;
}

static void stop(struct cast *cast, struct actor *actor, const struct action *action)
{
    struct replica *replica = &actor->item.replica;
    replica->wanted = WANTED_STOP;
    replica->stop_cause = action->stop_cause;
    replica->available = false;
    if (replica->phase == REPLICA_PENDING) replica->phase = REPLICA_STOPPED;
    schedule(cast, actor);
}

static void set_backoff(struct cast *cast, const struct action *action)
{
    struct view_set *set = find_set(cast, action->template_hash);
    if (set == NULL) return;
    set->set.failures = action->failures;
    set->set.retry_at_ms = action->retry_at_ms;
}

/* The actor that a view's replica was copied from; the view has them in their order. */
static struct actor *actor_of(struct cast *cast, const struct action *action)
{
    return &cast->actors[view_position(&cast->view, action->replica)];
}

static void do_replica(struct cast *cast, const struct action *action)
{
    struct actor *actor = actor_of(cast, action);
    struct replica *replica = &actor->item.replica;
    if (action->kind == ACTION_STOP) stop(cast, actor, action);
    if (action->kind == ACTION_MARK_AVAILABLE) replica->available = replica->was_available = true;
    if (action->kind == ACTION_MARK_UNAVAILABLE) replica->available = false;
    bool counts = action->kind == ACTION_COUNT_FAILURE || action->kind == ACTION_DISMISS_FAILURE;
    if (counts) replica->counted = true;
    if (action->kind == ACTION_COUNT_FAILURE) set_backoff(cast, action);
}

/* Where all got traffic before, the old set goes on with what it has. */
static void switch_traffic(struct cast *cast, const struct action *action,
                           struct timeline_step *step)
{
    struct deployment *deployment = &cast->view.deployment;
    const struct view_set *set = find_set(cast, action->template_hash);
    bool target = text_equal(action->template_hash, cast->view.target.template_hash);
    if (set != NULL && deployment->active_hash == NULL && !target)
        step->held_by = set->set.revision;
    else if (set != NULL)
        step->switched_to = set->set.revision;
    deployment->active_hash = action->template_hash;
}

static void carry_out_one(struct cast *cast, const struct action *action,
                          struct timeline_step *step)
{
    struct deployment *deployment = &cast->view.deployment;
    switch ((enum action_kind)action->kind) {
    case ACTION_SCALED:
        deployment->scaled_to = action->scaled_to;
        deployment->scaled_ceiling = action->scaled_ceiling;
        return;
    case ACTION_SET_WANTED:
        ensure_set(cast, action)->set.wanted = action->amount;
        return;
    case ACTION_RELABEL:
        relabel(cast, action);
        return;
    case ACTION_RESET_BACKOFF:
        set_backoff(cast, action);
        return;
    case ACTION_STOP:
        step->stopped++;
        do_replica(cast, action);
        return;
    case ACTION_MARK_AVAILABLE:
    case ACTION_MARK_UNAVAILABLE:
    case ACTION_COUNT_FAILURE:
    case ACTION_DISMISS_FAILURE:
        do_replica(cast, action);
        return;
    case ACTION_CREATE:
        step->started += action->amount;
        for (int64_t i = 0; i < action->amount; i++)
            create(cast, action);
        return;
    case ACTION_FORGET_SET:
        forget_set(cast, action->template_hash);
        return;
    case ACTION_SWITCH:
        switch_traffic(cast, action, step);
        return;
    case ACTION_ROLLBACK:
    case ACTION_DELETED:
        return;
    }
}

/* What the verdict says, without the sentences, which are the plan's. */
static void take_verdict(struct cast *cast, const struct plan *plan)
{
    struct view *view = &cast->view;
    struct deployment_status *status = &view->deployment.status;
    const char *failed_replica = view->rollout.failed_replica;
    view->has_rollout = plan->has_rollout;
    view->rollout = plan->rollout;
    view->rollout.message = "";
    view->rollout.reason =
        plan->rollout.reason ? arena_strdup(cast->arena, plan->rollout.reason) : NULL;
    view->rollout.failed_replica = failed_replica;
    *status = plan->status;
    status->message = "";
    if (plan->status.halted_reason)
        status->halted_reason = arena_strdup(cast->arena, plan->status.halted_reason);
    if (status->stable_revision == view->target.number) view->stable = view->target;
}

/* ---- the story ---- */

static bool runs(const struct plan *plan)
{
    return plan->has_rollout && !rollout_state_final(plan->rollout.state);
}

static void count(const struct plan *plan, const char *target_hash, struct timeline_step *step)
{
    step->updated = step->old = step->updated_available = step->available = 0;
    for (size_t i = 0; i < plan->set_count; i++) {
        const struct set_tally *set = &plan->sets[i];
        bool target = text_equal(set->template_hash, target_hash);
        *(target ? &step->updated : &step->old) += set->running;
        if (target) step->updated_available += set->available;
        step->available += set->available;
    }
}

/* The step of this time: passes that follow each other at once are one. */
static struct timeline_step *step_now(struct cast *cast)
{
    struct timeline *timeline = cast->timeline;
    int64_t at_ms = cast->view.now_ms - cast->began_ms;
    if (timeline->count > 0 && timeline->steps[timeline->count - 1].at_ms == at_ms)
        return &timeline->steps[timeline->count - 1];
    if (timeline->count == TIMELINE_STEPS_MAX) return NULL;
    struct timeline_step *step = &timeline->steps[timeline->count++];
    *step = (struct timeline_step){.at_ms = at_ms, .rollout_state = -1, .waiting_for = ""};
    return step;
}

static bool is_news(const struct cast *cast, const struct plan *plan)
{
    bool moved = plan->has_rollout && plan->rollout.state != cast->view.rollout.state;
    return plan->action_count > 0 || moved || cast->timeline->count == 0;
}

static void end(struct cast *cast, enum timeline_end how, const char *why)
{
    cast->timeline->end = how;
    cast->timeline->why = arena_strdup(cast->arena, why);
}

/* One pass. False: the story is over. */
static bool pass(struct cast *cast, struct plan *plan)
{
    struct timeline_step spare = {0}, *step = &spare;
    if (is_news(cast, plan)) {
        step = step_now(cast);
        if (step == NULL) {
            end(cast, TIMELINE_CUT, "it takes more steps than are shown");
            return false;
        }
    }
    bool fails = runs(plan) && plan->rollout.state == ROLLOUT_ROLLING_BACK &&
                 cast->view.rollout.state != ROLLOUT_ROLLING_BACK;
    fails = fails || (plan->has_rollout && plan->rollout.state == ROLLOUT_FAILED &&
                      cast->view.rollout.state != ROLLOUT_FAILED);
    count(plan, cast->view.target.template_hash, step);
    step->waiting_for = arena_strdup(cast->arena, plan->waiting_for);
    if (plan->has_rollout) step->rollout_state = plan->rollout.state;
    for (size_t i = 0; i < plan->action_count; i++)
        carry_out_one(cast, &plan->actions[i], step);
    if (fails) end(cast, TIMELINE_FAILS, plan->rollout.message);
    take_verdict(cast, plan);
    return !fails;
}

/* When something happens next; 0 = never. */
static int64_t next_ms(const struct cast *cast, int64_t wake_at_ms)
{
    int64_t next = wake_at_ms;
    for (size_t i = 0; i < cast->count; i++) {
        int64_t due = cast->actors[i].next_ms;
        if (due != 0 && (next == 0 || due < next)) next = due;
    }
    return next;
}

static void make_view(struct cast *cast, struct arena *scratch)
{
    struct view_replica *items = ARENA_ARRAY(scratch, struct view_replica, cast->count);
    for (size_t i = 0; i < cast->count; i++)
        items[i] = cast->actors[i].item;
    cast->view.replicas = items;
    cast->view.replica_count = cast->count;
    cast->view.sets = cast->sets;
    cast->view.set_count = cast->set_count;
    cast->work += (int64_t)cast->count + 1;
}

static void settle(struct cast *cast, const struct plan *plan)
{
    if (plan->waiting_for[0] != '\0')
        end(cast, TIMELINE_WAITS, plan->waiting_for);
    else
        end(cast, TIMELINE_SETTLED, "nothing is left to do");
}

static void play(struct cast *cast)
{
    auto_arena scratch;
    arena_init(&scratch);
    struct plan *plan = ARENA_NEW(cast->arena, struct plan);
    for (int i = 0; i < PASSES_MAX && cast->work < WORK_MAX; i++) {
        arena_reset(&scratch);
        act_all(cast);
        make_view(cast, &scratch);
        plan_prepare(plan, &scratch, &cast->view);
        plan_make(&cast->view, plan);
        if (!pass(cast, plan)) return;
        if (answer_checks(cast)) continue;
        int64_t next = next_ms(cast, plan->wake_at_ms);
        if (next == 0) {
            settle(cast, plan);
            return;
        }
        if (next > cast->view.now_ms) {
            cast->view.now_at += next - cast->view.now_ms;
            cast->view.now_ms = next;
        }
    }
    end(cast, TIMELINE_CUT, "it takes longer than is worth telling");
}

void plan_timeline(struct arena *arena, const struct view *view, struct timeline *timeline)
{
    const struct template *template = &view->deployment.spec.template;
    *timeline = (struct timeline){
        .steps = ARENA_ARRAY(arena, struct timeline_step, TIMELINE_STEPS_MAX),
    };
    struct cast cast = {
        .arena = arena,
        .view = *view,
        .set_count = view->set_count,
        .set_capacity = view->set_count + 3, /* the target's, the stable one's, strays' */
        .began_ms = view->now_ms,
        .ready_after_ms = ready_after_ms(template),
        .drain_ms = template->stop.drain_seconds * MS_PER_SECOND,
        .timeline = timeline,
    };
    cast.sets = ARENA_ARRAY(arena, struct view_set, cast.set_capacity);
    if (view->set_count > 0) memcpy(cast.sets, view->sets, view->set_count * sizeof *cast.sets);
    for (size_t i = 0; i < view->replica_count; i++) {
        struct actor *actor = add_actor(&cast);
        *actor = (struct actor){.item = view->replicas[i]};
        schedule(&cast, actor);
    }
    play(&cast);
}
