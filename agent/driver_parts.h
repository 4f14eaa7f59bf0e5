/* driver_parts.h: what the files of driver.h share. */
#ifndef DOGSHORE_AGENT_DRIVER_PARTS_H
#define DOGSHORE_AGENT_DRIVER_PARTS_H

#include "agent/driver.h"

struct arena;

struct driver {
    struct loop *loop;
    char *run_dir; /* absolute, without links */
    char *shim, *boot_id;
};

/* The child has its folder in its environment. */
#define RUN_FOLDER_VARIABLE "DOGSHORE_RUN_FOLDER"

/* --- driver_files.c: the files of an attempt's folder ----------------------------------------- */

/* Names come from the server, so they are no paths. */
bool replica_name_is_safe(const char *replica);
bool attempt_number_of(const char *name, int64_t *number);
bool attempt_is_locked(const char *folder);
/* Writes "end=lost" unless there is an end already, so that no shim ever starts here. False: it is
 * locked. */
bool attempt_burn(const char *folder);
void attempt_write_not_forked(const char *folder, int problem);

struct pid_record {
    pid_t shim, child;
    int64_t shim_start_ticks;
    char boot_id[64];
};
/* False: the child was not executed (yet). */
bool pid_record_read(const char *folder, struct pid_record *record);
/* False: it has no end (yet). */
bool attempt_exit_read(const struct driver *driver, const char *folder, struct attempt_exit *exit);
void attempt_exit_lost(const struct driver *driver, const char *folder, struct attempt_exit *exit);

enum err_code spec_write(const struct driver *driver, const char *folder,
                         const struct attempt_spec *spec, struct err *err);
/* The first value of a key, NULL when there is none. */
const char *spec_value(struct arena *arena, const char *folder, const char *key);

/* --- driver_processes.c: /proc ---------------------------------------------------------------- */

/* The argument 0 of every shim. */
#define SHIM_NAME "dogshore-shim"

/* A pidfd of the live shim of a folder, and its number; -1 when there is none. */
int shim_open(const struct driver *driver, const char *folder, pid_t *shim);
/* The folder, if `process` is one of our shims and its folder is below the run directory; malloc'ed
 * or NULL. */
char *shim_folder(const struct driver *driver, pid_t process);
/* Kills every process with the attempt's folder in its environment or (unless 0) of that session,
 * and waits for its end. Returns how many there were. */
size_t leftovers_kill(const char *folder, pid_t session);
/* Every process in turn; NULL, then what it returned. False at the end. */
struct process_walk {
    void *folder;
};
bool process_next(struct process_walk *walk, pid_t *process);

/* --- driver_find.c ---------------------------------------------------------------------------- */

/* Kills one that is not watched, and waits for its end. */
void attempt_end(const struct driver *driver, const char *folder);

/* --- driver_watch.c: what becomes of an attempt ----------------------------------------------- */

void attempt_init(struct attempt *attempt, struct driver *driver, const char *folder);
void attempt_release(struct attempt *attempt);
/* Watches the shim; `pidfd` is the attempt's from now on, even on failure. */
enum err_code attempt_watch(struct attempt *attempt, int pidfd, pid_t shim, struct err *err);
/* Watches for the child's execution: `fd` is readable when it is time to look, and the attempt's
 * from now on. */
enum err_code attempt_watch_pid(struct attempt *attempt, int fd, struct err *err);
/* Tells, as the last thing that it does. */
void attempt_tell_running(struct attempt *attempt, pid_t child);
/* The lock is free: tells how it ended, or looks again soon. */
void attempt_conclude(struct attempt *attempt);

/* driver_adopt.c: what the timer does. */
void attempt_look(struct attempt *attempt);

#endif
