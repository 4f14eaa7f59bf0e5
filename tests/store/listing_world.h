/* listing_world.h: a small fleet of seven tables with odd values in it, and every list of it seen
 * through one interface: its rows, the value of each of its fields, and the labels that its
 * selectors are about. The fields are read from the structs that the pages return, so that nothing
 * of the SQL is believed. */
#ifndef DOGSHORE_TESTS_STORE_LISTING_WORLD_H
#define DOGSHORE_TESTS_STORE_LISTING_WORLD_H

#include "base/map.h"
#include "base/rng.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/tokens.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

enum { WORLD_DEPLOYMENTS = 40, WORLD_NODES = WORLD_DEPLOYMENTS, WORLD_ROWS_MAX = 100000 };

static struct store_fixture f;
static struct rng rng;
static struct deployment fleet[WORLD_DEPLOYMENTS];
static struct node hosts[WORLD_NODES];

/* ---- values: few, so that conditions meet some, and those that a text could stumble over ---- */

static const char *const world_texts[] = {"",         "web",          "WEB-1", "a%b",
                                          "a_b",      "a\\b",         "it's",  "\"q\"",
                                          "x OR 1=1", "\xc3\x84rger", "~",     "b"};
enum { WORLD_TEXTS = sizeof world_texts / sizeof world_texts[0] };
static const int64_t world_times[] = {0, 1, 1769851613589, 1769851613590, 1800000000000};
enum { WORLD_TIMES = sizeof world_times / sizeof world_times[0] };

static int64_t some(int64_t below)
{
    return (int64_t)rng_below(&rng, (uint64_t)below);
}

static const char *some_text(void)
{
    const char *text = world_texts[some(WORLD_TEXTS)];
    return *text == '\0' && some(2) == 0 ? NULL : text;
}

static const char *present_text(void)
{
    return world_texts[some(WORLD_TEXTS)];
}

static int64_t some_time(void)
{
    return world_times[some(WORLD_TIMES)];
}

static int some_word(const char *const *words)
{
    int count = 0;
    while (words[count] != NULL)
        count++;
    return (int)some(count);
}

static const char *const world_keys[] = {"team", "tier", "example.com/k"};
static const char *const world_values[] = {"", "ml", "Web", "a.b", "a_b"};

static struct pairs some_labels(void)
{
    struct pairs labels = {.items = ARENA_ARRAY(&f.arena, struct pair, 3)};
    static const size_t sorted[] = {2, 0, 1};
    for (size_t i = 0; i < 3; i++)
        if (some(3) > 0)
            labels.items[labels.count++] =
                (struct pair){world_keys[sorted[i]], world_values[some(5)]};
    return labels;
}

/* ---- the fleet ---- */

static struct deployment some_deployment(int nth)
{
    const char *cluster = nth % 3 == 0 ? "edge" : "default";
    const char *name = arena_printf(&f.arena, "%s-%d", nth % 2 == 0 ? "web" : "api", nth / 2);
    struct deployment made = sample_deployment(&f.arena, cluster, name);
    made.description = some_text();
    made.labels = some_labels();
    made.generation = some(4);
    made.created_at = some_time();
    made.updated_at = some_time();
    made.created_by = some_text();
    made.updated_by = some_text();
    made.lifecycle = some_word(deployment_lifecycle_words);
    made.spec.replicas = some(5);
    made.spec.paused = some(2) == 0;
    made.spec.strategy.type = some_word(strategy_type_words);
    made.spec.template.resources = (struct resources){some(3) * 250, some(3) * 128, some(3)};
    made.status.state = some_word(deployment_state_words);
    made.status.message = some_text();
    made.status.halted_reason = some_text();
    made.status.version = some_text();
    made.status.revision = some(4);
    made.status.stable_revision = some(4);
    made.status.observed_generation = some(4);
    made.status.desired = some(5);
    made.status.updated = some(5);
    made.status.ready = some(5);
    made.status.available = some(5);
    made.status.total = some(5);
    made.status.rollout_id = some(3);
    made.status.rollout_state = some_word(rollout_state_words);
    return made;
}

