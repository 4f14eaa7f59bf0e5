/* whoami.c: who is asking whom. */
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "cli/table.h"
#include "cli/verbs.h"

/* A document of plain members, as "key  value" lines; a newer server may say more. */
static enum err_code print_members(struct cli *cli, const struct json *object, struct err *err)
{
    struct table table;
    table_init_plain(&table, &cli->arena, 2);
    for (size_t i = 0; i < object->count; i++) {
        const struct json *member = &object->children[i];
        table_row(&table);
        table_cell(&table, STYLE_DIM, member->key);
        if (member->type == JSON_STRING)
            table_cell(&table, STYLE_PLAIN, member->string);
        else if (member->type == JSON_NUMBER)
            table_cell_int(&table, member->integer);
        else if (member->type == JSON_BOOL)
            table_cell(&table, STYLE_PLAIN, member->boolean ? "yes" : "no");
        else
            table_cell(&table, STYLE_PLAIN, NULL);
    }
    return cli_print_table(cli, &table, err);
}

enum err_code verb_whoami(struct cli *cli, struct err *err)
{
    struct client_reply reply;
    TRY(cli_get(cli, "/v1/whoami", &reply, err));
    if (cli->output == OUTPUT_TEXT) return print_members(cli, reply.json, err);
    return cli_print_done(cli, reply.json, look_text(reply.json, "name"), NULL, err);
}

enum err_code verb_version(struct cli *cli, struct err *err)
{
    struct client_reply reply;
    struct text text;
    text_init(&text, &cli->arena);
    if (cli->output == OUTPUT_TEXT) {
        text_add(&text, "client  " DOGSHORE_VERSION "\n");
        TRY(cli_print(cli, &text, err));
        text_clear(&text);
    }
    TRY(cli_get(cli, "/version", &reply, err));
    if (cli->output == OUTPUT_JSON) return cli_print_json(cli, reply.json, err);
    if (cli->output == OUTPUT_TEXT) text_add(&text, "server  ");
    paint(&text, STYLE_PLAIN, look_text(reply.json, "version"));
    if (cli->output == OUTPUT_TEXT) {
        text_add(&text, "  ");
        paint(&text, STYLE_DIM, cli->settings.server);
    }
    text_add_char(&text, '\n');
    return cli_print(cli, &text, err);
}
