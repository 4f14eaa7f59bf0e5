#include "cli/age.h"
#include "cli/bar.h"
#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/escape.h"
#include "cli/failure.h"
#include "cli/goal.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "node/cli_text.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TestSuite(cli_view, .init = cli_text_open, .fini = cli_text_close);

/* As a pipe gets it: every line, no colours. */
static const char *plain(const struct text *painted)
{
    struct text out;
    text_init(&out, &arena);
    paint_lines(&out, painted->bytes, painted->length, false);
    return text_string(&out);
}

static void expect_text(const char *got, const char *expected)
{
    cr_assert_str_eq(got, expected, "got:\n%s\nexpected:\n%s", got, expected);
}

static const struct {
    const char *bytes;
    size_t count;
    const char *shown;
} escapes[] = {
    {"plain", 5, "plain"},
    {"a\nb\tc\r", 6, "a\\nb\\tc\\r"},
    {"\033[31mred", 8, "\\x1b[31mred"},
    {"\a\177", 2, "\\x07\\x7f"},
    {"\302\233"
     "2J",
     4, "\\u009b2J"},
    {"\377\300x", 3, "\\xff\\xc0x"},
    {"caf\303\251 \342\226\210", 9, "café █"},
    {"\342\200\256abc", 6, "\\u202eabc"},
    {"cut \342\226", 6, "cut \\xe2\\x96"},
    {"\001b", 2, "\\x01b"},
};

Test(cli_view, what_could_command_a_terminal_is_shown_as_its_code)
{
    for (size_t i = 0; i < COUNT(escapes); i++) {
        struct text text = new_text();
        escape_bytes(&text, escapes[i].bytes, escapes[i].count);
        expect_text(text_string(&text), escapes[i].shown);
    }
}

Test(cli_view, no_byte_makes_a_control_character_of_the_terminal)
{
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        struct text text = new_text();
        escape_bytes(&text, &c, 1);
        for (size_t i = 0; i < text.length; i++)
            cr_assert((unsigned char)text.bytes[i] >= 0x20 && text.bytes[i] != 0x7f, "byte %d",
                      byte);
    }
}

Test(cli_view, a_mark_of_style_cannot_come_from_an_object)
{
    struct text painted = new_text(), coloured = new_text();
    paint(&painted, STYLE_PLAIN, "\001f\033[31m");
    paint_line(&coloured, painted.bytes, painted.length, SIZE_MAX, true);
    expect_text(text_string(&coloured), "\\x01f\\x1b[31m");
}

Test(cli_view, a_painted_line_is_coloured_or_plain)
{
    struct text painted = new_text(), coloured = new_text();
    paint(&painted, STYLE_GOOD, "ok");
    text_add(&painted, " then");
    expect_text(plain(&painted), "ok then");
    paint_line(&coloured, painted.bytes, painted.length, SIZE_MAX, true);
    expect_text(text_string(&coloured), "\033[32mok\033[0m then");
}

static const struct {
    const char *line;
    size_t columns;
    const char *shown;
} cuts[] = {
    {"hello", 5, "hello"},
    {"hello", 4, "hel…"},
    {"hello", 1, "…"},
    {"日本語", 6, "日本語"},
    {"日本語", 5, "日本…"},
    {"日本語", 4, "日…"},
    {"e\314\201te", 3, "e\314\201te"},
    {"██··", 3, "██…"},
};

Test(cli_view, a_line_is_cut_at_the_columns_of_the_terminal)
{
    for (size_t i = 0; i < COUNT(cuts); i++) {
        struct text out = new_text();
        paint_line(&out, cuts[i].line, strlen(cuts[i].line), cuts[i].columns, false);
        expect_text(text_string(&out), cuts[i].shown);
    }
}

Test(cli_view, colours_end_where_a_line_is_cut)
{
    struct text painted = new_text(), out = new_text();
    paint(&painted, STYLE_BAD, "failed badly");
    paint_line(&out, painted.bytes, painted.length, 7, true);
    expect_text(text_string(&out), "\033[31mfailed…\033[0m");
}

