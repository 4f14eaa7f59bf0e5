#include "store/deployments.h"

#include "store/nodes.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "support/store_check.h"
#include "support/store_fixture.h"
#include "wire/deployment_wire.h"

static struct store_fixture f;

static void setup(void)
{
    store_fixture_open(&f);
}

static void teardown(void)
{
    store_fixture_close(&f);
}

TestSuite(deployments, .init = setup, .fini = teardown);

typedef enum err_code (*writing)(struct store_tx *tx, const struct deployment *deployment,
                                 struct err *err);

struct change {
    writing write;
    const struct deployment *deployment;
};

static enum err_code apply_change(struct store_tx *tx, void *argument, struct err *err)
{
    const struct change *change = argument;
    return change->write(tx, change->deployment, err);
}

static void write_with(writing write, const struct deployment *deployment)
{
    struct change change = {write, deployment};
    MUST(store_fixture_write(&f, apply_change, &change, &err));
}

static struct deployment created(const char *cluster, const char *name)
{
    struct deployment deployment = sample_deployment(&f.arena, cluster, name);
    MUST(store_fixture_write(&f, sample_insert, &deployment, &err));
    return deployment;
}

static struct deployment got(const char *cluster, const char *name)
{
    struct deployment deployment = {.index = 0};
    MUST(deployments_get(f.reader, &f.arena, cluster, name, &deployment, &err));
    return deployment;
}

static const char *template_text(const struct deployment *deployment)
{
    struct text text;
    text_init(&text, &f.arena);
    template_canonical(&text, &deployment->spec.template);
    return text_string(&text);
}

static const char *settings_text(const struct deployment *deployment)
{
    struct text text;
    text_init(&text, &f.arena);
    spec_settings_canonical(&text, &deployment->spec);
    return text_string(&text);
}

static void expect_same_status(const struct deployment *a, const struct deployment *b)
{
    SAME_INT(a->status.state, b->status.state);
    SAME_TEXT(a->status.message, b->status.message);
    SAME_INT(a->status.observed_generation, b->status.observed_generation);
    SAME_INT(a->status.revision, b->status.revision);
    SAME_INT(a->status.stable_revision, b->status.stable_revision);
    SAME_TEXT(a->status.version, b->status.version);
    SAME_TEXT(a->status.halted_reason, b->status.halted_reason);
    SAME_INT(a->status.halted_since_at, b->status.halted_since_at);
    SAME_INT(a->status.desired, b->status.desired);
    SAME_INT(a->status.updated, b->status.updated);
    SAME_INT(a->status.ready, b->status.ready);
    SAME_INT(a->status.available, b->status.available);
    SAME_INT(a->status.total, b->status.total);
    SAME_INT(a->status.rollout_id, b->status.rollout_id);
    SAME_INT(a->status.rollout_state, b->status.rollout_state);
    SAME_INT(a->scaled_to, b->scaled_to);
    SAME_INT(a->scaled_ceiling, b->scaled_ceiling);
}

static void expect_same(const struct deployment *a, const struct deployment *b)
{
    SAME_TEXT(a->uid, b->uid);
    SAME_TEXT(a->cluster, b->cluster);
    SAME_TEXT(a->name, b->name);
    SAME_TEXT(a->description, b->description);
    cr_expect(pairs_equal(&a->labels, &b->labels));
    cr_expect(pairs_equal(&a->annotations, &b->annotations));
    SAME_INT(a->generation, b->generation);
    SAME_INT(a->index, b->index);
    SAME_INT(a->endpoints_index, b->endpoints_index);
    SAME_INT(a->created_at, b->created_at);
    SAME_INT(a->updated_at, b->updated_at);
    SAME_TEXT(a->created_by, b->created_by);
    SAME_TEXT(a->updated_by, b->updated_by);
    SAME_INT(a->lifecycle, b->lifecycle);
    SAME_INT(a->spec.replicas, b->spec.replicas);
    SAME_INT(a->spec.paused, b->spec.paused);
    SAME_TEXT(template_text(a), template_text(b));
    SAME_TEXT(settings_text(a), settings_text(b));
    SAME_TEXT(a->template_hash, b->template_hash);
    SAME_TEXT(a->active_hash, b->active_hash);
    SAME_INT(a->next_revision, b->next_revision);
    SAME_INT(a->next_rollout, b->next_rollout);
    SAME_INT(a->faults, b->faults);
    expect_same_status(a, b);
}