static struct replica some_replica(const struct deployment *deployment, int64_t number)
{
    struct replica made = sample_replica(&f.arena, deployment, number);
    made.revision = some(4);
    made.node = some(3) == 0 ? NULL : arena_printf(&f.arena, "n%lld", (long long)some(3));
    made.wanted = some_word(replica_wanted_words);
    made.phase = some_word(replica_phase_words);
    made.ready = some(2) == 0;
    made.available = some(2) == 0;
    made.attempt = some(4);
    made.restarts = some(4);
    made.address = some_text();
    made.pid = some(4);
    made.reason = some_text();
    made.created_at = some_time();
    made.started_at = some_time();
    made.ended_at = some_time();
    made.resources = (struct resources){some(3) * 250, some(3) * 128, some(3)};
    return made;
}

static struct revision some_revision(const struct deployment *deployment, int64_t number)
{
    struct revision made = sample_revision(&f.arena, deployment, number);
    made.version = some_text();
    made.created_at = some_time();
    made.created_by = some_text();
    made.change_cause = some_text();
    made.source = some_word(revision_source_words);
    made.copy_of = some(3);
    made.outcome = some_word(revision_outcome_words);
    made.proven = made.outcome == OUTCOME_STABLE || some(3) == 0;
    made.pinned = some(2) == 0;
    return made;
}

static struct rollout some_rollout(int64_t id)
{
    struct rollout made = sample_rollout(id);
    made.from_revision = some(3);
    made.to_revision = some(3);
    made.rollback_revision = some(3);
    made.strategy = some_word(strategy_type_words);
    made.state = some_word(rollout_state_words);
    made.reason = some_text();
    made.message = some_text();
    made.direct = some(2) == 0;
    made.failed_replica = some_text();
    made.started_at = some_time();
    made.finished_at = some_time();
    return made;
}

static struct node some_node(int nth)
{
    struct node made = sample_node(nth % 3 == 0 ? "edge" : "default",
                                   arena_printf(&f.arena, "%s%d", nth % 2 == 0 ? "n" : "gpu", nth));
    made.labels = some_labels();
    made.state = some_word(node_state_words);
    made.state_reason = some_text();
    made.schedulable = some(2) == 0;
    made.draining = some(2) == 0;
    made.agent_version = some_text();
    made.boot_id = some_text();
    made.address = some_text();
    made.registered_at = some_time();
    made.capacity = (struct resources){some(3) * 250, some(3) * 128, some(3)};
    return made;
}

static enum err_code write_deployment(struct store_tx *tx, struct deployment *deployment, int nth,
                                      struct err *err)
{
    int64_t index;
    struct event event = {.kind = present_text(),
                          .cluster = deployment->cluster,
                          .name = deployment->name,
                          .uid = deployment->uid,
                          .reason = present_text(),
                          .message = present_text()};
    tx_set_actor(tx, present_text(), some_text());
    TRY(events_add(tx, &event, &deployment->index, err));
    TRY(deployments_insert(tx, deployment, err));
    event.cluster = event.name = event.uid = NULL;
    TRY(events_add(tx, &event, &index, err));
    for (int i = 0; i < 2; i++) {
        struct replica replica = some_replica(deployment, nth * 2 + i + 1);
        TRY(replicas_write(tx, &replica, (struct replica_effects){false, false}, index, err));
        struct rollout rollout = some_rollout(i + 1);
        TRY(rollouts_put(tx, deployment->uid, &rollout, err));
    }
    return ERR_OK;
}

static enum err_code write_others(struct store_tx *tx, int nth, struct err *err)
{
    struct revision revision = some_revision(&fleet[0], nth + 1);
    TRY(revisions_insert(tx, fleet[0].uid, &revision, err));
    hosts[nth] = some_node(nth);
    TRY(nodes_put(tx, &hosts[nth], false, err));
    struct token token = {.id = arena_printf(&f.arena, "t%02d", nth),
                          .name = present_text(),
                          .scope = some_word(token_scope_words),
                          .cluster = some(3) == 0   ? NULL
                                     : nth % 3 == 0 ? "edge"
                                                    : "default",
                          .node = some_text(),
                          .hash = {(uint8_t)nth},
                          .created_at = some_time(),
                          .expires_at = some_time()};
    return tokens_put(tx, &token, err);
}

