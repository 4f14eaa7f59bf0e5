/* What is told of the way of a rollout: differences, plans, explanations, previews, goals. */
#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/diff_view.h"
#include "cli/goal.h"
#include "cli/paint.h"
#include "cli/plan_view.h"
#include "cli/promotion.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "node/cli_text.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TestSuite(cli_plan, .init = cli_text_open, .fini = cli_text_close);

/* As a pipe gets it. */
static void expect_painted(const struct text *painted, const char *expected)
{
    struct text out = new_text();
    paint_lines(&out, painted->bytes, painted->length, false);
    const char *got = text_string(&out);
    cr_assert_str_eq(got, expected, "got:\n%s\nexpected:\n%s", got, expected);
}

static const struct {
    const char *changes, *shown;
} diffs[] = {
    {"[]", ""},
    {"[{\"pointer\":\"/spec/replicas\",\"op\":\"replace\",\"from\":2,\"to\":3}]",
     "- /spec/replicas: 2\n+ /spec/replicas: 3\n"},
    {"[{\"pointer\":\"/spec/paused\",\"op\":\"replace\",\"from\":null,\"to\":true}]",
     "- /spec/paused: null\n+ /spec/paused: true\n"},
    {"[{\"pointer\":\"/labels/a\",\"op\":\"add\",\"from\":null,\"to\":\"x\"}]",
     "+ /labels/a: \"x\"\n"},
    {"[{\"pointer\":\"/labels/a\",\"op\":\"remove\",\"from\":\"x\",\"to\":null}]",
     "- /labels/a: \"x\"\n"},
    {"[{\"pointer\":\"/stop\",\"op\":\"add\",\"from\":null,"
     "\"to\":{\"signal\":\"SIGTERM\",\"none\":null,\"deep\":{\"a/b~c\":[1,{\"x\":2}]},\"e\":{}}}]",
     "+ /stop/signal: \"SIGTERM\"\n+ /stop/deep/a~1b~0c: [1,{\"x\":2}]\n+ /stop/e: {}\n"},
    {"[{\"pointer\":\"/env/A\",\"op\":\"replace\",\"from\":\"\\u001b[2J\\u202e\",\"to\":\"\"}]",
     "- /env/A: \"\\u001b[2J\\u202e\"\n+ /env/A: \"\"\n"},
    {"[{\"op\":\"replace\"},{\"pointer\":\"/a\",\"op\":\"a_newer_word\",\"to\":1}]", "+ /a: 1\n"},
};

Test(cli_plan, a_difference_is_told_field_by_field)
{
    for (size_t i = 0; i < COUNT(diffs); i++) {
        struct text text = new_text();
        diff_draw(&text, &arena, parse(diffs[i].changes));
        expect_painted(&text, diffs[i].shown);
    }
}

static const char plan_text[] =
    "{\"creates\":false,\"changes\":[{\"pointer\":\"/spec/template/version\",\"op\":\"replace\","
    "\"from\":\"1\",\"to\":\"2\"}],\"template_changed\":true,\"revision\":2,\"direct\":false,"
    "\"quarantined\":{\"rollout\":7,\"reason\":\"crash_loop\"},"
    "\"action_counts\":{\"set_wanted\":1,\"create\":2},\"actions\":[],"
    "\"placement\":{\"wanted\":2,\"fit\":1,\"reason\":\"no node has 4000 cpu_millis left\"},"
    "\"timeline\":{\"steps\":["
    "{\"at_ms\":0,\"rollout_state\":\"progressing\",\"started\":2,\"stopped\":0,\"updated\":2,"
    "\"updated_available\":0,\"old\":2,\"available\":2,\"switched_to\":null,\"held_by\":1,"
    "\"waiting_for\":null},"
    "{\"at_ms\":10500,\"rollout_state\":\"awaiting_promotion\",\"started\":0,\"stopped\":1,"
    "\"updated\":2,\"updated_available\":2,\"old\":1,\"available\":3,\"switched_to\":2,"
    "\"waiting_for\":\"a promote\"}],\"end\":\"waits\",\"why\":\"a promote\"}}";

