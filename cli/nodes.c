/* nodes.c: where it runs. */
#include "base/json.h"
#include "base/text.h"
#include "cli/age.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/look.h"
#include "cli/table.h"
#include "cli/verbs.h"

/* "250/2000 m"; without a capacity there is no limit to show. */
static const char *share(struct cli *cli, const struct json *node, const char *resource,
                         const char *unit)
{
    const char *used = arena_printf(&cli->arena, "allocated.%s", resource);
    const char *whole = arena_printf(&cli->arena, "capacity.%s", resource);
    return arena_printf(&cli->arena, "%lld/%lld%s", (long long)look_int(node, used, 0),
                        (long long)look_int(node, whole, 0), unit);
}

/* What keeps new replicas away is told beside the state. */
static const char *state_of(struct cli *cli, const struct json *node)
{
    const char *state = look_text(node, "state");
    const struct json *schedulable = look(node, "schedulable");
    if (state == NULL) return NULL;
    if (look_bool(node, "draining")) return arena_printf(&cli->arena, "%s,draining", state);
    if (schedulable != NULL && !look_bool(node, "schedulable"))
        return arena_printf(&cli->arena, "%s,unschedulable", state);
    return state;
}

static enum err_code list_nodes(struct cli *cli, struct err *err)
{
    struct list list;
    struct table table;
    bool printed;
    TRY(filter_list(cli, cli_clustered(cli, "/v1/nodes"), &list, &printed, err));
    if (printed) return ERR_OK;
    if (cli->output == OUTPUT_JSON) return cli_print_list_json(cli, &list, err);
    if (cli->output == OUTPUT_NAME) return cli_print_names(cli, &list, "name", err);
    table_init(&table, &cli->arena, "NODE CLUSTER STATE ADDRESS REPLICAS CPU MEMORY AGENT AGE");
    for (size_t i = 0; i < list.count; i++) {
        const struct json *node = list.items[i];
        table_row(&table);
        table_cell(&table, STYLE_BOLD, look_text(node, "name"));
        table_cell(&table, STYLE_PLAIN, look_text(node, "cluster"));
        table_cell(&table, paint_style_of(look_text(node, "state")), state_of(cli, node));
        table_cell(&table, STYLE_PLAIN, look_text(node, "address"));
        table_cell_int(&table, look_int(node, "replicas", 0));
        table_cell(&table, STYLE_PLAIN, share(cli, node, "cpu_millis", "m"));
        table_cell(&table, STYLE_PLAIN, share(cli, node, "memory_mib", "Mi"));
        table_cell(&table, STYLE_PLAIN, look_text(node, "agent_version"));
        table_cell(&table, STYLE_PLAIN,
                   age_text(&cli->arena, look_text(node, "registered_at"), cli_now_ms(cli)));
    }
    return cli_print_table(cli, &table, err);
}

static void add_fact(struct table *table, const char *label, const char *value)
{
    table_row(table);
    table_cell(table, STYLE_DIM, label);
    table_cell(table, STYLE_PLAIN, value);
}

static const char *labels_of(struct cli *cli, const struct json *node)
{
    const struct json *labels = look(node, "labels");
    struct text text;
    text_init(&text, &cli->arena);
    for (size_t i = 0; labels != NULL && i < labels->count; i++)
        if (labels->children[i].string != NULL)
            text_printf(&text, "%s%s=%s", i > 0 ? ", " : "", labels->children[i].key,
                        labels->children[i].string);
    return text_string(&text);
}

static const char *words_of(struct cli *cli, const struct json *array)
{
    struct text text;
    text_init(&text, &cli->arena);
    for (size_t i = 0; i < look_count(array); i++) {
        const struct json *word = look_item(array, i);
        if (word->type == JSON_STRING) text_printf(&text, "%s%s", i > 0 ? ", " : "", word->string);
    }
    return text_string(&text);
}

