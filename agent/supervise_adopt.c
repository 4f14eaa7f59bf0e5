/* Adoption: what an earlier life of this agent left is put together from three places.
 *
 *   the journal in the state directory   what was known of each replica
 *   the record in the run directory      the same, where the journal is lost or broken
 *   the attempts of the run directory    what was started, and what of it is alive
 *
 * A replica with neither journal nor record that is alive is taken up as it is, and told to the
 * server: it must not be started a second time beside that process. */
#include "agent/files.h"
#include "agent/supervise_parts.h"
#include "base/log.h"
#include "base/text.h"
#include "shim/spec.h"

#include <ctype.h>

enum { STRAY_GRACE_MS = 10000, SPEC_BYTES_MAX = 64 * 1024 * 1024 };

struct adoption {
    struct supervisor *supervisor;
    struct arena arena;
    struct found_attempt *found;
    size_t found_count;
};

static const struct found_attempt *find_attempt(const struct adoption *adoption, const char *id)
{
    for (size_t i = 0; i < adoption->found_count; i++)
        if (text_equal(adoption->found[i].replica, id)) return &adoption->found[i];
    return NULL;
}

/* --- what was known --------------------------------------------------------------------------- */

static bool read_record(struct adoption *adoption, const char *id, const char *folder,
                        const char *name, struct replica_record *record)
{
    struct err err;
    enum err_code code = journal_read(&adoption->arena, folder, name, record, &err);
    if (code == ERR_OK && text_equal(record->id, id)) return true;
    if (code == ERR_OK)
        log_message(LOG_ERROR, "journal_broken", "%s/%s is of %s", folder, name, record->id);
    else if (code != ERR_NOT_FOUND)
        log_message(LOG_ERROR, "journal_broken", "%s", err.detail);
    return false;
}

static bool find_record(struct adoption *adoption, const char *id, struct replica_record *record)
{
    const struct supervise_settings *settings = &adoption->supervisor->settings;
    struct arena *arena = &adoption->arena;
    const char *folder = arena_printf(arena, "%s/replicas/%s", settings->state_dir, id);
    const char *run_folder = arena_printf(arena, "%s/%s", settings->run_dir, id);
    return read_record(adoption, id, folder, JOURNAL_FILE, record) ||
           read_record(adoption, id, run_folder, RECORD_FILE, record);
}

static void add_runner(struct adoption *adoption, const struct replica_record *record)
{
    struct supervisor *supervisor = adoption->supervisor;
    struct kept_template *template =
        template_keep(&supervisor->templates, record->template_hash, record->template);
    runner_new(supervisor, record, template);
}

static void load_known(struct adoption *adoption, const char *id)
{
    struct replica_record record;
    if (map_get(&adoption->supervisor->runners, id) != NULL) return;
    if (find_record(adoption, id, &record)) add_runner(adoption, &record);
}

static enum err_code load_all(struct adoption *adoption, struct err *err)
{
    char **names;
    size_t count;
    struct arena *arena = &adoption->arena;
    const char *folder =
        arena_printf(arena, "%s/replicas", adoption->supervisor->settings.state_dir);
    TRY(folder_list(arena, folder, &names, &count, err));
    for (size_t i = 0; i < count; i++)
        load_known(adoption, names[i]);
    for (size_t i = 0; i < adoption->found_count; i++)
        load_known(adoption, adoption->found[i].replica);
    return ERR_OK;
}

/* --- what is there ---------------------------------------------------------------------------- */

/* "environment=PORT_HTTP_ADMIN=20114" → "http-admin", 20114 */
static bool parse_port(struct arena *arena, const char *line, struct port *port)
{
    static const char prefix[] = "environment=PORT_";
    if (!text_starts(line, prefix)) return false;
    const char *start = line + sizeof prefix - 1;
    size_t bytes = strcspn(start, "=");
    char *name = arena_strndup(arena, start, bytes);
    for (char *c = name; *c != '\0'; c++)
        *c = (char)(*c == '_' ? '-' : tolower((unsigned char)*c));
    port->name = name;
    return start[bytes] == '=' && text_to_int64(start + bytes + 1, 1, UINT16_MAX, &port->number);
}

/* What it was started with says which ports it has. */
static void read_ports(struct adoption *adoption, const struct found_attempt *found,
                       struct ports *ports)
{
    char *bytes;
    size_t count;
    struct arena *arena = &adoption->arena;
    const char *path =
        arena_printf(arena, "%s/%s/%lld/" SHIM_SPEC_FILE, adoption->supervisor->settings.run_dir,
                     found->replica, (long long)found->number);
    *ports = (struct ports){.items = ARENA_ARRAY(arena, struct port, LIMIT_PORTS)};
    if (file_read(arena, path, SPEC_BYTES_MAX, &bytes, &count, NULL) != ERR_OK) return;
    const char *end = bytes + count;
    for (const char *line = bytes; line < end && ports->count < LIMIT_PORTS;
         line += strlen(line) + 1)
        ports->count += parse_port(arena, line, &ports->items[ports->count]);
}

