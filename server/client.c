#include "server/client.h"

#include "api/request.h"
#include "base/arena.h"
#include "base/log.h"
#include "server/loop.h"
#include "server/peers.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
    TCP_STATE_CLOSE_WAIT = 8, /* of enum tcp_state, which <linux/tcp.h> leaves to the kernel */
    IPPROTO_TCP_LEVEL = 6,    /* IPPROTO_TCP: <netinet/in.h> and <linux/tcp.h> agree on this only */
    CHECKS_PER_ARRIVAL = 4,
    STREAM_SOCKET_BYTES = 64 * 1024, /* the kernel doubles it for its own needs */
    /* The kernel keeps the time of the last byte in jiffies. */
    CLOCK_SLACK_MS = 50
};

static const struct config *config_of(const struct client *client)
{
    return client->loop->service->config;
}

static void arm(struct client *client, int64_t due_ms)
{
    heap_set(&client->loop->clients, &client->timer, due_ms);
}

static void arm_if_not(struct client *client, int64_t due_ms)
{
    if (!heap_contains(&client->timer)) arm(client, due_ms);
}

static int64_t check_period_ms(const struct client *client)
{
    return config_of(client)->arrival_timeout_ms / CHECKS_PER_ARRIVAL;
}

static void enter(struct client *client, enum client_state state)
{
    client->state = state;
    client->since_ms = client->loop->now_ms;
}

struct client *client_open(struct loop *loop, int fd, const struct sockaddr *peer)
{
    struct client *client = xcalloc(1, sizeof *client);
    client->loop = loop;
    loop->client_count++;
    counter_set(&loop->metrics.connections, loop->client_count);
    client->fd = fd;
    listen_address_name(peer, client->peer);
    client_idle(client);
    if (!peers_enter(loop->service->peers, client->peer)) {
        struct err err;
        err_set(&err, ERR_TOO_MANY_REQUESTS, "too many connections from %s", client->peer);
        client_refuse(client, &err);
    }
    return client;
}

void client_close(struct client *client)
{
    struct loop *loop = client->loop;
    /* libmicrohttpd stopped listening at the limit and listens again only when it runs again. */
    if (loop->client_count-- >= loop->client_max) loop->turn_again = true;
    counter_set(&loop->metrics.connections, loop->client_count);
    heap_remove(&loop->clients, &client->timer);
    peers_leave(loop->service->peers, client->peer);
    free(client);
}

void client_arriving(struct client *client)
{
    client->served = true;
    if (client->state == CLIENT_ARRIVING) return;
    client->state = CLIENT_ARRIVING;
    client->since_ms = client->quiet_ms;
}

void client_held(struct client *client)
{
    enter(client, CLIENT_HELD);
}

void client_replying(struct client *client)
{
    enter(client, CLIENT_REPLYING);
    arm_if_not(client, client->since_ms + config_of(client)->reply_timeout_ms);
}

void client_idle(struct client *client)
{
    enter(client, CLIENT_IDLE);
    client->quiet_ms = client->since_ms;
    arm_if_not(client, client->since_ms + check_period_ms(client));
}

static void cut(struct client *client, enum log_level level, const char *reason)
{
    struct log_line line;
    log_begin(&line, level, "connection_cut");
    log_string(&line, "reason", reason);
    log_string(&line, "peer", client->peer);
    log_end(&line);
    client->cut = true;
    shutdown(client->fd, SHUT_RDWR);
}

void client_drop(struct client *client, const char *reason)
{
    struct linger at_once = {.l_onoff = 1}; /* what the kernel still holds is thrown away */
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    cut(client, LOG_INFO, reason);
}

void client_streaming(struct client *client)
{
    int buffer_bytes = STREAM_SOCKET_BYTES;
    unsigned vanished_ms = (unsigned)(2 * config_of(client)->stream_stall_ms);
    setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
    setsockopt(client->fd, IPPROTO_TCP_LEVEL, TCP_USER_TIMEOUT, &vanished_ms, sizeof vanished_ms);
    client_held(client);
}

