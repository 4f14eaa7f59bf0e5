/* The dumb step: what is stopped, created, relabelled and forgotten for sizes that are given. */
#include "plan_story.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void expect_says(const char *text, const char *part)
{
    cr_expect(strstr(text, part), "«%s» lacks «%s»", text, part);
}

/* A rollout of "c" over "b" and the stable "a" that is paused, so that sizes stay as they are. */
static struct world *paused(int64_t replicas)
{
    struct world *world = story_three(replicas);
    world->deployment.spec.paused = true;
    world->rollout.state = ROLLOUT_PAUSED;
    return world;
}

static int64_t stopped(const struct plan *plan, const char *hash)
{
    int64_t count = 0;
    for (size_t i = 0; i < plan->action_count; i++)
        count += plan->actions[i].kind == ACTION_STOP &&
                 text_equal(plan->actions[i].replica->template_hash, hash);
    return count;
}

/* ---- surplus ---- */

Test(plan_reconcile, where_not_all_surplus_may_stop_the_oldest_set_goes_first)
{
    struct world *world = paused(3);
    story_have(world, "a", 2, true);
    story_have(world, "b", 2, true);
    story_want(world, "a", 1);
    story_want(world, "b", 1);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(stopped(plan, "a"), 1);
    cr_expect_eq(stopped(plan, "b"), 0);
    world_free(world);
}

Test(plan_reconcile, surplus_stops_down_to_the_floor_whatever_the_sizes_say)
{
    struct world *world = paused(4);
    story_have(world, "a", 6, true);
    story_want(world, "a", 1);
    cr_expect_eq(stopped(world_plan(world), "a"), 2);
    world_free(world);
}

Test(plan_reconcile, the_set_with_all_traffic_carries_the_floor_alone)
{
    struct world *world = paused(4);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.active_hash = "a";
    story_have(world, "a", 4, true);
    story_have(world, "c", 4, true);
    story_want(world, "a", 2);
    story_want(world, "c", 4);
    cr_expect_eq(stopped(world_plan(world), "a"), 0);
    world_free(world);
}

/* Of "a" 4 are available, of "b" `available_b`; 2 of "a" are wanted, and none of "b". */
static const struct {
    const char *active;
    int64_t available_b, want_stopped_a, want_stopped_b;
} floors[] = {
    {"a", 4, 0, 4},  /* what gets no traffic does not count towards the floor */
    {NULL, 4, 2, 2}, /* where all get it, all do */
    {NULL, 1, 1, 0}, {"b", 6, 2, 2}, {"b", 4, 2, 0}, {"b", 0, 2, 0},
};

Test(plan_reconcile, the_floor_is_about_what_gets_traffic)
{
    for (size_t i = 0; i < COUNT(floors); i++) {
        struct world *world = paused(4);
        world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
        world->deployment.active_hash = floors[i].active;
        story_have(world, "a", 4, true);
        story_have(world, "b", floors[i].available_b, true);
        story_want(world, "a", 2);
        const struct plan *plan = world_plan(world);
        cr_expect_eq(stopped(plan, "a"), floors[i].want_stopped_a, "row %zu", i);
        cr_expect_eq(stopped(plan, "b"), floors[i].want_stopped_b, "row %zu", i);
        world_free(world);
    }
}

static const struct {
    int64_t wanted;
    const char *want;
} whys[] = {
    {0, "told to stop: 4 of revision 1 run, 0 are wanted"},
    {1, "told to stop: 4 of revision 1 run, 1 is wanted"},
    {2, "told to stop: 4 of revision 1 run, 2 are wanted"},
};

Test(plan_reconcile, a_replica_that_stops_is_told_why)
{
    for (size_t i = 0; i < COUNT(whys); i++) {
        struct world *world = paused(0);
        story_have(world, "a", 4, true);
        story_want(world, "a", whys[i].wanted);
        world_plan(world);
        expect_says(world_text(world), whys[i].want);
        world_free(world);
    }
}

/* ---- deficit ---- */

/* Room for `room` more; "a" has all traffic and lacks two. */
static struct world *lacking(int64_t room)
{
    struct world *world = paused(4);
    world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
    world->deployment.active_hash = "a";
    story_have(world, "a", 2, true);
    story_want(world, "a", 4);
    story_have(world, "b", 6 - room, true);
    for (size_t i = 2; i < world->replica_count; i++)
        world->replicas[i].replica.wanted = WANTED_STOP;
    return world;
}

