#include "agent/prober.h"

#include "base/arena.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/text.h"
#include "client/curl_loop.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum {
    BUFFER_BYTES = 4096,
    HEAD_BYTES_MOST = 64 * 1024,
    BODY_BYTES_MOST = 4096,  /* read; then the connection is closed */
    QUOTED_FROM_BYTES = 256, /* before blanks are squeezed */
    QUOTED_BYTES = 100
};

struct prober_slot {
    struct curl_transfer transfer;
    struct prober *prober;
    struct check *check;
    struct prober_slot *next, *previous; /* of the running ones */
    bool tcp;
    int64_t timeout_ms;
    int64_t expect_status;         /* as in check_target */
    const char *expect_substring;  /* likewise */
    size_t head_bytes, body_bytes; /* seen */
    char body[BODY_BYTES_MOST];
};

struct prober {
    struct curl_loop *curl_loop;
    struct curl_slist *headers;
    struct prober_slot *running;
};

/* --- slots ------------------------------------------------------------------------------------ */

/* A check has an easy handle of its own: one that is used again remembers the last system error for
 * ever, and before libcurl 8.1.0 it reads freed memory when an answer begins with a folded header
 * (curl issue 11101). */
static void push(struct prober *prober, struct prober_slot *slot)
{
    slot->previous = NULL;
    slot->next = prober->running;
    if (slot->next != NULL) slot->next->previous = slot;
    prober->running = slot;
}

static void release_slot(struct prober_slot *slot)
{
    if (slot->previous != NULL)
        slot->previous->next = slot->next;
    else
        slot->prober->running = slot->next;
    if (slot->next != NULL) slot->next->previous = slot->previous;
    slot->check->slot = NULL;
    curl_easy_cleanup(slot->transfer.easy);
    free(slot);
}

/* Both end the transfer when they take less than they were given. */
static size_t take_head(char *bytes, size_t item_bytes, size_t count, void *self)
{
    struct prober_slot *slot = self;
    (void)bytes;
    slot->head_bytes += item_bytes * count;
    return slot->head_bytes <= HEAD_BYTES_MOST ? item_bytes * count : 0;
}

static size_t take_body(char *bytes, size_t item_bytes, size_t count, void *self)
{
    struct prober_slot *slot = self;
    size_t length = item_bytes * count;
    if (slot->body_bytes < BODY_BYTES_MOST) {
        size_t room = BODY_BYTES_MOST - slot->body_bytes;
        memcpy(slot->body + slot->body_bytes, bytes, length < room ? length : room);
    }
    slot->body_bytes += length;
    return slot->body_bytes < BODY_BYTES_MOST ? length : 0;
}

static void on_done(struct curl_transfer *transfer, CURLcode result);

/* NULL: libcurl has no memory. */
static struct prober_slot *make_slot(struct prober *prober)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL) return NULL;
    struct prober_slot *slot = xcalloc(1, sizeof *slot);
    curl_set_common(easy);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "dogshore-probe/" DOGSHORE_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, prober->headers);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    slot->transfer.easy = easy;
    slot->transfer.done = on_done;
    slot->prober = prober;
    return slot;
}

/* --- answers -----------------------------------------------------------------------------------
 */

static void say(struct probe_answer *answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(struct probe_answer *answer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(answer->reason, sizeof answer->reason, format, args);
    va_end(args);
    answer->reason[text_utf8_valid(answer->reason, strlen(answer->reason))] = '\0';
}

/* Runs of blanks become one; none at either end. */
static void squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        bool blank = *from == ' ' || *from == '\t' || *from == '\n';
        if (blank && (to == text || to[-1] == ' ')) continue;
        *to++ = blank ? ' ' : *from;
    }
    if (to > text && to[-1] == ' ') to--;
    *to = '\0';
}

/* A CR before a newline is a blank, too, and not a control character to be shown. */
static void blank_out_returns(char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] == '\r') bytes[i] = ' ';
}

