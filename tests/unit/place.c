/* Which node takes a replica, and why none does. */
#include "scheduler/plan/place.h"

#include "base/arena.h"
#include "base/rng.h"

#include <criterion/criterion.h>

enum { NODES = 5, SENTENCE = 256 };

static struct candidate node(const char *name)
{
    return (struct candidate){
        .name = name, .state = NODE_READY, .schedulable = true, .capacity = {4000, 8192, 0}};
}

struct nodes {
    struct candidate items[NODES];
};

static struct nodes five(void)
{
    return (struct nodes){{node("n1"), node("n2"), node("n3"), node("n4"), node("n5")}};
}

static const char *chosen(const struct nodes *nodes, const struct place_request *request)
{
    struct place_refusals refusals;
    ptrdiff_t at = place_choose(nodes->items, NODES, request, &refusals);
    return at < 0 ? "none" : nodes->items[at].name;
}

Test(place, the_node_with_the_fewest_replicas_of_the_deployment_wins)
{
    struct nodes nodes = five();
    for (int i = 0; i < NODES; i++)
        nodes.items[i].replicas_of_deployment = 2;
    nodes.items[3].replicas_of_deployment = 1;
    nodes.items[3].allocated.cpu_millis = 3000;
    struct place_request request = {.resources = {500, 0, 0}};
    cr_expect_str_eq(chosen(&nodes, &request), "n4");
    request.spread_by = SPREAD_NONE;
    cr_expect_str_eq(chosen(&nodes, &request), "n1", "then only use counts");
}

Test(place, then_the_least_used_then_the_emptiest_then_the_first_by_name)
{
    struct nodes nodes = five();
    struct place_request request = {.resources = {100, 64, 0}};
    cr_expect_str_eq(chosen(&nodes, &request), "n1");
    nodes.items[0].replicas = 1;
    cr_expect_str_eq(chosen(&nodes, &request), "n2");
    nodes.items[1].allocated.memory_mib = 1;
    cr_expect_str_eq(chosen(&nodes, &request), "n3");
}

Test(place, the_scarcer_resource_decides_how_much_a_node_is_used)
{
    struct nodes nodes = five();
    for (int i = 0; i < NODES; i++)
        nodes.items[i].allocated = (struct resources){2000, 2048, 0};
    nodes.items[2].allocated = (struct resources){1000, 3000, 0};
    struct place_request request = {.resources = {1, 1, 0}};
    cr_expect_str_eq(chosen(&nodes, &request), "n3");
}

Test(place, the_node_that_failed_last_is_taken_only_when_no_other_fits)
{
    struct nodes nodes = five();
    struct place_request request = {.avoid_node = "n1"};
    for (int i = 1; i < NODES; i++)
        nodes.items[i].replicas_of_deployment = 9;
    cr_expect_str_eq(chosen(&nodes, &request), "n2");
    for (int i = 1; i < NODES; i++)
        nodes.items[i].schedulable = false;
    cr_expect_str_eq(chosen(&nodes, &request), "n1");
}

Test(place, no_capacity_means_no_limit_but_for_gpus)
{
    struct nodes nodes = five();
    for (int i = 0; i < NODES; i++)
        nodes.items[i].capacity = (struct resources){0};
    cr_expect_str_eq(chosen(&nodes, &(struct place_request){.resources = {9000, 9000, 0}}), "n1");
    cr_expect_str_eq(chosen(&nodes, &(struct place_request){.resources = {0, 0, 1}}), "none");
    nodes.items[4].capacity.gpus = 2;
    nodes.items[4].allocated.gpus = 1;
    cr_expect_str_eq(chosen(&nodes, &(struct place_request){.resources = {0, 0, 1}}), "n5");
    cr_expect_str_eq(chosen(&nodes, &(struct place_request){.resources = {0, 0, 2}}), "none");
}

static const struct {
    struct resources capacity, allocated, wanted;
    const char *want;
} fits[] = {
    {{1, 1, 1}, {0}, {1, 1, 1}, "n1"},
    {{1, 0, 0}, {0}, {2, 0, 0}, "none"},
    {{0, 1, 0}, {0}, {0, 2, 0}, "none"},
    /* what holds more than it has takes on what asks for nothing of it */
    {{100, 100, 1}, {200, 200, 2}, {0, 0, 0}, "n1"},
    {{100, 100, 1}, {200, 0, 0}, {0, 1, 1}, "n1"},
    {{100, 100, 1}, {200, 0, 0}, {1, 0, 0}, "none"},
    {{100, 100, 1}, {0, 0, 2}, {1, 1, 0}, "n1"},
};

Test(place, a_node_is_short_only_of_what_is_asked_for)
{
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        struct nodes nodes = five();
        for (int k = 0; k < NODES; k++) {
            nodes.items[k].capacity = fits[i].capacity;
            nodes.items[k].allocated = fits[i].allocated;
        }
        struct place_request request = {.resources = fits[i].wanted};
        cr_expect_str_eq(chosen(&nodes, &request), fits[i].want, "row %zu", i);
    }
}

