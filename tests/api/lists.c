/* The parameters that all lists share: each on each list, good and bad; cursors that belong to one
 * filter and order; and texts that attack. */
#include "api/routes.h"
#include "api/target.h"
#include "store/listing.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

static void create(const char *cluster, const char *name, const char *labels, int replicas)
{
    struct answer answer = fixture_send(
        &fixture, METHOD_POST, arena_printf(&fixture.arena, "/v1/deployments?cluster=%s", cluster),
        arena_printf(&fixture.arena,
                     "{\"name\": \"%s\", \"labels\": {%s}, \"description\": \"what %s does\", "
                     "\"spec\": {\"replicas\": %d, \"template\": {\"version\": \"1\", "
                     "\"command\": [\"./serve\"], \"ports\": {\"http\": 0}}}}",
                     name, labels, name, replicas));
    cr_assert_eq(answer.status, 201, "%s", answer.text);
}

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_node(&fixture, "b1", "blue");
    create("default", "web", "\"team\": \"shop\", \"example.com/k\": \"v\"", 2);
    create("default", "api", "\"team\": \"shop\"", 1);
    create("default", "batch", "\"team\": \"ml\"", 0);
    create("blue", "sky", "\"team\": \"ml\"", 1);
    fixture_settle(&fixture);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(lists, .init = open_fixture, .fini = close_fixture);

#define OF_WEB "/v1/deployments/web"

static const struct {
    const char *path;
    const char *parameters; /* besides those of all */
} lists[] = {
    {"/v1/deployments", "cluster,selector,state,sort"},
    {"/v1/replicas", "cluster,selector,state,sort"},
    {OF_WEB "/replicas", "cluster,state,sort"},
    {"/v1/nodes", "cluster,selector,state,sort"},
    {"/v1/events", "cluster,selector,after"},
    {OF_WEB "/events", "cluster,after"},
    {OF_WEB "/revisions", "cluster,state,sort"},
    {"/v1/rollouts", "cluster,selector,state,sort"},
    {OF_WEB "/rollouts", "cluster,state,sort"},
    {"/v1/tokens", "cluster,sort"},
};
enum { LISTS = sizeof lists / sizeof lists[0] };

/* "/v1/nodes?q=…", the value percent-encoded. */
static const char *with(const char *path, const char *parameter, const char *value)
{
    struct text text;
    text_init(&text, &fixture.arena);
    text_printf(&text, "%s%c%s=", path, strchr(path, '?') == NULL ? '?' : '&', parameter);
    target_encode(&text, value);
    return text_string(&text);
}

static struct answer ask(const char *path, const char *parameter, const char *value)
{
    return fixture_get(&fixture, with(path, parameter, value));
}

static size_t item_count(const struct answer *answer)
{
    const struct json *items = answer->json != NULL ? json_at(answer->json, "items") : NULL;
    return items != NULL ? items->count : 0;
}

static bool offers(size_t list, const char *parameter)
{
    const char *common[] = {"limit", "cursor", "q", "search", "count"};
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (text_equal(common[i], parameter)) return true;
    const char *found = strstr(lists[list].parameters, parameter);
    return found != NULL && strchr(",", found[strlen(parameter)]) != NULL;
}

/* ---- what each finds ---- */

