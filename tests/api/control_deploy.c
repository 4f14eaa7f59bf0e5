/* Orders on deployments: create, apply, scale, delete. */
#include "base/limits.h"
#include "base/text.h"
#include "store/deployments.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "support/control_world.h"

#include <criterion/criterion.h>

static struct control_world world;

static void open_world(void)
{
    world_open(&world);
}

static void close_world(void)
{
    world_close(&world);
}

TestSuite(control_deploy, .init = open_world, .fini = close_world);

/* ---- orders ---- */

enum order_kind { CREATE, APPLY, SCALE, DELETE };

struct ordering {
    enum order_kind kind;
    const struct deployment_document *document;
    struct precondition precondition;
    const char *name;
    int64_t replicas;
    struct change change;
};

static enum err_code give(struct control_world *w, struct store_tx *tx, void *argument,
                          struct err *err)
{
    struct ordering *o = argument;
    switch (o->kind) {
    case CREATE:
        return control_create(w->control, tx, &w->arena, o->document, &o->change, err);
    case APPLY:
        return control_apply(w->control, tx, &w->arena, o->document, &o->precondition, &o->change,
                             err);
    case SCALE:
        return control_scale(w->control, tx, &w->arena, "default", o->name, o->replicas,
                             &o->precondition, &o->change, err);
    case DELETE:
        return control_delete(w->control, tx, &w->arena, "default", o->name, &o->precondition,
                              &o->change, err);
    }
    return ERR_INTERNAL;
}

static void expect_refusal(struct ordering *ordering, enum err_code code, const char *words)
{
    int64_t before = world_newest_index(&world);
    world_forget_dirty(&world);
    cr_assert_eq(world_run(&world, give, ordering), code, "%s", world.err.detail);
    cr_assert_not_null(strstr(world.err.detail, words), "'%s' lacks '%s'", world.err.detail, words);
    cr_assert_eq(world_newest_index(&world), before, "something was written");
    cr_assert_eq(world.dirty_count, 0);
}

static struct change expect_change(struct ordering *ordering)
{
    world_forget_dirty(&world);
    cr_assert_eq(world_run(&world, give, ordering), ERR_OK, "%s", world.err.detail);
    cr_assert(ordering->change.changed);
    cr_assert(world_is_dirty(&world, ordering->change.deployment.uid));
    return ordering->change;
}

static void expect_no_change(struct ordering *ordering)
{
    int64_t before = world_newest_index(&world);
    world_forget_dirty(&world);
    cr_assert_eq(world_run(&world, give, ordering), ERR_OK, "%s", world.err.detail);
    cr_assert_not(ordering->change.changed);
    cr_assert_eq(ordering->change.rollout_id, 0);
    cr_assert_eq(world_newest_index(&world), before, "something was written");
    cr_assert_eq(world.dirty_count, 0);
}

static struct change apply(const struct deployment_document *document)
{
    return expect_change(&(struct ordering){.kind = APPLY, .document = document});
}

/* ---- rows ---- */

static struct revision revision(const char *uid, int64_t number)
{
    struct revision row;
    struct err err;
    cr_assert_eq(revisions_get(world_look(&world), &world.arena, uid, number, &row, &err), ERR_OK);
    return row;
}

static struct rollout rollout(const char *uid, int64_t id)
{
    struct rollout row;
    struct err err;
    cr_assert_eq(rollouts_get(world_look(&world), &world.arena, uid, id, &row, &err), ERR_OK);
    return row;
}

static struct revision_set *sets(const char *uid, size_t *count)
{
    struct revision_set *rows;
    struct err err;
    cr_assert_eq(revision_sets_list(world_look(&world), &world.arena, uid, &rows, count, &err),
                 ERR_OK);
    return rows;
}

static enum err_code finish_rollout(struct control_world *w, struct store_tx *tx, void *argument,
                                    struct err *err)
{
    struct deployment *web = argument;
    struct rollout row = rollout(web->uid, web->status.rollout_id);
    row.state = ROLLOUT_SUCCEEDED;
    row.finished_at = tx_wall_ms(tx);
    web->status.rollout_state = ROLLOUT_SUCCEEDED;
    web->status.stable_revision = web->status.revision;
    web->status.state = DEPLOYMENT_RUNNING;
    web->index = tx_next_index(tx);
    (void)w;
    TRY(rollouts_put(tx, web->uid, &row, err));
    TRY(revisions_set_outcome(tx, web->uid, web->status.revision, OUTCOME_STABLE, err));
    return deployments_update_status(tx, web, err);
}

