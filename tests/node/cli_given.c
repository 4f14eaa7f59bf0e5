/* What is given several times on the command line: flags that list, documents; and when a wait is
 * over although nothing has ended. */
#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/documents.h"
#include "cli/goal.h"
#include "node/cli_text.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[] = "/tmp/dogshore-given.XXXXXX";
static struct cli cli;
static struct err err;

static void open_all(void)
{
    cli_text_open();
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    cli = (struct cli){.outcome = EXIT_CODE_OK};
    arena_init(&cli.arena);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat, (void)type, (void)ftw;
    return remove(path);
}

static void close_all(void)
{
    nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
    arena_release(&cli.arena);
    cli_text_close();
}

TestSuite(cli_given, .init = open_all, .fini = close_all);

enum { WORDS_MAX = 16 };

static enum err_code read_line(const char *line)
{
    char *argv[WORDS_MAX + 1] = {NULL}, *rest = arena_strdup(&cli.arena, line);
    int argc = 0;
    while (rest != NULL && argc < WORDS_MAX)
        argv[argc++] = strsep(&rest, " ");
    memset(&cli.options, 0, sizeof cli.options);
    err = (struct err){.code = ERR_OK};
    return command_line_read(&cli, argc, argv, &err);
}

static const struct {
    const char *line;
    const char *said; /* NULL = it is right */
} repeats[] = {
    {"dogshore apply -f a -f b --wait", NULL},
    {"dogshore plan -fa --file=b --file c", NULL},
    {"dogshore get --wait", "unknown argument"},
    {"dogshore apply -f a --timeout 3", "--timeout is for --wait"},
    {"dogshore patch web a=b --timeout 3", "--timeout is for --wait"},
    {"dogshore delete web --timeout 3", "--timeout is for --wait"},
    {"dogshore delete web --timeout 3 --wait", NULL},
    {"dogshore rollout wait web --timeout 3", NULL},
    {"dogshore scale web 2 --wait --dry-run", "--dry-run changes nothing"},
    {"dogshore get --cluster a --cluster b", "--cluster is given twice"},
    {"dogshore --cluster a get --cluster a", "--cluster is given twice"},
    {"dogshore get -o json --output name", "--output is given twice"},
    {"dogshore get -q a -q b", "--query is given twice"},
    {"dogshore get --sort a --sort b", "--sort is given twice"},
    {"dogshore get --limit 1 --limit 1", "--limit is given twice"},
    {"dogshore patch web -f a -f b", "--file is given twice"},
    {"dogshore rollback web --to 1 --to 2", "--to is given twice"},
    {"dogshore scale web 2 --wait --wait", NULL},
    {"dogshore scale web 2 --wait --wait=no", "--wait is given twice"},
};

Test(cli_given, a_flag_of_one_value_is_given_once_and_where_it_means_something)
{
    for (size_t i = 0; i < COUNT(repeats); i++) {
        enum err_code code = read_line(repeats[i].line);
        cr_expect_eq(code, repeats[i].said == NULL ? ERR_OK : ERR_USAGE, "%s", repeats[i].line);
        cr_expect(repeats[i].said == NULL || strstr(err.detail, repeats[i].said) != NULL, "%s: %s",
                  repeats[i].line, err.detail);
    }
}

Test(cli_given, lists_add_up)
{
    cr_assert_eq(read_line("dogshore get --state a,b --state c -l x=1 --selector !y"), ERR_OK);
    cr_expect_str_eq(cli.options.state, "a,b,c");
    cr_expect_str_eq(cli.options.selector, "x=1,!y");
    cr_assert_eq(read_line("dogshore revision web 3 --tag a --tag b,c --untag d"), ERR_OK);
    cr_expect_str_eq(cli.options.tag, "a,b,c");
    cr_expect_str_eq(cli.options.untag, "d");
    cr_assert_eq(read_line("dogshore get"), ERR_OK);
    cr_expect_null(cli.options.state);
    cr_expect_null(cli.options.selector);
}

static void save(const char *name, const char *content)
{
    FILE *file = fopen(name, "w");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(content, file), 0);
    cr_assert_eq(fclose(file), 0);
}

Test(cli_given, documents_are_read_in_their_order)
{
    struct documents documents;
    save("a", "{\"name\": \"web\"}");
    save("b", "{\"name\": \"web\", \"cluster\": \"gpu\"}");
    cr_assert_eq(read_line("dogshore apply -f b -f a"), ERR_OK);
    cr_assert_eq(documents_read(&cli, &documents, &err), ERR_OK, "%s", err.detail);
    cr_assert_eq(documents.count, 2);
    cr_expect_str_eq(documents.items[0].path, "b");
    cr_expect_str_eq(documents.items[0].cluster, "gpu");
    cr_expect_null(documents.items[1].cluster);
    documents_turn_to(&cli, &documents.items[0]);
    cr_expect_str_eq(cli.settings.cluster, "gpu");
    documents_turn_to(&cli, &documents.items[1]);
    cr_expect_null(cli.settings.cluster, "the cluster of another document is not its own");
}

