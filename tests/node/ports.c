#include "agent/ports.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A listener on a port that the system picked, on one address. */
static int listener(const char *address, int64_t *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    socklen_t bytes = sizeof in;
    inet_pton(AF_INET, address, &in.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    cr_assert_eq(listen(fd, 1), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&in, &bytes), 0);
    *port = ntohs(in.sin_port);
    return fd;
}

static struct port_range *range_of(int64_t first, int64_t last)
{
    char text[32];
    struct err err = {0};
    struct port_range *range = NULL;
    snprintf(text, sizeof text, "%" PRId64 "-%" PRId64, first, last);
    cr_assert_eq(port_range_open(&range, text, &err), ERR_OK, "%s", err.detail);
    return range;
}

/* Takes until nothing is left; the ports of the range that were given are marked. */
static size_t take_all(struct port_range *range, int64_t first, bool *given)
{
    struct err err = {0};
    size_t count = 0;
    int64_t port;
    enum err_code code;
    while ((code = port_take(range, &port, &err)) == ERR_OK) {
        cr_assert(!given[port - first], "port %" PRId64 " was given twice", port);
        given[port - first] = true;
        count++;
    }
    cr_assert_eq(code, ERR_LIMIT);
    return count;
}

Test(ports, a_malformed_range_is_refused_with_what_it_must_be)
{
    static const char *const wrong[] = {
        "",      "20000",       "20000-",     "-20000", "0-10", "10-65536",
        "20-10", "a-b",         "1-2-3",      " 1-2",   "1-2 ", "20000:29999",
        "-1-5",  "99999-99999", "1-99999999", "1--2",   "+1-2", "0x10-0x20",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct err err = {0};
        struct port_range *range = NULL;
        cr_assert_eq(port_range_open(&range, wrong[i], &err), ERR_USAGE, "'%s'", wrong[i]);
        cr_assert(strstr(err.detail, "--port-range must be A-B with 1 ≤ A ≤ B ≤ 65535, got '"));
        cr_assert_null(range);
    }
}

Test(ports, a_port_is_of_the_range)
{
    struct err err = {0};
    struct port_range *range = range_of(20000, 29999);
    for (int i = 0; i < 100; i++) {
        int64_t port = 0;
        cr_assert_eq(port_take(range, &port, &err), ERR_OK, "%s", err.detail);
        cr_assert(port >= 20000 && port <= 29999);
    }
    port_range_close(range);
}

Test(ports, a_range_of_one_gives_one)
{
    int64_t port, given = 0;
    struct err err = {0};
    close(listener("127.0.0.1", &port));
    struct port_range *range = range_of(port, port);
    cr_assert_eq(port_take(range, &given, &err), ERR_OK, "%s", err.detail);
    cr_assert_eq(given, port);
    cr_assert_eq(port_take(range, &given, &err), ERR_LIMIT);
    cr_assert_not_null(strstr(err.detail, "every port of"));
    port_give_back(range, port);
    cr_assert_eq(port_take(range, &given, &err), ERR_OK);
    port_range_close(range);
}

Test(ports, no_port_is_given_twice_until_the_range_is_exhausted)
{
    enum { COUNT = 200 };
    bool given[COUNT] = {false};
    struct err err = {0};
    struct port_range *range = range_of(21000, 21000 + COUNT - 1);
    size_t count = take_all(range, 21000, given);
    cr_assert(count > 0);
    int64_t back = 21000;
    while (!given[back - 21000])
        back++;
    int64_t port = 0;
    port_give_back(range, back);
    cr_assert_eq(port_take(range, &port, &err), ERR_OK);
    cr_assert_eq(port, back);
    port_range_close(range);
}

/* The listener's port and its neighbours, cut at the ends of the numbers. */
static struct port_range *range_around(int64_t port, int64_t *first)
{
    *first = port > 5 ? port - 4 : 1;
    return range_of(*first, port < 65530 ? port + 4 : 65535);
}

Test(ports, a_port_that_something_listens_on_is_not_given)
{
    static const char *const addresses[] = {"127.0.0.1", "0.0.0.0", "127.0.0.2"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        bool given[16] = {false};
        int64_t port, first;
        int fd = listener(addresses[i], &port);
        struct port_range *range = range_around(port, &first);
        take_all(range, first, given);
        cr_assert(!given[port - first], "listening on %s", addresses[i]);
        close(fd);
        port_range_close(range);
    }
}

Test(ports, a_port_that_something_listens_on_by_ipv6_alone_is_not_given)
{
    int on = 1;
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    socklen_t bytes = sizeof in;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof in) != 0)
        cr_skip_test("this machine has no IPv6");
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    cr_assert_eq(listen(fd, 1), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&in, &bytes), 0);
    bool given[16] = {false};
    int64_t port = ntohs(in.sin6_port), first;
    struct port_range *range = range_around(port, &first);
    take_all(range, first, given);
    cr_assert(!given[port - first]);
    close(fd);
    port_range_close(range);
}

Test(ports, a_reserved_port_is_not_given)
{
    int64_t port, given = 0;
    struct err err = {0};
    close(listener("127.0.0.1", &port));
    struct port_range *range = range_of(port, port);
    port_reserve(range, port);
    port_reserve(range, port);
    cr_assert_eq(port_take(range, &given, &err), ERR_LIMIT);
    port_give_back(range, port);
    cr_assert_eq(port_take(range, &given, &err), ERR_OK);
    port_range_close(range);
}

Test(ports, reserving_outside_of_the_range_changes_nothing)
{
    static const int64_t outside[] = {INT64_MIN, -1, 0, 22999, 23008, 65536, INT64_MAX};
    bool given[8] = {false}, again[8] = {false};
    struct port_range *range = range_of(23000, 23007);
    size_t before = take_all(range, 23000, given);
    for (int64_t port = 23000; port <= 23007; port++)
        if (given[port - 23000]) port_give_back(range, port);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        port_reserve(range, outside[i]);
        port_give_back(range, outside[i]);
        port_reserve(range, outside[i]);
    }
    cr_assert_eq(take_all(range, 23000, again), before);
    port_range_close(range);
}

Test(ports, ports_are_picked_at_random)
{
    struct err err = {0};
    struct port_range *range = range_of(20000, 29999);
    int64_t distance = 0, previous = 0;
    for (int i = 0; i < 20; i++) {
        int64_t port = 0;
        cr_assert_eq(port_take(range, &port, &err), ERR_OK);
        if (port != previous + 1) distance++;
        previous = port;
    }
    cr_assert(distance > 10);
    port_range_close(range);
}