/* As if a pass had proven the current revision. */
static void prove(void)
{
    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(world_run(&world, finish_rollout, &web), ERR_OK, "%s", world.err.detail);
}

/* ---- create ---- */

Test(control_deploy, creating_writes_revision_size_rollout_and_events)
{
    struct ordering order = {.kind = CREATE, .document = world_web(&world, "1", 3)};
    struct change change = expect_change(&order);
    cr_assert(change.created);
    cr_assert_eq(change.rollout_id, 1);
    cr_assert_str_eq(world_story(&world, 0), "deployment.created rollout.started");

    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(strlen(web.uid), 26);
    cr_assert_eq(web.generation, 1);
    cr_assert_eq(web.index, world_newest_index(&world));
    cr_assert_eq(web.endpoints_index, web.index);
    cr_assert_eq(web.spec.replicas, 3);
    cr_assert_eq(web.scaled_to, 0);
    cr_assert_eq(web.next_revision, 2);
    cr_assert_eq(web.next_rollout, 2);
    cr_assert_eq(web.status.state, DEPLOYMENT_PENDING);
    cr_assert_str_eq(web.status.message, "waiting for the scheduler");
    cr_assert_eq(web.status.observed_generation, 0);
    cr_assert_eq(web.status.revision, 1);
    cr_assert_eq(web.status.stable_revision, 0);
    cr_assert_eq(web.status.rollout_id, 1);
    cr_assert_str_eq(web.status.version, "1");
    cr_assert_str_eq(web.created_by, "admin");

    struct revision first = revision(web.uid, 1);
    cr_assert_eq(first.source, SOURCE_CREATE);
    cr_assert_eq(first.outcome, OUTCOME_ACTIVE);
    cr_assert_str_eq(first.template_hash, web.template_hash);
    cr_assert_str_eq(first.created_by, "admin");

    size_t count;
    struct revision_set *set = sets(web.uid, &count);
    cr_assert_eq(count, 1);
    cr_assert_str_eq(set->template_hash, web.template_hash);
    cr_assert_eq(set->wanted, 0, "sizes are the planner's");
    cr_assert_eq(set->revision, 1);

    struct rollout started = rollout(web.uid, 1);
    cr_assert_eq(started.state, ROLLOUT_PROGRESSING);
    cr_assert_eq(started.from_revision, 0);
    cr_assert_eq(started.to_revision, 1);
    cr_assert_eq(started.deadline_at_ms, 0, "the first pass starts the clock");
}

Test(control_deploy, events_name_who_did_it_and_to_what)
{
    struct change change = world_apply(&world, world_web(&world, "1", 3));
    const struct event *event = world_event(&world, 0, "deployment", "created");
    cr_assert_str_eq(event->actor, "admin");
    cr_assert_str_eq(event->request_id, "request-1");
    cr_assert_str_eq(event->uid, change.deployment.uid);
    cr_assert_str_eq(event->name, "web");
    cr_assert_str_eq(event->cluster, "default");
    cr_assert_str_eq(event->message, "created with 3 replicas of version 1");
    cr_assert_str_eq(event->data, "{\"replicas\":3}");
}

Test(control_deploy, without_replicas_one_is_created)
{
    struct change change = world_apply(
        &world, world_document(&world, "{\"name\": \"solo\", \"spec\": {\"template\": "
                                       "{\"version\": \"1\", \"command\": [\"./serve\"]}}}"));
    cr_assert_eq(change.deployment.spec.replicas, 1);
    cr_assert_eq(world_deployment(&world, "solo").spec.replicas, 1);
}

Test(control_deploy, a_taken_name_is_refused)
{
    world_apply(&world, world_web(&world, "1", 3));
    struct ordering again = {.kind = CREATE, .document = world_web(&world, "2", 3)};
    expect_refusal(&again, ERR_ALREADY_EXISTS, "deployment web exists in cluster default");
}

Test(control_deploy, a_cluster_exists_once_a_node_is_in_it)
{
    static const char elsewhere[] =
        "{\"name\": \"web\", \"cluster\": \"edge\", \"spec\": "
        "{\"template\": {\"version\": \"1\", \"command\": [\"./serve\"]}}}";
    struct ordering order = {.kind = CREATE, .document = world_document(&world, elsewhere)};
    expect_refusal(&order, ERR_UNKNOWN_CLUSTER, "edge");
    struct ordering put = {.kind = APPLY, .document = world_document(&world, elsewhere)};
    expect_refusal(&put, ERR_UNKNOWN_CLUSTER, "edge");
}

