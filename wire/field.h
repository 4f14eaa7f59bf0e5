/* field.h: the engine behind every JSON object of the API: one table of fields per object.
 *
 * From a table come the decoder with its range checks and suggestions, the renderer, the canonical
 * form (fields equal to their fallback left out) and the JSON Schema that `--print-schema` prints
 * and openapi.yaml must equal.
 *
 *     static const struct field stop_fields[] = {
 *         FIELD(string, struct stop_policy, signal, .fallback_text = "SIGTERM", …),
 *         FIELD(int, struct stop_policy, drain_seconds, .max = LIMIT_SECONDS, .fallback = 5),
 *     };
 *     const struct object_type stop_type = OBJECT_TYPE("Stop", struct stop_policy, stop_fields);
 *
 * A field's kind says how its C member is read and written; a wire file may define a kind of its
 * own for one odd field. A rule that spans fields is the object's `finish`.
 *
 * Ownership: decoded values live in the arena; the JSON nodes they came from must live as long.
 * Threads: tables are constant; everything else belongs to the caller.
 */
#ifndef DOGSHORE_WIRE_FIELD_H
#define DOGSHORE_WIRE_FIELD_H

#include "base/err.h"
#include "base/json.h"
#include "model/values.h"
#include "wire/field_errors.h"
#include "wire/string_rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct text;
struct field;
struct object_type;

/* Where the decoder is within the document; lives on the stack of the descent. */
struct field_path {
    const struct field_path *parent;
    const char *key; /* NULL: an array item */
    size_t index;
};

struct field_decoder {
    struct arena *arena;
    struct field_errors *errors;
    const struct field_path *path; /* NULL = the document itself */
    bool open;   /* within an OBJECT_OPEN: unknown fields are ignored, also further down */
    bool stored; /* the store's own JSON: accepted once, so rules between fields do not run,
                  * nor string rules that are younger */
};

struct field_renderer {
    struct json_writer *writer;
    const uint8_t *mask_key; /* of FIELD_SECRET values; NULL = in clear */
    bool canonical;
};

/* What can be done with one kind of member. `value` points at the member. Kinds that are only
 * rendered have neither decode nor reset. */
struct field_kind {
    size_t bytes; /* of a plain member, whose fallback the schema shows; 0 for others */
    void (*decode)(struct field_decoder *decoder, const struct field *field,
                   const struct json *json, void *value);
    void (*reset)(const struct field *field, void *value);             /* to the fallback */
    bool (*is_fallback)(const struct field *field, const void *value); /* NULL: never left out */
    void (*render)(struct field_renderer *renderer, const struct field *field, const void *value);
    /* Members of the field's schema, without "default". */
    void (*schema)(struct json_writer *writer, const struct field *field);
};

enum field_flag {
    FIELD_REQUIRED = 1 << 0,
    FIELD_NULLABLE = 1 << 1,
    FIELD_UNSUPPORTED = 1 << 2, /* reserved: only null is accepted by this version */
    FIELD_SECRET = 1 << 3,      /* values are masked for those who may not see them */
    FIELD_HIDDEN = 1 << 4,      /* never rendered */
    FIELD_CUT = 1 << 5,         /* too long: the head is kept, sanitised; never an error */
    FIELD_TAIL = 1 << 6,        /* too long: the tail is kept, sanitised; never an error */
    FIELD_KEPT = 1 << 7         /* left out, it stays as it is: the schema shows no default */
};

struct field {
    const char *name;
    const struct field_kind *kind;
    size_t offset;
    unsigned flags;
    int64_t min, max; /* of the number, of a string's bytes, of a collection's items */
    int64_t none;     /* the number that a FIELD_NULLABLE integer shows as null */
    int64_t fallback; /* when absent */
    const char *fallback_text;
    struct amount fallback_amount;
    const char *const *words;           /* of an enum; those from `min` on are legal */
    int64_t item_bytes;                 /* maximum of each item or value */
    const struct string_rule *rule;     /* of the string, or of each item or value */
    const struct string_rule *key_rule; /* of each key */
    const struct object_type *object;
    bool (*present)(const void *value); /* of an embedded object: false shows null */
};

/* Members named as in JSON. FIELD_AS gives another name. */
#define FIELD(kind_, type, member, ...) FIELD_AS(#member, kind_, type, member, __VA_ARGS__)
#define FIELD_AS(name_, kind_, type, member, ...)                                                  \
    {                                                                                              \
        .name = name_, .kind = &field_##kind_, .offset = offsetof(type, member), __VA_ARGS__       \
    }
/* A field that is no single member: its kind gets the whole object. */
#define FIELD_WHOLE(name_, kind_, ...)                                                             \
    {                                                                                              \
        .name = name_, .kind = &field_##kind_, .offset = 0, __VA_ARGS__                            \
    }

