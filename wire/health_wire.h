/* health_wire.h: health over time (model/health.h) as the API shows it. It is counted up to now, so
 * that nobody keeps it. */
#ifndef DOGSHORE_WIRE_HEALTH_WIRE_H
#define DOGSHORE_WIRE_HEALTH_WIRE_H

#include "model/health.h"
#include "wire/live_wire.h"

struct json_writer;

/* An answer of a probe, on the calendar. */
struct shown_answer {
    int64_t at;
    bool ok;
    int64_t duration_us;
};

struct shown_answers {
    struct shown_answer *items; /* oldest first */
    size_t count;
};

struct replica_health {
    struct replica_live live;
    int phase; /* enum replica_phase */
    int64_t attempt;
    struct window window; /* cut to the replica's life */
    struct shown_answers answers[PROBE_KINDS];
    struct health_spans timeline[HEALTH_KINDS];
    struct health_sum sum; /* of HEALTH_READY */
    double ratio;          /* ready, of the time that is known; not a number = none is */
};
void replica_probes_render(struct json_writer *writer, const struct replica_health *health);

struct deployment_uptime {
    const char *name, *cluster;
    struct window window; /* cut to the deployment's life */
    struct availability_sum sum;
    double some_ratio, all_ratio; /* of the time in which that is known; likewise */
};
void deployment_uptime_render(struct json_writer *writer, const struct deployment_uptime *uptime);
void window_render(struct json_writer *writer, const struct window *window);
void availability_spans_render(struct json_writer *writer, const struct availability_spans *spans);

#endif