Test(deployments, every_field_survives_a_round_trip)
{
    struct deployment a = sample_deployment(&f.arena, "default", "web");
    a.endpoints_index = 1;
    MUST(store_fixture_write(&f, sample_insert, &a, &err));
    struct deployment b = got("default", "web");
    expect_same(&a, &b);
    struct deployment by_uid;
    MUST(deployments_get_uid(f.reader, &f.arena, a.uid, &by_uid, &err));
    expect_same(&a, &by_uid);
}

Test(deployments, absent_texts_stay_absent)
{
    struct deployment a = sample_deployment(&f.arena, "default", "web");
    a.description = a.created_by = a.updated_by = NULL;
    a.status.message = a.status.version = a.status.halted_reason = NULL;
    a.labels.count = a.annotations.count = 0;
    a.endpoints_index = 1;
    MUST(store_fixture_write(&f, sample_insert, &a, &err));
    struct deployment b = got("default", "web");
    expect_same(&a, &b);
}

Test(deployments, an_update_changes_all_but_identity_and_labels)
{
    struct deployment a = created("default", "web");
    a.description = "changed";
    a.spec.replicas = 9;
    a.spec.paused = false;
    a.spec.template.version = "3";
    a.generation = 5;
    a.lifecycle = LIFECYCLE_DELETING;
    a.faults = 0;
    a.index = a.endpoints_index = 50;
    write_with(deployments_update, &a);
    struct deployment b = got("default", "web");
    expect_same(&a, &b);
}

Test(deployments, a_status_update_leaves_the_spec_alone)
{
    struct deployment before = created("default", "web");
    struct deployment a = before;
    a.status.state = DEPLOYMENT_RUNNING;
    a.status.available = 3;
    a.scaled_to = 9;
    a.index = 60;
    a.spec.replicas = 77;
    write_with(deployments_update_status, &a);
    struct deployment b = got("default", "web");
    expect_same_status(&a, &b);
    SAME_INT(b.index, 60);
    SAME_INT(b.spec.replicas, before.spec.replicas);
}

Test(deployments, writes_to_a_row_that_is_gone_say_so)
{
    struct deployment a = sample_deployment(&f.arena, "default", "web");
    struct change change = {deployments_update, &a};
    MUST_FAIL(store_fixture_write(&f, apply_change, &change, &err), ERR_NOT_FOUND, a.uid);
    change.write = deployments_delete;
    MUST_FAIL(store_fixture_write(&f, apply_change, &change, &err), ERR_NOT_FOUND, a.uid);
}

Test(deployments, a_name_is_taken_once_per_cluster)
{
    created("default", "web");
    created("edge", "web");
    struct deployment twin = sample_deployment(&f.arena, "default", "web");
    twin.uid = "another";
    MUST_FAIL(store_fixture_write(&f, sample_insert, &twin, &err), ERR_ALREADY_EXISTS,
              "\"web\" exists already in cluster \"default\"");
}

Test(deployments, a_change_touches_its_facets_with_its_index)
{
    struct deployment a = created("default", "web");
    cr_expect_eq(store_fixture_published(&f, FACET_DEPLOYMENT, "default/web"), a.index);
    cr_expect_eq(store_fixture_published(&f, FACET_ENDPOINTS, "default/web"), a.index);
    cr_expect_eq(store_fixture_published(&f, FACET_LIST, "deployments"), a.index);
    a.index = 90;
    write_with(deployments_update, &a);
    cr_expect_eq(store_fixture_published(&f, FACET_DEPLOYMENT, "default/web"), 90);
    cr_expect_eq(store_fixture_published(&f, FACET_ENDPOINTS, "default/web"), 0);
}

