/* load.c: dogshore-load: an open-loop HTTP client that follows a deployment's endpoints.
 *
 * Open loop: a request leaves every 1/rate seconds whether or not earlier ones were answered, so a
 * stalled service shows as failures and not as a lower rate. Nothing is retried: libcurl sends a
 * request again when a kept connection turns out to be dead, and that counts as a failure here.
 * Half of the requests (by default) open a connection of their own, the others reuse one. Endpoints
 * are followed by long poll, as any gateway would; those of weight 0 are left alone. At the end one
 * JSON line is printed: the counts, and of every answer the first and the last request that had it,
 * numbered as they were sent. Exit status 0 iff no request failed.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/text.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>

enum { BODY_BYTES = 64, MAX_IN_FLIGHT = 4096, ENDPOINT_BYTES = 64, TRIES_FOR_FIRST_LIST = 600 };

struct options {
    const char *server, *token_file, *deployment, *path;
    int64_t rate, seconds, new_percent, report_seconds;
};

struct follower {
    CURL *easy;
    struct text body;
    char url[512];
    int64_t index, seen_index;
    char (*endpoints)[ENDPOINT_BYTES];
    size_t count, next;
    int64_t retry_at_us;
    bool busy;
};

struct call {
    CURL *easy;
    char body[BODY_BYTES];
    size_t body_bytes;
    int64_t number; /* as it was sent, from 1 */
    bool resent;
    struct call *next_free;
    struct call *next; /* of all calls */
};

/* What is known of all requests with one outcome. */
struct outcome {
    int64_t count, first, last; /* numbers of requests */
};