static enum err_code write_fleet(struct store_tx *tx, void *argument, struct err *err)
{
    (void)argument;
    for (int i = 0; i < WORLD_DEPLOYMENTS; i++) {
        f.time.wall_ms = 1769851613589 + some(3);
        fleet[i] = some_deployment(i);
        TRY(write_deployment(tx, &fleet[i], i, err));
    }
    for (int i = 0; i < WORLD_DEPLOYMENTS; i++)
        TRY(write_others(tx, i, err));
    return ERR_OK;
}

static void world_open(void)
{
    store_fixture_open(&f);
    rng_seed(&rng, 20260131);
    MUST(store_fixture_write(&f, write_fleet, NULL, &err));
}

static void world_close(void)
{
    store_fixture_close(&f);
}

/* ---- the lists ---- */

enum member_kind { MEMBER_TEXT, MEMBER_INTEGER, MEMBER_BOOLEAN, MEMBER_WORD };

struct member {
    const char *name;
    enum member_kind kind;
    size_t offset;
    const char *const *words;
};

struct list_kind {
    const char *name;
    const struct listing *listing;
    const struct member *members;
    size_t item_bytes;
    enum err_code (*read)(const struct page *page, void **items, struct listed *listed,
                          struct err *err);
    const struct pairs *(*labels)(const void *item); /* NULL: it has none */
    const char *key;                                 /* a member that tells its rows apart … */
    const char *second_key;                          /* … with this one; NULL = it does alone */
    const char *searched[3];
};

#define TEXT_MEMBER(type, name, path)                                                              \
    {                                                                                              \
        name, MEMBER_TEXT, offsetof(type, path), NULL                                              \
    }
#define INT_MEMBER(type, name, path)                                                               \
    {                                                                                              \
        name, MEMBER_INTEGER, offsetof(type, path), NULL                                           \
    }
#define BOOL_MEMBER(type, name, path)                                                              \
    {                                                                                              \
        name, MEMBER_BOOLEAN, offsetof(type, path), NULL                                           \
    }
#define WORD_MEMBER(type, name, path, words)                                                       \
    {                                                                                              \
        name, MEMBER_WORD, offsetof(type, path), words                                             \
    }

