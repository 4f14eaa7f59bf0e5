/* scripted_server.h: an HTTP server that plays its script: each request, whatever it asks, gets the
 * next step. It runs on the loop of the client that it answers, so a test is one thread and waits
 * for nothing but events. The last step goes on for ever. */
#ifndef DOGSHORE_TESTS_SCRIPTED_SERVER_H
#define DOGSHORE_TESTS_SCRIPTED_SERVER_H

#include "base/arena.h"
#include "base/loop.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { SCRIPT_REQUESTS_MAX = 16, SCRIPT_FLOOD_BYTES = 1024 * 1024 };

enum step_end { STEP_KEEP, STEP_CLOSE, STEP_FLOOD /* the body never ends */ };

struct step {
    const char *reply; /* NULL = none */
    enum step_end end;
};

struct scripted_server {
    struct loop *loop;
    struct loop_watch watch;
    const struct step *steps;
    size_t step_count;
    char url[64];
    struct text requests[SCRIPT_REQUESTS_MAX];
    size_t request_count, connection_count;
    struct scripted_peer *peers;
};

struct scripted_peer {
    struct loop_watch watch;
    struct scripted_server *server;
    struct scripted_peer *next;
    struct text input;
};

static void scripted_peer_close(struct scripted_peer *peer)
{
    struct scripted_peer **link = &peer->server->peers;
    while (*link != peer)
        link = &(*link)->next;
    *link = peer->next;
    loop_watch_remove(peer->server->loop, &peer->watch);
    close(peer->watch.fd);
    text_release(&peer->input);
    free(peer);
}

/* Bytes of the request that `input` begins with, 0 while it is not all there. */
static size_t scripted_request_bytes(const struct text *input)
{
    static const char length_header[] = "Content-Length: ";
    if (input->length == 0) return 0;
    const char *end = strstr(input->bytes, "\r\n\r\n");
    if (end == NULL) return 0;
    size_t bytes = (size_t)(end - input->bytes) + 4;
    const char *length = strstr(input->bytes, length_header);
    if (length != NULL && length < end)
        bytes += strtoul(length + sizeof length_header - 1, NULL, 10);
    return bytes <= input->length ? bytes : 0;
}

static void scripted_peer_play(struct scripted_peer *peer)
{
    struct scripted_server *server = peer->server;
    cr_assert_lt(server->request_count, SCRIPT_REQUESTS_MAX);
    struct text *request = &server->requests[server->request_count];
    size_t number = server->request_count++;
    if (number >= server->step_count) number = server->step_count - 1;
    const struct step *step = &server->steps[number];
    text_init(request, NULL);
    text_append(request, peer->input.bytes, peer->input.length);
    text_clear(&peer->input);
    if (step->reply != NULL) send(peer->watch.fd, step->reply, strlen(step->reply), MSG_NOSIGNAL);
    if (step->end == STEP_FLOOD) loop_watch_change(server->loop, &peer->watch, EPOLLOUT);
    if (step->end == STEP_CLOSE) scripted_peer_close(peer);
}

static void scripted_peer_ready(struct loop_watch *watch, uint32_t events)
{
    static const char flood[SCRIPT_FLOOD_BYTES];
    static char bytes[65536];
    struct scripted_peer *peer = CONTAINER_OF(watch, struct scripted_peer, watch);
    ssize_t count;
    if ((events & EPOLLOUT) != 0)
        count = send(watch->fd, flood, sizeof flood, MSG_NOSIGNAL);
    else
        count = recv(watch->fd, bytes, sizeof bytes, 0);
    if (count <= 0) {
        scripted_peer_close(peer);
        return;
    }
    if ((events & EPOLLOUT) != 0) return;
    text_append(&peer->input, bytes, (size_t)count);
    if (scripted_request_bytes(&peer->input) > 0) scripted_peer_play(peer);
}

static void scripted_server_accept(struct loop_watch *watch, uint32_t events)
{
    (void)events;
    struct scripted_server *server = CONTAINER_OF(watch, struct scripted_server, watch);
    struct scripted_peer *peer = xcalloc(1, sizeof *peer);
    int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    cr_assert_geq(fd, 0);
    peer->server = server;
    peer->watch.ready = scripted_peer_ready;
    text_init(&peer->input, NULL);
    peer->next = server->peers;
    server->peers = peer;
    server->connection_count++;
    cr_assert_eq(loop_watch_add(server->loop, &peer->watch, fd, EPOLLIN, NULL), ERR_OK);
}

/* A loopback socket bound to a free port; `url` is where it would answer. */
static inline int scripted_bind(char *url, size_t url_bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, bytes), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    snprintf(url, url_bytes, "http://127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

static inline void scripted_server_open(struct scripted_server *server, struct loop *loop,
                                        const struct step *steps, size_t step_count)
{
    *server = (struct scripted_server){.loop = loop,
                                       .watch.ready = scripted_server_accept,
                                       .steps = steps,
                                       .step_count = step_count};
    int fd = scripted_bind(server->url, sizeof server->url);
    cr_assert_eq(listen(fd, 16), 0);
    cr_assert_eq(loop_watch_add(loop, &server->watch, fd, EPOLLIN, NULL), ERR_OK);
}

static inline void scripted_server_close(struct scripted_server *server)
{
    while (server->peers != NULL)
        scripted_peer_close(server->peers);
    loop_watch_remove(server->loop, &server->watch);
    close(server->watch.fd);
    for (size_t i = 0; i < server->request_count; i++)
        text_release(&server->requests[i]);
}

/* The value of a header of the n-th request, in the arena; NULL when it has none. */
static inline const char *scripted_header(struct scripted_server *server, struct arena *arena,
                                          size_t request, const char *name)
{
    cr_assert_lt(request, server->request_count);
    const char *start = arena_printf(arena, "\r\n%s: ", name);
    const char *found = strstr(server->requests[request].bytes, start);
    if (found == NULL) return NULL;
    found += strlen(start);
    return arena_strndup(arena, found, strcspn(found, "\r"));
}

#endif