static const struct {
    const char *path, *parameter, *value;
    size_t count;
} good[] = {
    {"/v1/deployments", "q", "", 4},
    {"/v1/deployments", "q", "name = web", 1},
    {"/v1/deployments", "q", "label.team = shop and replicas >= 2", 1},
    {"/v1/deployments", "q", "label.\"example.com/k\" or name ~ SKY", 2},
    {"/v1/deployments", "q", "not label.team in (shop)", 2},
    {"/v1/deployments", "q", "created_at > 2020-01-01T00:00:00Z", 4},
    {"/v1/deployments", "q", "strategy = rolling and cpu_millis = 0 and image = \"\"", 4},
    {"/v1/deployments", "selector", "team=shop", 2},
    {"/v1/deployments", "selector", "team notin (shop)", 2},
    {"/v1/deployments", "selector", "", 4},
    {"/v1/deployments", "search", "WHAT A", 1},
    {"/v1/deployments", "search", "b", 2},
    {"/v1/deployments", "search", "", 4},
    {"/v1/deployments", "search", "%", 0},
    {"/v1/deployments", "state", "scaled_to_zero", 1},
    {"/v1/deployments", "state", "scaled_to_zero,failed", 1},
    {"/v1/deployments", "sort", "-name", 4},
    {"/v1/deployments", "sort", "available", 4},
    {"/v1/deployments", "cluster", "blue", 1},
    {"/v1/deployments", "cluster", "green", 0},
    {"/v1/deployments", "limit", "3", 3},
    {"/v1/replicas", "q", "deployment = web and ready = true", 2},
    {"/v1/replicas", "selector", "team=shop", 3},
    {"/v1/replicas", "state", "running", 3},
    {"/v1/replicas", "search", "web-", 2},
    {"/v1/replicas", "sort", "-started_at", 4},
    {OF_WEB "/replicas", "q", "node = n1", 2},
    {OF_WEB "/replicas", "q", "label.team = ml", 0},
    {OF_WEB "/replicas", "state", "failed", 0},
    {OF_WEB "/replicas", "sort", "-id", 2},
    {"/v1/nodes", "q", "cpu_millis >= 0 and not draining = true", 2},
    {"/v1/nodes", "selector", "!gpu", 2},
    {"/v1/nodes", "state", "ready,suspect", 2},
    {"/v1/nodes", "search", "B1", 1},
    {"/v1/nodes", "sort", "-name", 2},
    {"/v1/events", "q", "kind = deployment and reason = created", 4},
    {"/v1/events", "selector", "team=ml,!example.com/k", 0},
    {OF_WEB "/events", "q", "reason = created and kind = deployment", 1},
    {OF_WEB "/revisions", "q", "version = 1 and source = create", 1},
    {OF_WEB "/revisions", "state", "failed", 0},
    {OF_WEB "/revisions", "sort", "-created_at", 1},
    {"/v1/rollouts", "q", "deployment = web or cluster = blue", 2},
    {"/v1/rollouts", "selector", "team=shop", 2},
    {"/v1/rollouts", "sort", "deployment", 4},
    {OF_WEB "/rollouts", "q", "id = 1", 1},
    {OF_WEB "/rollouts", "state", "failed,aborted", 0},
    {"/v1/tokens", "q", "scope = admin and cluster = blue", 1},
    {"/v1/tokens", "search", "JOIN", 1},
    {"/v1/tokens", "sort", "-name", 11},
};

Test(lists, each_parameter_narrows_each_list)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct answer answer = ask(good[i].path, good[i].parameter, good[i].value);
        cr_assert_eq(answer.status, 200, "%s %s=%s: %s", good[i].path, good[i].parameter,
                     good[i].value, answer.text);
        bool of_events =
            text_equal(good[i].parameter, "selector") && text_equal(good[i].path, "/v1/events");
        if (of_events)
            cr_expect_gt(item_count(&answer), 0, "%s", answer.text);
        else
            cr_expect_eq(item_count(&answer), good[i].count, "%s %s=%s: %zu", good[i].path,
                         good[i].parameter, good[i].value, item_count(&answer));
        cr_expect_null(json_at(answer.json, "count"));
    }
}

Test(lists, are_ordered_as_asked)
{
    struct answer answer = ask("/v1/deployments", "sort", "-name");
    static const char *const names[] = {"web", "sky", "batch", "api"};
    for (size_t i = 0; i < 4; i++)
        cr_expect_str_eq(
            json_text_at(answer.json, arena_printf(&fixture.arena, "items.%zu.name", i)), names[i]);
    answer = ask("/v1/deployments?cluster=default", "sort", "replicas");
    cr_expect_str_eq(json_text_at(answer.json, "items.0.name"), "batch");
    cr_expect_str_eq(json_text_at(answer.json, "items.2.name"), "web");
}

Test(lists, each_offers_its_own_parameters_and_no_others)
{
    static const struct {
        const char *name, *value;
    } parameters[] = {
        {"limit", "5"},         {"q", "not not index > 3"},
        {"search", "x"},        {"count", "true"},
        {"selector", ""},       {"state", "?"},
        {"sort", "-index"},     {"after", "3"},
        {"cluster", "default"},
    };
    for (size_t i = 0; i < LISTS; i++)
        for (size_t j = 0; j < sizeof parameters / sizeof parameters[0]; j++) {
            struct answer answer = ask(lists[i].path, parameters[j].name, parameters[j].value);
            bool known = !text_equal(json_text_at(answer.json, "code"), "unknown_parameter");
            cr_expect_eq(known, offers(i, parameters[j].name), "%s %s: %s", lists[i].path,
                         parameters[j].name, answer.text);
        }
}

/* ---- what is refused ---- */

