/* plan.c: what would happen, and why nothing does: the scheduler is asked, not set to work. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/documents.h"
#include "cli/look.h"
#include "cli/plan_view.h"
#include "cli/promotion.h"
#include "cli/verbs.h"

static enum err_code plan_document(struct cli *cli, const struct document *document,
                                   struct err *err)
{
    struct client_reply reply;
    struct text text;
    documents_turn_to(cli, document);
    struct client_request request = {
        .method = "POST",
        .path = cli_deployment_path(cli, document->name, "/plan"),
        .body = document->content.bytes,
        .body_bytes = document->content.count,
    };
    TRY(cli_call(cli, &request, &reply, err));
    if (cli->options.exit_code && plan_changes(reply.json)) cli->outcome = EXIT_CODE_CHANGED;
    text_init(&text, &cli->arena);
    plan_draw(&text, &cli->arena, document->name, reply.json);
    return cli_print_done(cli, reply.json, document->name, &text, err);
}

/* Each by itself, as if none of the others were applied. */
enum err_code verb_plan(struct cli *cli, struct err *err)
{
    struct documents documents;
    TRY(documents_read(cli, &documents, err));
    for (size_t i = 0; i < documents.count; i++)
        TRY(plan_document(cli, &documents.items[i], err));
    return ERR_OK;
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
