/* wait_for.c: wait until a deployment is as somebody wants to see it. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/goal.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/verbs.h"
#include "cli/watch.h"

static enum err_code print_reached(struct cli *cli, const char *name, const char *word,
                                   const struct json *answer, struct err *err)
{
    struct text text;
    text_init(&text, &cli->arena);
    paint(&text, STYLE_BOLD, name);
    text_printf(&text, " is %s\n", word);
    return cli_print_done(cli, answer, name, &text, err);
}

/* The server is asked first: it knows of those that are deleted, too. */
enum err_code verb_wait(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0), *word = cli->options.wanted;
    struct client_reply reply;
    enum goal_state state;
    if (word == NULL || !goal_state_find(word, &state))
        return err_set(err, ERR_USAGE, "--for must be available, complete or terminated");
    const char *path = cli_query(cli, cli_deployment_path(cli, name, "/wait"), "for", word);
    TRY(cli_get(cli, cli_query(cli, path, "wait_seconds", "0"), &reply, err));
    if (look_bool(reply.json, "reached")) return print_reached(cli, name, word, reply.json, err);
    struct watch_request request = {
        .name = name,
        .goal = {.state = state},
        .timeout_ms = cli_timeout_ms(cli),
        .quiet = cli->output != OUTPUT_TEXT,
    };
    return watch_wait(cli, &request, err);
}