Test(cli_plan, a_plan_tells_fields_orders_room_and_timeline)
{
    struct text text = new_text();
    plan_draw(&text, &arena, "web", parse(plan_text));
    expect_painted(
        &text,
        "web is changed: a rollout begins, to revision 2\n"
        "refused: rollout 7 failed by this very template (crash_loop); apply --force tries it "
        "again\n"
        "- /spec/template/version: \"1\"\n"
        "+ /spec/template/version: \"2\"\n"
        "first     start 2 replicas\n"
        "room      1 of 2 new replicas find a node now: no node has 4000 cpu_millis left\n"
        "\n"
        "If every replica starts at once and is well:\n"
        "  AT     START  STOP  NEW  OLD  AVAILABLE  ROLLOUT             THEN\n"
        "  0s     +2     -     2    2    2          progressing         "
        "traffic stays with revision 1\n"
        "  10.5s  -      -1    2    1    3          awaiting_promotion  "
        "traffic goes to revision 2; a promote\n"
        "waits: a promote\n");
}

static const struct {
    const char *plan, *shown;
    bool changes;
} small_plans[] = {
    {"{\"creates\":false,\"template_changed\":false,\"changes\":[]}", "web stays unchanged\n",
     false},
    {"{\"creates\":false,\"template_changed\":false,\"action_counts\":{},"
     "\"changes\":[{\"pointer\":\"/labels/a\",\"op\":\"add\",\"to\":\"b\"}]}",
     "web is changed; no rollout begins\n+ /labels/a: \"b\"\nfirst     no replica starts or "
     "stops\n",
     true},
    {"{\"creates\":true,\"template_changed\":true,\"revision\":1,\"direct\":true,"
     "\"action_counts\":{\"create\":1},\"placement\":{\"wanted\":1,\"fit\":1}}",
     "web is created: a rollout begins, to revision 1, without steps\nfirst     start 1 replica\n"
     "room      1 of 1 new replica finds a node now\n",
     true},
};

Test(cli_plan, a_plan_says_when_nothing_or_little_happens)
{
    for (size_t i = 0; i < COUNT(small_plans); i++) {
        struct text text = new_text();
        const struct json *plan = parse(small_plans[i].plan);
        plan_draw(&text, &arena, "web", plan);
        expect_painted(&text, small_plans[i].shown);
        cr_assert_eq(plan_changes(plan), small_plans[i].changes);
    }
}

static const char budget[] =
    "\"budget\":{\"replicas\":3,\"surge\":1,\"unavailable\":0,\"total\":4,\"ceiling\":4,"
    "\"min_available\":3,\"available\":3,\"shrink\":0,\"grow\":0,\"rounded\":true}";

Test(cli_plan, an_explanation_says_what_is_waited_for_and_who_holds_it_up)
{
    struct text text = new_text();
    const char *document = arena_printf(
        &arena,
        "{\"state\":\"deploying\",\"message\":\"0 of 1\",\"waiting_for\":\"web-4 to be ready\","
        "\"next\":\"stop one of revision 1\",%s,\"deadline_in_ms\":540000,"
        "\"deadline_stands_still\":false,\"blocked_replicas\":[{\"id\":\"web-4\",\"revision\":2,"
        "\"node\":\"n1\",\"state\":\"running\",\"presence\":\"unknown\",\"ready\":false,"
        "\"reason\":\"answered 503\",\"for_ms\":4200}],\"actions\":[{\"kind\":\"create\","
        "\"why\":\"one more\",\"revision\":2,\"amount\":1,\"replica\":null},{\"kind\":\"stop\","
        "\"why\":\"\",\"revision\":null,\"amount\":null,\"replica\":\"web-1\"}]}",
        budget);
    explain_draw(&text, &arena, "web", parse(document));
    expect_painted(&text,
                   "web  deploying  0 of 1\n"
                   "  waiting for  web-4 to be ready\n"
                   "  next         stop one of revision 1\n"
                   "  deadline     in 9m\n"
                   "  budget       3 replicas wanted; there are 4, at most 4; available 3, at "
                   "least 3; now 0 may start and 0 may stop (surge and unavailable came to 0: one "
                   "is let go)\n"
                   "replicas that are not available:\n"
                   "  REPLICA  REVISION  NODE  STATE    FOR  REASON\n"
                   "  web-4    2         n1    unknown  4s   answered 503\n"
                   "ordered next:\n"
                   "  create 1 of revision 2: one more\n"
                   "  stop web-1\n");
}

