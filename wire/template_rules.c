#include "wire/template_rules.h"

#include "base/arena.h"
#include "model/template.h"

#include <inttypes.h>
#include <string.h>

static bool is_given(const struct json *json, const char *name)
{
    const struct json *member = json_member(json, name);
    return member && member->type != JSON_NULL;
}

void probe_finish(struct field_decoder *decoder, const struct json *json, void *probe)
{
    (void)probe;
    bool http = is_given(json, "http");
    bool tcp = is_given(json, "tcp");
    if (http && tcp)
        field_fail(decoder, "conflict", "has both http and tcp; exactly one is needed");
    else if (!http && !tcp)
        field_fail(decoder, "required", "needs exactly one of http and tcp");
}

void restart_policy_finish(struct field_decoder *decoder, const struct json *json, void *object)
{
    const struct restart_policy *policy = object;
    (void)json;
    if (policy->backoff_initial_seconds <= policy->backoff_max_seconds) return;
    if (field_is_wrong(decoder, "backoff_initial_seconds")) return;
    if (field_is_wrong(decoder, "backoff_max_seconds")) return;
    field_fail_below(decoder, "backoff_initial_seconds", "conflict",
                     "must not be above backoff_max_seconds (%" PRId64 "), got %" PRId64,
                     policy->backoff_max_seconds, policy->backoff_initial_seconds);
}

/* --- probes name a port -------------------------------------------------------------------- */

static void check_probe_port(struct field_decoder *decoder, const struct ports *ports,
                             const char *probe, const char *check, const char *port)
{
    if (!port || ports_has(ports, port)) return; /* NULL: it was wrong by itself */
    const char *below = arena_printf(decoder->arena, "probes/%s/%s/port", probe, check);
    field_fail_below(decoder, below, "conflict",
                     "'%s' is not in template.ports; a probe that names no port uses 'http'",
                     field_quote(decoder, port));
}

static void check_probe(struct field_decoder *decoder, const struct ports *ports, const char *name,
                        const struct probe *probe)
{
    if (!probe) return;
    if (probe->http) check_probe_port(decoder, ports, name, "http", probe->http->port);
    if (probe->tcp) check_probe_port(decoder, ports, name, "tcp", probe->tcp->port);
}

/* --- $(PORT) and $(PORT_NAME) in the command ----------------------------------------------- */

/* "http-admin" is PORT_HTTP_ADMIN. */
static bool variable_names_port(const char *variable, size_t bytes, const char *port)
{
    if (strlen(port) != bytes) return false;
    for (size_t i = 0; i < bytes; i++) {
        char c = port[i];
        if (c == '-') c = '_';
        if (c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
        if (variable[i] != c) return false;
    }
    return true;
}

static bool port_variable_is_known(const struct template *template, const char *variable,
                                   size_t bytes)
{
    static const size_t prefix_bytes = sizeof "PORT_" - 1;
    if (bytes == prefix_bytes - 1) return template->ports.count > 0;
    for (size_t i = 0; i < template->ports.count; i++)
        if (variable_names_port(variable + prefix_bytes, bytes - prefix_bytes,
                                template->ports.items[i].name))
            return true;
    return false;
}

static bool is_port_variable(const char *variable, size_t bytes)
{
    if (bytes < 4 || strncmp(variable, "PORT", 4) != 0) return false;
    return bytes == 4 || variable[4] == '_';
}

static void check_variable(struct field_decoder *decoder, const struct template *template,
                           size_t argument, const char *variable, size_t bytes)
{
    if (!is_port_variable(variable, bytes)) return;
    const char *name = arena_strndup(decoder->arena, variable, bytes);
    if (pairs_get(&template->env, name)) return;
    if (port_variable_is_known(template, variable, bytes)) return;
    field_fail_below(decoder, arena_printf(decoder->arena, "command/%zu", argument), "conflict",
                     "$(%s) names a port that is not in template.ports",
                     field_quote(decoder, name));
}

/* "$$(" stands for a literal "$(" and begins no variable. */
static void check_argument(struct field_decoder *decoder, const struct template *template,
                           size_t argument)
{
    const char *at = template->command.items[argument];
    while ((at = strchr(at, '$')) != NULL) {
        const char *end = at[1] == '(' ? strchr(at, ')') : NULL;
        if (end) check_variable(decoder, template, argument, at + 2, (size_t)(end - at - 2));
        at += at[1] == '$' && at[2] == '(' ? 2 : 1;
    }
}

static void check_command(struct field_decoder *decoder, const struct template *template)
{
    const struct strings *command = &template->command;
    if (command->count > 0 && command->items[0][0] == '\0' && !field_is_wrong(decoder, "command/0"))
        field_fail_below(decoder, "command/0", "length", "must not be empty");
    if (field_is_wrong(decoder, "ports") || field_is_wrong(decoder, "env")) return;
    for (size_t i = 0; i < command->count; i++)
        check_argument(decoder, template, i);
}

void template_finish(struct field_decoder *decoder, const struct json *json, void *object)
{
    const struct template *template = object;
    (void)json;
    check_command(decoder, template);
    if (field_is_wrong(decoder, "ports")) return;
    check_probe(decoder, &template->ports, "startup", template->probes.startup);
    check_probe(decoder, &template->ports, "readiness", template->probes.readiness);
    check_probe(decoder, &template->ports, "liveness", template->probes.liveness);
}
