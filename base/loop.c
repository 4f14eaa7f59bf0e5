#include "base/loop.h"

#include "base/arena.h"
#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

enum { EVENTS_PER_TURN = 64, SIGNALS_PER_TURN = 16 };

struct loop {
    struct clock clock;
    int64_t now_ms; /* of the turn that runs */
    bool turning, stopped;
    int epoll_fd;
    struct heap timers;
    struct epoll_event events[EVENTS_PER_TURN]; /* fetched; removed watches are NULL */
    size_t event_count;
    struct loop_watch signal_watch;
    struct loop_signal *signals;
    sigset_t signal_set;
};

enum err_code loop_open(struct loop **loop, const struct clock *clock, struct err *err)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) return err_set(err, ERR_IO, "epoll_create: %s", strerror(errno));
    *loop = xcalloc(1, sizeof **loop);
    (*loop)->clock = *clock;
    (*loop)->epoll_fd = fd;
    heap_init(&(*loop)->timers);
    sigemptyset(&(*loop)->signal_set);
    return ERR_OK;
}

void loop_close(struct loop *loop)
{
    if (loop == NULL) return;
    assert(!loop->turning);
    if (loop->signal_watch.active) close(loop->signal_watch.fd);
    heap_release(&loop->timers);
    close(loop->epoll_fd);
    free(loop);
}

/* Between turns the time of the last one may be long ago. */
int64_t loop_now_ms(const struct loop *loop)
{
    return loop->turning ? loop->now_ms : clock_boot_ms(&loop->clock);
}

enum err_code loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
                             struct err *err)
{
    assert(!watch->active && watch->ready != NULL);
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        return err_set(err, ERR_IO, "cannot watch descriptor %d: %s", fd, strerror(errno));
    watch->fd = fd;
    watch->active = true;
    return ERR_OK;
}

void loop_watch_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
    assert(watch->active);
    struct epoll_event event = {.events = events, .data.ptr = watch};
    int rc = epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
    assert(rc == 0);
}

/* The kernel drops a descriptor by itself once it is closed, so this may find none. */
void loop_watch_remove(struct loop *loop, struct loop_watch *watch)
{
    if (!watch->active) return;
    watch->active = false;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (size_t i = 0; i < loop->event_count; i++)
        if (loop->events[i].data.ptr == watch) loop->events[i].data.ptr = NULL;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms)
{
    assert(timer->fire != NULL);
    heap_set(&loop->timers, &timer->node, loop_now_ms(loop) + (delay_ms > 0 ? delay_ms : 0));
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    heap_remove(&loop->timers, &timer->node);
}

static void call_handlers(const struct loop *loop, int number)
{
    for (struct loop_signal *signal = loop->signals; signal != NULL; signal = signal->next)
        if (signal->number == number) signal->arrived(signal);
}

static void read_signals(struct loop_watch *watch, uint32_t events)
{
    (void)events;
    const struct loop *loop = CONTAINER_OF(watch, struct loop, signal_watch);
    struct signalfd_siginfo arrived[SIGNALS_PER_TURN];
    ssize_t bytes = read(watch->fd, arrived, sizeof arrived);
    for (size_t i = 0; bytes > 0 && i < (size_t)bytes / sizeof *arrived; i++)
        call_handlers(loop, (int)arrived[i].ssi_signo);
}

static enum err_code watch_signals(struct loop *loop, struct err *err)
{
    bool is_first = !loop->signal_watch.active;
    int fd = signalfd(is_first ? -1 : loop->signal_watch.fd, &loop->signal_set,
                      SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) return err_set(err, ERR_IO, "signalfd: %s", strerror(errno));
    if (!is_first) return ERR_OK;
    loop->signal_watch.ready = read_signals;
    enum err_code code = loop_watch_add(loop, &loop->signal_watch, fd, EPOLLIN, err);
    if (code != ERR_OK) close(fd);
    return code;
}

enum err_code loop_signal_add(struct loop *loop, struct loop_signal *signal, int number,
                              struct err *err)
{
    assert(signal->arrived != NULL);
    sigaddset(&loop->signal_set, number);
    /* Blocked first: one that comes in between waits for the signalfd. */
    if (sigprocmask(SIG_BLOCK, &loop->signal_set, NULL) != 0)
        return err_set(err, ERR_IO, "cannot block signal %d: %s", number, strerror(errno));
    TRY(watch_signals(loop, err));
    signal->number = number;
    signal->next = loop->signals;
    loop->signals = signal;
    return ERR_OK;
}

static int wait_of(const struct loop *loop, int64_t wait_ms)
{
    const struct heap_node *first = heap_first(&loop->timers);
    if (first != NULL) {
        int64_t left_ms = first->due_ms - clock_boot_ms(&loop->clock);
        if (left_ms < 0) left_ms = 0;
        if (wait_ms < 0 || left_ms < wait_ms) wait_ms = left_ms;
    }
    if (wait_ms < 0) return -1;
    return wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}

static void fetch_events(struct loop *loop, int64_t wait_ms)
{
    int count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_TURN, wait_of(loop, wait_ms));
    assert(count >= 0 || errno == EINTR);
    loop->event_count = count > 0 ? (size_t)count : 0;
}

static void deliver_events(struct loop *loop)
{
    for (size_t i = 0; i < loop->event_count; i++) {
        struct loop_watch *watch = loop->events[i].data.ptr;
        if (watch != NULL) watch->ready(watch, loop->events[i].events);
    }
    loop->event_count = 0;
}

/* Those set before `order`: what a callback of this turn sets waits for the next. A timer of this
 * turn is due now at the earliest, so it sorts behind every older one that is due. */
static void fire_timers(struct loop *loop, uint64_t order)
{
    for (;;) {
        struct heap_node *first = heap_first(&loop->timers);
        if (first == NULL || first->due_ms > loop->now_ms || first->order >= order) return;
        heap_remove(&loop->timers, first);
        struct loop_timer *timer = CONTAINER_OF(first, struct loop_timer, node);
        timer->fire(timer);
    }
}

void loop_turn(struct loop *loop, int64_t wait_ms)
{
    assert(!loop->turning);
    fetch_events(loop, wait_ms);
    loop->now_ms = clock_boot_ms(&loop->clock);
    loop->turning = true;
    uint64_t order = loop->timers.next_order;
    deliver_events(loop);
    fire_timers(loop, order);
    loop->turning = false;
}

void loop_run(struct loop *loop)
{
    while (!loop->stopped)
        loop_turn(loop, -1);
    loop->stopped = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

bool loop_stopped(const struct loop *loop)
{
    return loop->stopped;
}