struct load {
    struct options options;
    CURLM *multi;
    struct curl_slist *headers;
    struct follower follower;
    struct call *free_calls, *all_calls;
    struct map answers;  /* body → struct outcome */
    struct map failures; /* sentence → struct outcome */
    int64_t sent, ok, failed, in_flight, in_flight_max;
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static void count(struct map *map, const char *key, int64_t number)
{
    struct outcome *outcome = map_get(map, key);
    if (outcome == NULL) {
        outcome = xcalloc(1, sizeof *outcome);
        outcome->first = outcome->last = number;
        map_put(map, key, outcome);
    }
    outcome->count++;
    if (number < outcome->first) outcome->first = number;
    if (number > outcome->last) outcome->last = number;
}

static void failure(struct load *load, const char *why, int64_t number)
{
    load->failed++;
    count(&load->failures, why, number);
}

/* ---- following the endpoints ---- */

static size_t follower_body(char *bytes, size_t size, size_t nmemb, void *self)
{
    struct follower *follower = self;
    text_append(&follower->body, bytes, size * nmemb);
    return size * nmemb;
}

static size_t follower_header(char *bytes, size_t size, size_t nmemb, void *self)
{
    struct follower *follower = self;
    char line[64] = {0};
    size_t length = size * nmemb < sizeof line ? size * nmemb : sizeof line - 1;
    memcpy(line, bytes, length);
    line[strcspn(line, "\r\n")] = '\0';
    if (strncasecmp(line, "X-Index: ", 9) == 0)
        text_to_int64(line + 9, 0, INT64_MAX, &follower->seen_index);
    return size * nmemb;
}

static void follower_start(struct load *load)
{
    struct follower *follower = &load->follower;
    text_clear(&follower->body);
    snprintf(follower->url, sizeof follower->url,
             "%s/v1/deployments/%s/endpoints?index=%lld&wait_seconds=%d", load->options.server,
             load->options.deployment, (long long)follower->index, follower->index > 0 ? 30 : 0);
    curl_easy_setopt(follower->easy, CURLOPT_URL, follower->url);
    curl_multi_add_handle(load->multi, follower->easy);
    follower->busy = true;
}

/* The host:port of a line "host:port weight role" that may be given requests: a weight of 0 says
 * that it is not there for clients, as a preview is not. Returns its length, or 0. */
static size_t endpoint_of(const char *line)
{
    size_t length = strcspn(line, " \n");
    size_t field = line[length] == ' ' ? length + 1 : length;
    bool weightless = line[field] == '0' && strchr(" \n", line[field + 1]) != NULL;
    return weightless || length >= ENDPOINT_BYTES ? 0 : length;
}

static void follower_take(struct follower *follower)
{
    size_t lines = 0;
    const char *text = text_string(&follower->body);
    for (const char *at = text; *at != '\0'; at++)
        lines += *at == '\n';
    follower->endpoints = xrealloc(follower->endpoints, (lines + 1) * ENDPOINT_BYTES);
    follower->count = 0;
    for (const char *line = text; *line != '\0' && follower->count < lines;) {
        size_t length = endpoint_of(line);
        if (length > 0) {
            char *endpoint = follower->endpoints[follower->count++];
            memcpy(endpoint, line, length);
            endpoint[length] = '\0';
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
}

static void follower_done(struct load *load, CURLcode code)
{
    struct follower *follower = &load->follower;
    long status = 0;
    curl_easy_getinfo(follower->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(load->multi, follower->easy);
    follower->busy = false;
    if (code == CURLE_OK && status == 200) {
        follower_take(follower);
        follower->index = follower->seen_index;
        follower->retry_at_us = 0;
        return;
    }
    /* The control plane is away: the last list still holds. */
    follower->retry_at_us = clock_monotonic_us() + 100000;
}

/* ---- the requests ---- */

static size_t call_body(char *bytes, size_t size, size_t nmemb, void *self)
{
    struct call *call = self;
    size_t room = sizeof call->body - 1 - call->body_bytes;
    size_t taken = size * nmemb < room ? size * nmemb : room;
    memcpy(call->body + call->body_bytes, bytes, taken);
    call->body_bytes += taken;
    return size * nmemb;
}

/* The only sign that libcurl gives of sending a request again. */
static int call_trace(CURL *easy, curl_infotype type, char *bytes, size_t count_, void *self)
{
    static const char sign[] = "retrying a fresh connect";
    struct call *call = self;
    (void)easy;
    if (type == CURLINFO_TEXT && memmem(bytes, count_, sign, sizeof sign - 1) != NULL)
        call->resent = true;
    return 0;
}

static struct call *call_get(struct load *load)
{
    struct call *call = load->free_calls;
    if (call != NULL) {
        load->free_calls = call->next_free;
    } else {
        call = xcalloc(1, sizeof *call);
        call->next = load->all_calls;
        load->all_calls = call;
        call->easy = curl_easy_init();
        curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, call_body);
        curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
        curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
        curl_easy_setopt(call->easy, CURLOPT_DEBUGFUNCTION, call_trace);
        curl_easy_setopt(call->easy, CURLOPT_DEBUGDATA, call);
        curl_easy_setopt(call->easy, CURLOPT_VERBOSE, 1L);
        curl_easy_setopt(call->easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(call->easy, CURLOPT_PROXY, "");
        curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, 5000L);
    }
    memset(call->body, 0, sizeof call->body);
    call->body_bytes = 0;
    call->resent = false;
    return call;
}

static void call_start(struct load *load)
{
    struct follower *follower = &load->follower;
    load->sent++;
    if (follower->count == 0) {
        failure(load, "no endpoint", load->sent);
        return;
    }
    if (load->in_flight >= MAX_IN_FLIGHT) {
        failure(load, "too many requests in flight", load->sent);
        return;
    }
    struct call *call = call_get(load);
    call->number = load->sent;
    char url[256];
    snprintf(url, sizeof url, "http://%s%s",
             follower->endpoints[follower->next++ % follower->count], load->options.path);
    curl_easy_setopt(call->easy, CURLOPT_URL, url);
    long fresh = load->sent % 100 < load->options.new_percent;
    curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, fresh);
    curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, fresh);
    curl_multi_add_handle(load->multi, call->easy);
    load->in_flight++;
    if (load->in_flight > load->in_flight_max) load->in_flight_max = load->in_flight;
}

static void call_done(struct load *load, CURL *easy, CURLcode code)
{
    struct call *call = NULL;
    char *url = NULL;
    long status = 0;
    char why[256];
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
    if (code == CURLE_OK && status >= 200 && status < 300 && !call->resent) {
        load->ok++;
        call->body[strcspn(call->body, "\r\n")] = '\0';
        count(&load->answers, call->body, call->number);
    } else {
        if (code != CURLE_OK)
            snprintf(why, sizeof why, "%s: %s", url, curl_easy_strerror(code));
        else if (call->resent)
            snprintf(why, sizeof why, "%s: a kept connection was dead", url);
        else
            snprintf(why, sizeof why, "%s: status %ld", url, status);
        failure(load, why, call->number);
    }
    curl_multi_remove_handle(load->multi, easy);
    load->in_flight--;
    call->next_free = load->free_calls;
    load->free_calls = call;
}

static void collect(struct load *load)
{
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(load->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        if (message->easy_handle == load->follower.easy)
            follower_done(load, message->data.result);
        else
            call_done(load, message->easy_handle, message->data.result);
    }
}

static void turn(struct load *load, int64_t until_us)
{
    int running = 0;
    struct follower *follower = &load->follower;
    if (!follower->busy && clock_monotonic_us() >= follower->retry_at_us) follower_start(load);
    curl_multi_perform(load->multi, &running);
    collect(load);
    int64_t wait_ms = (until_us - clock_monotonic_us()) / 1000;
    if (wait_ms > 50) wait_ms = 50;
    if (wait_ms > 0) curl_multi_poll(load->multi, NULL, 0, (int)wait_ms, NULL);
}

/* ---- the run ---- */

static void print_key(FILE *out, const char *key)
{
    fputc('"', out);
    for (const char *at = key; *at != '\0'; at++)
        fputc(*at == '"' || *at == '\\' || (unsigned char)*at < ' ' ? '?' : *at, out);
    fputs("\": ", out);
}

static void print_outcomes(FILE *out, const char *name, struct map *map, bool spans)
{
    size_t position = 0;
    const char *key, *separator = "";
    void *cell;
    print_key(out, name);
    fputc('{', out);
    for (; map_next(map, &position, &key, &cell); separator = ", ") {
        const struct outcome *outcome = cell;
        fputs(separator, out);
        print_key(out, key);
        if (spans)
            fprintf(out, "[%lld, %lld]", (long long)outcome->first, (long long)outcome->last);
        else
            fprintf(out, "%lld", (long long)outcome->count);
    }
    fputc('}', out);
}

static void print_result(struct load *load, FILE *out)
{
    fprintf(out, "{\"sent\": %lld, \"ok\": %lld, \"failed\": %lld, \"in_flight_max\": %lld, ",
            (long long)load->sent, (long long)load->ok, (long long)load->failed,
            (long long)load->in_flight_max);
    print_outcomes(out, "answers", &load->answers, false);
    fputs(", ", out);
    print_outcomes(out, "spans", &load->answers, true);
    fputs(", ", out);
    print_outcomes(out, "failures", &load->failures, false);
    fputs("}\n", out);
    fflush(out);
}

static void run(struct load *load)
{
    int64_t period_us = 1000000 / load->options.rate;
    for (int tries = 0; load->follower.count == 0 && !stop_asked && tries < TRIES_FOR_FIRST_LIST;
         tries++)
        turn(load, clock_monotonic_us() + 50000);
    int64_t start_us = clock_monotonic_us();
    int64_t next_us = start_us;
    int64_t report_us = start_us; /* the first one tells that something was answered */
    int64_t end_us =
        load->options.seconds == 0 ? INT64_MAX : start_us + load->options.seconds * 1000000;
    while (!stop_asked && clock_monotonic_us() < end_us) {
        turn(load, next_us);
        for (int64_t now_us = clock_monotonic_us(); next_us <= now_us; next_us += period_us)
            call_start(load);
        if (load->options.report_seconds > 0 && load->ok > 0 && clock_monotonic_us() >= report_us) {
            print_result(load, stderr);
            report_us = clock_monotonic_us() + load->options.report_seconds * 1000000;
        }
    }
    int64_t last_us = clock_monotonic_us() + 6000000;
    while (load->in_flight > 0 && clock_monotonic_us() < last_us)
        turn(load, last_us);
}

static void prepare(struct load *load)
{
    char token[256] = {0}, header[320];
    FILE *file = fopen(load->options.token_file, "r");
    if (file == NULL || fgets(token, sizeof token, file) == NULL) {
        fprintf(stderr, "dogshore-load: cannot read %s: %s\n", load->options.token_file,
                strerror(errno));
        exit(2);
    }
    fclose(file);
    token[strcspn(token, "\r\n")] = '\0';
    snprintf(header, sizeof header, "Authorization: Bearer %s", token);
    load->headers = curl_slist_append(NULL, header);
    load->headers = curl_slist_append(load->headers, "Accept: text/plain");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    load->multi = curl_multi_init();
    curl_multi_setopt(load->multi, CURLMOPT_MAXCONNECTS, 1024L);
    text_init(&load->follower.body, NULL);
    load->follower.easy = curl_easy_init();
    CURL *easy = load->follower.easy;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, load->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, follower_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &load->follower);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, follower_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &load->follower);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 40000L);
    map_init(&load->answers);
    map_init(&load->failures);
}

