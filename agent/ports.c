#include "agent/ports.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/rng.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

enum { PORT_MOST = 65535, PORT_DIGITS = 5 };

struct port_range {
    int64_t first, last;
    bool *taken; /* of the port first + index */
    struct rng rng;
};

/* `bytes` digits at `text` as a port number; 0 when they are none. */
static int64_t parse_port(const char *text, size_t bytes)
{
    char digits[PORT_DIGITS + 1] = {0};
    int64_t number = 0;
    if (bytes == 0 || bytes > PORT_DIGITS) return 0;
    memcpy(digits, text, bytes);
    return text_to_int64(digits, 1, PORT_MOST, &number) ? number : 0;
}

enum err_code port_range_open(struct port_range **range, const char *text, struct err *err)
{
    size_t bytes = strcspn(text, "-");
    int64_t first = parse_port(text, bytes);
    int64_t last = text[bytes] == '-' ? parse_port(text + bytes + 1, strlen(text + bytes + 1)) : 0;
    if (first == 0 || last < first)
        return err_set(err, ERR_USAGE, "--port-range must be A-B with 1 ≤ A ≤ B ≤ 65535, got '%s'",
                       text);
    uint64_t seed = 0;
    crypto_random(&seed, sizeof seed);
    *range = xcalloc(1, sizeof **range);
    (*range)->first = first;
    (*range)->last = last;
    (*range)->taken = xcalloc((size_t)(last - first + 1), sizeof(bool));
    rng_seed(&(*range)->rng, seed);
    return ERR_OK;
}

void port_range_close(struct port_range *range)
{
    if (range == NULL) return;
    free(range->taken);
    free(range);
}

/* --- is it free? ---------------------------------------------------------------------------- */

static enum err_code cannot_try(struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "no socket to try a port with: %s", strerror(errno));
}

static bool is_bound(int fd, const struct sockaddr *address, socklen_t bytes)
{
    int on = 1;
    /* Connections that linger after their server ended are no hindrance; a listener is. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return bind(fd, address, bytes) == 0;
}

static enum err_code try_ipv4(int64_t port, bool *is_free, struct err *err)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 && errno == EAFNOSUPPORT) return ERR_OK;
    if (fd < 0) return cannot_try(err);
    *is_free = is_bound(fd, (struct sockaddr *)&any, sizeof any);
    close(fd);
    return ERR_OK;
}

/* A machine without IPv6 has nothing that listens there. */
static enum err_code try_ipv6(int64_t port, bool *is_free, struct err *err)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    int on = 1;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 && errno == EAFNOSUPPORT) return ERR_OK;
    if (fd < 0) return cannot_try(err);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    *is_free = is_bound(fd, (struct sockaddr *)&any, sizeof any) || errno == EADDRNOTAVAIL;
    close(fd);
    return ERR_OK;
}

static enum err_code try_port(int64_t port, bool *is_free, struct err *err)
{
    *is_free = true;
    TRY(try_ipv4(port, is_free, err));
    return *is_free ? try_ipv6(port, is_free, err) : ERR_OK;
}

/* --- taking and giving back ------------------------------------------------------------------ */

static bool *taken_cell(struct port_range *range, int64_t port)
{
    if (port < range->first || port > range->last) return NULL;
    return &range->taken[port - range->first];
}

/* A random start spreads the ports, so that one that was just given back is not the next taken:
 * clients of the replica that had it may still be calling. */
enum err_code port_take(struct port_range *range, int64_t *port, struct err *err)
{
    int64_t count = range->last - range->first + 1;
    int64_t start = (int64_t)rng_below(&range->rng, (uint64_t)count);
    for (int64_t i = 0; i < count; i++) {
        int64_t index = (start + i) % count;
        bool is_free;
        if (range->taken[index]) continue;
        TRY(try_port(range->first + index, &is_free, err));
        if (!is_free) continue;
        range->taken[index] = true;
        *port = range->first + index;
        return ERR_OK;
    }
    return err_set(err, ERR_LIMIT, "every port of %" PRId64 "-%" PRId64 " is taken", range->first,
                   range->last);
}

void port_reserve(struct port_range *range, int64_t port)
{
    bool *taken = taken_cell(range, port);
    if (taken != NULL) *taken = true;
}

void port_give_back(struct port_range *range, int64_t port)
{
    bool *taken = taken_cell(range, port);
    if (taken != NULL) *taken = false;
}
