/* What forgotten replicas leave: their logs, the newest few of them. */
#include "agent/files.h"
#include "agent/supervise_parts.h"
#include "base/text.h"

#include <sys/stat.h>

struct left_log {
    const char *folder;
    int64_t written_at; /* nanoseconds */
};

static int newest_first(const void *a, const void *b)
{
    const struct left_log *first = a, *second = b;
    return (first->written_at < second->written_at) - (first->written_at > second->written_at);
}

static bool exists(struct arena *arena, const char *folder, const char *name, struct stat *status)
{
    return lstat(arena_printf(arena, "%s/%s", folder, name), status) == 0;
}

/* A folder without a journal is nobody's any more. */
static void remove_old_logs(struct arena *arena, const char *replicas)
{
    char **names;
    size_t count, left = 0;
    struct err err;
    if (folder_list(arena, replicas, &names, &count, &err) != ERR_OK) return;
    struct left_log *logs = ARENA_ARRAY(arena, struct left_log, count);
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        const char *folder = arena_printf(arena, "%s/%s", replicas, names[i]);
        if (exists(arena, folder, JOURNAL_FILE, &status)) continue;
        bool has_log = exists(arena, folder, "log", &status);
        logs[left++] = (struct left_log){
            folder,
            has_log ? status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec : 0};
    }
    if (left <= SUPERVISE_KEPT_LOGS) return;
    qsort(logs, left, sizeof *logs, newest_first);
    for (size_t i = SUPERVISE_KEPT_LOGS; i < left; i++)
        folder_remove(logs[i].folder);
}

/* The journal goes last: whatever is interrupted here is done again. */
void runner_folders_remove(const struct runner *runner)
{
    auto_arena arena;
    arena_init(&arena);
    const struct supervise_settings *settings = &runner->supervisor->settings;
    const char *folder = runner_folder(runner, &arena);
    const char *run_folder = runner_run_folder(runner, &arena);
    unlink(arena_printf(&arena, "%s/%s", run_folder, RECORD_FILE));
    driver_remove(settings->driver, runner->replica.record.id);
    rmdir(run_folder);
    folder_remove(arena_printf(&arena, "%s/home", folder));
    unlink(arena_printf(&arena, "%s/%s", folder, JOURNAL_FILE));
    rmdir(folder); /* where there is no log */
    remove_old_logs(&arena, arena_printf(&arena, "%s/replicas", settings->state_dir));
}
