/* dogshore-shim FOLDER: runs one attempt of one replica and outlives the agent that ordered it.
 *
 * The agent may be killed, upgraded or started anew at any time; what it started must go on, its
 * output must be kept and the way it ended must not be lost. So each process has a shim of its own,
 * which does nothing else, and which the agent finds again by the files of the attempt's folder:
 *
 *     spec    what to run; the agent writes it before it starts the shim
 *     lock    locked (flock) by the shim from its first to its last moment: alive = locked
 *     pid     shim and child, with their start times and the boot's id, since a bare number may
 *             be another process by tomorrow; written once the child was executed
 *     exit    how it ended; the last thing that the shim writes
 *
 *     agent                      shim                                child
 *       ├─ spec, spawn ───────────► lock; nothing if `pid` or `exit` exists
 *       │                           fork ─────────────────────────────► own group, no new
 *       │                            │                                  privileges, chdir, exec
 *       │ ◄─── end of the notice ─── pid ◄──────── end of the report ───┤
 *       ├─ SIGTERM ────────────────► stop signal to the group ──────────►
 *       ├─ SIGUSR1 ────────────────► SIGKILL to the group ──────────────►
 *       │                           log, log.1 ◄── stdout and stderr ───┤
 *       │                            │ ◄─────────────────── it ends ────┘
 *       │                           SIGKILL to all that is left of it
 *       │ ◄──── shim's own end ──── exit
 *
 * The notice is a pipe that the shim inherits as descriptor 3 and closes; the agent learns by it
 * when to look for `pid`. A folder is good for one attempt: with its lock free and no `exit` it is
 * burnt, and whoever finds that out writes "end=lost" there, under the lock, so that a shim that
 * comes late does nothing.
 *
 * Who descends from the child and loses its parent becomes a child of the shim (a "subreaper"), so
 * nobody gets away by forking twice; all of them end with the child. The child ends with the shim,
 * by the kernel's hand. No heap, no threads; all signals are blocked and the three that matter are
 * read from a descriptor.
 */
#include "shim/child.h"
#include "shim/files.h"
#include "shim/log.h"
#include "shim/order.h"
#include "shim/outcome.h"
#include "shim/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

enum {
    EXIT_USAGE = 64, /* EX_USAGE and so on of <sysexits.h> */
    EXIT_NO_INPUT = 66,
    EXIT_SYSTEM = 71,
    EXIT_TAKEN = 75,
    SHIM_UMASK = 027,
    BOOT_ID_BYTES = 64,
    DRAIN_BYTES_MAX = 1 << 20 /* a pipe's greatest capacity, should somebody else hold its end */
};

struct shim {
    int folder, lock, signals;
    int notice; /* -1 = given, or there is none */
    int stop_signal;
    struct order order;
    struct child child;
    struct outcome outcome;
    struct log_file log;
};

/* --- begin ------------------------------------------------------------------------------------ */

/* What else was inherited by mistake is closed. */
static void keep_notice(struct shim *shim)
{
    bool is_there = fcntl(SHIM_NOTICE_FD, F_SETFD, FD_CLOEXEC) == 0;
    shim->notice = is_there ? SHIM_NOTICE_FD : -1;
    close_range(is_there ? SHIM_NOTICE_FD + 1 : SHIM_NOTICE_FD, UINT_MAX, 0);
}

/* Pending ones stay pending: they may have been sent before the shim was ready. */
static bool take_signals(struct shim *shim)
{
    sigset_t all, read;
    sigfillset(&all);
    sigemptyset(&read);
    sigaddset(&read, SIGCHLD);
    sigaddset(&read, SIGTERM);
    sigaddset(&read, SIGUSR1);
    sigprocmask(SIG_SETMASK, &all, NULL);
    shim->signals = signalfd(-1, &read, SFD_CLOEXEC | SFD_NONBLOCK);
    return shim->signals >= 0 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
}

/* 0, or the status to exit with: nothing was started then. */
static int begin(struct shim *shim, const char *folder)
{
    keep_notice(shim);
    if (!take_signals(shim)) return EXIT_SYSTEM;
    umask(SHIM_UMASK);
    shim->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (shim->folder < 0) return EXIT_NO_INPUT;
    shim->lock = lock_take(shim->folder);
    if (shim->lock < 0) return EXIT_TAKEN;
    if (file_exists(shim->folder, SHIM_EXIT_FILE) || file_exists(shim->folder, SHIM_PID_FILE))
        return EXIT_TAKEN;
    if (!order_read(&shim->order, shim->folder)) return EXIT_NO_INPUT;
    shim->stop_signal = shim->order.stop_signal;
    log_file_open(&shim->log, shim->order.log, shim->order.log_bytes);
    return chdir("/") == 0 ? 0 : EXIT_SYSTEM;
}

