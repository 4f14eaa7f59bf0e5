#include "openapi/tool/document_schema.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "openapi/tool/yaml.h"

enum { SCHEMAS_MAX = 128 };

static const char openapi_prefix[] = "#/components/schemas/";

/* The schemas found so far, in the order in which they are looked through. */
struct found {
    struct arena *arena;
    const struct yaml *schemas[SCHEMAS_MAX];
    size_t count;
};

static enum err_code add(struct found *found, const struct yaml *all, const char *name,
                         struct err *err)
{
    for (size_t i = 0; i < found->count; i++)
        if (text_equal(found->schemas[i]->key, name)) return ERR_OK;
    const struct yaml *schema = yaml_member(all, name);
    if (schema == NULL) return err_set(err, ERR_INVALID, "there is no schema '%s'", name);
    if (found->count == SCHEMAS_MAX) return err_set(err, ERR_LIMIT, "too many schemas");
    found->schemas[found->count++] = schema;
    return ERR_OK;
}

/* Turns the references of a schema and adds what they lead to. */
static enum err_code look_through(struct found *found, const struct yaml *all, struct yaml *node,
                                  struct err *err)
{
    if (text_equal(node->key, "$ref") && node->kind == YAML_STRING) {
        if (!text_starts(node->text, openapi_prefix))
            return err_set(err, ERR_INVALID, "'%s' leads out of the schemas", node->text);
        const char *name = node->text + sizeof openapi_prefix - 1;
        node->text = arena_printf(found->arena, "#/$defs/%s", name);
        return add(found, all, name, err);
    }
    for (struct yaml *child = node->first; child != NULL; child = child->next)
        TRY(look_through(found, all, child, err));
    return ERR_OK;
}

static enum err_code find_all(struct found *found, const struct yaml *all, const char *name,
                              struct err *err)
{
    TRY(add(found, all, name, err));
    for (size_t i = 0; i < found->count; i++)
        for (struct yaml *part = found->schemas[i]->first; part != NULL; part = part->next)
            TRY(look_through(found, all, part, err));
    return ERR_OK;
}

enum err_code document_schema_write(struct arena *arena, struct yaml *openapi, const char *name,
                                    const char *title, struct json_writer *writer, struct err *err)
{
    struct found found = {.arena = arena};
    const struct yaml *all = yaml_member(yaml_member(openapi, "components"), "schemas");
    TRY(find_all(&found, all, name, err));
    json_object_begin(writer);
    json_put_string(writer, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_put_string(writer, "title", title);
    json_put_string(writer, "$ref", arena_printf(arena, "#/$defs/%s", name));
    json_key(writer, "$defs");
    json_object_begin(writer);
    for (size_t i = 0; i < found.count; i++) {
        json_key(writer, found.schemas[i]->key);
        yaml_write_json(found.schemas[i], writer);
    }
    json_object_end(writer);
    json_object_end(writer);
    return ERR_OK;
}
