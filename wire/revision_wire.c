#include "wire/object_wire.h"
#include "wire/objects.h"

/* A row and the template that its caller decoded from it. */
struct revision_view {
    struct revision revision;
    struct template template;
};

static const struct field revision_fields[] = {
    FIELD_AS("number", int, struct revision_view, revision.number),
    FIELD_AS("version", string, struct revision_view, revision.version),
    FIELD_AS("template", embedded, struct revision_view, template, .object = &template_type),
    FIELD_AS("template_hash", string, struct revision_view, revision.template_hash),
    FIELD_AS("created_at", time, struct revision_view, revision.created_at),
    FIELD_AS("created_by", string, struct revision_view, revision.created_by),
    FIELD_AS("change_cause", string, struct revision_view, revision.change_cause,
             .flags = FIELD_NULLABLE),
    FIELD_AS("source", word, struct revision_view, revision.source, .words = revision_source_words),
    FIELD_AS("copy_of", int, struct revision_view, revision.copy_of, .flags = FIELD_NULLABLE),
    FIELD_AS("outcome", word, struct revision_view, revision.outcome,
             .words = revision_outcome_words),
    FIELD_AS("tags", strings, struct revision_view, revision.tags),
    FIELD_AS("pinned", boolean, struct revision_view, revision.pinned),
};
const struct object_type revision_type =
    OBJECT_TYPE("Revision", struct revision_view, revision_fields, .flags = OBJECT_ANSWER);

void revision_render(struct json_writer *writer, const struct revision *revision,
                     const struct template *template, struct env_mask mask)
{
    struct revision_view view = {.revision = *revision, .template = *template};
    object_render(&revision_type, writer, &view, mask.key);
}
