/* What becomes of an attempt: executed, ended, lost. Its callbacks may free it or start it anew, so
 * each is the last thing that a function does. */
#include "agent/driver_parts.h"
#include "base/arena.h"
#include "base/log.h"

#include <assert.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

enum { NOTICE_BYTES = 4096, LOCK_RETRY_MS = 10 };

/* --- a struct attempt ------------------------------------------------------------------------- */

static void close_watch(struct attempt *attempt, struct loop_watch *watch)
{
    if (!watch->active) return;
    loop_watch_remove(attempt->driver->loop, watch);
    close(watch->fd);
}

static void look_again(struct loop_timer *timer)
{
    attempt_look(CONTAINER_OF(timer, struct attempt, timer));
}

void attempt_init(struct attempt *attempt, struct driver *driver, const char *folder)
{
    assert(attempt->driver == NULL);
    *attempt = (struct attempt){.events = attempt->events,
                                .driver = driver,
                                .timer = {.fire = look_again},
                                .folder = xstrdup(folder)};
}

void attempt_release(struct attempt *attempt)
{
    close_watch(attempt, &attempt->pid_watch);
    close_watch(attempt, &attempt->shim_watch);
    loop_timer_cancel(attempt->driver->loop, &attempt->timer);
    free(attempt->folder);
    attempt->folder = NULL;
    attempt->driver = NULL;
}

void driver_forget(struct attempt *attempt)
{
    if (attempt->driver != NULL) attempt_release(attempt);
}

/* --- signals ---------------------------------------------------------------------------------- */

/* A shim that somebody has stopped would read it never. */
static void send_signal(struct attempt *attempt, int number)
{
    if (!attempt->shim_watch.active) return;
    pidfd_send_signal(attempt->shim_watch.fd, number, NULL, 0);
    pidfd_send_signal(attempt->shim_watch.fd, SIGCONT, NULL, 0);
}

void driver_signal(struct attempt *attempt)
{
    send_signal(attempt, SIGTERM);
}

void driver_kill(struct attempt *attempt)
{
    send_signal(attempt, SIGUSR1);
}

/* --- executed --------------------------------------------------------------------------------- */

void attempt_tell_running(struct attempt *attempt, pid_t child)
{
    close_watch(attempt, &attempt->pid_watch);
    attempt->running = true;
    attempt->child = child;
    attempt->events->running(attempt, child);
}

/* At the end of the notice there is nothing more to come. Its descriptor is closed first: where
 * there is no other, the file is read with that one. */
static void pid_is_ready(struct loop_watch *watch, uint32_t events)
{
    struct attempt *attempt = CONTAINER_OF(watch, struct attempt, pid_watch);
    char bytes[NOTICE_BYTES];
    struct pid_record record;
    (void)events;
    bool is_over = read(watch->fd, bytes, sizeof bytes) == 0;
    if (is_over) close_watch(attempt, watch);
    if (pid_record_read(attempt->folder, &record)) attempt_tell_running(attempt, record.child);
}

enum err_code attempt_watch_pid(struct attempt *attempt, int fd, struct err *err)
{
    attempt->pid_watch.ready = pid_is_ready;
    enum err_code code =
        loop_watch_add(attempt->driver->loop, &attempt->pid_watch, fd, EPOLLIN, err);
    if (code != ERR_OK) close(fd);
    return code;
}

/* --- ended ------------------------------------------------------------------------------------ */

static void tell_ended(struct attempt *attempt, const struct attempt_exit *exit)
{
    attempt_release(attempt);
    attempt->events->ended(attempt, exit);
}

/* Not ours when an earlier life of the agent started it. */
static void reap_shim(struct attempt *attempt)
{
    siginfo_t ended;
    if (!attempt->shim_watch.active) return;
    waitid(P_PIDFD, (id_t)attempt->shim_watch.fd, &ended, WEXITED | WNOHANG);
    close_watch(attempt, &attempt->shim_watch);
}

/* A shim that died under our eyes and was not reaped still owns its number, which is its session's.
 */
static void kill_leftovers(struct attempt *attempt)
{
    size_t killed = leftovers_kill(attempt->folder, attempt->shim_watch.active ? attempt->shim : 0);
    log_message(LOG_WARN, "shim_lost", "%s: its shim was lost; %zu processes were left and killed",
                attempt->folder, killed);
}

void attempt_conclude(struct attempt *attempt)
{
    struct attempt_exit exit;
    bool is_known = attempt_exit_read(attempt->driver, attempt->folder, &exit);
    if (!is_known && !attempt_burn(attempt->folder)) {
        /* A child of a shim that was killed before it was executed; it is about to die, too. */
        reap_shim(attempt);
        loop_timer_set(attempt->driver->loop, &attempt->timer, LOCK_RETRY_MS);
        return;
    }
    if (!is_known && !attempt_exit_read(attempt->driver, attempt->folder, &exit))
        attempt_exit_lost(attempt->driver, attempt->folder, &exit);
    if (exit.end == ATTEMPT_SHIM_LOST) kill_leftovers(attempt);
    reap_shim(attempt);
    tell_ended(attempt, &exit);
}

/* What was executed is told to run before it is told to have ended: in the next turn, since the
 * pidfd stays readable. */
static void shim_has_ended(struct loop_watch *watch, uint32_t events)
{
    struct attempt *attempt = CONTAINER_OF(watch, struct attempt, shim_watch);
    struct pid_record record;
    (void)events;
    if (!attempt->running && pid_record_read(attempt->folder, &record))
        attempt_tell_running(attempt, record.child);
    else
        attempt_conclude(attempt);
}

enum err_code attempt_watch(struct attempt *attempt, int pidfd, pid_t shim, struct err *err)
{
    attempt->shim = shim;
    attempt->shim_watch.ready = shim_has_ended;
    enum err_code code =
        loop_watch_add(attempt->driver->loop, &attempt->shim_watch, pidfd, EPOLLIN, err);
    if (code != ERR_OK) close(pidfd);
    return code;
}
