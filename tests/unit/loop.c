#include "base/loop.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { THINGS = 200 };

/* A loop on a clock that the test moves, and things on it that count their calls. */
struct world {
    struct manual_clock time;
    struct loop *loop;
};

struct thing {
    struct loop_watch watch;
    struct loop_timer timer;
    struct loop_signal signal;
    struct world *world;
    struct thing *other;
    int calls;
    uint32_t events;
};

static void open_world(struct world *world)
{
    world->time = (struct manual_clock){.boot_ms = 1000};
    struct clock clock = clock_manual(&world->time);
    struct err err;
    cr_assert_eq(loop_open(&world->loop, &clock, &err), ERR_OK);
}

/* An event counter that is ready for reading at once. */
static int ready_fd(void)
{
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    cr_assert_geq(fd, 0);
    return fd;
}

static void count_event(struct loop_watch *watch, uint32_t events)
{
    struct thing *thing = CONTAINER_OF(watch, struct thing, watch);
    thing->calls++;
    thing->events = events;
}

static void count_timer(struct loop_timer *timer)
{
    CONTAINER_OF(timer, struct thing, timer)->calls++;
}

static void watch(struct world *world, struct thing *thing, uint32_t events,
                  void (*ready)(struct loop_watch *, uint32_t))
{
    *thing = (struct thing){.world = world, .watch.ready = ready};
    struct err err;
    cr_assert_eq(loop_watch_add(world->loop, &thing->watch, ready_fd(), events, &err), ERR_OK);
}

static void set(struct world *world, struct thing *thing, int64_t delay_ms)
{
    thing->world = world;
    if (thing->timer.fire == NULL) thing->timer.fire = count_timer;
    loop_timer_set(world->loop, &thing->timer, delay_ms);
}

