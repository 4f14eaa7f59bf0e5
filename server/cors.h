/* cors.h: which pages of other origins may read this server (the CORS protocol of the Fetch
 * standard, https://fetch.spec.whatwg.org/#http-cors-protocol).
 *
 * A browser shows a page an answer of another origin only if that answer names the page's origin,
 * and it asks first, with OPTIONS (a preflight), for whatever a plain link could not send: a token
 * is such a thing. The token decides all the same; cookies are neither read nor allowed.
 *
 * Ownership: strings are borrowed. Threads: any.
 */
#ifndef DOGSHORE_SERVER_CORS_H
#define DOGSHORE_SERVER_CORS_H

#include "base/err.h"

#include <stdbool.h>

struct MHD_Response;

/* Is it "*", or a comma list of origins as browsers send them (RFC 6454 §6.2)? ERR_USAGE. */
enum err_code cors_check(const char *origins, struct err *err);
/* May a page of this origin read? Both may be NULL: then no. */
bool cors_allows(const char *origins, const char *origin);
/* Adds the headers of a reply to `origin`, which may be NULL. `methods` are what a preflight is
 * told, NULL in every other reply. False when memory is short. */
bool cors_add_headers(struct MHD_Response *response, const char *origins, const char *origin,
                      const char *methods);

#endif