Test(cli_plan, of_a_time_that_is_waited_for_the_rest_is_told)
{
    struct text text = new_text();
    explain_draw(&text, &arena, "web",
                 parse("{\"state\":\"deploying\",\"waiting_for\":\"monitor_seconds (10) to "
                       "pass\",\"waiting_ends_in_ms\":7200,\"deadline_in_ms\":null}"));
    cr_assert_not_null(strstr(text_string(&text), "monitor_seconds (10) to pass (7s left)\n"), "%s",
                       text_string(&text));
}

Test(cli_plan, a_deadline_that_stands_still_is_said_to)
{
    struct text text = new_text();
    explain_draw(&text, &arena, "web",
                 parse("{\"state\":\"paused\",\"waiting_for\":null,\"deadline_in_ms\":30000,"
                       "\"deadline_stands_still\":true}"));
    expect_painted(&text,
                   "web  paused\n"
                   "  waiting for  nothing\n"
                   "  deadline     stands still with 30s left\n"
                   "  budget       0 replicas wanted; there are 0, at most 0; available 0, at "
                   "least 0; now 0 may start and 0 may stop\n");
}

static const struct {
    const char *state, *next, *says;
} no_starts[] = {
    {"\"terminated\",\"waiting_for\":null", "null", "now nothing may start (it is terminated)"},
    {"\"terminating\",\"waiting_for\":\"1 replica to stop\"", "null",
     "now nothing may start (its replicas are told to stop)"},
    {"\"running\",\"waiting_for\":null", "null", "now nothing may start (nothing is left to do)"},
    {"\"paused\",\"waiting_for\":\"a resume: spec.paused is set\"", "null",
     "now nothing may start (it waits for a resume: spec.paused is set)"},
    {"\"degraded\",\"waiting_for\":null", "\"start 1 replica\"", "now 1 may start"},
};

Test(cli_plan, room_that_nothing_will_use_is_said_to_start_nothing)
{
    for (size_t i = 0; i < sizeof no_starts / sizeof *no_starts; i++) {
        struct text text = new_text(), out = new_text();
        const char *document =
            arena_printf(&arena, "{\"state\":%s,\"next\":%s,\"budget\":{\"grow\":1}}",
                         no_starts[i].state, no_starts[i].next);
        explain_draw(&text, &arena, "web", parse(document));
        paint_lines(&out, text.bytes, text.length, false);
        cr_assert_not_null(strstr(text_string(&out), no_starts[i].says), "%s", text_string(&out));
    }
}

Test(cli_plan, who_waits_for_a_promotion_is_told_what_to_type)
{
    struct text text = new_text();
    const struct json *waits =
        parse("{\"name\":\"web\",\"rollout\":{\"id\":2,\"state\":\"awaiting_promotion\"}}");
    promotion_draw(&text, parse("{\"name\":\"web\",\"rollout\":null}"), "");
    promotion_draw(&text, waits, "");
    promotion_draw(&text, waits, " --cluster gpu");
    promotion_draw(&text,
                   parse("{\"name\":\"web\",\"paused\":true,"
                         "\"rollout\":{\"id\":2,\"state\":\"awaiting_promotion\"}}"),
                   "");
    expect_painted(&text, "waiting for promotion: dogshore promote web\n"
                          "waiting for promotion: dogshore promote web --cluster gpu\n"
                          "waiting for promotion, but paused: dogshore resume web\n");
}

static const char two_revisions[] =
    "{\"items\":[{\"id\":\"a\",\"revision\":1,\"state\":\"running\",\"wanted\":\"run\","
    "\"ready\":true},{\"id\":\"b\",\"revision\":2,\"state\":\"running\",\"wanted\":\"run\","
    "\"ready\":true}]}";