Test(loop, a_ready_descriptor_is_told_as_long_as_it_is_ready)
{
    struct world world;
    struct thing thing;
    open_world(&world);
    watch(&world, &thing, EPOLLIN, count_event);
    loop_turn(world.loop, -1);
    loop_turn(world.loop, -1);
    cr_assert_eq(thing.calls, 2);
    cr_assert_eq(thing.events, EPOLLIN);
    loop_watch_change(world.loop, &thing.watch, EPOLLOUT);
    loop_turn(world.loop, -1);
    cr_assert_eq(thing.events, EPOLLOUT);
    loop_watch_change(world.loop, &thing.watch, 0);
    loop_turn(world.loop, 0);
    cr_assert_eq(thing.calls, 3);
    loop_close(world.loop);
    cr_assert_eq(fcntl(thing.watch.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC, "the caller's to close");
    close(thing.watch.fd);
}

Test(loop, a_removed_watch_is_not_told_and_may_come_back)
{
    struct world world;
    struct thing thing;
    struct err err;
    open_world(&world);
    watch(&world, &thing, EPOLLIN, count_event);
    loop_watch_remove(world.loop, &thing.watch);
    loop_watch_remove(world.loop, &thing.watch);
    loop_turn(world.loop, 0);
    cr_assert_eq(thing.calls, 0);
    int fd = thing.watch.fd;
    cr_assert_eq(loop_watch_add(world.loop, &thing.watch, fd, EPOLLIN, &err), ERR_OK);
    loop_turn(world.loop, -1);
    cr_assert_eq(thing.calls, 1);
    close(fd);
    loop_watch_remove(world.loop, &thing.watch);
    loop_close(world.loop);
}

static void remove_other(struct loop_watch *watch, uint32_t events)
{
    count_event(watch, events);
    struct thing *thing = CONTAINER_OF(watch, struct thing, watch);
    loop_watch_remove(thing->world->loop, &thing->other->watch);
}

Test(loop, of_two_that_remove_each_other_one_is_told)
{
    struct world world;
    struct thing things[2];
    open_world(&world);
    for (int i = 0; i < 2; i++)
        watch(&world, &things[i], EPOLLIN, remove_other);
    for (int i = 0; i < 2; i++)
        things[i].other = &things[1 - i];
    loop_turn(world.loop, -1);
    cr_assert_eq(things[0].calls + things[1].calls, 1);
    loop_close(world.loop);
    close(things[0].watch.fd);
    close(things[1].watch.fd);
}

static void remove_self(struct loop_watch *watch, uint32_t events)
{
    count_event(watch, events);
    loop_watch_remove(CONTAINER_OF(watch, struct thing, watch)->world->loop, watch);
    close(watch->fd);
}

Test(loop, more_descriptors_than_one_turn_fetches_are_all_told)
{
    static struct thing things[THINGS];
    struct world world;
    open_world(&world);
    for (int i = 0; i < THINGS; i++)
        watch(&world, &things[i], EPOLLIN, remove_self);
    for (int i = 0; i < THINGS; i++)
        loop_turn(world.loop, 0);
    for (int i = 0; i < THINGS; i++)
        cr_assert_eq(things[i].calls, 1);
    loop_close(world.loop);
}

Test(loop, what_cannot_be_watched_is_an_error)
{
    struct world world;
    struct thing thing = {.watch.ready = count_event};
    struct err err;
    open_world(&world);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    cr_assert_eq(loop_watch_add(world.loop, &thing.watch, file, EPOLLIN, &err), ERR_IO);
    cr_assert_not(thing.watch.active);
    close(file);
    loop_close(world.loop);
}

Test(loop, timers_fire_once_when_they_are_due)
{
    struct world world;
    struct thing soon = {.calls = 0}, late = {.calls = 0};
    open_world(&world);
    set(&world, &late, 500);
    set(&world, &soon, 10);
    world.time.boot_ms += 9;
    loop_turn(world.loop, 0);
    cr_assert_eq(soon.calls, 0);
    world.time.boot_ms += 1;
    loop_turn(world.loop, -1);
    loop_turn(world.loop, 0);
    cr_assert_eq(soon.calls, 1);
    cr_assert_eq(late.calls, 0);
    cr_assert(loop_timer_is_set(&late.timer) && !loop_timer_is_set(&soon.timer));
    world.time.boot_ms += 10000;
    loop_turn(world.loop, -1);
    cr_assert_eq(late.calls, 1);
    loop_close(world.loop);
}

Test(loop, a_timer_can_be_moved_and_cancelled)
{
    struct world world;
    struct thing moved = {.calls = 0}, cancelled = {.calls = 0};
    open_world(&world);
    set(&world, &moved, 10);
    set(&world, &cancelled, 10);
    set(&world, &moved, 30);
    loop_timer_cancel(world.loop, &cancelled.timer);
    loop_timer_cancel(world.loop, &cancelled.timer);
    world.time.boot_ms += 29;
    loop_turn(world.loop, 0);
    cr_assert_eq(moved.calls, 0);
    world.time.boot_ms += 1;
    loop_turn(world.loop, 0);
    cr_assert_eq(moved.calls, 1);
    cr_assert_eq(cancelled.calls, 0);
    loop_close(world.loop);
}

static void set_again(struct loop_timer *timer)
{
    struct thing *thing = CONTAINER_OF(timer, struct thing, timer);
    thing->calls++;
    loop_timer_set(thing->world->loop, timer, 0);
}

Test(loop, a_timer_of_no_delay_set_by_a_timer_waits_for_the_next_turn)
{
    struct world world;
    struct thing thing = {.timer.fire = set_again};
    open_world(&world);
    set(&world, &thing, 0);
    for (int turn = 1; turn <= 3; turn++) {
        loop_turn(world.loop, -1);
        cr_assert_eq(thing.calls, turn);
    }
    loop_close(world.loop);
    cr_assert_not(loop_timer_is_set(&thing.timer));
}

static void cancel_other(struct loop_timer *timer)
{
    struct thing *thing = CONTAINER_OF(timer, struct thing, timer);
    thing->calls++;
    loop_timer_cancel(thing->world->loop, &thing->other->timer);
}

Test(loop, a_timer_that_another_cancels_does_not_fire)
{
    struct world world;
    struct thing first = {.timer.fire = cancel_other}, second = {.calls = 0};
    open_world(&world);
    first.other = &second;
    set(&world, &first, 5);
    set(&world, &second, 5);
    world.time.boot_ms += 5;
    loop_turn(world.loop, 0);
    cr_assert_eq(first.calls, 1);
    cr_assert_eq(second.calls, 0);
    loop_close(world.loop);
}

static void look_at_time(struct loop_timer *timer)
{
    struct thing *thing = CONTAINER_OF(timer, struct thing, timer);
    thing->world->time.boot_ms += 7;
    thing->calls = (int)loop_now_ms(thing->world->loop);
}

Test(loop, time_stands_still_within_a_turn)
{
    struct world world;
    struct thing thing = {.timer.fire = look_at_time};
    open_world(&world);
    set(&world, &thing, 0);
    loop_turn(world.loop, 0);
    cr_assert_eq(thing.calls, 1000);
    cr_assert_eq(loop_now_ms(world.loop), 1007);
    loop_close(world.loop);
}

static void count_signal(struct loop_signal *signal)
{
    struct thing *thing = CONTAINER_OF(signal, struct thing, signal);
    thing->calls++;
    loop_stop(thing->world->loop);
}

Test(loop, signals_are_told_by_number)
{
    struct world world;
    struct thing user1 = {.signal.arrived = count_signal, .world = &world};
    struct thing user2 = {.signal.arrived = count_signal, .world = &world};
    struct err err;
    open_world(&world);
    cr_assert_eq(loop_signal_add(world.loop, &user1.signal, SIGUSR1, &err), ERR_OK);
    cr_assert_eq(loop_signal_add(world.loop, &user2.signal, SIGUSR2, &err), ERR_OK);
    kill(getpid(), SIGUSR2);
    loop_run(world.loop);
    cr_assert_eq(user1.calls, 0);
    cr_assert_eq(user2.calls, 1);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR2);
    loop_turn(world.loop, -1);
    cr_assert_eq(user1.calls, 1);
    cr_assert_eq(user2.calls, 2);
    loop_close(world.loop);
}

Test(loop, a_stop_before_a_run_ends_it_once)
{
    struct world world;
    struct thing thing = {.calls = 0};
    open_world(&world);
    set(&world, &thing, 0);
    loop_stop(world.loop);
    cr_assert(loop_stopped(world.loop));
    loop_run(world.loop);
    cr_assert_not(loop_stopped(world.loop));
    cr_assert_eq(thing.calls, 0);
    loop_close(world.loop);
}

Test(loop, closing_nothing_is_fine)
{
    loop_close(NULL);
}
