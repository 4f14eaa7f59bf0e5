/* Whatever changes a list also moves its facet, so that nobody who waits for it sleeps on. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 2, ""));
    fixture_settle(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(list_facets, .init = open_fixture, .fini = close_fixture);

static const char *const lists[] = {
    "/v1/deployments?limit=500",
    "/v1/replicas?limit=500",
    "/v1/nodes?limit=500",
    "/v1/rollouts?limit=500",
    "/v1/events?limit=500",
    "/v1/tokens?limit=500",
    "/v1/summary?cluster=default",
    "/v1/clusters?limit=500",
    "/v1/labels?limit=500",
    "/v1/deployments/web/replicas?limit=500",
    "/v1/deployments/web/revisions?limit=500",
    "/v1/deployments/web/rollouts?limit=500",
    "/v1/deployments/web/events?limit=500",
};
enum { LISTS = sizeof lists / sizeof lists[0] };

/* ---- what happens ---- */

static void settle(void)
{
    fixture_settle(&fixture);
}

static void agents_report(void)
{
    fixture_agent(&fixture, "n1");
}

static void time_passes(void)
{
    fixture_advance(&fixture, 11 * 1000);
    fixture_settle(&fixture);
}

static void second_node(void)
{
    fixture_node(&fixture, "n2", "default");
}

static void node_of_another_cluster(void)
{
    fixture_node(&fixture, "b1", "blue");
}

static void new_template(void)
{
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                 fixture_document(&fixture, "web", "2", 2, ""));
}

static void second_deployment(void)
{
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "sky", "1", 1, ""));
}

struct step {
    const char *what;
    void (*run)(void); /* or a write: */
    enum method method;
    const char *target, *body;
};

#define DOES(function_)                                                                            \
    {                                                                                              \
        .what = #function_, .run = function_                                                       \
    }
#define SENDS(method_, target_, body_)                                                             \
    {                                                                                              \
        .what = #method_ " " target_, .method = METHOD_##method_, .target = target_, .body = body_ \
    }
#define WEB "/v1/deployments/web"

static const struct step steps[] = {
    DOES(agents_report),
    DOES(settle),
    DOES(time_passes),
    DOES(second_deployment),
    DOES(settle),
    DOES(agents_report),
    DOES(settle),
    SENDS(PUT, WEB "/scale", "{\"replicas\": 3}"),
    DOES(settle),
    DOES(agents_report),
    DOES(settle),
    DOES(second_node),
    DOES(node_of_another_cluster),
    DOES(new_template),
    DOES(settle),
    DOES(agents_report),
    DOES(settle),
    DOES(agents_report),
    DOES(time_passes),
    SENDS(PATCH, WEB "/revisions/1", "{\"tags\": [\"good\"], \"pinned\": true}"),
    SENDS(POST, WEB "/pause", NULL),
    DOES(settle),
    SENDS(POST, WEB "/resume", NULL),
    DOES(settle),
    SENDS(POST, WEB "/rollback", "{\"revision\": 1}"),
    DOES(settle),
    DOES(agents_report),
    DOES(time_passes),
    SENDS(POST, WEB "/restart", NULL),
    DOES(settle),
    SENDS(POST, WEB "/abort", NULL),
    DOES(settle),
    DOES(agents_report),
    DOES(settle),
    SENDS(POST, WEB "/terminate", NULL),
    DOES(settle),
    DOES(agents_report),
    DOES(settle),
    SENDS(POST, WEB "/start", NULL),
    DOES(settle),
    SENDS(POST, "/v1/tokens", "{\"name\": \"ci\", \"scope\": \"read\"}"),
    SENDS(POST, "/v1/tokens/read-token/rotate", NULL),
    SENDS(DELETE, "/v1/tokens/deploy-token", NULL),
    SENDS(POST, "/v1/nodes/n2/rejoin", NULL),
    SENDS(DELETE, "/v1/nodes/n2?force=true", NULL),
    DOES(settle),
    SENDS(DELETE, "/v1/deployments/sky", NULL),
    DOES(settle),
    DOES(agents_report),
    DOES(settle),
};
enum { STEPS = sizeof steps / sizeof steps[0] };

static void take_step(const struct step *step)
{
    if (step->run != NULL) {
        step->run();
        return;
    }
    const char *body = step->body;
    bool takes_body = step->method != METHOD_DELETE;
    if (body == NULL && takes_body) body = "{}";
    bool patches = step->method == METHOD_PATCH;
    struct answer answer = fixture_call(
        &fixture, &(struct call){.method = step->method,
                                 .target = step->target,
                                 .token = "admin-token",
                                 .body = body,
                                 .content_type = patches ? "application/merge-patch+json" : NULL});
    cr_assert_lt(answer.status, 300, "%s: %d %s", step->what, answer.status, answer.text);
}

/* ---- who notices ---- */

/* All but the index of the list itself. */
static const char *content_of(const struct answer *answer)
{
    const char *last = NULL;
    for (const char *at = strstr(answer->text, ",\"index\":"); at != NULL;
         at = strstr(at + 1, ",\"index\":"))
        last = at;
    return last == NULL
               ? answer->text
               : arena_strndup(&fixture.arena, answer->text, (size_t)(last - answer->text));
}

static struct answer look(size_t list)
{
    struct answer answer = fixture_get(&fixture, lists[list]);
    cr_assert_eq(answer.status, 200, "%s: %s", lists[list], answer.text);
    return answer;
}

/* True when the list has changed; then a poll that knew the old one must be answered. */
static bool check_list(size_t list, const struct answer *before, const char *what)
{
    struct answer after =
        fixture_get(&fixture, arena_printf(&fixture.arena, "%s&index=%" PRId64 "&wait_seconds=9",
                                           lists[list], before->reply.index));
    bool changed = !text_equal(content_of(&after), content_of(before));
    cr_assert(!changed || !after.reply.unsatisfied,
              "%s has changed %s, and who waits since %" PRId64 " sleeps on", what, lists[list],
              before->reply.index);
    return changed;
}

Test(list_facets, move_with_every_change_of_a_member)
{
    size_t changes[LISTS] = {0};
    for (size_t i = 0; i < STEPS; i++) {
        struct answer before[LISTS];
        for (size_t j = 0; j < LISTS; j++)
            before[j] = look(j);
        take_step(&steps[i]);
        for (size_t j = 0; j < LISTS; j++)
            changes[j] += check_list(j, &before[j], steps[i].what);
    }
    for (size_t j = 0; j < LISTS; j++)
        cr_assert_gt(changes[j], 0, "nothing has changed %s", lists[j]);
}
