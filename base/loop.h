/* loop.h: an event loop on epoll: file descriptors, timers and signals of one thread.
 *
 * Watches, timers and signal handlers are the caller's, embedded in its own structs; the loop only
 * links them. A callback may add, change or remove any of them, its own included: nothing that was
 * removed is called any more, not even for an event that had already been fetched.
 *
 * Ownership: descriptors stay the caller's; removing a watch does not close them. Threads: a loop
 * belongs to one thread. Time is the boot clock in milliseconds, read once per turn.
 */
#ifndef DOGSHORE_BASE_LOOP_H
#define DOGSHORE_BASE_LOOP_H

#include "base/err.h"
#include "base/heap.h"

#include <stdbool.h>
#include <stdint.h>

struct clock;
struct loop;

/* Events are EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP … of <sys/epoll.h>; level-triggered. */
struct loop_watch {
    void (*ready)(struct loop_watch *watch, uint32_t events);
    int fd;
    bool active; /* the loop's */
};

struct loop_timer {
    void (*fire)(struct loop_timer *timer);
    struct heap_node node; /* the loop's */
};

/* Blocked for the process and read from one signalfd, so a handler runs as any other callback. It
 * stays blocked when the loop is closed; children must be started with a mask of their own. */
struct loop_signal {
    void (*arrived)(struct loop_signal *signal);
    int number;
    struct loop_signal *next; /* the loop's */
};

enum err_code loop_open(struct loop **loop, const struct clock *clock, struct err *err);
void loop_close(struct loop *loop);

enum err_code loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
                             struct err *err);
void loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
void loop_watch_remove(struct loop *loop, struct loop_watch *watch); /* fine when not active */

/* Sets or moves it; 0 fires in the next turn. A timer fires once. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer); /* fine when not set */
static inline bool loop_timer_is_set(const struct loop_timer *timer)
{
    return heap_contains(&timer->node);
}

enum err_code loop_signal_add(struct loop *loop, struct loop_signal *signal, int number,
                              struct err *err);

int64_t loop_now_ms(const struct loop *loop); /* of this turn; between turns, the clock's */

/* One turn: waits at most `wait_ms` (-1 = until something happens) and calls what is due. */
void loop_turn(struct loop *loop, int64_t wait_ms);
/* Turns until loop_stop(), which also ends a run that comes later; a run that ends forgets it. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
bool loop_stopped(const struct loop *loop);

#endif
