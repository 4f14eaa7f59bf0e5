/* http_raw.h: bytes on a socket, for what no HTTP client would send. */
#ifndef DOGSHORE_TESTS_HTTP_RAW_H
#define DOGSHORE_TESTS_HTTP_RAW_H

#include "base/text.h"
#include "support/http_server.h"

int http_raw_open(const struct http_server *server);
/* False when the server has cut the connection. */
bool http_raw_send(int fd, const char *bytes, size_t count);
/* Sends, reads to the end of the connection, closes. The status of the first reply, 0 for none. */
int http_raw_exchange(const struct http_server *server, const char *bytes, size_t count,
                      struct text *reply);
/* Everything until the server ends the connection; false when it does not within the timeout. */
bool http_raw_read_to_end(int fd, struct text *reply, int timeout_ms);
/* One reply with a Content-Length (or none and no body); its status, 0 when the connection ends. */
int http_raw_read_reply(int fd, struct text *reply);
int http_raw_status(const char *reply);

#endif
