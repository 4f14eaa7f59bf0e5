/* json_scan.h: the strict scan that json_parse() runs before cJSON sees a byte. Private to base/.
 *
 * The scan accepts what json.h promises and nothing else, and finds duplicate keys in linear time.
 * It also reads the numbers itself, because cJSON rounds an integer above 2^53 without a trace:
 * `numbers` holds them in the order of the text. Ownership: everything lives in `scratch`, which
 * may go once the nodes are made. Threads: any.
 */
#ifndef DOGSHORE_BASE_JSON_SCAN_H
#define DOGSHORE_BASE_JSON_SCAN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct json_scan_number {
    double number;
    int64_t integer;
    bool is_integer;
};

struct json_scan {
    struct json_scan_number *numbers;
    size_t number_count, number_capacity;
    size_t node_count; /* values of any type */
};

/* Fails with ERR_MALFORMED_JSON, the detail being "line 3 column 7 (byte 41): what is wrong". */
enum err_code json_scan(struct arena *scratch, const char *bytes, size_t count,
                        struct json_scan *scan, struct err *err);

/* The keys seen so far, of all objects of the text in one table. */
struct json_seen_key {
    uint64_t hash;
    uint32_t object; /* number of the object within the text */
    const char *bytes;
    size_t count;
};

struct json_keys {
    struct json_seen_key *slots;
    size_t capacity, count;
};

/* Adds a key of an object, borrowing its bytes; false if that object has it already. */
bool json_keys_add(struct json_keys *keys, struct arena *scratch, uint32_t object,
                   const char *bytes, size_t count);

/* Decodes the inside of a scanned string (its escapes are known to be right) into the arena. */
const char *json_unescape(struct arena *arena, const char *bytes, size_t count,
                          size_t *decoded_count);

#endif