/* clang-format off */
#define D struct deployment
static const struct member deployment_members[] = {
    TEXT_MEMBER(D, "name", name), TEXT_MEMBER(D, "cluster", cluster), TEXT_MEMBER(D, "uid", uid),
    TEXT_MEMBER(D, "description", description),
    WORD_MEMBER(D, "state", status.state, deployment_state_words),
    TEXT_MEMBER(D, "message", status.message), TEXT_MEMBER(D, "halted", status.halted_reason),
    TEXT_MEMBER(D, "version", status.version), INT_MEMBER(D, "revision", status.revision),
    INT_MEMBER(D, "stable_revision", status.stable_revision),
    INT_MEMBER(D, "generation", generation),
    INT_MEMBER(D, "observed_generation", status.observed_generation),
    INT_MEMBER(D, "index", index), INT_MEMBER(D, "replicas", spec.replicas),
    INT_MEMBER(D, "desired", status.desired), INT_MEMBER(D, "updated", status.updated),
    INT_MEMBER(D, "ready", status.ready), INT_MEMBER(D, "available", status.available),
    INT_MEMBER(D, "total", status.total), BOOL_MEMBER(D, "paused", spec.paused),
    WORD_MEMBER(D, "lifecycle", lifecycle, deployment_lifecycle_words),
    WORD_MEMBER(D, "strategy", spec.strategy.type, strategy_type_words),
    WORD_MEMBER(D, "rollout", status.rollout_state, rollout_state_words),
    INT_MEMBER(D, "created_at", created_at), TEXT_MEMBER(D, "created_by", created_by),
    INT_MEMBER(D, "updated_at", updated_at), TEXT_MEMBER(D, "updated_by", updated_by),
    INT_MEMBER(D, "cpu_millis", spec.template.resources.cpu_millis),
    INT_MEMBER(D, "memory_mib", spec.template.resources.memory_mib),
    INT_MEMBER(D, "gpus", spec.template.resources.gpus),
    TEXT_MEMBER(D, "instance_type", spec.template.instance_type),
    TEXT_MEMBER(D, "image", spec.template.image),
};
#define P struct replica
static const struct member replica_members[] = {
    TEXT_MEMBER(P, "id", id), TEXT_MEMBER(P, "deployment", deployment),
    TEXT_MEMBER(P, "cluster", cluster), INT_MEMBER(P, "revision", revision),
    TEXT_MEMBER(P, "node", node), WORD_MEMBER(P, "wanted", wanted, replica_wanted_words),
    WORD_MEMBER(P, "state", phase, replica_phase_words),
    WORD_MEMBER(P, "presence", phase, replica_presence_words), /* see field_of() */
    BOOL_MEMBER(P, "ready", ready), BOOL_MEMBER(P, "available", available),
    INT_MEMBER(P, "attempt", attempt),
    INT_MEMBER(P, "restarts", restarts), TEXT_MEMBER(P, "address", address),
    INT_MEMBER(P, "pid", pid), TEXT_MEMBER(P, "reason", reason),
    INT_MEMBER(P, "created_at", created_at), INT_MEMBER(P, "started_at", started_at),
    INT_MEMBER(P, "ended_at", ended_at), INT_MEMBER(P, "cpu_millis", resources.cpu_millis),
    INT_MEMBER(P, "memory_mib", resources.memory_mib), INT_MEMBER(P, "gpus", resources.gpus),
};
#define N struct node
static const struct member node_members[] = {
    TEXT_MEMBER(N, "name", name), TEXT_MEMBER(N, "cluster", cluster),
    WORD_MEMBER(N, "state", state, node_state_words), TEXT_MEMBER(N, "reason", state_reason),
    BOOL_MEMBER(N, "schedulable", schedulable), BOOL_MEMBER(N, "draining", draining),
    TEXT_MEMBER(N, "agent_version", agent_version), TEXT_MEMBER(N, "boot_id", boot_id),
    TEXT_MEMBER(N, "address", address), INT_MEMBER(N, "registered_at", registered_at),
    INT_MEMBER(N, "cpu_millis", capacity.cpu_millis),
    INT_MEMBER(N, "memory_mib", capacity.memory_mib), INT_MEMBER(N, "gpus", capacity.gpus),
};
#define E struct event
static const struct member event_members[] = {
    INT_MEMBER(E, "index", index), INT_MEMBER(E, "at", at), TEXT_MEMBER(E, "actor", actor),
    TEXT_MEMBER(E, "request_id", request_id), TEXT_MEMBER(E, "kind", kind),
    TEXT_MEMBER(E, "cluster", cluster), TEXT_MEMBER(E, "name", name),
    TEXT_MEMBER(E, "reason", reason), TEXT_MEMBER(E, "message", message),
};
#define V struct revision
static const struct member revision_members[] = {
    INT_MEMBER(V, "number", number), TEXT_MEMBER(V, "version", version),
    TEXT_MEMBER(V, "template_hash", template_hash), INT_MEMBER(V, "created_at", created_at),
    TEXT_MEMBER(V, "created_by", created_by), TEXT_MEMBER(V, "change_cause", change_cause),
    WORD_MEMBER(V, "source", source, revision_source_words), INT_MEMBER(V, "copy_of", copy_of),
    WORD_MEMBER(V, "outcome", outcome, revision_outcome_words), BOOL_MEMBER(V, "proven", proven),
    BOOL_MEMBER(V, "pinned", pinned),
};
#define O struct rollout_item
static const struct member rollout_members[] = {
    INT_MEMBER(O, "id", rollout.id), TEXT_MEMBER(O, "deployment", deployment),
    TEXT_MEMBER(O, "cluster", cluster), INT_MEMBER(O, "from_revision", rollout.from_revision),
    INT_MEMBER(O, "to_revision", rollout.to_revision),
    INT_MEMBER(O, "rollback_revision", rollout.rollback_revision),
    WORD_MEMBER(O, "strategy", rollout.strategy, strategy_type_words),
    WORD_MEMBER(O, "state", rollout.state, rollout_state_words),
    TEXT_MEMBER(O, "reason", rollout.reason), TEXT_MEMBER(O, "message", rollout.message),
    BOOL_MEMBER(O, "direct", rollout.direct),
    TEXT_MEMBER(O, "failed_replica", rollout.failed_replica),
    INT_MEMBER(O, "started_at", rollout.started_at),
    INT_MEMBER(O, "finished_at", rollout.finished_at),
};
#define T struct token
static const struct member token_members[] = {
    TEXT_MEMBER(T, "id", id), TEXT_MEMBER(T, "name", name),
    WORD_MEMBER(T, "scope", scope, token_scope_words), TEXT_MEMBER(T, "cluster", cluster),
    TEXT_MEMBER(T, "node", node), INT_MEMBER(T, "created_at", created_at),
    INT_MEMBER(T, "expires_at", expires_at),
};
/* clang-format on */

