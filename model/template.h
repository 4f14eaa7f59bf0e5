/* template.h: what runs in each replica. Immutable once it belongs to a revision.
 *
 * Identity: template_hash = BLAKE2b-256 (first 16 bytes, hex) of the template's canonical JSON, in
 * which every field that equals its default is left out; so a server that learns new fields with
 * defaults rolls nothing. wire/deployment_wire.h renders and hashes.
 */
#ifndef DOGSHORE_MODEL_TEMPLATE_H
#define DOGSHORE_MODEL_TEMPLATE_H

#include "model/values.h"

enum { TEMPLATE_HASH_BYTES = 33 };

struct http_check {
    const char *port; /* a name in template.ports */
    const char *path;
};

struct tcp_check {
    const char *port;
};

/* Exactly one of http, tcp is set. Defaults are Kubernetes'. */
struct probe {
    struct http_check *http;
    struct tcp_check *tcp;
    int64_t initial_delay_seconds;
    int64_t period_seconds;
    int64_t timeout_seconds;
    int64_t success_threshold;
    int64_t failure_threshold;
};

struct probes {
    struct probe *startup;
    struct probe *readiness;
    struct probe *liveness;
};

struct stop_policy {
    const char *signal; /* "SIGTERM" … */
    int64_t drain_seconds;
    int64_t grace_seconds;
};

enum restart_policy_kind { RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_NEVER };
extern const char *const restart_policy_words[];

struct restart_policy {
    int policy; /* enum restart_policy_kind */
    int64_t backoff_initial_seconds;
    int64_t backoff_max_seconds;
};

/* No phase of a replica may last for ever. */
struct phase_limits {
    int64_t schedule_seconds;
    int64_t prepare_seconds;
    int64_t healthy_seconds;
};

struct template
{
    const char *version;
    struct strings command;
    const char *image;    /* NULL unless the container driver runs it */
    const char *artifact; /* NULL */
    const char *working_dir;
    const char *user;
    struct pairs env;
    struct ports ports; /* 0 = the agent picks */
    struct resources resources;
    const char *instance_type;
    struct probes probes;
    struct stop_policy stop;
    struct restart_policy restart;
    struct phase_limits limits;
    const char *restart_token; /* changed by each restart, by the server alone; NULL = none yet */
};

#endif
