#include "agent/files.h"
#include "agent/ports.h"
#include "agent/supervise_parts.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/worker_wire.h"

#include <assert.h>

/* --- runners ---------------------------------------------------------------------------------- */

const char *runner_folder(const struct runner *runner, struct arena *arena)
{
    return arena_printf(arena, "%s/replicas/%s", runner->supervisor->settings.state_dir,
                        runner->replica.record.id);
}

const char *runner_run_folder(const struct runner *runner, struct arena *arena)
{
    return arena_printf(arena, "%s/%s", runner->supervisor->settings.run_dir,
                        runner->replica.record.id);
}

static void timer_fired(struct loop_timer *timer)
{
    struct runner_timer *own = CONTAINER_OF(timer, struct runner_timer, timer);
    local_replica_timer(&own->runner->replica, (int)(own - own->runner->timers));
}

static void check_answered(struct check *check, const struct probe_answer *answer)
{
    struct runner_check *own = CONTAINER_OF(check, struct runner_check, check);
    local_replica_answered(&own->runner->replica, (enum probe_kind)(own - own->runner->checks),
                           answer);
}

static void canary_answered(struct check *check, const struct probe_answer *answer)
{
    struct runner_check *own = CONTAINER_OF(check, struct runner_check, check);
    local_replica_check_answered(&own->runner->replica, answer);
}

/* `template` is kept for it already, or NULL. */
struct runner *runner_new(struct supervisor *supervisor, const struct replica_record *record,
                          struct kept_template *template)
{
    struct runner *runner = xcalloc(1, sizeof *runner);
    runner->supervisor = supervisor;
    runner->template = template;
    runner->listed = true; /* until assignments leave it out */
    runner->attempt.events = &runner_events;
    for (int i = 0; i < REPLICA_TIMERS; i++)
        runner->timers[i] = (struct runner_timer){{.fire = timer_fired}, runner};
    for (int i = 0; i < PROBE_KINDS; i++)
        runner->checks[i] = (struct runner_check){{.answered = check_answered}, runner};
    runner->canary = (struct runner_check){{.answered = canary_answered}, runner};
    local_replica_init(&runner->replica, &supervisor->host, record,
                       template == NULL ? NULL : &template->template,
                       template == NULL ? NULL : template->hash);
    for (size_t i = 0; i < record->ports.count; i++)
        port_reserve(supervisor->settings.ports, record->ports.items[i].number);
    map_put(&supervisor->runners, runner->replica.record.id, runner);
    return runner;
}

static void runner_free(struct runner *runner)
{
    struct supervisor *supervisor = runner->supervisor;
    for (int i = 0; i < REPLICA_TIMERS; i++)
        loop_timer_cancel(supervisor->settings.loop, &runner->timers[i].timer);
    for (int i = 0; i < PROBE_KINDS; i++)
        check_cancel(supervisor->settings.prober, &runner->checks[i].check);
    check_cancel(supervisor->settings.prober, &runner->canary.check);
    if (runner->has_attempt) driver_forget(&runner->attempt);
    template_drop(&supervisor->templates, runner->template);
    local_replica_release(&runner->replica);
    free(runner);
}

static void runner_forget(struct runner *runner)
{
    struct supervisor *supervisor = runner->supervisor;
    const struct ports *ports = &runner->replica.record.ports;
    for (size_t i = 0; i < ports->count; i++)
        port_give_back(supervisor->settings.ports, ports->items[i].number);
    if (!runner->never_here) runner_folders_remove(runner);
    map_remove(&supervisor->runners, runner->replica.record.id);
    runner_free(runner);
}

/* --- starts ----------------------------------------------------------------------------------- */

static void queue_start(struct runner *runner)
{
    struct supervisor *supervisor = runner->supervisor;
    runner->queued = true;
    if (supervisor->first_start == NULL)
        supervisor->first_start = runner;
    else
        supervisor->last_start->next_start = runner;
    supervisor->last_start = runner;
    loop_timer_set(supervisor->settings.loop, &supervisor->start_timer, 0);
}

/* Its stop may have been ordered meanwhile. */
static void start_first(struct loop_timer *timer)
{
    struct supervisor *supervisor = CONTAINER_OF(timer, struct supervisor, start_timer);
    struct runner *runner = supervisor->first_start;
    supervisor->first_start = runner->next_start;
    runner->next_start = NULL;
    runner->queued = false;
    if (supervisor->first_start != NULL) loop_timer_set(supervisor->settings.loop, timer, 0);
    if (runner->replica.record.phase == LOCAL_WAITING) local_replica_start(&runner->replica);
}