static void release_counts(struct map *map)
{
    size_t position = 0;
    const char *key;
    void *cell;
    while (map_next(map, &position, &key, &cell))
        free(cell);
    map_release(map);
}

/* Transfers that never ended are dropped with their handles. */
static void release(struct load *load)
{
    struct call *call;
    while ((call = load->all_calls) != NULL) {
        load->all_calls = call->next;
        curl_multi_remove_handle(load->multi, call->easy);
        curl_easy_cleanup(call->easy);
        free(call);
    }
    curl_multi_remove_handle(load->multi, load->follower.easy);
    curl_easy_cleanup(load->follower.easy);
    curl_multi_cleanup(load->multi);
    curl_slist_free_all(load->headers);
    curl_global_cleanup();
    text_release(&load->follower.body);
    free(load->follower.endpoints);
    release_counts(&load->answers);
    release_counts(&load->failures);
}

static void usage(FILE *out)
{
    fputs("usage: dogshore-load --server URL --token-file FILE --deployment NAME [options]\n"
          "  --rate N            requests per second (default 200)\n"
          "  --seconds N         how long; 0 = until SIGTERM or SIGINT (default 0)\n"
          "  --path PATH         what to ask the replicas for (default /)\n"
          "  --new-percent N     requests that open their own connection (default 50)\n"
          "  --report-seconds N  print the counts to stderr at the first answer and every N "
          "seconds from\n"
          "                      then on (default: never)\n",
          out);
}