Test(cli_given, the_cluster_that_is_asked_for_is_that_of_all_documents)
{
    struct documents documents;
    save("a", "{\"name\": \"web\"}");
    save("b", "{\"name\": \"web\", \"cluster\": \"gpu\"}");
    cli.settings.cluster = "edge";
    cr_assert_eq(read_line("dogshore plan -f b"), ERR_OK);
    cr_assert_eq(documents_read(&cli, &documents, &err), ERR_OK);
    cr_expect_str_eq(documents.items[0].cluster, "edge");
    cr_assert_eq(read_line("dogshore plan -f b -f a"), ERR_OK);
    cr_assert_eq(documents_read(&cli, &documents, &err), ERR_INVALID);
    cr_expect_str_eq(err.detail, "b and a are both of deployment web");
}

static const struct {
    const char *line;
    enum err_code code;
    const char *said;
} wrong[] = {
    {"dogshore apply", ERR_USAGE, "usage: dogshore apply -f FILE"},
    {"dogshore plan", ERR_USAGE, "usage: dogshore plan -f FILE"},
    {"dogshore apply -f - -f good -f -", ERR_USAGE, "standard input (-f -) is given twice"},
    {"dogshore apply -f good -f none", ERR_IO, "none: No such file"},
    {"dogshore apply -f good -f broken", ERR_MALFORMED_JSON, "broken: not JSON"},
    {"dogshore apply -f good -f list", ERR_INVALID, "list: must be one deployment document"},
    {"dogshore apply -f good -f nameless", ERR_INVALID, "nameless: has no \"name\""},
    {"dogshore apply -f good -f good", ERR_INVALID, "good and good are both of deployment web"},
};

Test(cli_given, one_document_that_is_wrong_stops_all)
{
    save("good", "{\"name\": \"web\"}");
    save("broken", "{\"name\": ");
    save("list", "[{\"name\": \"web\"}]");
    save("nameless", "{\"spec\": {}}");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct documents documents;
        cr_assert_eq(read_line(wrong[i].line), ERR_OK);
        cr_expect_eq(documents_read(&cli, &documents, &err), wrong[i].code, "%s", wrong[i].line);
        cr_expect_not_null(strstr(err.detail, wrong[i].said), "%s: %s", wrong[i].line, err.detail);
    }
}

#define STATUS(rollout, observed, available)                                                       \
    "{\"state\":\"paused\",\"generation\":4,\"observed_generation\":" observed                     \
    ",\"desired\":3,\"total\":4,"                                                                  \
    "\"available\":" available ",\"rollout\":" rollout "}"
#define AWAITS "{\"id\":2,\"state\":\"awaiting_promotion\"}"
#define PAUSED "{\"id\":2,\"state\":\"paused\"}"

static const struct {
    struct goal goal;
    const char *status;
    enum verdict verdict;
} stands[] = {
    {{.rollout = 2}, STATUS(AWAITS, "4", "3"), VERDICT_STUCK},
    {{.rollout = 2}, STATUS(PAUSED, "4", "0"), VERDICT_STUCK},
    {{.rollout = 2, .size = true}, STATUS(PAUSED, "4", "0"), VERDICT_STUCK},
    {{.rollout = 2}, STATUS(PAUSED, "3", "3"), VERDICT_WAITING}, /* a resume is on its way */
    {{.rollout = 3}, STATUS(AWAITS, "4", "3"), VERDICT_WAITING}, /* of one that is to come */
    {{.rollout = 2}, STATUS("{\"id\":2,\"state\":\"progressing\"}", "4", "3"), VERDICT_WAITING},
    {{.rollout = 2}, STATUS("null", "4", "3"), VERDICT_WAITING},
    {{.rollout = 2, .size = true, .scales = true}, STATUS(AWAITS, "4", "3"), VERDICT_REACHED},
    {{.rollout = 2, .size = true, .scales = true}, STATUS(AWAITS, "4", "2"), VERDICT_WAITING},
    {{.rollout = 2, .generation = 5, .size = true, .scales = true},
     STATUS(AWAITS, "4", "3"),
     VERDICT_WAITING},
    {{.state = GOAL_COMPLETE}, STATUS(AWAITS, "4", "3"), VERDICT_STUCK},
    {{.state = GOAL_AVAILABLE}, STATUS(AWAITS, "4", "3"), VERDICT_REACHED},
};

Test(cli_given, nobody_waits_for_a_rollout_that_waits_for_somebody)
{
    const struct json *rollout = parse("{\"state\":\"awaiting_promotion\"}");
    for (size_t i = 0; i < COUNT(stands); i++)
        cr_expect_eq(goal_judge(&stands[i].goal, parse(stands[i].status), rollout, false),
                     stands[i].verdict, "goal %zu", i);
}