#define READ_LIST(kind, type, call)                                                                \
    static enum err_code read_##kind(const struct page *page, void **items, struct listed *listed, \
                                     struct err *err)                                              \
    {                                                                                              \
        type *rows;                                                                                \
        TRY(call);                                                                                 \
        *items = rows;                                                                             \
        return ERR_OK;                                                                             \
    }
READ_LIST(deployments, D, deployments_page(f.reader, &f.arena, NULL, page, &rows, listed, err))
READ_LIST(replicas, P, replicas_page(f.reader, &f.arena, NULL, NULL, page, &rows, listed, err))
READ_LIST(nodes, N, nodes_page(f.reader, &f.arena, NULL, page, &rows, listed, err))
READ_LIST(events, E, events_page(f.reader, &f.arena, NULL, NULL, -1, page, &rows, listed, err))
READ_LIST(revisions, V, revisions_page(f.reader, &f.arena, fleet[0].uid, page, &rows, listed, err))
READ_LIST(rollouts, O, rollouts_page(f.reader, &f.arena, NULL, NULL, page, &rows, listed, err))
READ_LIST(tokens, T, tokens_page(f.reader, &f.arena, NULL, page, &rows, listed, err))

static const struct pairs *labels_of_uid(const char *uid)
{
    static const struct pairs none;
    for (int i = 0; i < WORLD_DEPLOYMENTS; i++)
        if (text_equal(fleet[i].uid, uid)) return &fleet[i].labels;
    return &none;
}

static const struct pairs *deployment_labels(const void *item)
{
    return &((const struct deployment *)item)->labels;
}

static const struct pairs *replica_labels(const void *item)
{
    return labels_of_uid(((const struct replica *)item)->deployment_uid);
}

static const struct pairs *node_labels(const void *item)
{
    return &((const struct node *)item)->labels;
}

static const struct pairs *event_labels(const void *item)
{
    return labels_of_uid(((const struct event *)item)->uid);
}

static const struct pairs *rollout_labels(const void *item)
{
    const struct rollout_item *rollout = item;
    return labels_of_uid(
        arena_printf(&f.arena, "uid-%s-%s", rollout->cluster, rollout->deployment));
}

