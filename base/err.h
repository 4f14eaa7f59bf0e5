/* err.h: the one vocabulary of failures.
 *
 * A fallible function returns `enum err_code`, takes `struct err *` last, leaves it untouched on
 * success and ends with `return err_set(...)`. Say it or handle it, never both: wrap with the
 * caller's noun on the way up, log once at the edge. `assert` is for our own mistakes and stays on
 * in release; `err` is for the world. Status and slug are what RFC 9457 problem documents carry.
 */
#ifndef DOGSHORE_BASE_ERR_H
#define DOGSHORE_BASE_ERR_H

/*    code                      status  slug                     title */
#define ERR_MAP(X)                                                                                 \
    X(ERR_BAD_REQUEST, 400, "bad_request", "request is malformed")                                 \
    X(ERR_MALFORMED_JSON, 400, "malformed_json", "body is not valid JSON")                         \
    X(ERR_UNKNOWN_PARAMETER, 400, "unknown_parameter", "query parameter is not known")             \
    X(ERR_BAD_PARAMETER, 400, "bad_parameter", "query parameter has a bad value")                  \
    X(ERR_BAD_CURSOR, 400, "bad_cursor", "cursor does not belong to this list")                    \
    X(ERR_UNAUTHORIZED, 401, "unauthorized", "a valid bearer token is required")                   \
    X(ERR_FORBIDDEN, 403, "forbidden", "this token may not do that")                               \
    X(ERR_NOT_FOUND, 404, "not_found", "no such object")                                           \
    X(ERR_METHOD_NOT_ALLOWED, 405, "method_not_allowed", "method is not allowed here")             \
    X(ERR_REQUEST_TIMEOUT, 408, "request_timeout", "request took too long to arrive")              \
    X(ERR_CONFLICT, 409, "conflict", "request conflicts with the current state")                   \
    X(ERR_ALREADY_EXISTS, 409, "already_exists", "an object of that name exists")                  \
    X(ERR_ILLEGAL_STATE, 409, "illegal_state", "not possible in the current state")                \
    X(ERR_QUARANTINED, 409, "quarantined", "this template failed before by a fault of its own")    \
    X(ERR_FENCED, 409, "fenced", "another agent of this name has registered since")                \
    X(ERR_SECRET_SHOWN, 409, "secret_already_shown", "the reply held a secret and is not kept")    \
    X(ERR_GONE, 410, "gone", "index is older than what is kept")                                   \
    X(ERR_LENGTH_REQUIRED, 411, "length_required", "a body length is required")                    \
    X(ERR_PRECONDITION, 412, "precondition_failed", "object changed meanwhile")                    \
    X(ERR_TOO_LARGE, 413, "too_large", "request body is too large")                                \
    X(ERR_URI_TOO_LONG, 414, "uri_too_long", "request target is too long")                         \
    X(ERR_UNSUPPORTED_MEDIA, 415, "unsupported_media_type", "content type is not supported")       \
    X(ERR_INVALID, 422, "invalid", "request is invalid")                                           \
    X(ERR_UNKNOWN_CLUSTER, 422, "unknown_cluster", "no node of that cluster is registered")        \
    X(ERR_LIMIT, 422, "limit_reached", "a limit of this server is reached")                        \
    X(ERR_QUERY_TOO_WIDE, 422, "query_too_wide", "the list would look at too many rows")           \
    X(ERR_KEY_REUSED, 422, "idempotency_mismatch", "the idempotency key is another request's")     \
    X(ERR_TOO_MANY_REQUESTS, 429, "too_many_requests", "too many requests")                        \
    X(ERR_HEADERS_TOO_LARGE, 431, "headers_too_large", "request headers are too large")            \
    X(ERR_INTERNAL, 500, "internal", "the server made a mistake")                                  \
    X(ERR_NOT_IMPLEMENTED, 501, "not_implemented", "method is not implemented")                    \
    X(ERR_UNAVAILABLE, 503, "unavailable", "the server cannot answer now")                         \
    X(ERR_OVERLOADED, 503, "overloaded", "too much waits for an answer already")                   \
    X(ERR_OUTCOME_UNKNOWN, 503, "outcome_unknown", "the write may or may not have happened")       \
    X(ERR_DISK_FULL, 507, "disk_full", "the server's disk is full")                                \
    /* Never sent over HTTP: start-up, store and client failures, mapped to exit codes by main. */ \
    X(ERR_USAGE, 500, "usage", "bad command line")                                                 \
    X(ERR_CONFIG, 500, "config", "the data directory cannot be used")                              \
    X(ERR_IO, 500, "io", "input/output failed")                                                    \
    X(ERR_CANCELLED, 500, "cancelled", "interrupted")

#define ERR_ENUM(code, status, slug, title) code,
enum err_code { ERR_OK = 0, ERR_MAP(ERR_ENUM) ERR_CODES };
#undef ERR_ENUM

enum { ERR_DETAIL_BYTES = 768 };

struct err {
    enum err_code code;
    char detail[ERR_DETAIL_BYTES]; /* one sentence, no trailing full stop, safe to show */
};

/* Fills `err` and returns `code`. `err` may be NULL where the caller wants the code only. */
enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Hands on an error that was first looked at, and returns its code; `err` may be NULL. */
enum err_code err_copy(struct err *err, const struct err *from);

/* Prefixes the detail with "<noun>: " and returns the code already set; `err` is not NULL
 * and holds an error. */
enum err_code err_wrap(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

int err_status(enum err_code code);
const char *err_slug(enum err_code code);
const char *err_title(enum err_code code);
/* The code of a slug; where this program does not know it, the nearest one of that HTTP status. */
enum err_code err_of_slug(const char *slug, int status);

#define TRY(expr)                                                                                  \
    do {                                                                                           \
        enum err_code try_code_ = (expr);                                                          \
        if (try_code_ != ERR_OK) return try_code_;                                                 \
    } while (0)

#endif
