/* api_fixture.h: the API without a socket and without threads: a store in a directory of its own, a
 * real writer and a real scheduler stepped by hand on a manual clock, and api_* called in the order
 * in which the server calls them. Every answer is checked: equal tags, equal bytes; and what the
 * server may cache is equal while its facet stands.
 * What the store publishes is noted per facet, as the server does.
 *
 * Ownership: answers live until fixture_close(). Anything unexpected inside the fixture aborts.
 */
#ifndef DOGSHORE_TESTS_API_FIXTURE_H
#define DOGSHORE_TESTS_API_FIXTURE_H

#include "api/api.h"
#include "api/request.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/map.h"

struct scheduler;
struct writer;

enum { FIXTURE_DIR_BYTES = 64 };

struct fixture {
    char dir[FIXTURE_DIR_BYTES];
    struct manual_clock manual;
    struct clock clock;
    struct store *store;
    struct control *control;
    struct writer *writer;
    struct scheduler *scheduler;
    struct store_db *reader;
    struct api api;
    const char *why_not_ready; /* NULL = ready */
    const char *used_token;    /* the id of the one that was used, just now */
    const char *failed_check;  /* what agents answer to canary checks; NULL = they pass */
    struct map bodies;         /* "<call> <ETag or facet index>" → body, to check each 200 */
    struct map published;      /* "<kind> <key>" → index, as int64_t in the arena */
    struct arena arena;
};

/* Tokens "read-token", "deploy-token", "operate-token", "admin-token" and "join-token" exist, their
 * ids are their secrets; so do "blue-read-token" … "blue-admin-token", limited to cluster blue. */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);
/* The server ends and another one opens the same directory: nothing is published yet. */
void fixture_restart(struct fixture *fixture);

/* The server ends, its database is made a backup and restored from it, and another server opens it.
 */
void fixture_restore(struct fixture *fixture);

/* One call. Only `target` must be given; `token` NULL = no Authorization header. */
struct call {
    enum method method;
    const char *target;
    const char *token;
    const char *body;  /* sent as application/json unless content_type says otherwise */
    size_t body_bytes; /* 0 = strlen(body) */
    const char *content_type, *accept, *if_match, *if_none_match, *idempotency_key;
    const char *last_event_id;
};

struct answer {
    enum err_code code;
    int status;
    struct reply reply;
    const char *text;
    const struct json *json; /* NULL unless the body is JSON */
    bool reached_store;      /* false: refused before api_read or api_apply */
};

struct answer fixture_call(struct fixture *fixture, const struct call *call);
/* GET and writes with the admin token. */
struct answer fixture_get(struct fixture *fixture, const char *target);
struct answer fixture_send(struct fixture *fixture, enum method method, const char *target,
                           const char *body);

/* A dotted path of member names and array positions: "status.rollout.id", "items.0.name". NULL when
 * absent. */
const struct json *json_at(const struct json *root, const char *path);
/* NULL, or 0, when absent or of another type. */
const char *json_text_at(const struct json *root, const char *path);
int64_t json_int_at(const struct json *root, const char *path);

/* A document of one replica of `python3 -m http.server $(PORT)`; `extra` goes into the template,
 * e.g. ", \"env\": {…}". */
const char *fixture_document(struct fixture *fixture, const char *name, const char *version,
                             int replicas, const char *extra);
/* Registers a node with plenty of room; its token is "<name>-" and 43 times 't'. */
void fixture_node(struct fixture *fixture, const char *name, const char *cluster);
const char *fixture_node_token(struct fixture *fixture, const char *name);
/* Runs passes until nothing is left to do now; each round moves the clock by 20 ms. */
void fixture_settle(struct fixture *fixture);
void fixture_advance(struct fixture *fixture, int64_t ms);
/* Every replica that a node is told to run is reported running and ready, every other stopped. */
void fixture_agent(struct fixture *fixture, const char *node);
/* A report of the node, of its epoch; `members`: "\"samples\": […]", "\"changes\": […]" or both. */
struct answer fixture_report(struct fixture *fixture, const char *node, const char *members);
/* Nothing is heard of the node until it is "suspect" or "lost". In steps: a leap would be a stall
 * of the server, not a silence of the node. */
void fixture_silence(struct fixture *fixture, const char *node, const char *state);
int64_t fixture_newest_index(struct fixture *fixture);

#endif
