/* control_state.h: what the files of control.h share. */
#ifndef DOGSHORE_AGENT_CONTROL_STATE_H
#define DOGSHORE_AGENT_CONTROL_STATE_H

#include "agent/control.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/rng.h"
#include "client/client.h"
#include "model/sample.h"

enum {
    AWAY_BACKOFF_LEAST_MS = 200,
    AWAY_BACKOFF_MOST_MS = 5000,
    REFUSED_BACKOFF_LEAST_MS = 1000,
    REFUSED_BACKOFF_MOST_MS = 30000,
    REPORT_CHANGES_MOST = 1000, /* and samples */
    /* JSON values of one with all that it may have: ports, probes. */
    REPORT_CHANGE_VALUES = 16 + LIMIT_PORTS,
    REPORT_SAMPLE_VALUES = 8 + 10 * PROBE_KINDS
};
static_assert((int)REPORT_CHANGES_MOST <= (int)LIMIT_REPORT_CHANGES,
              "the server takes a full report");
static_assert(REPORT_CHANGES_MOST * (REPORT_CHANGE_VALUES + REPORT_SAMPLE_VALUES) <
                  (int)LIMIT_JSON_NODES / 2,
              "the server reads a full report");

/* One kind of call and when it is made again. */
struct control_step {
    struct client_call *call; /* NULL = none is on its way */
    struct loop_timer timer;
    int64_t backoff_ms; /* the last one; 0 = none since it went well */
};

struct agent_control {
    struct control_settings settings;
    struct rng rng;

    bool registered;
    bool joining; /* the register call carries the join token */
    int64_t epoch, index, poll_wait_ms;
    char *incarnation; /* NULL before the first registration */
    char *taken_over;  /* tag of the assignments that run here, all of them; NULL = none */
    int64_t taken_over_at_ms;
    struct control_step registering, polling, reporting;
    int64_t polled_index, polled_at_ms;
    bool leaving; /* no polls */
    bool doubted; /* a report was refused as fenced: the next poll tells whether it is true */

    bool away; /* the server does not answer */
    int64_t away_since_ms;

    /* The loop's pulse: one that is late tells that this process was stopped. */
    struct loop_timer pulse_timer;
    int64_t pulse_at_ms;

    /* The report that is sent, again and again until it is answered. */
    struct arena report_memory;
    const char *report_body; /* NULL = none */
    size_t report_bytes;
    const char **report_ids;
    size_t report_count;
    size_t changes_most;
    int64_t seq;
    bool full_due;
    struct loop_timer sample_timer;
    bool samples_due;
};

int64_t control_now_ms(const struct agent_control *control);
/* control.c: (again) from the beginning; what is on its way is dropped. */
void control_register(struct agent_control *control);
void control_poll_now(struct agent_control *control);
/* The next try of a step, later and later. */
void control_retry_away(struct agent_control *control, struct control_step *step);
void control_retry_refused(struct agent_control *control, struct control_step *step);

/* Does this reply mean that the server is not there? Then that is noted. */
bool control_is_away(struct agent_control *control, const struct client_reply *reply);
void control_is_back(struct agent_control *control);
void control_log_refusal(const char *event, const struct client_reply *reply);
bool control_must_register(const struct client_reply *reply);

/* control_report.c */
void control_report_init(struct agent_control *control);
void control_report_release(struct agent_control *control);
/* After a registration: all of it, under the new epoch. */
void control_report_begin(struct agent_control *control);
void control_report_drop(struct agent_control *control);

#endif