Test(cli_view, columns_of_a_table_align_by_what_is_seen)
{
    struct table table;
    struct text text = new_text();
    table_init(&table, &arena, "NAME STATE AGE");
    table_row(&table);
    table_cell(&table, STYLE_BOLD, "日本");
    table_cell(&table, STYLE_GOOD, "running");
    table_cell(&table, STYLE_PLAIN, "5s");
    table_row(&table);
    table_cell(&table, STYLE_PLAIN, "a\nb");
    table_cell(&table, STYLE_PLAIN, NULL);
    table_cell_int(&table, 7);
    table_draw(&table, &text, "");
    expect_text(plain(&text), "NAME  STATE    AGE\n"
                              "日本  running  5s\n"
                              "a\\nb  -        7\n");
}

static const struct {
    int64_t count, of;
    const char *shown;
} bars[] = {
    {0, 4, "····"},
    {2, 4, "██··"},
    {4, 4, "████"},
    {6, 4, "████"},
    {-1, 2, "··"},
    {0, 0, ""},
    {1, 1000, "█·····························"},
    {999, 1000, "█████████████████████████████·"},
    {1000, 1000, "██████████████████████████████"},
};

Test(cli_view, a_bar_is_full_only_when_all_are_there)
{
    for (size_t i = 0; i < COUNT(bars); i++) {
        struct text text = new_text();
        bar_draw(&text, bars[i].count, bars[i].of);
        expect_text(text_string(&text), bars[i].shown);
    }
}

static const struct {
    const char *since;
    int64_t later_ms;
    const char *shown;
} ages[] = {
    {"2026-01-31T09:26:53.589Z", 0, "0s"},
    {"2026-01-31T09:26:53.589Z", 119999, "119s"},
    {"2026-01-31T09:26:53.589Z", 120000, "2m"},
    {"2026-01-31T09:26:53.589Z", 2LL * 3600 * 1000, "2h"},
    {"2026-01-31T09:26:53.589Z", 49LL * 3600 * 1000, "2d"},
    {"2026-01-31T09:26:53.589Z", -5000, "0s"},
    {"yesterday", 0, "-"},
    {"2026-01-31T09:26:53.589Z and more", 0, "-"},
    {NULL, 0, "-"},
};

Test(cli_view, ages_are_short_and_never_negative)
{
    int64_t base = age_parse("2026-01-31T09:26:53.589Z");
    cr_assert_eq(base, 1769851613589);
    for (size_t i = 0; i < COUNT(ages); i++)
        expect_text(age_text(&arena, ages[i].since, base + ages[i].later_ms), ages[i].shown);
}

static const struct {
    enum err_code code;
    enum exit_code exit;
} exits[] = {
    {ERR_OK, EXIT_CODE_OK},
    {ERR_UNAVAILABLE, EXIT_CODE_ERROR},
    {ERR_INVALID, EXIT_CODE_ERROR},
    {ERR_IO, EXIT_CODE_ERROR},
    {ERR_INTERNAL, EXIT_CODE_ERROR},
    {ERR_USAGE, EXIT_CODE_USAGE},
    {ERR_NOT_FOUND, EXIT_CODE_NOT_FOUND},
    {ERR_CONFLICT, EXIT_CODE_CONFLICT},
    {ERR_ILLEGAL_STATE, EXIT_CODE_CONFLICT},
    {ERR_PRECONDITION, EXIT_CODE_CONFLICT},
    {ERR_GONE, EXIT_CODE_CONFLICT},
    {ERR_UNAUTHORIZED, EXIT_CODE_NOT_ALLOWED},
    {ERR_FORBIDDEN, EXIT_CODE_NOT_ALLOWED},
    {ERR_CANCELLED, EXIT_CODE_INTERRUPTED},
};

Test(cli_view, every_kind_of_error_has_its_exit_code)
{
    for (size_t i = 0; i < COUNT(exits); i++)
        cr_assert_eq(exit_code_of(exits[i].code), exits[i].exit, "%s", err_slug(exits[i].code));
}

