/* plan.c: what would happen, and why nothing does: the scheduler is asked, not set to work. */
#include "base/text.h"
#include "cli/apply.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "cli/plan_view.h"
#include "cli/promotion.h"
#include "cli/verbs.h"

enum err_code verb_plan(struct cli *cli, struct err *err)
{
    struct document document;
    struct client_reply reply;
    struct text text;
    if (cli->options.file == NULL)
        return err_set(err, ERR_USAGE, "usage: dogshore plan -f FILE (- is standard input)");
    TRY(apply_read_document(cli, cli->options.file, &document, err));
    struct client_request request = {
        .method = "POST",
        .path = cli_deployment_path(cli, document.name, "/plan"),
        .body = document.content.bytes,
        .body_bytes = document.content.count,
    };
    TRY(cli_call(cli, &request, &reply, err));
    if (cli->options.exit_code && plan_changes(reply.json)) cli->outcome = EXIT_CODE_CHANGED;
    text_init(&text, &cli->arena);
    plan_draw(&text, &cli->arena, document.name, reply.json);
    return cli_print_done(cli, reply.json, document.name, &text, err);
}

enum err_code verb_explain(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    struct client_reply reply, status;
    struct text text;
    TRY(cli_get(cli, cli_deployment_path(cli, name, "/explain"), &reply, err));
    text_init(&text, &cli->arena);
    if (cli->output == OUTPUT_TEXT) {
        explain_draw(&text, &cli->arena, name, reply.json);
        TRY(cli_get(cli, cli_deployment_path(cli, name, "/status"), &status, err));
        promotion_draw(&text, status.json, cli_cluster_flag(cli));
    }
    return cli_print_done(cli, reply.json, name, &text, err);
}
