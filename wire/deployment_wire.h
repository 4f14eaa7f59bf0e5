/* deployment_wire.h: deployments, their specs, templates and status as JSON. One field table per
 * object drives decoding, range checks, rendering, canonical form and schema (wire/field.h). */
#ifndef DOGSHORE_WIRE_DEPLOYMENT_WIRE_H
#define DOGSHORE_WIRE_DEPLOYMENT_WIRE_H

#include "base/err.h"
#include "model/deployment.h"

#include <stdbool.h>

struct arena;
struct field_errors;
struct json;
struct json_writer;
struct text;

/* Decodes and checks a POST/PUT body. All problems land in `errors`; true iff there was none.
 * Absent optional fields take their defaults; spec.replicas stays REPLICAS_ABSENT when absent, and
 * spec.paused_absent says that spec.paused is. */
bool deployment_document_decode(const struct json *json, struct arena *arena,
                                struct deployment_document *document, struct field_errors *errors);
/* {"replicas": n} of PUT …/scale. */
bool scale_document_decode(const struct json *json, struct arena *arena, int64_t *replicas,
                           struct field_errors *errors);

/* {"revision": n | "stable" | tag, "change_cause"?} of POST …/rollback: a number or a word. */
struct rollback_document {
    int64_t revision; /* 0 when a word was given */
    const char *tag;  /* "stable", or a tag */
    const char *change_cause;
};
bool rollback_document_decode(const struct json *json, struct arena *arena,
                              struct rollback_document *document, struct field_errors *errors);

/* {"full"?: bool} of POST …/promote. */
struct promote_document {
    bool full;
};
bool promote_document_decode(const struct json *json, struct arena *arena,
                             struct promote_document *document, struct field_errors *errors);

/* Canonical JSON of a template: fields equal to their default left out, keys in table order, maps
 * sorted. Its BLAKE2b-256, first 16 bytes as hex, is the identity. */
void template_canonical(struct text *text, const struct template *template);
void template_hash(const struct template *template, struct arena *arena,
                   char out[static TEMPLATE_HASH_BYTES]);
/* Of the template without its restart_token: all restarts of one template share it. `hash` is the
 * template's own. */
const char *template_base_hash(const struct template *template, const char *hash,
                               struct arena *arena);
/* Reads what template_canonical() wrote (from the store). */
enum err_code template_parse(struct arena *arena, const char *json, struct template *template,
                             struct err *err);
/* The first probe whose check this version does not know, so that there is nothing to ask: only
 * what a newer version wrote has one. NULL = none. */
const char *template_unknown_probe(const struct template *template);
/* The rest of a spec as the store keeps it: strategy, placement, limits, paused; no template, no
 * replicas. */
void spec_settings_canonical(struct text *text, const struct deployment_spec *spec);
enum err_code spec_settings_parse(struct arena *arena, const char *json,
                                  struct deployment_spec *spec, struct err *err);
void pairs_canonical(struct text *text, const struct pairs *pairs);
enum err_code pairs_parse(struct arena *arena, const char *json, struct pairs *pairs,
                          struct err *err);

/* How `env` values are shown. NULL key_hash: in clear (deploy and above). Otherwise each value is
 * "••••" + 8 hex digits of its keyed hash. */
struct env_mask {
    const uint8_t *key; /* CRYPTO_KEY_BYTES; NULL = in clear */
};
/* True when `value` is of the masked form: a PUT of it is refused. */
bool env_value_is_masked(const char *value);

/* Whole objects, every field with its value; the caller writes around them. */
void template_render(struct json_writer *writer, const struct template *template,
                     struct env_mask mask);
void deployment_render(struct json_writer *writer, const struct deployment *deployment,
                       struct env_mask mask);
/* The small body of GET …/status: name, cluster, generation, index and the status fields. */
void deployment_status_render(struct json_writer *writer, const struct deployment *deployment);

#endif