Test(control_deploy, a_failing_order_leaves_nothing)
{
    struct ordering order = {.kind = CREATE, .document = world_web(&world, "1", 3)};
    int64_t before = world_newest_index(&world);
    world_run_and_fail(&world, give, &order);
    cr_assert_eq(world_newest_index(&world), before);
    cr_assert_eq(world.dirty_count, 0);
    struct deployment web;
    cr_assert_eq(deployments_get(world_look(&world), &world.arena, "default", "web", &web, NULL),
                 ERR_NOT_FOUND);
}

/* ---- apply ---- */

Test(control_deploy, the_same_document_again_writes_nothing)
{
    struct change first = apply(world_web(&world, "1", 3));
    cr_assert(first.created);
    struct ordering again = {.kind = APPLY, .document = world_web(&world, "1", 3)};
    expect_no_change(&again);
    cr_assert_not(again.change.created);
    cr_assert_str_eq(again.change.deployment.uid, first.deployment.uid);
    cr_assert_eq(again.change.deployment.index, first.deployment.index);
}

static const char web_without_replicas[] =
    "{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"./serve\"], "
    "\"resources\": {\"cpu_millis\": 100, \"memory_mib\": 64}}}}";

Test(control_deploy, absent_replicas_keep_what_a_scale_made)
{
    apply(world_web(&world, "1", 3));
    expect_change(&(struct ordering){.kind = SCALE, .name = "web", .replicas = 9});
    struct ordering nightly = {.kind = APPLY,
                               .document = world_document(&world, web_without_replicas)};
    expect_no_change(&nightly);
    cr_assert_eq(nightly.change.deployment.spec.replicas, 9);
}

Test(control_deploy, labels_alone_make_no_revision)
{
    apply(world_web(&world, "1", 3));
    int64_t before = world_newest_index(&world);
    struct change change = apply(world_document(
        &world, "{\"name\": \"web\", \"labels\": {\"team\": \"ml\"}, \"spec\": {\"template\": "
                "{\"version\": \"1\", \"command\": [\"./serve\"], \"resources\": "
                "{\"cpu_millis\": 100, \"memory_mib\": 64}}}}"));
    cr_assert_eq(change.rollout_id, 0);
    cr_assert_eq(change.deployment.generation, 2);
    cr_assert_str_eq(world_story(&world, before), "deployment.updated");
    cr_assert_str_eq(world_event(&world, before, "deployment", "updated")->data,
                     "{\"generation\":2,\"changed\":[\"labels\"]}");
    struct deployment web = world_deployment(&world, "web");
    cr_assert_str_eq(pairs_get(&web.labels, "team"), "ml");
    cr_assert_eq(web.next_revision, 2);
    cr_assert_eq(web.status.revision, 1);
}

Test(control_deploy, settings_alone_make_no_revision)
{
    apply(world_web(&world, "1", 3));
    int64_t before = world_newest_index(&world);
    struct change change = apply(world_document(
        &world, "{\"name\": \"web\", \"spec\": {\"strategy\": {\"max_surge\": 2}, \"template\": "
                "{\"version\": \"1\", \"command\": [\"./serve\"], \"resources\": "
                "{\"cpu_millis\": 100, \"memory_mib\": 64}}}}"));
    cr_assert_eq(change.rollout_id, 0);
    cr_assert_str_eq(world_story(&world, before), "deployment.updated");
    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(web.spec.strategy.max_surge.value, 2);
    cr_assert_not(web.spec.strategy.max_surge.percent);
    cr_assert_eq(web.spec.replicas, 3, "absent replicas stay");
}

Test(control_deploy, other_replicas_in_a_document_scale)
{
    apply(world_web(&world, "1", 3));
    int64_t before = world_newest_index(&world);
    struct change change = apply(world_web(&world, "1", 5));
    cr_assert_eq(change.rollout_id, 0);
    cr_assert_str_eq(world_story(&world, before), "deployment.scaled");
    cr_assert_str_eq(world_event(&world, before, "deployment", "scaled")->data,
                     "{\"from\":3,\"to\":5}");
    cr_assert_eq(world_deployment(&world, "web").spec.replicas, 5);
    cr_assert_eq(world_deployment(&world, "web").generation, 2);
}