static const struct list_kind lists[] = {
    {"deployments",
     &deployment_listing,
     deployment_members,
     sizeof(D),
     read_deployments,
     deployment_labels,
     "uid",
     NULL,
     {"name", "description"}},
    {"replicas",
     &replica_listing,
     replica_members,
     sizeof(P),
     read_replicas,
     replica_labels,
     "id",
     "cluster",
     {"id", "node", "reason"}},
    {"nodes",
     &node_listing,
     node_members,
     sizeof(N),
     read_nodes,
     node_labels,
     "name",
     NULL,
     {"name", "address"}},
    {"events",
     &event_listing,
     event_members,
     sizeof(E),
     read_events,
     event_labels,
     "index",
     NULL,
     {"name", "message"}},
    {"revisions",
     &revision_listing,
     revision_members,
     sizeof(V),
     read_revisions,
     NULL,
     "number",
     NULL,
     {"version", "change_cause"}},
    {"rollouts",
     &rollout_listing,
     rollout_members,
     sizeof(O),
     read_rollouts,
     rollout_labels,
     "deployment",
     "id",
     {"deployment", "reason", "message"}},
    {"tokens",
     &token_listing,
     token_members,
     sizeof(T),
     read_tokens,
     NULL,
     "id",
     NULL,
     {"id", "name"}},
};
enum { LISTS = sizeof lists / sizeof lists[0] };

/* ---- rows and their fields ---- */

static const void *item_at(const struct list_kind *list, const void *items, size_t nth)
{
    return (const char *)items + nth * list->item_bytes;
}

/* What runs nowhere is present, what runs on a node that is gone is lost. */
static const char *presence_of(const struct replica *replica)
{
    if (replica->node == NULL) return replica_presence_words[PRESENCE_PRESENT];
    for (int i = 0; i < WORLD_NODES; i++)
        if (text_equal(hosts[i].name, replica->node))
            return replica_presence_words[presence_of_node_state(hosts[i].state)];
    return replica_presence_words[PRESENCE_LOST];
}

/* Words are texts, absent texts are empty; what has no rollout has no rollout's state. */
static struct filter_value field_of(const struct list_kind *list, const void *item, size_t field)
{
    const struct filter_fields *fields = listing_fields(list->listing);
    const struct member *member = &list->members[field];
    const char *at = (const char *)item + member->offset;
    cr_assert_str_eq(member->name, fields->items[field].name);
    switch (member->kind) {
    case MEMBER_TEXT: {
        const char *text = *(const char *const *)(const void *)at;
        return (struct filter_value){.text = text != NULL ? text : ""};
    }
    case MEMBER_INTEGER:
        return (struct filter_value){.number = *(const int64_t *)(const void *)at};
    case MEMBER_BOOLEAN:
        return (struct filter_value){.number = *(const bool *)(const void *)at ? 1 : 0};
    case MEMBER_WORD:
        break;
    }
    if (text_equal(member->name, "rollout") && ((const D *)item)->status.rollout_id == 0)
        return (struct filter_value){.text = ""};
    if (text_equal(member->name, "presence"))
        return (struct filter_value){.text = presence_of(item)};
    return (struct filter_value){.text = word_of(member->words, *(const int *)(const void *)at)};
}

static struct filter_value named_field(const struct list_kind *list, const void *item,
                                       const char *name)
{
    int field = filter_field_find(listing_fields(list->listing), name);
    cr_assert_geq(field, 0, "%s", name);
    return field_of(list, item, (size_t)field);
}

static void add_value(struct text *text, struct filter_value value)
{
    if (value.text != NULL)
        text_printf(text, "%s/", value.text);
    else
        text_printf(text, "%lld/", (long long)value.number);
}

/* What tells a row from every other one. */
static const char *key_of(const struct list_kind *list, const void *item)
{
    struct text text;
    text_init(&text, &f.arena);
    add_value(&text, named_field(list, item, list->key));
    if (list->second_key != NULL) add_value(&text, named_field(list, item, list->second_key));
    return text_string(&text);
}

static struct page whole_list(void)
{
    return (struct page){.sort = SORT_OWN, .limit = WORLD_ROWS_MAX};
}

static const void *read_list(const struct list_kind *list, const struct page *page,
                             struct listed *listed)
{
    void *items = NULL;
    MUST(list->read(page, &items, listed, &err));
    return items;
}

#endif
