/* What agents tell between their changes: who keeps it, how long, and how much of it. */
#include "base/arena.h"
#include "base/text.h"
#include "scheduler/live.h"

#include <criterion/criterion.h>
#include <pthread.h>

static struct live *live;
static struct arena arena;

static void open_live(void)
{
    arena_init(&arena);
    live_open(&live);
    live_add_node(live, "n1");
}

static void close_live(void)
{
    live_close(live);
    arena_release(&arena);
}

TestSuite(control_live, .init = open_live, .fini = close_live);

enum { NOW_MS = 100000, ROOM = 10 };

static struct replica_sample sample(const char *id, int64_t cpu_millis)
{
    struct replica_sample made = {.id = id, .attempt = 1, .cpu_millis = cpu_millis};
    made.probes[PROBE_READINESS] = (struct probe_sample){
        .present = true, .checks = 1, .last_reason = "answered 503", .last_age_ms = 40};
    return made;
}

static void tell(const char *node, int64_t replicas, const char *id, int64_t now_ms)
{
    struct replica_sample one = sample(id, 5);
    live_tell(live, node, replicas, &one, 1, now_ms);
}

static bool is_told(const char *node, const char *id)
{
    struct live_sample found;
    return live_look(live, &arena, node, id, NOW_MS, &found);
}

Test(control_live, a_sample_is_a_copy_that_grows_older)
{
    char id[] = "web-1";
    struct replica_sample told = sample(id, 7);
    live_tell(live, "n1", ROOM, &told, 1, NOW_MS);
    told.probes[PROBE_READINESS].last_reason = NULL;
    struct live_sample found;
    cr_assert(live_look(live, &arena, "n1", "web-1", NOW_MS + 250, &found));
    id[0] = 'x';
    cr_assert_eq(found.age_ms, 250);
    cr_assert_str_eq(found.sample.id, "web-1");
    cr_assert_eq(found.sample.cpu_millis, 7);
    const struct probe_sample *probe = &found.sample.probes[PROBE_READINESS];
    cr_assert_str_eq(probe->last_reason, "answered 503");
    cr_assert_eq(probe->last_age_ms, 290);
    cr_assert_not(found.sample.probes[PROBE_LIVENESS].present);
}

Test(control_live, the_newest_sample_of_a_replica_counts)
{
    tell("n1", ROOM, "web-1", NOW_MS);
    struct replica_sample newer = sample("web-1", 9);
    live_tell(live, "n1", ROOM, &newer, 1, NOW_MS + 1);
    struct live_sample found;
    cr_assert(live_look(live, &arena, "n1", "web-1", NOW_MS + 1, &found));
    cr_assert_eq(found.sample.cpu_millis, 9);
    cr_assert_eq(found.age_ms, 0);
    cr_assert_eq(live_count(live, "n1"), 1);
}

static struct probe_answers answers_of(enum probe_kind kind, int64_t now_ms)
{
    struct probe_answers answers[PROBE_KINDS];
    if (!live_answers(live, &arena, "n1", "web-1", now_ms, answers))
        return (struct probe_answers){.count = 0};
    return answers[kind];
}

Test(control_live, the_last_answers_are_kept_once_each_over_restarts)
{
    struct replica_sample told = sample("web-1", 7);
    for (int64_t i = 0; i < 5; i++) {
        told.probes[PROBE_READINESS].checks = 1 + i / 2; /* each told twice, the last one once */
        told.probes[PROBE_READINESS].last_ok = i == 4;
        live_tell(live, "n1", ROOM, &told, 1, NOW_MS + i * 1000);
    }
    struct probe_answers answers = answers_of(PROBE_READINESS, NOW_MS + 4000);
    cr_assert_eq(answers.count, 3);
    cr_assert_eq(answers.items[0].age_ms, 4040);
    cr_assert_eq(answers.items[2].age_ms, 40);
    cr_assert(answers.items[2].ok && !answers.items[0].ok);
    cr_assert_eq(answers_of(PROBE_LIVENESS, NOW_MS).count, 0);
    told.attempt = 2;
    live_tell(live, "n1", ROOM, &told, 1, NOW_MS + 9000);
    cr_assert_eq(answers_of(PROBE_READINESS, NOW_MS + 9000).count, 4);
}