static const char status_text[] =
    "{\"name\":\"web\",\"state\":\"deploying\",\"message\":\"1 of 2 replicas of revision 2 are "
    "available\","
    "\"generation\":3,\"observed_generation\":3,\"revision\":2,\"version\":\"v2\",\"desired\":2,"
    "\"updated\":1,\"ready\":2,\"available\":2,\"total\":3,"
    "\"rollout\":{\"id\":2,\"state\":\"progressing\"}}";

static const char rollout_text[] =
    "{\"id\":2,\"from_revision\":1,\"to_revision\":2,\"state\":\"progressing\",\"message\":\"\"}";

static const char replicas_text[] =
    "{\"items\":["
    "{\"id\":\"web-1\",\"revision\":1,\"node\":\"n1\",\"wanted\":\"run\",\"state\":\"running\","
    "\"presence\":\"present\",\"ready\":true,\"address\":\"10.0.0.1\",\"ports\":{\"http\":20001},"
    "\"started_at\":\"2026-01-31T09:26:53.589Z\",\"reason\":\"\"},"
    "{\"id\":\"web-2\",\"revision\":1,\"node\":\"n2\",\"wanted\":\"stop\",\"state\":\"running\","
    "\"presence\":\"present\",\"ready\":true,\"address\":\"::1\",\"ports\":{\"http\":20002},"
    "\"started_at\":\"2026-01-31T09:26:53.589Z\",\"reason\":\"\"},"
    "{\"id\":\"web-3\",\"revision\":2,\"node\":\"n1\",\"wanted\":\"run\",\"state\":\"running\","
    "\"presence\":\"present\",\"ready\":false,\"address\":null,\"ports\":{},"
    "\"started_at\":null,\"reason\":\"\","
    "\"readiness\":{\"ok\":false,\"reason\":\"answered \\u001b[31m500\",\"since\":null}},"
    "{\"id\":\"web-0\",\"revision\":1,\"node\":\"n1\",\"wanted\":\"stop\",\"state\":\"stopped\","
    "\"presence\":\"present\",\"ready\":false,\"reason\":\"\"}]}";

static const char revisions_text[] =
    "{\"items\":[{\"number\":2,\"version\":\"v2\",\"outcome\":\"active\"},"
    "{\"number\":1,\"version\":\"v1\",\"outcome\":\"stable\"}]}";

Test(cli_view, a_deployment_is_a_tree_of_revisions_and_replicas)
{
    struct view view = {
        .status = parse(status_text),
        .rollout = parse(rollout_text),
        .replicas = parse(replicas_text),
        .revisions = parse(revisions_text),
        .notice = "the server does not answer; retrying",
        .now_ms = age_parse("2026-01-31T09:27:03.589Z"),
    };
    struct text text = new_text();
    view_tree(&text, &arena, &view);
    expect_text(plain(&text), "web  v2  deploying  1 of 2 replicas of revision 2 are available\n"
                              "├─ available  ██ 2/2  3 replicas\n"
                              "├─ updated    █· 1/2\n"
                              "├─ rollout 2  progressing  revision 1 → 2\n"
                              "├─ revision 2  v2\n"
                              "│  └─ ○ web-3  n1  running  -  -  answered \\x1b[31m500\n"
                              "└─ revision 1  v1\n"
                              "   ├─ ● web-1  n1  running   10.0.0.1:20001  10s\n"
                              "   └─ ● web-2  n2  draining  [::1]:20002     10s\n"
                              "the server does not answer; retrying\n");
}

Test(cli_view, what_failed_in_a_rollout_that_was_taken_back_is_left_out)
{
    struct view view = {
        .status = parse("{\"name\":\"web\",\"state\":\"running\",\"revision\":3}"),
        .rollout = parse("{\"id\":2,\"to_revision\":2,\"state\":\"rolled_back\"}"),
        .replicas =
            parse("{\"items\":["
                  "{\"id\":\"web-1\",\"revision\":2,\"wanted\":\"run\",\"state\":\"failed\"},"
                  "{\"id\":\"web-2\",\"revision\":3,\"wanted\":\"run\",\"state\":\"failed\"}]}"),
    };
    struct text text = new_text();
    view_tree(&text, &arena, &view);
    cr_assert_null(strstr(plain(&text), "web-1"));
    cr_assert_not_null(strstr(plain(&text), "✗ web-2"));
}

