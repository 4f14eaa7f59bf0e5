/* fleet_store.h: the store of a measured fleet, and who writes it. Nobody else may have its folder
 * open. Any failure ends the program with a message. */
#ifndef DOGSHORE_BENCH_FLEET_STORE_H
#define DOGSHORE_BENCH_FLEET_STORE_H

#include "store/store.h"
#include "store/writer.h"

struct fleet_size {
    int64_t deployments;
    int64_t replicas; /* of each deployment; at least 1 */
    int64_t ended;    /* of each, besides */
    int64_t rollouts; /* of each; at least 1 */
    int64_t nodes;
    int64_t events; /* besides those that come with the rest */
    int64_t clusters;
    bool lively; /* not at rest: some deploy, some failed, some nodes are lost */
};

struct fleet {
    struct fleet_size size;
    char dir[256];
    struct store *store;
    struct writer *writer;
    struct store_db *reader;
};

void fleet_must(enum err_code code, const struct err *err);

/* In a folder that is there, with whatever it has; its path is copied. */
void fleet_open(struct fleet *fleet, const char *data_dir, const struct fleet_size *size);
void fleet_close(struct fleet *fleet);
/* In a new folder below `parent`, which fleet_remove removes. */
void fleet_open_new(struct fleet *fleet, const char *parent, const struct fleet_size *size);
void fleet_remove(struct fleet *fleet);

/* Writes object `number`. */
typedef enum err_code fleet_put(struct store_tx *tx, const struct fleet *fleet, int64_t number,
                                struct err *err);
/* The objects from 0 on. */
void fleet_write(struct fleet *fleet, fleet_put *put, int64_t count);

#endif
