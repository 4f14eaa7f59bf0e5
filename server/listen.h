/* listen.h: the listening socket, the file that names it, and the limit of open files. */
#ifndef DOGSHORE_SERVER_LISTEN_H
#define DOGSHORE_SERVER_LISTEN_H

#include "base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum { LISTEN_NAME_BYTES = 64 };

/* "ADDR:PORT" or "[ADDR]:PORT" with a numeric address, or "localhost:PORT". ERR_USAGE. */
enum err_code listen_parse(const char *word, struct sockaddr_storage *address, socklen_t *bytes,
                           struct err *err);
bool listen_is_loopback(const struct sockaddr_storage *address);
/* "127.0.0.1:7420", "[::1]:7420". */
void listen_name(const struct sockaddr *address, char out[static LISTEN_NAME_BYTES]);
/* The same without the port. */
void listen_address_name(const struct sockaddr *address, char out[static LISTEN_NAME_BYTES]);

/* Non-blocking and close-on-exec. `address` becomes what was bound. ERR_CONFIG. */
enum err_code listen_open(struct sockaddr_storage *address, socklen_t bytes, int *fd,
                          struct err *err);
/* DIR/listen holds "ADDR:PORT" and a newline while the server serves; replaced by rename. */
enum err_code listen_file_write(const char *data_dir, const char *name, struct err *err);
void listen_file_remove(const char *data_dir);

/* Raises the soft limit of open files to the hard one. Returns how many connections of `wanted`
 * fit beside what the server itself keeps open with `loops` loops; 0 = not even one. */
int64_t listen_connection_budget(int64_t wanted, int64_t loops);

#endif
