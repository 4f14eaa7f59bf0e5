/* Each node has its samples in a map by id and in a list by age of telling:
 *
 *   live ─ nodes ─► live_node ─ by_id ─► told
 *                             └ oldest ─► told ⇄ told ⇄ … ◄─ newest
 *
 * `lock` guards the nodes, a node's own lock its samples; the node's is taken inside the other. */
#include "scheduler/live.h"

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "scheduler/answer_ring.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* One block: the strings of the sample follow it. */
struct told {
    struct list_link in_node;
    int64_t arrived_ms;
    int64_t judged_ms[PROBE_KINDS]; /* when its state was told: with the sample, or later */
    bool sampled;                   /* false: of its attempt there are verdicts alone */
    struct answer_ring *answers[PROBE_KINDS];
    struct replica_sample sample;
    char text[];
};

struct live_node {
    pthread_mutex_t lock;
    struct map by_id;
    struct list told; /* the oldest first */
};

struct live {
    pthread_rwlock_t lock;
    struct map nodes;
};

/* ---- one sample ---- */

static size_t text_bytes(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *pack(char **free_bytes, const char *text)
{
    char *copy = *free_bytes;
    if (!text) return NULL;
    memcpy(copy, text, text_bytes(text));
    *free_bytes += text_bytes(text);
    return copy;
}

static void told_free(struct told *told)
{
    if (told == NULL) return;
    for (size_t i = 0; i < PROBE_KINDS; i++)
        answer_ring_free(told->answers[i]);
    free(told);
}

static struct told *told_new(const struct replica_sample *sample, int64_t now_ms)
{
    size_t bytes = text_bytes(sample->id);
    for (size_t i = 0; i < PROBE_KINDS; i++)
        bytes += text_bytes(sample->probes[i].last_reason);
    struct told *told = xmalloc(sizeof *told + bytes);
    *told = (struct told){.arrived_ms = now_ms, .sampled = true, .sample = *sample};
    for (size_t i = 0; i < PROBE_KINDS; i++)
        told->judged_ms[i] = now_ms;
    char *text = told->text;
    told->sample.id = pack(&text, sample->id);
    for (size_t i = 0; i < PROBE_KINDS; i++)
        told->sample.probes[i].last_reason = pack(&text, sample->probes[i].last_reason);
    return told;
}

/* Has the probe answered since the sample before? */
static bool is_new(const struct told *told, const struct told *before, size_t kind)
{
    if (before == NULL || before->sample.attempt != told->sample.attempt) return true;
    return before->sample.probes[kind].checks != told->sample.probes[kind].checks;
}

/* The answers of the sample before, which ends as an empty one, and those of this one. */
static void take_answers(struct told *told, struct told *before)
{
    for (size_t i = 0; i < PROBE_KINDS; i++) {
        const struct probe_sample *probe = &told->sample.probes[i];
        if (before != NULL) told->answers[i] = before->answers[i];
        if (before != NULL) before->answers[i] = NULL;
        if (!probe->present || probe->checks == 0 || !is_new(told, before, i)) continue;
        told->answers[i] =
            answer_ring_add(told->answers[i], probe->last_ok, probe->last_duration_us,
                            told->arrived_ms - probe->last_age_ms);
    }
}

/* ---- one node; its lock is held ---- */

static void put(struct live_node *node, struct told *told)
{
    struct told *before = map_put(&node->by_id, told->sample.id, told);
    if (before) list_remove(&node->told, &before->in_node);
    take_answers(told, before);
    told_free(before);
    list_append(&node->told, &told->in_node);
}

static void drop(struct live_node *node, struct told *told)
{
    map_remove(&node->by_id, told->sample.id);
    list_remove(&node->told, &told->in_node);
    told_free(told);
}

static void make_room(struct live_node *node, size_t most)
{
    while (node->by_id.count > most)
        drop(node, CONTAINER_OF(node->told.first, struct told, in_node));
}

/* ---- nodes ---- */

static struct live_node *node_new(void)
{
    struct live_node *node = xcalloc(1, sizeof *node);
    pthread_mutex_init(&node->lock, NULL);
    map_init(&node->by_id);
    return node;
}

static void node_free(struct live_node *node)
{
    make_room(node, 0);
    map_release(&node->by_id);
    pthread_mutex_destroy(&node->lock);
    free(node);
}

void live_open(struct live **live)
{
    struct live *made = xcalloc(1, sizeof *made);
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&made->lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    map_init(&made->nodes);
    *live = made;
}

void live_close(struct live *live)
{
    if (!live) return;
    size_t position = 0;
    void *value;
    while (map_next(&live->nodes, &position, NULL, &value))
        node_free(value);
    map_release(&live->nodes);
    pthread_rwlock_destroy(&live->lock);
    free(live);
}

void live_add_node(struct live *live, const char *name)
{
    pthread_rwlock_wrlock(&live->lock);
    if (!map_get(&live->nodes, name)) map_put(&live->nodes, name, node_new());
    pthread_rwlock_unlock(&live->lock);
}

void live_remove_node(struct live *live, const char *name)
{
    pthread_rwlock_wrlock(&live->lock);
    struct live_node *node = map_remove(&live->nodes, name);
    pthread_rwlock_unlock(&live->lock);
    if (node) node_free(node);
}

/* NULL, or the node with its lock held until give_back(). */
static struct live_node *take(struct live *live, const char *name)
{
    pthread_rwlock_rdlock(&live->lock);
    struct live_node *node = map_get(&live->nodes, name);
    if (node) pthread_mutex_lock(&node->lock);
    if (!node) pthread_rwlock_unlock(&live->lock);
    return node;
}

static void give_back(struct live *live, struct live_node *node)
{
    pthread_mutex_unlock(&node->lock);
    pthread_rwlock_unlock(&live->lock);
}

/* ---- telling and looking ---- */

void live_tell(struct live *live, const char *name, int64_t replicas,
               const struct replica_sample *samples, size_t count, int64_t now_ms)
{
    struct live_node *node = take(live, name);
    size_t most = (size_t)replicas + LIVE_SPARE;
    if (!node) return;
    for (size_t i = 0; i < count; i++) {
        put(node, told_new(&samples[i], now_ms));
        make_room(node, most);
    }
    make_room(node, most);
    give_back(live, node);
}

/* What was sampled of an attempt that is over says nothing of the next. */
static void begin_attempt(struct told *told, int64_t attempt, int64_t now_ms)
{
    if (told->sample.attempt == attempt) return;
    told->sampled = false;
    told->sample.attempt = attempt;
    told->sample.cpu_millis = told->sample.memory_bytes = -1;
    told->sample.processes = 0;
    for (size_t i = 0; i < PROBE_KINDS; i++) {
        struct probe_sample *probe = &told->sample.probes[i];
        *probe = (struct probe_sample){.present = probe->present, .last_reason = ""};
        told->judged_ms[i] = now_ms;
    }
}

bool live_tell_verdict(struct live *live, const char *name, const char *id, int64_t attempt,
                       enum probe_kind kind, enum probe_state state, int64_t now_ms)
{
    struct live_node *node = take(live, name);
    if (!node) return false;
    struct told *told = map_get(&node->by_id, id);
    bool is_told = told && told->sample.attempt <= attempt;
    if (is_told) {
        begin_attempt(told, attempt, now_ms);
        told->sample.probes[kind].present = true;
        told->sample.probes[kind].state = (int)state;
        told->judged_ms[kind] = now_ms;
    }
    give_back(live, node);
    return is_told;
}

static int64_t since_ms(int64_t then_ms, int64_t now_ms)
{
    return now_ms > then_ms ? now_ms - then_ms : 0;
}

static struct replica_sample copy(struct arena *arena, const struct told *told, int64_t now_ms)
{
    struct replica_sample sample = told->sample;
    sample.id = arena_strdup(arena, sample.id);
    for (size_t i = 0; i < PROBE_KINDS; i++) {
        struct probe_sample *probe = &sample.probes[i];
        probe->last_reason = arena_strdup(arena, probe->last_reason);
        probe->last_age_ms += since_ms(told->arrived_ms, now_ms);
        probe->age_ms = since_ms(told->judged_ms[i], now_ms);
    }
    return sample;
}

bool live_look(struct live *live, struct arena *arena, const char *name, const char *id,
               int64_t now_ms, struct live_sample *found)
{
    struct live_node *node = take(live, name);
    if (!node) return false;
    const struct told *told = map_get(&node->by_id, id);
    if (told) {
        found->sampled = told->sampled;
        found->age_ms = since_ms(told->arrived_ms, now_ms);
        found->sample = copy(arena, told, now_ms);
    }
    give_back(live, node);
    return told != NULL;
}

bool live_answers(struct live *live, struct arena *arena, const char *name, const char *id,
                  int64_t now_ms, struct probe_answers answers[static PROBE_KINDS])
{
    struct live_node *node = take(live, name);
    if (!node) return false;
    const struct told *told = map_get(&node->by_id, id);
    for (size_t i = 0; told && i < PROBE_KINDS; i++)
        answers[i] = answer_ring_read(told->answers[i], arena, now_ms);
    give_back(live, node);
    return told != NULL;
}

void live_forget(struct live *live, const char *name, const char *id)
{
    struct live_node *node = take(live, name);
    if (!node) return;
    struct told *told = map_get(&node->by_id, id);
    if (told) drop(node, told);
    give_back(live, node);
}

size_t live_count(struct live *live, const char *name)
{
    struct live_node *node = take(live, name);
    if (!node) return 0;
    size_t count = node->by_id.count;
    give_back(live, node);
    return count;
}
