/* The files of an attempt's folder, as the agent sees them (shim/main.c has the overview). */
#include "agent/driver_parts.h"
#include "agent/files.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "shim/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>

enum {
    RECORD_BYTES_MAX = 1024,
    SPEC_BYTES_MAX = 64 * 1024 * 1024 /* of the shim, too */
};

/* The next ones are numbers, too, for every JSON reader. */
#define ATTEMPT_NUMBER_MAX (INT64_C(1) << 52)

/* --- names ------------------------------------------------------------------------------------ */

bool replica_name_is_safe(const char *replica)
{
    size_t bytes = strspn(replica, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return bytes > 0 && bytes <= NAME_MAX && replica[bytes] == '\0';
}

bool attempt_number_of(const char *name, int64_t *number)
{
    return text_to_int64(name, 1, ATTEMPT_NUMBER_MAX, number);
}

/* --- lock ------------------------------------------------------------------------------------- */

/* What this process lacks says nothing about the file. */
static bool is_own_want(int problem)
{
    return problem == EMFILE || problem == ENFILE || problem == ENOMEM;
}

/* A descriptor with the lock, -1 when somebody else has it, or may have it; false in `exists` when
 * there is none. */
static int take_lock(const char *folder, int flags, int operation, bool *exists)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/" SHIM_LOCK_FILE, folder);
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    *exists = fd >= 0 || is_own_want(errno);
    if (fd >= 0 && flock(fd, operation | LOCK_NB) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

bool attempt_is_locked(const char *folder)
{
    bool exists;
    int fd = take_lock(folder, O_RDONLY, LOCK_SH, &exists);
    if (fd >= 0) close(fd);
    return exists && fd < 0;
}

static void write_exit(const char *folder, const char *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/" SHIM_EXIT_FILE, folder);
    if (access(path, F_OK) != 0) file_replace(path, text, strlen(text), false, NULL);
}

bool attempt_burn(const char *folder)
{
    bool exists;
    int fd = take_lock(folder, O_RDWR | O_CREAT, LOCK_EX, &exists);
    if (fd < 0) return !exists; /* no folder, or no room for a lock: no shim either */
    write_exit(folder, "end=lost\n");
    close(fd);
    return true;
}

void attempt_write_not_forked(const char *folder, int problem)
{
    char text[64];
    snprintf(text, sizeof text, "end=not_forked\nerrno=%d\nwhat=fork\n", problem);
    write_exit(folder, text);
}

/* --- pid and exit ----------------------------------------------------------------------------- */

struct record {
    char text[RECORD_BYTES_MAX];
};

static bool record_read(struct record *record, const char *folder, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return false;
    ssize_t bytes = read(fd, record->text, sizeof record->text - 1);
    close(fd);
    record->text[bytes > 0 ? bytes : 0] = '\0';
    return bytes > 0;
}

/* The value of "key=" at the beginning of a line; cut at `size`, empty when missing. */
static void record_get(const struct record *record, const char *key, char *value, size_t size)
{
    size_t key_bytes = strlen(key);
    value[0] = '\0';
    for (const char *line = record->text; *line != '\0';) {
        const char *end = strchrnul(line, '\n');
        if (text_starts(line, key)) {
            int bytes = (int)(end - line - (ptrdiff_t)key_bytes);
            snprintf(value, size, "%.*s", bytes, line + key_bytes);
            return;
        }
        line = *end == '\n' ? end + 1 : end;
    }
}

/* -1 when it is missing or no number. */
static int64_t record_number(const struct record *record, const char *key, int64_t most)
{
    char value[32];
    int64_t number = -1;
    record_get(record, key, value, sizeof value);
    return text_to_int64(value, 0, most, &number) ? number : -1;
}

bool pid_record_read(const char *folder, struct pid_record *record)
{
    struct record file;
    if (!record_read(&file, folder, SHIM_PID_FILE)) return false;
    record->shim = (pid_t)record_number(&file, "shim=", INT_MAX);
    record->child = (pid_t)record_number(&file, "child=", INT_MAX);
    record->shim_start_ticks = record_number(&file, "shim_start=", INT64_MAX);
    record_get(&file, "boot_id=", record->boot_id, sizeof record->boot_id);
    return record->shim > 0 && record->child > 0;
}

void attempt_exit_lost(const struct driver *driver, const char *folder, struct attempt_exit *exit)
{
    auto_arena arena;
    arena_init(&arena);
    const char *boot_id = spec_value(&arena, folder, "boot_id=");
    bool is_rebooted = boot_id != NULL && !text_equal(boot_id, driver->boot_id);
    *exit = (struct attempt_exit){
        .end = is_rebooted ? ATTEMPT_REBOOTED : ATTEMPT_SHIM_LOST, .code = -1, .signal = -1};
    snprintf(exit->reason, sizeof exit->reason, "%s; how it ended is not known",
             is_rebooted ? "the machine was booted since" : "its " SHIM_NAME " was killed");
}

static void say(struct attempt_exit *exit, struct arena *arena, const char *text)
{
    const char *safe = text_sanitise(arena, text, strlen(text), sizeof exit->reason - 1);
    snprintf(exit->reason, sizeof exit->reason, "%s", safe);
}

static void explain_unrunnable(struct attempt_exit *exit, const char *folder, const char *what,
                               const char *problem)
{
    auto_arena arena;
    arena_init(&arena);
    bool is_folder = text_equal(what, "chdir");
    bool is_interpreter = text_equal(what, "interpreter");
    const char *subject = spec_value(&arena, folder, is_folder ? "working_dir=" : "argument=");
    say(exit, &arena,
        arena_printf(&arena, "%s%.160s: %s", is_folder ? "working_dir " : "",
                     subject ? subject : "command",
                     is_interpreter ? "its interpreter does not exist" : problem));
}

static const char *name_of_problem(int64_t problem)
{
    const char *name = strerrordesc_np((int)problem);
    return name != NULL ? name : "unknown error";
}

static const char *name_of_signal(int number)
{
    const char *name = sigdescr_np(number);
    return name != NULL ? name : "real-time signal";
}

bool attempt_exit_read(const struct driver *driver, const char *folder, struct attempt_exit *exit)
{
    struct record file;
    char end[32], what[32];
    if (!record_read(&file, folder, SHIM_EXIT_FILE)) return false;
    record_get(&file, "end=", end, sizeof end);
    record_get(&file, "what=", what, sizeof what);
    const char *problem = name_of_problem(record_number(&file, "errno=", INT_MAX));
    *exit = (struct attempt_exit){.code = -1, .signal = -1};
    if (text_equal(end, "exited")) {
        exit->end = ATTEMPT_EXITED;
        exit->code = (int)record_number(&file, "code=", INT_MAX);
        snprintf(exit->reason, sizeof exit->reason, "exited with status %d", exit->code);
    } else if (text_equal(end, "signalled")) {
        exit->end = ATTEMPT_SIGNALLED;
        exit->signal = (int)record_number(&file, "signal=", INT_MAX);
        snprintf(exit->reason, sizeof exit->reason, "killed by signal %d (%s)", exit->signal,
                 name_of_signal(exit->signal));
    } else if (text_equal(end, "unrunnable")) {
        exit->end = ATTEMPT_UNRUNNABLE;
        explain_unrunnable(exit, folder, what, problem);
    } else if (text_equal(end, "not_forked")) {
        exit->end = ATTEMPT_NOT_FORKED;
        snprintf(exit->reason, sizeof exit->reason, "this machine cannot make another process: %s",
                 problem);
    } else {
        attempt_exit_lost(driver, folder, exit);
    }
    return true;
}

/* --- spec ------------------------------------------------------------------------------------- */

static void add(struct text *out, const char *key, const char *value)
{
    text_add(out, key);
    text_append(out, value, strlen(value) + 1);
}

static void add_number(struct text *out, const char *key, int64_t value)
{
    text_add(out, key);
    text_add_int(out, value);
    text_append(out, "", 1);
}

enum err_code spec_write(const struct driver *driver, const char *folder,
                         const struct attempt_spec *spec, struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    struct text out;
    text_init(&out, &arena);
    add(&out, "replica=", spec->replica);
    add_number(&out, "attempt=", spec->number);
    for (const char *const *argument = spec->arguments; *argument != NULL; argument++)
        add(&out, "argument=", *argument);
    add(&out, "environment=" RUN_FOLDER_VARIABLE "=", folder);
    for (const char *const *variable = spec->environment; *variable != NULL; variable++)
        add(&out, "environment=", *variable);
    add(&out, "working_dir=", spec->working_dir);
    add(&out, "log=", spec->log_path);
    add_number(&out, "log_bytes=", spec->log_bytes);
    add_number(&out, "stop_signal=", spec->stop_signal);
    add(&out, "boot_id=", driver->boot_id);
    if (out.length > SPEC_BYTES_MAX)
        return err_set(err, ERR_IO, "the command and its environment are too long");
    const char *path = arena_printf(&arena, "%s/" SHIM_SPEC_FILE, folder);
    return file_replace(path, out.bytes, out.length, false, err);
}

const char *spec_value(struct arena *arena, const char *folder, const char *key)
{
    char *bytes;
    size_t count;
    const char *path = arena_printf(arena, "%s/" SHIM_SPEC_FILE, folder);
    if (file_read(arena, path, SPEC_BYTES_MAX, &bytes, &count, NULL) != ERR_OK) return NULL;
    for (const char *record = bytes; record < bytes + count; record += strlen(record) + 1)
        if (text_starts(record, key)) return record + strlen(key);
    return NULL;
}