static enum err_code touch_endpoints(struct store_tx *tx, void *argument, struct err *err)
{
    const struct deployment *deployment = argument;
    return deployments_touch(tx, deployment->uid, deployment->cluster, deployment->name, true, 30,
                             err);
}

static enum err_code write_replica(struct store_tx *tx, void *argument, struct err *err)
{
    struct replica_effects effects = {.endpoints = true, .assignments = true};
    return replicas_write(tx, argument, effects, 40, err);
}

Test(deployments, the_row_carries_the_published_indexes)
{
    struct deployment a = created("default", "web");
    MUST(store_fixture_write(&f, touch_endpoints, &a, &err));
    SAME_INT(got("default", "web").index, 30);
    SAME_INT(got("default", "web").endpoints_index, 30);
    struct replica replica = sample_replica(&f.arena, &a, 1);
    MUST(store_fixture_write(&f, write_replica, &replica, &err));
    SAME_INT(got("default", "web").index, 40);
    SAME_INT(got("default", "web").endpoints_index, 40);
}

Test(deployments, an_unknown_name_is_not_found_by_name)
{
    struct deployment out;
    MUST_FAIL(deployments_get(f.reader, &f.arena, "default", "nope", &out, &err), ERR_NOT_FOUND,
              "\"nope\" in cluster \"default\"");
    MUST_FAIL(deployments_get_uid(f.reader, &f.arena, "nope", &out, &err), ERR_NOT_FOUND, "nope");
}

static enum err_code expire(struct store_tx *tx, void *argument, struct err *err)
{
    (void)argument;
    return tombstones_expire(tx, err);
}

Test(deployments, a_deleted_one_leaves_a_tombstone_for_an_hour)
{
    struct deployment out, a = created("default", "web");
    a.index = 70;
    write_with(deployments_delete, &a);
    cr_expect_eq(store_fixture_published(&f, FACET_DEPLOYMENT, "default/web"), 70);
    MUST_FAIL(deployments_get(f.reader, &f.arena, "default", "web", &out, &err), ERR_NOT_FOUND,
              "was deleted at 2026-01-31T09:26:53.589Z");

    f.time.boot_ms += 3600 * 1000 - 1;
    MUST(store_fixture_write(&f, expire, NULL, &err));
    MUST_FAIL(deployments_get(f.reader, &f.arena, "default", "web", &out, &err), ERR_NOT_FOUND,
              "was deleted at");
    f.time.boot_ms += 1;
    MUST(store_fixture_write(&f, expire, NULL, &err));
    MUST_FAIL(deployments_get(f.reader, &f.arena, "default", "web", &out, &err), ERR_NOT_FOUND,
              "no deployment");
}

Test(deployments, deleting_takes_everything_that_hangs_on_it)
{
    struct deployment a = sample_deployment(&f.arena, "default", "web");
    MUST(store_fixture_write(&f, sample_create, &a, &err));
    struct replica replica = sample_replica(&f.arena, &a, 1);
    MUST(store_fixture_write(&f, write_replica, &replica, &err));
    write_with(deployments_delete, &a);

    struct replica *replicas;
    struct revision *revisions;
    struct revision_set *sets;
    struct rollout *rollouts;
    size_t count;
    MUST(replicas_list(f.reader, &f.arena, a.uid, 0, 10, &replicas, &count, &err));
    cr_expect_eq(count, 0);
    MUST(revisions_list(f.reader, &f.arena, a.uid, 0, 10, &revisions, &count, &err));
    cr_expect_eq(count, 0);
    MUST(revision_sets_list(f.reader, &f.arena, a.uid, &sets, &count, &err));
    cr_expect_eq(count, 0);
    MUST(rollouts_list(f.reader, &f.arena, a.uid, 0, 10, &rollouts, &count, &err));
    cr_expect_eq(count, 0);
    created("default", "web"); /* the name is free again */
}

