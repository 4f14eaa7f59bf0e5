/* client_world.h: a client and the scripted server that it calls, on one loop. */
#ifndef DOGSHORE_TESTS_CLIENT_WORLD_H
#define DOGSHORE_TESTS_CLIENT_WORLD_H

#include "base/clock.h"
#include "client/client.h"
#include "node/scripted_server.h"

struct client_world {
    struct loop *loop;
    struct arena arena;
    struct scripted_server server;
    struct client *client;
    struct client_reply reply; /* of client_world_do() */
    struct err err;
};

/* `path` is added to the server's URL. */
static inline void client_world_open_on(struct client_world *world, const struct clock *clock,
                                        const char *path, const struct step *steps, size_t count)
{
    cr_assert_eq(loop_open(&world->loop, clock, &world->err), ERR_OK);
    arena_init(&world->arena);
    scripted_server_open(&world->server, world->loop, steps, count);
    struct client_settings settings = {
        .server = arena_printf(&world->arena, "%s%s", world->server.url, path),
        .token = "dgs_secret",
        .user_agent = "dogshore-test/1"};
    cr_assert_eq(client_open(&world->client, world->loop, &settings, &world->err), ERR_OK, "%s",
                 world->err.detail);
}

static inline void client_world_open(struct client_world *world, const struct step *steps,
                                     size_t count)
{
    struct clock clock = clock_system();
    client_world_open_on(world, &clock, "", steps, count);
}

static inline void client_world_close(struct client_world *world)
{
    client_close(world->client);
    scripted_server_close(&world->server);
    arena_release(&world->arena);
    loop_close(world->loop);
}

static inline enum err_code client_world_do(struct client_world *world,
                                            const struct client_request *request)
{
    world->err = (struct err){.code = ERR_OK};
    return client_do(world->client, request, &world->arena, &world->reply, &world->err);
}

static inline enum err_code client_world_get(struct client_world *world, const char *path)
{
    struct client_request request = {.path = path};
    return client_world_do(world, &request);
}

/* One request to a server that answers it by `step`. */
static inline void client_world_play(struct client_world *world, const struct step *step,
                                     const struct client_request *request)
{
    client_world_open(world, step, 1);
    client_world_do(world, request);
}

#endif
