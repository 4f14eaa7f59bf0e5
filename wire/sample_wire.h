/* sample_wire.h: a replica's live data (model/sample.h) as JSON: in reports of agents, and where
 * the server shows it.
 *
 * JSON: {"id": "web-1f", "usage": {"cpu_millis": 120, "memory_bytes": 7340032, "processes": 1},
 *        "probes": {"readiness": {"state": "passing", "history": "00000000000003ff", "checks": 10,
 *                   "last": {"ok": true, "reason": "", "duration_us": 812, "age_ms": 400}, …}}}
 */
#ifndef DOGSHORE_WIRE_SAMPLE_WIRE_H
#define DOGSHORE_WIRE_SAMPLE_WIRE_H

#include "model/sample.h"

struct arena;
struct field_errors;
struct json;
struct json_writer;

bool replica_sample_decode(const struct json *json, struct arena *arena,
                           struct replica_sample *sample, struct field_errors *errors);
void replica_sample_render(struct json_writer *writer, const struct replica_sample *sample);

#endif
