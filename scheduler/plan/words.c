/* Sentences about replicas, cut to fixed buffers. No word depends on the time, so that what is
 * recorded stays true while nothing happens.
 */
#include "base/text.h"
#include "scheduler/plan/pass.h"

#include <stdarg.h>

/* Cuts what vsnprintf() may have split in the middle of a character. */
static void append(char *out, size_t bytes, size_t used, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));
static void append(char *out, size_t bytes, size_t used, const char *format, va_list args)
{
    vsnprintf(out + used, bytes - used, format, args);
    out[text_utf8_valid(out, strlen(out))] = '\0';
}

void sentence_set(char *out, size_t bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    append(out, bytes, 0, format, args);
    va_end(args);
}

void sentence_add(char *out, size_t bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    append(out, bytes, strlen(out), format, args);
    va_end(args);
}

const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

const char *failures_text(int64_t failures, char *out, size_t bytes)
{
    sentence_set(out, bytes, "%lld failure%s%s", (long long)failures, plural(failures),
                 failures == 1 ? "" : " in a row");
    return out;
}

const char *replica_place(const struct replica *replica, char *out, size_t bytes)
{
    out[0] = '\0';
    if (replica->node) sentence_set(out, bytes, " on %s", replica->node);
    return out;
}

bool says_how_it_ended(const char *reason)
{
    return strstr(reason, "exited with status") != NULL ||
           strstr(reason, "killed by signal") != NULL;
}

/* What is known about why it is where it is; "" = nothing. */
static const char *explanation(const struct replica *replica)
{
    bool probed = replica->phase == REPLICA_STARTING || replica->phase == REPLICA_RUNNING;
    const char *answer = or_empty(replica->readiness_reason);
    return probed && *answer ? answer : or_empty(replica->reason);
}

static const char *condition(const struct replica_tally *tally)
{
    const struct replica *replica = tally->replica;
    if (tally->presence != PRESENCE_PRESENT) return "is out of reach: its node does not report";
    switch ((enum replica_phase)replica->phase) {
    case REPLICA_PENDING:
        return "waits for a node";
    case REPLICA_ASSIGNED:
        return "waits for its node to take it up";
    case REPLICA_PREPARING:
        return "is preparing";
    case REPLICA_STARTING:
        return "is starting";
    case REPLICA_RUNNING:
        return replica->ready ? "is ready" : "is not ready";
    case REPLICA_STOPPING:
        return "is stopping";
    case REPLICA_STOPPED:
    case REPLICA_FAILED:
        break;
    }
    return "ended";
}

void replica_describe(const struct pass *pass, const struct replica_tally *tally, char *out,
                      size_t bytes)
{
    const struct replica *replica = tally->replica;
    char place[PLAN_WHY_BYTES];
    sentence_set(out, bytes, "%s%s %s", replica->id, replica_place(replica, place, sizeof place),
                 condition(tally));
    if (tally->presence != PRESENCE_PRESENT) return;
    if (tally->ready) {
        sentence_add(out, bytes, ", but not yet for min_ready_seconds (%lld)",
                     (long long)pass_strategy(pass)->min_ready_seconds);
        return;
    }
    if (replica->restarts > 0)
        sentence_add(out, bytes, " (restarts: %lld)", (long long)replica->restarts);
    if (*explanation(replica)) sentence_add(out, bytes, ": %s", explanation(replica));
}

/* How much its trouble explains: a probe's answer most, a phase that simply goes on least. */
static int tells(const struct pass *pass, const struct replica_tally *tally)
{
    const struct replica *replica = tally->replica;
    if (!tally->running || tally->available) return 0;
    int score = 1;
    if (tally->presence != PRESENCE_PRESENT)
        score = 3;
    else if (replica->phase == REPLICA_RUNNING && !tally->ready)
        score = 4;
    else if (tally->ready)
        score = 2;
    if (tally->presence == PRESENCE_PRESENT && *explanation(replica)) score += 4;
    if (tally->set == pass->target && pass_rollout_running(pass)) score += 8;
    return score;
}

const struct replica_tally *replica_most_telling(const struct pass *pass)
{
    const struct replica_tally *best = NULL;
    int best_score = 0;
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        const struct replica_tally *tally = &pass->plan->replicas[i];
        int score = tells(pass, tally);
        if (score == 0 || score < best_score) continue;
        if (score == best_score && tally->replica->number > best->replica->number) continue;
        best = tally;
        best_score = score;
    }
    return best;
}
