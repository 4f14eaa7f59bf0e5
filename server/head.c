#include "server/head.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "server/characters.h"

#include <assert.h>
#include <ctype.h>
#include <stddef.h>
#include <strings.h>

enum {
    /* What libmicrohttpd takes of a connection's memory to note one header. */
    HEADER_COST_BYTES = 72,
    /* First line, headers and their notes: what is left of that memory holds the reply's head. */
    HEAD_BYTES_MAX = LIMIT_HEADER_POOL_BYTES - 1536
};

static_assert(HEAD_BYTES_MAX > LIMIT_URI_BYTES + 1024,
              "the longest target leaves room for headers");

enum repeat {
    REPEAT_REFUSED, /* two of them make the request ambiguous */
    REPEAT_JOINED   /* a list (RFC 9110 §5.3) */
};

enum header_name {
    HEADER_CONTENT_LENGTH,
    HEADER_TRANSFER_ENCODING,
    HEADER_HOST,
    HEADER_AUTHORIZATION,
    HEADER_CONTENT_TYPE,
    HEADER_EXPECT,
    HEADER_REQUEST_ID,
    HEADER_ACCEPT,
    HEADER_IF_MATCH,
    HEADER_IF_NONE_MATCH,
    HEADER_IDEMPOTENCY_KEY,
    HEADER_LAST_EVENT_ID,
    HEADER_ORIGIN,
    HEADER_PREFLIGHT_METHOD,
    HEADER_COUNT
};

#define HEADER(name_, repeat_)                                                                     \
    {                                                                                              \
        name_, sizeof(name_) - 1, REPEAT_##repeat_                                                 \
    }

static const struct {
    const char *name;
    size_t bytes;
    enum repeat repeat;
} headers[HEADER_COUNT] = {
    [HEADER_CONTENT_LENGTH] = HEADER("Content-Length", REFUSED),
    [HEADER_TRANSFER_ENCODING] = HEADER("Transfer-Encoding", REFUSED),
    [HEADER_HOST] = HEADER("Host", REFUSED),
    [HEADER_AUTHORIZATION] = HEADER("Authorization", REFUSED),
    [HEADER_CONTENT_TYPE] = HEADER("Content-Type", REFUSED),
    [HEADER_EXPECT] = HEADER("Expect", REFUSED),
    [HEADER_REQUEST_ID] = HEADER("X-Request-Id", REFUSED),
    [HEADER_ACCEPT] = HEADER("Accept", JOINED),
    [HEADER_IF_MATCH] = HEADER("If-Match", JOINED),
    [HEADER_IF_NONE_MATCH] = HEADER("If-None-Match", JOINED),
    [HEADER_IDEMPOTENCY_KEY] = HEADER("Idempotency-Key", REFUSED),
    [HEADER_LAST_EVENT_ID] = HEADER("Last-Event-ID", REFUSED),
    [HEADER_ORIGIN] = HEADER("Origin", REFUSED),
    [HEADER_PREFLIGHT_METHOD] = HEADER("Access-Control-Request-Method", REFUSED),
};

struct scan {
    struct arena *arena;
    const char *values[HEADER_COUNT];
    const char *next_line; /* where it must begin */
    size_t bytes;
    enum err_code code;
    struct err *err;
};

static enum err_code keep(struct scan *scan, enum header_name header, const char *value)
{
    const char **kept = &scan->values[header];
    if (*kept == NULL) {
        *kept = value;
        return ERR_OK;
    }
    if (headers[header].repeat == REPEAT_REFUSED)
        return err_set(scan->err, ERR_BAD_REQUEST, "header %s is there twice",
                       headers[header].name);
    *kept = arena_printf(scan->arena, "%s, %s", *kept, value);
    return ERR_OK;
}

/* libmicrohttpd takes LF or CR alone for the end of a line, joins folded lines, passes over what is
 * no header and stops reading values at a NUL. Who forwards a request may see other lines than it,
 * and a body of another length, so only lines that are plainly one are accepted. It parses in
 * place: the two bytes of CR LF become NULs, and so does the colon behind a name. */
