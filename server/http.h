/* http.h: the callbacks of libmicrohttpd, and nothing else: they hand over to client.h and
 * exchange.h. Threads: the loop's. */
#ifndef DOGSHORE_SERVER_HTTP_H
#define DOGSHORE_SERVER_HTTP_H

#include "base/err.h"

struct loop;

/* Once per process, before the first loop: libmicrohttpd's panics become a log line. */
void http_prepare(void);
/* Starts the loop's daemon on loop->listen_fd; sets daemon and epoll_fd. ERR_IO. */
enum err_code http_start(struct loop *loop, struct err *err);

#endif
