#include "server/auth.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "server/characters.h"
#include "server/token_uses.h"
#include "store/store.h"

#include <strings.h>

struct auth_entry {
    int64_t epoch;
    int64_t use_due_ms; /* when its use is to be told again */
    struct token token; /* its strings live behind the entry */
};

void auth_init(struct auth *auth, const struct store *store, struct token_uses *uses)
{
    *auth = (struct auth){.store = store, .uses = uses};
}

void auth_release(struct auth *auth)
{
    for (size_t i = 0; i < AUTH_ENTRIES; i++)
        free(auth->entries[i]);
}

/* RFC 6750: the scheme in any case, one space, a b64token. NULL when it is not that. */
static const char *bearer_secret(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    if (authorization == NULL) return NULL;
    if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) return NULL;
    const char *secret = authorization + sizeof scheme - 1;
    while (*secret == ' ')
        secret++;
    size_t bytes = strlen(secret);
    if (bytes == 0 || bytes > LIMIT_TOKEN_BYTES) return NULL;
    if (!characters_are(secret, CHARACTER_SECRET)) return NULL;
    return secret;
}

static size_t slot_of(const uint8_t hash[static CRYPTO_HASH_BYTES])
{
    size_t slot;
    memcpy(&slot, hash, sizeof slot);
    return slot % AUTH_ENTRIES;
}

static size_t string_bytes(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

static const char *move_string(char **to, const char *text)
{
    if (text == NULL) return NULL;
    size_t bytes = string_bytes(text);
    char *copy = memcpy(*to, text, bytes);
    *to += bytes;
    return copy;
}

static void remember(struct auth *auth, int64_t epoch, const struct token *token)
{
    size_t bytes = string_bytes(token->id) + string_bytes(token->name) +
                   string_bytes(token->cluster) + string_bytes(token->node);
    struct auth_entry *entry = xmalloc(sizeof *entry + bytes);
    *entry = (struct auth_entry){.epoch = epoch, .token = *token};
    char *strings = (char *)(entry + 1);
    entry->token.id = move_string(&strings, token->id);
    entry->token.name = move_string(&strings, token->name);
    entry->token.cluster = move_string(&strings, token->cluster);
    entry->token.node = move_string(&strings, token->node);
    struct auth_entry **slot = &auth->entries[slot_of(token->hash)];
    free(*slot);
    *slot = entry;
}

static struct token *copy_token(struct arena *arena, const struct token *token)
{
    struct token *copy = arena_copy(arena, token, sizeof *token);
    copy->id = arena_strdup(arena, token->id);
    copy->name = arena_strdup(arena, token->name);
    copy->cluster = arena_strdup(arena, token->cluster);
    copy->node = arena_strdup(arena, token->node);
    return copy;
}

static enum err_code find_in_store(struct store_db *db, struct arena *arena,
                                   const uint8_t hash[static CRYPTO_HASH_BYTES],
                                   struct token *token, struct err *err)
{
    TRY(store_read_begin(db, err));
    enum err_code code = tokens_find(db, arena, hash, token, err);
    store_read_end(db);
    return code;
}

/* NULL: it is no token's. */
static enum err_code find_token(struct auth *auth, struct store_db *db,
                                const uint8_t hash[static CRYPTO_HASH_BYTES], struct arena *arena,
                                struct token **token, struct err *err)
{
    *token = NULL;
    /* Read before the row: a change in between leaves an entry that is outdated at once. */
    int64_t epoch = tokens_epoch(auth->store);
    const struct auth_entry *entry = auth->entries[slot_of(hash)];
    if (entry != NULL && entry->epoch == epoch &&
        crypto_equal(entry->token.hash, hash, CRYPTO_HASH_BYTES)) {
        *token = copy_token(arena, &entry->token);
        return ERR_OK;
    }
    struct token *found = ARENA_NEW(arena, struct token);
    struct err missing;
    enum err_code code = find_in_store(db, arena, hash, found, &missing);
    if (code == ERR_NOT_FOUND) return ERR_OK;
    if (code != ERR_OK) {
        *err = missing;
        return code;
    }
    if (!crypto_equal(found->hash, hash, CRYPTO_HASH_BYTES)) return ERR_OK;
    remember(auth, epoch, found);
    *token = found;
    return ERR_OK;
}

enum err_code auth_find(struct auth *auth, struct store_db *db, const char *authorization,
                        struct arena *arena, const struct token **token, struct err *err)
{
    *token = NULL;
    const char *secret = bearer_secret(authorization);
    if (secret == NULL) return ERR_OK;
    uint8_t hash[CRYPTO_HASH_BYTES];
    struct token *found;
    token_hash(auth->store, secret, hash);
    TRY(find_token(auth, db, hash, arena, &found, err));
    *token = found;
    return ERR_OK;
}

enum err_code auth_holds(struct auth *auth, struct store_db *db,
                         const uint8_t hash[static CRYPTO_HASH_BYTES], struct arena *arena,
                         bool *holds, struct err *err)
{
    struct token *found;
    TRY(find_token(auth, db, hash, arena, &found, err));
    *holds = found != NULL;
    return ERR_OK;
}

void auth_note_use(struct auth *auth, const struct token *token, int64_t now_ms,
                   const struct clock *clock)
{
    struct auth_entry *entry = auth->entries[slot_of(token->hash)];
    if (entry == NULL || now_ms < entry->use_due_ms) return;
    if (!text_equal(entry->token.id, token->id)) return;
    entry->use_due_ms = now_ms + AUTH_USE_MS;
    token_uses_note(auth->uses, token->id, clock_wall_ms(clock));
}
