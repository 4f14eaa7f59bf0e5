/* selector.h: Kubernetes label selectors: `k`, `!k`, `k=v`, `k==v`, `k!=v`, `k in (a,b)`,
 * `k notin (a,b)`, comma = and. `!=` and `notin` match absent keys. */
#ifndef DOGSHORE_MODEL_SELECTOR_H
#define DOGSHORE_MODEL_SELECTOR_H

#include "base/err.h"
#include "model/values.h"

struct arena;

enum selector_operator { SELECTOR_EXISTS, SELECTOR_ABSENT, SELECTOR_IN, SELECTOR_NOT_IN };

struct selector_term {
    enum selector_operator op;
    const char *key;
    struct strings values;
};

struct selector {
    struct selector_term *terms;
    size_t count;
};

/* Errors are ERR_BAD_PARAMETER and name the position. The empty text selects everything. */
enum err_code selector_parse(struct arena *arena, const char *text, struct selector *selector,
                             struct err *err);
bool selector_matches(const struct selector *selector, const struct pairs *labels);

/* NULL when fine, else the rule that is broken. */
const char *label_key_problem(const char *key);
const char *label_value_problem(const char *value);
/* DNS label (RFC 1123): names of deployments, clusters, nodes, ports. */
const char *name_problem(const char *name);

#endif
