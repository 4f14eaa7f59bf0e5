#include "server/loop.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/log.h"
#include "server/client.h"
#include "server/exchange.h"
#include "server/http.h"
#include "server/stream.h"
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>

static enum err_code open_parts(struct loop *loop, int listen_fd, struct err *err)
{
    TRY(store_reader_open(loop->service->store, &loop->db, err));
    loop->listen_fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 0);
    if (loop->listen_fd < 0)
        return err_set(err, ERR_IO, "cannot duplicate the listening socket: %s", strerror(errno));
    return http_start(loop, err);
}

enum err_code loop_open(struct loop **loop, const struct service *service, int listen_fd,
                        int64_t connections_max, struct err *err)
{
    struct loop *opened = xcalloc(1, sizeof *opened);
    opened->service = service;
    opened->now_ms = clock_boot_ms(&service->clock);
    opened->listen_fd = -1;
    uint8_t random[LOOP_ID_RANDOM_BYTES];
    crypto_random(random, sizeof random);
    crypto_hex(random, sizeof random, opened->id);
    heap_init(&opened->clients);
    heap_init(&opened->exchanges);
    auth_init(&opened->auth, service->store, service->token_uses);
    feed_init(&opened->feed, opened);
    http_metrics_init(&opened->metrics);
    enum err_code code = mailbox_open(&opened->mailbox, err);
    if (code != ERR_OK) {
        http_metrics_release(&opened->metrics);
        free(opened);
        return code;
    }
    opened->client_max = connections_max;
    code = open_parts(opened, listen_fd, err);
    if (code != ERR_OK)
        loop_close(opened);
    else
        *loop = opened;
    return code;
}

/* Until the next deadline, libmicrohttpd's own wish, or for ever (-1). */
static int timeout_ms(struct loop *loop)
{
    MHD_UNSIGNED_LONG_LONG wish = 0;
    int64_t timeout = INT32_MAX;
    if (MHD_get_timeout(loop->daemon, &wish) == MHD_YES && wish < INT32_MAX)
        timeout = (int64_t)wish;
    const struct heap *const heaps[] = {&loop->clients, &loop->exchanges};
    for (size_t i = 0; i < sizeof heaps / sizeof *heaps; i++) {
        const struct heap_node *first = heap_first(heaps[i]);
        if (first == NULL) continue;
        int64_t left_ms = first->due_ms - loop->now_ms;
        if (left_ms < timeout) timeout = left_ms;
    }
    int64_t feed_ms = feed_due_ms(&loop->feed);
    if (feed_ms >= 0 && feed_ms - loop->now_ms < timeout) timeout = feed_ms - loop->now_ms;
    if (timeout == INT32_MAX) return -1;
    return timeout < 0 ? 0 : (int)timeout;
}

/* True when somebody knocked. */
static bool wait_for_work(struct loop *loop)
{
    struct pollfd files[] = {{.fd = loop->epoll_fd, .events = POLLIN},
                             {.fd = loop->mailbox.event_fd, .events = POLLIN}};
    int timeout = loop->turn_again ? 0 : timeout_ms(loop);
    loop->turn_again = false;
    int ready = poll(files, sizeof files / sizeof *files, timeout);
    if (ready < 0 && errno != EINTR)
        log_message(LOG_ERROR, "loop_poll", "poll: %s", strerror(errno));
    loop->now_ms = clock_boot_ms(&loop->service->clock);
    loop->turn_us = 0;
    return files[1].revents != 0;
}

static void take_mail(struct loop *loop)
{
    struct mail *next = NULL;
    for (struct mail *mail = mailbox_take(&loop->mailbox); mail != NULL; mail = next) {
        next = mail->next;
        mail->arrived(mail);
    }
}

static struct heap_node *due(const struct heap *heap, int64_t now_ms)
{
    struct heap_node *first = heap_first(heap);
    return first != NULL && first->due_ms <= now_ms ? first : NULL;
}

static void run_timers(struct loop *loop)
{
    struct heap_node *node;
    int64_t feed_ms = feed_due_ms(&loop->feed);
    if (feed_ms >= 0 && feed_ms <= loop->now_ms) feed_due(&loop->feed);
    while ((node = due(&loop->exchanges, loop->now_ms)) != NULL)
        exchange_due(CONTAINER_OF(node, struct exchange, timer));
    while ((node = due(&loop->clients, loop->now_ms)) != NULL)
        client_check(CONTAINER_OF(node, struct client, timer));
}

static void begin_drain(struct loop *loop)
{
    loop->draining = true;
    MHD_socket listening = MHD_quiesce_daemon(loop->daemon);
    assert(listening == loop->listen_fd);
    close(listening);
    struct list_link *next = NULL;
    for (struct list_link *link = loop->held.first; link != NULL; link = next) {
        next = link->next;
        exchange_drain(CONTAINER_OF(link, struct exchange, link));
    }
    streams_drain(&loop->feed);
}

static bool has_work(const struct loop *loop)
{
    return loop->held_count > 0 || loop->resumed_count > 0 || loop->replying_count > 0;
}

static void *loop_thread(void *argument)
{
    struct loop *loop = argument;
    while (!loop->draining || has_work(loop)) {
        bool knocked = wait_for_work(loop);
        if (!loop->draining && atomic_load(&loop->drain)) begin_drain(loop);
        if (knocked) take_mail(loop);
        run_timers(loop);
        MHD_run(loop->daemon);
    }
    feed_end(&loop->feed);
    MHD_stop_daemon(loop->daemon);
    loop->daemon = NULL;
    return NULL;
}

int64_t loop_about_now_us(struct loop *loop)
{
    if (loop->turn_us == 0) loop->turn_us = clock_monotonic_us();
    return loop->turn_us;
}

enum err_code loop_start(struct loop *loop, struct err *err)
{
    int failure = pthread_create(&loop->thread, NULL, loop_thread, loop);
    loop->started = failure == 0;
    if (loop->started) return ERR_OK;
    return err_set(err, ERR_IO, "cannot start an HTTP thread: %s", strerror(failure));
}

void loop_drain(struct loop *loop)
{
    atomic_store(&loop->drain, true);
    mailbox_knock(&loop->mailbox);
}

void loop_join(struct loop *loop)
{
    if (loop->started) pthread_join(loop->thread, NULL);
}

void loop_close(struct loop *loop)
{
    if (loop == NULL) return;
    if (loop->daemon != NULL)
        MHD_stop_daemon(loop->daemon);
    else if (!loop->started && loop->listen_fd >= 0)
        close(loop->listen_fd);
    take_mail(loop);
    assert(loop->away_count == 0 && loop->held_count == 0);
    feed_release(&loop->feed);
    exchange_free_spares(loop);
    prepared_release(&loop->prepared);
    auth_release(&loop->auth);
    http_metrics_release(&loop->metrics);
    heap_release(&loop->clients);
    heap_release(&loop->exchanges);
    store_reader_close(loop->db);
    mailbox_close(&loop->mailbox);
    free(loop);
}
