#include "api/etag.h"

#include "api/api.h"
#include "api/view.h"
#include "base/crypto.h"
#include "scheduler/control.h"
#include "store/store.h"

#include <inttypes.h>

enum { ETAG_HASH_BYTES = 10, ETAG_HASH_HEX_BYTES = 2 * ETAG_HASH_BYTES + 1 };

void etag_set_tail(struct reply *reply, const struct request *request, int64_t generation,
                   int64_t index, const char *tail)
{
    snprintf(reply->etag, sizeof reply->etag, "\"%s.%" PRId64 ".%" PRId64 "%s\"",
             store_incarnation(request->api->store), generation, index, tail);
}

void etag_set(struct reply *reply, const struct request *request, int64_t generation, int64_t index)
{
    etag_set_tail(reply, request, generation, index, "");
}

static const char *masked_tail(const struct request *request)
{
    return view_env_mask(request).key != NULL ? ".masked" : "";
}

void etag_set_masked(struct reply *reply, const struct request *request, int64_t generation,
                     int64_t index)
{
    etag_set_tail(reply, request, generation, index, masked_tail(request));
}

static void hash_content(const struct text *content, char hex[static ETAG_HASH_HEX_BYTES])
{
    uint8_t hash[CRYPTO_HASH_BYTES];
    crypto_hash_raw(NULL, content->bytes, content->length, hash);
    crypto_hex(hash, ETAG_HASH_BYTES, hex);
}

void etag_set_hash(struct reply *reply, const struct request *request)
{
    char hex[ETAG_HASH_HEX_BYTES];
    hash_content(&reply->body, hex);
    snprintf(reply->etag, sizeof reply->etag, "\"%s.%s\"", store_incarnation(request->api->store),
             hex);
}

const char *etag_hash(struct arena *arena, const struct text *content)
{
    char hex[ETAG_HASH_HEX_BYTES];
    hash_content(content, hex);
    return arena_strdup(arena, hex);
}

void etag_set_state(struct reply *reply, const struct request *request, const char *state)
{
    snprintf(reply->etag, sizeof reply->etag, "\"%s.%s%s\"", store_incarnation(request->api->store),
             state, masked_tail(request));
}

void etag_set_weak(struct reply *reply, const struct request *request, const char *state)
{
    snprintf(reply->etag, sizeof reply->etag, "W/\"%s.%s\"", store_incarnation(request->api->store),
             state);
}

/* One entity tag of a header: `opaque` has no quotes. */
struct tag {
    bool weak;
    const char *opaque;
    size_t bytes;
};

enum step { STEP_TAG, STEP_END, STEP_BAD };