Test(cli_view, a_tree_is_drawn_from_a_status_alone)
{
    struct view view = {.status = parse("{\"name\":\"web\",\"state\":\"scaled_to_zero\"}")};
    struct text text = new_text();
    view_tree(&text, &arena, &view);
    expect_text(plain(&text), "web  scaled_to_zero\n"
                              "├─ available   0/0  0 replicas\n"
                              "└─ updated     0/0\n");
}

Test(cli_view, a_transition_is_one_line)
{
    struct text text = new_text();
    view_line(&text, parse(status_text));
    expect_text(plain(&text),
                "web deploying v2: available 2/2, updated 1/2, replicas 3; "
                "rollout 2 progressing: 1 of 2 replicas of revision 2 are available\n");
}

Test(cli_view, the_message_of_a_deployment_is_not_that_of_a_rollout_long_ended)
{
    struct text text = new_text();
    view_line(&text, parse("{\"name\":\"web\",\"state\":\"running\",\"message\":\"all is well\","
                           "\"desired\":1,\"updated\":1,\"available\":1,\"total\":1,"
                           "\"rollout\":{\"id\":2,\"state\":\"rolled_back\"}}"));
    expect_text(plain(&text), "web running: available 1/1, updated 1/1, replicas 1; "
                              "rollout 2 rolled_back; all is well\n");
}

static const struct {
    const char *replica, *state, *reason;
    bool ready;
} replicas[] = {
    {"{\"state\":\"running\",\"ready\":true,\"presence\":\"present\"}", "running", NULL, true},
    {"{\"state\":\"running\",\"ready\":true,\"presence\":\"lost\"}", "lost", NULL, false},
    {"{\"state\":\"running\",\"ready\":false,\"readiness\":{\"reason\":\"answered 503\"}}",
     "running", "answered 503", false},
    {"{\"state\":\"stopping\",\"ready\":false,\"readiness\":{\"reason\":\"answered 503\"}}",
     "stopping", NULL, false},
    {"{\"state\":\"stopped\",\"ready\":false,\"readiness\":{\"reason\":\"answered 503\"}}",
     "stopped", NULL, false},
};

Test(cli_view, a_replica_is_told_as_people_see_it)
{
    for (size_t i = 0; i < COUNT(replicas); i++) {
        const struct json *replica = parse(replicas[i].replica);
        cr_assert_str_eq(view_replica_state(replica), replicas[i].state);
        cr_assert_eq(view_replica_ready(replica), replicas[i].ready);
        cr_assert(text_equal(view_replica_reason(replica), replicas[i].reason));
    }
}

Test(cli_view, a_frame_is_drawn_over_the_one_before_and_fits_the_screen)
{
    struct terminal terminal = {.redraw = true, .columns = 4, .rows = 4};
    struct text painted = new_text(), first = new_text(), second = new_text();
    text_add(&painted, "one\ntwo and more\n");
    terminal_render_frame(&terminal, &painted, &first);
    expect_text(text_string(&first), "\033[Kone\n\033[Ktwo…\n\033[J");
    text_add(&painted, "three\nfour\nfive\n");
    terminal_render_frame(&terminal, &painted, &second);
    expect_text(text_string(&second),
                "\033[2A\r\033[Kone\n\033[Ktwo…\n\033[K… 3 lines more\n\033[J");
    cr_assert_eq(terminal.frame_lines, 3);
}

