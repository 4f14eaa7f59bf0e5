/* bare_http: the least that libmicrohttpd can do for a status poll; frozen, to measure dogshored
 * against. One thread, external epoll mode, one prebuilt reply with the same bytes and headers as
 * dogshored's, and one 304 for whoever sends If-None-Match. Prints its port, ends with its
 * standard input. */
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

static const char body[] =
    "{\"name\":\"web\",\"cluster\":\"default\",\"generation\":1,\"index\":3,\"state\":\"pending\","
    "\"message\":\"0 of 1 replicas of revision 1 are available\",\"observed_generation\":1,"
    "\"revision\":1,\"stable_revision\":null,\"version\":\"1\",\"halted\":null,\"desired\":1,"
    "\"updated\":0,\"ready\":0,\"available\":0,\"total\":0,\"rollout\":{\"id\":1,"
    "\"state\":\"progressing\"},\"conditions\":[]}";

struct replies {
    struct MHD_Response *whole, *not_modified;
};

static struct MHD_Response *make_reply(bool whole)
{
    struct MHD_Response *reply = MHD_create_response_from_buffer(
        whole ? sizeof body - 1 : 0, (void *)body, MHD_RESPMEM_PERSISTENT);
    if (whole) MHD_add_response_header(reply, "Content-Type", "application/json");
    MHD_add_response_header(reply, "X-Request-Id", "c1519d5957a3-7xyz1");
    MHD_add_response_header(reply, "X-Index", "3");
    MHD_add_response_header(reply, "ETag", "\"9e68ac18f286ed45.1.3\"");
    MHD_add_response_header(reply, "Cache-Control", "no-cache");
    MHD_add_response_header(reply, "X-Content-Type-Options", "nosniff");
    return reply;
}

static enum MHD_Result on_request(void *argument, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *data, size_t *bytes, void **context)
{
    static int seen;
    const struct replies *replies = argument;
    (void)url, (void)method, (void)version, (void)data, (void)bytes;
    if (*context == NULL) {
        *context = &seen;
        return MHD_YES;
    }
    bool conditional =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match") != NULL;
    if (conditional) return MHD_queue_response(connection, 304, replies->not_modified);
    return MHD_queue_response(connection, 200, replies->whole);
}

static int open_listener(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, bytes) != 0 || listen(fd, 1024) != 0)
        return -1;
    getsockname(fd, (struct sockaddr *)&address, &bytes);
    printf("%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void serve(struct MHD_Daemon *daemon)
{
    int epoll_fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct pollfd files[] = {{.fd = epoll_fd, .events = POLLIN},
                             {.fd = STDIN_FILENO, .events = POLLIN}};
    while (files[1].revents == 0) {
        MHD_UNSIGNED_LONG_LONG timeout = 0;
        bool limited = MHD_get_timeout(daemon, &timeout) == MHD_YES;
        poll(files, 2, limited ? (int)timeout : -1);
        MHD_run(daemon);
    }
}

int main(void)
{
    struct replies replies = {make_reply(true), make_reply(false)};
    int listener = open_listener();
    if (listener < 0) return 1;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, &replies, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, 4096U, MHD_OPTION_END);
    if (daemon == NULL) return 1;
    serve(daemon);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(replies.whole);
    MHD_destroy_response(replies.not_modified);
    return 0;
}
