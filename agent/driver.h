/* driver.h: the process driver: one attempt of one replica as a shim and its child.
 *
 * The shim (shim/main.c) holds the child, its log and its exit status, so that this agent may die
 * and come back. They speak by files of a folder per attempt,
 *
 *     RUNDIR/<replica>/<attempt>/spec    what to run; written by the driver before the start
 *                               /lock    held (flock) by the shim as long as it lives
 *                               /pid     shim, child, their start times, boot id
 *                               /exit    how it ended; written under another name and renamed
 *
 * and by two signals to the shim, sent through its pidfd: SIGTERM = pass the stop signal on to the
 * child's group, SIGUSR1 = kill the group. Alive means that the lock is held. An attempt with
 * neither lock nor exit is burnt: it is reported as lost and never started again. Beside what it is
 * given, the child has its folder in its environment (DOGSHORE_RUN_FOLDER), by which its processes
 * are found and killed when their shim was lost.
 *
 * Ownership: a struct attempt belongs to its caller and stays in place until it ended or was
 * forgotten; all but `events` is zeroed before its first use. Threads: those of the loop. Nothing
 * here blocks for longer than a fork, driver_stop_strays() and driver_end_others() apart.
 */
#ifndef DOGSHORE_AGENT_DRIVER_H
#define DOGSHORE_AGENT_DRIVER_H

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct driver;

enum attempt_end {
    ATTEMPT_EXITED,     /* exit.code */
    ATTEMPT_SIGNALLED,  /* exit.signal */
    ATTEMPT_UNRUNNABLE, /* exec or chdir failed: the template is at fault; `reason` says how */
    ATTEMPT_NOT_FORKED, /* no process could be made: this machine is at fault */
    ATTEMPT_SHIM_LOST,  /* neither lock nor exit: how it ended is not known */
    ATTEMPT_REBOOTED    /* the same, and the machine was booted since */
};

struct attempt_exit {
    enum attempt_end end;
    int code, signal; /* -1 = none */
    char reason[256]; /* a phrase: "exited with status 3", "killed by signal 9 (Killed)",
                         "./serve: No such file or directory", … */
};

/* What the driver tells. `running` comes once, when the child was executed (or at adoption). */
struct attempt;
struct attempt_events {
    void (*running)(struct attempt *attempt, pid_t child);
    void (*ended)(struct attempt *attempt, const struct attempt_exit *exit);
};

struct attempt {
    const struct attempt_events *events;
    /* The driver's. */
    struct driver *driver;
    struct loop_watch shim_watch; /* its pidfd */
    struct loop_watch pid_watch;  /* tells when the child was executed */
    struct loop_timer timer;      /* of an adopted one: what is known is told by it */
    char *folder;
    pid_t shim, child;
    bool running;
};

struct attempt_spec {
    const char *replica; /* id */
    int64_t number;
    const char *const *arguments;   /* NULL at the end; found in PATH of `environment` */
    const char *const *environment; /* "NAME=value", NULL at the end: all there is */
    const char *working_dir;
    const char *log_path; /* appended to; rotated to "<log_path>.1" by the shim */
    int64_t log_bytes;    /* of one log file; two are kept */
    int stop_signal;      /* number */
};

/* `shim` is the program's path; NULL = dogshore-shim beside this program. The run directory is
 * made (0700) when missing. */
enum err_code driver_open(struct driver **driver, struct loop *loop, const char *run_dir,
                          const char *shim, const char *boot_id, struct err *err);
void driver_close(struct driver *driver);

/* Starts the shim. An error means that nothing was started and nothing will be told; the attempt
 * number is burnt all the same. ERR_UNAVAILABLE: fork failed; ERR_IO: files. */
enum err_code driver_start(struct driver *driver, struct attempt *attempt,
                           const struct attempt_spec *spec, struct err *err);

/* Takes up an attempt of an earlier life of the agent. False: there is no such folder. Otherwise
 * `running` and/or `ended` are told from the loop, as if it had been started now. */
bool driver_adopt(struct driver *driver, struct attempt *attempt, const char *replica,
                  int64_t number);

void driver_signal(struct attempt *attempt); /* the stop signal, to its group */
void driver_kill(struct attempt *attempt);   /* SIGKILL to its group */
/* Stops watching; the shim and its child go on. */
void driver_forget(struct attempt *attempt);
/* Removes the folders of a replica that ended for good. */
void driver_remove(struct driver *driver, const char *replica);

/* Every (replica, newest attempt) that has a folder in the run directory. */
struct found_attempt {
    const char *replica;
    int64_t number;
    bool alive;
};
enum err_code driver_find(struct driver *driver, struct arena *arena, struct found_attempt **found,
                          size_t *count, struct err *err);

/* Kills what is alive of all attempts of a replica but one, since two of them must never run side
 * by side, and waits for it. Returns how many there were. */
size_t driver_end_others(struct driver *driver, const char *replica, int64_t number);

/* Shims of this run directory whose folder is gone: nobody could adopt them any more, and a
 * second start of their replica would be a duplicate. They are stopped (stop signal, then kill
 * after `grace_ms`) and waited for. Returns how many there were. */
size_t driver_stop_strays(struct driver *driver, int64_t grace_ms);

#endif
