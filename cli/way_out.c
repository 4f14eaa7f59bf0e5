#include "cli/way_out.h"

#include "base/text.h"
#include "cli/cli.h"
#include "cli/verbs.h"

/* A template that failed before by a fault of its own. */
static void say_of_quarantine(struct cli *cli)
{
    const char *flags = cli_cluster_flag(cli), *name = cli_operand(cli, 0);
    if (cli->verb->run == verb_apply)
        cli_say("  change the template, or try it again: dogshore apply -f %s%s --force",
                cli->options.file, flags);
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

void way_out_say(struct cli *cli, enum err_code code)
{
    bool removes = cli->verb != NULL && cli->verb->run == verb_nodes_remove;
    if (code == ERR_QUARANTINED) say_of_quarantine(cli);
    if (code == ERR_ILLEGAL_STATE && removes && !cli->options.force)
        cli_say("  stop its agent first, or remove it all the same: dogshore nodes remove %s "
                "--force",
                cli_operand(cli, 0));
}
