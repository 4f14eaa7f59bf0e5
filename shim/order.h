/* order.h: what the spec file tells to run, as the shim holds it until the child was executed.
 *
 * Ownership: all texts point into one private mapping, which order_release() gives back, and with
 * it the secrets of the environment. Threads: one.
 */
#ifndef DOGSHORE_SHIM_ORDER_H
#define DOGSHORE_SHIM_ORDER_H

#include <stdbool.h>
#include <stddef.h>

struct order {
    char **arguments, **environment; /* NULL at the end */
    const char *working_dir, *log, *boot_id;
    long long log_bytes;
    int stop_signal;
    void *mapping;
    size_t mapping_bytes;
};

/* False: the file is missing or lacks something that it must say. */
bool order_read(struct order *order, int folder);
void order_release(struct order *order);

#endif