/* --- the set ---------------------------------------------------------------------------------- */

enum err_code supervisor_open(struct supervisor **opened, const struct supervise_settings *settings,
                              struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    TRY(folder_make(arena_printf(&arena, "%s/replicas", settings->state_dir), err));
    struct supervisor *supervisor = xcalloc(1, sizeof *supervisor);
    uint64_t seed;
    crypto_random(&seed, sizeof seed);
    rng_seed(&supervisor->rng, seed);
    supervisor->host = supervise_host;
    supervisor->settings = *settings;
    supervisor->start_timer.fire = start_first;
    map_init(&supervisor->runners);
    templates_init(&supervisor->templates);
    *opened = supervisor;
    return ERR_OK;
}

static struct runner *next_runner(const struct supervisor *supervisor, size_t *position)
{
    const char *id;
    void *runner;
    return map_next(&supervisor->runners, position, &id, &runner) ? runner : NULL;
}

void supervisor_close(struct supervisor *supervisor)
{
    struct runner *runner;
    if (supervisor == NULL) return;
    loop_timer_cancel(supervisor->settings.loop, &supervisor->start_timer);
    for (size_t position = 0; (runner = next_runner(supervisor, &position)) != NULL;)
        runner_free(runner);
    map_release(&supervisor->runners);
    templates_release(&supervisor->templates);
    free(supervisor);
}

void supervisor_stop_all(struct supervisor *supervisor)
{
    struct runner *runner;
    for (size_t position = 0; (runner = next_runner(supervisor, &position)) != NULL;)
        local_replica_stop(&runner->replica, false);
}

size_t supervisor_processes(const struct supervisor *supervisor)
{
    const struct runner *runner;
    size_t count = 0;
    for (size_t position = 0; (runner = next_runner(supervisor, &position)) != NULL;)
        count += local_replica_has_process(&runner->replica);
    return count;
}

/* --- assignments ------------------------------------------------------------------------------ */

static const struct assigned_template *find_template(const struct assignments *assignments,
                                                     const char *hash)
{
    for (size_t i = 0; i < assignments->template_count; i++)
        if (text_equal(assignments->templates[i].hash, hash)) return &assignments->templates[i];
    return NULL;
}

static struct replica_record record_of(const struct assignment *item)
{
    return (struct replica_record){
        .id = item->id,
        .deployment = item->deployment,
        .cluster = item->cluster,
        .revision = item->revision,
        .attempt = item->last_attempt,
        .exit_code = -1,
        .exit_signal = -1,
    };
}

static void refuse(struct supervisor *supervisor, const struct assignment *item, bool failed,
                   const char *reason)
{
    struct replica_record record = record_of(item);
    struct runner *runner = runner_new(supervisor, &record, NULL);
    runner->never_here = true;
    local_replica_refuse(&runner->replica, failed, reason);
}

/* True: there is one for this item, or it was refused. */
static bool keep_template(struct supervisor *supervisor, const struct assignments *assignments,
                          const struct assignment *item, struct kept_template **kept)
{
    const struct assigned_template *sent = find_template(assignments, item->template_hash);
    *kept = NULL;
    if (sent != NULL && sent->error != NULL) {
        char reason[LIMIT_REPLICA_REASON_BYTES];
        snprintf(reason, sizeof reason, "unrunnable: this agent cannot read its template: %s",
                 sent->error);
        refuse(supervisor, item, true, reason);
        return true;
    }
    *kept = template_keep(&supervisor->templates, item->template_hash,
                          sent == NULL ? NULL : &sent->template);
    return *kept != NULL;
}

static bool take_up(struct supervisor *supervisor, const struct assignments *assignments,
                    const struct assignment *item)
{
    struct kept_template *template;
    if (!keep_template(supervisor, assignments, item, &template)) return false;
    if (template == NULL) return true;
    struct replica_record record = record_of(item);
    queue_start(runner_new(supervisor, &record, template));
    return true;
}

/* One that was found without a journal: now it is known what it runs. */
static bool recognise(struct runner *runner, const struct assignments *assignments,
                      const struct assignment *item)
{
    struct local_replica *replica = &runner->replica;
    const struct assigned_template *sent = find_template(assignments, item->template_hash);
    if (sent != NULL && sent->error != NULL) return true;
    runner->template = template_keep(&runner->supervisor->templates, item->template_hash,
                                     sent == NULL ? NULL : &sent->template);
    if (runner->template == NULL) return false;
    local_replica_recognise(replica, item->deployment, item->cluster, &runner->template->template,
                            runner->template->hash);
    return true;
}