static const struct {
    struct resources capacity, allocated; /* of the first node; the others are a quarter full */
    const char *want;
} uses[] = {
    {{4000, 8192, 0}, {800, 0, 0}, "n1"},
    {{4000, 8192, 0}, {1200, 0, 0}, "n2"},
    {{0, 0, 0}, {1200, 4000, 0}, "n1"}, /* without a limit nothing is used up */
    {{1, 0, 0}, {1, 0, 0}, "n2"},
};

Test(place, the_less_used_node_wins_wherever_it_stands)
{
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        struct nodes nodes = five();
        for (int k = 0; k < NODES; k++)
            nodes.items[k].allocated.cpu_millis = 1000;
        nodes.items[0].capacity = uses[i].capacity;
        nodes.items[0].allocated = uses[i].allocated;
        for (int at = 0; at < NODES; at++) {
            struct nodes turned;
            for (int k = 0; k < NODES; k++)
                turned.items[(k + at) % NODES] = nodes.items[k];
            struct place_request request = {.spread_by = SPREAD_NONE};
            cr_expect_str_eq(chosen(&turned, &request), uses[i].want, "row %zu at %d", i, at);
        }
    }
}

Test(place, a_replica_that_fits_exactly_fits)
{
    struct nodes nodes = five();
    for (int i = 0; i < NODES; i++)
        nodes.items[i].allocated = (struct resources){3500, 8000, 0};
    cr_expect_str_eq(chosen(&nodes, &(struct place_request){.resources = {500, 192, 0}}), "n1");
    cr_expect_str_eq(chosen(&nodes, &(struct place_request){.resources = {501, 0, 0}}), "none");
    cr_expect_str_eq(chosen(&nodes, &(struct place_request){.resources = {0, 193, 0}}), "none");
}

Test(place, the_order_of_the_candidates_never_matters)
{
    struct rng rng;
    rng_seed(&rng, 7);
    for (int round = 0; round < 200; round++) {
        struct nodes nodes = five();
        for (int i = 0; i < NODES; i++) {
            nodes.items[i].replicas_of_deployment = (int64_t)rng_below(&rng, 2);
            nodes.items[i].allocated.cpu_millis = (int64_t)rng_below(&rng, 2) * 1000;
        }
        struct place_request request = {.resources = {100, 0, 0}};
        const char *first = chosen(&nodes, &request);
        for (int shuffle = 0; shuffle < 10; shuffle++) {
            size_t a = rng_below(&rng, NODES), b = rng_below(&rng, NODES);
            struct candidate swapped = nodes.items[a];
            nodes.items[a] = nodes.items[b];
            nodes.items[b] = swapped;
            cr_assert_str_eq(chosen(&nodes, &request), first);
        }
    }
}

static void expect_sentence(const struct nodes *nodes, const struct place_request *request,
                            const char *expected)
{
    struct place_refusals refusals;
    char sentence[SENTENCE];
    cr_expect_eq(place_choose(nodes->items, NODES, request, &refusals), -1);
    place_explain(&refusals, request, sentence, sizeof sentence);
    cr_expect_str_eq(sentence, expected);
}

Test(place, the_sentence_counts_every_node_once_by_its_first_reason)
{
    auto_arena arena = {0};
    struct selector selector;
    cr_assert_eq(selector_parse(&arena, "gpu=a100", &selector, NULL), ERR_OK);
    struct pair label = {"gpu", "a100"};
    struct pairs labels = {&label, 1};
    struct nodes nodes = five();
    for (int i = 0; i < 3; i++) {
        nodes.items[i].labels = &labels;
        nodes.items[i].allocated.memory_mib = 8192;
    }
    struct place_request request = {
        .resources = {0, 1, 0}, .selector = &selector, .selector_text = "gpu=a100"};
    expect_sentence(&nodes, &request, "no node fits: 3 of 5 lack memory, 2 do not match gpu=a100");
    nodes.items[0].state = NODE_SUSPECT;
    nodes.items[1].schedulable = false;
    nodes.items[2].allocated.cpu_millis = 4000;
    request.resources.cpu_millis = 1;
    expect_sentence(&nodes, &request,
                    "no node fits: 1 of 5 is not ready, 1 is cordoned, 1 lacks cpu, 2 do not "
                    "match gpu=a100");
}

Test(place, without_nodes_it_says_so)
{
    struct place_refusals refusals;
    struct place_request request = {0};
    char sentence[SENTENCE], small[12];
    cr_expect_eq(place_choose(NULL, 0, &request, &refusals), -1);
    cr_expect_eq(place_choose(NULL, 0, &request, NULL), -1);
    place_explain(&refusals, &request, sentence, sizeof sentence);
    cr_expect_str_eq(sentence, "no node fits: there is none");
    place_explain(&refusals, &request, small, sizeof small);
    cr_expect_str_eq(small, "no node fit");
}
