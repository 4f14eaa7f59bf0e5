#include "shim/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { EXIT_NOT_EXECUTED = 127, CHILD_UMASK = 022, SWEEPS_MAX = 1000, SWEEP_MS = 10 };

static const char default_path[] = "/usr/local/bin:/usr/bin:/bin";

struct report {
    enum outcome_what what;
    int problem;
};

/* --- in the child ----------------------------------------------------------------------------- */

static _Noreturn void give_up(int report_fd, enum outcome_what what)
{
    struct report report = {.what = what, .problem = errno};
    ssize_t ignored = write(report_fd, &report, sizeof report);
    (void)ignored;
    _exit(EXIT_NOT_EXECUTED);
}

/* ENOENT of a file that is there means its interpreter. */
static enum outcome_what execute_file(const char *file, const struct order *order)
{
    execve(file, order->arguments, order->environment);
    int problem = errno;
    bool exists = problem == ENOENT && access(file, F_OK) == 0;
    errno = problem;
    return exists ? OUTCOME_WHAT_INTERPRETER : OUTCOME_WHAT_EXEC;
}

static const char *path_of(char *const *environment)
{
    static const char key[] = "PATH=";
    for (; *environment != NULL; environment++)
        if (strncmp(*environment, key, sizeof key - 1) == 0) return *environment + sizeof key - 1;
    return default_path;
}

/* As a shell looks it up; but what is no program is never handed to a shell. */
static enum outcome_what execute_from_path(const struct order *order)
{
    const char *name = order->arguments[0];
    int problem = ENOENT;
    const char *folder = name[0] == '\0' ? NULL : path_of(order->environment);
    while (folder != NULL) {
        char file[PATH_MAX];
        const char *end = strchrnul(folder, ':');
        int bytes = (int)(end - folder);
        int length =
            snprintf(file, sizeof file, "%.*s%s%s", bytes, folder, bytes > 0 ? "/" : "./", name);
        folder = *end == ':' ? end + 1 : NULL;
        if (length >= (int)sizeof file) continue;
        enum outcome_what what = execute_file(file, order);
        if (what == OUTCOME_WHAT_INTERPRETER) return what;
        if (errno == EACCES) problem = EACCES;
        if (errno != EACCES && errno != ENOENT && errno != ENOTDIR) return what;
    }
    errno = problem;
    return OUTCOME_WHAT_EXEC;
}

/* By the system call: posix_spawn() makes its child ignore the two signals that libc keeps for
 * itself, and sigaction() refuses to know them. All zeros is SIG_DFL. */
static void reset_signals(void)
{
    static const unsigned long default_action[8];
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        syscall(SYS_rt_sigaction, number, default_action, NULL, NSIG / CHAR_BIT);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The shim may have died before the kernel was told to kill its child with it. */
static void bind_to_shim(pid_t shim)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != shim) _exit(EXIT_NOT_EXECUTED);
}

static _Noreturn void become(const struct order *order, pid_t shim, int output, int report)
{
    const struct rlimit no_core = {0};
    bind_to_shim(shim);
    setpgid(0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &no_core);
    umask(CHILD_UMASK);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    reset_signals();
    if (chdir(order->working_dir) != 0) give_up(report, OUTCOME_WHAT_CHDIR);
    bool is_path = strchr(order->arguments[0], '/') != NULL;
    give_up(report, is_path ? execute_file(order->arguments[0], order) : execute_from_path(order));
}

/* --- the child -------------------------------------------------------------------------------- */

static void close_ends(const int *output, const int *report)
{
    for (int end = 0; end < 2; end++) {
        if (output[end] >= 0) close(output[end]);
        if (report[end] >= 0) close(report[end]);
    }
}

bool child_start(struct child *child, const struct order *order, struct outcome *outcome)
{
    int output[2] = {-1, -1}, report[2] = {-1, -1};
    pid_t shim = getpid();
    bool has_pipes = pipe2(output, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0;
    child->pid = has_pipes ? fork() : -1;
    if (child->pid < 0) {
        outcome_not_forked(outcome, OUTCOME_WHAT_FORK, errno);
        close_ends(output, report);
        return false;
    }
    if (child->pid == 0) become(order, shim, output[1], report[1]);
    setpgid(child->pid, child->pid); /* whoever comes first */
    close(output[1]);
    close(report[1]);
    child->output = output[0];
    child->report = report[0];
    return true;
}

/* These say nothing about the program. */
static bool is_fault_of_machine(int problem)
{
    return problem == EAGAIN || problem == ENOMEM || problem == EMFILE || problem == ENFILE;
}

bool child_was_executed(struct child *child, struct outcome *outcome)
{
    struct report report;
    bool has_failed = read(child->report, &report, sizeof report) == (ssize_t)sizeof report;
    close(child->report);
    child->report = -1;
    if (has_failed && is_fault_of_machine(report.problem))
        outcome_not_forked(outcome, report.what, report.problem);
    else if (has_failed)
        outcome_unrunnable(outcome, report.what, report.problem);
    return !has_failed;
}

bool child_has_ended(const struct child *child)
{
    siginfo_t ended = {.si_pid = 0};
    int options = WEXITED | WNOHANG | WNOWAIT;
    return waitid(P_PID, (id_t)child->pid, &ended, options) == 0 && ended.si_pid != 0;
}

void child_signal_group(const struct child *child, int number)
{
    if (child->pid > 0) kill(-child->pid, number);
}

void child_reap(struct child *child, struct outcome *outcome)
{
    for (;;) {
        siginfo_t ended = {.si_pid = 0};
        if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid == 0) return;
        if (ended.si_pid == child->pid) {
            outcome_of_status(outcome, ended.si_code, ended.si_status);
            child_signal_group(child, SIGKILL);
            child->pid = 0;
        }
        waitid(P_PID, (id_t)ended.si_pid, &ended, WEXITED | WNOHANG);
    }
}

/* --- its descendants -------------------------------------------------------------------------- */

/* A child of ours that was not reaped; what it may lead is its group. */
static void kill_with_group(pid_t process)
{
    kill(-process, SIGKILL);
    kill(process, SIGKILL);
}

static void kill_children(void)
{
    char bytes[512];
    ssize_t count;
    pid_t process = 0;
    int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    while ((count = read(fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < count; i++) {
            bool is_digit = bytes[i] >= '0' && bytes[i] <= '9';
            if (!is_digit && process > 0) kill_with_group(process);
            process = is_digit ? process * 10 + (bytes[i] - '0') : 0;
        }
    }
    close(fd);
}

/* Those whom a kill makes orphans are the next round's children. */
void descendants_kill(void)
{
    const struct timespec patience = {.tv_nsec = SWEEP_MS * 1000000L};
    sigset_t child_ended;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    for (int sweep = 0; sweep < SWEEPS_MAX; sweep++) {
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD) return;
        kill_children();
        sigtimedwait(&child_ended, NULL, &patience);
    }
}
