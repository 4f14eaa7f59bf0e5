/* object_wire.h: revisions, rollouts, replicas, nodes and events as JSON, and the worker protocol.
 * Field tables as in deployment_wire.h. Worker bodies ignore unknown fields. */
#ifndef DOGSHORE_WIRE_OBJECT_WIRE_H
#define DOGSHORE_WIRE_OBJECT_WIRE_H

#include "base/err.h"
#include "model/event.h"
#include "model/node.h"
#include "model/replica.h"
#include "model/revision.h"
#include "model/rollout.h"
#include "model/sample.h"
#include "wire/deployment_wire.h"

struct arena;
struct field_errors;
struct json;
struct json_writer;

void revision_render(struct json_writer *writer, const struct revision *revision,
                     const struct template *template, struct env_mask mask);
/* PATCH …/revisions/{n}: what is absent stays as it is, null takes the default. */
struct revision_patch {
    bool has_tags, has_pinned, has_change_cause;
    struct strings tags;
    bool pinned;
    const char *change_cause;
};
bool revision_patch_decode_document(const struct json *json, struct arena *arena,
                                    struct revision_patch *patch, struct field_errors *errors);
/* The deployment that it is of. `steps`: of its spec, while the rollout takes them; NULL = it takes
 * none. */
struct rollout_owner {
    const char *deployment, *cluster;
};
void rollout_render(struct json_writer *writer, const struct rollout *rollout,
                    const struct rollout_owner *owner, const struct canary_steps *steps);
void replica_render(struct json_writer *writer, const struct replica *replica,
                    enum replica_presence presence);
struct node_usage {
    struct resources allocated;
    int64_t replicas;
    struct strings unknown_replicas;
};
void node_render(struct json_writer *writer, const struct node *node,
                 const struct node_usage *usage);
void event_render(struct json_writer *writer, const struct event *event);

/* PUT /v1/nodes/{node}. Token: 43..128 characters of [A-Za-z0-9_-]. */
struct node_registration {
    const char *token;
    const char *cluster; /* default "default" */
    bool cluster_absent; /* who is known already stays where it is */
    struct pairs labels;
    const char *address;
    struct resources capacity;
    const char *agent_version;
    const char *boot_id;
    struct strings drivers;
};
bool node_registration_decode(const struct json *json, struct arena *arena,
                              struct node_registration *registration, struct field_errors *errors);

/* POST /v1/nodes/{node}/report. */
struct replica_change {
    const char *id;
    const char *error;        /* NULL, or the slug for `rejected` when this item cannot be read */
    const char *error_detail; /* which field, and the rule it breaks */
    int64_t attempt;
    int state; /* enum replica_phase: preparing … failed */
    bool ready;
    const char *reason;
    const char *address;
    struct ports ports;
    int64_t pid;
    bool has_exit;
    int64_t exit_code, exit_signal; /* -1 = none */
    bool exit_oom;
    const char *log_tail;
    /* What its canary check said; round 0 = nothing. */
    int64_t check_round;
    bool check_passed;
    const char *check_reason;
    struct probe_verdict probes[PROBE_KINDS];
};
struct report {
    const char *boot_id;
    int64_t epoch;
    int64_t seq;
    bool full;
    struct replica_change *changes;
    size_t change_count;
    struct replica_sample *samples; /* live data; those that can be read */
    size_t sample_count;
};
/* Only a broken envelope is an error; a broken change gets its `error`, a broken sample is left
 * out, and neither spoils anything else. */
bool report_decode(const struct json *json, struct arena *arena, struct report *report,
                   struct field_errors *errors);

/* What a canary is asked for: to be answered under that number. */
struct assigned_check {
    int64_t round;
    struct canary_check check;
};
/* One assigned replica as GET …/assignments shows it; `check` NULL = nothing is asked. */
void assignment_render(struct json_writer *writer, const struct replica *replica,
                       const struct assigned_check *check);

#endif
