#include "base/list.h"

#include <criterion/criterion.h>

enum { ITEMS = 4 };

struct item {
    char letter;
    struct list_link link;
};

static struct item items[ITEMS];
static struct list list;

static void fill(void)
{
    for (int i = 0; i < ITEMS; i++) {
        items[i].letter = (char)('a' + i);
        list_append(&list, &items[i].link);
    }
}

TestSuite(list, .init = fill);

/* In this order, and in the other one from its end. */
static void expect(const char *letters)
{
    size_t count = 0;
    for (struct list_link *link = list.first; link != NULL; link = link->next)
        cr_assert_eq(CONTAINER_OF(link, struct item, link)->letter, letters[count++]);
    cr_assert_eq(letters[count], '\0');
    for (struct list_link *link = list.last; link != NULL; link = link->previous)
        cr_assert_eq(CONTAINER_OF(link, struct item, link)->letter, letters[--count]);
    cr_assert_eq(count, 0);
}

Test(list, keeps_the_order_of_appending)
{
    expect("abcd");
}

Test(list, loses_the_first_one_in_the_middle_the_last_and_the_only_one)
{
    static const struct {
        int item;
        const char *left;
    } removals[] = {{0, "bcd"}, {2, "bd"}, {3, "b"}, {1, ""}};
    for (size_t i = 0; i < sizeof removals / sizeof *removals; i++) {
        list_remove(&list, &items[removals[i].item].link);
        expect(removals[i].left);
    }
    cr_assert_null(list.first);
    cr_assert_null(list.last);
}

Test(list, takes_back_what_was_removed)
{
    list_remove(&list, &items[1].link);
    list_append(&list, &items[1].link);
    expect("acdb");
}
