/* The check of a canary: when it is asked, and what its answers add up to. */
#include "agent/replica_check.h"

#include "agent/replica_parts.h"
#include "base/text.h"
#include "wire/object_wire.h"

/* --- its end ---------------------------------------------------------------------------------- */

static void log_answer(const struct local_replica *replica)
{
    struct log_line line;
    const struct watched_check *watched = &replica->check;
    if (watched->passed)
        log_begin(&line, LOG_INFO, "canary_check_passed");
    else
        log_begin(&line, LOG_WARN, "canary_check_failed");
    log_string(&line, "replica", replica->record.id);
    log_int(&line, "attempt", replica->record.attempt);
    log_int(&line, "round", watched->round);
    if (!watched->passed) log_string(&line, "reason", watched->reason);
    log_end(&line);
}

static void conclude(struct local_replica *replica, bool passed, const char *reason)
{
    struct watched_check *watched = &replica->check;
    watched->answered = true;
    watched->passed = passed;
    snprintf(watched->reason, sizeof watched->reason, "%s", reason);
    log_answer(replica);
    if (!passed) replica_note_log(replica);
    replica_changed(replica);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void ask_after(struct local_replica *replica, int64_t delay_ms)
{
    replica->host->set_timer(replica->host, replica, REPLICA_TIMER_CHECK, delay_ms);
}

static void ask(struct local_replica *replica)
{
    struct watched_check *watched = &replica->check;
    if (!ports_has(&replica->record.ports, watched->check.port)) {
        char reason[sizeof watched->reason];
        snprintf(reason, sizeof reason, "it has no port '%s'", watched->check.port);
        conclude(replica, false, reason);
        return;
    }
    watched->asked = true;
    watched->asked_at_ms = replica->host->now_ms(replica->host);
    replica->host->check_canary(replica->host, replica);
}

static bool is_open(const struct local_replica *replica)
{
    const struct watched_check *watched = &replica->check;
    return watched->round != 0 && !watched->answered && !watched->asked &&
           replica->record.phase == LOCAL_RUNNING;
}

/* Before it is ready, "connection refused" would say nothing about it. */
void replica_check_begin(struct local_replica *replica)
{
    if (!is_open(replica) || replica->check.passes > 0 || !replica->record.ready) return;
    ask_after(replica, 0);
}

/* It goes on when the replica becomes unready after the first answer: that is part of the answer.
 */
void replica_check_is_due(struct local_replica *replica)
{
    if (!is_open(replica)) return;
    if (replica->record.ready || replica->check.passes > 0) ask(replica);
}

void replica_check_end(struct local_replica *replica)
{
    struct watched_check *watched = &replica->check;
    ask_after(replica, -1);
    watched->passes = 0;
    if (!watched->asked) return;
    watched->asked = false;
    replica->host->cancel_canary_check(replica->host, replica);
}

void replica_check_reset(struct local_replica *replica)
{
    replica_check_end(replica);
    replica->check.answered = replica->check.passed = false;
}

/* --- what the answers mean -------------------------------------------------------------------- */

static bool slept_through(const struct local_replica *replica)
{
    int64_t took_ms = replica->host->now_ms(replica->host) - replica->check.asked_at_ms;
    return took_ms > REPLICA_CHECK_TIMEOUT_MS + REPLICA_OVERSLEPT_MS;
}

void local_replica_check_answered(struct local_replica *replica, const struct probe_answer *answer)
{
    struct watched_check *watched = &replica->check;
    watched->asked = false;
    if (slept_through(replica))
        ask(replica);
    else if (!answer->ok)
        conclude(replica, false, answer->reason);
    else if (++watched->passes < watched->check.times)
        ask_after(replica, REPLICA_CHECK_PERIOD_MS);
    else
        conclude(replica, true, "");
}

/* --- what is asked for ------------------------------------------------------------------------ */

static bool same_check(const struct canary_check *a, const struct canary_check *b)
{
    return text_equal(a->port, b->port) && text_equal(a->path, b->path) &&
           a->expect_status == b->expect_status && a->times == b->times &&
           text_equal(a->expect_substring == NULL ? "" : a->expect_substring,
                      b->expect_substring == NULL ? "" : b->expect_substring);
}

static void forget(struct local_replica *replica)
{
    struct watched_check *watched = &replica->check;
    if (watched->round == 0) return;
    replica_check_reset(replica);
    watched->round = 0;
    watched->check = (struct canary_check){.times = 0};
    arena_reset(&watched->memory);
}

void local_replica_set_check(struct local_replica *replica, const struct assigned_check *assigned)
{
    struct watched_check *watched = &replica->check;
    if (assigned == NULL) {
        forget(replica);
        return;
    }
    const struct canary_check *check = &assigned->check;
    if (assigned->round == watched->round && same_check(check, &watched->check)) return;
    forget(replica);
    watched->round = assigned->round;
    watched->check = *check;
    watched->check.port = arena_strdup(&watched->memory, check->port);
    watched->check.path = arena_strdup(&watched->memory, check->path);
    watched->check.expect_substring = arena_strdup(&watched->memory, check->expect_substring);
    replica_check_begin(replica);
}
