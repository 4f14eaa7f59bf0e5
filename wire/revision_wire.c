#include "base/limits.h"
#include "base/text.h"
#include "model/selector.h"
#include "wire/object_wire.h"
#include "wire/objects.h"

#include <string.h>
#include <strings.h>

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
    FIELD_AS("proven", boolean, struct revision_view, revision.proven),
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

/* --- tags, pin and cause ------------------------------------------------------------------- */

static bool is_reserved(const char *tag)
{
    static const char *const reserved[] = {"latest", "stable", "live", "spec"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcasecmp(tag, reserved[i]) == 0) return true;
    return false;
}

/* A tag is a word beside numbers and the words that name a revision or a side of a diff. */
static const char *tag_problem(const char *tag)
{
    if (*tag == '\0') return "must not be empty";
    if (is_reserved(tag))
        return "must not be latest, stable, live or spec, which name a revision already";
    if (tag[strspn(tag, "0123456789")] == '\0') return "must not be digits alone: that is a number";
    return label_value_problem(tag);
}

static const struct string_rule rule_tag = {.pattern = "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
                                            .problem = tag_problem};

static void check_twice(struct field_decoder *decoder, const struct strings *tags)
{
    char below[32];
    for (size_t i = 0; i < tags->count; i++) {
        snprintf(below, sizeof below, "tags/%zu", i);
        for (size_t j = 0; j < i; j++)
            if (text_equal(tags->items[i], tags->items[j]))
                field_fail_below(decoder, below, "duplicate", "is there twice");
    }
}

static void patch_finish(struct field_decoder *decoder, const struct json *json, void *object)
{
    struct revision_patch *patch = object;
    patch->has_tags = json_member(json, "tags") != NULL;
    patch->has_pinned = json_member(json, "pinned") != NULL;
    patch->has_change_cause = json_member(json, "change_cause") != NULL;
    if (!field_is_wrong(decoder, "tags")) check_twice(decoder, &patch->tags);
}

static const struct field revision_patch_fields[] = {
    FIELD(strings, struct revision_patch, tags, .flags = FIELD_NULLABLE, .max = LIMIT_TAGS,
          .item_bytes = LIMIT_LABEL_VALUE_BYTES, .rule = &rule_tag),
    FIELD(boolean, struct revision_patch, pinned, .flags = FIELD_NULLABLE),
    FIELD(string, struct revision_patch, change_cause, .flags = FIELD_NULLABLE,
          .max = LIMIT_CHANGE_CAUSE_BYTES),
};
const struct object_type revision_patch_type = OBJECT_TYPE(
    "RevisionPatch", struct revision_patch, revision_patch_fields, .finish = patch_finish);

bool revision_patch_decode_document(const struct json *json, struct arena *arena,
                                    struct revision_patch *patch, struct field_errors *errors)
{
    return object_decode(&revision_patch_type, json, arena, patch, errors);
}