static const char *rollout_uid;

static enum err_code put_rollout(struct store_tx *tx, void *argument, struct err *err)
{
    return rollouts_put(tx, rollout_uid, argument, err);
}

static enum err_code put_rollout_in_vain(struct store_tx *tx, void *argument, struct err *err)
{
    TRY(put_rollout(tx, argument, err));
    return err_set(err, ERR_CONFLICT, "not this time");
}

static int64_t rollouts_ended(enum rollout_state state)
{
    struct writer_stats stats;
    writer_stats(f.writer, &stats);
    return stats.rollouts_ended[state];
}

Test(deployments, a_rollout_that_ends_is_counted_once)
{
    struct deployment a = created("default", "web");
    struct rollout rollout = sample_rollout(a.next_rollout);
    rollout_uid = a.uid;
    MUST(store_fixture_write(&f, put_rollout, &rollout, &err));
    cr_expect_eq(rollouts_ended(ROLLOUT_ROLLED_BACK), 0, "it still runs");
    rollout.state = ROLLOUT_ROLLED_BACK;
    MUST_FAIL(store_fixture_write(&f, put_rollout_in_vain, &rollout, &err), ERR_CONFLICT, "not");
    cr_expect_eq(rollouts_ended(ROLLOUT_ROLLED_BACK), 0, "what failed did not happen");
    MUST(store_fixture_write(&f, put_rollout, &rollout, &err));
    MUST(store_fixture_write(&f, put_rollout, &rollout, &err));
    cr_expect_eq(rollouts_ended(ROLLOUT_ROLLED_BACK), 1);
    cr_expect_eq(rollouts_ended(ROLLOUT_SUCCEEDED), 0);
}

static enum err_code count_a_fault(struct store_tx *tx, void *argument, struct err *err)
{
    return deployments_set_faults(tx, argument, 2, err);
}

Test(deployments, faults_are_counted_apart_from_everything_else)
{
    struct deployment a = created("default", "web");
    MUST(store_fixture_write(&f, count_a_fault, (void *)a.uid, &err));
    SAME_INT(got("default", "web").faults, 2);
    SAME_INT(got("default", "web").index, a.index);
}

/* ---- lists ---- */

static void label(struct deployment *deployment, const char *key, const char *value)
{
    struct pair *pairs = ARENA_ARRAY(&f.arena, struct pair, 2);
    pairs[0] = (struct pair){"app", "shop"};
    pairs[1] = (struct pair){key, value};
    deployment->labels = (struct pairs){pairs, 2};
    write_with(deployments_set_labels, deployment);
}

/* "a b c": the names of a page. */
static const char *listed(const char *cluster, const struct page *page)
{
    struct deployment *items;
    struct listed found;
    struct text text;
    text_init(&text, &f.arena);
    MUST(deployments_page(f.reader, &f.arena, cluster, page, &items, &found, &err));
    for (size_t i = 0; i < found.count; i++)
        text_printf(&text, "%s%s/%s", i == 0 ? "" : " ", items[i].cluster, items[i].name);
    return text_string(&text);
}

/* `after`: a name in cluster default. */
static const char *selected(const char *cluster, const char *selector_text, const char *after)
{
    struct selector selector;
    MUST(selector_parse(&f.arena, selector_text, &selector, &err));
    struct position position = {.parts = {{.text = "default"}, {.text = after}}, .count = 2};
    struct page page = {.filter = filter_of_selector(&f.arena, &selector),
                        .sort = SORT_OWN,
                        .after = after == NULL ? NULL : &position,
                        .limit = 10};
    return listed(cluster, &page);
}

static void make_shop(void)
{
    static const char *const names[] = {"d", "b", "a", "c"};
    for (size_t i = 0; i < 4; i++) {
        struct deployment deployment = created("default", names[i]);
        label(&deployment, "team", i % 2 == 0 ? "ml" : "web");
    }
    struct deployment edge = created("edge", "a");
    label(&edge, "team", "ml");
}

