/* tokens.c: the tokens that people and programs hold. A secret is shown once, by what made it.
 *
 * A token that is limited to a cluster sees and makes tokens of that cluster alone. A node's own
 * token comes and goes with its node. */
#include "store/tokens.h"

#include "api/api.h"
#include "api/body.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/poll.h"
#include "api/view.h"
#include "base/clock.h"
#include "base/limits.h"
#include "store/events.h"
#include "store/store.h"
#include "wire/token_wire.h"

/* ---- reading ---- */

/* To a token that is limited to another cluster it does not exist. */
static enum err_code load_token(struct store_db *db, struct request *request, struct token *token,
                                struct err *err)
{
    TRY(tokens_get(db, &request->arena, request->params[0], token, err));
    if (view_shows_cluster(request, token->cluster)) return ERR_OK;
    return err_set(err, ERR_NOT_FOUND, "no token \"%s\"", token->id);
}

static int64_t used_at(const struct request *request, const struct token *token)
{
    return request->api->token_used_at(request->api->self, token->id);
}

API_READ(tokens_list_read)
{
    const struct list_query *query = request->input;
    struct token *items;
    struct listed listed;
    TRY(poll_list(db, request, reply, err));
    TRY(tokens_page(db, &request->arena, view_cluster(request), &query->page, &items, &listed,
                    err));
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < listed.count; i++)
        token_render(&list.writer, &items[i], used_at(request, &items[i]));
    list_end_page(&list, &listed);
    return ERR_OK;
}

/* Rows have no index of their own, and uses move without the row: the tag comes from the bytes. */
API_READ(token_read)
{
    struct token token;
    TRY(load_token(db, request, &token, err));
    TRY(poll_list(db, request, reply, err));
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    token_render(&writer, &token, used_at(request, &token));
    etag_set_hash(reply, request);
    etag_not_modified(request, reply);
    return ERR_OK;
}

API_READ(whoami_read)
{
    (void)db;
    (void)err;
    const struct principal *principal = &request->principal;
    struct token token = {.id = principal->id,
                          .name = principal->name,
                          .scope = (int)principal->scope,
                          .cluster = principal->cluster,
                          .node = principal->node,
                          .expires_at = principal->expires_at};
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    whoami_render(&writer, &token);
    reply->no_store = true;
    return ERR_OK;
}

/* ---- writing ---- */

static const char *describe(struct arena *arena, const struct token *token)
{
    char expires_at[CLOCK_RFC3339_BYTES];
    struct text text;
    text_init(&text, arena);
    text_printf(&text, "\"%s\", scope %s", token->name, word_of(token_scope_words, token->scope));
    if (token->cluster != NULL) text_printf(&text, ", cluster %s", token->cluster);
    if (token->expires_at == 0) return text_string(&text);
    clock_rfc3339(token->expires_at, expires_at);
    text_printf(&text, ", expires at %s", expires_at);
    return text_string(&text);
}

static enum err_code add_event(struct store_tx *tx, struct request *request,
                               const struct token *token, const char *reason, int64_t *index,
                               struct err *err)
{
    struct event event = {
        .kind = "token",
        .cluster = token->cluster,
        .name = token->id,
        .reason = reason,
        .message = arena_printf(&request->arena, "%s %s", reason, describe(&request->arena, token)),
    };
    return events_add(tx, &event, index, err);
}

/* Gives the token a new secret, stores it and shows the secret. A dry run makes none: what it
 * showed would never be valid. */
static enum err_code give_secret(struct store_tx *tx, struct request *request, struct reply *reply,
                                 struct token *token, const char *reason, struct err *err)
{
    char secret[CRYPTO_TOKEN_TEXT_BYTES];
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    TRY(add_event(tx, request, token, reason, &reply->index, err));
    if (request->dry_run) {
        token_render(&writer, token, used_at(request, token));
        return ERR_OK;
    }
    crypto_token("dgs_", secret);
    token_hash(request->api->store, secret, token->hash);
    TRY(tokens_put(tx, token, err));
    token_secret_render(&writer, token, used_at(request, token), secret);
    reply->shows_secret = true;
    return ERR_OK;
}

API_DECODE(token_create_decode)
{
    const struct json *json;
    TRY(body_json(request, &json, err));
    struct token_request *asked = ARENA_NEW(&request->arena, struct token_request);
    token_request_decode(json, &request->arena, asked, errors);
    request->input = asked;
    if (errors->total > 0) return ERR_OK;
    const char *own = request->principal.cluster;
    if (asked->cluster == NULL) asked->cluster = own;
    if (view_shows_cluster(request, asked->cluster)) return ERR_OK;
    return err_set(err, ERR_FORBIDDEN, "this token is limited to cluster %s", own);
}

API_APPLY(token_create_apply)
{
    const struct token_request *asked = request->input;
    int64_t count, now_ms = tx_wall_ms(tx);
    TRY(tokens_count(tx_db(tx), &count, err));
    if (count >= LIMIT_TOKENS)
        return err_set(err, ERR_LIMIT, "this server already has %d tokens, which is its limit",
                       LIMIT_TOKENS);
    char id[27];
    crypto_uid(now_ms, id);
    struct token token = {.id = id,
                          .name = asked->name,
                          .scope = asked->scope,
                          .cluster = asked->cluster,
                          .created_at = now_ms};
    if (asked->expires_in_seconds > 0)
        token.expires_at = now_ms + asked->expires_in_seconds * SECOND_MS;
    reply->status = 201;
    reply->location = arena_printf(&request->arena, "/v1/tokens/%s", token.id);
    return give_secret(tx, request, reply, &token, "created", err);
}

static enum err_code refuse_node(const struct token *token, struct err *err)
{
    if (token->node == NULL) return ERR_OK;
    return err_set(err, ERR_ILLEGAL_STATE,
                   "this is the own token of node %s, which makes it itself; it goes with the node",
                   token->node);
}

/* Nobody could make an admin token again. */
static enum err_code refuse_last_admin(struct store_tx *tx, const struct token *token,
                                       struct err *err)
{
    int64_t others;
    bool lasting = token->scope == TOKEN_ADMIN && token->cluster == NULL && token->expires_at == 0;
    if (!lasting) return ERR_OK;
    TRY(tokens_count_lasting_admins(tx_db(tx), token->id, &others, err));
    if (others > 0) return ERR_OK;
    return err_set(err, ERR_ILLEGAL_STATE,
                   "this is the last token of scope admin that is limited to no cluster and never "
                   "expires; make another one first, or rotate this one");
}

API_APPLY(token_revoke_apply)
{
    struct token token;
    TRY(load_token(tx_db(tx), request, &token, err));
    TRY(refuse_node(&token, err));
    TRY(refuse_last_admin(tx, &token, err));
    TRY(add_event(tx, request, &token, "revoked", &reply->index, err));
    TRY(tokens_delete(tx, token.id, err));
    reply->status = 204;
    return ERR_OK;
}

API_DECODE(token_rotate_decode)
{
    return body_empty(request, errors, err);
}

API_APPLY(token_rotate_apply)
{
    struct token token;
    TRY(load_token(tx_db(tx), request, &token, err));
    TRY(refuse_node(&token, err));
    if (token.expires_at != 0 && tx_wall_ms(tx) >= token.expires_at)
        return err_set(err, ERR_ILLEGAL_STATE,
                       "this token has expired, with any secret; make a new one");
    return give_secret(tx, request, reply, &token, "rotated", err);
}