static bool is_next_line(struct scan *scan, const char *name, const char *value)
{
    const char *after = name + strlen(name) + 1;
    after += strspn(after, " \t");
    bool is_next = name == scan->next_line && after == value;
    scan->next_line = value + strlen(value) + 2;
    return is_next;
}

static bool is_empty_line(const char *line)
{
    return line[0] == '\0' && line[1] == '\0';
}

static enum err_code scan_header(struct scan *scan, const char *name, const char *value)
{
    size_t name_bytes = strlen(name);
    scan->bytes += name_bytes + strlen(value) + HEADER_COST_BYTES;
    if (scan->bytes > HEAD_BYTES_MAX)
        return err_set(scan->err, ERR_HEADERS_TOO_LARGE,
                       "first line and headers may have %d bytes, where each header counts %d more",
                       (int)HEAD_BYTES_MAX, (int)HEADER_COST_BYTES);
    if (*name == '\0' || !characters_are(name, CHARACTER_FIELD_NAME))
        return err_set(scan->err, ERR_BAD_REQUEST, "a header name is not a token");
    if (!is_next_line(scan, name, value))
        return err_set(scan->err, ERR_BAD_REQUEST,
                       "header %.64s, or what is before it, is not a line that ends with CR LF",
                       name);
    if (!characters_are(value, CHARACTER_FIELD_VALUE))
        return err_set(scan->err, ERR_BAD_REQUEST, "header %.64s holds a control character", name);
    for (unsigned i = 0; i < HEADER_COUNT; i++)
        if (headers[i].bytes == name_bytes && strcasecmp(name, headers[i].name) == 0)
            return keep(scan, (enum header_name)i, value);
    return ERR_OK;
}

static enum MHD_Result on_header(void *argument, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    (void)kind;
    struct scan *scan = argument;
    scan->code = scan_header(scan, name, value == NULL ? "" : value);
    return scan->code == ERR_OK ? MHD_YES : MHD_NO;
}

static enum err_code read_framing(const struct scan *scan, struct head *head, struct err *err)
{
    const char *length = scan->values[HEADER_CONTENT_LENGTH];
    const char *coding = scan->values[HEADER_TRANSFER_ENCODING];
    const char *expect = scan->values[HEADER_EXPECT];
    head->content_length = -1;
    if (length != NULL && coding != NULL)
        return err_set(err, ERR_BAD_REQUEST,
                       "Content-Length and Transfer-Encoding exclude each other");
    if (coding != NULL && strcasecmp(coding, "chunked") != 0)
        return err_set(err, ERR_BAD_REQUEST, "the only Transfer-Encoding accepted is chunked");
    if (length != NULL && (!characters_are(length, CHARACTER_DIGIT) ||
                           !text_to_int64(length, 0, INT64_MAX, &head->content_length)))
        return err_set(err, ERR_BAD_REQUEST, "Content-Length is not a number");
    head->expects_continue = expect != NULL && strcasecmp(expect, "100-continue") == 0;
    if (expect != NULL && !head->expects_continue)
        return err_set(err, ERR_BAD_REQUEST, "the only Expect accepted is 100-continue");
    return ERR_OK;
}

static enum err_code check_host(const struct scan *scan, const char *version, struct err *err)
{
    const char *host = scan->values[HEADER_HOST];
    bool needed = !text_equal(version, "HTTP/1.0");
    if (host == NULL && needed) return err_set(err, ERR_BAD_REQUEST, "header Host is required");
    if (host != NULL && !characters_are(host, CHARACTER_HOST))
        return err_set(err, ERR_BAD_REQUEST, "header Host is not a host");
    return ERR_OK;
}

static const char *acceptable_request_id(const char *value)
{
    if (value == NULL || *value == '\0' || strlen(value) > LIMIT_REQUEST_ID_BYTES) return NULL;
    return characters_are(value, CHARACTER_REQUEST_ID) ? value : NULL;
}

