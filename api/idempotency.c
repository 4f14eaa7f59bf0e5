#include "api/idempotency.h"

#include "api/api.h"
#include "api/routes.h"
#include "base/limits.h"
#include "store/idempotency.h"
#include "store/store.h"

struct idempotent {
    uint8_t request[CRYPTO_HASH_BYTES], payload[CRYPTO_HASH_BYTES];
};

static bool is_visible(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text >= 0x7f) return false;
    return true;
}

static void hash_text(const struct request *request, struct text *text,
                      uint8_t hash[static CRYPTO_HASH_BYTES])
{
    crypto_hash_raw(store_hash_key(request->api->store), text->bytes, text->length, hash);
}

/* Lines: none of the parts can hold a line feed. */
static void hash_request(const struct request *request, struct arena *arena,
                         uint8_t hash[static CRYPTO_HASH_BYTES])
{
    struct text text;
    text_init(&text, arena);
    text_printf(&text, "%s\n%s %s\n", request->principal.id, method_words[request->method],
                request->route->pattern);
    for (size_t i = 0; i < ROUTE_PARAMS_MAX && request->params[i] != NULL; i++)
        text_printf(&text, "%s\n", request->params[i]);
    text_add(&text, request->idempotency_key);
    hash_text(request, &text, hash);
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static void hash_payload(const struct request *request, struct arena *arena,
                         uint8_t hash[static CRYPTO_HASH_BYTES])
{
    char body_hash[CRYPTO_HASH_HEX_BYTES];
    struct text text;
    text_init(&text, arena);
    crypto_hash_hex(NULL, or_empty(request->body), request->body_bytes, body_hash);
    text_printf(&text, "%s\n%s\n%s\n%s", body_hash, or_empty(strchr(request->target, '?')),
                or_empty(request->if_match), or_empty(request->if_none_match));
    hash_text(request, &text, hash);
}

enum err_code idempotency_decode(struct request *request, struct err *err)
{
    const char *key = request->idempotency_key;
    const struct route *route = request->route;
    if (key == NULL || route->place != PLACE_WRITER || route->worker) return ERR_OK;
    size_t bytes = strlen(key);
    if (bytes == 0 || bytes > LIMIT_IDEMPOTENCY_KEY_BYTES || !is_visible(key))
        return err_set(err, ERR_BAD_REQUEST,
                       "Idempotency-Key must be 1 to %d visible ASCII characters",
                       LIMIT_IDEMPOTENCY_KEY_BYTES);
    if (request->dry_run) return ERR_OK;
    struct idempotent *idempotent = ARENA_NEW(&request->arena, struct idempotent);
    hash_request(request, &request->arena, idempotent->request);
    hash_payload(request, &request->arena, idempotent->payload);
    request->idempotent = idempotent;
    return ERR_OK;
}

static enum err_code not_kept(const struct idempotency *row, struct err *err)
{
    const char *where = row->location;
    if (row->kept == KEPT_SECRET)
        return err_set(err, ERR_SECRET_SHOWN,
                       "this request was carried out with status %d; its reply showed a secret and "
                       "is not kept; if it was lost, rotate or delete %s",
                       row->status, where != NULL ? where : "the token");
    return err_set(err, ERR_CONFLICT,
                   "this request was carried out with status %d; its reply has more than %d bytes "
                   "and is not kept; read %s",
                   row->status, LIMIT_IDEMPOTENT_BODY_BYTES, where != NULL ? where : "the object");
}

static void fill(struct reply *reply, const struct idempotency *row)
{
    reply->status = row->status;
    text_add(&reply->body, row->body);
    snprintf(reply->etag, sizeof reply->etag, "%s", row->etag);
    reply->index = row->index;
    reply->location = row->location;
    reply->replayed = true;
}

enum err_code idempotency_replay(struct store_tx *tx, struct request *request, struct reply *reply,
                                 bool *replayed, struct err *err)
{
    const struct idempotent *idempotent = request->idempotent;
    struct idempotency row;
    TRY(idempotency_find(tx, &request->arena, idempotent->request, &row, replayed, err));
    if (!*replayed) return ERR_OK;
    if (!crypto_equal(row.payload, idempotent->payload, sizeof row.payload))
        return err_set(err, ERR_KEY_REUSED,
                       "this Idempotency-Key was used for another request to this path: a request "
                       "that is sent again has the same body, query and conditions, and a new one "
                       "has a key of its own");
    if (row.kept != KEPT_WHOLE) return not_kept(&row, err);
    fill(reply, &row);
    return ERR_OK;
}

static enum idempotency_kept kept_of(const struct reply *reply)
{
    if (reply->shows_secret) return KEPT_SECRET;
    return reply->body.length > LIMIT_IDEMPOTENT_BODY_BYTES ? KEPT_LARGE : KEPT_WHOLE;
}

enum err_code idempotency_keep(struct store_tx *tx, struct request *request, struct reply *reply,
                               struct err *err)
{
    struct idempotency row = {.kept = (int)kept_of(reply),
                              .status = reply->status,
                              .body = text_string(&reply->body),
                              .etag = reply->etag,
                              .index = reply->index,
                              .location = reply->location};
    memcpy(row.request, request->idempotent->request, sizeof row.request);
    memcpy(row.payload, request->idempotent->payload, sizeof row.payload);
    return idempotency_put(tx, &row, err);
}