enum object_flag {
    OBJECT_OPEN = 1 << 0,   /* unknown fields are ignored (worker bodies) */
    OBJECT_ANSWER = 1 << 1, /* only ever rendered: every field is always there */
};

struct object_type {
    const char *name; /* its name in the schema */
    size_t bytes;
    const struct field *fields;
    size_t count;
    unsigned flags;
    /* Rules between fields. Runs although fields were wrong; field_is_wrong() tells which. */
    void (*finish)(struct field_decoder *decoder, const struct json *json, void *object);
    const char *rules; /* those of them that JSON Schema can say (schema_rules.h); NULL: none */
};

#define OBJECT_TYPE(name_, type, fields_, ...)                                                     \
    {                                                                                              \
        .name = name_, .bytes = sizeof(type), .fields = fields_,                                   \
        .count = sizeof(fields_) / sizeof *(fields_), __VA_ARGS__                                  \
    }

extern const struct field_kind field_string;      /* const char * */
extern const struct field_kind field_int;         /* int64_t */
extern const struct field_kind field_boolean;     /* bool */
extern const struct field_kind field_ratio;       /* double from 0 to 1 */
extern const struct field_kind field_word;        /* int: an enum by its words */
extern const struct field_kind field_amount;      /* struct amount */
extern const struct field_kind field_time;        /* int64_t wall ms, rendered only */
extern const struct field_kind field_strings;     /* struct strings */
extern const struct field_kind field_pairs;       /* struct pairs, sorted */
extern const struct field_kind field_ports;       /* struct ports, sorted, real numbers */
extern const struct field_kind field_free_ports;  /* struct ports, sorted, all 0: agents pick */
extern const struct field_kind field_objects;     /* {items, count} of it, rendered only */
extern const struct field_kind field_embedded;    /* struct of field->object */
extern const struct field_kind field_pointer;     /* pointer to it, or NULL */
extern const struct field_kind field_inline;      /* embedded, its fields beside the others */
extern const struct field_kind field_raw_object;  /* const char *: rendered JSON or NULL */
extern const struct field_kind field_empty_list;  /* no member: [] until there are items */
extern const struct field_kind field_reserved;    /* no member: unsupported and hidden */
extern const struct field_kind field_server_made; /* no member: in requests accepted, ignored */
extern const struct field_kind field_for_editors; /* the same of a string */

/* True iff nothing was wrong. All problems land in `errors`. */
bool object_decode(const struct object_type *type, const struct json *json, struct arena *arena,
                   void *object, struct field_errors *errors);
/* Looks at names alone, at every depth: unknown ones land in `errors`. Of a patch, whose values are
 * not a whole object. */
void object_check_names(const struct object_type *type, const struct json *json,
                        struct arena *arena, struct field_errors *errors);
/* JSON of the store. Fails with ERR_INTERNAL, naming the first problem. */
enum err_code object_parse(const struct object_type *type, struct arena *arena, const char *json,
                           void *object, struct err *err);
void object_render(const struct object_type *type, struct json_writer *writer, const void *object,
                   const uint8_t *mask_key);
void object_canonical(const struct object_type *type, struct text *text, const void *object);
bool object_is_fallback(const struct object_type *type, const void *object);
void object_schema(const struct object_type *type, struct json_writer *writer);

/* For kinds and finishers. A problem of what the decoder stands at. */
void field_fail(struct field_decoder *decoder, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A problem below it: `below` is a relative JSON pointer, "http/port". */
void field_fail_below(struct field_decoder *decoder, const char *below, const char *code,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/* "must be <wanted>, got <its type>". `wanted` has its article. */
void field_fail_type(struct field_decoder *decoder, const struct json *json, const char *wanted);
/* Did this field, or one below it, fail before? */
bool field_is_wrong(const struct field_decoder *decoder, const char *below);
/* Client text as it may be shown in a detail: short and without control characters. */
const char *field_quote(const struct field_decoder *decoder, const char *text);
/* Descends to a member or an item and back. */
void field_enter(struct field_decoder *decoder, struct field_path *step, const char *key,
                 size_t index);
void field_leave(struct field_decoder *decoder);
/* Checks length and rule; reports and returns false when broken. */
bool field_check_string(struct field_decoder *decoder, const char *string, int64_t min_bytes,
                        int64_t max_bytes, const struct string_rule *rule);
void field_fail_word(struct field_decoder *decoder, const char *word, const char *const *words,
                     size_t count);
/* Members of an object, rules included; fields outside of the table are reported. */
void object_decode_members(struct field_decoder *decoder, const struct object_type *type,
                           const struct json *json, void *object);
void object_reset(const struct object_type *type, void *object);
void object_render_members(struct field_renderer *renderer, const struct object_type *type,
                           const void *object);
/* "type": name, or [name, "null"] of a nullable field. */
void field_schema_type(struct json_writer *writer, const struct field *field, const char *name);

#endif