static const struct {
    const char *parameter, *value, *words;
} bad[] = {
    {"q", "nme = web", "q, at character 1: there is no field 'nme'"},
    {"q", "(", "q, at character 2: a field is expected, the text ends"},
    {"selector", "a b", "selector, at character"},
    {"selector", "=x", "selector, at character"},
    {"state", "", "state has no word ''"},
    {"state", "nowhere", "state has no word 'nowhere'"},
    {"sort", "", "sort: there is no field ''"},
    {"sort", "-", "sort: there is no field ''"},
    {"sort", "nme", "sort: there is no field 'nme'"},
    {"sort", "name,state", "sort: there is no field 'name,state'"},
    {"count", "yes", "count must be true or false"},
    {"limit", "501", "limit must be a whole number from 1 to 500"},
    {"cursor", "AAAA", "cursor is not one that this server gave"},
    {"search",
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
     "3"
     "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012"
     "3"
     "012345678901234567890123456789012345678901234567890123456789012345678",
     "search is longer than 256 bytes"},
};

Test(lists, each_list_refuses_what_it_cannot_read)
{
    for (size_t i = 0; i < LISTS; i++)
        for (size_t j = 0; j < sizeof bad / sizeof bad[0]; j++) {
            if (!offers(i, bad[j].parameter)) continue;
            struct answer answer = ask(lists[i].path, bad[j].parameter, bad[j].value);
            cr_expect_eq(answer.status, 400, "%s %s=%s: %s", lists[i].path, bad[j].parameter,
                         bad[j].value, answer.text);
            cr_expect_not_null(strstr(json_text_at(answer.json, "detail"), bad[j].words),
                               "%s %s=%s: %s", lists[i].path, bad[j].parameter, bad[j].value,
                               answer.text);
            cr_expect_not(answer.reached_store);
        }
}

Test(lists, a_mistake_is_answered_with_what_was_probably_meant)
{
    static const struct {
        const char *path, *parameter, *value, *words;
    } rows[] = {
        {"/v1/deployments", "sort", "-updatd_at", "did you mean 'updated_at'?"},
        {"/v1/deployments", "sort", "description",
         "this list is not sorted by description, but by name, cluster, state"},
        {"/v1/deployments", "sort", "age", "there is no field 'age'; known are name, cluster"},
        {"/v1/nodes", "sort", "cpu", "did you mean 'cpu_millis'?"},
        {"/v1/deployments", "q", "rev=1", "did you mean 'revision'?"},
        {"/v1/deployments", "q", "state == running", "'=' is expected, not '=='"},
        {"/v1/deployments", "q", "name = 'web'", "text is put in double quotes"},
        {"/v1/deployments", "q", "strategy = ramped",
         "strategy is never 'ramped'; known are rolling, recreate, blue_green, canary"},
        {"/v1/deployments", "state", "gone", "known are pending, deploying, running"},
        {"/v1/events", "q", "deployment = web", "known are index, at, actor"},
        {"/v1/deployments", "state", "failed,runing", "did you mean 'running'?"},
        {"/v1/deployments", "q", "avalable < 3", "did you mean 'available'?"},
        {"/v1/replicas", "q", "state = runing", "did you mean 'running'?"},
        {"/v1/deployments", "selektor", "a", "did you mean 'selector'?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct answer answer = ask(rows[i].path, rows[i].parameter, rows[i].value);
        cr_assert_eq(answer.status, 400);
        cr_expect_not_null(strstr(json_text_at(answer.json, "detail"), rows[i].words), "%s",
                           answer.text);
    }
}

/* ---- count ---- */

Test(lists, are_counted_when_asked)
{
    for (size_t i = 0; i < LISTS; i++) {
        struct answer whole =
            fixture_get(&fixture, arena_printf(&fixture.arena, "%s?limit=500", lists[i].path));
        struct answer counted = fixture_get(
            &fixture, arena_printf(&fixture.arena, "%s?limit=1&count=true", lists[i].path));
        cr_assert_eq(counted.status, 200, "%s", counted.text);
        cr_expect_eq(json_int_at(counted.json, "count"), (int64_t)item_count(&whole), "%s: %s",
                     lists[i].path, counted.text);
        cr_expect_null(json_at(whole.json, "count"));
    }
    struct answer some =
        fixture_get(&fixture, "/v1/deployments?limit=1&count=true&selector=team=shop&search=what");
    cr_expect_eq(json_int_at(some.json, "count"), 2);
    struct answer since = fixture_get(&fixture, "/v1/events?limit=500&count=true&after=3");
    cr_expect_eq(json_int_at(since.json, "count"), (int64_t)item_count(&since));
    struct answer paged = fixture_get(&fixture, "/v1/events?limit=1&count=true&after=3");
    cr_expect_eq(json_int_at(paged.json, "count"), (int64_t)item_count(&since));
}

/* ---- cursors ---- */

static const char *cursor_of(const char *target)
{
    struct answer answer = fixture_get(&fixture, target);
    cr_assert_eq(answer.status, 200, "%s: %s", target, answer.text);
    const char *cursor = json_text_at(answer.json, "next_cursor");
    cr_assert_not_null(cursor, "%s: %s", target, answer.text);
    return cursor;
}

static const struct {
    const char *first, *other;
} foreign[] = {
    {"/v1/deployments?limit=1", "/v1/deployments?limit=1&q=name%20%3E%20a"},
    {"/v1/deployments?limit=1", "/v1/deployments?limit=1&search=a"},
    {"/v1/deployments?limit=1", "/v1/deployments?limit=1&selector=team"},
    {"/v1/deployments?limit=1", "/v1/deployments?limit=1&sort=name"},
    {"/v1/deployments?limit=1&sort=name", "/v1/deployments?limit=1&sort=-name"},
    {"/v1/deployments?limit=1&sort=replicas", "/v1/deployments?limit=1&sort=available"},
    {"/v1/deployments?limit=1&q=name%20%3E%20a", "/v1/deployments?limit=1&q=name%20%3E%20b"},
    {"/v1/deployments?limit=1&cluster=default", "/v1/deployments?limit=1"},
    {"/v1/replicas?limit=1", "/v1/replicas?limit=1&state=running"},
    {"/v1/replicas?limit=1", OF_WEB "/replicas?limit=1"},
    {"/v1/replicas?limit=1", "/v1/rollouts?limit=1"},
    {"/v1/events?limit=1", "/v1/events?limit=1&after=0"},
};

Test(lists, a_cursor_belongs_to_its_filter_and_order)
{
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        struct answer answer = ask(foreign[i].other, "cursor", cursor_of(foreign[i].first));
        cr_expect_eq(answer.status, 400, "%s", foreign[i].other);
        cr_expect_str_eq(json_text_at(answer.json, "code"), "bad_cursor");
    }
}