static const struct {
    struct goal goal;
    const char *status;
    const char *rollout;
    bool missing;
    enum verdict verdict;
} goals[] = {
    {{.rollout = 2}, NULL, NULL, false, VERDICT_WAITING},
    {{.rollout = 2}, NULL, "{\"state\":\"progressing\"}", false, VERDICT_WAITING},
    {{.rollout = 2}, NULL, "{\"state\":\"rolling_back\"}", false, VERDICT_WAITING},
    {{.rollout = 2}, NULL, "{\"state\":\"succeeded\"}", false, VERDICT_REACHED},
    {{.rollout = 2}, NULL, "{\"state\":\"rolled_back\"}", false, VERDICT_FAILED},
    {{.rollout = 2}, NULL, "{\"state\":\"failed\"}", false, VERDICT_FAILED},
    {{.rollout = 2}, NULL, "{\"state\":\"aborted\"}", false, VERDICT_FAILED},
    {{.rollout = 2}, NULL, "{\"state\":\"superseded\"}", false, VERDICT_SUPERSEDED},
    {{.rollout = 2}, NULL, "{\"state\":\"a_newer_word\"}", false, VERDICT_WAITING},
    {{.rollout = 2, .size = true}, NULL, "{\"state\":\"succeeded\"}", false, VERDICT_WAITING},
    {{.size = true, .generation = 3},
     "{\"desired\":2,\"available\":2,\"total\":2,\"observed_generation\":2}",
     NULL,
     false,
     VERDICT_WAITING},
    {{.size = true, .generation = 3},
     "{\"desired\":2,\"available\":2,\"total\":2,\"observed_generation\":3}",
     NULL,
     false,
     VERDICT_REACHED},
    {{.size = true},
     "{\"desired\":2,\"available\":2,\"total\":3,\"observed_generation\":3}",
     NULL,
     false,
     VERDICT_WAITING},
    {{.gone = true}, "{\"state\":\"terminating\"}", NULL, false, VERDICT_WAITING},
    {{.gone = true}, "{\"state\":\"terminating\"}", NULL, true, VERDICT_REACHED},
    {{.gone = true}, "{\"state\":\"pending\"}", NULL, false, VERDICT_REACHED},
};

Test(cli_view, a_goal_is_judged_by_the_documents)
{
    for (size_t i = 0; i < COUNT(goals); i++) {
        const struct json *status = goals[i].status == NULL ? NULL : parse(goals[i].status);
        const struct json *rollout = goals[i].rollout == NULL ? NULL : parse(goals[i].rollout);
        cr_assert_eq(goal_judge(&goals[i].goal, status, rollout, goals[i].missing),
                     goals[i].verdict, "goal %zu", i);
    }
}

Test(cli_view, a_failure_says_the_limit_the_replica_the_probe_the_log_and_what_to_type)
{
    struct failure failure = {
        .name = "web",
        .flags = " --cluster gpu",
        .rollout = parse("{\"id\":3,\"state\":\"failed\",\"message\":\"healthy_seconds passed\","
                         "\"reason\":\"healthy_limit\",\"from_revision\":1,\"to_revision\":2,"
                         "\"failed_replica\":\"web-7\"}"),
        .replica = parse("{\"node\":\"n1\",\"state\":\"stopped\",\"attempt\":2,\"reason\":\"\","
                         "\"readiness\":{\"reason\":\"answered 500\"},"
                         "\"exit\":{\"code\":3,\"signal\":null,\"oom\":false},\"log_tail\":null}"),
        .remembered = parse("{\"node\":\"n9\",\"log_tail\":\"1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n"
                            "10\\n\\u001b[2Jeleven\\n\"}"),
        .revisions = parse(revisions_text),
    };
    struct text text = new_text();
    failure_draw(&text, &failure);
    expect_text(plain(&text), "rollout 3 of web failed: healthy_seconds passed\n"
                              "  limit    healthy_limit\n"
                              "  replica  web-7 on n1, revision 2, attempt 2, now stopped\n"
                              "  probe    answered 500\n"
                              "  exit     code 3\n"
                              "  log      | 2\n"
                              "           | 3\n"
                              "           | 4\n"
                              "           | 5\n"
                              "           | 6\n"
                              "           | 7\n"
                              "           | 8\n"
                              "           | 9\n"
                              "           | 10\n"
                              "           | \\x1b[2Jeleven\n"
                              "next:\n"
                              "  dogshore history web --cluster gpu\n"
                              "  dogshore rollback web --cluster gpu --to 1 --wait\n"
                              "  dogshore events web --cluster gpu --limit 50\n");
}

