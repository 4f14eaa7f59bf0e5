/* endpoints.c: where traffic goes. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/view.h"

/* What tells previews from what is kept; NULL = all of them get traffic. */
static enum err_code read_revisions(struct cli *cli, const struct json *endpoints,
                                    const struct json **replicas, struct err *err)
{
    struct client_reply reply;
    bool hidden = false;
    *replicas = NULL;
    for (size_t i = 0; i < look_count(endpoints); i++)
        hidden = hidden || text_equal(look_text(look_item(endpoints, i), "role"), "preview");
    if (!hidden) return ERR_OK;
    const char *path = cli_deployment_path(cli, cli_operand(cli, 0), "/replicas");
    TRY(cli_get(cli, cli_query(cli, path, "limit", "500"), &reply, err));
    *replicas = reply.json;
    return ERR_OK;
}

enum err_code verb_endpoints(struct cli *cli, struct err *err)
{
    struct client_reply reply;
    struct table table;
    struct text names;
    const char *path = cli_deployment_path(cli, cli_operand(cli, 0), "/endpoints");
    TRY(cli_get(cli, path, &reply, err));
    if (cli->output == OUTPUT_JSON) return cli_print_json(cli, reply.json, err);
    const struct json *endpoints = look(reply.json, "endpoints"), *replicas;
    TRY(read_revisions(cli, endpoints, &replicas, err));
    text_init(&names, &cli->arena);
    table_init(&table, &cli->arena, "ADDRESS WEIGHT ROLE REPLICA NOTE");
    for (size_t i = 0; i < look_count(endpoints); i++) {
        const struct json *endpoint = look_item(endpoints, i);
        const char *address = view_address(&cli->arena, endpoint);
        const char *role = view_role(reply.json, replicas, look_text(endpoint, "replica"));
        table_row(&table);
        table_cell(&table, STYLE_BOLD, address);
        table_cell_int(&table, look_int(endpoint, "weight", 0));
        table_cell(&table, text_equal(role, "active") ? STYLE_GOOD : STYLE_BUSY, role);
        table_cell(&table, STYLE_PLAIN, look_text(endpoint, "replica"));
        table_cell(&table, STYLE_DIM,
                   look_bool(endpoint, "stale") ? "stale: its node is silent" : NULL);
        paint(&names, STYLE_PLAIN, address);
        text_add_char(&names, '\n');
    }
    return cli->output == OUTPUT_NAME ? cli_print(cli, &names, err)
                                      : cli_print_table(cli, &table, err);
}
