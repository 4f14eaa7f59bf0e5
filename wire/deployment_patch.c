/* Merge patches of deployments.
 *
 * The patch is merged into the deployment as its shortest PUT body would say it: a field that is
 * equal to its default is absent there. So a patch of strategy.type meets no sizes that nobody
 * chose. */
#include "wire/deployment_patch.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "wire/deployment_wire.h"
#include "wire/objects.h"

#include <string.h>

/* ---- the patch by itself ---- */

static bool is_server_made(const char *name)
{
    for (size_t i = 0; i < deployment_document_type.count; i++) {
        const struct field *field = &deployment_document_type.fields[i];
        if (strcmp(field->name, name) == 0) return field->kind == &field_server_made;
    }
    return false;
}

static void check_identity(const struct json *member, const char *is, struct arena *arena,
                           struct field_errors *errors)
{
    if (member->type == JSON_STRING && text_equal(member->string, is)) return;
    field_error_add(errors, arena_printf(arena, "#/%s", member->key), "conflict",
                    "cannot be changed, it is %s", is);
}

static void fail_read_only(const char *pointer, struct field_errors *errors)
{
    field_error_add(errors, pointer, "read_only", "is made by the server and cannot be changed");
}

/* A PUT does not look at it, as GET shows it; who patches it means it. */
static void check_restart_token(const struct json *json, struct field_errors *errors)
{
    const struct json *template = json_member(json_member(json, "spec"), "template");
    if (json_member(template, "restart_token") != NULL)
        fail_read_only("#/spec/template/restart_token", errors);
}

/* True when the member is of the deployment's identity or made by the server: whatever there is to
 * say of it is in `errors` then, and it changes nothing. */
static bool judge_identity(const struct json *member, struct arena *arena, const char *name,
                           const char *cluster, struct field_errors *errors)
{
    const char *is = text_equal(member->key, "name")      ? name
                     : text_equal(member->key, "cluster") ? cluster
                                                          : NULL;
    if (is != NULL) {
        check_identity(member, is, arena, errors);
        return true;
    }
    if (!is_server_made(member->key)) return false;
    fail_read_only(arena_printf(arena, "#/%s", member->key), errors);
    return true;
}

void deployment_patch_check(const struct json *json, struct arena *arena, const char *name,
                            const char *cluster, struct deployment_patch *patch)
{
    struct json *tree = ARENA_NEW(arena, struct json);
    *tree = (struct json){.type = JSON_OBJECT};
    patch->tree = tree;
    field_errors_init(&patch->errors, arena);
    if (json->type != JSON_OBJECT) {
        field_error_add(&patch->errors, "#", "type", "must be an object, got %s",
                        json_type_name(json->type));
        return;
    }
    /* Null also where there is nothing to remove: what no document may have is never meant. */
    object_check_names(&deployment_document_type, json, arena, &patch->errors);
    check_restart_token(json, &patch->errors);
    tree->children = ARENA_ARRAY(arena, struct json, json->count + 1);
    for (size_t i = 0; i < json->count; i++)
        if (!judge_identity(&json->children[i], arena, name, cluster, &patch->errors))
            tree->children[tree->count++] = json->children[i];
}

/* ---- the document that results ---- */

static void render_current(struct text *text, const struct deployment *current)
{
    const struct deployment_document document = {
        .name = current->name,
        .cluster = current->cluster,
        .description = current->description,
        .labels = current->labels,
        .annotations = current->annotations,
        .spec = current->spec,
    };
    object_canonical(&deployment_document_type, text, &document);
}

/* Patches may add up to more than one body; what is there already may stay. */
static enum err_code check_size(struct arena *arena, const struct json *merged,
                                size_t current_bytes, struct err *err)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    json_writer_init(&writer, &text);
    json_value(&writer, merged);
    if (text.length <= LIMIT_BODY_BYTES || text.length <= current_bytes) return ERR_OK;
    return err_set(err, ERR_TOO_LARGE,
                   "the deployment would have %zu bytes with this patch, at most %d are kept",
                   text.length, LIMIT_BODY_BYTES);
}

static bool is_listed(const struct field_errors *errors, const char *pointer)
{
    for (size_t i = 0; i < errors->count; i++)
        if (text_equal(errors->items[i].pointer, pointer)) return true;
    return false;
}

/* What the patch said already is not said again, nor what is excused. */
static void add_errors(struct field_errors *errors, const struct field_errors *more,
                       const struct field_errors *excused)
{
    for (size_t i = 0; i < more->count; i++)
        if (!is_listed(errors, more->items[i].pointer) &&
            !is_listed(excused, more->items[i].pointer))
            field_error_add(errors, more->items[i].pointer, more->items[i].code, "%s",
                            more->items[i].detail);
    errors->total += more->total - more->count;
}

/* A rule of annotations may be younger than what is stored: who patches something else is not asked
 * to mend them. */
static void find_excused(const struct deployment_patch *patch, struct arena *arena,
                         const struct json *now, struct field_errors *excused)
{
    static const char annotations[] = "#/annotations/";
    struct deployment_document document;
    struct field_errors found;
    if (json_member(patch->tree, "annotations") != NULL) return;
    field_errors_init(&found, arena);
    deployment_document_decode(now, arena, &document, &found);
    for (size_t i = 0; i < found.count; i++)
        if (strncmp(found.items[i].pointer, annotations, sizeof annotations - 1) == 0)
            field_error_add(excused, found.items[i].pointer, found.items[i].code, "%s",
                            found.items[i].detail);
}

enum err_code deployment_patch_merge(const struct deployment_patch *patch, struct arena *arena,
                                     const struct deployment *current,
                                     struct deployment_document *document,
                                     struct field_errors *errors, struct err *err)
{
    struct text text;
    struct json *now;
    struct field_errors found, excused;
    text_init(&text, arena);
    render_current(&text, current);
    TRY(json_parse(arena, text_string(&text), text.length, &now, err));
    const struct json *merged = json_merge(arena, now, patch->tree);
    TRY(check_size(arena, merged, text.length, err));
    field_errors_init(&found, arena);
    deployment_document_decode(merged, arena, document, &found);
    *errors = patch->errors;
    field_errors_init(&excused, arena);
    if (found.count > 0) find_excused(patch, arena, now, &excused);
    add_errors(errors, &found, &excused);
    return ERR_OK;
}
