/* Series are numbered: two for each row of the route table (a GET and its HEAD), then one for each
 * method that met no route. */
#include "server/http_metrics.h"

#include "api/routes.h"
#include "base/arena.h"
#include "base/exposition.h"
#include "model/values.h"

enum { METHODS_HEAD = METHOD_COUNT, METHODS_OTHER, METHODS };

/* Every status that this server sends, ascending: those of replies that went well, and those of
 * ERR_MAP. The last slot is for one that is missing here. */
static const int16_t codes[] = {200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 408, 409, 410,
                                411, 412, 413, 414, 415, 422, 429, 431, 500, 501, 503, 507, 0};
enum { CODES = sizeof codes / sizeof *codes, CODE_BYTES = 8 };

struct http_series {
    struct counter requests[CODES];
    struct histogram durations;
};

static size_t series_count(void)
{
    return 2 * route_count + METHODS;
}

void http_metrics_init(struct http_metrics *metrics)
{
    *metrics = (struct http_metrics){.series = xcalloc(series_count(), sizeof *metrics->series)};
}

void http_metrics_release(struct http_metrics *metrics)
{
    free(metrics->series);
}

static size_t series_of(const struct http_outcome *outcome)
{
    const struct request *request = outcome->request;
    if (request != NULL && request->route != NULL)
        return 2 * (size_t)(request->route - routes) + (outcome->head_only ? 1 : 0);
    if (outcome->head_only) return 2 * route_count + METHODS_HEAD;
    int method = outcome->method == NULL ? -1 : word_find(method_words, outcome->method);
    return 2 * route_count + (method < 0 ? (size_t)METHODS_OTHER : (size_t)method);
}

static size_t code_of(int status)
{
    size_t code = 0;
    while (code < CODES - 1 && codes[code] != status)
        code++;
    return code;
}

void http_metrics_count(struct http_metrics *metrics, const struct http_outcome *outcome)
{
    struct http_series *series = &metrics->series[series_of(outcome)];
    counter_add(&series->requests[code_of(outcome->status)], 1);
    counter_add(&metrics->reply_bytes, outcome->reply_bytes);
    if (!outcome->untimed)
        histogram_observe(&series->durations, &duration_buckets, outcome->duration_us);
}

/* ---- as text ---- */

enum { LABEL_METHOD, LABEL_ROUTE, LABEL_CODE, LABELS };

static void name_series(size_t series, const char *labels[static LABELS])
{
    static const char *const others[] = {[METHODS_HEAD] = "HEAD", [METHODS_OTHER] = "other"};
    if (series < 2 * route_count) {
        const struct route *route = &routes[series / 2];
        labels[LABEL_METHOD] = series % 2 == 1 ? "HEAD" : method_words[route->method];
        labels[LABEL_ROUTE] = route->pattern;
        return;
    }
    size_t method = series - 2 * route_count;
    labels[LABEL_METHOD] = method < METHOD_COUNT ? method_words[method] : others[method];
    labels[LABEL_ROUTE] = "other";
}

static void write_codes(const struct http_metrics *const *loops, size_t count, size_t series,
                        const char *labels[static LABELS], struct exposition *exposition)
{
    for (size_t code = 0; code < CODES; code++) {
        char word[CODE_BYTES];
        int64_t requests = 0;
        for (size_t i = 0; i < count; i++)
            requests += counter_read(&loops[i]->series[series].requests[code]);
        if (requests == 0) continue;
        snprintf(word, sizeof word, "%d", codes[code]);
        labels[LABEL_CODE] = codes[code] == 0 ? "other" : word;
        exposition_int(exposition, labels, requests);
    }
}

void http_metrics_write_requests(const struct http_metrics *const *loops, size_t count,
                                 struct exposition *exposition)
{
    for (size_t series = 0; series < series_count(); series++) {
        const char *labels[LABELS];
        name_series(series, labels);
        write_codes(loops, count, series, labels, exposition);
    }
}

void http_metrics_write_durations(const struct http_metrics *const *loops, size_t count,
                                  struct exposition *exposition)
{
    for (size_t series = 0; series < series_count(); series++) {
        const char *labels[LABELS];
        struct histogram_sum sum = {.sum = 0};
        for (size_t i = 0; i < count; i++)
            histogram_add_to(&loops[i]->series[series].durations, &sum);
        if (histogram_count(&sum) == 0) continue;
        name_series(series, labels);
        exposition_histogram(exposition, labels, &sum);
    }
}