static bool update(struct runner *runner, const struct assignments *assignments,
                   const struct assignment *item)
{
    struct local_replica *replica = &runner->replica;
    struct replica_record *record = &replica->record;
    runner->listed = true;
    record->revision = item->revision;
    if (local_replica_is_final(replica)) {
        /* The server has not taken it, or this list is older than its answer. */
        if (record->attempt < item->last_attempt) record->attempt = item->last_attempt;
        if (!local_replica_is_dirty(replica)) local_replica_touch(replica);
        return true;
    }
    if (item->wanted == WANTED_STOP) {
        local_replica_stop(replica, true);
        return true;
    }
    return record->template != NULL || recognise(runner, assignments, item);
}

static bool apply_wanted(struct supervisor *supervisor, const struct assignments *assignments,
                         const struct assignment *item)
{
    struct runner *runner = map_get(&supervisor->runners, item->id);
    if (runner != NULL) return update(runner, assignments, item);
    if (item->wanted == WANTED_RUN) return take_up(supervisor, assignments, item);
    refuse(supervisor, item, false, "it does not run here");
    return true;
}

static bool apply_item(struct supervisor *supervisor, const struct assignments *assignments,
                       const struct assignment *item)
{
    bool whole = apply_wanted(supervisor, assignments, item);
    struct runner *runner = map_get(&supervisor->runners, item->id);
    if (runner != NULL) local_replica_set_check(&runner->replica, item->check);
    return whole;
}

/* Its end is known to the server; or it left nothing but a number, and nobody asks for that. */
static bool is_over(const struct runner *runner)
{
    const struct local_replica *replica = &runner->replica;
    if (runner->listed || runner->queued || local_replica_is_dirty(replica)) return false;
    return local_replica_is_final(replica) || local_replica_is_nameless(replica);
}

bool supervisor_apply(struct supervisor *supervisor, const struct assignments *assignments)
{
    struct runner *runner;
    bool whole = true;
    for (size_t position = 0; (runner = next_runner(supervisor, &position)) != NULL;)
        runner->listed = false;
    for (size_t i = 0; i < assignments->count; i++)
        if (assignments->items[i].id != NULL)
            whole &= apply_item(supervisor, assignments, &assignments->items[i]);
    for (size_t position = 0; (runner = next_runner(supervisor, &position)) != NULL;)
        if (is_over(runner)) runner_forget(runner);
    return whole;
}

/* --- reports ---------------------------------------------------------------------------------- */

void supervisor_touch_all(struct supervisor *supervisor)
{
    struct runner *runner;
    for (size_t position = 0; (runner = next_runner(supervisor, &position)) != NULL;)
        local_replica_touch(&runner->replica);
}

bool supervisor_is_dirty(const struct supervisor *supervisor)
{
    const struct runner *runner;
    for (size_t position = 0; (runner = next_runner(supervisor, &position)) != NULL;)
        if (local_replica_is_dirty(&runner->replica)) return true;
    return false;
}

void supervisor_changes(struct supervisor *supervisor, struct arena *arena, size_t most,
                        struct replica_change **changes, size_t *count)
{
    struct runner *runner;
    size_t room = supervisor->runners.count < most ? supervisor->runners.count : most;
    *changes = ARENA_ARRAY(arena, struct replica_change, room);
    *count = 0;
    size_t tail_bytes = 0;
    for (size_t position = 0; *count < room && tail_bytes < SUPERVISE_TAILS_BYTES &&
                              (runner = next_runner(supervisor, &position)) != NULL;) {
        struct local_replica *replica = &runner->replica;
        if (!local_replica_is_dirty(replica)) continue;
        struct replica_change *change = &(*changes)[(*count)++];
        local_replica_change(replica, change);
        if (!runner->never_here) change->address = supervisor->settings.address;
        if (change->log_tail != NULL) tail_bytes += strlen(change->log_tail);
        replica->sent_version = replica->version;
    }
}

void supervisor_told(struct supervisor *supervisor, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct runner *runner = map_get(&supervisor->runners, ids[i]);
        if (runner == NULL) continue;
        local_replica_told(&runner->replica);
        if (is_over(runner)) runner_forget(runner); /* the assignments were faster */
    }
}
