#include "server/cors.h"

#include "base/limits.h"
#include "base/text.h"

#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char any_origin[] = "*";

/* What a page may send beyond what every page may. */
static const char request_headers[] =
    "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID, "
    "X-Request-Id";

/* What a page may see beyond what every page may. */
static const char reply_headers[] =
    "Accept-Patch, Allow, Content-Digest, Content-Disposition, Dry-Run, ETag, "
    "Idempotency-Replayed, Link, Location, Retry-After, WWW-Authenticate, X-Index, X-Request-Id";

static const struct {
    const char *text;
    long port; /* browsers leave it out */
} schemes[] = {{"http://", 80}, {"https://", 443}};

static bool skip_host(const char **at)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
    if (**at != '[') {
        size_t bytes = strspn(*at, name);
        *at += bytes;
        return bytes > 0;
    }
    size_t bytes = strspn(*at + 1, "0123456789abcdef:.");
    *at += 1 + bytes;
    return bytes > 0 && *(*at)++ == ']';
}

static bool skip_port(const char **at, long usual)
{
    if (**at != ':') return true;
    char *end;
    const char *digits = *at + 1;
    if (*digits < '1' || *digits > '9') return false;
    long port = strtol(digits, &end, 10);
    *at = end;
    return port <= UINT16_MAX && port != usual;
}

/* Steps over one origin; false if there is none. */
static bool skip_origin(const char **at)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t bytes = strlen(schemes[i].text);
        if (strncmp(*at, schemes[i].text, bytes) != 0) continue;
        *at += bytes;
        return skip_host(at) && skip_port(at, schemes[i].port);
    }
    return false;
}

enum err_code cors_check(const char *origins, struct err *err)
{
    if (text_equal(origins, any_origin)) return ERR_OK;
    for (const char *at = origins;; at++) {
        const char *from = at;
        if (!skip_origin(&at) || (*at != ',' && *at != '\0'))
            return err_set(err, ERR_USAGE,
                           "--allow-origin takes * or a comma list of origins as browsers send "
                           "them: http:// or https://, a host in lower case, a port if it is not "
                           "the usual one, and nothing behind it; got \"%.100s\"",
                           from);
        if (*at == '\0') return ERR_OK;
    }
}

bool cors_allows(const char *origins, const char *origin)
{
    if (origins == NULL || origin == NULL) return false;
    if (text_equal(origins, any_origin)) return true;
    size_t bytes = strlen(origin);
    for (const char *at = origins; *at != '\0';) {
        size_t item = strcspn(at, ",");
        if (item == bytes && memcmp(at, origin, bytes) == 0) return true;
        at += item + (at[item] == ',' ? 1 : 0);
    }
    return false;
}

static bool put(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool put_preflight(struct MHD_Response *response, const char *methods)
{
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%d", LIMIT_PREFLIGHT_SECONDS);
    return put(response, "Access-Control-Allow-Methods", methods) &&
           put(response, "Access-Control-Allow-Headers", request_headers) &&
           put(response, "Access-Control-Max-Age", seconds);
}

bool cors_add_headers(struct MHD_Response *response, const char *origins, const char *origin,
                      const char *methods)
{
    if (origins == NULL) return true;
    /* Also without an origin: a cache must not show one page what another one was answered. */
    bool any = text_equal(origins, any_origin);
    if (!any && !put(response, MHD_HTTP_HEADER_VARY, "Origin")) return false;
    if (!any && !cors_allows(origins, origin)) return true;
    if (!put(response, "Access-Control-Allow-Origin", any ? any_origin : origin)) return false;
    if (methods != NULL) return put_preflight(response, methods);
    return put(response, "Access-Control-Expose-Headers", reply_headers);
}
