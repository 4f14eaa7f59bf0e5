#include "support/http_raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_MS = 60000 };

int http_raw_open(const struct http_server *server)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(server->port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        http_harness_failed("connect: %s", strerror(errno));
    return fd;
}

bool http_raw_send(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        bytes += sent;
        count -= (size_t)sent;
    }
    return true;
}

/* One recv(): its count, 0 at the end of the connection, -1 when nothing came in time. */
static ssize_t read_some(int fd, struct text *reply, int timeout_ms)
{
    char bytes[16384];
    struct pollfd file = {.fd = fd, .events = POLLIN};
    if (poll(&file, 1, timeout_ms) <= 0) return -1;
    ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    if (count <= 0) return 0; /* a reset is an end, too */
    text_append(reply, bytes, (size_t)count);
    return count;
}

bool http_raw_read_to_end(int fd, struct text *reply, int timeout_ms)
{
    ssize_t count;
    do {
        count = read_some(fd, reply, timeout_ms);
    } while (count > 0);
    return count == 0;
}

int http_raw_status(const char *reply)
{
    return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? (int)strtol(reply + 9, NULL, 10) : 0;
}

int http_raw_exchange(const struct http_server *server, const char *bytes, size_t count,
                      struct text *reply)
{
    int fd = http_raw_open(server);
    http_raw_send(fd, bytes, count);
    shutdown(fd, SHUT_WR);
    http_raw_read_to_end(fd, reply, TIMEOUT_MS);
    close(fd);
    return http_raw_status(text_string(reply));
}

int http_raw_read_reply(int fd, struct text *reply)
{
    const char *head_end;
    text_clear(reply);
    while ((head_end = strstr(text_string(reply), "\r\n\r\n")) == NULL)
        if (read_some(fd, reply, TIMEOUT_MS) <= 0) return 0;
    size_t head_bytes = (size_t)(head_end + 4 - reply->bytes);
    const char *length = strcasestr(reply->bytes, "content-length:");
    size_t body_bytes = length == NULL ? 0 : strtoul(length + 15, NULL, 10);
    while (reply->length < head_bytes + body_bytes)
        if (read_some(fd, reply, TIMEOUT_MS) <= 0) return 0;
    return http_raw_status(reply->bytes);
}
