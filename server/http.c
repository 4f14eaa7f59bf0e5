#include "server/http.h"

#include "base/limits.h"
#include "base/log.h"
#include "server/client.h"
#include "server/exchange.h"
#include "server/loop.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <sys/socket.h>

_Noreturn static void on_panic(void *argument, const char *file, unsigned line, const char *reason)
{
    (void)argument;
    log_message(LOG_ERROR, "http_panic", "libmicrohttpd: %s (%s:%u)",
                reason == NULL ? "no reason given" : reason, file, line);
    abort();
}

void http_prepare(void)
{
    MHD_set_panic_func(on_panic, NULL);
}

static void on_message(void *argument, const char *format, va_list values)
{
    (void)argument;
    if (!log_enabled(LOG_DEBUG)) return;
    char text[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(text, sizeof text, format, values);
#pragma GCC diagnostic pop
    text[strcspn(text, "\n")] = '\0';
    log_message(LOG_DEBUG, "http_library", "%s", text);
}

static struct client *client_of(struct MHD_Connection *handle)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    assert(info != NULL);
    return info->socket_context;
}

static void on_connection(void *argument, struct MHD_Connection *handle, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct loop *loop = argument;
    switch (what) {
    case MHD_CONNECTION_NOTIFY_STARTED: {
        const union MHD_ConnectionInfo *fd =
            MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
        const union MHD_ConnectionInfo *peer =
            MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        *context = client_open(loop, fd->connect_fd, peer->client_addr);
        break;
    }
    case MHD_CONNECTION_NOTIFY_CLOSED:
        client_close(*context);
        *context = NULL;
        break;
    }
}

/* The first line of a request is complete: its target is still as received. What is returned
 * becomes the context of the request. */
static void *on_target(void *argument, const char *target, struct MHD_Connection *handle)
{
    (void)argument;
    struct client *client = client_of(handle);
    client_arriving(client);
    return exchange_open(client, handle, target);
}

static enum MHD_Result on_request(void *argument, struct MHD_Connection *handle, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_bytes, void **context)
{
    (void)argument;
    (void)handle;
    (void)url; /* decoded in place, NULs and all: only the raw target is used */
    return exchange_step(*context, method, version, data, data_bytes);
}

static void on_completed(void *argument, struct MHD_Connection *handle, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)argument;
    struct exchange *exchange = *context;
    *context = NULL;
    client_idle(client_of(handle));
    if (exchange != NULL) exchange_completed(exchange, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

enum err_code http_start(struct loop *loop, struct err *err)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    loop->daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, loop,       /**/
                         MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL, /* first: it logs */
                         MHD_OPTION_LISTEN_SOCKET, loop->listen_fd,    /**/
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)loop->client_max, /**/
                         MHD_OPTION_CONNECTION_TIMEOUT, 0U, /* client.h has deadlines of its own */
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_HEADER_POOL_BYTES, /**/
                         MHD_OPTION_NOTIFY_CONNECTION, on_connection, loop,                   /**/
                         MHD_OPTION_URI_LOG_CALLBACK, on_target, loop,                        /**/
                         MHD_OPTION_NOTIFY_COMPLETED, on_completed, loop, MHD_OPTION_END);
    if (loop->daemon == NULL) return err_set(err, ERR_IO, "cannot start libmicrohttpd");
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    assert(info != NULL);
    loop->epoll_fd = info->epoll_fd;
    return ERR_OK;
}
