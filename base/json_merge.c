/* json_merge.c: merge patches (RFC 7396). */
#include "base/arena.h"
#include "base/json.h"

static struct json merge(struct arena *arena, const struct json *target, const struct json *patch);

/* The target's members, each as the patch leaves it; null takes it out. */
static void merge_known(struct arena *arena, const struct json *target, const struct json *patch,
                        struct json *merged)
{
    for (size_t i = 0; target != NULL && i < target->count; i++) {
        const struct json *member = &target->children[i];
        const struct json *change = json_member(patch, member->key);
        if (change == NULL)
            merged->children[merged->count++] = *member;
        else if (change->type != JSON_NULL)
            merged->children[merged->count++] = merge(arena, member, change);
    }
}

static void merge_new(struct arena *arena, const struct json *target, const struct json *patch,
                      struct json *merged)
{
    for (size_t i = 0; i < patch->count; i++) {
        const struct json *change = &patch->children[i];
        if (change->type == JSON_NULL || json_member(target, change->key) != NULL) continue;
        merged->children[merged->count++] = merge(arena, NULL, change);
    }
}

/* As deep as the patch, which has at most LIMIT_JSON_DEPTH levels. */
static struct json merge(struct arena *arena, const struct json *target, const struct json *patch)
{
    if (patch->type != JSON_OBJECT) return *patch;
    if (target != NULL && target->type != JSON_OBJECT) target = NULL;
    size_t room = patch->count + (target != NULL ? target->count : 0);
    struct json merged = {.type = JSON_OBJECT, .key = patch->key};
    merged.children = ARENA_ARRAY(arena, struct json, room + 1);
    merge_known(arena, target, patch, &merged);
    merge_new(arena, target, patch, &merged);
    return merged;
}

const struct json *json_merge(struct arena *arena, const struct json *target,
                              const struct json *patch)
{
    struct json *merged = ARENA_NEW(arena, struct json);
    *merged = merge(arena, target, patch);
    return merged;
}
