/* worker_wire.h: the worker protocol as an agent speaks it (docs/worker.md): what the server
 * renders is decoded here, what it decodes (object_wire.h) is rendered here. Unknown fields are
 * ignored, so that agent and server may differ by a version. */
#ifndef DOGSHORE_WIRE_WORKER_WIRE_H
#define DOGSHORE_WIRE_WORKER_WIRE_H

#include "model/template.h"
#include "wire/object_wire.h"
#include "wire/sample_wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct field_errors;
struct json;
struct json_writer;

/* Body of PUT /v1/nodes/{node}. */
void node_registration_render(struct json_writer *writer,
                              const struct node_registration *registration);

/* Its answer. */
struct registration_answer {
    int64_t epoch;
    const char *incarnation;
};
bool registration_answer_decode(const struct json *json, struct arena *arena,
                                struct registration_answer *answer, struct field_errors *errors);

/* GET …/assignments. An item that cannot be read has `id` NULL; the others count. An id is lower
 * case letters, digits and '-': it may name a file. */
struct assignment {
    const char *id;
    const char *deployment, *cluster; /* "" for orphans */
    int64_t revision;
    const char *template_hash;
    int64_t last_attempt;
    int wanted;                         /* enum replica_wanted */
    const struct assigned_check *check; /* NULL = nothing is asked, or it cannot be read */
};
struct assigned_template {
    const char *hash;
    const char *error; /* NULL, or what cannot be read of it: then there is only the hash */
    const char *json;  /* canonical text */
    struct template template;
};
struct assignments {
    int64_t index, epoch, poll_wait_ms;
    const char *incarnation;
    struct assignment *items;
    size_t count;
    struct assigned_template *templates;
    size_t template_count;
};
bool node_assignments_decode(const struct json *json, struct arena *arena,
                             struct assignments *assignments, struct field_errors *errors);

/* POST …/report; its answer, when it is not 204, is {rejected: [{id, code}]}. */
void report_render(struct json_writer *writer, const struct report *report,
                   const struct replica_sample *samples, size_t sample_count);

#endif
