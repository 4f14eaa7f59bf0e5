#include "base/map.h"

#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { MANY = 20000, KEY_BYTES = 32 };

static void *value_of(size_t number)
{
    return (void *)(number + 1);
}

static const char *key_of(size_t number, char key[static KEY_BYTES])
{
    snprintf(key, KEY_BYTES, "node-%zu", number);
    return key;
}

static void fill(struct map *map, size_t count)
{
    char key[KEY_BYTES];
    for (size_t i = 0; i < count; i++)
        cr_assert_null(map_put(map, key_of(i, key), value_of(i)));
}

Test(map, an_empty_map_has_nothing)
{
    struct map map;
    map_init(&map);
    size_t position = 0;
    cr_assert_null(map_get(&map, "web"));
    cr_assert_null(map_remove(&map, "web"));
    cr_assert_not(map_next(&map, &position, NULL, NULL));
    map_release(&map);
}

Test(map, put_replaces_and_says_what_was_there)
{
    struct map map;
    map_init(&map);
    int one, two;
    char key[] = "web";
    cr_assert_null(map_put(&map, key, &one));
    key[0] = 'X'; /* keys are copied */
    cr_assert_eq(map_put(&map, "web", &two), &one);
    cr_assert_eq(map_get(&map, "web"), &two);
    cr_assert_null(map_get(&map, "Xeb"));
    cr_assert_eq(map.count, 1);
    map_release(&map);
    cr_assert_eq(map.count, 0);
}

Test(map, many_keys_are_found)
{
    struct map map;
    map_init(&map);
    fill(&map, MANY);
    char key[KEY_BYTES];
    for (size_t i = 0; i < MANY; i++)
        cr_assert_eq(map_get(&map, key_of(i, key)), value_of(i));
    cr_assert_null(map_get(&map, key_of(MANY, key)));
    cr_assert_eq(map.count, MANY);
    map_release(&map);
}

Test(map, removed_keys_are_gone_and_the_others_stay)
{
    struct map map;
    map_init(&map);
    fill(&map, MANY);
    char key[KEY_BYTES];
    for (size_t i = 0; i < MANY; i += 2)
        cr_assert_eq(map_remove(&map, key_of(i, key)), value_of(i));
    cr_assert_eq(map.count, MANY / 2);
    for (size_t i = 0; i < MANY; i++)
        cr_assert_eq(map_get(&map, key_of(i, key)), i % 2 == 0 ? NULL : value_of(i));
    map_release(&map);
}

Test(map, turnover_does_not_grow_the_table)
{
    struct map map;
    map_init(&map);
    char key[KEY_BYTES];
    for (size_t i = 0; i < MANY; i++) {
        map_put(&map, key_of(i, key), value_of(i));
        if (i >= 10) cr_assert_eq(map_remove(&map, key_of(i - 10, key)), value_of(i - 10));
    }
    cr_assert_eq(map.count, 10);
    cr_assert_leq(map.capacity, 64);
    map_release(&map);
}

Test(map, a_visit_sees_each_key_once)
{
    struct map map;
    map_init(&map);
    fill(&map, 1000);
    bool seen[1000] = {false};
    size_t position = 0, visited = 0;
    const char *key;
    void *value;
    while (map_next(&map, &position, &key, &value)) {
        size_t number = (size_t)value - 1;
        char expected[KEY_BYTES];
        cr_assert_str_eq(key, key_of(number, expected));
        cr_assert_not(seen[number]);
        seen[number] = true;
        visited++;
    }
    cr_assert_eq(visited, 1000);
    map_release(&map);
}

Test(map, the_visited_key_may_be_removed)
{
    struct map map;
    map_init(&map);
    fill(&map, 1000);
    size_t position = 0, visited = 0;
    const char *key;
    while (map_next(&map, &position, &key, NULL)) {
        cr_assert_not_null(map_remove(&map, key));
        visited++;
    }
    cr_assert_eq(visited, 1000);
    cr_assert_eq(map.count, 0);
    map_release(&map);
}

Test(map, the_hash_is_stable_within_the_process)
{
    cr_assert_eq(map_hash("web"), map_hash("web"));
    cr_assert_neq(map_hash("web"), map_hash("api"));
}
