/* Reports, one at a time: what the server does not know yet in one body, sent until it is answered;
 * what has changed meanwhile follows in the next. Samples go along when they are due. */
#include "agent/control_state.h"
#include "agent/supervise.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/worker_wire.h"

static void reported(void *self, const struct client_reply *reply);

/* --- making one ------------------------------------------------------------------------------- */

static void forget_body(struct agent_control *control)
{
    arena_reset(&control->report_memory);
    control->report_body = NULL;
    control->report_ids = NULL;
    control->report_count = 0;
}

static void note_ids(struct agent_control *control, const struct replica_change *changes,
                     size_t count)
{
    control->report_ids = ARENA_ARRAY(&control->report_memory, const char *, count);
    control->report_count = count;
    for (size_t i = 0; i < count; i++)
        control->report_ids[i] = arena_strdup(&control->report_memory, changes[i].id);
}

static void render(struct agent_control *control, const struct report *report,
                   const struct replica_sample *samples, size_t sample_count)
{
    struct text body;
    struct json_writer writer;
    text_init(&body, &control->report_memory);
    json_writer_init(&writer, &body);
    report_render(&writer, report, samples, sample_count);
    control->report_body = text_string(&body);
    control->report_bytes = body.length;
}

/* False: there is nothing to say. */
static bool make_body(struct agent_control *control)
{
    auto_arena arena;
    arena_init(&arena);
    struct supervisor *supervisor = control->settings.supervisor;
    struct report report = {
        .boot_id = control->settings.registration.boot_id,
        .epoch = control->epoch,
        .full = control->full_due,
    };
    struct replica_sample *samples = NULL;
    size_t sample_count = 0;
    supervisor_changes(supervisor, &arena, control->changes_most, &report.changes,
                       &report.change_count);
    if (control->samples_due)
        supervisor_samples(supervisor, &arena, REPORT_CHANGES_MOST, &samples, &sample_count);
    control->samples_due = false;
    if (report.change_count == 0 && sample_count == 0 && !report.full) return false;
    /* Samples alone are no news, and repeated by the next. */
    if (report.change_count > 0 || report.full) report.seq = ++control->seq;
    note_ids(control, report.changes, report.change_count);
    render(control, &report, samples, sample_count);
    return true;
}

/* --- sending ---------------------------------------------------------------------------------- */

static void send_report(struct agent_control *control)
{
    auto_arena arena;
    arena_init(&arena);
    const struct client_request request = {
        .method = "POST",
        .path = client_path(&arena, "/v1/nodes/%s/report", control->settings.node),
        .token = control->settings.registration.token,
        .body = control->report_body,
        .body_bytes = control->report_bytes,
        .idempotency_key = "", /* its epoch and number say as much */
    };
    control->reporting.call = client_start(control->settings.client, &request, reported, control);
}

static void report_due(struct loop_timer *timer)
{
    struct agent_control *control = CONTAINER_OF(timer, struct agent_control, reporting.timer);
    if (!control->registered || control->doubted || control->reporting.call != NULL) return;
    if (control->report_body == NULL && !make_body(control)) return;
    send_report(control);
}

void agent_control_report_soon(struct agent_control *control)
{
    struct control_step *step = &control->reporting;
    if (!control->registered || step->call != NULL || loop_timer_is_set(&step->timer)) return;
    loop_timer_set(control->settings.loop, &step->timer, 0);
}

static void samples_due(struct loop_timer *timer)
{
    struct agent_control *control = CONTAINER_OF(timer, struct agent_control, sample_timer);
    control->samples_due = true;
    agent_control_report_soon(control);
    loop_timer_set(control->settings.loop, timer, control->settings.sample_ms);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void log_rejected(const struct json *answer)
{
    const struct json *rejected = json_member(answer, "rejected");
    for (size_t i = 0; rejected != NULL && i < rejected->count; i++) {
        struct log_line line;
        log_begin(&line, LOG_WARN, "report_rejected");
        log_string(&line, "replica", json_member_text(&rejected->children[i], "id"));
        log_string(&line, "code", json_member_text(&rejected->children[i], "code"));
        log_end(&line);
    }
}

static void taken(struct agent_control *control)
{
    supervisor_told(control->settings.supervisor, control->report_ids, control->report_count);
    control->full_due = false;
    control->reporting.backoff_ms = 0;
    forget_body(control);
    bool dirty = supervisor_is_dirty(control->settings.supervisor);
    if (control->samples_due || dirty) agent_control_report_soon(control);
    if (!dirty) control->settings.told(control->settings.self);
}

/* The server will never take this body: the next ones are smaller, down to the change that it
 * cannot be told, which is given up. Who is not the server (a gateway before it) has not the last
 * word. */
static void refused(struct agent_control *control, const struct client_reply *reply)
{
    control_log_refusal("report_refused", reply);
    if (control->report_count <= 1 && reply->problem_code != NULL) {
        taken(control);
        return;
    }
    if (control->report_count > 1) control->changes_most = control->report_count / 2;
    forget_body(control);
    control_retry_refused(control, &control->reporting);
}

static void reported(void *self, const struct client_reply *reply)
{
    struct agent_control *control = self;
    control->reporting.call = NULL;
    if (control_is_away(control, reply)) {
        if (control->report_count == 0 && !control->full_due) forget_body(control);
        control_retry_away(control, &control->reporting);
        return;
    }
    control_is_back(control);
    if (text_equal(reply->problem_code, "fenced")) {
        /* Or the server was restored from a backup with an older epoch: the poll tells. */
        control->doubted = true;
        control_poll_now(control);
    } else if (control_must_register(reply)) {
        control_log_refusal("unknown_here", reply);
        control_register(control);
    } else if (reply->status >= 200 && reply->status <= 299) {
        control->changes_most = REPORT_CHANGES_MOST;
        log_rejected(reply->json);
        taken(control);
    } else {
        refused(control, reply);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

void control_report_init(struct agent_control *control)
{
    arena_init(&control->report_memory);
    control->changes_most = REPORT_CHANGES_MOST;
    control->reporting.timer.fire = report_due;
    control->sample_timer.fire = samples_due;
}

void control_report_release(struct agent_control *control)
{
    loop_timer_cancel(control->settings.loop, &control->sample_timer);
    arena_release(&control->report_memory);
}

void control_report_drop(struct agent_control *control)
{
    forget_body(control);
}

void control_report_begin(struct agent_control *control)
{
    control->seq = 0;
    control->full_due = true;
    control->samples_due = true;
    loop_timer_set(control->settings.loop, &control->sample_timer, control->settings.sample_ms);
    supervisor_touch_all(control->settings.supervisor);
    agent_control_report_soon(control);
}
