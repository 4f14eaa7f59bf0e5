/* diff.c: what a revision's template changes. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/diff_view.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/verbs.h"

/* "revision 2 (live)"; a number is not said twice. */
static void add_side(struct text *text, const char *mark, int64_t number, const char *word)
{
    int64_t ignored;
    text_printf(text, "%s revision %lld", mark, (long long)number);
    if (!text_to_int64(word, 1, INT64_MAX, &ignored)) {
        text_add(text, " (");
        paint(text, STYLE_PLAIN, word);
        text_add_char(text, ')');
    }
    text_add_char(text, '\n');
}

static enum err_code print_text(struct cli *cli, const struct json *diff, const char *revision,
                                const char *against, struct err *err)
{
    const struct json *changes = look(diff, "changes");
    struct text text;
    text_init(&text, &cli->arena);
    add_side(&text, "---", look_int(diff, "against", 0), against);
    add_side(&text, "+++", look_int(diff, "revision", 0), revision);
    diff_draw(&text, &cli->arena, changes);
    if (look_count(changes) == 0) text_add(&text, "nothing differs\n");
    return cli_print(cli, &text, err);
}

static enum err_code print_pointers(struct cli *cli, const struct json *diff, struct err *err)
{
    const struct json *changes = look(diff, "changes");
    struct text text;
    text_init(&text, &cli->arena);
    for (size_t i = 0; i < look_count(changes); i++) {
        paint(&text, STYLE_PLAIN, look_text(look_item(changes, i), "pointer"));
        text_add_char(&text, '\n');
    }
    return cli_print(cli, &text, err);
}

enum err_code verb_diff(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0), *revision = cli_operand(cli, 1);
    const char *against = cli->options.against == NULL ? "live" : cli->options.against;
    struct client_reply reply;
    if (revision == NULL) revision = "latest";
    const char *facet = client_path(&cli->arena, "/revisions/%s/diff", revision);
    const char *path = cli_deployment_path(cli, name, facet);
    TRY(cli_get(cli, cli_query(cli, path, "against", against), &reply, err));
    bool changed = look_count(look(reply.json, "changes")) > 0 || !look_bool(reply.json, "same");
    if (cli->options.exit_code && changed) cli->outcome = EXIT_CODE_CHANGED;
    if (cli->output == OUTPUT_JSON) return cli_print_json(cli, reply.json, err);
    if (cli->output == OUTPUT_NAME) return print_pointers(cli, reply.json, err);
    return print_text(cli, reply.json, revision, against, err);
}
