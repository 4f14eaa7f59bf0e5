#include "cli/way_out.h"

#include "base/text.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "cli/verbs.h"

enum { CLUSTERS_NAMED = 10, NO_RETRY_MS = 1 };

/* A template that failed before by a fault of its own. */
static void say_of_quarantine(struct cli *cli)
{
    const char *flags = cli_cluster_flag(cli), *name = cli_operand(cli, 0);
    if (cli->verb->run == verb_apply)
        cli_say("  change the template, or try it again: dogshore apply -f %s%s --force",
                cli->sending, flags);
    else if (cli->verb->run == verb_rollback && cli->options.to != NULL)
        cli_say("  roll back to another revision, or try this one again: dogshore rollback %s "
                "--to %s%s --force",
                name, cli->options.to, flags);
    else if (cli->verb->run == verb_rollback)
        cli_say("  roll back to another revision, or try this one again: dogshore rollback %s%s "
                "--force",
                name, flags);
    else
        cli_say("  apply another template, or try this one again: dogshore retry %s%s", name,
                flags);
}

void way_out_check_cluster(struct cli *cli)
{
    const char *asked = cli->settings.cluster;
    /* Only a hint: nobody waits for it when the server has no time. */
    struct client_request request = {.path = "/v1/clusters?fields=name&limit=500",
                                     .retry_for_ms = NO_RETRY_MS};
    struct client_reply reply;
    struct err err;
    struct text names;
    if (asked == NULL || cli_call(cli, &request, &reply, &err) != ERR_OK) return;
    size_t count = look_count(reply.json);
    if (count == 0 || look_text(reply.json, "next_cursor") != NULL) return;
    text_init(&names, &cli->arena);
    for (size_t i = 0; i < count; i++) {
        const char *name = look_text(look_item(reply.json, i), "name");
        if (text_equal(name, asked)) return;
        if (i < CLUSTERS_NAMED)
            text_printf(&names, "%s%s", i > 0 ? ", " : "", name == NULL ? "?" : name);
    }
    cli_say("there is no cluster '%s'; there %s %s%s", asked, count == 1 ? "is" : "are",
            text_string(&names), count > CLUSTERS_NAMED ? ", …" : "");
}

void way_out_say(struct cli *cli, enum err_code code)
{
    bool removes = cli->verb != NULL && cli->verb->run == verb_nodes_remove;
    if (code == ERR_QUARANTINED) say_of_quarantine(cli);
    /* Names of nodes and tokens are good in every cluster; of a summary the server says so. */
    bool of_deployment = cli->verb != NULL && cli->verb->operand == OPERAND_DEPLOYMENT;
    if (code == ERR_NOT_FOUND && of_deployment) way_out_check_cluster(cli);
    if (code == ERR_ILLEGAL_STATE && removes && !cli->options.force)
        cli_say("  stop its agent first, or remove it all the same: dogshore nodes remove %s "
                "--force",
                cli_operand(cli, 0));
}
