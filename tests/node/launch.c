#include "agent/launch.h"

#include "base/arena.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <string.h>

static struct port three_ports[] = {{"admin", 20001}, {"http", 20002}, {"metrics-v2", 20003}};
static struct port two_ports[] = {{"admin", 20001}, {"grpc", 20004}};

#define PORTS(items_) ((struct ports){.items = items_, .count = sizeof items_ / sizeof *items_})
static const struct ports no_ports;

struct world {
    struct arena arena;
    struct ports ports;
    struct pair variables[8];
    const char *words[8];
    struct template template;
    struct launch_facts facts;
    struct launch launch;
};

static void world_init(struct world *world)
{
    *world = (struct world){.ports = PORTS(three_ports)};
    arena_init(&world->arena);
    world->words[0] = "./serve";
    world->template = (struct template){
        .version = "v7",
        .command = {world->words, 1},
        .env = {world->variables, 0},
    };
    world->facts = (struct launch_facts){.replica = "web-1f",
                                         .deployment = "web",
                                         .node = "n1",
                                         .address = "10.0.0.7",
                                         .attempt = 3,
                                         .revision = 12,
                                         .ports = &world->ports,
                                         .home = "/state/web-1f"};
}

static void launch(struct world *world)
{
    launch_make(&world->template, &world->facts, &world->arena, &world->launch);
}

static void set(struct world *world, const char *name, const char *value)
{
    world->variables[world->template.env.count++] = (struct pair){name, value};
}

static const char *get(const struct world *world, const char *name)
{
    size_t bytes = strlen(name);
    for (const char **at = world->launch.environment; *at != NULL; at++)
        if (strncmp(*at, name, bytes) == 0 && (*at)[bytes] == '=') return *at + bytes + 1;
    return NULL;
}

static void expect(const struct world *world, const char *name, const char *value)
{
    const char *got = get(world, name);
    cr_assert(text_equal(got, value), "%s is %s", name, got ? got : "not there");
}

Test(launch, references_to_ports_are_filled_in)
{
    static const struct {
        const char *word, *expanded;
    } words[] = {
        {"$(PORT)", "20002"},
        {"--port=$(PORT)", "--port=20002"},
        {"$(PORT_HTTP)", "20002"},
        {"$(PORT_METRICS_V2)", "20003"},
        {"0.0.0.0:$(PORT_ADMIN),[::]:$(PORT_ADMIN)", "0.0.0.0:20001,[::]:20001"},
        {"$(PORT)$(PORT_ADMIN)", "2000220001"},
        {"", ""},
        {"plain", "plain"},
        {"$$(PORT)", "$(PORT)"},
        {"$$$(PORT)", "$$(PORT)"},
        {"$$ $$(PORT) $(PORT)", "$$ $(PORT) 20002"},
        {"100$$", "100$$"},
        {"$", "$"},
        {"a$b", "a$b"},
        {"$(", "$("},
        {"$(PORT", "$(PORT"},
        {"$()", "$()"},
        {"$(HOME)", "$(HOME)"},
        {"$(PORT_NONE)", "$(PORT_NONE)"},
        {"$(port)", "$(port)"},
        {"$(PORTS)", "$(PORTS)"},
        {"$(PORT_)", "$(PORT_)"},
        {"$($(PORT))", "$(20002)"},
        {"${PORT} $PORT `id` \"$(id)\"", "${PORT} $PORT `id` \"$(id)\""},
    };
    struct world world;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        world_init(&world);
        world.words[0] = words[i].word;
        set(&world, "WORD", words[i].word);
        launch(&world);
        cr_assert_str_eq(world.launch.arguments[0], words[i].expanded, "'%s' became '%s'",
                         words[i].word, world.launch.arguments[0]);
        expect(&world, "WORD", words[i].expanded);
        arena_release(&world.arena);
    }
}

Test(launch, without_a_port_named_http_port_is_the_first_by_name)
{
    struct world world;
    world_init(&world);
    world.ports = PORTS(two_ports);
    world.words[0] = "$(PORT) $(PORT_GRPC)";
    launch(&world);
    cr_assert_str_eq(world.launch.arguments[0], "20001 20004");
    expect(&world, "PORT", "20001");
    arena_release(&world.arena);
}

Test(launch, without_ports_references_stay_as_they_are)
{
    struct world world;
    world_init(&world);
    world.ports = no_ports;
    world.words[0] = "--port=$(PORT)";
    launch(&world);
    cr_assert_str_eq(world.launch.arguments[0], "--port=$(PORT)");
    expect(&world, "PORT", NULL);
    arena_release(&world.arena);
}