static bool is_tag_character(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

/* Takes the next entity tag of a comma-separated list. */
static enum step next_tag(const char **at, struct tag *tag)
{
    *at += strspn(*at, " \t,");
    if (**at == '\0') return STEP_END;
    tag->weak = strncmp(*at, "W/", 2) == 0;
    if (tag->weak) *at += 2;
    if (**at != '"') return STEP_BAD;
    tag->opaque = ++*at;
    while (is_tag_character(**at))
        (*at)++;
    tag->bytes = (size_t)(*at - tag->opaque);
    if (**at != '"') return STEP_BAD;
    (*at)++;
    size_t space = strspn(*at, " \t");
    return (*at)[space] == ',' || (*at)[space] == '\0' ? STEP_TAG : STEP_BAD;
}

static bool is_any(const char *header)
{
    return text_equal(header, "*");
}

bool etag_is_named(const char *if_none_match, const char *etag)
{
    if (if_none_match == NULL || etag[0] == '\0') return false;
    if (is_any(if_none_match)) return true;
    if (text_starts(etag, "W/")) etag += 2;
    struct tag tag;
    while (next_tag(&if_none_match, &tag) == STEP_TAG)
        if (tag.bytes + 2 == strlen(etag) && memcmp(tag.opaque, etag + 1, tag.bytes) == 0)
            return true;
    return false;
}

bool etag_not_modified(const struct request *request, struct reply *reply)
{
    if (!etag_is_named(request->if_none_match, reply->etag)) return false;
    reply->status = 304;
    text_clear(&reply->body);
    return true;
}

static enum err_code check_header(const char *name, const char *header, struct err *err)
{
    if (header == NULL || is_any(header)) return ERR_OK;
    const char *at = header;
    struct tag tag;
    size_t count = 0;
    enum step step;
    while ((step = next_tag(&at, &tag)) == STEP_TAG)
        count++;
    if (step == STEP_END && count > 0) return ERR_OK;
    return err_set(err, ERR_BAD_REQUEST,
                   "%s must be * or a list of entity tags in double quotes, as ETag has them",
                   name);
}

enum err_code etag_check_syntax(const struct request *request, struct err *err)
{
    TRY(check_header("If-Match", request->if_match, err));
    return check_header("If-None-Match", request->if_none_match, err);
}

/* Is this a tag of this incarnation and state (or generation), whatever comes behind it? */
static bool names_state(const struct tag *tag, const char *incarnation, const char *state)
{
    char prefix[ETAG_BYTES];
    size_t bytes = (size_t)snprintf(prefix, sizeof prefix, "%s.%s", incarnation, state);
    if (tag->weak || tag->bytes < bytes || memcmp(tag->opaque, prefix, bytes) != 0) return false;
    return tag->bytes == bytes || tag->opaque[bytes] == '.';
}

static bool matches(const struct request *request, const char *state)
{
    if (is_any(request->if_match)) return true;
    const char *incarnation = store_incarnation(request->api->store);
    const char *at = request->if_match;
    struct tag tag;
    while (next_tag(&at, &tag) == STEP_TAG)
        if (names_state(&tag, incarnation, state)) return true;
    return false;
}

/* Is this a tag of the database as it is since it was made or restored? */
static bool is_of(const struct tag *tag, const char *incarnation)
{
    size_t bytes = strlen(incarnation);
    return tag->bytes > bytes && memcmp(tag->opaque, incarnation, bytes) == 0 &&
           tag->opaque[bytes] == '.';
}

/* What is wrong with all tags of If-Match; NULL when some are of an earlier state. */
static const char *problem_of_all(const struct request *request)
{
    const char *incarnation = store_incarnation(request->api->store);
    const char *at = request->if_match;
    bool any_strong = false, any_ours = false;
    struct tag tag;
    while (next_tag(&at, &tag) == STEP_TAG) {
        any_strong |= !tag.weak;
        any_ours |= !tag.weak && is_of(&tag, incarnation);
    }
    if (!any_strong)
        return "If-Match never matches a weak tag (W/…): send the strong one that a GET of the "
               "object answers";
    if (!any_ours)
        return "If-Match names no tag of this database: the tag is not of this server, or from "
               "before it was restored from a backup; read the object again";
    return NULL;
}

enum err_code etag_condition_state(const struct request *request, const char *state,
                                   struct err *err)
{
    if (request->if_none_match != NULL)
        return err_set(err, ERR_PRECONDITION, "If-None-Match: * asks for a new object, it exists");
    if (request->if_match == NULL || matches(request, state)) return ERR_OK;
    const char *problem = problem_of_all(request);
    if (problem != NULL) return err_set(err, ERR_PRECONDITION, "%s", problem);
    return err_set(err, ERR_PRECONDITION,
                   "If-Match names another state than the object has now: read it again");
}

enum err_code etag_precondition(const struct request *request, bool exists, int64_t generation,
                                struct precondition *precondition, struct err *err)
{
    *precondition = (struct precondition){0};
    precondition->create_only = request->if_none_match != NULL;
    if (precondition->create_only && exists)
        return err_set(err, ERR_PRECONDITION, "If-None-Match: * asks for a new object, it exists");
    if (request->if_match == NULL) return ERR_OK;
    if (!exists)
        return err_set(err, ERR_PRECONDITION,
                       "If-Match asks for an existing object, there is none");
    char state[32];
    snprintf(state, sizeof state, "%" PRId64, generation);
    if (!matches(request, state)) {
        const char *problem = problem_of_all(request);
        if (problem != NULL) return err_set(err, ERR_PRECONDITION, "%s", problem);
        return err_set(err, ERR_PRECONDITION,
                       "If-Match does not name generation %" PRId64
                       ", which the object has now: read it again",
                       generation);
    }
    precondition->match = true;
    precondition->generation = generation;
    return ERR_OK;
}
