#include "agent/launch.h"

#include "base/arena.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>

static const char default_path[] = "/usr/local/bin:/usr/bin:/bin";

/* PORT, a PORT_<NAME> per port, PATH, HOME and the seven DOGSHORE_… */
enum { VARIABLES_BESIDE_PORTS = 10 };

/* --- references ------------------------------------------------------------------------------- */

static bool is_port_variable(const char *name)
{
    return text_equal(name, "PORT") || text_starts(name, "PORT_");
}

static const char *find(const struct pairs *variables, const char *name)
{
    for (size_t i = 0; i < variables->count; i++)
        if (text_equal(variables->items[i].key, name)) return variables->items[i].value;
    return NULL;
}

/* "$$(": the only place where a dollar is doubled, so that scripts keep their $$. */
static bool escapes(const char *dollar)
{
    return dollar[1] == '$' && dollar[2] == '(';
}

/* `text` with every $(PORT…) that is among `variables` replaced by its value. */
static const char *expand(struct arena *arena, const struct pairs *variables, const char *text)
{
    struct text out;
    const char *dollar;
    text_init(&out, arena);
    while ((dollar = strchr(text, '$')) != NULL) {
        const char *end = dollar[1] == '(' ? strchr(dollar, ')') : NULL;
        const char *name = end ? arena_strndup(arena, dollar + 2, (size_t)(end - dollar - 2)) : "";
        const char *value = is_port_variable(name) ? find(variables, name) : NULL;
        text_append(&out, text, (size_t)(dollar - text));
        text_add(&out, value ? value : "$");
        text = value ? end + 1 : dollar + (escapes(dollar) ? 2 : 1);
    }
    text_add(&out, text);
    return text_string(&out);
}

/* --- environment ------------------------------------------------------------------------------ */

/* Who comes first wins. */
static void add(struct pairs *variables, const char *name, const char *value)
{
    if (value == NULL || find(variables, name) != NULL) return;
    variables->items[variables->count++] = (struct pair){.key = name, .value = value};
}

static void add_number(struct pairs *variables, struct arena *arena, const char *name,
                       int64_t number)
{
    add(variables, name, arena_printf(arena, "%" PRId64, number));
}

/* "http-admin" is PORT_HTTP_ADMIN. */
static const char *variable_of_port(struct arena *arena, const char *port)
{
    char *name = arena_printf(arena, "PORT_%s", port);
    for (char *at = name; *at != '\0'; at++) {
        if (*at >= 'a' && *at <= 'z') *at = (char)(*at - 'a' + 'A');
        if (*at == '-') *at = '_';
    }
    return name;
}

static void add_ports(struct pairs *variables, struct arena *arena, const struct ports *ports)
{
    int64_t main_port = ports_get(ports, NULL);
    if (main_port != 0) add_number(variables, arena, "PORT", main_port);
    for (size_t i = 0; i < ports->count; i++)
        add_number(variables, arena, variable_of_port(arena, ports->items[i].name),
                   ports->items[i].number);
}

static void add_facts(struct pairs *variables, struct arena *arena, const struct template *template,
                      const struct launch_facts *facts)
{
    add(variables, "PATH", facts->path ? facts->path : default_path);
    add(variables, "HOME", facts->home);
    add(variables, "DOGSHORE_DEPLOYMENT", facts->deployment);
    add_number(variables, arena, "DOGSHORE_REVISION", facts->revision);
    add(variables, "DOGSHORE_VERSION", template->version);
    add(variables, "DOGSHORE_NODE", facts->node);
    add(variables, "DOGSHORE_ADDRESS", facts->address);
}

static struct pairs pairs_with_room(struct arena *arena, size_t count)
{
    return (struct pairs){.items = ARENA_ARRAY(arena, struct pair, count)};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static struct pairs make_variables(const struct template *template,
                                   const struct launch_facts *facts, struct arena *arena)
{
    const struct pairs *own = &template->env;
    size_t room = own->count + facts->ports->count + VARIABLES_BESIDE_PORTS;
    struct pairs variables = pairs_with_room(arena, room);
    struct pairs ports = pairs_with_room(arena, facts->ports->count + 1);
    add_ports(&ports, arena, facts->ports);
    add(&variables, "DOGSHORE_REPLICA", facts->replica);
    add_number(&variables, arena, "DOGSHORE_ATTEMPT", facts->attempt);
    for (size_t i = 0; i < own->count; i++)
        add(&variables, own->items[i].key, expand(arena, &ports, own->items[i].value));
    for (size_t i = 0; i < ports.count; i++)
        add(&variables, ports.items[i].key, ports.items[i].value);
    add_facts(&variables, arena, template, facts);
    assert(variables.count <= room);
    qsort(variables.items, variables.count, sizeof *variables.items, by_name);
    return variables;
}

void launch_make(const struct template *template, const struct launch_facts *facts,
                 struct arena *arena, struct launch *launch)
{
    struct pairs variables = make_variables(template, facts, arena);
    const struct strings *command = &template->command;
    launch->arguments = ARENA_ARRAY(arena, const char *, command->count + 1);
    for (size_t i = 0; i < command->count; i++)
        launch->arguments[i] = expand(arena, &variables, command->items[i]);
    launch->environment = ARENA_ARRAY(arena, const char *, variables.count + 1);
    for (size_t i = 0; i < variables.count; i++)
        launch->environment[i] =
            arena_printf(arena, "%s=%s", variables.items[i].key, variables.items[i].value);
    launch->working_dir = template->working_dir ? template->working_dir : facts->home;
}