static enum err_code show_node(struct cli *cli, const char *name, struct err *err)
{
    struct client_reply reply;
    struct table table;
    TRY(filter_refuse_all(cli, err));
    TRY(cli_get(cli, client_path(&cli->arena, "/v1/nodes/%s", name), &reply, err));
    const struct json *node = reply.json;
    if (cli->output != OUTPUT_TEXT) return cli_print_done(cli, node, name, NULL, err);
    table_init_plain(&table, &cli->arena, 2);
    add_fact(&table, "node", look_text(node, "name"));
    add_fact(&table, "cluster", look_text(node, "cluster"));
    table_row(&table);
    table_cell(&table, STYLE_DIM, "state");
    table_cell(&table, paint_style_of(look_text(node, "state")), state_of(cli, node));
    add_fact(&table, "reason", look_text(node, "reason"));
    add_fact(&table, "address", look_text(node, "address"));
    add_fact(&table, "labels", labels_of(cli, node));
    add_fact(&table, "drivers", words_of(cli, look(node, "drivers")));
    add_fact(&table, "cpu", share(cli, node, "cpu_millis", "m"));
    add_fact(&table, "memory", share(cli, node, "memory_mib", "Mi"));
    add_fact(&table, "gpus", share(cli, node, "gpus", ""));
    add_fact(&table, "replicas",
             arena_printf(&cli->arena, "%lld", (long long)look_int(node, "replicas", 0)));
    add_fact(&table, "unknown replicas", words_of(cli, look(node, "unknown_replicas")));
    add_fact(&table, "agent", look_text(node, "agent_version"));
    add_fact(&table, "registered", age_date(&cli->arena, look_text(node, "registered_at")));
    return cli_print_table(cli, &table, err);
}

enum err_code verb_nodes(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    return name == NULL ? list_nodes(cli, err) : show_node(cli, name, err);
}

enum err_code verb_nodes_stop_unknown(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0), *replica = cli_operand(cli, 1);
    const char *path = client_path(&cli->arena, "/v1/nodes/%s/stop-unknown", name);
    struct client_reply reply;
    struct text text;
    if (replica != NULL) path = cli_query(cli, path, "replica", replica);
    struct client_request request = {.method = "POST", .path = path, .body = "{}"};
    TRY(cli_call(cli, &request, &reply, err));
    text_init(&text, &cli->arena);
    paint(&text, STYLE_BOLD, name);
    const struct json *ordered = look(reply.json, "ordered");
    if (look_count(ordered) == 0)
        text_add(&text, " runs nothing that is unknown, or its stop is ordered already");
    else
        text_printf(&text, " stops: %s", words_of(cli, ordered));
    text_add_char(&text, '\n');
    return cli_print_done(cli, reply.json, name, &text, err);
}

enum err_code verb_nodes_rejoin(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    struct client_reply reply;
    struct text text;
    struct client_request request = {
        .method = "POST",
        .path = client_path(&cli->arena, "/v1/nodes/%s/rejoin", name),
        .body = "{}",
    };
    TRY(cli_call(cli, &request, &reply, err));
    int64_t allowed_for_ms = look_int(reply.json, "allowed_for_ms", 0);
    text_init(&text, &cli->arena);
    paint(&text, STYLE_BOLD, name);
    text_add(&text, " may register once more with the join token");
    if (allowed_for_ms > 0)
        text_printf(&text, ", within %s", age_duration(&cli->arena, allowed_for_ms));
    text_add_char(&text, '\n');
    return cli_print_done(cli, reply.json, name, &text, err);
}

enum err_code verb_nodes_remove(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    const char *path = client_path(&cli->arena, "/v1/nodes/%s", name);
    struct client_reply reply;
    struct text text;
    struct client_request request = {
        .method = "DELETE",
        .path = cli->options.force ? cli_query(cli, path, "force", "true") : path,
    };
    TRY(cli_call(cli, &request, &reply, err));
    text_init(&text, &cli->arena);
    paint(&text, STYLE_BOLD, name);
    text_add(&text, " is removed\n");
    return cli_print_done(cli, reply.json, name, &text, err);
}
