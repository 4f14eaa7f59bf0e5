/* values.h: small plain values that many objects share. Everything a value points to is borrowed
 * from the arena it was decoded or loaded into. */
#ifndef DOGSHORE_MODEL_VALUES_H
#define DOGSHORE_MODEL_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Key/value pairs sorted by key, keys unique: labels, annotations, environment. */
struct pair {
    const char *key;
    const char *value;
};
struct pairs {
    struct pair *items;
    size_t count;
};
const char *pairs_get(const struct pairs *pairs, const char *key); /* NULL if absent */
bool pairs_equal(const struct pairs *a, const struct pairs *b);

/* Named integers sorted by name: ports. */
struct port {
    const char *name;
    int64_t number;
};
struct ports {
    struct port *items;
    size_t count;
};
/* The port named `name`, or for NULL the one named "http", else the first by name. 0: none. */
int64_t ports_get(const struct ports *ports, const char *name);
/* Is a port of that name there? A template's port is there with the number 0. */
bool ports_has(const struct ports *ports, const char *name);

struct strings {
    const char **items;
    size_t count;
};

/* An absolute number or a percentage of the replicas. */
struct amount {
    int64_t value;
    bool percent;
};

struct resources {
    int64_t cpu_millis;
    int64_t memory_mib;
    int64_t gpus;
};

/* An enum's words are an array in its order that ends with NULL. */
const char *word_of(const char *const *list, int value);
/* Index of `word` in `list`, or -1. */
int word_find(const char *const *list, const char *word);

#endif
