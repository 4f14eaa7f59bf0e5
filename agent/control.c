#include "agent/control_state.h"
#include "agent/identity.h"
#include "agent/supervise.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "wire/field_errors.h"
#include "wire/worker_wire.h"

enum {
    PULSE_MS = 1000,
    STOPPED_MS = 3 * PULSE_MS,  /* a pulse that is so late */
    POLL_SLACK_MS = 5000,       /* over the wait, for an answer to arrive */
    POLL_AT_ONCE_MS = 100,      /* an answer that did not wait */
    POLL_PAUSE_MS = 500,        /* after one that did not wait and had no news */
    POLL_WHOLE_MS = 60000,      /* so long an unchanged answer may be left out */
    POLL_WAIT_FIRST_MS = 10000, /* until the server says */
    POLL_WAIT_MOST_SECONDS = 60
};

/* --- time ------------------------------------------------------------------------------------- */

int64_t control_now_ms(const struct agent_control *control)
{
    return loop_now_ms(control->settings.loop);
}

static void pulse(struct loop_timer *timer)
{
    struct agent_control *control = CONTAINER_OF(timer, struct agent_control, pulse_timer);
    control->pulse_at_ms = control_now_ms(control);
    loop_timer_set(control->settings.loop, timer, PULSE_MS);
}

/* What came meanwhile may be an order of a world that is gone. */
static bool was_stopped(const struct agent_control *control)
{
    return control_now_ms(control) - control->pulse_at_ms > STOPPED_MS;
}

/* Doubled each time, and up to a quarter less, so that many agents do not come at once. */
static void retry(struct agent_control *control, struct control_step *step, int64_t least_ms,
                  int64_t most_ms)
{
    step->backoff_ms *= 2;
    if (step->backoff_ms < least_ms) step->backoff_ms = least_ms;
    if (step->backoff_ms > most_ms) step->backoff_ms = most_ms;
    int64_t less_ms = (int64_t)rng_below(&control->rng, (uint64_t)step->backoff_ms / 4 + 1);
    loop_timer_set(control->settings.loop, &step->timer, step->backoff_ms - less_ms);
}

void control_retry_away(struct agent_control *control, struct control_step *step)
{
    retry(control, step, AWAY_BACKOFF_LEAST_MS, AWAY_BACKOFF_MOST_MS);
}

void control_retry_refused(struct agent_control *control, struct control_step *step)
{
    retry(control, step, REFUSED_BACKOFF_LEAST_MS, REFUSED_BACKOFF_MOST_MS);
}

static void drop_call(struct agent_control *control, struct control_step *step)
{
    if (step->call != NULL) client_cancel(step->call);
    step->call = NULL;
    loop_timer_cancel(control->settings.loop, &step->timer);
}

/* --- is the server there? --------------------------------------------------------------------- */

bool control_is_away(struct agent_control *control, const struct client_reply *reply)
{
    if (reply->status != 0 && reply->status != 429 && reply->status < 500) return false;
    if (control->away) return true;
    control->away = true;
    control->away_since_ms = control_now_ms(control);
    log_message(LOG_WARN, "server_away", "%s", reply->error.detail);
    return true;
}

static void hurry(struct agent_control *control, struct control_step *step)
{
    if (loop_timer_is_set(&step->timer)) loop_timer_set(control->settings.loop, &step->timer, 0);
}

void control_is_back(struct agent_control *control)
{
    if (!control->away) return;
    control->away = false;
    log_message(LOG_INFO, "server_back", "after %lld ms",
                (long long)(control_now_ms(control) - control->away_since_ms));
    hurry(control, &control->polling);
    hurry(control, &control->reporting);
}

void control_log_refusal(const char *event, const struct client_reply *reply)
{
    struct log_line line;
    log_begin(&line, LOG_WARN, event);
    log_int(&line, "status", reply->status);
    log_string(&line, "msg", reply->error.detail);
    log_end(&line);
}

/* The server does not know this node any more. */
bool control_must_register(const struct client_reply *reply)
{
    return reply->status == 401 || reply->status == 403 || reply->status == 404;
}

/* --- registration ----------------------------------------------------------------------------- */

static void registered(void *self, const struct client_reply *reply);

static void send_registration(struct agent_control *control, const char *token)
{
    auto_arena arena;
    arena_init(&arena);
    struct text body;
    struct json_writer writer;
    text_init(&body, &arena);
    json_writer_init(&writer, &body);
    node_registration_render(&writer, &control->settings.registration);
    const struct client_request request = {
        .method = "PUT",
        .path = client_path(&arena, "/v1/nodes/%s", control->settings.node),
        .token = token,
        .body = text_string(&body),
        .body_bytes = body.length,
        .idempotency_key = "",
    };
    control->registering.call =
        client_start(control->settings.client, &request, registered, control);
}

static void register_as_known(struct agent_control *control)
{
    control->joining = false;
    send_registration(control, control->settings.registration.token);
}

static void registration_due(struct loop_timer *timer)
{
    register_as_known(CONTAINER_OF(timer, struct agent_control, registering.timer));
}

