/* authorize.c: may this token do that? Scopes are a ladder (read < deploy < operate < admin) with
 * two side doors: the join token, which only creates nodes, and a node's own token, which speaks
 * for that node alone. */
#include "api/api.h"
#include "api/query.h"
#include "api/routes.h"
#include "api/view.h"
#include "base/limits.h"
#include "model/values.h"

#include <assert.h>

static bool is_on_ladder(const struct principal *principal)
{
    return !principal->anonymous && principal->scope <= TOKEN_ADMIN;
}

static enum err_code need_scope(const struct principal *principal, enum token_scope needed,
                                struct err *err)
{
    if (is_on_ladder(principal) && principal->scope >= needed) return ERR_OK;
    return err_set(err, ERR_FORBIDDEN, "this needs a token of scope %s, this one has %s",
                   token_scope_words[needed], token_scope_words[principal->scope]);
}

static bool is_own_node(const struct request *request)
{
    return request->principal.scope == TOKEN_NODE &&
           text_equal(request->principal.node, request->params[0]);
}

static enum err_code need_node(const struct request *request, struct err *err)
{
    if (is_own_node(request)) return ERR_OK;
    return err_set(err, ERR_FORBIDDEN, "this needs scope node: the token of that very node");
}

static enum err_code need_join(const struct request *request, struct err *err)
{
    if (request->principal.scope == TOKEN_JOIN || is_own_node(request)) return ERR_OK;
    if (request->principal.scope == TOKEN_NODE) return need_node(request, err);
    if (need_scope(&request->principal, TOKEN_OPERATE, NULL) == ERR_OK) return ERR_OK;
    return err_set(err, ERR_FORBIDDEN,
                   "this needs scope join, the node's own token or scope operate; this one has %s",
                   token_scope_words[request->principal.scope]);
}

static bool is_open(const struct request *request)
{
    const struct route *route = request->route;
    return route->scope == SCOPE_OPEN || (route->metrics && request->api->metrics_open);
}

static enum err_code check_scope(const struct request *request, struct err *err)
{
    if (is_open(request)) return ERR_OK;
    switch (request->route->scope) {
    case SCOPE_OPEN:
    case SCOPE_ANY:
        return ERR_OK;
    case SCOPE_READ:
        return need_scope(&request->principal, TOKEN_READ, err);
    case SCOPE_DEPLOY:
        return need_scope(&request->principal, TOKEN_DEPLOY, err);
    case SCOPE_OPERATE:
        return need_scope(&request->principal, TOKEN_OPERATE, err);
    case SCOPE_ADMIN:
        return need_scope(&request->principal, TOKEN_ADMIN, err);
    case SCOPE_JOIN:
        return need_join(request, err);
    case SCOPE_NODE:
        return need_node(request, err);
    case SCOPE_NONE:
        break;
    }
    return err_set(err, ERR_FORBIDDEN, "this route has no scope");
}

static bool has_expired(const struct request *request, const struct token *token)
{
    return token->expires_at != 0 && clock_wall_ms(&request->api->clock) >= token->expires_at;
}

static enum err_code refuse_expired(const struct token *token, struct err *err)
{
    char at[CLOCK_RFC3339_BYTES];
    clock_rfc3339(token->expires_at, at);
    return err_set(err, ERR_UNAUTHORIZED, "the bearer token \"%s\" expired at %s", token->name, at);
}

static enum err_code check_token(const struct request *request, const struct token *token,
                                 struct err *err)
{
    if (!request->principal.anonymous || is_open(request)) return ERR_OK;
    if (token != NULL) return refuse_expired(token, err);
    if (request->authorization == NULL)
        return err_set(err, ERR_UNAUTHORIZED, "the request has no Authorization: Bearer header");
    return err_set(err, ERR_UNAUTHORIZED, "the bearer token is unknown");
}

static enum err_code choose_cluster(struct request *request, struct err *err)
{
    const char *asked = query_text(request, "cluster");
    const char *own = request->principal.cluster;
    if (asked != NULL && own != NULL && !text_equal(asked, own))
        return err_set(err, ERR_FORBIDDEN, "this token is limited to cluster %s", own);
    if (request->route->all_clusters && own != NULL && !is_open(request))
        return err_set(err, ERR_FORBIDDEN,
                       "this tells of every cluster, and this token is limited to cluster %s", own);
    request->cluster = asked != NULL ? asked : own != NULL ? own : "default";
    return ERR_OK;
}

/* A path parameter that is too long names nothing that exists: no facet then, and the read says
 * 404. */
static void choose_facet(struct request *request)
{
    const struct route *route = request->route;
    int length = 0;
    if (!route->has_facet) return;
    request->facet = route->facet;
    switch (route->facet) {
    case FACET_DEPLOYMENT:
    case FACET_ENDPOINTS:
        length = snprintf(request->facet_key, sizeof request->facet_key, "%s/%s", request->cluster,
                          request->params[0]);
        break;
    case FACET_NODE:
    case FACET_ASSIGNMENTS:
        length = snprintf(request->facet_key, sizeof request->facet_key, "%s", request->params[0]);
        break;
    case FACET_LIST:
        length = snprintf(request->facet_key, sizeof request->facet_key, "%s",
                          facet_list_words[route->list]);
        break;
    case FACET_EVENTS:
        request->facet_key[0] = '\0';
        break;
    }
    request->has_facet = length >= 0 && (size_t)length < sizeof request->facet_key;
}

static struct principal principal_of(const struct token *token)
{
    if (token == NULL) return (struct principal){.anonymous = true};
    return (struct principal){.id = token->id,
                              .name = token->name,
                              .scope = (enum token_scope)token->scope,
                              .cluster = token->cluster,
                              .node = token->node,
                              .expires_at = token->expires_at};
}

static enum err_code authorize(struct request *request, const struct token *token, struct err *err)
{
    bool expired = token != NULL && has_expired(request, token);
    request->principal = principal_of(expired ? NULL : token);
    TRY(check_token(request, token, err));
    TRY(check_scope(request, err));
    TRY(choose_cluster(request, err));
    choose_facet(request);
    request->view = view_number(request);
    return ERR_OK;
}

enum err_code api_authorize(struct request *request, const struct token *token, struct reply *reply)
{
    struct err err;
    assert(request->route != NULL);
    enum err_code code = authorize(request, token, &err);
    if (code != ERR_OK) api_problem(reply, &request->arena, request, &err, NULL);
    return code;
}
