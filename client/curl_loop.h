/* curl_loop.h: libcurl's multi interface on our event loop: transfers without threads.
 *
 * Ownership: an easy handle stays the caller's, who sets it up and reads from it; CURLOPT_PRIVATE
 * belongs to the loop while a transfer runs. Threads: those of the loop. The DNS cache never
 * expires by scan (CURLOPT_DNS_CACHE_TIMEOUT is the caller's to set, -1 for addresses).
 */
#ifndef DOGSHORE_CLIENT_CURL_LOOP_H
#define DOGSHORE_CLIENT_CURL_LOOP_H

#include "base/err.h"

#include <curl/curl.h>
#include <stdbool.h>

struct loop;
struct curl_loop;

struct curl_transfer {
    /* From the loop, outside of libcurl: may start, cancel or free any transfer, close the
     * curl_loop, clean `easy` up. */
    void (*done)(struct curl_transfer *transfer, CURLcode result);
    CURL *easy;
    /* The curl_loop's. */
    bool running;
    CURLcode result;
    struct curl_transfer *next;
};

/* `connections` is how many idle ones are kept. curl_global_init() has been called. */
enum err_code curl_loop_open(struct curl_loop **curl_loop, struct loop *loop, long connections,
                             struct err *err);
void curl_loop_close(struct curl_loop *curl_loop); /* no transfer is running any more */
enum err_code curl_loop_start(struct curl_loop *curl_loop, struct curl_transfer *transfer,
                              struct err *err);
/* Its `done` is not called any more. Fine when not running. */
void curl_loop_cancel(struct curl_loop *curl_loop, struct curl_transfer *transfer);

/* What every transfer of this project sets: no signals, no proxy of the environment, HTTP/1.1 over
 * http(s) only, no redirects, the path as it is, connect timeout. */
void curl_set_common(CURL *easy);

#endif
