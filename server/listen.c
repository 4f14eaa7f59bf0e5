#include "server/listen.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
    BACKLOG = 1024,
    /* What the kernel takes of a reply that its client does not take: connections inherit it. On
     * its own it takes megabytes, and copying those for many at once makes everybody wait. */
    SEND_BUFFER_BYTES = 128 * 1024,
    /* What is open besides connections: standard streams, signalfd, lock, the store's connections
     * (database, WAL and shared memory each), temporary files of sorts, and room to breathe. */
    RESERVED_FILES = 31,
    FILES_PER_LOOP = 6 /* listen socket, epoll, eventfd, a reader of the store */
};

static bool parse_ipv4(const char *host, uint16_t port, struct sockaddr_storage *address,
                       socklen_t *bytes)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &in.sin_addr) != 1) return false;
    memcpy(address, &in, sizeof in);
    *bytes = sizeof in;
    return true;
}

static bool parse_ipv6(const char *host, uint16_t port, struct sockaddr_storage *address,
                       socklen_t *bytes)
{
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET6, host, &in.sin6_addr) != 1) return false;
    memcpy(address, &in, sizeof in);
    *bytes = sizeof in;
    return true;
}

/* Cuts "ADDR:PORT" or "[ADDR]:PORT" in place. */
static bool split(char *word, char **host, char **port)
{
    char *colon = strrchr(word, ':');
    if (colon == NULL) return false;
    *colon = '\0';
    *host = word;
    *port = colon + 1;
    if (*word != '[') return strchr(word, ':') == NULL;
    size_t bytes = strlen(word);
    if (word[bytes - 1] != ']') return false;
    word[bytes - 1] = '\0';
    *host = word + 1;
    return true;
}

enum err_code listen_parse(const char *word, struct sockaddr_storage *address, socklen_t *bytes,
                           struct err *err)
{
    char copy[LISTEN_NAME_BYTES];
    char *split_host = NULL, *port = NULL;
    int64_t number = 0;
    memset(address, 0, sizeof *address);
    bool fits = strlen(word) < sizeof copy;
    if (fits) memcpy(copy, word, strlen(word) + 1);
    if (!fits || !split(copy, &split_host, &port) || !text_to_int64(port, 0, UINT16_MAX, &number))
        return err_set(err, ERR_USAGE, "--listen must be ADDR:PORT or [ADDR]:PORT, got \"%.100s\"",
                       word);
    const char *host = text_equal(split_host, "localhost") ? "127.0.0.1" : split_host;
    if (parse_ipv4(host, (uint16_t)number, address, bytes)) return ERR_OK;
    if (parse_ipv6(host, (uint16_t)number, address, bytes)) return ERR_OK;
    return err_set(err, ERR_USAGE, "--listen needs a numeric address, got \"%.100s\"", host);
}

bool listen_is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 in;
    memcpy(&in, address, sizeof in);
    return IN6_IS_ADDR_LOOPBACK(&in.sin6_addr);
}

static uint16_t host_and_port(const struct sockaddr *address, char host[static INET6_ADDRSTRLEN])
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, host, INET6_ADDRSTRLEN);
        return ntohs(in.sin_port);
    }
    assert(address->sa_family == AF_INET6);
    struct sockaddr_in6 in;
    memcpy(&in, address, sizeof in);
    inet_ntop(AF_INET6, &in.sin6_addr, host, INET6_ADDRSTRLEN);
    return ntohs(in.sin6_port);
}

void listen_name(const struct sockaddr *address, char out[static LISTEN_NAME_BYTES])
{
    char host[INET6_ADDRSTRLEN];
    uint16_t port = host_and_port(address, host);
    if (address->sa_family == AF_INET)
        snprintf(out, LISTEN_NAME_BYTES, "%s:%u", host, (unsigned)port);
    else
        snprintf(out, LISTEN_NAME_BYTES, "[%s]:%u", host, (unsigned)port);
}

void listen_address_name(const struct sockaddr *address, char out[static LISTEN_NAME_BYTES])
{
    char host[INET6_ADDRSTRLEN];
    host_and_port(address, host);
    snprintf(out, LISTEN_NAME_BYTES, "%s", host);
}

static bool bind_and_listen(int fd, struct sockaddr_storage *address, socklen_t bytes)
{
    int on = 1, send_bytes = SEND_BUFFER_BYTES;
    struct sockaddr *generic = (struct sockaddr *)address;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes) == 0 &&
           bind(fd, generic, bytes) == 0 && listen(fd, BACKLOG) == 0 &&
           getsockname(fd, generic, &bytes) == 0;
}

enum err_code listen_open(struct sockaddr_storage *address, socklen_t bytes, int *fd,
                          struct err *err)
{
    char name[LISTEN_NAME_BYTES];
    listen_name((const struct sockaddr *)address, name);
    *fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd >= 0 && bind_and_listen(*fd, address, bytes)) return ERR_OK;
    int failure = errno;
    if (*fd >= 0) close(*fd);
    *fd = -1;
    return err_set(err, ERR_CONFIG, "cannot listen on %s: %s", name, strerror(failure));
}

enum err_code listen_file_write(const char *data_dir, const char *name, struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    const char *path = arena_printf(&arena, "%s/listen", data_dir);
    const char *temporary = arena_printf(&arena, "%s/listen.tmp", data_dir);
    FILE *file = fopen(temporary, "we");
    if (file == NULL)
        return err_set(err, ERR_IO, "cannot write %s: %s", temporary, strerror(errno));
    int written = fprintf(file, "%s\n", name);
    if (fclose(file) != 0 || written < 0 || rename(temporary, path) != 0)
        return err_set(err, ERR_IO, "cannot write %s: %s", path, strerror(errno));
    return ERR_OK;
}

void listen_file_remove(const char *data_dir)
{
    auto_arena arena;
    arena_init(&arena);
    const char *path = arena_printf(&arena, "%s/listen", data_dir);
    if (unlink(path) != 0 && errno != ENOENT)
        log_message(LOG_WARN, "listen_file", "cannot remove %s: %s", path, strerror(errno));
}

int64_t listen_connection_budget(int64_t wanted, int64_t loops)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    if (limit.rlim_cur == RLIM_INFINITY) return wanted;
    int64_t room = (int64_t)limit.rlim_cur - RESERVED_FILES - loops * FILES_PER_LOOP;
    if (room < 0) room = 0;
    return room < wanted ? room : wanted;
}
