#include "examples/service/http.h"

#include "base/arena.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    CONNECTIONS_MOST = 900, /* below the usual limit of open files */
    HEAD_BYTES = 8192,
    IDLE_MS = 60000,
    LINGER_MS = 500,
    BACKLOG = 512
};

enum connection_state {
    READING, /* a request, or waiting for one */
    WAITING, /* the answer's time has not come */
    SENDING
};

struct connection {
    struct loop_watch watch;
    struct loop_timer timer; /* sends the answer, or closes what is idle */
    struct http_server *server;
    struct connection *next, *previous;
    enum connection_state state;
    uint32_t events; /* watched */
    bool last;       /* closed after this answer */
    bool without_body;
    struct http_reply reply;
    size_t in_bytes, head_bytes, out_bytes, out_sent;
    char in[HEAD_BYTES + 1];
    char out[1024];
};

/* --- connections ------------------------------------------------------------------------------ */

static void watch_for(struct connection *connection, uint32_t events)
{
    if (connection->events == events) return;
    connection->events = events;
    loop_watch_change(connection->server->loop, &connection->watch, events);
}

static void close_connection(struct connection *connection)
{
    struct http_server *server = connection->server;
    loop_watch_remove(server->loop, &connection->watch);
    loop_timer_cancel(server->loop, &connection->timer);
    close(connection->watch.fd);
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next != NULL) connection->next->previous = connection->previous;
    free(connection);
    server->count--;
    if (!server->stopping)
        loop_watch_change(server->loop, &server->listener, EPOLLIN);
    else if (server->count == 0)
        server->stopped(server);
}

static void read_next(struct connection *connection)
{
    connection->state = READING;
    watch_for(connection, EPOLLIN);
    loop_timer_set(connection->server->loop, &connection->timer, IDLE_MS);
}

/* Whether the connection is still there. */
static bool send_some(struct connection *connection)
{
    size_t left = connection->out_bytes - connection->out_sent;
    ssize_t sent = send(connection->watch.fd, connection->out + connection->out_sent, left,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        close_connection(connection);
        return false;
    }
    if (sent > 0) connection->out_sent += (size_t)sent;
    if (connection->out_sent < connection->out_bytes) {
        watch_for(connection, EPOLLOUT);
        return true;
    }
    if (connection->last || connection->server->stopping) {
        close_connection(connection);
        return false;
    }
    connection->in_bytes -= connection->head_bytes; /* the next request may be there already */
    memmove(connection->in, connection->in + connection->head_bytes, connection->in_bytes);
    read_next(connection);
    return true;
}

/* --- requests and answers ----------------------------------------------------------------------
 */

static const char *reason_phrase(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    default:
        return "Bad Request";
    }
}

/* Whether the connection is still there. */
static bool begin_sending(struct connection *connection)
{
    const struct http_reply *reply = &connection->reply;
    bool close_after = connection->last || connection->server->stopping;
    int bytes =
        snprintf(connection->out, sizeof connection->out,
                 "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
                 "Content-Length: %zu\r\nConnection: %s\r\n\r\n%s",
                 reply->status, reason_phrase(reply->status), strlen(reply->body),
                 close_after ? "close" : "keep-alive", connection->without_body ? "" : reply->body);
    connection->out_bytes = (size_t)bytes;
    connection->out_sent = 0;
    connection->state = SENDING;
    loop_timer_set(connection->server->loop, &connection->timer, IDLE_MS);
    return send_some(connection);
}

/* Of the first request only: the next one may be behind it. */
static bool asks_to_close(struct connection *connection)
{
    char next = connection->in[connection->head_bytes];
    connection->in[connection->head_bytes] = '\0';
    bool close_after = strcasestr(connection->in, "\r\nConnection: close") != NULL;
    connection->in[connection->head_bytes] = next;
    return close_after;
}

/* Anything but a plain request for a page ends the connection: what follows may be a body. Whether
 * the connection is still there. */
static bool answer(struct connection *connection)
{
    struct http_server *server = connection->server;
    struct http_reply *reply = &connection->reply;
    char method[8], target[1024], minor[2];
    connection->in[connection->in_bytes] = '\0';
    bool valid =
        connection->head_bytes > 0 &&
        sscanf(connection->in, "%7[A-Z] %1023[^ \r\n] HTTP/1.%1[01]", method, target, minor) == 3;
    bool head = valid && strcmp(method, "HEAD") == 0;
    bool known = head || (valid && strcmp(method, "GET") == 0);
    connection->last = !known || minor[0] == '0' || asks_to_close(connection);
    connection->without_body = head;
    *reply = (struct http_reply){.status = known ? 200 : valid ? 405 : 400};
    if (known) server->handle(server, target, reply);
    if (reply->delay_ms == 0) return begin_sending(connection);
    connection->state = WAITING;
    watch_for(connection, 0); /* errors are told all the same */
    loop_timer_set(server->loop, &connection->timer, reply->delay_ms);
    return true;
}