static void parse(struct options *options, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **text;
        int64_t *number;
    } table[] = {
        {"--server", &options->server, NULL},
        {"--token-file", &options->token_file, NULL},
        {"--deployment", &options->deployment, NULL},
        {"--path", &options->path, NULL},
        {"--rate", NULL, &options->rate},
        {"--seconds", NULL, &options->seconds},
        {"--new-percent", NULL, &options->new_percent},
        {"--report-seconds", NULL, &options->report_seconds},
    };
    for (int at = 1; at < argc; at += 2) {
        if (text_equal(argv[at], "--help")) {
            usage(stdout);
            exit(0);
        }
        bool known = false;
        for (size_t i = 0; i < sizeof table / sizeof table[0] && at + 1 < argc; i++) {
            if (!text_equal(argv[at], table[i].name)) continue;
            known = true;
            if (table[i].text != NULL) *table[i].text = argv[at + 1];
            if (table[i].number != NULL)
                known = text_to_int64(argv[at + 1], 0, 1000000, table[i].number);
        }
        if (!known) {
            usage(stderr);
            exit(2);
        }
    }
    if (!options->server || !options->token_file || !options->deployment || options->rate == 0) {
        usage(stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct load load = {.options = {.path = "/", .rate = 200, .new_percent = 50}};
    parse(&load.options, argc, argv);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    signal(SIGPIPE, SIG_IGN);
    prepare(&load);
    run(&load);
    print_result(&load, stdout);
    release(&load);
    return load.failed == 0 && load.ok > 0 ? 0 : 1;
}