Test(cli_view, a_failed_check_is_told_and_not_how_its_canary_was_stopped)
{
    struct failure failure = {
        .name = "web",
        .flags = "",
        .rollout = parse("{\"id\":3,\"state\":\"rolled_back\",\"message\":\"m\",\"reason\":"
                         "\"check_failed\",\"to_revision\":2,\"failed_replica\":\"web-7\"}"),
        .replica = parse("{\"node\":\"n1\",\"state\":\"stopped\",\"wanted\":\"stop\","
                         "\"attempt\":1,\"reason\":\"told to stop\",\"readiness\":"
                         "{\"reason\":null},\"check\":{\"passed\":false,\"reason\":"
                         "\"answered 404\"},\"exit\":{\"code\":0}}"),
        .remembered = parse("{\"node\":\"n1\",\"reason\":\"as it was then\"}"),
    };
    struct text text = new_text();
    failure_draw(&text, &failure);
    expect_text(plain(&text), "rollout 3 of web rolled_back: m\n"
                              "  limit    check_failed\n"
                              "  replica  web-7 on n1, revision 2, attempt 1, now stopped\n"
                              "  reason   as it was then\n"
                              "  check    answered 404\n"
                              "next:\n"
                              "  dogshore history web\n"
                              "  dogshore status web\n"
                              "  dogshore events web --limit 50\n");
}

Test(cli_view, a_failure_for_want_of_room_can_be_tried_again)
{
    struct failure failure = {
        .name = "web",
        .flags = "",
        .rollout = parse("{\"id\":3,\"state\":\"rolled_back\",\"message\":\"m\",\"reason\":"
                         "\"schedule_limit\",\"to_revision\":2,\"failed_replica\":null}"),
    };
    struct text text = new_text();
    failure_draw(&text, &failure);
    expect_text(plain(&text), "rollout 3 of web rolled_back: m\n"
                              "  limit    schedule_limit\n"
                              "next:\n"
                              "  dogshore history web\n"
                              "  dogshore retry web --wait     # once what was in its way is gone\n"
                              "  dogshore status web\n"
                              "  dogshore events web --limit 50\n");
}

Test(cli_view, a_failure_is_told_also_when_nothing_but_the_rollout_is_known)
{
    struct failure failure = {.name = "web", .flags = "", .rollout = parse("{\"id\":1}")};
    struct text text = new_text();
    failure_draw(&text, &failure);
    cr_assert(text_starts(plain(&text), "rollout 1 of web "));
}

static const struct {
    const char *arguments; /* separated by blanks */
    const char *verb;      /* NULL = none, "" = refused */
    const char *operand;
    const char *said; /* part of the error */
} lines[] = {
    {"", NULL, NULL, NULL},
    {"--help", NULL, NULL, NULL},
    {"get", "get", NULL, NULL},
    {"get web -o json", "get", "web", NULL},
    {"-o json get web", "get", "web", NULL},
    {"--output=json --server http://h get web", "get", "web", NULL},
    {"rollout wait web --timeout 5", "rollout wait", "web", NULL},
    {"--timeout 5 rollout wait web", "rollout wait", "web", NULL},
    {"-f web.json apply --wait", "apply", NULL, NULL},
    {"-f events web", "events", "web", NULL},
    {"nodes rejoin n1", "nodes rejoin", "n1", NULL},
    {"nodes n1", "nodes", "n1", NULL},
    {"get -- -web", "get", "-web", NULL},
    {"gte", "", NULL, "did you mean 'get'?"},
    {"rolback web", "", NULL, "did you mean 'rollback'?"},
    {"rollout", "", NULL, "'rollout wait', 'rollout list'"},
    {"rollout wiat web", "", NULL, "'rollout wait', 'rollout list'"},
    {"scale web", "", NULL, "usage: dogshore scale NAME REPLICAS"},
    {"get a b", "", NULL, "\"b\""},
    {"get --selecter x", "", NULL, "selector"},
    {"get --wait", "", NULL, "--wait"},
    {"get -o yaml", "", NULL, "text, json or name"},
    {"scale web 3 --timeout soon", "", NULL, "timeout"},
};

