#include "model/values.h"

#include "base/text.h"

#include <string.h>

static const struct pair *pairs_find(const struct pairs *pairs, const char *key)
{
    size_t low = 0;
    size_t high = pairs->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(key, pairs->items[middle].key);
        if (order == 0) return &pairs->items[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *pairs_get(const struct pairs *pairs, const char *key)
{
    const struct pair *pair = pairs_find(pairs, key);
    return pair ? pair->value : NULL;
}

bool pairs_equal(const struct pairs *a, const struct pairs *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!text_equal(a->items[i].key, b->items[i].key)) return false;
        if (!text_equal(a->items[i].value, b->items[i].value)) return false;
    }
    return true;
}

static const struct port *ports_find(const struct ports *ports, const char *name)
{
    for (size_t i = 0; i < ports->count; i++)
        if (strcmp(ports->items[i].name, name) == 0) return &ports->items[i];
    return NULL;
}

int64_t ports_get(const struct ports *ports, const char *name)
{
    const struct port *port = ports_find(ports, name ? name : "http");
    if (!port && !name && ports->count > 0) port = &ports->items[0];
    return port ? port->number : 0;
}

bool ports_has(const struct ports *ports, const char *name)
{
    return ports_find(ports, name) != NULL;
}

const char *word_of(const char *const *list, int value)
{
    return list[value];
}

int word_find(const char *const *list, const char *word)
{
    for (int i = 0; list[i]; i++)
        if (strcmp(list[i], word) == 0) return i;
    return -1;
}
