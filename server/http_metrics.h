/* http_metrics.h: what one loop counts of requests, connections and replies.
 *
 * A request is told apart by its route's template, never by its path, so that the number of series
 * is bounded: a path without a route is "other", a method that the route table does not know too.
 * The duration of a request that waited (a long poll, a stream) says when something happened, not
 * how fast the server is, so it is in no histogram.
 *
 * Ownership: the loop's. Threads: counted by its loop, added up by any.
 */
#ifndef DOGSHORE_SERVER_HTTP_METRICS_H
#define DOGSHORE_SERVER_HTTP_METRICS_H

#include "base/metrics.h"

#include <stdbool.h>

struct exposition;
struct metric_family;
struct request;

struct http_series;

struct http_metrics {
    struct http_series *series;
    struct counter reply_bytes;
    struct counter connections; /* open now */
};

void http_metrics_init(struct http_metrics *metrics);
void http_metrics_release(struct http_metrics *metrics);

struct http_outcome {
    const struct request *request; /* NULL: there was none */
    const char *method;            /* as received; looked at if there is no route */
    bool head_only;
    int status;
    int64_t reply_bytes;
    bool untimed;        /* it waited, or there was nothing that could be timed */
    int64_t duration_us; /* of no meaning if it is untimed */
};
void http_metrics_count(struct http_metrics *metrics, const struct http_outcome *outcome);

/* The families "requests by method, route, code" and "durations by method, route" of several loops;
 * a series that counts nothing is left out. */
void http_metrics_write_requests(const struct http_metrics *const *loops, size_t count,
                                 struct exposition *exposition);
void http_metrics_write_durations(const struct http_metrics *const *loops, size_t count,
                                  struct exposition *exposition);

#endif
