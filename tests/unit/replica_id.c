/* Ids of replicas carry the number that they were made of. */
#include "base/arena.h"
#include "base/text.h"
#include "model/replica.h"

#include <criterion/criterion.h>

TestSuite(replica_id);

Test(replica_id, number_is_read_back_also_from_a_deployment_with_dashes)
{
    static const int64_t numbers[] = {1, 115, INT64_C(1) << 32, (INT64_C(1) << 53) - 1};
    struct arena arena;
    arena_init(&arena);
    cr_expect_str_eq(replica_id_make(&arena, "web", 115), "web-00003k");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int64_t number = 0;
        const char *id = replica_id_make(&arena, "web-of-shops", numbers[i]);
        cr_expect(replica_id_number(id, &number), "%s", id);
        cr_expect_eq(number, numbers[i], "%s", id);
    }
    arena_release(&arena);
}

Test(replica_id, what_ends_in_no_number_has_none)
{
    static const char *const others[] = {"", "web", "web-", "web-0000u!", "00003k"};
    int64_t number;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect_not(replica_id_number(others[i], &number), "\"%s\"", others[i]);
}
