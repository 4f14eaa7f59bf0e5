/* download.h: POST /v1/backup: from a whole request to the bytes of a file that is sent.
 *
 * A client that takes the file more slowly than DOWNLOAD_STRIDE_BYTES per --reply-timeout-ms is
 * cut, and so is one that still takes it when the server stops: its Content-Length tells it.
 *
 * Ownership: a download belongs to its exchange, from the answer on to libmicrohttpd's response;
 * whoever has it last closes the file. Threads: the exchange's loop; while the exchange is away the
 * backup thread has it, and fills in the reply. */
#ifndef DOGSHORE_SERVER_DOWNLOAD_H
#define DOGSHORE_SERVER_DOWNLOAD_H

#include <stddef.h>

struct MHD_Response;
struct download;
struct exchange;

enum { DOWNLOAD_STRIDE_BYTES = 1024 * 1024 };

/* Asks for a backup; the exchange is away until it is there. */
void download_start(struct exchange *exchange);
/* Bytes of the body. */
size_t download_bytes(const struct download *download);
/* Takes exchange->download. NULL when there is no memory. */
struct MHD_Response *download_response(struct exchange *exchange);
void download_close(struct download *download); /* NULL is fine */

#endif
