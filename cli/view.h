/* view.h: a deployment for people: as a tree with bars, or as one line. Pure: documents of the API
 * in, painted text out. Whatever is not known yet is NULL and left out. */
#ifndef DOGSHORE_CLI_VIEW_H
#define DOGSHORE_CLI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct json;
struct text;

struct view {
    const struct json *status;    /* a status document */
    const struct json *rollout;   /* the one that is shown */
    const struct json *replicas;  /* list */
    const struct json *revisions; /* list, for the versions of the old ones */
    const struct json *endpoints; /* for what gets traffic and what does not yet */
    const char *notice;           /* a last line of its own */
    int64_t now_ms;               /* wall clock, for ages */
};

/* Several lines. Replicas are grouped by revision, newest first; ended ones are left out, unless
 * they are why the rollout fails. */
void view_tree(struct text *text, struct arena *arena, const struct view *view);

/* "web deploying v2: available 7/7, updated 2/7, replicas 9; rollout 2 progressing: …", with its
 * newline: one transition of a deployment. After the rollout's end the message stands apart from
 * it. */
void view_line(struct text *text, const struct json *status);

/* "active", "preview", or "old, kept" of what gets no traffic and is older than what does; NULL =
 * it is no endpoint. `replicas` is a list, for the revisions. */
const char *view_role(const struct json *endpoints, const struct json *replicas,
                      const char *replica);
/* The first port that has one: "127.0.0.1:20001"; several as "127.0.0.1 http:1 admin:2". */
const char *view_address(struct arena *arena, const struct json *replica);
/* Where a revision comes from: "rollback of 3". */
const char *view_source(struct arena *arena, const struct json *revision);
/* The state as people see it: a replica that was told to stop and still serves is "draining", one
 * on a silent node is "unknown" or "lost". */
const char *view_replica_state(const struct json *replica);
bool view_replica_has_ended(const struct json *replica);
/* What a silent node last said of its replicas counts no more: they are not ready. */
bool view_replica_ready(const struct json *replica);
/* Why it is not well: its reason, or its last readiness answer while it runs and is not ready. */
const char *view_replica_reason(const struct json *replica);

#endif
