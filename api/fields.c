#include "api/fields.h"

#include "api/etag.h"
#include "api/query.h"
#include "api/routes.h"
#include "base/crypto.h"
#include "base/json_pick.h"
#include "base/limits.h"
#include "store/listing.h"
#include "wire/field_path.h"

enum { FIELDS_HASH_BYTES = 4, FIELDS_HEX_BYTES = 2 * FIELDS_HASH_BYTES + 1 };

/* ---- reading the paths ---- */

/* What ?q= and ?sort= of this list call by that name. */
static const char *path_of_filter_field(const struct request *request, const char *name)
{
    if (request->route->listing == NULL) return NULL;
    const struct filter_fields *fields = listing_fields(request->route->listing);
    int field = filter_field_find(fields, name);
    return field < 0 ? NULL : filter_field_path(&fields->items[field]);
}

/* `at` is the name within `path` that `type` does not have. */
static const char *suggest(struct request *request, const struct object_type *type,
                           const char *path, const char *at, size_t bytes)
{
    struct arena *arena = &request->arena;
    const char *of_filter = path_of_filter_field(request, path);
    if (of_filter != NULL) return of_filter;
    const char *name = arena_strndup(arena, at, bytes);
    const char *nearest = object_path_to(type, name, arena);
    if (nearest == NULL) nearest = object_nearest(type, name);
    if (nearest == NULL) return NULL;
    return query_quote(
        request, arena_printf(arena, "%.*s%s%s", (int)(at - path), path, nearest, at + bytes));
}

static enum err_code fail_unknown(struct request *request, const struct object_type *type,
                                  const char *path, const char *at, size_t bytes, struct err *err)
{
    const char *suggestion = suggest(request, type, path, at, bytes);
    const char *quoted = query_quote(request, path);
    if (bytes == 0)
        return err_set(err, ERR_BAD_PARAMETER, "fields: '%s' has an empty name in it", quoted);
    if (suggestion == NULL)
        return err_set(err, ERR_BAD_PARAMETER, "fields: '%s' is not known here", quoted);
    return err_set(err, ERR_BAD_PARAMETER, "fields: '%s' is not known here; did you mean '%s'?",
                   quoted, suggestion);
}

static void add_any(struct request *request, struct json_pick *pick, const char *rest)
{
    for (const char *at = rest;;) {
        size_t bytes = strcspn(at, ".");
        pick = json_pick_member(&request->arena, pick, at, bytes);
        if (at[bytes] == '\0') break;
        at += bytes + 1;
    }
    pick->whole = true;
}

/* `rest`: of the path, behind a field that is no object; it names something within. */
static enum err_code add_below(struct request *request, struct json_pick *pick,
                               const struct field *field, const char *path, const char *rest,
                               struct err *err)
{
    switch (field_shape(field)) {
    case SHAPE_MAP:
        json_pick_member(&request->arena, pick, rest, strlen(rest))->whole = true;
        return ERR_OK;
    case SHAPE_ANY:
        add_any(request, pick, rest);
        return ERR_OK;
    case SHAPE_LEAF:
    case SHAPE_OBJECT:
        break;
    }
    return err_set(err, ERR_BAD_PARAMETER, "fields: '%s' is not known here: '%.*s' has no parts",
                   query_quote(request, path), (int)(rest - path) - 1, path);
}

static enum err_code add_path(struct request *request, struct json_pick *pick, const char *path,
                              struct err *err)
{
    const struct object_type *type = request->route->item;
    for (const char *at = path;;) {
        size_t bytes = strcspn(at, ".");
        const struct field *field = object_field(type, at, bytes);
        if (field == NULL) return fail_unknown(request, type, path, at, bytes, err);
        pick = json_pick_member(&request->arena, pick, at, bytes);
        if (at[bytes] == '\0') break;
        at += bytes + 1;
        if (field_shape(field) != SHAPE_OBJECT)
            return add_below(request, pick, field, path, at, err);
        type = field->object;
    }
    pick->whole = true;
    return ERR_OK;
}

/* Pages are picked from within their items; what is around those stays. */
static struct json_pick *item_of(struct request *request, struct json_pick *root)
{
    if (!request->route->page) return root;
    root->keeps_others = true;
    return json_pick_member(&request->arena, root, "items", strlen("items"));
}

enum err_code fields_decode(struct request *request, struct err *err)
{
    const char *text = query_text(request, "fields");
    if (text == NULL || request->route->item == NULL) return ERR_OK;
    struct json_pick *root = ARENA_NEW(&request->arena, struct json_pick);
    struct json_pick *item = item_of(request, root);
    size_t count = 0;
    for (const char *at = text;;) {
        size_t bytes = strcspn(at, ",");
        if (++count > LIMIT_FIELDS)
            return err_set(err, ERR_BAD_PARAMETER, "fields names more than %d parts", LIMIT_FIELDS);
        TRY(add_path(request, item, arena_strndup(&request->arena, at, bytes), err));
        if (at[bytes] == '\0') break;
        at += bytes + 1;
    }
    request->fields = root;
    return ERR_OK;
}

/* ---- picking ---- */

/* Behind the tag of the whole, so that If-Match still finds the generation in it. */
static void name_parts(struct reply *reply, const char *text)
{
    uint8_t hash[CRYPTO_HASH_BYTES];
    char hex[FIELDS_HEX_BYTES];
    if (reply->etag[0] == '\0') return;
    crypto_hash_raw(NULL, text, strlen(text), hash);
    crypto_hex(hash, FIELDS_HASH_BYTES, hex);
    size_t length = strlen(reply->etag) - 1;
    snprintf(reply->etag + length, sizeof reply->etag - length, ".%s\"", hex);
}

enum err_code fields_read(struct store_db *db, struct request *request, struct reply *reply,
                          struct err *err)
{
    /* What the client has is named by the tag of the part. */
    const char *if_none_match = request->if_none_match;
    request->if_none_match = NULL;
    enum err_code code = request->route->read(db, request, reply, err);
    request->if_none_match = if_none_match;
    if (code != ERR_OK) return code;
    name_parts(reply, query_text(request, "fields"));
    if (etag_not_modified(request, reply)) return ERR_OK;
    struct text whole = reply->body;
    text_init(&reply->body, &request->arena);
    json_pick_copy(request->fields, text_string(&whole), &reply->body);
    return ERR_OK;
}
