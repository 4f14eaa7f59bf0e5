/* loop.h: one HTTP thread: a libmicrohttpd daemon in external epoll mode, a mailbox, timers, a
 * reader of the store.
 *
 * The thread waits in poll() for the daemon's epoll descriptor or its own eventfd, takes its mail,
 * runs what is due, then lets libmicrohttpd run. libmicrohttpd's own threads are not used: its
 * epoll loop can stop dead when the number of ready events is a multiple of 128.
 *
 * Ending: loop_drain() stops accepting, answers new requests with 503, gives every parked poll
 * what it has and every write its outcome; the thread ends when nothing is held and every reply
 * was taken or timed out. Jobs of requests that were answered already may still come back until
 * writer and reader have stopped: loop_close() is called after that.
 *
 * Threads: all but loop_drain() and the mailbox belong to the loop's thread.
 */
#ifndef DOGSHORE_SERVER_LOOP_H
#define DOGSHORE_SERVER_LOOP_H

#include "base/heap.h"
#include "base/list.h"
#include "server/auth.h"
#include "server/feed.h"
#include "server/http_metrics.h"
#include "server/mailbox.h"
#include "server/prepared.h"
#include "server/service.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Daemon;
struct exchange;

enum { LOOPS_MAX = 64 };
enum { LOOP_ID_RANDOM_BYTES = 6, LOOP_ID_BYTES = 2 * LOOP_ID_RANDOM_BYTES + 1 };

struct loop {
    const struct service *service;
    struct mailbox mailbox;
    struct store_db *db;
    struct auth auth;
    struct prepared prepared;
    struct feed feed; /* new events, for its streams */
    struct http_metrics metrics;
    struct MHD_Daemon *daemon;
    int listen_fd, epoll_fd;
    int64_t now_ms;         /* boot clock, once per turn */
    int64_t turn_us;        /* monotonic clock as last read in this turn; 0 = not yet */
    char id[LOOP_ID_BYTES]; /* begins the request ids that it makes */
    uint64_t request_count;

    struct heap clients;   /* deadlines (client.h) */
    struct heap exchanges; /* deadlines and due times (exchange.h) */
    struct list held;      /* exchanges that are suspended: parked, or on another thread */
    size_t held_count;
    struct list spares; /* freed exchanges, for the next requests */
    size_t spare_count;
    size_t resumed_count; /* ready, not yet answered */
    size_t replying_count;
    int64_t client_count, client_max;
    bool turn_again;   /* libmicrohttpd must be run before the next wait */
    size_t away_count; /* on another thread */

    atomic_bool drain;
    bool draining;
    bool started;
    pthread_t thread;
};

/* Serves at most `connections_max` connections from a duplicate of `listen_fd`. ERR_IO. */
enum err_code loop_open(struct loop **loop, const struct service *service, int listen_fd,
                        int64_t connections_max, struct err *err);
/* About now, for durations: in a busy turn each request ends about when the next one begins, and
 * asking the clock is not cheap. */
int64_t loop_about_now_us(struct loop *loop);
enum err_code loop_start(struct loop *loop, struct err *err);
void loop_drain(struct loop *loop); /* any thread */
void loop_join(struct loop *loop);
/* NULL is fine; one that was never started, too. */
void loop_close(struct loop *loop);

#endif