static void read_method(struct head *head, const char *method)
{
    head->head_only = text_equal(method, "HEAD");
    head->options = text_equal(method, "OPTIONS");
    head->method = METHOD_GET;
    head->known_method = head->head_only || head->options;
    for (unsigned i = 0; i < METHOD_COUNT && !head->known_method; i++) {
        head->method = (enum method)i;
        head->known_method = text_equal(method, method_words[i]);
    }
}

const char *head_origin_form(const char *target)
{
    static const char scheme[] = "http://";
    if (target == NULL) return NULL;
    if (strncasecmp(target, scheme, sizeof scheme - 1) == 0) {
        target += sizeof scheme - 1;
        target += strcspn(target, "/?");
        if (*target == '\0') return "/";
    }
    return *target == '/' ? target : NULL;
}

/* Visible ASCII without what RFC 3986 leaves out, escapes complete and not of NUL. */
static enum err_code check_target(const char *target, struct err *err)
{
    for (const unsigned char *c = (const unsigned char *)target; *c != '\0'; c++) {
        if ((character_classes[*c] & CHARACTER_TARGET) == 0)
            return err_set(err, ERR_BAD_REQUEST,
                           "the request target holds a character that must be escaped");
        if (*c != '%') continue;
        if (!isxdigit(c[1]) || !isxdigit(c[2]))
            return err_set(err, ERR_BAD_REQUEST, "the request target holds a broken escape");
        if (c[1] == '0' && c[2] == '0')
            return err_set(err, ERR_BAD_REQUEST, "the request target holds an escaped NUL");
    }
    return ERR_OK;
}

enum err_code head_read(struct MHD_Connection *connection, const char *target, const char *method,
                        const char *version, struct arena *arena, struct head *head,
                        struct err *err)
{
    struct scan scan = {.arena = arena,
                        .err = err,
                        .bytes = strlen(target),
                        .next_line = version + strlen(version) + 2};
    *head = (struct head){.content_length = -1};
    read_method(head, method);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &scan);
    /* First, so that also a refused request is logged and answered under its id, and so that a
     * page may read why, unless there was too much to read that far. */
    head->request_id = acceptable_request_id(scan.values[HEADER_REQUEST_ID]);
    if (head->request_id != NULL) head->request_id = arena_strdup(arena, head->request_id);
    head->origin = arena_strdup(arena, scan.values[HEADER_ORIGIN]);
    if (strlen(target) > LIMIT_URI_BYTES)
        return err_set(err, ERR_URI_TOO_LONG,
                       "the request target has %zu bytes, at most %d are read", strlen(target),
                       LIMIT_URI_BYTES);
    if (scan.code != ERR_OK) return scan.code;
    if (!is_empty_line(scan.next_line))
        return err_set(err, ERR_BAD_REQUEST, "the headers do not end with an empty line");
    head->authorization = scan.values[HEADER_AUTHORIZATION];
    head->content_type = arena_strdup(arena, scan.values[HEADER_CONTENT_TYPE]);
    head->accept = arena_strdup(arena, scan.values[HEADER_ACCEPT]);
    head->if_match = arena_strdup(arena, scan.values[HEADER_IF_MATCH]);
    head->if_none_match = arena_strdup(arena, scan.values[HEADER_IF_NONE_MATCH]);
    head->idempotency_key = arena_strdup(arena, scan.values[HEADER_IDEMPOTENCY_KEY]);
    head->last_event_id = arena_strdup(arena, scan.values[HEADER_LAST_EVENT_ID]);
    head->preflight_method = arena_strdup(arena, scan.values[HEADER_PREFLIGHT_METHOD]);
    TRY(read_framing(&scan, head, err));
    TRY(check_host(&scan, version, err));
    if (head_origin_form(target) == NULL)
        return err_set(err, ERR_BAD_REQUEST, "the request target must begin with a slash");
    return check_target(target, err);
}
