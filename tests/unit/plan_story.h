/* plan_story.h: a rollout told as a table: what happens, and what the planner has made of it.
 *
 *     {"deploy b", "a=4/4 b=1/0 progressing"},
 *     {"obey",     "a=3/3 b=2/1 progressing 1"},
 *
 * After each event the world settles. The picture: every set with its wanted and its available
 * replicas (oldest first, empty ones left out), " active X" when only X gets traffic, the rollout's
 * state, and rollout.step when it is not 0.
 */
#ifndef DOGSHORE_TESTS_PLAN_STORY_H
#define DOGSHORE_TESTS_PLAN_STORY_H

#include "plan_world.h"

struct scene {
    const char *happens, *want;
};

#define STORY(world, ...)                                                                          \
    story_tell((world), (const struct scene[]){__VA_ARGS__, {NULL, NULL}}, __FILE__, __LINE__)

static inline int64_t story_available(const struct world *world, const char *hash)
{
    int64_t available = 0;
    for (size_t i = 0; i < world->replica_count; i++) {
        const struct replica *replica = &world->replicas[i].replica;
        available += replica->available && !replica_phase_final(replica->phase) &&
                     text_equal(replica->template_hash, hash);
    }
    return available;
}

static inline const char *story_picture(struct world *world)
{
    struct text text;
    text_init(&text, &world->memory);
    for (int64_t number = 1; number < world->deployment.next_revision; number++) {
        for (size_t i = 0; i < world->set_count; i++) {
            const struct revision_set *set = &world->sets[i];
            int64_t available = story_available(world, set->template_hash);
            if (set->revision != number || set->wanted + available == 0) continue;
            text_printf(&text, "%s=%lld/%lld ", set->template_hash, (long long)set->wanted,
                        (long long)available);
        }
    }
    if (world->deployment.active_hash)
        text_printf(&text, "active %s ", world->deployment.active_hash);
    text_add(&text, word_of(rollout_state_words, world->rollout.state));
    if (world->rollout.step) text_printf(&text, " %lld", (long long)world->rollout.step);
    return text_string(&text);
}

/* ---- events ---- */

static inline void story_obey(struct world *world, const char *hash)
{
    for (size_t i = 0; i < world->replica_count; i++) {
        struct world_replica *item = &world->replicas[i];
        const struct replica *replica = &item->replica;
        if (replica_phase_final(replica->phase)) continue;
        if (hash && !text_equal(replica->template_hash, hash)) continue;
        if (world_presence(world, item) != PRESENCE_PRESENT) continue;
        bool run = replica->wanted == WANTED_RUN;
        world_move(world, item, run ? REPLICA_RUNNING : REPLICA_STOPPED, run);
    }
}

/* Every replica of the target that runs answers the check that is asked for; `no`: one fails. */
static inline void story_answer(struct world *world, bool no)
{
    for (size_t i = 0; i < world->replica_count; i++) {
        struct replica *replica = &world->replicas[i].replica;
        if (replica_phase_final(replica->phase) || replica->wanted == WANTED_STOP) continue;
        if (!text_equal(replica->template_hash, world->deployment.template_hash)) continue;
        replica->check_round = world->rollout.check_round;
        replica->check_passed = !no;
        replica->check_reason = no ? "500 «broken»" : "";
        no = false;
    }
}

static inline void story_fail(struct world *world, const char *hash, const char *reason)
{
    struct world_replica *item = world_nth(world, hash, 0);
    world_move(world, item, REPLICA_FAILED, false);
    item->replica.reason = reason;
}

static inline void story_lifecycle(struct world *world, enum deployment_lifecycle lifecycle)
{
    world->deployment.lifecycle = (int)lifecycle;
    if (lifecycle == LIFECYCLE_TERMINATED && !rollout_state_final(world->rollout.state))
        world->rollout.state = ROLLOUT_ABORTED;
}

/* An operator's way back: a new, direct rollout to a template that is known. */
static inline void story_go_back(struct world *world, const char *hash)
{
    world_deploy(world, hash);
    world->rollout.direct = true;
}

/* "web-3 n2": node names count from n1. */
static inline void story_node(struct world *world, const char *name, enum replica_presence presence)
{
    world->presence[name[1] - '1'] = (int)presence;
}