Test(control_deploy, a_new_template_and_size_in_one_document_are_one_generation)
{
    apply(world_web(&world, "1", 3));
    prove();
    int64_t before = world_newest_index(&world);
    struct change change = apply(world_web(&world, "2", 5));
    cr_assert_eq(change.rollout_id, 2);
    cr_assert_eq(change.deployment.generation, 2);
    cr_assert_str_eq(world_story(&world, before),
                     "deployment.updated deployment.scaled rollout.started");
}

Test(control_deploy, a_new_template_starts_a_rollout_from_the_whole_revision)
{
    struct change first = apply(world_web(&world, "1", 3));
    const char *uid = first.deployment.uid;
    prove();
    struct change change = apply(world_web(&world, "2", 3));
    cr_assert_eq(change.rollout_id, 2);
    cr_assert_eq(change.deployment.status.updated, 0);
    cr_assert_not(text_equal(change.deployment.template_hash, first.deployment.template_hash));

    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(web.status.revision, 2);
    cr_assert_eq(web.status.stable_revision, 1);
    cr_assert_str_eq(web.status.version, "2");
    cr_assert_eq(web.status.state, DEPLOYMENT_DEPLOYING);
    cr_assert_str_eq(web.spec.template.version, "2");
    struct rollout next = rollout(uid, 2);
    cr_assert_eq(next.from_revision, 1);
    cr_assert_eq(next.to_revision, 2);
    cr_assert_eq(rollout(uid, 1).state, ROLLOUT_SUCCEEDED, "what had ended stays as it was");
    cr_assert_eq(revision(uid, 1).outcome, OUTCOME_STABLE);
    cr_assert_eq(revision(uid, 2).source, SOURCE_UPDATE);
    size_t count;
    sets(uid, &count);
    cr_assert_eq(count, 2);
}

Test(control_deploy, a_third_template_overtakes_the_second_and_the_first_stays_the_way_back)
{
    const char *uid = apply(world_web(&world, "1", 3)).deployment.uid;
    prove();
    apply(world_web(&world, "2", 3));
    int64_t before = world_newest_index(&world);
    world_advance(&world, 1000);
    apply(world_web(&world, "3", 3));
    cr_assert_str_eq(world_story(&world, before),
                     "deployment.updated rollout.superseded rollout.started");
    struct rollout overtaken = rollout(uid, 2);
    cr_assert_eq(overtaken.state, ROLLOUT_SUPERSEDED);
    cr_assert_str_eq(overtaken.reason, "superseded");
    cr_assert_eq(overtaken.finished_at, world.time.wall_ms);
    cr_assert_str_eq(overtaken.message, "overtaken by revision 3 before it was complete");
    cr_assert_eq(revision(uid, 2).outcome, OUTCOME_SUPERSEDED);
    cr_assert_eq(rollout(uid, 3).from_revision, 1);
    cr_assert_eq(world_deployment(&world, "web").status.stable_revision, 1);
}

/* As if a pass had switched all traffic to the current revision. */
static enum err_code switch_traffic(struct control_world *w, struct store_tx *tx, void *argument,
                                    struct err *err)
{
    struct deployment *web = argument;
    (void)w;
    web->active_hash = web->template_hash;
    web->index = tx_next_index(tx);
    return deployments_update_status(tx, web, err);
}

Test(control_deploy, a_third_template_takes_over_from_what_has_the_traffic)
{
    const char *uid = apply(world_web(&world, "1", 3)).deployment.uid;
    prove();
    apply(world_web(&world, "2", 3));
    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(world_run(&world, switch_traffic, &web), ERR_OK, "%s", world.err.detail);
    apply(world_web(&world, "3", 3));
    cr_assert_eq(rollout(uid, 3).from_revision, 1);
    cr_assert_str_eq(rollout(uid, 3).message,
                     "revision 3 takes over from revision 2, which has the traffic but is not "
                     "proven: the way back is revision 1");
}

Test(control_deploy, going_back_to_the_first_template_in_mid_rollout_reuses_its_set)
{
    const char *uid = apply(world_web(&world, "1", 3)).deployment.uid;
    prove();
    apply(world_web(&world, "2", 3));
    apply(world_web(&world, "1", 3));
    size_t count;
    struct revision_set *rows = sets(uid, &count);
    cr_assert_eq(count, 2);
    const char *hash = world_deployment(&world, "web").template_hash;
    for (size_t i = 0; i < count; i++)
        if (text_equal(rows[i].template_hash, hash)) cr_assert_eq(rows[i].revision, 3);
    cr_assert_eq(revision(uid, 3).copy_of, 0);
}