void control_register(struct agent_control *control)
{
    control->registered = false;
    control->doubted = false;
    drop_call(control, &control->polling);
    drop_call(control, &control->reporting);
    drop_call(control, &control->registering);
    control_report_drop(control);
    if (control->registering.backoff_ms > 0) {
        control_retry_away(control, &control->registering);
        return;
    }
    /* A server that takes every registration and refuses what follows makes no busy loop. */
    control->registering.backoff_ms = AWAY_BACKOFF_LEAST_MS;
    register_as_known(control);
}

/* The own token is not known: the name is new to the server, or was removed. */
static void join(struct agent_control *control)
{
    auto_arena arena;
    arena_init(&arena);
    const char *token, *path = control->settings.join_token_file;
    struct err err = {.detail = "the server does not know this node's token, and there is no "
                                "--join-token-file"};
    if (path != NULL && identity_read_secret(&arena, path, &token, &err) == ERR_OK) {
        control->joining = true;
        send_registration(control, token);
        return;
    }
    log_message(LOG_ERROR, "register_failed", "%s", err.detail);
    control_retry_refused(control, &control->registering);
}

static void log_registered(const struct agent_control *control)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, "registered");
    log_string(&line, "node", control->settings.node);
    log_int(&line, "epoch", control->epoch);
    log_string(&line, "incarnation", control->incarnation);
    log_end(&line);
}

static bool take_registration(struct agent_control *control, const struct client_reply *reply)
{
    auto_arena arena;
    arena_init(&arena);
    struct field_errors errors;
    struct registration_answer answer;
    field_errors_init(&errors, &arena);
    if (reply->json == NULL || !registration_answer_decode(reply->json, &arena, &answer, &errors)) {
        log_message(LOG_ERROR, "register_failed", "the answer cannot be read");
        return false;
    }
    if (control->incarnation != NULL && !text_equal(control->incarnation, answer.incarnation))
        log_message(LOG_WARN, "server_restored", "its incarnation is %s now, it was %s",
                    answer.incarnation, control->incarnation);
    free(control->incarnation);
    control->incarnation = xstrdup(answer.incarnation);
    control->epoch = answer.epoch;
    return true;
}

static void remember_tag(struct agent_control *control, const char *etag)
{
    free(control->taken_over);
    control->taken_over = etag != NULL ? xstrdup(etag) : NULL;
    control->taken_over_at_ms = control_now_ms(control);
}

static void follow(struct agent_control *control)
{
    control->registered = true;
    control->index = 0;
    remember_tag(control, NULL);
    control->polling.backoff_ms = control->reporting.backoff_ms = 0;
    log_registered(control);
    control_is_back(control);
    control_report_begin(control);
    control_poll_now(control);
}

static void refused(struct agent_control *control, const struct client_reply *reply)
{
    if (control->joining && reply->status == 409)
        log_message(LOG_ERROR, "register_failed",
                    "%s; if this is the machine that had it: dogshore nodes rejoin %s",
                    reply->error.detail, control->settings.node);
    else
        control_log_refusal("register_failed", reply);
    control_retry_refused(control, &control->registering);
}

static void registered(void *self, const struct client_reply *reply)
{
    struct agent_control *control = self;
    control->registering.call = NULL;
    if (control_is_away(control, reply)) {
        control_retry_away(control, &control->registering);
        return;
    }
    control_is_back(control);
    if (reply->status == 401 && !control->joining) {
        join(control);
        return;
    }
    if (reply->status < 200 || reply->status > 299) {
        refused(control, reply);
        return;
    }
    if (take_registration(control, reply))
        follow(control);
    else
        control_retry_refused(control, &control->registering);
}

/* --- assignments ------------------------------------------------------------------------------ */

static void polled(void *self, const struct client_reply *reply);

/* A second less, sometimes, so that many agents do not march. */
static int64_t wait_seconds(struct agent_control *control)
{
    int64_t seconds = control->poll_wait_ms / SECOND_MS;
    if (control->doubted) return 0;
    if (seconds > POLL_WAIT_MOST_SECONDS) seconds = POLL_WAIT_MOST_SECONDS;
    return seconds > 1 ? seconds - (int64_t)rng_below(&control->rng, 2) : 1;
}

/* What needs no repeating. Now and then all of it is asked for again: whatever went wrong here is
 * set right by it. */
static const char *known_tag(const struct agent_control *control)
{
    int64_t age_ms = control_now_ms(control) - control->taken_over_at_ms;
    return control->polled_index != 0 && age_ms < POLL_WHOLE_MS ? control->taken_over : NULL;
}

void control_poll_now(struct agent_control *control)
{
    auto_arena arena;
    arena_init(&arena);
    drop_call(control, &control->polling);
    if (control->leaving) return;
    int64_t wait = wait_seconds(control);
    control->polled_index = control->doubted ? 0 : control->index;
    control->polled_at_ms = control_now_ms(control);
    const struct client_request request = {
        .path =
            client_path(&arena, "/v1/nodes/%s/assignments?index=%lld&wait_seconds=%lld",
                        control->settings.node, (long long)control->polled_index, (long long)wait),
        .token = control->settings.registration.token,
        .if_none_match = known_tag(control),
        .timeout_ms = wait * SECOND_MS + POLL_SLACK_MS,
    };
    control->polling.call = client_start(control->settings.client, &request, polled, control);
}