Test(lists, a_cursor_outlives_what_only_shapes_the_page)
{
    const char *cursor = cursor_of("/v1/deployments?limit=1&sort=-replicas&state=running,"
                                   "scaled_to_zero,deploying,unhealthy,pending");
    static const char *const others[] = {"limit=2", "limit=1&count=true", "fields=name", "index=3"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const char *target =
            arena_printf(&fixture.arena,
                         "/v1/deployments?state=running,scaled_to_zero,deploying,unhealthy,pending"
                         "&sort=-replicas&%s",
                         others[i]);
        struct answer answer = ask(target, "cursor", cursor);
        cr_expect_eq(answer.status, 200, "%s: %s", others[i], answer.text);
    }
}

/* Each page would pay for it again. */
Test(lists, the_next_page_is_not_counted_again)
{
    struct answer first = fixture_get(&fixture, "/v1/deployments?limit=1&count=true&sort=name");
    cr_assert_eq(first.status, 200, "%s", first.text);
    cr_assert_gt(json_int_at(first.json, "count"), 1);
    const char *link = first.reply.link;
    cr_assert_null(strstr(link, "count="), "%s", link);
    cr_assert_not_null(strstr(link, "&sort=name"), "%s", link);
    const char *target = arena_strndup(&fixture.arena, link + 1, strcspn(link, ">") - 1);
    struct answer next = fixture_get(&fixture, target);
    cr_assert_eq(next.status, 200, "%s", next.text);
    cr_assert_null(json_at(next.json, "count"));
}

/* Every list by every field, one item a page, along the links. */
static size_t walk(const char *target)
{
    size_t count = 0;
    while (target != NULL) {
        struct answer answer = fixture_get(&fixture, target);
        cr_assert_eq(answer.status, 200, "%s: %s", target, answer.text);
        count += item_count(&answer);
        if (answer.reply.link == NULL) break;
        const char *from = answer.reply.link + 1;
        target = arena_strndup(&fixture.arena, from, strcspn(from, ">"));
    }
    return count;
}

