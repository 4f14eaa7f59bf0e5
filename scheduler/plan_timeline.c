#include "scheduler/plan_timeline.h"

#include "base/arena.h"
#include "base/text.h"
#include "scheduler/ideal_cluster.h"
#include "scheduler/plan/plan.h"

enum {
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

struct rehearsal {
    struct ideal_cluster cluster;
    int64_t began_ms, work;
    struct timeline *timeline;
};

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

/* The step of this time: passes that follow each other at once are one. NULL: there is no room. */
static struct timeline_step *step_now(struct rehearsal *rehearsal)
{
    struct timeline *timeline = rehearsal->timeline;
    int64_t at_ms = rehearsal->cluster.view.now_ms - rehearsal->began_ms;
    if (timeline->count > 0 && timeline->steps[timeline->count - 1].at_ms == at_ms)
        return &timeline->steps[timeline->count - 1];
    if (timeline->count == TIMELINE_STEPS_MAX) return NULL;
    struct timeline_step *step = &timeline->steps[timeline->count++];
    *step = (struct timeline_step){.at_ms = at_ms, .rollout_state = -1, .waiting_for = ""};
    return step;
}

static bool is_news(const struct rehearsal *rehearsal, const struct plan *plan)
{
    bool moved = plan->has_rollout && plan->rollout.state != rehearsal->cluster.view.rollout.state;
    return plan->action_count > 0 || moved || rehearsal->timeline->count == 0;
}

static void end(struct rehearsal *rehearsal, enum timeline_end how, const char *why)
{
    rehearsal->timeline->end = how;
    rehearsal->timeline->why = arena_strdup(rehearsal->cluster.arena, why);
}

/* Is it this pass in which the rollout fails? */
static bool fails_now(const struct rehearsal *rehearsal, const struct plan *plan)
{
    int before = rehearsal->cluster.view.rollout.state;
    int state = plan->rollout.state;
    if (!plan->has_rollout || state == before) return false;
    return state == ROLLOUT_FAILED || (state == ROLLOUT_ROLLING_BACK && runs(plan));
}

/* One pass. False: it is the last one. */
static bool rehearse(struct rehearsal *rehearsal, const struct plan *plan)
{
    struct ideal_cluster *cluster = &rehearsal->cluster;
    struct timeline_step spare = {0}, *step = &spare;
    if (is_news(rehearsal, plan)) step = step_now(rehearsal);
    if (step == NULL) {
        end(rehearsal, TIMELINE_CUT, "it takes more steps than are shown");
        return false;
    }
    bool fails = fails_now(rehearsal, plan);
    count(plan, cluster->view.target.template_hash, step);
    step->waiting_for = arena_strdup(cluster->arena, plan->waiting_for);
    if (plan->has_rollout) step->rollout_state = plan->rollout.state;
    if (fails) end(rehearsal, TIMELINE_FAILS, plan->rollout.message);
    ideal_cluster_carry_out(cluster, plan, step);
    return !fails;
}

static void settle(struct rehearsal *rehearsal, const struct plan *plan)
{
    if (plan->waiting_for[0] != '\0')
        end(rehearsal, TIMELINE_WAITS, plan->waiting_for);
    else
        end(rehearsal, TIMELINE_SETTLED, "nothing is left to do");
}

/* To the time at which something happens next. False: nothing ever does. */
static bool move_on(struct ideal_cluster *cluster, int64_t wake_at_ms)
{
    int64_t next = ideal_cluster_next_ms(cluster);
    if (wake_at_ms != 0 && (next == 0 || wake_at_ms < next)) next = wake_at_ms;
    if (next == 0) return false;
    if (next > cluster->view.now_ms) {
        cluster->view.now_at += next - cluster->view.now_ms;
        cluster->view.now_ms = next;
    }
    return true;
}

static void run_passes(struct rehearsal *rehearsal)
{
    struct ideal_cluster *cluster = &rehearsal->cluster;
    auto_arena scratch;
    arena_init(&scratch);
    struct plan *plan = ARENA_NEW(cluster->arena, struct plan);
    for (int i = 0; i < PASSES_MAX && rehearsal->work < WORK_MAX; i++) {
        arena_reset(&scratch);
        ideal_cluster_advance(cluster);
        ideal_cluster_look(cluster, &scratch);
        rehearsal->work += (int64_t)cluster->count + 1;
        plan_prepare(plan, &scratch, &cluster->view);
        plan_make(&cluster->view, plan);
        if (!rehearse(rehearsal, plan)) return;
        if (ideal_cluster_answer_checks(cluster)) continue;
        if (!move_on(cluster, plan->wake_at_ms)) {
            settle(rehearsal, plan);
            return;
        }
    }
    end(rehearsal, TIMELINE_CUT, "it takes longer than is worth telling");
}

void plan_timeline(struct arena *arena, const struct view *view, struct timeline *timeline)
{
    *timeline = (struct timeline){
        .steps = ARENA_ARRAY(arena, struct timeline_step, TIMELINE_STEPS_MAX),
    };
    struct rehearsal rehearsal = {.began_ms = view->now_ms, .timeline = timeline};
    ideal_cluster_init(&rehearsal.cluster, arena, view);
    run_passes(&rehearsal);
}
