/* The idea: libcurl says by two callbacks which sockets to watch and when to call it again; we tell
 * it what happened. Transfers that end are queued and handed out one per turn by a timer, so that
 * `done` is always the last thing a callback does and may free whatever it likes. */
#include "client/curl_loop.h"

#include "base/arena.h"
#include "base/loop.h"

#include <assert.h>
#include <sys/epoll.h>

enum { CONNECT_TIMEOUT_MS = 10000 };

struct curl_loop {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer timer;   /* libcurl's */
    struct loop_timer handing; /* set while `first` is not NULL */
    struct curl_transfer *first, **end;
    struct curl_socket *sockets;
};

struct curl_socket {
    struct loop_watch watch;
    struct curl_loop *curl_loop;
    struct curl_socket *next, **link;
};

static void set_long(CURL *easy, CURLoption option, long value)
{
    CURLcode code = curl_easy_setopt(easy, option, value);
    assert(code == CURLE_OK);
}

static void set_text(CURL *easy, CURLoption option, const char *value)
{
    CURLcode code = curl_easy_setopt(easy, option, value);
    assert(code == CURLE_OK);
}

void curl_set_common(CURL *easy)
{
    set_long(easy, CURLOPT_NOSIGNAL, 1);
    set_long(easy, CURLOPT_NOPROGRESS, 1);
    set_text(easy, CURLOPT_PROXY, "");
    set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set_long(easy, CURLOPT_FOLLOWLOCATION, 0);
    set_long(easy, CURLOPT_PATH_AS_IS, 1);
    set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
}

/* Moves what has ended to the queue. */
static void collect(struct curl_loop *curl_loop)
{
    int left;
    const CURLMsg *message;
    while ((message = curl_multi_info_read(curl_loop->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result; /* gone with the next call */
        struct curl_transfer *transfer = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
        assert(transfer != NULL && transfer->running);
        curl_multi_remove_handle(curl_loop->multi, easy);
        transfer->result = result;
        transfer->next = NULL;
        *curl_loop->end = transfer;
        curl_loop->end = &transfer->next;
    }
    if (curl_loop->first != NULL && !loop_timer_is_set(&curl_loop->handing))
        loop_timer_set(curl_loop->loop, &curl_loop->handing, 0);
}

static void act(struct curl_loop *curl_loop, curl_socket_t socket, int events)
{
    int running;
    CURLMcode code = curl_multi_socket_action(curl_loop->multi, socket, events, &running);
    assert(code == CURLM_OK);
    collect(curl_loop);
}

static void hand_out(struct loop_timer *timer)
{
    struct curl_loop *curl_loop = CONTAINER_OF(timer, struct curl_loop, handing);
    struct curl_transfer *transfer = curl_loop->first;
    curl_loop->first = transfer->next;
    if (curl_loop->first == NULL)
        curl_loop->end = &curl_loop->first;
    else
        loop_timer_set(curl_loop->loop, &curl_loop->handing, 0);
    transfer->running = false;
    transfer->done(transfer, transfer->result);
}

static void time_came(struct loop_timer *timer)
{
    act(CONTAINER_OF(timer, struct curl_loop, timer), CURL_SOCKET_TIMEOUT, 0);
}

/* An error is left to libcurl to meet when it reads or writes: it then has a name. */
static void socket_ready(struct loop_watch *watch, uint32_t events)
{
    struct curl_socket *socket = CONTAINER_OF(watch, struct curl_socket, watch);
    bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
    int bits = 0;
    if (failed || (events & EPOLLIN) != 0) bits |= CURL_CSELECT_IN;
    if (failed || (events & EPOLLOUT) != 0) bits |= CURL_CSELECT_OUT;
    act(socket->curl_loop, watch->fd, bits);
}

static void forget_socket(struct curl_loop *curl_loop, struct curl_socket *socket)
{
    loop_watch_remove(curl_loop->loop, &socket->watch);
    *socket->link = socket->next;
    if (socket->next != NULL) socket->next->link = socket->link;
    free(socket);
}

static struct curl_socket *new_socket(struct curl_loop *curl_loop)
{
    struct curl_socket *socket = xcalloc(1, sizeof *socket);
    socket->watch.ready = socket_ready;
    socket->curl_loop = curl_loop;
    socket->next = curl_loop->sockets;
    socket->link = &curl_loop->sockets;
    if (socket->next != NULL) socket->next->link = &socket->next;
    curl_loop->sockets = socket;
    return socket;
}

static uint32_t events_of(int what)
{
    uint32_t events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
    return events;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *known)
{
    (void)easy;
    struct curl_loop *curl_loop = self;
    struct curl_socket *socket = known;
    if (what == CURL_POLL_REMOVE) {
        if (socket != NULL) forget_socket(curl_loop, socket);
        return 0;
    }
    if (socket != NULL) {
        loop_watch_change(curl_loop->loop, &socket->watch, events_of(what));
        return 0;
    }
    socket = new_socket(curl_loop);
    if (loop_watch_add(curl_loop->loop, &socket->watch, fd, events_of(what), NULL) != ERR_OK) {
        /* Refusing would end every transfer for good; unwatched, this one ends by its timeout. */
        forget_socket(curl_loop, socket);
        return 0;
    }
    curl_multi_assign(curl_loop->multi, fd, socket);
    return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *self)
{
    (void)multi;
    struct curl_loop *curl_loop = self;
    if (timeout_ms < 0)
        loop_timer_cancel(curl_loop->loop, &curl_loop->timer);
    else
        loop_timer_set(curl_loop->loop, &curl_loop->timer, timeout_ms);
    return 0;
}

enum err_code curl_loop_open(struct curl_loop **curl_loop, struct loop *loop, long connections,
                             struct err *err)
{
    CURLM *multi = curl_multi_init();
    if (multi == NULL) return err_set(err, ERR_INTERNAL, "libcurl cannot be started");
    struct curl_loop *new = xcalloc(1, sizeof *new);
    new->loop = loop;
    new->multi = multi;
    new->timer.fire = time_came;
    new->handing.fire = hand_out;
    new->end = &new->first;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, new);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, new);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
    *curl_loop = new;
    return ERR_OK;
}

