/* route.c: raw target → row of the route table, path parameters, query parameters. */
#include "api/query.h"
#include "api/routes.h"
#include "api/target.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "model/selector.h"

enum { KNOWN_PARAMETERS_MAX = 16 };

/* Compares one segment of a pattern; steps over it. A `{…}` fits anything and is noted. Byte by
 * byte, since most rows of the table differ in the first bytes of a segment: every request pays. */
static bool segment_fits(const char **pattern, const char *segment, const char **params,
                         size_t *count)
{
    const char *at = *pattern + 1;
    bool fits = true;
    if (*at == '{') {
        params[(*count)++] = segment;
        at = strchr(at, '}') + 1;
    } else {
        while (*segment != '\0' && *at == *segment && *at != '/')
            at++, segment++;
        fits = *segment == '\0' && (*at == '/' || *at == '\0');
    }
    *pattern = at;
    return fits;
}

static bool pattern_fits(const char *pattern, const struct target *target,
                         const char *params[static ROUTE_PARAMS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < target->segment_count; i++)
        if (*pattern != '/' || !segment_fits(&pattern, target->segments[i], params, &count))
            return false;
    return *pattern == '\0' && target->segment_count > 0;
}

/* `allowed` gets a bit for every method that the path has. */
static const struct route *find(const struct target *target, struct request *request,
                                unsigned *allowed)
{
    const struct route *found = NULL;
    *allowed = 0;
    for (size_t i = 0; i < route_count; i++) {
        const char *params[ROUTE_PARAMS_MAX] = {0};
        if (!pattern_fits(routes[i].pattern, target, params)) continue;
        *allowed |= 1u << routes[i].method;
        if (routes[i].method != request->method) continue;
        found = &routes[i];
        memcpy(request->params, params, sizeof params);
    }
    return found;
}

static const char *allow_header(struct arena *arena, unsigned allowed)
{
    struct text text;
    text_init(&text, arena);
    for (int method = 0; method < METHOD_COUNT; method++) {
        if ((allowed & 1u << method) == 0) continue;
        if (text.length > 0) text_add(&text, ", ");
        text_add(&text, method_words[method]);
        if (method == METHOD_GET) text_add(&text, ", HEAD");
    }
    return text_string(&text);
}

static void add_names(struct arena *arena, const char *comma_list, const char **names,
                      size_t *count)
{
    if (comma_list == NULL) return;
    for (const char *at = comma_list; *at != '\0' && *count < KNOWN_PARAMETERS_MAX;) {
        size_t bytes = strcspn(at, ",");
        names[(*count)++] = arena_strndup(arena, at, bytes);
        at += bytes + (at[bytes] == ',' ? 1 : 0);
    }
}

static enum err_code check_name(struct request *request, const struct parameter *parameter,
                                const char *const *names, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(parameter->name, names[i])) return ERR_OK;
    const char *quoted = query_quote(request, parameter->name);
    const char *nearest = text_nearest(parameter->name, names, count);
    if (nearest != NULL)
        return err_set(err, ERR_UNKNOWN_PARAMETER,
                       "query parameter '%s' is not known here; did you mean '%s'?", quoted,
                       nearest);
    return err_set(err, ERR_UNKNOWN_PARAMETER, "query parameter '%s' is not known here", quoted);
}

static enum err_code check_parameters(struct request *request, struct err *err)
{
    if (request->parameter_count == 0) return ERR_OK;
    const char *names[KNOWN_PARAMETERS_MAX];
    size_t count = 0;
    add_names(&request->arena, request->route->parameters, names, &count);
    add_names(&request->arena, route_common_parameters(request->route), names, &count);
    for (size_t i = 0; i < request->parameter_count; i++) {
        const struct parameter *parameter = &request->parameters[i];
        TRY(check_name(request, parameter, names, count, err));
        for (size_t j = 0; j < i; j++)
            if (text_equal(request->parameters[j].name, parameter->name))
                return err_set(err, ERR_BAD_PARAMETER, "%s is given twice", parameter->name);
    }
    return ERR_OK;
}

/* Without one of these, nothing says what is waited for: the answer would come at once. */
static enum err_code check_wait(struct request *request, struct err *err)
{
    const char *goal = request->route->goal;
    if (request->wait_ms == 0 || request->watch_index >= 0) return ERR_OK;
    if (goal != NULL && query_text(request, goal) != NULL) return ERR_OK;
    return err_set(err, ERR_BAD_PARAMETER,
                   "wait_seconds needs index, the X-Index of what you have%s%s",
                   goal != NULL ? ", or " : "", goal != NULL ? goal : "");
}

static enum err_code read_common_parameters(struct request *request, struct err *err)
{
    request->watch_index = -1;
    TRY(query_int(request, "index", 0, JSON_INTEGER_MAX, &request->watch_index, err));
    int64_t wait_seconds = 0;
    TRY(query_int(request, "wait_seconds", 0, LIMIT_WAIT_SECONDS, &wait_seconds, err));
    request->wait_ms = wait_seconds * SECOND_MS;
    TRY(check_wait(request, err));
    TRY(query_bool(request, "dry_run", &request->dry_run, err));

    const char *cluster = query_text(request, "cluster");
    const char *problem = cluster != NULL ? name_problem(cluster) : NULL;
    if (problem != NULL) return err_set(err, ERR_BAD_PARAMETER, "cluster %s", problem);
    return ERR_OK;
}

static enum err_code route(struct request *request, const char **allow, struct err *err)
{
    struct target target;
    TRY(target_parse(&request->arena, request->target, &target, err));
    unsigned allowed;
    request->route = find(&target, request, &allowed);
    bool any_slash = request->route != NULL && request->route->any_slash;
    if (target.has_encoded_slash && !any_slash)
        return err_set(err, ERR_BAD_REQUEST, "a path segment has an encoded slash");
    if (allowed == 0)
        return err_set(err, ERR_NOT_FOUND,
                       "this server has no such path; /docs shows all it has, /openapi.yaml lists "
                       "them for programs");
    if (request->route == NULL) {
        *allow = allow_header(&request->arena, allowed);
        return err_set(err, ERR_METHOD_NOT_ALLOWED, "%s is not possible here, only %s",
                       method_words[request->method], *allow);
    }
    request->parameters = target.parameters;
    request->parameter_count = target.parameter_count;
    TRY(check_parameters(request, err));
    return read_common_parameters(request, err);
}

enum err_code api_route(struct request *request, struct reply *reply)
{
    struct err err;
    const char *allow = NULL;
    reply_init(reply, request);
    enum err_code code = route(request, &allow, &err);
    if (code == ERR_OK) return ERR_OK;
    api_problem(reply, &request->arena, request, &err, NULL);
    reply->allow = allow;
    return code;
}
