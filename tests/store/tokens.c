#include "store/tokens.h"

#include "support/store_check.h"
#include "support/store_fixture.h"

static struct store_fixture f;

static void setup(void)
{
    store_fixture_open(&f);
}

static void teardown(void)
{
    store_fixture_close(&f);
}

TestSuite(tokens, .init = setup, .fini = teardown);

static struct token token(const char *id, const char *secret)
{
    struct token made = {.id = id,
                         .name = "Ann's",
                         .scope = TOKEN_NODE,
                         .cluster = "default",
                         .node = "n1",
                         .created_at = 5,
                         .expires_at = 6};
    token_hash(f.store, secret, made.hash);
    return made;
}

static enum err_code put(struct store_tx *tx, void *argument, struct err *err)
{
    return tokens_put(tx, argument, err);
}

static enum err_code put_and_fail(struct store_tx *tx, void *argument, struct err *err)
{
    TRY(tokens_put(tx, argument, err));
    return err_set(err, ERR_CONFLICT, "changed my mind");
}

static enum err_code delete_token(struct store_tx *tx, void *argument, struct err *err)
{
    return tokens_delete(tx, argument, err);
}

Test(tokens, every_field_survives_a_round_trip)
{
    struct token b, a = token("node/n1", "secret");
    MUST(store_fixture_write(&f, put, &a, &err));
    MUST(tokens_find(f.reader, &f.arena, a.hash, &b, &err));
    SAME_TEXT(a.id, b.id);
    SAME_TEXT(a.name, b.name);
    SAME_INT(a.scope, b.scope);
    SAME_TEXT(a.cluster, b.cluster);
    SAME_TEXT(a.node, b.node);
    cr_expect_arr_eq(a.hash, b.hash, sizeof a.hash);
    SAME_INT(a.created_at, b.created_at);
    SAME_INT(a.expires_at, b.expires_at);
    MUST(tokens_get(f.reader, &f.arena, "node/n1", &b, &err));
    SAME_TEXT(a.name, b.name);
}

Test(tokens, only_the_keyed_hash_of_a_secret_finds_it)
{
    struct token b, a = token("admin", "secret");
    uint8_t hash[CRYPTO_HASH_BYTES];
    MUST(store_fixture_write(&f, put, &a, &err));
    crypto_hash_raw(NULL, "secret", 6, hash);
    MUST_FAIL(tokens_find(f.reader, &f.arena, hash, &b, &err), ERR_NOT_FOUND, "token");
    token_hash(f.store, "secret", hash);
    MUST(tokens_find(f.reader, &f.arena, hash, &b, &err));
}

Test(tokens, one_secret_belongs_to_one_id)
{
    struct token a = token("admin", "secret"), b = token("join", "secret");
    MUST(store_fixture_write(&f, put, &a, &err));
    MUST(store_fixture_write(&f, put, &a, &err));
    MUST_FAIL(store_fixture_write(&f, put, &b, &err), ERR_ALREADY_EXISTS, "secret");
}

Test(tokens, rotating_replaces_the_secret)
{
    struct token out, a = token("admin", "old"), b = token("admin", "new");
    MUST(store_fixture_write(&f, put, &a, &err));
    MUST(store_fixture_write(&f, put, &b, &err));
    MUST_FAIL(tokens_find(f.reader, &f.arena, a.hash, &out, &err), ERR_NOT_FOUND, "token");
    MUST(tokens_find(f.reader, &f.arena, b.hash, &out, &err));
}

Test(tokens, the_epoch_moves_with_what_was_committed)
{
    struct token a = token("admin", "secret");
    int64_t epoch = tokens_epoch(f.store);
    MUST_FAIL(store_fixture_write(&f, put_and_fail, &a, &err), ERR_CONFLICT, "mind");
    cr_expect_eq(tokens_epoch(f.store), epoch);
    MUST(store_fixture_write(&f, put, &a, &err));
    cr_expect_gt(tokens_epoch(f.store), epoch);
    epoch = tokens_epoch(f.store);
    MUST(store_fixture_write(&f, delete_token, (void *)"admin", &err));
    cr_expect_gt(tokens_epoch(f.store), epoch);
    MUST_FAIL(store_fixture_write(&f, delete_token, (void *)"admin", &err), ERR_NOT_FOUND,
              "\"admin\"");
}
