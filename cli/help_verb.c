#include "base/text.h"
#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/help.h"
#include "cli/verbs.h"

enum err_code verb_help(struct cli *cli, struct err *err)
{
    struct text text;
    text_init(&text, &cli->arena);
    if (cli->operands_count == 0) {
        help_overview(&text);
        return terminal_raw(text.bytes, text.length, err);
    }
    const struct verb *verb = verb_find(cli->operands, cli->operands_count);
    if (verb == NULL) return command_line_unknown(cli, cli->operands, cli->operands_count, err);
    help_verb(&text, verb);
    return terminal_raw(text.bytes, text.length, err);
}
