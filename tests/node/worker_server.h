/* worker_server.h: the server's side of the worker protocol, played from a script: each request
 * gets the first reply, not used yet, that is for its method and path; one that has none waits. It
 * runs on the loop of the agent's control, so a test is one thread. */
#ifndef DOGSHORE_TESTS_NODE_WORKER_SERVER_H
#define DOGSHORE_TESTS_NODE_WORKER_SERVER_H

#include "base/arena.h"
#include "base/loop.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { WORKER_REQUESTS_MAX = 32, WORKER_REPLIES_MAX = 32 };

struct worker_reply {
    const char *request; /* "PUT /v1/nodes/n1": what it begins with */
    int status;          /* 0 = the connection is cut */
    const char *body;
};

struct worker_server {
    struct loop *loop;
    struct loop_watch watch;
    char url[64];
    struct worker_reply replies[WORKER_REPLIES_MAX];
    bool used[WORKER_REPLIES_MAX];
    size_t reply_count;
    struct text requests[WORKER_REQUESTS_MAX];
    size_t request_count;
    struct worker_peer *peers;
};

struct worker_peer {
    struct loop_watch watch;
    struct worker_server *server;
    struct worker_peer *next;
    struct text input;
};

static inline void worker_peer_close(struct worker_peer *peer)
{
    struct worker_peer **link = &peer->server->peers;
    while (*link != peer)
        link = &(*link)->next;
    *link = peer->next;
    loop_watch_remove(peer->server->loop, &peer->watch);
    close(peer->watch.fd);
    text_release(&peer->input);
    free(peer);
}

static inline bool worker_request_is_whole(const struct text *input)
{
    static const char header[] = "Content-Length: ";
    const char *end = input->length == 0 ? NULL : strstr(input->bytes, "\r\n\r\n");
    if (end == NULL) return false;
    size_t bytes = (size_t)(end - input->bytes) + 4;
    const char *length = strstr(input->bytes, header);
    if (length != NULL && length < end) bytes += strtoul(length + sizeof header - 1, NULL, 10);
    return input->length >= bytes;
}

static inline const struct worker_reply *worker_reply_for(struct worker_server *server,
                                                          const char *request)
{
    for (size_t i = 0; i < server->reply_count; i++) {
        if (server->used[i] || !text_starts(request, server->replies[i].request)) continue;
        server->used[i] = true;
        return &server->replies[i];
    }
    return NULL;
}

static inline void worker_peer_play(struct worker_peer *peer)
{
    struct worker_server *server = peer->server;
    cr_assert_lt(server->request_count, WORKER_REQUESTS_MAX);
    struct text *request = &server->requests[server->request_count++];
    text_init(request, NULL);
    text_append(request, peer->input.bytes, peer->input.length);
    text_clear(&peer->input);
    const struct worker_reply *reply = worker_reply_for(server, text_string(request));
    if (reply == NULL) return;
    if (reply->status == 0) {
        worker_peer_close(peer);
        return;
    }
    struct text answer;
    text_init(&answer, NULL);
    text_printf(&answer, "HTTP/1.1 %d Word\r\nContent-Length: %zu\r\nContent-Type: %s\r\n\r\n%s",
                reply->status, strlen(reply->body),
                reply->status < 400 ? "application/json" : "application/problem+json", reply->body);
    send(peer->watch.fd, answer.bytes, answer.length, MSG_NOSIGNAL);
    text_release(&answer);
}

static inline void worker_peer_ready(struct loop_watch *watch, uint32_t events)
{
    char bytes[4096];
    struct worker_peer *peer = CONTAINER_OF(watch, struct worker_peer, watch);
    (void)events;
    ssize_t count = recv(watch->fd, bytes, sizeof bytes, 0);
    if (count <= 0) {
        worker_peer_close(peer);
        return;
    }
    text_append(&peer->input, bytes, (size_t)count);
    if (worker_request_is_whole(&peer->input)) worker_peer_play(peer);
}

static inline void worker_server_accept(struct loop_watch *watch, uint32_t events)
{
    struct worker_server *server = CONTAINER_OF(watch, struct worker_server, watch);
    struct worker_peer *peer = xcalloc(1, sizeof *peer);
    (void)events;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    cr_assert_geq(fd, 0);
    peer->server = server;
    peer->watch.ready = worker_peer_ready;
    text_init(&peer->input, NULL);
    peer->next = server->peers;
    server->peers = peer;
    cr_assert_eq(loop_watch_add(server->loop, &peer->watch, fd, EPOLLIN, NULL), ERR_OK);
}

static inline void worker_server_open(struct worker_server *server, struct loop *loop)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    *server = (struct worker_server){.loop = loop, .watch.ready = worker_server_accept};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, bytes), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    cr_assert_eq(listen(fd, 16), 0);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    cr_assert_eq(loop_watch_add(loop, &server->watch, fd, EPOLLIN, NULL), ERR_OK);
}

static inline void worker_server_close(struct worker_server *server)
{
    while (server->peers != NULL)
        worker_peer_close(server->peers);
    loop_watch_remove(server->loop, &server->watch);
    close(server->watch.fd);
    for (size_t i = 0; i < server->request_count; i++)
        text_release(&server->requests[i]);
}

static inline void worker_server_add(struct worker_server *server, const char *request, int status,
                                     const char *body)
{
    cr_assert_lt(server->reply_count, WORKER_REPLIES_MAX);
    server->replies[server->reply_count++] = (struct worker_reply){request, status, body};
}

/* The n-th request (from 0) of that beginning; NULL while there are fewer. */
static inline const char *worker_server_request(struct worker_server *server, const char *begins,
                                                size_t number)
{
    for (size_t i = 0; i < server->request_count; i++)
        if (text_starts(text_string(&server->requests[i]), begins) && number-- == 0)
            return text_string(&server->requests[i]);
    return NULL;
}

#endif
