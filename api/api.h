/* api.h: what handlers need besides the request: made once by main, constant afterwards. */
#ifndef DOGSHORE_API_API_H
#define DOGSHORE_API_API_H

#include "base/clock.h"
#include "base/err.h"
#include "base/exposition.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control;
struct store;
struct store_db;
struct text;

struct api {
    const struct store *store;
    struct control *control; /* scheduler/control.h: domain operations and the node table */
    struct clock clock;
    const char *version;
    /* Is the server ready for traffic (not shutting down, store fine)? */
    int (*ready)(void *self, const char **why_not);
    /* Wall ms of a token's last use, to about a minute; 0 = not since the start. Any thread. */
    int64_t (*token_used_at)(void *self, const char *id);
    /* All that the server counts. On one of the reader's threads. */
    enum err_code (*metrics)(void *self, struct store_db *db, enum exposition_format format,
                             struct text *text, struct err *err);
    bool metrics_open; /* to everybody */
    void *self;
};

#endif