static enum err_code read_line(const char *arguments, struct cli *cli, struct err *err)
{
    char **argv = ARENA_ARRAY(&arena, char *, 16);
    int argc = 0;
    argv[argc++] = arena_strdup(&arena, "dogshore");
    char *rest = arena_strdup(&arena, arguments);
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " "))
        if (*word != '\0') argv[argc++] = word;
    arena_init(&cli->arena);
    return command_line_read(cli, argc, argv, err);
}

Test(cli_view, flags_stand_before_or_after_the_verb)
{
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct cli cli = {.outcome = EXIT_CODE_OK};
        struct err err = {.code = ERR_OK};
        enum err_code code = read_line(lines[i].arguments, &cli, &err);
        const char *verb = cli.verb == NULL ? NULL : cli.verb->words;
        if (lines[i].said != NULL) {
            cr_assert_eq(code, ERR_USAGE, "%s", lines[i].arguments);
            cr_assert_not_null(strstr(err.detail, lines[i].said), "%s: %s", lines[i].arguments,
                               err.detail);
        } else {
            cr_assert_eq(code, ERR_OK, "%s: %s", lines[i].arguments, err.detail);
            cr_assert(text_equal(verb, lines[i].verb), "%s", lines[i].arguments);
            cr_assert(text_equal(cli_operand(&cli, 0), lines[i].operand), "%s", lines[i].arguments);
        }
        arena_release(&cli.arena);
    }
}

Test(cli_view, every_verb_has_help_and_examples_of_its_own)
{
    for (size_t i = 0; i < verbs_count; i++) {
        cr_assert_not_null(strstr(verbs[i].examples, verbs[i].words), "%s", verbs[i].words);
        cr_assert(verbs[i].help[0] != '\0' && verbs[i].summary[0] != '\0', "%s", verbs[i].words);
        cr_assert_not_null(verbs[i].run, "%s", verbs[i].words);
    }
}

static const struct {
    const char *text;
    const char *said; /* NULL = fine */
} configs[] = {
    {"", NULL},
    {"# a comment\n\n  server =  http://h:1  \ncluster=gpu\n", NULL},
    {"server = http://h:1\r\ncluster = gpu\r\n", NULL},
    {"sever = x\n", "line 1: 'sever' is not a setting; did you mean 'server'?"},
    {"\n\nserver\n", "line 3: is not 'key = value'"},
};

Test(cli_view, a_config_file_is_read_strictly)
{
    for (size_t i = 0; i < COUNT(configs); i++) {
        struct settings_flags flags = {0};
        struct err err = {.code = ERR_OK};
        enum err_code code = settings_parse(configs[i].text, "config", &arena, &flags, &err);
        cr_assert_eq(code, configs[i].said == NULL ? ERR_OK : ERR_USAGE, "%zu", i);
        if (configs[i].said != NULL)
            cr_assert_not_null(strstr(err.detail, configs[i].said), "%s", err.detail);
        else if (configs[i].text[0] != '\0')
            cr_assert(text_equal(flags.cluster, "gpu") && text_equal(flags.server, "http://h:1"));
    }
}

Test(cli_view, a_flag_wins_over_the_environment_over_the_file)
{
    struct settings settings;
    struct err err = {.code = ERR_OK};
    struct settings_flags flags = {.cluster = "flag"};
    char path[] = "/tmp/dogshore-cli-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(dprintf(fd, "server = http://file\ntoken = filetoken\ncluster = file\n") > 0);
    close(fd);
    setenv("DOGSHORE_CONFIG", path, 1);
    setenv("DOGSHORE_TOKEN", "variable", 1);
    setenv("DOGSHORE_CLUSTER", "variable", 1);
    unsetenv("DOGSHORE_SERVER");
    unsetenv("DOGSHORE_TOKEN_FILE");
    unsetenv("DOGSHORE_CA_FILE");
    enum err_code code = settings_read(&flags, &arena, &settings, &err);
    unlink(path);
    cr_assert_eq(code, ERR_OK, "%s", err.detail);
    cr_assert_str_eq(settings.server, "http://file");
    cr_assert_str_eq(settings.token, "variable");
    cr_assert_str_eq(settings.cluster, "flag");
}