static const struct route *route_of(const char *path)
{
    for (size_t i = 0; i < route_count; i++) {
        const char *pattern = routes[i].pattern;
        const char *tail = strstr(pattern, "{name}");
        bool of_web = tail != NULL && text_starts(path, OF_WEB "/") &&
                      text_equal(tail + strlen("{name}"), path + strlen(OF_WEB));
        if (routes[i].method == METHOD_GET && (of_web || text_equal(pattern, path)))
            return &routes[i];
    }
    return NULL;
}

Test(lists, links_lead_through_all_of_each_order)
{
    for (size_t i = 0; i < LISTS; i++) {
        const struct route *route = route_of(lists[i].path);
        cr_assert_not_null(route);
        const struct filter_fields *fields = listing_fields(route->listing);
        struct answer whole =
            fixture_get(&fixture, arena_printf(&fixture.arena, "%s?limit=500", lists[i].path));
        for (size_t j = 0; offers(i, "sort") && j < fields->count; j++) {
            if (!fields->items[j].sortable) continue;
            const char *sorted = arena_printf(&fixture.arena, "%s?limit=1&sort=-%s", lists[i].path,
                                              fields->items[j].name);
            cr_expect_eq(walk(sorted), item_count(&whole), "%s", sorted);
        }
    }
}

/* ---- forged cursors ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static const char *encoded(const char *plain)
{
    struct text text;
    unsigned held = 0, bits = 0;
    text_init(&text, &fixture.arena);
    for (const char *c = plain; *c != '\0'; c++) {
        held = (held << 8 | (unsigned char)*c) & 0xffff;
        for (bits += 8; bits >= 6; bits -= 6)
            text_add_char(&text, digits[held >> (bits - 6) & 63]);
    }
    if (bits > 0) text_add_char(&text, digits[held << (6 - bits) & 63]);
    return text_string(&text);
}

static const char *decoded(const char *cursor)
{
    struct text text;
    unsigned held = 0, bits = 0;
    text_init(&text, &fixture.arena);
    for (const char *c = cursor; *c != '\0'; c++) {
        held = (held << 6 | (unsigned)(strchr(digits, *c) - digits)) & 0xffff;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        text_add_char(&text, (char)(held >> bits & 0xff));
    }
    return text_string(&text);
}

Test(lists, forged_positions_are_other_positions_or_refused)
{
    static const char *const target = "/v1/deployments?limit=1&sort=replicas";
    static const struct {
        const char *position;
        int status;
    } rows[] = {
        {"n0;t7:defaultt3:web", 200},
        {"n-9223372036854775808;t0:t0:", 200},
        {"n9223372036854775807;t1:zt1:z", 200},
        {"n0;t4:' ORt6:1=1 --", 200},
        {"n9223372036854775808;t1:zt1:z", 400},
        {"n1;t7:default", 400},
        {"t1:1t7:defaultt3:web", 400},
        {"n0;n1;n2;", 400},
        {"n0;t7:defaultt3:webn1;", 400},
        {"n0;t7:defaultt4:web", 400},
        {"n0;t-1:xt3:web", 400},
        {"n0;t99999999999999999999:x", 400},
        {"n;", 400},
        {"x", 400},
        {"n0", 400},
    };
    const char *hash = arena_strndup(&fixture.arena, decoded(cursor_of(target)), 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *plain = arena_printf(&fixture.arena, "%s%s", hash, rows[i].position);
        struct answer answer = ask(target, "cursor", encoded(plain));
        cr_expect_eq(answer.status, rows[i].status, "%s: %s", rows[i].position, answer.text);
    }
}

/* ---- attacks ---- */

static const char *const attacks[] = {
    "' OR '1'='1",
    "'; DROP TABLE deployments; --",
    "\" OR \"\"=\"",
    "name = x) OR 1=1 --",
    "name = \"x' OR 1=1 --\"",
    "name ~ \"%' ESCAPE 'x\"",
    "name in (\"a\", \"') OR (1=1\")",
    "label.\"k') OR 1=1\" = x",
    "1; ATTACH DATABASE '/tmp/x' AS x",
    "(SELECT hash FROM tokens)",
    "name) DESC, (SELECT 1",
    "-name; DROP TABLE tokens",
    "updated_at DESC --",
    "?1",
    "$1",
    ":1",
    "@1",
    "%s%n%d",
    "%",
    "_",
    "\\",
    "\\%",
    "*",
    "[",
    "\xe2\x80\xae",
    "\xf0\x9f\x98\x80",
    "name = \xf0\x9f\x98\x80",
    "{\"a\":1}",
    "../../etc/passwd",
    "a=b,c in (d,e),!f,g notin (')",
    "((((((((((((((((((((((((((((((((",
    "not not not not not not not not not not not not not not not not not x",
    "index > 9223372036854775807",
    "index > -9223372036854775808 and number > 0",
    "true",
    "NULL",
    "id = null",
    "9223372036854775807",
    "-9223372036854775809",
};