static void poll_due(struct loop_timer *timer)
{
    control_poll_now(CONTAINER_OF(timer, struct agent_control, polling.timer));
}

/* An answer that came at once and has no news would make a busy loop. */
static void poll_next(struct agent_control *control)
{
    bool at_once = control_now_ms(control) - control->polled_at_ms < POLL_AT_ONCE_MS;
    if (at_once && control->index == control->polled_index)
        loop_timer_set(control->settings.loop, &control->polling.timer, POLL_PAUSE_MS);
    else
        control_poll_now(control);
}

static void fenced(struct agent_control *control, int64_t epoch)
{
    log_message(LOG_ERROR, "fenced",
                "another agent has registered node %s since (epoch %lld, this one's is %lld); "
                "what runs here runs on",
                control->settings.node, (long long)epoch, (long long)control->epoch);
    control->registered = false;
    drop_call(control, &control->polling);
    drop_call(control, &control->reporting);
    control->settings.fenced(control->settings.self);
}

static void apply(struct agent_control *control, const struct assignments *assignments,
                  const char *etag)
{
    control->registering.backoff_ms = 0;
    bool whole = supervisor_apply(control->settings.supervisor, assignments);
    if (!whole && control->polled_index == 0)
        log_message(LOG_ERROR, "template_missing",
                    "an assignment has no template; its replica is not started");
    control->index = whole || control->polled_index == 0 ? assignments->index : 0;
    remember_tag(control, whole ? etag : NULL);
    control->poll_wait_ms = assignments->poll_wait_ms;
    if (control->doubted) {
        control->doubted = false;
        control_retry_away(control, &control->reporting);
    }
    poll_next(control);
}

static void judge(struct agent_control *control, const struct assignments *assignments,
                  const char *etag)
{
    bool same_server = text_equal(assignments->incarnation, control->incarnation);
    if (same_server && assignments->epoch > control->epoch)
        fenced(control, assignments->epoch);
    else if (!same_server || assignments->epoch < control->epoch)
        control_register(control);
    else
        apply(control, assignments, etag);
}

static void take_assignments(struct agent_control *control, const struct client_reply *reply)
{
    auto_arena arena;
    arena_init(&arena);
    struct field_errors errors;
    struct assignments assignments;
    field_errors_init(&errors, &arena);
    if (reply->json == NULL ||
        !node_assignments_decode(reply->json, &arena, &assignments, &errors)) {
        log_message(LOG_ERROR, "poll_failed", "the assignments cannot be read: %s %s",
                    errors.count > 0 ? errors.items[0].pointer : "",
                    errors.count > 0 ? errors.items[0].detail : "no JSON");
        control_retry_refused(control, &control->polling);
        return;
    }
    control->polling.backoff_ms = 0;
    judge(control, &assignments, reply->etag);
}

/* What was taken over is still what is wanted, of this epoch and incarnation. */
static void take_no_news(struct agent_control *control)
{
    control->registering.backoff_ms = control->polling.backoff_ms = 0;
    poll_next(control);
}

static void polled(void *self, const struct client_reply *reply)
{
    struct agent_control *control = self;
    control->polling.call = NULL;
    if (was_stopped(control)) {
        control_poll_now(control);
    } else if (control_is_away(control, reply)) {
        control_retry_away(control, &control->polling);
    } else if (control_must_register(reply)) {
        control_log_refusal("unknown_here", reply);
        control_register(control);
    } else if (reply->status == 304) {
        control_is_back(control);
        take_no_news(control);
    } else if (reply->status != 200) {
        control_log_refusal("poll_failed", reply);
        control->index = 0;
        control_retry_refused(control, &control->polling);
    } else {
        control_is_back(control);
        take_assignments(control, reply);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

struct agent_control *agent_control_open(const struct control_settings *settings)
{
    struct agent_control *control = xcalloc(1, sizeof *control);
    uint64_t seed;
    crypto_random(&seed, sizeof seed);
    rng_seed(&control->rng, seed);
    control->settings = *settings;
    control->poll_wait_ms = POLL_WAIT_FIRST_MS;
    control->pulse_timer.fire = pulse;
    control->registering.timer.fire = registration_due;
    control->polling.timer.fire = poll_due;
    control_report_init(control);
    return control;
}

void agent_control_start(struct agent_control *control)
{
    pulse(&control->pulse_timer);
    control_register(control);
}

void agent_control_leave(struct agent_control *control)
{
    control->leaving = true;
    drop_call(control, &control->polling);
}

void agent_control_close(struct agent_control *control)
{
    if (control == NULL) return;
    drop_call(control, &control->registering);
    drop_call(control, &control->polling);
    drop_call(control, &control->reporting);
    loop_timer_cancel(control->settings.loop, &control->pulse_timer);
    control_report_release(control);
    free(control->taken_over);
    free(control->incarnation);
    free(control);
}