static enum err_code halt(struct control_world *w, struct store_tx *tx, void *argument,
                          struct err *err)
{
    struct deployment *web = argument;
    struct rollout row = rollout(web->uid, web->status.rollout_id);
    (void)w;
    row.state = ROLLOUT_FAILED;
    web->status.rollout_state = ROLLOUT_FAILED;
    web->status.halted_reason = "progress_deadline";
    web->status.halted_since_at = tx_wall_ms(tx);
    web->faults = 2;
    web->index = tx_next_index(tx);
    TRY(rollouts_put(tx, web->uid, &row, err));
    TRY(revisions_set_outcome(tx, web->uid, row.to_revision, OUTCOME_FAILED, err));
    TRY(deployments_set_faults(tx, web->uid, 2, err));
    return deployments_update_status(tx, web, err);
}

Test(control_deploy, the_next_template_ends_the_halt_and_scaling_does_not)
{
    const char *uid = apply(world_web(&world, "1", 3)).deployment.uid;
    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(world_run(&world, halt, &web), ERR_OK, "%s", world.err.detail);
    apply(world_web(&world, "1", 4));
    cr_assert_str_eq(world_deployment(&world, "web").status.halted_reason, "progress_deadline");
    apply(world_web(&world, "2", 4));
    web = world_deployment(&world, "web");
    cr_assert_null(web.status.halted_reason);
    cr_assert_eq(web.status.halted_since_at, 0);
    cr_assert_eq(web.faults, 0);
    cr_assert_eq(revision(uid, 1).outcome, OUTCOME_FAILED, "it is not superseded afterwards");
    cr_assert_eq(rollout(uid, 2).from_revision, 0, "nothing was proven");
}

/* ---- preconditions ---- */

struct precondition_row {
    struct precondition precondition;
    bool exists;
    bool refused;
    const char *words;
};

static const struct precondition_row precondition_rows[] = {
    {{.create_only = true}, false, false, NULL},
    {{.create_only = true}, true, true, "exists in cluster default and only a creation"},
    {{.match = true, .generation = 1}, true, false, NULL},
    {{.match = true, .generation = 7},
     true,
     true,
     "is at generation 1, the request was made for 7"},
    {{.match = true, .generation = 1}, false, true, "does not exist"},
    {{.match = false}, false, false, NULL},
    {{.match = false}, true, false, NULL},
};

Test(control_deploy, preconditions_hold_or_nothing_is_written)
{
    for (size_t i = 0; i < sizeof(precondition_rows) / sizeof(*precondition_rows); i++) {
        const struct precondition_row *row = &precondition_rows[i];
        if (i > 0) {
            world_close(&world);
            world_open(&world);
        }
        if (row->exists) apply(world_web(&world, "1", 3));
        struct ordering order = {.kind = APPLY,
                                 .document = world_web(&world, "2", 3),
                                 .precondition = row->precondition};
        if (row->refused)
            expect_refusal(&order, ERR_PRECONDITION, row->words);
        else
            expect_change(&order);
    }
}

Test(control_deploy, scale_and_delete_hold_preconditions_too)
{
    apply(world_web(&world, "1", 3));
    struct precondition old = {.match = true, .generation = 9};
    struct ordering scale = {.kind = SCALE, .name = "web", .replicas = 5, .precondition = old};
    expect_refusal(&scale, ERR_PRECONDITION, "generation 1");
    struct ordering end = {.kind = DELETE, .name = "web", .precondition = old};
    expect_refusal(&end, ERR_PRECONDITION, "generation 1");
}

/* ---- scale ---- */

Test(control_deploy, scaling_moves_the_generation_once)
{
    apply(world_web(&world, "1", 3));
    struct ordering order = {.kind = SCALE, .name = "web", .replicas = 0};
    struct change change = expect_change(&order);
    cr_assert_eq(change.deployment.spec.replicas, 0);
    cr_assert_eq(change.deployment.generation, 2);
    cr_assert_eq(change.deployment.scaled_to, 0, "sizes are the planner's");
    cr_assert_str_eq(world_event(&world, 0, "deployment", "scaled")->message,
                     "scaled from 3 to 0 replicas");
    struct ordering again = {.kind = SCALE, .name = "web", .replicas = 0};
    expect_no_change(&again);
}