/* One short line; `cut`: there is more than that. "" when nothing of it can be shown. */
static const char *quote_of(struct arena *arena, const char *bytes, size_t count, bool *cut)
{
    size_t used = count < QUOTED_FROM_BYTES ? count : QUOTED_FROM_BYTES;
    char *copy = arena_copy(arena, bytes, used);
    blank_out_returns(copy, used);
    char *quote = text_sanitise(arena, copy, used, QUOTED_FROM_BYTES);
    squeeze(quote);
    *cut = count > used || strlen(quote) > QUOTED_BYTES;
    if (strlen(quote) > QUOTED_BYTES) quote[text_utf8_valid(quote, QUOTED_BYTES)] = '\0';
    return quote;
}

static size_t body_kept(const struct prober_slot *slot)
{
    return slot->body_bytes < BODY_BYTES_MOST ? slot->body_bytes : BODY_BYTES_MOST;
}

static void say_status(struct probe_answer *answer, const struct prober_slot *slot, long status)
{
    auto_arena arena;
    bool cut;
    arena_init(&arena);
    const char *quote = quote_of(&arena, slot->body, body_kept(slot), &cut);
    if (quote[0] == '\0')
        say(answer, "answered %ld", status);
    else
        say(answer, "answered %ld «%s%s»", status, quote, cut ? "…" : "");
}

static void say_without(struct probe_answer *answer, const struct prober_slot *slot, long status)
{
    auto_arena arena;
    bool cut;
    arena_init(&arena);
    const char *wanted = slot->expect_substring;
    const char *quote = quote_of(&arena, wanted, strlen(wanted), &cut);
    say(answer, "answered %ld without «%s%s»", status, quote, cut ? "…" : "");
}

static void say_timeout(struct probe_answer *answer, int64_t timeout_ms)
{
    if (timeout_ms % 1000 == 0)
        say(answer, "timed out after %" PRId64 " s", timeout_ms / 1000);
    else
        say(answer, "timed out after %" PRId64 " ms", timeout_ms);
}

static void say_not_connected(struct probe_answer *answer, long os_error)
{
    if (os_error == ECONNREFUSED)
        say(answer, "connection refused");
    else if (os_error == 0)
        say(answer, "no connection");
    else
        say(answer, "no connection: %s", strerror((int)os_error));
}

static void say_not_resolved(struct probe_answer *answer, const struct prober_slot *slot)
{
    const char *url = NULL;
    curl_easy_getinfo(slot->transfer.easy, CURLINFO_EFFECTIVE_URL, &url);
    const char *name = url + strlen("http://");
    say(answer, "could not resolve %.*s", (int)strcspn(name, ":/"), name);
}

static void say_failure(struct probe_answer *answer, const struct prober_slot *slot,
                        CURLcode result, long os_error)
{
    if (result == CURLE_COULDNT_CONNECT)
        say_not_connected(answer, os_error);
    else if (result == CURLE_OPERATION_TIMEDOUT)
        say_timeout(answer, slot->timeout_ms);
    else if (result == CURLE_COULDNT_RESOLVE_HOST)
        say_not_resolved(answer, slot);
    else if (result == CURLE_GOT_NOTHING)
        say(answer, "closed without an answer");
    else if (result == CURLE_PARTIAL_FILE)
        say(answer, "closed before the answer was complete");
    else if (result == CURLE_SEND_ERROR || (result == CURLE_RECV_ERROR && os_error == ECONNRESET))
        say(answer, "connection reset");
    else
        say(answer, "sent no valid HTTP answer");
}

