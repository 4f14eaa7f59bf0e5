/* etag.h: entity tags and the conditions that clients put on them (RFC 9110 §13).
 *
 * Tags are strong and never made from the clock. Items: "<incarnation>.<generation>.<index>".
 * If-None-Match compares all of it. If-Match compares incarnation and generation alone, so that a
 * rollout's progress does not defeat a careful client. Lists: "<incarnation>.<hash of the body>".
 * Revisions: "<incarnation>.r<number>.<hash of its row>", and If-Match compares that: a revision
 * changes by its own writes, whatever its deployment does meanwhile.
 */
#ifndef DOGSHORE_API_ETAG_H
#define DOGSHORE_API_ETAG_H

#include "api/request.h"

struct precondition;

void etag_set(struct reply *reply, const struct request *request, int64_t generation,
              int64_t index);
/* For bodies that show env: masked, they are another representation than in clear. */
void etag_set_masked(struct reply *reply, const struct request *request, int64_t generation,
                     int64_t index);
/* `tail` tells apart representations of one state. */
void etag_set_tail(struct reply *reply, const struct request *request, int64_t generation,
                   int64_t index, const char *tail);
/* From the finished body: what two replies with equal bytes share. */
void etag_set_hash(struct reply *reply, const struct request *request);
/* "<incarnation>.<state>": of what has neither generation nor index of its own. `state` stands for
 * all that its body shows; masked as above. */
void etag_set_state(struct reply *reply, const struct request *request, const char *state);
/* Weak: replies with this tag mean the same to whom they are for, though their bytes may differ. */
void etag_set_weak(struct reply *reply, const struct request *request, const char *state);
/* A part of a state: the hash of what it stands for, in hex. */
const char *etag_hash(struct arena *arena, const struct text *content);

/* Does an If-None-Match header (NULL: no) name this tag, or "*"? */
bool etag_is_named(const char *if_none_match, const char *etag);
/* If the client has what the tag names, makes the reply a 304 without a body. */
bool etag_not_modified(const struct request *request, struct reply *reply);

/* ERR_BAD_REQUEST when If-Match or If-None-Match can't be read. */
enum err_code etag_check_syntax(const struct request *request, struct err *err);
/* Judges the conditions of a write against an object as it is in this transaction. `exists` false:
 * there is none. ERR_PRECONDITION when one does not hold. */
enum err_code etag_precondition(const struct request *request, bool exists, int64_t generation,
                                struct precondition *precondition, struct err *err);
/* The same for an existing object with a tag of etag_set_state(). */
enum err_code etag_condition_state(const struct request *request, const char *state,
                                   struct err *err);

#endif
