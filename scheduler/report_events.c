/* What people read of a replica's life: running, ready, unready, restarted, stopped, failed. */
#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "scheduler/report_parts.h"
#include "store/events.h"
#include "store/writer.h"

static bool has_reason(const struct replica *replica)
{
    return replica->reason != NULL && *replica->reason != '\0';
}

static void put_exit(struct json_writer *writer, const struct replica *replica)
{
    json_key(writer, "exit");
    json_object_begin(writer);
    if (replica->exit_code >= 0) json_put_int(writer, "code", replica->exit_code);
    if (replica->exit_signal >= 0) json_put_int(writer, "signal", replica->exit_signal);
    json_put_bool(writer, "oom", replica->exit_oom);
    json_object_end(writer);
}

static const char *event_data(struct arena *arena, const struct replica *replica, bool with_exit)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    json_writer_init(&writer, &text);
    json_object_begin(&writer);
    json_put_string(&writer, "deployment", replica->deployment);
    json_put_int(&writer, "revision", replica->revision);
    json_put_string(&writer, "node", replica->node);
    json_put_int(&writer, "attempt", replica->attempt);
    if (has_reason(replica)) json_put_string(&writer, "reason", replica->reason);
    if (with_exit && replica->has_exit) put_exit(&writer, replica);
    json_object_end(&writer);
    return text_string(&text);
}

/* " (exit code 1)", " (killed by signal 9, out of memory)" or "". */
static const char *exit_words(struct arena *arena, const struct replica *replica)
{
    if (!replica->has_exit) return "";
    const char *oom = replica->exit_oom ? ", out of memory" : "";
    if (replica->exit_signal > 0)
        return arena_printf(arena, " (killed by signal %lld%s)", (long long)replica->exit_signal,
                            oom);
    return arena_printf(arena, " (exit code %lld%s)", (long long)replica->exit_code, oom);
}

static enum err_code add(const struct reporting *reporting, const struct replica *replica,
                         const char *reason, const char *message, bool with_exit, int64_t *index,
                         struct err *err)
{
    struct event event = {
        .kind = "replica",
        .cluster = replica->cluster,
        .name = replica->id,
        .uid = replica->deployment_uid,
        .reason = reason,
        .message = message,
        .data = event_data(reporting->arena, replica, with_exit),
    };
    return events_add(reporting->tx, &event, index, err);
}

static enum err_code ended(const struct reporting *reporting, const struct replica *replica,
                           bool since_backup, int64_t *index, struct err *err)
{
    struct arena *arena = reporting->arena;
    const char *how = exit_words(arena, replica);
    bool failed = replica->phase == REPLICA_FAILED;
    const char *message;
    if (failed)
        message = arena_printf(arena, "failed%s%s%s", has_reason(replica) ? ": " : "",
                               has_reason(replica) ? replica->reason : "", how);
    else if (replica->wanted == WANTED_STOP)
        message = arena_printf(arena, "stopped as ordered%s", how);
    else if (since_backup)
        message = arena_printf(arena, "stopped since the backup that was restored%s", how);
    else
        message = arena_printf(arena, "stopped, although nobody ordered it%s", how);
    return add(reporting, replica, failed ? "failed" : "stopped", message, true, index, err);
}

static enum err_code unready(const struct reporting *reporting, const struct replica *replica,
                             int64_t *index, struct err *err)
{
    const char *message =
        arena_printf(reporting->arena, "is not ready any more%s%s", has_reason(replica) ? ": " : "",
                     has_reason(replica) ? replica->reason : "");
    return add(reporting, replica, "unready", message, false, index, err);
}

enum err_code observation_events(const struct reporting *reporting, const struct replica *before,
                                 const struct replica *after, int64_t *index, struct err *err)
{
    struct arena *arena = reporting->arena;
    bool again = after->attempt > before->attempt && after->attempt > 1;
    bool final = replica_phase_final(after->phase);
    bool since_backup = replica_is_of_backup(before);
    *index = 0;
    if (final && !replica_phase_final(before->phase))
        return ended(reporting, after, since_backup, index, err);
    if (again)
        TRY(add(reporting, after, "restarted",
                arena_printf(arena, "was started again%s%s, attempt %lld",
                             since_backup ? " since the backup that was restored" : "",
                             exit_words(arena, after), (long long)after->attempt),
                true, index, err));
    if (after->phase == REPLICA_RUNNING && before->phase != REPLICA_RUNNING)
        TRY(add(reporting, after, "running", arena_printf(arena, "runs on node %s", after->node),
                false, index, err));
    if (after->ready && (!before->ready || again))
        TRY(add(reporting, after, "ready", "is ready", false, index, err));
    if (!after->ready && before->ready && after->phase == REPLICA_RUNNING)
        TRY(unready(reporting, after, index, err));
    return ERR_OK;
}
