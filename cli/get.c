/* get.c: deployments as they are: a table of all, a tree of one; its status, once or live. */
#include "base/text.h"
#include "cli/age.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/look.h"
#include "cli/promotion.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "cli/watch.h"

static bool in_several_clusters(const struct list *list)
{
    for (size_t i = 1; i < list->count; i++)
        if (!text_equal(look_text(list->items[i], "cluster"), look_text(list->items[0], "cluster")))
            return true;
    return false;
}

/* Edits of one that is paused wait, whatever it does meanwhile. */
static const char *state_cell(struct cli *cli, const struct json *item)
{
    const char *state = look_text(item, "status.state");
    bool tells = text_equal(state, "paused") || !look_bool(item, "spec.paused");
    return tells || state == NULL ? state : arena_printf(&cli->arena, "%s,paused", state);
}

static void add_deployment(struct cli *cli, struct table *table, const struct json *item,
                           bool with_cluster)
{
    const struct json *status = look(item, "status");
    const char *state = look_text(status, "state");
    const char *rollout = look_text(status, "rollout.state");
    int64_t desired = look_int(status, "desired", 0);
    table_row(table);
    table_cell(table, STYLE_BOLD, look_text(item, "name"));
    if (with_cluster) table_cell(table, STYLE_PLAIN, look_text(item, "cluster"));
    table_cell(table, STYLE_PLAIN, look_text(status, "version"));
    table_cell(table, paint_style_of(state), state_cell(cli, item));
    table_cell_painted(table, arena_printf(&cli->arena, "%lld/%lld",
                                           (long long)look_int(status, "available", 0),
                                           (long long)desired));
    table_cell_int(table, look_int(status, "updated", 0));
    table_cell(table, paint_style_of(rollout),
               rollout == NULL
                   ? NULL
                   : arena_printf(&cli->arena, "%lld %s",
                                  (long long)look_int(status, "rollout.id", 0), rollout));
    table_cell(table, STYLE_PLAIN,
               age_text(&cli->arena, look_text(item, "created_at"), cli_now_ms(cli)));
}

static enum err_code get_all(struct cli *cli, struct err *err)
{
    struct list list;
    struct table table;
    bool printed;
    TRY(filter_list(cli, cli_clustered(cli, "/v1/deployments"), &list, &printed, err));
    if (printed) return ERR_OK;
    if (cli->output == OUTPUT_JSON) return cli_print_list_json(cli, &list, err);
    if (cli->output == OUTPUT_NAME) return cli_print_names(cli, &list, "name", err);
    bool several = in_several_clusters(&list);
    table_init(&table, &cli->arena,
               several ? "NAME CLUSTER VERSION STATE AVAILABLE UPDATED ROLLOUT AGE"
                       : "NAME VERSION STATE AVAILABLE UPDATED ROLLOUT AGE");
    for (size_t i = 0; i < list.count; i++)
        add_deployment(cli, &table, list.items[i], several);
    return cli_print_table(cli, &table, err);
}

/* A list of which the tree shows what there is; it may have been deleted meanwhile. */
static enum err_code read_list(struct cli *cli, const char *path, const struct json **list,
                               struct err *err)
{
    struct client_reply reply;
    TRY(cli_get(cli, cli_query(cli, path, "limit", "500"), &reply, err));
    *list = reply.json;
    return ERR_OK;
}

static enum err_code print_tree(struct cli *cli, const char *name, const struct json *status,
                                struct err *err)
{
    struct view view = {.status = status, .now_ms = cli_now_ms(cli)};
    struct client_reply rollout, endpoints;
    int64_t id = look_int(status, "rollout.id", 0);
    TRY(read_list(cli, filter_tree_path(cli, name), &view.replicas, err));
    TRY(read_list(cli, cli_deployment_path(cli, name, "/revisions"), &view.revisions, err));
    TRY(cli_get(cli, cli_deployment_path(cli, name, "/endpoints"), &endpoints, err));
    view.endpoints = endpoints.json;
    if (id > 0) {
        const char *facet = arena_printf(&cli->arena, "/rollouts/%lld", (long long)id);
        TRY(cli_get(cli, cli_deployment_path(cli, name, facet), &rollout, err));
        view.rollout = rollout.json;
    }
    struct text text;
    text_init(&text, &cli->arena);
    view_tree(&text, &cli->arena, &view);
    promotion_draw(&text, status, cli_cluster_flag(cli));
    return terminal_print_cut(&cli->terminal, &text, err);
}

static enum err_code print_name(struct cli *cli, const char *name, struct err *err)
{
    return cli_print_done(cli, NULL, name, NULL, err);
}

enum err_code verb_get(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    struct client_reply reply;
    if (name == NULL) return get_all(cli, err);
    TRY(filter_refuse_all(cli, err));
    const char *facet = cli->output == OUTPUT_JSON ? "" : "/status";
    TRY(cli_get(cli, cli_deployment_path(cli, name, facet), &reply, err));
    if (cli->output == OUTPUT_JSON) return cli_print_json(cli, reply.json, err);
    if (cli->output == OUTPUT_NAME) return print_name(cli, name, err);
    return print_tree(cli, name, reply.json, err);
}

static enum err_code watch_status(struct cli *cli, const char *name, struct err *err)
{
    struct watch_request request = {
        .name = name,
        .timeout_ms = cli_timeout_ms(cli),
        .endless = true,
    };
    if (cli->output == OUTPUT_NAME)
        return err_set(err, ERR_USAGE, "--watch shows text or json, not names");
    return watch_wait(cli, &request, err);
}

enum err_code verb_status(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    struct client_reply reply;
    struct text text;
    if (cli->options.timeout_seconds > 0 && !cli->options.watch)
        return err_set(err, ERR_USAGE, "--timeout is for --watch");
    TRY(cli_get(cli, cli_deployment_path(cli, name, "/status"), &reply, err));
    if (cli->options.watch) return watch_status(cli, name, err);
    if (cli->output == OUTPUT_JSON) return cli_print_json(cli, reply.json, err);
    if (cli->output == OUTPUT_NAME) return print_name(cli, name, err);
    if (cli->terminal.redraw) return print_tree(cli, name, reply.json, err);
    text_init(&text, &cli->arena);
    view_line(&text, reply.json);
    promotion_draw(&text, reply.json, cli_cluster_flag(cli));
    return cli_print(cli, &text, err);
}
