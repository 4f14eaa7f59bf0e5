#include "model/selector.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char *repeat(char c, size_t count)
{
    static char text[400];
    memset(text, c, count);
    text[count] = '\0';
    return text;
}

Test(labels, keys_of_kubernetes_are_accepted)
{
    static const char *const keys[] = {
        "team", "a", "A9", "app.kubernetes.io/name", "x/y", "a-b_c.d", "example.com/Long.Name-1"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        cr_assert_null(label_key_problem(keys[i]), "%s: %s", keys[i], label_key_problem(keys[i]));
}

Test(labels, keys_out_of_the_rules_are_refused)
{
    static const char *const keys[] = {"",  "/x",  "x/",     "-a",   "a-",    "a b", "a/b/c",
                                       "Ä", "A/b", "a..b/c", ".a/b", "a_b/c", "a=b"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        cr_assert_not_null(label_key_problem(keys[i]), "%s", keys[i]);
}

Test(labels, a_key_has_at_most_253_and_63_characters)
{
    char key[512];
    cr_assert_null(label_key_problem(repeat('a', 63)));
    cr_assert_not_null(label_key_problem(repeat('a', 64)));
    snprintf(key, sizeof key, "%s/x", repeat('a', 253));
    cr_assert_null(label_key_problem(key));
    snprintf(key, sizeof key, "%s/x", repeat('a', 254));
    cr_assert_not_null(label_key_problem(key));
}

Test(labels, values_may_be_empty_and_hold_63_characters)
{
    cr_assert_null(label_value_problem(""));
    cr_assert_null(label_value_problem("a100"));
    cr_assert_null(label_value_problem("v1.2_3-X"));
    cr_assert_null(label_value_problem(repeat('z', 63)));
    cr_assert_not_null(label_value_problem(repeat('z', 64)));
    cr_assert_not_null(label_value_problem("-a"));
    cr_assert_not_null(label_value_problem("a."));
    cr_assert_not_null(label_value_problem("a b"));
    cr_assert_not_null(label_value_problem("a/b"));
}

Test(labels, names_are_dns_labels)
{
    cr_assert_null(name_problem("web"));
    cr_assert_null(name_problem("0-9"));
    cr_assert_null(name_problem(repeat('a', 63)));
    cr_assert_not_null(name_problem(repeat('a', 64)));
    cr_assert_not_null(name_problem(""));
    cr_assert_not_null(name_problem("Web"));
    cr_assert_not_null(name_problem("-web"));
    cr_assert_not_null(name_problem("web-"));
    cr_assert_not_null(name_problem("we.b"));
    cr_assert_not_null(name_problem("we_b"));
}

static struct pair some_pairs[] = {{"a", "1"}, {"b", "2"}, {"d", "4"}};
static const struct pairs some = {some_pairs, 3};

Test(values, pairs_are_found_by_key)
{
    cr_assert_str_eq(pairs_get(&some, "a"), "1");
    cr_assert_str_eq(pairs_get(&some, "d"), "4");
    cr_assert_null(pairs_get(&some, "c"));
    cr_assert_null(pairs_get(&(struct pairs){0}, "a"));
}

Test(values, pairs_are_equal_by_content)
{
    struct pair other[] = {{"a", "1"}, {"b", "2"}, {"d", "5"}};
    cr_assert(pairs_equal(&some, &some));
    cr_assert(!pairs_equal(&some, &(struct pairs){other, 3}));
    cr_assert(!pairs_equal(&some, &(struct pairs){some_pairs, 2}));
    cr_assert(pairs_equal(&(struct pairs){0}, &(struct pairs){0}));
}

Test(values, the_default_port_is_http_else_the_first)
{
    struct port with_http[] = {{"admin", 1}, {"http", 2}};
    struct port without[] = {{"admin", 1}, {"grpc", 2}};
    cr_assert_eq(ports_get(&(struct ports){with_http, 2}, NULL), 2);
    cr_assert_eq(ports_get(&(struct ports){without, 2}, NULL), 1);
    cr_assert_eq(ports_get(&(struct ports){without, 2}, "grpc"), 2);
    cr_assert_eq(ports_get(&(struct ports){without, 2}, "http"), 0);
    cr_assert_eq(ports_get(&(struct ports){0}, NULL), 0);
    cr_assert(ports_has(&(struct ports){without, 2}, "grpc"));
    cr_assert(!ports_has(&(struct ports){without, 2}, "http"));
}

Test(values, a_word_is_found_in_its_list)
{
    static const char *const list[] = {"one", "two", NULL};
    cr_assert_eq(word_find(list, "two"), 1);
    cr_assert_eq(word_find(list, "three"), -1);
    cr_assert_str_eq(word_of(list, 0), "one");
}
