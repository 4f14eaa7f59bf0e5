/* Which labels there are, and how many carry each. */
#include "store/label_counts.h"

#include "support/store_check.h"
#include "support/store_fixture.h"

static struct store_fixture f;

static void carrying(const char *cluster, const char *name, struct pair *pairs, size_t count)
{
    struct deployment deployment = sample_deployment(&f.arena, cluster, name);
    deployment.labels = (struct pairs){pairs, count};
    MUST(store_fixture_write(&f, sample_insert, &deployment, &err));
}

static void setup(void)
{
    store_fixture_open(&f);
    carrying("default", "a", (struct pair[]){{"team", "ml"}, {"tier", ""}}, 2);
    carrying("default", "b", (struct pair[]){{"team", "web"}}, 1);
    carrying("default", "c", (struct pair[]){{"team", "ml"}, {"zone", "a"}}, 2);
    carrying("gpu", "a", (struct pair[]){{"team", "ai"}, {"gpu", "a100"}}, 2);
}

static void teardown(void)
{
    store_fixture_close(&f);
}

TestSuite(label_counts, .init = setup, .fini = teardown);

/* "team:3/2=ml*2,web*1": key, deployments, values, then those shown. */
static const char *counted(struct label_query query)
{
    struct label_keys keys;
    struct text text;
    bool more;
    if (query.limit == 0) query.limit = 10;
    MUST(label_counts_read(f.reader, &f.arena, &query, &keys, &more, &err));
    text_init(&text, &f.arena);
    for (size_t i = 0; i < keys.count; i++) {
        const struct label_key *key = &keys.items[i];
        text_printf(&text, "%s%s:%lld/%lld=", i > 0 ? " " : "", key->key,
                    (long long)key->deployments, (long long)key->value_count);
        for (size_t j = 0; j < key->values.count; j++)
            text_printf(&text, "%s%s*%lld", j > 0 ? "," : "", key->values.items[j].value,
                        (long long)key->values.items[j].deployments);
    }
    if (more) text_add(&text, " +");
    return text_string(&text);
}

#define QUERY(...) counted((struct label_query){__VA_ARGS__})

Test(label_counts, keys_have_their_values_and_how_many_carry_them)
{
    SAME_TEXT(QUERY(.key = NULL), "gpu:1/1=a100*1 team:4/3=ai*1,ml*2,web*1 tier:1/1=*1 "
                                  "zone:1/1=a*1");
    SAME_TEXT(QUERY(.cluster = "gpu"), "gpu:1/1=a100*1 team:1/1=ai*1");
    SAME_TEXT(QUERY(.cluster = "none"), "");
}

Test(label_counts, pages_begin_behind_the_last_key)
{
    SAME_TEXT(QUERY(.limit = 2), "gpu:1/1=a100*1 team:4/3=ai*1,ml*2,web*1 +");
    SAME_TEXT(QUERY(.limit = 2, .after = "team"), "tier:1/1=*1 zone:1/1=a*1");
    SAME_TEXT(QUERY(.after = "zone"), "");
}

Test(label_counts, a_prefix_narrows_keys)
{
    SAME_TEXT(QUERY(.prefix = "te"), "team:4/3=ai*1,ml*2,web*1");
    SAME_TEXT(QUERY(.prefix = "t", .limit = 1), "team:4/3=ai*1,ml*2,web*1 +");
    SAME_TEXT(QUERY(.prefix = "t", .after = "team"), "tier:1/1=*1");
    SAME_TEXT(QUERY(.prefix = "x"), "");
    SAME_TEXT(QUERY(.prefix = "%"), "");
}

Test(label_counts, one_key_is_paged_by_its_values)
{
    SAME_TEXT(QUERY(.key = "team", .limit = 2), "team:4/3=ai*1,ml*2 +");
    SAME_TEXT(QUERY(.key = "team", .limit = 2, .after = "ml"), "team:4/3=web*1");
    SAME_TEXT(QUERY(.key = "team", .prefix = "m"), "team:4/3=ml*2");
    SAME_TEXT(QUERY(.key = "team", .cluster = "default"), "team:3/2=ml*2,web*1");
    SAME_TEXT(QUERY(.key = "tier", .limit = 1), "tier:1/1=*1");
    SAME_TEXT(QUERY(.key = "none"), "");
}

Test(label_counts, a_list_of_keys_shows_the_first_values_and_counts_all)
{
    for (int i = 0; i < LABEL_VALUES_SHOWN + 5; i++) {
        struct pair pair = {"id", arena_printf(&f.arena, "%02d", i)};
        carrying("edge", arena_printf(&f.arena, "d%d", i), &pair, 1);
    }
    struct label_query query = {.cluster = "edge", .limit = 10};
    struct label_keys keys;
    bool more;
    MUST(label_counts_read(f.reader, &f.arena, &query, &keys, &more, &err));
    cr_assert_eq(keys.count, 1);
    SAME_INT(keys.items[0].value_count, LABEL_VALUES_SHOWN + 5);
    SAME_INT(keys.items[0].deployments, LABEL_VALUES_SHOWN + 5);
    SAME_INT(keys.items[0].values.count, LABEL_VALUES_SHOWN);
    SAME_TEXT(keys.items[0].values.items[0].value, "00");
}
