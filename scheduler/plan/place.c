/* Placement: filter, then the least loaded by three keys. */
#include "scheduler/plan/place.h"

#include "base/text.h"

#include <stdarg.h>

static bool lacks(int64_t capacity, int64_t allocated, int64_t wanted)
{
    return capacity > 0 && wanted > 0 && wanted > capacity - allocated;
}

/* GPUs are things, not a share of time or space: a node that declares none has none. */
static bool lacks_gpus(const struct candidate *candidate, int64_t wanted)
{
    return wanted > 0 && wanted > candidate->capacity.gpus - candidate->allocated.gpus;
}

/* NULL when the node fits, else the count of the first reason why it does not. */
static int64_t *refusal(const struct candidate *candidate, const struct place_request *request,
                        struct place_refusals *refusals)
{
    const struct resources *wanted = &request->resources, *capacity = &candidate->capacity;
    const struct resources *allocated = &candidate->allocated;
    static const struct pairs no_labels;
    const struct pairs *labels = candidate->labels ? candidate->labels : &no_labels;
    if (candidate->state != NODE_READY) return &refusals->not_ready;
    if (!candidate->schedulable) return &refusals->cordoned;
    if (request->selector && !selector_matches(request->selector, labels))
        return &refusals->selector;
    if (lacks(capacity->cpu_millis, allocated->cpu_millis, wanted->cpu_millis))
        return &refusals->cpu;
    if (lacks(capacity->memory_mib, allocated->memory_mib, wanted->memory_mib))
        return &refusals->memory;
    if (lacks_gpus(candidate, wanted->gpus)) return &refusals->gpus;
    return NULL;
}

static double share(int64_t capacity, int64_t allocated)
{
    return capacity > 0 ? (double)allocated / (double)capacity : 0;
}

/* The scarcer of cpu and memory decides. */
static double utilisation(const struct candidate *candidate)
{
    double cpu = share(candidate->capacity.cpu_millis, candidate->allocated.cpu_millis);
    double memory = share(candidate->capacity.memory_mib, candidate->allocated.memory_mib);
    return cpu > memory ? cpu : memory;
}

static bool better(const struct candidate *a, const struct candidate *b,
                   const struct place_request *request)
{
    bool avoid_a = text_equal(a->name, request->avoid_node);
    bool avoid_b = text_equal(b->name, request->avoid_node);
    if (avoid_a != avoid_b) return avoid_b;
    bool spread = request->spread_by == SPREAD_NODE;
    int64_t near_a = spread ? a->replicas_of_deployment : 0;
    int64_t near_b = spread ? b->replicas_of_deployment : 0;
    if (near_a != near_b) return near_a < near_b;
    double used_a = utilisation(a), used_b = utilisation(b);
    if (used_a < used_b) return true;
    if (used_a > used_b) return false;
    if (a->replicas != b->replicas) return a->replicas < b->replicas;
    return strcmp(a->name, b->name) < 0;
}

ptrdiff_t place_choose(const struct candidate *candidates, size_t count,
                       const struct place_request *request, struct place_refusals *refusals)
{
    struct place_refusals counted = {.nodes = (int64_t)count};
    ptrdiff_t best = -1;
    for (size_t i = 0; i < count; i++) {
        int64_t *reason = refusal(&candidates[i], request, &counted);
        if (reason)
            ++*reason;
        else if (best < 0 || better(&candidates[i], &candidates[best], request))
            best = (ptrdiff_t)i;
    }
    if (refusals) *refusals = counted;
    return best;
}

struct clause {
    int64_t count;
    const char *one, *many;
};

static void add(char *sentence, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add(char *sentence, size_t bytes, const char *format, ...)
{
    size_t used = strlen(sentence);
    va_list args;
    va_start(args, format);
    vsnprintf(sentence + used, bytes - used, format, args);
    va_end(args);
}

void place_explain(const struct place_refusals *refusals, const struct place_request *request,
                   char *sentence, size_t bytes)
{
    const struct clause clauses[] = {
        {refusals->not_ready, "is not ready", "are not ready"},
        {refusals->cordoned, "is cordoned", "are cordoned"},
        {refusals->cpu, "lacks cpu", "lack cpu"},
        {refusals->memory, "lacks memory", "lack memory"},
        {refusals->gpus, "lacks gpus", "lack gpus"},
        {refusals->selector, "does not match ", "do not match "},
    };
    const size_t last = sizeof clauses / sizeof *clauses - 1;
    const char *selector = request->selector_text ? request->selector_text : "the selector";
    bool first = true;
    sentence[0] = '\0';
    add(sentence, bytes, "no node fits: ");
    for (size_t i = 0; i <= last; i++) {
        const struct clause *clause = &clauses[i];
        if (clause->count == 0) continue;
        add(sentence, bytes, "%s%lld", first ? "" : ", ", (long long)clause->count);
        if (first) add(sentence, bytes, " of %lld", (long long)refusals->nodes);
        add(sentence, bytes, " %s%s", clause->count == 1 ? clause->one : clause->many,
            i == last ? selector : "");
        first = false;
    }
    if (first) add(sentence, bytes, "there is none");
}