static bool has_request(struct connection *connection)
{
    const char *end = memmem(connection->in, connection->in_bytes, "\r\n\r\n", 4);
    connection->head_bytes = end != NULL ? (size_t)(end - connection->in) + 4 : 0;
    return end != NULL || connection->in_bytes == HEAD_BYTES;
}

static void advance(struct connection *connection)
{
    while (connection->state == READING && has_request(connection))
        if (!answer(connection)) return;
}

static void on_timer(struct loop_timer *timer)
{
    struct connection *connection = CONTAINER_OF(timer, struct connection, timer);
    if (connection->state != WAITING)
        close_connection(connection);
    else if (begin_sending(connection))
        advance(connection);
}

static void on_ready(struct loop_watch *watch, uint32_t events)
{
    struct connection *connection = CONTAINER_OF(watch, struct connection, watch);
    bool there = (events & (EPOLLERR | EPOLLHUP)) == 0;
    if (there && connection->state == READING) {
        ssize_t got = recv(watch->fd, connection->in + connection->in_bytes,
                           HEAD_BYTES - connection->in_bytes, MSG_DONTWAIT);
        if (got > 0) connection->in_bytes += (size_t)got;
        there = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    }
    if (!there)
        close_connection(connection);
    else if (connection->state != SENDING || send_some(connection))
        advance(connection);
}

/* --- the listener ------------------------------------------------------------------------------
 */

static void take_connection(struct http_server *server, int fd)
{
    struct connection *connection = xcalloc(1, sizeof *connection);
    connection->watch.ready = on_ready;
    connection->timer.fire = on_timer;
    connection->server = server;
    if (loop_watch_add(server->loop, &connection->watch, fd, EPOLLIN, NULL) != ERR_OK) {
        close(fd);
        free(connection);
        return;
    }
    connection->events = EPOLLIN;
    connection->next = server->connections;
    if (connection->next != NULL) connection->next->previous = connection;
    server->connections = connection;
    server->count++;
    read_next(connection);
}

static void accept_all(struct http_server *server)
{
    int fd = 0;
    while (fd >= 0 && server->count < CONNECTIONS_MOST) {
        fd = accept4(server->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) take_connection(server, fd);
    }
}

/* At the limit further clients wait in the backlog; the next one that leaves lets them in. */
static void on_clients(struct loop_watch *watch, uint32_t events)
{
    struct http_server *server = CONTAINER_OF(watch, struct http_server, listener);
    (void)events;
    accept_all(server);
    if (server->count >= CONNECTIONS_MOST) loop_watch_change(server->loop, watch, 0);
}

static void end_linger(struct loop_timer *timer)
{
    struct http_server *server = CONTAINER_OF(timer, struct http_server, linger);
    struct connection *next;
    for (struct connection *at = server->connections; at != NULL; at = next) {
        next = at->next;
        if (at->state == READING) close_connection(at);
    }
}

static int listen_on(const struct addrinfo *address)
{
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

enum err_code http_server_start(struct http_server *server, const char *address, int64_t port,
                                struct err *err)
{
    char service[24];
    struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    snprintf(service, sizeof service, "%" PRId64, port);
    int problem = getaddrinfo(address, service, &hints, &found);
    if (problem != 0) return err_set(err, ERR_USAGE, "%s: %s", address, gai_strerror(problem));
    int fd = listen_on(found);
    freeaddrinfo(found);
    if (fd < 0)
        return err_set(err, ERR_IO, "cannot listen on %s port %" PRId64 ": %s", address, port,
                       strerror(errno));
    server->listener.ready = on_clients;
    server->linger.fire = end_linger;
    return loop_watch_add(server->loop, &server->listener, fd, EPOLLIN, err);
}

void http_server_stop(struct http_server *server)
{
    if (server->stopping) return;
    accept_all(server); /* their handshake is done: they expect an answer */
    server->stopping = true;
    loop_watch_remove(server->loop, &server->listener);
    close(server->listener.fd);
    loop_timer_set(server->loop, &server->linger, LINGER_MS);
    if (server->count == 0) server->stopped(server);
}

size_t http_server_in_flight(const struct http_server *server)
{
    size_t count = 0;
    for (const struct connection *at = server->connections; at != NULL; at = at->next)
        if (at->state != READING) count++;
    return count;
}