Test(deployments, a_list_is_ordered_by_cluster_and_name_and_pages_by_key)
{
    make_shop();
    struct position position = {.parts = {{.text = "default"}, {.text = "c"}}, .count = 2};
    struct page page = {.sort = SORT_OWN, .limit = 3};
    SAME_TEXT(listed(NULL, &page), "default/a default/b default/c");
    page.after = &position;
    SAME_TEXT(listed(NULL, &page), "default/d edge/a");
    SAME_TEXT(listed("default", &page), "default/d");
    int64_t count;
    MUST(deployments_count(f.reader, &count, &err));
    SAME_INT(count, 5);
    struct strings uids;
    MUST(deployments_uids(f.reader, &f.arena, &uids, &err));
    SAME_INT(uids.count, 5);
}

Test(deployments, selectors_choose_by_label)
{
    make_shop();
    SAME_TEXT(selected(NULL, "team=ml", NULL), "default/a default/d edge/a");
    SAME_TEXT(selected("default", "team=ml", NULL), "default/a default/d");
    SAME_TEXT(selected("default", "team=ml", "a"), "default/d");
    SAME_TEXT(selected(NULL, "team=ml", "a"), "default/d edge/a");
    SAME_TEXT(selected(NULL, "team==web,app=shop", NULL), "default/b default/c");
    SAME_TEXT(selected(NULL, "team=web,app=bar", NULL), "");
    SAME_TEXT(selected("default", "team!=ml", NULL), "default/b default/c");
    SAME_TEXT(selected("default", "team in (ml,web),app", "b"), "default/c default/d");
    SAME_TEXT(selected("default", "!team", NULL), "");
    SAME_TEXT(selected("edge", "", NULL), "edge/a");
}

enum { MANY = 1100 };

static enum err_code insert_many(struct store_tx *tx, void *argument, struct err *err)
{
    static struct pair rare[] = {{"app", "shop"}, {"tier", "gold"}};
    struct deployment deployment = *(struct deployment *)argument;
    for (int i = 0; i < MANY; i++) {
        deployment.uid = arena_printf(tx_arena(tx), "uid-%05d", i);
        deployment.name = arena_printf(tx_arena(tx), "web-%05d", (i * 7919) % MANY);
        deployment.labels = (struct pairs){rare, i % 100 == 0 ? 2 : 1};
        TRY(deployments_insert(tx, &deployment, err));
    }
    return ERR_OK;
}

Test(deployments, a_label_that_many_carry_lists_like_one_that_few_carry)
{
    struct deployment pattern = sample_deployment(&f.arena, "default", "web");
    pattern.index = 1;
    MUST(store_fixture_write(&f, insert_many, &pattern, &err));
    SAME_TEXT(selected(NULL, "app=shop", "web-01097"), "default/web-01098 default/web-01099");
    const char *gold = selected("default", "tier=gold", NULL);
    SAME_TEXT(selected(NULL, "tier=gold", NULL), gold);
    SAME_TEXT(selected(NULL, "app=shop,tier=gold", NULL), gold);
    SAME_TEXT(selected(NULL, "app=shop,tier in (gold,silver)", NULL), gold);
    SAME_TEXT(selected(NULL, "tier", NULL), gold);
    cr_expect_eq(strlen(gold), 10 * strlen("default/web-00000 ") - 1, "%s", gold);
}

Test(deployments, labels_that_went_are_no_longer_found)
{
    struct deployment deployment = created("default", "web");
    label(&deployment, "team", "ml");
    label(&deployment, "team", "web");
    SAME_TEXT(selected(NULL, "team=ml", NULL), "");
    SAME_TEXT(selected(NULL, "team=web", NULL), "default/web");
    struct deployment b = got("default", "web");
    cr_expect(pairs_equal(&b.labels, &deployment.labels));
}