Test(control_deploy, an_unknown_deployment_is_not_scaled)
{
    struct ordering order = {.kind = SCALE, .name = "nobody", .replicas = 1};
    expect_refusal(&order, ERR_NOT_FOUND, "nobody");
}

/* ---- delete ---- */

Test(control_deploy, deleting_is_ordered_once)
{
    apply(world_web(&world, "1", 3));
    int64_t before = world_newest_index(&world);
    struct ordering order = {.kind = DELETE, .name = "web"};
    struct change change = expect_change(&order);
    cr_assert_eq(change.deployment.lifecycle, LIFECYCLE_DELETING);
    cr_assert_eq(change.deployment.generation, 2);
    cr_assert_eq(world_deployment(&world, "web").status.state, DEPLOYMENT_TERMINATING);
    cr_assert_str_eq(world_story(&world, before), "deployment.deleting");
    struct ordering again = {.kind = DELETE, .name = "web"};
    expect_no_change(&again);
}

Test(control_deploy, what_is_being_deleted_takes_no_other_order)
{
    apply(world_web(&world, "1", 3));
    expect_change(&(struct ordering){.kind = DELETE, .name = "web"});
    struct ordering create = {.kind = CREATE, .document = world_web(&world, "1", 3)};
    expect_refusal(&create, ERR_ALREADY_EXISTS, "still being deleted");
    struct ordering put = {.kind = APPLY, .document = world_web(&world, "1", 3)};
    expect_refusal(&put, ERR_ILLEGAL_STATE, "being deleted");
    struct ordering scale = {.kind = SCALE, .name = "web", .replicas = 5};
    expect_refusal(&scale, ERR_ILLEGAL_STATE, "being deleted");
}

Test(control_deploy, an_unknown_deployment_is_not_deleted)
{
    struct ordering order = {.kind = DELETE, .name = "nobody"};
    expect_refusal(&order, ERR_NOT_FOUND, "nobody");
}

/* ---- the automatic rollback's launch ---- */

struct returning {
    struct deployment deployment;
    struct rollout rollout;
    int64_t rollout_id;
};

static enum err_code turn_back(struct control_world *w, struct store_tx *tx, void *argument,
                               struct err *err)
{
    struct returning *returning = argument;
    struct deployment *web = &returning->deployment;
    struct revision stable;
    struct template template;
    TRY(revisions_get(tx_db(tx), &w->arena, web->uid, web->status.stable_revision, &stable, err));
    TRY(template_parse(&w->arena, stable.template_json, &template, err));
    struct launch launch = {
        .template = &template,
        .template_json = stable.template_json,
        .template_hash = stable.template_hash,
        .source = SOURCE_AUTO_ROLLBACK,
        .copy_of = stable.number,
        .within_rollout = returning->rollout.id,
    };
    web->index = tx_next_index(tx);
    TRY(control_launch(tx, &w->arena, web, &launch, &returning->rollout_id, err));
    return rollouts_put(tx, web->uid, &returning->rollout, err);
}

Test(control_deploy, the_automatic_rollback_stays_in_its_rollout)
{
    const char *uid = apply(world_web(&world, "1", 3)).deployment.uid;
    prove();
    apply(world_web(&world, "2", 3));
    struct returning returning = {.deployment = world_deployment(&world, "web"),
                                  .rollout = rollout(uid, 2)};
    returning.rollout.state = ROLLOUT_ROLLING_BACK;
    returning.rollout.rollback_revision = 3;
    cr_assert_eq(world_run(&world, turn_back, &returning), ERR_OK, "%s", world.err.detail);
    cr_assert_eq(returning.rollout_id, 2);
    struct rollout row = rollout(uid, 2);
    cr_assert_eq(row.state, ROLLOUT_ROLLING_BACK);
    cr_assert_eq(row.rollback_revision, 3);
    struct deployment web = world_deployment(&world, "web");
    cr_assert_eq(web.generation, 3);
    cr_assert_eq(web.status.revision, 3);
    cr_assert_eq(web.status.rollout_id, 2);
    cr_assert_str_eq(web.spec.template.version, "1");
    struct revision back = revision(uid, 3);
    cr_assert_eq(back.source, SOURCE_AUTO_ROLLBACK);
    cr_assert_eq(back.copy_of, 1);
    cr_assert_eq(web.next_rollout, 3, "no rollout number was used");
}