/* The status of an answer whose body is complete, or was cut by us because enough was read. */
static long status_of(const struct prober_slot *slot, CURLcode result)
{
    long status = 0;
    bool cut = result == CURLE_WRITE_ERROR && slot->body_bytes >= BODY_BYTES_MOST;
    if (result == CURLE_OK || cut)
        curl_easy_getinfo(slot->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static bool status_is_right(const struct prober_slot *slot, long status)
{
    if (slot->expect_status != 0) return status == slot->expect_status;
    return status >= 200 && status < 400;
}

static bool body_is_right(const struct prober_slot *slot)
{
    const char *wanted = slot->expect_substring;
    if (wanted == NULL) return true;
    return memmem(slot->body, body_kept(slot), wanted, strlen(wanted)) != NULL;
}

static void judge_answer(const struct prober_slot *slot, long status, struct probe_answer *answer)
{
    answer->ok = status_is_right(slot, status) && body_is_right(slot);
    if (answer->ok) return;
    if (status_is_right(slot, status))
        say_without(answer, slot, status);
    else
        say_status(answer, slot, status);
}

static void judge(struct prober_slot *slot, CURLcode result, struct probe_answer *answer)
{
    long status = status_of(slot, result);
    long os_error = 0;
    curl_off_t duration_us = 0;
    curl_easy_getinfo(slot->transfer.easy, CURLINFO_OS_ERRNO, &os_error);
    curl_easy_getinfo(slot->transfer.easy, CURLINFO_TOTAL_TIME_T, &duration_us);
    *answer = (struct probe_answer){.duration_us = duration_us};
    if (slot->tcp && result == CURLE_OK)
        answer->ok = true;
    else if (status != 0)
        judge_answer(slot, status, answer);
    else
        say_failure(answer, slot, result, os_error);
}

/* The slot goes first: whoever hears the answer may start the next check, or free this one. */
static void on_done(struct curl_transfer *transfer, CURLcode result)
{
    struct prober_slot *slot = CONTAINER_OF(transfer, struct prober_slot, transfer);
    struct check *check = slot->check;
    struct probe_answer answer;
    judge(slot, result, &answer);
    release_slot(slot);
    check->answered(check, &answer);
}

/* --- checks ------------------------------------------------------------------------------------
 */

static void set_target(struct prober_slot *slot, const struct check_target *target)
{
    CURL *easy = slot->transfer.easy;
    char url[LIMIT_URI_BYTES];
    bool ipv6 = strchr(target->address, ':') != NULL;
    int length = snprintf(url, sizeof url, "http://%s%s%s:%" PRId64 "/", ipv6 ? "[" : "",
                          target->address, ipv6 ? "]" : "", target->port);
    assert(length > 0 && (size_t)length < sizeof url);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, target->path); /* as it is: nothing encoded */
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, target->path == NULL ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)target->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)target->timeout_ms);
    slot->tcp = target->path == NULL;
    slot->timeout_ms = target->timeout_ms;
    slot->expect_status = target->expect_status;
    slot->expect_substring = target->expect_substring;
    slot->head_bytes = slot->body_bytes = 0;
}

static enum err_code start(struct prober *prober, struct check *check,
                           const struct check_target *target, struct err *err)
{
    struct prober_slot *slot = make_slot(prober);
    if (slot == NULL) return err_set(err, ERR_UNAVAILABLE, "no memory for a check");
    push(prober, slot);
    slot->check = check;
    check->slot = slot;
    set_target(slot, target);
    enum err_code code = curl_loop_start(prober->curl_loop, &slot->transfer, err);
    if (code != ERR_OK) release_slot(slot);
    return code;
}

void check_start(struct prober *prober, struct check *check, const struct check_target *target)
{
    struct err err;
    assert(check->slot == NULL);
    if (start(prober, check, target, &err) == ERR_OK) return;
    struct probe_answer answer = {.ok = false};
    say(&answer, "%s", err.detail);
    check->answered(check, &answer);
}

void check_cancel(struct prober *prober, struct check *check)
{
    struct prober_slot *slot = check->slot;
    if (slot == NULL) return;
    curl_loop_cancel(prober->curl_loop, &slot->transfer);
    release_slot(slot);
}

/* --- open and close ----------------------------------------------------------------------------
 */

enum err_code prober_open(struct prober **prober, struct curl_loop *curl_loop, struct err *err)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Connection: close");
    if (headers == NULL) return err_set(err, ERR_UNAVAILABLE, "no memory for the prober");
    *prober = xcalloc(1, sizeof **prober);
    (*prober)->curl_loop = curl_loop;
    (*prober)->headers = headers;
    return ERR_OK;
}

void prober_close(struct prober *prober)
{
    if (prober == NULL) return;
    while (prober->running != NULL)
        check_cancel(prober, prober->running->check);
    curl_slist_free_all(prober->headers);
    free(prober);
}
