#include "api/cursor.h"

#include "api/api.h"
#include "api/query.h"
#include "api/routes.h"
#include "base/crypto.h"
#include "store/store.h"

/* What stands in a cursor before its key: of which database it is, and of which of its lists. */
enum {
    DATABASE_HASH_BYTES = 4,
    DATABASE_HEX_BYTES = 2 * DATABASE_HASH_BYTES,
    FILTER_HASH_BYTES = 6,
    FILTER_HEX_BYTES = 2 * FILTER_HASH_BYTES,
    HEAD_BYTES = DATABASE_HEX_BYTES + FILTER_HEX_BYTES,
    CURSOR_KEY_BYTES = 768
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const char *base64url(struct arena *arena, const char *bytes, size_t count)
{
    char *out = arena_alloc(arena, (count * 4 + 2) / 3 + 1);
    unsigned held = 0, bits = 0;
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        held = (held << 8 | (unsigned char)bytes[i]) & 0xffff;
        for (bits += 8; bits >= 6; bits -= 6)
            out[length++] = digits[held >> (bits - 6) & 63];
    }
    if (bits > 0) out[length++] = digits[held << (6 - bits) & 63];
    return out;
}

/* NULL when it is not base64url of whole bytes without NUL. */
static const char *base64url_decode(struct arena *arena, const char *text)
{
    char *out = arena_alloc(arena, strlen(text) + 1);
    unsigned held = 0, bits = 0;
    size_t length = 0;
    for (const char *c = text; *c != '\0'; c++) {
        const char *digit = strchr(digits, *c);
        if (digit == NULL) return NULL;
        held = (held << 6 | (unsigned)(digit - digits)) & 0xffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out[length] = (char)(held >> bits & 0xff);
        if (out[length++] == '\0') return NULL;
    }
    return bits < 6 && (held & ((1u << bits) - 1)) == 0 ? out : NULL;
}

static bool shapes_page(const char *name)
{
    static const char *const names[] = {"cursor",       "limit", "index",
                                        "wait_seconds", "count", "fields"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (text_equal(name, names[i])) return true;
    return false;
}

/* As it is since it was made or restored. */
static void database_hash(const struct request *request, char hex[static DATABASE_HEX_BYTES + 1])
{
    const char *incarnation = store_incarnation(request->api->store);
    uint8_t hash[CRYPTO_HASH_BYTES];
    crypto_hash_raw(NULL, incarnation, strlen(incarnation), hash);
    crypto_hex(hash, DATABASE_HASH_BYTES, hex);
}

/* Which list this is: everything that decides about its members. The order in which a client wrote
 * its parameters doesn't count. */
static void filter_hash(struct request *request, char hex[static FILTER_HEX_BYTES + 1])
{
    struct text text;
    text_init(&text, &request->arena);
    text_printf(&text, "%s\n%s\n%s", request->route->operation_id, request->cluster,
                request->principal.cluster != NULL ? request->principal.cluster : "*");
    for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
        if (request->params[i] != NULL) text_printf(&text, "\n%s", request->params[i]);
    uint64_t sum = 0;
    for (size_t i = 0; i < request->parameter_count; i++) {
        const struct parameter *parameter = &request->parameters[i];
        if (shapes_page(parameter->name)) continue;
        const char *pair =
            arena_printf(&request->arena, "%s=%s", parameter->name, parameter->value);
        uint8_t hash[CRYPTO_HASH_BYTES];
        crypto_hash_raw(NULL, pair, strlen(pair), hash);
        uint64_t word;
        memcpy(&word, hash, sizeof word);
        sum ^= word;
    }
    text_append(&text, (const char *)&sum, sizeof sum);
    uint8_t hash[CRYPTO_HASH_BYTES];
    crypto_hash_raw(NULL, text.bytes, text.length, hash);
    crypto_hex(hash, FILTER_HASH_BYTES, hex);
}

static void write_head(struct request *request, char head[static HEAD_BYTES + 1])
{
    database_hash(request, head);
    filter_hash(request, head + DATABASE_HEX_BYTES);
}

const char *cursor_make(struct request *request, const char *key)
{
    char head[HEAD_BYTES + 1];
    write_head(request, head);
    const char *plain = arena_printf(&request->arena, "%s%s", head, key);
    return base64url(&request->arena, plain, strlen(plain));
}

enum err_code cursor_read(struct request *request, const char **key, struct err *err)
{
    *key = NULL;
    const char *cursor = query_text(request, "cursor");
    if (cursor == NULL) return ERR_OK;
    const char *plain = base64url_decode(&request->arena, cursor);
    if (plain == NULL || strlen(plain) <= HEAD_BYTES ||
        strlen(plain) > HEAD_BYTES + CURSOR_KEY_BYTES)
        return err_set(err, ERR_BAD_CURSOR, "cursor is not one that this server gave");
    char head[HEAD_BYTES + 1];
    write_head(request, head);
    if (strncmp(plain, head, DATABASE_HEX_BYTES) != 0)
        return err_set(err, ERR_BAD_CURSOR,
                       "cursor is of another database: not of this server, or from before it was "
                       "restored from a backup; begin with the first page");
    if (strncmp(plain, head, HEAD_BYTES) != 0)
        return err_set(
            err, ERR_BAD_CURSOR,
            "cursor belongs to another list: the path and the filters must stay the same");
    *key = plain + HEAD_BYTES;
    return ERR_OK;
}