Test(launch, all_words_of_the_command_are_there_in_order)
{
    struct world world;
    world_init(&world);
    world.words[1] = "";
    world.words[2] = "$(PORT)";
    world.template.command.count = 3;
    launch(&world);
    cr_assert_str_eq(world.launch.arguments[0], "./serve");
    cr_assert_str_eq(world.launch.arguments[1], "");
    cr_assert_str_eq(world.launch.arguments[2], "20002");
    cr_assert_null(world.launch.arguments[3]);
    arena_release(&world.arena);
}

Test(launch, the_environment_tells_the_replica_what_it_is)
{
    static const char *const expected[] = {
        "DOGSHORE_ADDRESS=10.0.0.7",
        "DOGSHORE_ATTEMPT=3",
        "DOGSHORE_DEPLOYMENT=web",
        "DOGSHORE_NODE=n1",
        "DOGSHORE_REPLICA=web-1f",
        "DOGSHORE_REVISION=12",
        "DOGSHORE_VERSION=v7",
        "HOME=/state/web-1f",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "PORT=20002",
        "PORT_ADMIN=20001",
        "PORT_HTTP=20002",
        "PORT_METRICS_V2=20003",
    };
    size_t count = sizeof expected / sizeof *expected;
    struct world world;
    world_init(&world);
    launch(&world);
    for (size_t i = 0; i < count; i++)
        cr_assert_str_eq(world.launch.environment[i], expected[i]);
    cr_assert_null(world.launch.environment[count]);
    arena_release(&world.arena);
}

Test(launch, the_environment_is_sorted_by_name)
{
    struct world world;
    world_init(&world);
    set(&world, "AAA", "1");
    set(&world, "PORT_", "2");
    set(&world, "zzz", "3");
    launch(&world);
    const char **environment = world.launch.environment;
    for (size_t i = 1; environment[i] != NULL; i++) {
        char before[64] = {0}, name[64] = {0};
        memcpy(before, environment[i - 1], strcspn(environment[i - 1], "="));
        memcpy(name, environment[i], strcspn(environment[i], "="));
        cr_assert(strcmp(before, name) < 0, "%s before %s", before, name);
    }
    arena_release(&world.arena);
}

Test(launch, what_the_template_sets_wins)
{
    struct world world;
    world_init(&world);
    set(&world, "DOGSHORE_VERSION", "mine");
    set(&world, "HOME", "/srv");
    set(&world, "PATH", "/opt/bin");
    set(&world, "PORT", "80");
    set(&world, "PORT_DEBUG", "$(PORT_ADMIN)");
    world.words[0] = "$(PORT) $(PORT_DEBUG) $(PORT_HTTP)";
    launch(&world);
    expect(&world, "DOGSHORE_VERSION", "mine");
    expect(&world, "HOME", "/srv");
    expect(&world, "PATH", "/opt/bin");
    expect(&world, "PORT", "80");
    expect(&world, "PORT_DEBUG", "20001");
    cr_assert_str_eq(world.launch.arguments[0], "80 20001 20002");
    arena_release(&world.arena);
}

Test(launch, the_template_cannot_change_who_the_replica_is)
{
    struct world world;
    world_init(&world);
    set(&world, "DOGSHORE_ATTEMPT", "1");
    set(&world, "DOGSHORE_REPLICA", "db-1");
    launch(&world);
    expect(&world, "DOGSHORE_ATTEMPT", "3");
    expect(&world, "DOGSHORE_REPLICA", "web-1f");
    arena_release(&world.arena);
}

Test(launch, path_is_the_nodes_when_it_gives_one)
{
    struct world world;
    world_init(&world);
    world.facts.path = "/opt/dogshore/bin:/usr/bin";
    launch(&world);
    expect(&world, "PATH", "/opt/dogshore/bin:/usr/bin");
    arena_release(&world.arena);
}

Test(launch, the_working_dir_is_the_templates_or_the_replicas_own_folder)
{
    struct world world;
    world_init(&world);
    launch(&world);
    cr_assert_str_eq(world.launch.working_dir, "/state/web-1f");
    world.template.working_dir = "/srv/web";
    launch(&world);
    cr_assert_str_eq(world.launch.working_dir, "/srv/web");
    arena_release(&world.arena);
}
