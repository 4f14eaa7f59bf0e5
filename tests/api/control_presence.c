/* Presence: arrivals, timers of silence, the server's own stalls. */
#include "base/arena.h"
#include "scheduler/presence.h"

#include <criterion/criterion.h>
#include <pthread.h>

static struct manual_clock now;
static struct presence *presence;
static struct arena arena;

static void open_presence(void)
{
    now = (struct manual_clock){.boot_ms = 1000000};
    arena_init(&arena);
    presence_open(&presence, clock_manual(&now));
}

static void close_presence(void)
{
    presence_close(presence);
    arena_release(&arena);
}

TestSuite(control_presence, .init = open_presence, .fini = close_presence);

static struct presence_due *take(size_t *count)
{
    struct presence_due *items;
    presence_due(presence, &arena, 100, &items, count);
    return items;
}

static size_t due_count(void)
{
    size_t count;
    take(&count);
    return count;
}

Test(control_presence, a_new_node_is_due_and_then_only_when_watched)
{
    presence_add(presence, "n1", true);
    size_t count;
    struct presence_due *due = take(&count);
    cr_assert_eq(count, 1);
    cr_assert_str_eq(due->name, "n1");
    cr_assert_eq(due->last_seen_ms, 1000000);
    cr_assert_eq(due_count(), 0, "it was taken");
    presence_watch(presence, "n1", 1015000, due->last_seen_ms, false);
    now.boot_ms += 14999;
    cr_assert_eq(due_count(), 0);
    now.boot_ms += 1;
    cr_assert_eq(due_count(), 1);
}

Test(control_presence, a_node_from_the_store_was_not_heard_yet)
{
    int64_t seen_ms = 7;
    presence_add(presence, "n1", false);
    cr_assert(presence_last_seen(presence, "n1", &seen_ms));
    cr_assert_eq(seen_ms, 0);
    presence_note(presence, "n1");
    cr_assert(presence_last_seen(presence, "n1", &seen_ms));
    cr_assert_eq(seen_ms, 1000000);
    cr_assert_not(presence_last_seen(presence, "n2", &seen_ms));
}

Test(control_presence, arrivals_of_a_healthy_node_make_nothing_due)
{
    presence_add(presence, "n1", true);
    size_t count;
    int64_t seen_ms = take(&count)->last_seen_ms;
    presence_watch(presence, "n1", 1015000, seen_ms, false);
    for (int i = 0; i < 100; i++) {
        now.boot_ms += 10;
        presence_note(presence, "n1");
        cr_assert_eq(due_count(), 0);
    }
}

Test(control_presence, the_next_arrival_of_a_silent_node_makes_it_due_at_once)
{
    presence_add(presence, "n1", true);
    size_t count;
    int64_t seen_ms = take(&count)->last_seen_ms;
    presence_watch(presence, "n1", INT64_MAX, seen_ms, true);
    now.boot_ms += 60000;
    cr_assert_eq(due_count(), 0);
    presence_note(presence, "n1");
    cr_assert_eq(due_count(), 1);
    presence_note(presence, "n1");
    cr_assert_eq(due_count(), 0, "it is being judged");
}

Test(control_presence, an_arrival_between_judgement_and_watch_is_not_lost)
{
    presence_add(presence, "n1", true);
    size_t count;
    int64_t seen_ms = take(&count)->last_seen_ms;
    now.boot_ms += 30000;
    presence_note(presence, "n1");
    presence_watch(presence, "n1", INT64_MAX, seen_ms, true);
    cr_assert_eq(due_count(), 1);
}

Test(control_presence, a_forgiven_stall_is_nobodys_silence)
{
    presence_add(presence, "n1", true);
    size_t count;
    int64_t seen_ms = take(&count)->last_seen_ms;
    presence_watch(presence, "n1", seen_ms + 15000, seen_ms, false);
    now.boot_ms += 20000;
    presence_forgive(presence, 19750);
    cr_assert_eq(presence_now_ms(presence) - seen_ms, 250);
    cr_assert_eq(due_count(), 0);
    now.boot_ms += 14750;
    cr_assert_eq(due_count(), 1);
}

Test(control_presence, at_most_as_many_as_asked_for_and_the_longest_due_first)
{
    char name[16];
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "n%02d", i);
        presence_add(presence, name, true);
        now.boot_ms++;
    }
    struct presence_due *due;
    size_t count;
    presence_due(presence, &arena, 10, &due, &count);
    cr_assert_eq(count, 10);
    cr_assert_str_eq(due[0].name, "n00");
    cr_assert_str_eq(due[9].name, "n09");
    cr_assert_eq(due_count(), 40);
}

Test(control_presence, a_removed_node_is_not_due_and_not_counted)
{
    presence_add(presence, "n1", true);
    presence_add(presence, "n2", true);
    presence_add(presence, "n2", true);
    cr_assert_eq(presence_count(presence), 2);
    presence_remove(presence, "n1");
    presence_remove(presence, "n1");
    cr_assert_eq(presence_count(presence), 1);
    presence_note(presence, "n1");
    presence_watch(presence, "n1", 0, 0, true);
    size_t count;
    struct presence_due *due = take(&count);
    cr_assert_eq(count, 1);
    cr_assert_str_eq(due->name, "n2");
}

enum { NOTES = 20000 };

static void *note_all(void *argument)
{
    (void)argument;
    for (int i = 0; i < NOTES; i++)
        presence_note(presence, i % 2 == 0 ? "n1" : "n2");
    return NULL;
}

Test(control_presence, loops_note_while_nodes_come_and_go_and_are_judged)
{
    pthread_t loops[2];
    presence_add(presence, "n1", true);
    for (int i = 0; i < 2; i++)
        pthread_create(&loops[i], NULL, note_all, NULL);
    for (int i = 0; i < 2000; i++) {
        size_t count;
        presence_add(presence, "n2", true);
        struct presence_due *due = take(&count);
        for (size_t n = 0; n < count; n++)
            presence_watch(presence, due[n].name, INT64_MAX, due[n].last_seen_ms, true);
        presence_remove(presence, "n2");
    }
    for (int i = 0; i < 2; i++)
        pthread_join(loops[i], NULL);
    cr_assert_eq(presence_count(presence), 1);
}
