/* replicas.c: what runs, and what has lately. */
#include "base/text.h"
#include "cli/age.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/look.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/view.h"

static void add_replica(struct cli *cli, struct table *table, const struct json *replica,
                        bool with_deployment)
{
    const char *state = view_replica_state(replica);
    bool ready = view_replica_ready(replica);
    table_row(table);
    table_cell(table, STYLE_BOLD, look_text(replica, "id"));
    if (with_deployment) table_cell(table, STYLE_PLAIN, look_text(replica, "deployment"));
    table_cell(table, STYLE_PLAIN, look_text(replica, "node"));
    table_cell(table, paint_style_of(state), state);
    table_cell(table, ready ? STYLE_GOOD : STYLE_PLAIN, ready ? "yes" : "no");
    table_cell_int(table, look_int(replica, "revision", 0));
    table_cell_int(table, look_int(replica, "attempt", 0));
    table_cell_int(table, look_int(replica, "restarts", 0));
    table_cell(table, STYLE_PLAIN, view_address(&cli->arena, replica));
    table_cell(table, STYLE_PLAIN,
               age_text(&cli->arena, look_text(replica, "started_at"), cli_now_ms(cli)));
    table_cell(table, STYLE_PLAIN, view_replica_reason(replica));
}

/* Those that have not ended, unless --all or what chooses by itself is given. */
static bool hides_ended(const struct cli *cli)
{
    const struct cli_options *options = &cli->options;
    return !options->all && options->state == NULL && options->query == NULL;
}

/* What the table leaves out, where anything is. */
static enum err_code say_hidden(struct cli *cli, const char *path, struct err *err)
{
    struct client_reply reply;
    path = cli_query(cli, filter_path(cli, path), "state", filter_phases(cli, true));
    TRY(cli_get(cli, cli_query(cli, cli_query(cli, path, "count", "true"), "limit", "1"), &reply,
                err));
    filter_say_hidden(look_int(reply.json, "count", 0));
    return ERR_OK;
}

enum err_code verb_replicas(struct cli *cli, struct err *err)
{
    struct list list;
    struct table table;
    const char *name = cli_operand(cli, 0);
    const char *path = name == NULL ? cli_clustered(cli, "/v1/replicas")
                                    : cli_deployment_path(cli, name, "/replicas");
    bool printed;
    if (name != NULL) TRY(filter_refuse_selector(cli, err));
    bool hides = hides_ended(cli);
    const char *shown = hides ? cli_query(cli, path, "state", filter_phases(cli, false)) : path;
    TRY(filter_list(cli, shown, &list, &printed, err));
    if (printed) return ERR_OK;
    if (cli->output == OUTPUT_JSON) return cli_print_list_json(cli, &list, err);
    if (cli->output == OUTPUT_NAME) return cli_print_names(cli, &list, "id", err);
    table_init(&table, &cli->arena,
               name == NULL
                   ? "REPLICA DEPLOYMENT NODE STATE READY REVISION ATTEMPT RESTARTS ADDRESS AGE "
                     "REASON"
                   : "REPLICA NODE STATE READY REVISION ATTEMPT RESTARTS ADDRESS AGE REASON");
    for (size_t i = 0; i < list.count; i++)
        add_replica(cli, &table, list.items[i], name == NULL);
    TRY(cli_print_table(cli, &table, err));
    return hides ? say_hidden(cli, path, err) : ERR_OK;
}