Test(control_live, what_has_ended_is_let_go_with_its_answers)
{
    tell("n1", ROOM, "web-1", NOW_MS);
    cr_assert_eq(answers_of(PROBE_READINESS, NOW_MS).count, 1);
    live_forget(live, "n1", "web-1");
    live_forget(live, "n1", "web-1");
    live_forget(live, "n2", "web-1");
    cr_assert_not(is_told("n1", "web-1"));
    cr_assert_eq(live_count(live, "n1"), 0);
    cr_assert_eq(answers_of(PROBE_READINESS, NOW_MS).count, 0);
}

Test(control_live, each_node_speaks_for_itself)
{
    live_add_node(live, "n2");
    tell("n2", ROOM, "web-1", NOW_MS);
    cr_assert(is_told("n2", "web-1"));
    cr_assert_not(is_told("n1", "web-1"));
    cr_assert_not(is_told("n3", "web-1"));
    tell("n3", ROOM, "web-1", NOW_MS);
    cr_assert_not(is_told("n3", "web-1"), "nobody knows that node");
}

Test(control_live, what_was_not_told_for_longest_makes_room)
{
    enum { MOST = ROOM + LIVE_SPARE };
    for (int i = 0; i < MOST; i++)
        tell("n1", ROOM, arena_printf(&arena, "web-%d", i), NOW_MS);
    tell("n1", ROOM, "web-0", NOW_MS);
    tell("n1", ROOM, "web-new", NOW_MS);
    cr_assert_eq(live_count(live, "n1"), MOST);
    cr_assert_not(is_told("n1", "web-1"));
    cr_assert(is_told("n1", "web-0"));
    cr_assert(is_told("n1", "web-new"));
    live_tell(live, "n1", 0, NULL, 0, NOW_MS);
    cr_assert_eq(live_count(live, "n1"), LIVE_SPARE, "it has fewer replicas now");
    cr_assert(is_told("n1", "web-new"));
}

Test(control_live, invented_ids_do_not_pile_up)
{
    enum { INVENTED = 4000 };
    struct replica_sample *samples = ARENA_ARRAY(&arena, struct replica_sample, INVENTED);
    for (int i = 0; i < INVENTED; i++)
        samples[i] = sample(arena_printf(&arena, "ghost-%d", i), 1);
    live_tell(live, "n1", 0, samples, INVENTED, NOW_MS);
    cr_assert_eq(live_count(live, "n1"), LIVE_SPARE);
}

Test(control_live, a_removed_node_takes_its_samples_along)
{
    tell("n1", ROOM, "web-1", NOW_MS);
    live_add_node(live, "n1");
    cr_assert(is_told("n1", "web-1"), "it was known");
    live_remove_node(live, "n1");
    live_remove_node(live, "n1");
    cr_assert_not(is_told("n1", "web-1"));
    live_add_node(live, "n1");
    cr_assert_eq(live_count(live, "n1"), 0);
}

enum { TELLINGS = 20000 };

static void *tell_all(void *argument)
{
    const char *node = argument;
    for (int i = 0; i < TELLINGS; i++) {
        char id[32];
        snprintf(id, sizeof id, "web-%d", i % 100);
        tell(node, ROOM, id, i);
    }
    return NULL;
}

Test(control_live, loops_tell_while_nodes_come_and_go_and_are_looked_at)
{
    static char n1[] = "n1", n2[] = "n2";
    pthread_t loops[2];
    pthread_create(&loops[0], NULL, tell_all, n1);
    pthread_create(&loops[1], NULL, tell_all, n2);
    for (int i = 0; i < 2000; i++) {
        live_add_node(live, "n2");
        is_told("n1", "web-1");
        is_told("n2", "web-1");
        live_remove_node(live, "n2");
    }
    for (int i = 0; i < 2; i++)
        pthread_join(loops[i], NULL);
    cr_assert_eq(live_count(live, "n1"), ROOM + LIVE_SPARE);
    cr_assert_eq(live_count(live, "n2"), 0);
}
