/* api.h: what handlers need besides the request: made once by main, constant afterwards. */
#ifndef DOGSHORE_API_API_H
#define DOGSHORE_API_API_H

#include "base/clock.h"

#include <stddef.h>
#include <stdint.h>

struct control;
struct store;

struct api {
    const struct store *store;
    struct control *control; /* scheduler/control.h: domain operations and the node table */
    struct clock clock;
    const char *version;
    const char *openapi_yaml; /* compiled in */
    size_t openapi_bytes;
    /* Is the server ready for traffic (not shutting down, store fine)? */
    int (*ready)(void *self, const char **why_not);
    void *self;
};

#endif
