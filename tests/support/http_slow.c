#include "support/http_slow.h"

#include "base/text.h"
#include "support/http_raw.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE_BYTES = 4096, ASKED = 200 };

const char *const http_slow_words[] = {"slow first line", "slow headers", "slow body",
                                       "one byte at a time", "slow read"};

static const char headers[] = "PUT /v1/deployments/web HTTP/1.1\r\nHost: a\r\nX-Filler: ";

static void begin_body(const struct http_slow *slow, const struct http_server *server)
{
    struct text request;
    text_init(&request, NULL);
    text_printf(&request, "%sa\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\n{",
                headers, server->admin_token);
    http_raw_send(slow->fd, request.bytes, request.length);
    text_release(&request);
}

/* What is asked for is more than the buffers of both ends hold. */
static void ask_for_much(const struct http_slow *slow)
{
    static const char request[] = "GET /openapi.yaml HTTP/1.1\r\nHost: a\r\n\r\n";
    bool taken = true;
    for (int i = 0; i < ASKED && taken; i++)
        taken = send(slow->fd, request, sizeof request - 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

void http_slow_open(struct http_slow *slow, const struct http_server *server,
                    enum http_slow_kind kind)
{
    int small = RECEIVE_BYTES;
    *slow = (struct http_slow){.kind = kind, .fd = http_raw_open(server)};
    switch (kind) {
    case HTTP_SLOW_LINE:
        http_raw_send(slow->fd, headers, sizeof "PUT /v1");
        break;
    case HTTP_SLOW_HEADERS:
        http_raw_send(slow->fd, headers, sizeof headers - 1);
        break;
    case HTTP_SLOW_BODY:
        begin_body(slow, server);
        break;
    case HTTP_SLOW_DRIP:
        http_slow_drip(slow);
        break;
    case HTTP_SLOW_READ:
        setsockopt(slow->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        ask_for_much(slow);
        break;
    case HTTP_SLOW_KINDS:
        break;
    }
}

void http_slow_close(struct http_slow *slow)
{
    close(slow->fd);
    slow->fd = -1;
}

void http_slow_drip(struct http_slow *slow)
{
    if (slow->kind != HTTP_SLOW_DRIP) return;
    char byte = slow->dripped < sizeof headers - 1 ? headers[slow->dripped] : 'a';
    slow->dripped++;
    http_raw_send(slow->fd, &byte, 1);
}

/* A reply that nobody takes is cut by a reset, every other connection by a reply and its end. */
bool http_slow_is_cut(const struct http_slow *slow, int timeout_ms)
{
    bool reads = slow->kind == HTTP_SLOW_READ;
    struct pollfd file = {.fd = slow->fd, .events = reads ? 0 : POLLIN};
    return poll(&file, 1, timeout_ms) > 0;
}