/* The heads of the revisions in the tree. */
static void expect_roles(const char *endpoints, const char *newer, const char *older)
{
    struct view view = {.status = parse("{\"name\":\"web\",\"state\":\"deploying\"}"),
                        .replicas = parse(two_revisions),
                        .endpoints = endpoints == NULL ? NULL : parse(endpoints)};
    struct text text = new_text(), out = new_text();
    view_tree(&text, &arena, &view);
    paint_lines(&out, text.bytes, text.length, false);
    cr_assert_not_null(strstr(text_string(&out), newer), "%s", text_string(&out));
    cr_assert_not_null(strstr(text_string(&out), older), "%s", text_string(&out));
}

Test(cli_plan, previews_and_what_gets_traffic_are_told_apart)
{
    expect_roles("{\"endpoints\":[{\"replica\":\"a\",\"role\":\"active\"},"
                 "{\"replica\":\"b\",\"role\":\"preview\"}]}",
                 "─ revision 2  preview\n", "─ revision 1  active\n");
    expect_roles("{\"endpoints\":[{\"replica\":\"a\",\"role\":\"preview\"},"
                 "{\"replica\":\"b\",\"role\":\"active\"}]}",
                 "─ revision 2  active\n", "─ revision 1  old, kept\n");
    expect_roles("{\"endpoints\":[{\"replica\":\"a\",\"role\":\"active\"},"
                 "{\"replica\":\"b\",\"role\":\"active\"}]}",
                 "─ revision 2\n", "─ revision 1\n");
    expect_roles(NULL, "─ revision 2\n", "─ revision 1\n");
}

#define RUNS "\"generation\":3,\"observed_generation\":3,\"desired\":2,\"available\":2,"
#define WHOLE "\"updated\":2,\"total\":2,\"halted\":null,"

static const struct {
    struct goal goal;
    const char *status, *rollout;
    bool missing;
    enum verdict verdict;
} goals[] = {
    {{.state = GOAL_AVAILABLE}, NULL, NULL, false, VERDICT_WAITING},
    {{.state = GOAL_AVAILABLE}, "{" RUNS "\"state\":\"deploying\"}", NULL, false, VERDICT_REACHED},
    {{.state = GOAL_AVAILABLE},
     "{\"generation\":4,\"observed_generation\":3,\"desired\":2,\"available\":2,"
     "\"state\":\"running\"}",
     NULL,
     false,
     VERDICT_WAITING},
    {{.state = GOAL_AVAILABLE},
     "{\"generation\":3,\"observed_generation\":3,\"desired\":2,\"available\":1,"
     "\"state\":\"degraded\"}",
     NULL,
     false,
     VERDICT_WAITING},
    {{.state = GOAL_AVAILABLE}, "{\"state\":\"terminated\"}", NULL, false, VERDICT_STUCK},
    {{.state = GOAL_AVAILABLE}, "{\"state\":\"terminating\"}", NULL, false, VERDICT_STUCK},
    {{.state = GOAL_COMPLETE},
     "{" RUNS WHOLE "\"state\":\"running\"}",
     NULL,
     false,
     VERDICT_REACHED},
    {{.state = GOAL_COMPLETE},
     "{" RUNS WHOLE "\"state\":\"running\",\"rollout\":{\"id\":1,\"state\":\"rolled_back\"}}",
     NULL,
     false,
     VERDICT_REACHED},
    {{.state = GOAL_COMPLETE},
     "{" RUNS WHOLE "\"state\":\"deploying\",\"rollout\":{\"id\":1,\"state\":\"progressing\"}}",
     NULL,
     false,
     VERDICT_WAITING},
    {{.state = GOAL_COMPLETE},
     "{" RUNS "\"updated\":2,\"total\":3,\"state\":\"running\"}",
     NULL,
     false,
     VERDICT_WAITING},
    {{.state = GOAL_COMPLETE},
     "{" RUNS "\"updated\":2,\"total\":2,\"halted\":{\"reason\":\"x\"},\"state\":\"failed\"}",
     NULL,
     false,
     VERDICT_STUCK},
    {{.state = GOAL_COMPLETE},
     "{" RUNS "\"state\":\"paused\",\"rollout\":{\"id\":2,\"state\":\"awaiting_promotion\"}}",
     NULL,
     false,
     VERDICT_STUCK},
    {{.state = GOAL_COMPLETE},
     "{" RUNS "\"state\":\"paused\",\"rollout\":{\"id\":2,\"state\":\"paused\"}}",
     NULL,
     false,
     VERDICT_STUCK},
    {{.state = GOAL_AVAILABLE},
     "{" RUNS "\"state\":\"paused\",\"rollout\":{\"id\":2,\"state\":\"paused\"}}",
     NULL,
     false,
     VERDICT_REACHED},
    {{.state = GOAL_TERMINATED}, "{\"state\":\"terminating\"}", NULL, false, VERDICT_WAITING},
    {{.state = GOAL_TERMINATED}, "{\"state\":\"terminated\"}", NULL, false, VERDICT_REACHED},
    {{.state = GOAL_TERMINATED}, "{\"state\":\"terminating\"}", NULL, true, VERDICT_REACHED},
    {{.state = GOAL_TERMINATED}, "{\"state\":\"running\"}", NULL, false, VERDICT_STUCK},
    {{.rollout = 2, .back = true}, NULL, "{\"state\":\"rolled_back\"}", false, VERDICT_REACHED},
    {{.rollout = 2, .back = true}, NULL, "{\"state\":\"rolling_back\"}", false, VERDICT_WAITING},
    {{.rollout = 2, .back = true}, NULL, "{\"state\":\"failed\"}", false, VERDICT_FAILED},
};

