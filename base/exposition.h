/* exposition.h: metrics as text for whoever scrapes them: Prometheus 0.0.4 or OpenMetrics 1.0.
 *
 * A family says what a number is; samples follow it. The two formats differ in the names of
 * counters and infos (OpenMetrics describes `requests` and samples `requests_total`), in UNIT, and
 * in the line that ends the text; callers need not know.
 *
 * Ownership: everything is borrowed; the text is the caller's. Threads: none.
 */
#ifndef DOGSHORE_BASE_EXPOSITION_H
#define DOGSHORE_BASE_EXPOSITION_H

#include "base/metrics.h"

#include <stddef.h>
#include <stdint.h>

struct text;

enum exposition_format { EXPOSITION_PROMETHEUS, EXPOSITION_OPENMETRICS };
/* What the format is served as. */
extern const char *const exposition_media_types[];

enum metric_type {
    METRIC_GAUGE,
    METRIC_COUNTER,   /* samples end in _total */
    METRIC_HISTOGRAM, /* samples end in _bucket, _sum and _count */
    METRIC_INFO       /* samples end in _info and are 1: their labels tell */
};
extern const char *const metric_type_words[];

enum { METRIC_LABELS_MAX = 4 };

struct metric_family {
    const char *name; /* without the ending; with a unit it ends in that */
    enum metric_type type;
    const char *unit;                      /* a base unit: "seconds", "bytes"; NULL = none */
    const char *help;                      /* one sentence */
    const char *labels[METRIC_LABELS_MAX]; /* names; NULL after the last */
    const struct buckets *buckets;         /* of a histogram */
};
/* What follows the name in a sample: "_total", "_info" or nothing. */
const char *metric_ending(enum metric_type type);

struct exposition {
    enum exposition_format format;
    struct text *text;
    const struct metric_family *family; /* that samples belong to */
};

void exposition_init(struct exposition *exposition, enum exposition_format format,
                     struct text *text);
/* Begins a family; each at most once in a text. */
void exposition_family(struct exposition *exposition, const struct metric_family *family);
/* One sample; a value for each of the family's labels, NULL if it has none. */
void exposition_int(struct exposition *exposition, const char *const *values, int64_t number);
void exposition_double(struct exposition *exposition, const char *const *values, double number);
void exposition_histogram(struct exposition *exposition, const char *const *values,
                          const struct histogram_sum *sum);
void exposition_end(struct exposition *exposition);

#endif
