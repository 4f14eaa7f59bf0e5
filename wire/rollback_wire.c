/* {"revision": 7} or {"revision": "stable"} or {"revision": "<tag>"} of POST …/rollback, and
 * {"full": true} of POST …/promote. */
#include "base/json.h"
#include "base/limits.h"
#include "wire/deployment_wire.h"
#include "wire/objects.h"

static void reference_decode(struct field_decoder *decoder, const struct field *field,
                             const struct json *json, void *object)
{
    struct rollback_document *document = object;
    static const struct field number = {.name = "revision", .min = 1, .max = JSON_INTEGER_MAX};

    (void)field;
    if (json->type == JSON_NUMBER)
        field_int.decode(decoder, &number, json, &document->revision);
    else if (json->type != JSON_STRING)
        field_fail_type(decoder, json, "a revision number, \"stable\" or a tag");
    else if (field_check_string(decoder, json->string, 1, LIMIT_LABEL_VALUE_BYTES,
                                &rule_label_value))
        document->tag = json->string;
}

static void reference_reset(const struct field *field, void *object)
{
    struct rollback_document *document = object;
    (void)field;
    document->revision = 0;
    document->tag = NULL;
}

static void reference_schema(struct json_writer *writer, const struct field *field)
{
    (void)field;
    json_key(writer, "oneOf");
    json_array_begin(writer);
    json_object_begin(writer);
    json_put_string(writer, "type", "integer");
    json_put_int(writer, "minimum", 1);
    json_put_int(writer, "maximum", JSON_INTEGER_MAX);
    json_object_end(writer);
    json_object_begin(writer);
    json_put_string(writer, "type", "string");
    json_put_int(writer, "minLength", 1);
    json_put_int(writer, "maxLength", LIMIT_LABEL_VALUE_BYTES);
    json_put_string(writer, "pattern", rule_label_value.pattern);
    json_object_end(writer);
    json_array_end(writer);
}

static const struct field_kind field_reference = {
    .decode = reference_decode, .reset = reference_reset, .schema = reference_schema};

static const struct field rollback_document_fields[] = {
    FIELD_WHOLE("revision", reference, .flags = FIELD_REQUIRED),
    FIELD(string, struct rollback_document, change_cause, .flags = FIELD_NULLABLE,
          .max = LIMIT_CHANGE_CAUSE_BYTES),
};
const struct object_type rollback_document_type =
    OBJECT_TYPE("RollbackDocument", struct rollback_document, rollback_document_fields);

bool rollback_document_decode(const struct json *json, struct arena *arena,
                              struct rollback_document *document, struct field_errors *errors)
{
    return object_decode(&rollback_document_type, json, arena, document, errors);
}

static const struct field promote_document_fields[] = {
    FIELD(boolean, struct promote_document, full),
};
const struct object_type promote_document_type =
    OBJECT_TYPE("PromoteDocument", struct promote_document, promote_document_fields);

bool promote_document_decode(const struct json *json, struct arena *arena,
                             struct promote_document *document, struct field_errors *errors)
{
    return object_decode(&promote_document_type, json, arena, document, errors);
}