static bool tcp_state(const struct client *client, struct tcp_info *info)
{
    socklen_t bytes = sizeof *info;
    *info = (struct tcp_info){0};
    return getsockopt(client->fd, IPPROTO_TCP_LEVEL, TCP_INFO, info, &bytes) == 0;
}

/* Has a byte of the next request come since the connection went idle? */
static bool bytes_arrived(const struct client *client, const struct tcp_info *info)
{
    if (!client->served) return info->tcpi_bytes_received > 0;
    int64_t last_ms = client->loop->now_ms - (int64_t)info->tcpi_last_data_recv;
    return last_ms > client->since_ms + CLOCK_SLACK_MS;
}

/* The client will send no more, and all that it sent was read. libmicrohttpd misses an end that
 * comes together with data, since it is told of both only once. */
static bool is_over(const struct client *client, const struct tcp_info *info)
{
    int unread = 0;
    return info->tcpi_state == TCP_STATE_CLOSE_WAIT && ioctl(client->fd, SIOCINQ, &unread) == 0 &&
           unread == 0;
}

/* Looks again after a period, at the latest at `end_ms`. */
static void look_again(struct client *client, int64_t end_ms)
{
    int64_t next_ms = client->loop->now_ms + check_period_ms(client);
    arm(client, next_ms < end_ms ? next_ms : end_ms);
}

static void check_arriving(struct client *client, const struct tcp_info *info)
{
    int64_t end_ms = client->since_ms + config_of(client)->arrival_timeout_ms;
    struct err err;
    if (is_over(client, info)) {
        cut(client, LOG_DEBUG, "closed");
    } else if (client->loop->now_ms < end_ms) {
        look_again(client, end_ms);
    } else {
        err_set(&err, ERR_REQUEST_TIMEOUT, "the whole request must arrive within %lld ms",
                (long long)config_of(client)->arrival_timeout_ms);
        client_refuse(client, &err);
    }
}

static void check_idle(struct client *client, const struct tcp_info *info)
{
    int64_t end_ms = client->since_ms + config_of(client)->idle_timeout_ms;
    if (bytes_arrived(client, info)) {
        client_arriving(client);
        check_arriving(client, info);
    } else if (is_over(client, info)) {
        cut(client, LOG_DEBUG, "closed");
    } else if (client->loop->now_ms >= end_ms) {
        cut(client, LOG_DEBUG, "idle");
    } else {
        client->quiet_ms = client->loop->now_ms;
        look_again(client, end_ms);
    }
}

static void check_replying(struct client *client)
{
    int64_t end_ms = client->since_ms + config_of(client)->reply_timeout_ms;
    if (client->loop->now_ms < end_ms)
        arm(client, end_ms);
    else
        cut(client, LOG_DEBUG, "reply_timeout");
}

void client_check(struct client *client)
{
    struct tcp_info info;
    heap_remove(&client->loop->clients, &client->timer);
    switch (client->state) {
    case CLIENT_IDLE:
        if (tcp_state(client, &info)) check_idle(client, &info);
        break;
    case CLIENT_ARRIVING:
        if (tcp_state(client, &info)) check_arriving(client, &info);
        break;
    case CLIENT_REPLYING:
        check_replying(client);
        break;
    case CLIENT_HELD:
        break; /* armed again when the reply begins */
    }
}

void client_refuse(struct client *client, const struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    struct reply reply;
    memset(&reply, 0, sizeof reply);
    api_problem(&reply, &arena, NULL, err, NULL);
    const char *message =
        arena_printf(&arena,
                     "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: %s\r\n"
                     "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     reply.status, err_title(err->code), reply.content_type, reply.body.length,
                     text_string(&reply.body));
    ssize_t sent = send(client->fd, message, strlen(message), MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* a client that takes nothing gets nothing */
    http_metrics_count(&client->loop->metrics,
                       &(struct http_outcome){.status = reply.status, .untimed = true});
    cut(client, LOG_INFO, err_slug(err->code));
}
