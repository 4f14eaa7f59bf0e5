/* service.h: what every loop and request may use: made by main before the first loop, constant
 * while one runs. */
#ifndef DOGSHORE_SERVER_SERVICE_H
#define DOGSHORE_SERVER_SERVICE_H

#include "api/api.h"
#include "base/clock.h"
#include "server/config.h"

struct backups;
struct control;
struct peers;
struct publish;
struct reader;
struct store;
struct stream_counts;
struct token_uses;
struct writer;

struct service {
    const struct config *config;
    struct clock clock;
    struct store *store;
    struct control *control;
    struct writer *writer;
    struct backups *backups;
    struct publish *publish;
    struct reader *reader;  /* lists */
    struct reader *planner; /* what computes */
    struct peers *peers;
    struct token_uses *token_uses;
    struct stream_counts *streams;
    struct api api;
};

#endif
