/* client.h: one client connection and the deadlines that are not merely inactivity limits.
 *
 *     idle ──first byte──► arriving ──last byte──► held (being answered, or parked)
 *      ▲                                             │
 *      └──────────── reply taken ◄──── replying ◄────┘
 *
 * Arriving and replying are limited as a whole, idle by its own limit, held not at all (exchanges
 * have deadlines of their own). libmicrohttpd does not say when the first byte of a request
 * arrives, only when its first line is complete; so an idle connection is looked at a few times
 * per arrival timeout, and the last moment at which nothing had come counts as the first byte.
 *
 * Ownership: made and freed by libmicrohttpd's notifications. Threads: its loop.
 */
#ifndef DOGSHORE_SERVER_CLIENT_H
#define DOGSHORE_SERVER_CLIENT_H

#include "base/err.h"
#include "base/heap.h"
#include "server/listen.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct sockaddr;

enum client_state { CLIENT_IDLE, CLIENT_ARRIVING, CLIENT_HELD, CLIENT_REPLYING };

struct client {
    struct loop *loop;
    int fd;
    enum client_state state;
    bool served;            /* a request has come before */
    bool cut;               /* nothing that still arrives counts */
    int64_t since_ms;       /* of the state */
    int64_t quiet_ms;       /* nothing of the next request had arrived then */
    struct heap_node timer; /* fires at or before the deadline of the state */
    char peer[LISTEN_NAME_BYTES];
};

struct client *client_open(struct loop *loop, int fd, const struct sockaddr *peer);
void client_close(struct client *client);

void client_arriving(struct client *client);
void client_held(struct client *client);
void client_replying(struct client *client);
void client_idle(struct client *client);
/* A reply without end begins: no deadline, little kept in the kernel, and a peer that has vanished
 * is noticed. */
void client_streaming(struct client *client);
/* Ends the connection at once, by a reset. */
void client_drop(struct client *client, const char *reason);

/* Its timer is due: cuts it, or arms the timer again. */
void client_check(struct client *client);
/* Writes a complete reply with this problem to a connection that is not replying, and cuts it. */
void client_refuse(struct client *client, const struct err *err);

#endif