/* Moves a set's replicas to one node, so that a story can lose them. */
static inline void story_gather(struct world *world, const char *hash)
{
    for (size_t i = 0; i < world->replica_count; i++) {
        struct world_replica *item = &world->replicas[i];
        if (!text_equal(item->replica.template_hash, hash) || item->node < 0) continue;
        item->node = 3;
        item->replica.node = world_node_name(3);
    }
}

static inline int64_t story_number(const char *word)
{
    int64_t number = 0;
    cr_assert(text_to_int64(word, 0, INT64_MAX, &number), "%s", word);
    return number;
}

static inline void story_event(struct world *world, const char *verb, const char *rest)
{
    struct deployment_spec *spec = &world->deployment.spec;
    const char *name = *rest ? arena_strdup(&world->memory, rest) : NULL;
    if (text_equal(verb, "deploy"))
        world_deploy(world, name);
    else if (text_equal(verb, "go-back"))
        story_go_back(world, name);
    else if (text_equal(verb, "obey"))
        story_obey(world, name);
    else if (text_equal(verb, "time"))
        world_pass_time(world, story_number(rest));
    else if (text_equal(verb, "scale"))
        spec->replicas = story_number(rest);
    else if (text_equal(verb, "pause"))
        spec->paused = true;
    else if (text_equal(verb, "resume"))
        spec->paused = false;
    else if (text_equal(verb, "promote"))
        world->rollout.promote = name ? PROMOTE_FULL : PROMOTE_STEP;
    else if (text_equal(verb, "fail"))
        story_fail(world, name, "exit");
    else if (text_equal(verb, "crash-loop"))
        story_fail(world, name, "crash_loop");
    else if (text_equal(verb, "unready"))
        world_move(world, world_nth(world, name, 0), REPLICA_RUNNING, false);
    else if (text_equal(verb, "passed"))
        story_answer(world, false);
    else if (text_equal(verb, "not-passed"))
        story_answer(world, true);
    else if (text_equal(verb, "gather"))
        story_gather(world, name);
    else if (text_equal(verb, "suspect"))
        story_node(world, name, PRESENCE_UNKNOWN);
    else if (text_equal(verb, "lose"))
        story_node(world, name, PRESENCE_LOST);
    else if (text_equal(verb, "back"))
        story_node(world, name, PRESENCE_PRESENT);
    else if (text_equal(verb, "strategy"))
        spec->strategy.type = word_find(strategy_type_words, rest);
    else if (text_equal(verb, "terminate"))
        story_lifecycle(world, LIFECYCLE_TERMINATED);
    else if (text_equal(verb, "start"))
        story_lifecycle(world, LIFECYCLE_ACTIVE);
    else
        cr_assert(text_equal(verb, "look"), "no event is called %s", verb);
}

static inline void story_happens(struct world *world, const char *event)
{
    char verb[32];
    size_t bytes = strcspn(event, " ");
    cr_assert_lt(bytes, sizeof verb);
    snprintf(verb, sizeof verb, "%.*s", (int)bytes, event);
    story_event(world, verb, event[bytes] ? event + bytes + 1 : "");
}

static inline void story_tell(struct world *world, const struct scene *scenes, const char *file,
                              int line)
{
    for (size_t i = 0; scenes[i].happens; i++) {
        story_happens(world, scenes[i].happens);
        world_settle(world);
        const char *picture = story_picture(world);
        cr_assert_str_eq(picture, scenes[i].want, "%s:%d scene %zu «%s»: «%s», not «%s»\n%s", file,
                         line, i, scenes[i].happens, picture, scenes[i].want, world_text(world));
    }
}

/* ---- by hand ---- */

/* "c" is deployed over "b" and the stable "a"; nothing runs yet. */
static inline struct world *story_three(int64_t replicas)
{
    struct world *world = world_new(replicas);
    world_deploy(world, "a");
    world_deploy(world, "b");
    world_deploy(world, "c");
    world->deployment.status.stable_revision = 1;
    world->deployment.scaled_to = world->deployment.scaled_ceiling = replicas;
    return world;
}

/* Replicas of `hash` that run, available or not. */
static inline void story_have(struct world *world, const char *hash, int64_t count, bool available)
{
    for (int64_t i = 0; i < count; i++) {
        struct world_replica *item = world_add(world, hash, world_set(world, hash)->revision);
        world_move(world, item, REPLICA_RUNNING, available);
        item->replica.available = item->replica.was_available = available;
    }
}

static inline void story_want(struct world *world, const char *hash, int64_t wanted)
{
    world_set(world, hash)->wanted = wanted;
}

#endif