/* --- while the child runs --------------------------------------------------------------------- */

static bool write_pid(const struct shim *shim)
{
    char text[256];
    pid_t child = shim->child.pid;
    snprintf(text, sizeof text,
             "shim=%d\nshim_start=%lld\nchild=%d\nchild_start=%lld\nboot_id=%.*s\n", (int)getpid(),
             process_start_ticks(getpid()), (int)child, process_start_ticks(child), BOOT_ID_BYTES,
             shim->order.boot_id);
    return file_write(shim->folder, SHIM_PID_FILE, text);
}

/* Nobody could tell a child without `pid` from a stranger: it must not go on. That is no fault of
 * its own, and its outcome says so. */
static void announce(struct shim *shim)
{
    if (write_pid(shim)) return;
    outcome_not_forked(&shim->outcome, OUTCOME_WHAT_FORK, errno);
    child_signal_group(&shim->child, SIGKILL);
}

static void take_report(struct shim *shim)
{
    if (shim->child.report < 0) return;
    if (child_was_executed(&shim->child, &shim->outcome)) announce(shim);
    order_release(&shim->order);
    if (shim->notice >= 0) close(shim->notice);
    shim->notice = -1;
}

static ssize_t take_output(struct shim *shim)
{
    ssize_t bytes = log_file_take(&shim->log, shim->child.output);
    if (bytes != 0) return bytes;
    close(shim->child.output);
    shim->child.output = -1;
    return 0;
}

/* The report comes first: a child that ended at once was executed all the same. */
static void take_signal(struct shim *shim, uint32_t number)
{
    if (number == SIGTERM) child_signal_group(&shim->child, shim->stop_signal);
    if (number == SIGUSR1) child_signal_group(&shim->child, SIGKILL);
    if (number != SIGCHLD) return;
    if (child_has_ended(&shim->child)) take_report(shim);
    child_reap(&shim->child, &shim->outcome);
}

static void read_signals(struct shim *shim)
{
    struct signalfd_siginfo arrived;
    while (shim->child.pid > 0 &&
           read(shim->signals, &arrived, sizeof arrived) == (ssize_t)sizeof arrived)
        take_signal(shim, arrived.ssi_signo);
}

static void supervise(struct shim *shim)
{
    while (shim->child.pid > 0) {
        struct pollfd watched[] = {{.fd = shim->signals, .events = POLLIN},
                                   {.fd = shim->child.report, .events = POLLIN},
                                   {.fd = shim->child.output, .events = POLLIN}};
        if (poll(watched, sizeof watched / sizeof *watched, -1) < 0) continue;
        if (watched[1].revents != 0) take_report(shim);
        if (watched[2].revents != 0) take_output(shim);
        if (watched[0].revents != 0) read_signals(shim);
    }
}

/* --- end -------------------------------------------------------------------------------------- */

static bool has_output(const struct shim *shim)
{
    struct pollfd watched = {.fd = shim->child.output, .events = POLLIN};
    return shim->child.output >= 0 && poll(&watched, 1, 0) > 0;
}

static int finish(struct shim *shim)
{
    descendants_kill();
    for (ssize_t drained = 0; drained < DRAIN_BYTES_MAX && has_output(shim);) {
        ssize_t bytes = take_output(shim);
        if (bytes <= 0) break;
        drained += bytes;
    }
    return outcome_write(&shim->outcome, shim->folder) ? EXIT_SUCCESS : EXIT_SYSTEM;
}

/* _exit: there is nothing to tidy up. */
int main(int argc, char **argv)
{
    struct shim shim = {.child = {.output = -1, .report = -1}};
    if (argc != 2) {
        fputs("usage: dogshore-shim FOLDER (started by dogshore-agent)\n", stderr);
        return EXIT_USAGE;
    }
    int status = begin(&shim, argv[1]);
    if (status != 0) _exit(status);
    if (child_start(&shim.child, &shim.order, &shim.outcome)) supervise(&shim);
    _exit(finish(&shim));
}