Test(lists, attacks_never_fail_inside)
{
    static const char *const parameters[] = {"q",     "selector", "search", "state", "sort",
                                             "count", "cursor",   "limit",  "after", "cluster"};
    for (size_t i = 0; i < LISTS; i++)
        for (size_t j = 0; j < sizeof parameters / sizeof parameters[0]; j++)
            for (size_t k = 0; k < sizeof attacks / sizeof attacks[0]; k++) {
                if (!offers(i, parameters[j])) continue;
                struct answer answer = ask(lists[i].path, parameters[j], attacks[k]);
                cr_assert(answer.status == 200 || (answer.status >= 400 && answer.status <= 410),
                          "%s %s=%s: %s", lists[i].path, parameters[j], attacks[k], answer.text);
            }
    struct answer whole = fixture_get(&fixture, "/v1/deployments");
    cr_expect_eq(item_count(&whole), 4);
    struct answer found = ask("/v1/deployments", "search", "' OR '1'='1");
    cr_expect_eq(item_count(&found), 0);
}

/* ---- rollouts of the fleet ---- */

Test(lists, rollouts_of_all_deployments_say_whose_they_are)
{
    struct answer answer = fixture_get(&fixture, "/v1/rollouts");
    cr_assert_eq(item_count(&answer), 4);
    for (size_t i = 0; i < 4; i++) {
        const struct json *item = &json_at(answer.json, "items")->children[i];
        bool blue = text_equal(json_text_at(item, "deployment"), "sky");
        cr_expect_str_eq(json_text_at(item, "cluster"), blue ? "blue" : "default");
    }
    struct call call = {.target = "/v1/rollouts", .token = "blue-read-token"};
    struct answer limited = fixture_call(&fixture, &call);
    cr_assert_eq(item_count(&limited), 1, "%s", limited.text);
    cr_expect_str_eq(json_text_at(limited.json, "items.0.deployment"), "sky");
    struct answer of_one = fixture_get(&fixture, OF_WEB "/rollouts");
    cr_expect_str_eq(json_text_at(of_one.json, "items.0.deployment"), "web");
}

/* ---- waiting ---- */

static bool waits(const char *target)
{
    struct call call = {.target = target, .token = "admin-token"};
    return fixture_call(&fixture, &call).reply.unsatisfied;
}

Test(lists, who_waits_for_events_of_a_filter_is_not_woken_by_others)
{
    int64_t index = fixture_newest_index(&fixture);
    const char *watch =
        arena_printf(&fixture.arena, "?index=%lld&wait_seconds=30", (long long)index);
    const char *ml = arena_printf(&fixture.arena, "/v1/events%s&selector=team=ml", watch);
    const char *shop = arena_printf(&fixture.arena, "/v1/events%s&selector=team=shop", watch);
    const char *token = arena_printf(&fixture.arena, "/v1/events%s&q=kind=token", watch);
    cr_expect(waits(ml));
    fixture_send(&fixture, METHOD_PUT, OF_WEB "/scale", "{\"replicas\": 1}");
    cr_expect(waits(ml));
    cr_expect_not(waits(shop));
    cr_expect(waits(token));
}

Test(lists, who_waits_for_rollouts_and_replicas_learns_of_new_labels)
{
    struct answer before = fixture_get(&fixture, "/v1/rollouts?selector=team=new");
    cr_assert_eq(item_count(&before), 0);
    const char *watch = arena_printf(&fixture.arena, "selector=team=new&wait_seconds=30&index=%lld",
                                     (long long)before.reply.index);
    const char *rollouts = arena_printf(&fixture.arena, "/v1/rollouts?%s", watch);
    const char *replicas = arena_printf(&fixture.arena, "/v1/replicas?%s", watch);
    cr_expect(waits(rollouts));
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                 "{\"labels\": {\"team\": \"new\"}, \"spec\": {\"template\": {\"version\": \"1\", "
                 "\"command\": [\"./serve\"], \"ports\": {\"http\": 0}}}}");
    cr_expect_not(waits(rollouts));
    cr_expect_not(waits(replicas));
}
