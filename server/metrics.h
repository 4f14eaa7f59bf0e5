/* metrics.h: all that GET /metrics tells: one table of families, written in either format.
 *
 * Numbers come from where they are kept: counters of the loops, the writer, the scheduler and the
 * control plane, which cost their owners a plain addition; counts by state from the store; the
 * process's own from the kernel. docs/metrics.md lists the families and a test compares.
 *
 * Threads: the reader's; nothing here waits for a loop.
 */
#ifndef DOGSHORE_SERVER_METRICS_H
#define DOGSHORE_SERVER_METRICS_H

#include "base/err.h"
#include "base/exposition.h"

struct loop;
struct scheduler;
struct service;
struct store_db;
struct text;

struct metrics_sources {
    const struct service *service;
    struct scheduler *scheduler;
    struct loop *const *loops;
    size_t loop_count;
    int64_t started_at; /* wall ms */
};

enum err_code metrics_write(const struct metrics_sources *sources, struct store_db *db,
                            enum exposition_format format, struct text *text, struct err *err);
/* `dogshored --print-metrics`: one line a family: name of its samples, type, labels, help. */
void metrics_print(struct text *text);

#endif