static void add_unknown(struct adoption *adoption, const struct found_attempt *found)
{
    struct replica_record record = {
        .id = found->replica,
        .attempt = found->number,
        .phase = found->alive ? LOCAL_RUNNING : LOCAL_WAITING,
        .ran = found->alive,
        .exit_code = -1,
        .exit_signal = -1,
    };
    if (map_get(&adoption->supervisor->runners, found->replica) != NULL) return;
    read_ports(adoption, found, &record.ports);
    log_message(LOG_WARN, "journal_missing", "%s, attempt %lld, is not in any journal",
                found->replica, (long long)found->number);
    runner_new(adoption->supervisor, &record, NULL);
}

static void end_as(struct runner *runner, enum attempt_end end, const char *reason)
{
    struct attempt_exit exit = {.end = end, .code = -1, .signal = -1};
    snprintf(exit.reason, sizeof exit.reason, "%s", reason);
    local_replica_ended(&runner->replica, &exit);
}

/* Its start is in the record, and the driver had not begun it: it can still be made. */
static bool was_never_begun(struct adoption *adoption, const struct runner *runner)
{
    struct replica_record record;
    const char *folder = runner_run_folder(runner, &adoption->arena);
    if (runner->replica.record.phase != LOCAL_STARTING) return false;
    if (runner->replica.record.template == NULL) return false;
    return journal_read(&adoption->arena, folder, RECORD_FILE, &record, NULL) == ERR_OK &&
           record.attempt == runner->replica.record.attempt;
}

/* The journal says that there was a process, and there is no trace of it. */
static void take_lost(struct adoption *adoption, struct runner *runner)
{
    struct local_replica *replica = &runner->replica;
    const char *boot_id = adoption->supervisor->settings.boot_id;
    if (!text_equal(replica->record.boot_id, boot_id)) {
        end_as(runner, ATTEMPT_REBOOTED, "rebooted");
    } else if (was_never_begun(adoption, runner)) {
        replica->record.attempt--;
        local_replica_start(replica);
    } else {
        end_as(runner, ATTEMPT_SHIM_LOST, "its run directory is gone");
    }
}

static void adopt(struct adoption *adoption, struct runner *runner)
{
    struct driver *driver = adoption->supervisor->settings.driver;
    struct replica_record *record = &runner->replica.record;
    const struct found_attempt *found = find_attempt(adoption, record->id);
    /* A start that the journal was too old to know of. */
    if (found != NULL && found->number > record->attempt) {
        record->attempt = found->number;
        record->phase = LOCAL_STARTING;
        record->ran = record->startup_passed = record->ready = record->was_ready = false;
    }
    driver_end_others(driver, record->id, record->attempt);
    bool alive = found != NULL && found->alive && found->number == record->attempt;
    if (!local_replica_has_process(&runner->replica) && !alive) {
        local_replica_resume(&runner->replica);
        return;
    }
    runner->has_attempt = driver_adopt(driver, &runner->attempt, record->id, record->attempt);
    if (!runner->has_attempt) {
        take_lost(adoption, runner);
        return;
    }
    /* Waiting or ended, and yet alive: it is ended as it should have been. */
    if (!local_replica_has_process(&runner->replica))
        record->phase = record->phase == LOCAL_ENDED ? LOCAL_TERMINATING : LOCAL_RUNNING;
    local_replica_resume(&runner->replica);
}

static void adopt_all(struct adoption *adoption)
{
    const char *id;
    void *runner;
    size_t position = 0;
    while (map_next(&adoption->supervisor->runners, &position, &id, &runner))
        adopt(adoption, runner);
}

enum err_code supervisor_adopt(struct supervisor *supervisor, struct err *err)
{
    struct driver *driver = supervisor->settings.driver;
    struct adoption adoption = {.supervisor = supervisor};
    size_t strays = driver_stop_strays(driver, STRAY_GRACE_MS);
    if (strays > 0)
        log_message(LOG_WARN, "strays_stopped", "%zu processes whose run folder is gone", strays);
    arena_init(&adoption.arena);
    enum err_code code =
        driver_find(driver, &adoption.arena, &adoption.found, &adoption.found_count, err);
    if (code == ERR_OK) code = load_all(&adoption, err);
    for (size_t i = 0; code == ERR_OK && i < adoption.found_count; i++)
        add_unknown(&adoption, &adoption.found[i]);
    if (code == ERR_OK) adopt_all(&adoption);
    arena_release(&adoption.arena);
    return code;
}