void curl_loop_close(struct curl_loop *curl_loop)
{
    if (curl_loop == NULL) return;
    assert(curl_loop->first == NULL);
    curl_multi_cleanup(curl_loop->multi); /* calls back to remove what it watches */
    while (curl_loop->sockets != NULL)
        forget_socket(curl_loop, curl_loop->sockets);
    loop_timer_cancel(curl_loop->loop, &curl_loop->timer);
    free(curl_loop);
}

enum err_code curl_loop_start(struct curl_loop *curl_loop, struct curl_transfer *transfer,
                              struct err *err)
{
    assert(!transfer->running && transfer->done != NULL);
    set_text(transfer->easy, CURLOPT_PRIVATE, (const char *)transfer);
    CURLMcode code = curl_multi_add_handle(curl_loop->multi, transfer->easy);
    if (code != CURLM_OK)
        return err_set(err, ERR_INTERNAL, "transfer cannot start: %s", curl_multi_strerror(code));
    transfer->running = true;
    return ERR_OK;
}

static bool unqueue(struct curl_loop *curl_loop, struct curl_transfer *transfer)
{
    struct curl_transfer **link = &curl_loop->first;
    while (*link != NULL && *link != transfer)
        link = &(*link)->next;
    if (*link == NULL) return false;
    *link = transfer->next;
    if (*link == NULL) curl_loop->end = link;
    if (curl_loop->first == NULL) loop_timer_cancel(curl_loop->loop, &curl_loop->handing);
    return true;
}

void curl_loop_cancel(struct curl_loop *curl_loop, struct curl_transfer *transfer)
{
    if (!transfer->running) return;
    transfer->running = false;
    if (!unqueue(curl_loop, transfer)) curl_multi_remove_handle(curl_loop->multi, transfer->easy);
}