Test(plan_reconcile, where_room_is_short_the_set_with_the_traffic_comes_first)
{
    struct world *world = lacking(3);
    story_want(world, "c", 4);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_amount(plan, ACTION_CREATE, "a"), 2);
    cr_expect_eq(world_amount(plan, ACTION_CREATE, "c"), 1);
    world_free(world);
}

Test(plan_reconcile, where_there_is_room_each_set_is_filled_once)
{
    struct world *world = lacking(6);
    story_want(world, "c", 1);
    const struct plan *plan = world_plan(world);
    cr_expect_eq(world_amount(plan, ACTION_CREATE, "a"), 2);
    cr_expect_eq(world_amount(plan, ACTION_CREATE, "c"), 1);
    cr_expect_eq(world_count(plan, ACTION_CREATE), 2);
    world_free(world);
}

Test(plan_reconcile, a_back_off_wakes_only_a_set_that_lacks_something)
{
    for (int64_t lacks = 0; lacks < 2; lacks++) {
        struct world *world = paused(4);
        story_have(world, "a", 4, true);
        story_want(world, "a", 4);
        world_settle(world);
        world_set(world, "a")->failures = 1;
        world_set(world, "a")->retry_at_ms = world->now_ms + 5000;
        struct replica *replica = &world->replicas[0].replica;
        replica->counted = true;
        if (lacks) replica->phase = REPLICA_FAILED;
        const struct plan *plan = world_plan(world);
        cr_expect_eq(plan->wake_at_ms, lacks ? world->now_ms + 5000 : 0, "%lld lacks",
                     (long long)lacks);
        world_free(world);
    }
}

/* ---- rows ---- */

static const struct {
    int64_t set_revision, replica_revision; /* of the target, which is revision 3; 0 = none */
    bool want;
} labels[] = {{3, 3, false}, {3, 2, true}, {2, 0, true}, {3, 0, false}, {2, 2, true}};

Test(plan_reconcile, what_carries_an_older_number_of_the_same_template_is_relabelled)
{
    for (size_t i = 0; i < COUNT(labels); i++) {
        struct world *world = paused(1);
        if (labels[i].replica_revision) {
            story_have(world, "c", 1, true);
            story_want(world, "c", 1);
            world->replicas[0].replica.revision = labels[i].replica_revision;
        }
        world_set(world, "c")->revision = labels[i].set_revision;
        const struct plan *plan = world_plan(world);
        cr_expect_eq(world_count(plan, ACTION_RELABEL), labels[i].want, "row %zu", i);
        world_free(world);
    }
}

static const struct {
    int64_t wanted;
    const char *active;
    bool want;
} empties[] = {{0, NULL, true}, {1, NULL, false}, {0, "b", false}, {0, "a", true}};

Test(plan_reconcile, an_empty_set_is_forgotten_unless_it_is_wanted_or_has_the_traffic)
{
    for (size_t i = 0; i < COUNT(empties); i++) {
        struct world *world = paused(1);
        world->deployment.spec.strategy.type = STRATEGY_BLUE_GREEN;
        world->deployment.active_hash = empties[i].active;
        story_have(world, "a", 1, true);
        story_want(world, "a", 1);
        story_want(world, "b", empties[i].wanted);
        const struct plan *plan = world_plan(world);
        cr_expect_eq(world_count(plan, ACTION_FORGET_SET), empties[i].want, "row %zu", i);
        world_free(world);
    }
}

/* ---- order ---- */

Test(plan_reconcile, sets_of_equal_revisions_have_an_order_all_the_same)
{
    struct world *world = paused(3);
    world_ensure_set(world, "a2", 1);
    story_have(world, "a", 2, true);
    story_have(world, "a2", 2, true);
    story_want(world, "a", 1);
    story_want(world, "a2", 1);
    for (int look = 0; look < 20; look++) {
        const struct plan *plan = world_plan(world);
        cr_expect_eq(stopped(plan, "a"), 1);
        cr_expect_eq(stopped(plan, "a2"), 0);
    }
    world_free(world);
}

Test(plan_reconcile, without_a_stable_template_there_is_no_set_of_it)
{
    struct world *world = world_new(1);
    world_deploy(world, "a");
    cr_expect_eq(world_plan(world)->set_count, 1);
    world_free(world);
}