Test(cli_plan, a_state_that_is_waited_for_is_judged_as_the_server_does)
{
    for (size_t i = 0; i < COUNT(goals); i++) {
        const struct json *status = goals[i].status == NULL ? NULL : parse(goals[i].status);
        const struct json *rollout = goals[i].rollout == NULL ? NULL : parse(goals[i].rollout);
        cr_assert_eq(goal_judge(&goals[i].goal, status, rollout, goals[i].missing),
                     goals[i].verdict, "goal %zu", i);
    }
}

Test(cli_plan, states_have_their_words)
{
    enum goal_state state;
    cr_assert(goal_state_find("complete", &state));
    cr_assert_eq(state, GOAL_COMPLETE);
    cr_assert_str_eq(goal_state_word(GOAL_TERMINATED), "terminated");
    cr_assert_not(goal_state_find("there", &state));
    cr_assert_not(goal_state_find("", &state));
}

static const struct {
    const char *arguments, *verb, *operand;
    const char *said; /* NULL = fine */
} lines[] = {
    {"-f web.json plan --exit-code", "plan", NULL, NULL},
    {"wait web --for complete --timeout 3", "wait", "web", NULL},
    {"rollout wait web", "rollout wait", "web", NULL},
    {"promote web --full --wait", "promote", "web", NULL},
    {"diff web 3 --against spec", "diff", "web", NULL},
    {"revision web 3 --tag start,stop --pin", "revision", "web", NULL},
    {"revision web", NULL, NULL, "usage: dogshore revision NAME REVISION"},
    {"diff web 1 2", NULL, NULL, "\"2\""},
    {"pause", NULL, NULL, "usage: dogshore pause NAME"},
    {"pause web --wait", NULL, NULL, "--wait"},
    {"promte web", NULL, NULL, "did you mean 'promote'?"},
};

Test(cli_plan, the_verbs_are_read_from_a_line)
{
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct cli cli = {.outcome = EXIT_CODE_OK};
        struct err err = {.code = ERR_OK};
        char *argv[16] = {arena_strdup(&arena, "dogshore")};
        int argc = 1;
        char *rest = arena_strdup(&arena, lines[i].arguments);
        while (rest != NULL)
            argv[argc++] = strsep(&rest, " ");
        arena_init(&cli.arena);
        enum err_code code = command_line_read(&cli, argc, argv, &err);
        if (lines[i].said == NULL) {
            cr_assert_eq(code, ERR_OK, "%s: %s", lines[i].arguments, err.detail);
            cr_assert_str_eq(cli.verb->words, lines[i].verb);
            cr_assert(text_equal(cli_operand(&cli, 0), lines[i].operand));
        } else {
            cr_assert_eq(code, ERR_USAGE, "%s", lines[i].arguments);
            cr_assert_not_null(strstr(err.detail, lines[i].said), "%s", err.detail);
        }
        arena_release(&cli.arena);
    }
}
