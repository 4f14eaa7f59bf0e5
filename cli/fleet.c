/* fleet.c: how many of everything there are, the clusters, the labels. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/way_out.h"

/* "running 10, deploying 2": what is not 0, the most first to read as the server has it. */
static void add_states(struct text *text, const struct json *states)
{
    bool first = true;
    for (size_t i = 0; states != NULL && i < states->count; i++) {
        const struct json *count = &states->children[i];
        if (!count->is_integer || count->integer == 0) continue;
        text_add(text, first ? "" : ", ");
        first = false;
        paint(text, paint_style_of(count->key), count->key);
        text_printf(text, " %lld", (long long)count->integer);
    }
}

static void add_number(struct text *text, const struct json *counts, const char *path,
                       const char *words)
{
    int64_t number = look_int(counts, path, 0);
    if (number > 0)
        text_printf(text, "%s%lld %s", text->length > 0 ? ", " : "", (long long)number, words);
}

/* "deployments  12  running 10, deploying 2" */
static void add_kind(struct cli *cli, struct table *table, const struct json *counts,
                     const char *kind)
{
    struct text text;
    const struct json *of_kind = look(counts, kind);
    text_init(&text, &cli->arena);
    add_states(&text, look(of_kind, "states"));
    add_number(&text, of_kind, "available", "available");
    add_number(&text, of_kind, "presence.unknown", "on silent nodes");
    add_number(&text, of_kind, "presence.lost", "on lost nodes");
    add_number(&text, of_kind, "draining", "draining");
    table_row(table);
    table_cell(table, STYLE_DIM, kind);
    table_cell_int(table, look_int(of_kind, "total", 0));
    table_cell_painted(table, text_string(&text));
}

/* "2000/16000": without a capacity there is no limit to show. */
static const char *share(struct cli *cli, const struct json *counts, const char *resource)
{
    const char *used = arena_printf(&cli->arena, "allocated.%s", resource);
    const char *whole = arena_printf(&cli->arena, "capacity.%s", resource);
    return arena_printf(&cli->arena, "%lld/%lld", (long long)look_int(counts, used, 0),
                        (long long)look_int(counts, whole, 0));
}

static void add_resources(struct cli *cli, struct table *table, const struct json *counts)
{
    table_row(table);
    table_cell(table, STYLE_DIM, "resources");
    table_cell(table, STYLE_PLAIN, NULL);
    table_cell(table, STYLE_PLAIN,
               arena_printf(&cli->arena, "cpu %sm, memory %sMi, gpus %s",
                            share(cli, counts, "cpu_millis"), share(cli, counts, "memory_mib"),
                            share(cli, counts, "gpus")));
}

static void add_cluster(struct cli *cli, struct table *table, const struct json *cluster)
{
    table_row(table);
    table_cell(table, STYLE_BOLD, look_text(cluster, "name"));
    table_cell_int(table, look_int(cluster, "deployments.total", 0));
    table_cell_int(table, look_int(cluster, "rollouts.total", 0));
    table_cell_painted(table, arena_printf(&cli->arena, "%lld/%lld",
                                           (long long)look_int(cluster, "replicas.available", 0),
                                           (long long)look_int(cluster, "replicas.total", 0)));
    table_cell_painted(table, arena_printf(&cli->arena, "%lld/%lld",
                                           (long long)look_int(cluster, "nodes.states.ready", 0),
                                           (long long)look_int(cluster, "nodes.total", 0)));
    table_cell(table, STYLE_PLAIN, share(cli, cluster, "cpu_millis"));
    table_cell(table, STYLE_PLAIN, share(cli, cluster, "memory_mib"));
}

static enum err_code print_clusters(struct cli *cli, const struct list *list, struct err *err)
{
    struct table table;
    table_init(&table, &cli->arena,
               "CLUSTER DEPLOYMENTS ROLLOUTS AVAILABLE NODES-READY CPU-MILLIS MEMORY-MIB");
    for (size_t i = 0; i < list->count; i++)
        add_cluster(cli, &table, list->items[i]);
    return cli_print_table(cli, &table, err);
}

/* Of a list that came within another document. */
static struct list items_of(struct cli *cli, const struct json *array)
{
    struct list list = {.count = look_count(array)};
    list.items = ARENA_ARRAY(&cli->arena, const struct json *, list.count + 1);
    for (size_t i = 0; i < list.count; i++)
        list.items[i] = look_item(array, i);
    return list;
}

enum err_code verb_summary(struct cli *cli, struct err *err)
{
    static const char *const kinds[] = {"deployments", "rollouts", "replicas", "nodes"};
    struct client_reply reply;
    struct table table;
    TRY(cli_get(cli, cli_clustered(cli, "/v1/summary"), &reply, err));
    if (cli->output == OUTPUT_JSON) return cli_print_json(cli, reply.json, err);
    struct list clusters = items_of(cli, look(reply.json, "clusters"));
    if (cli->output == OUTPUT_NAME) return cli_print_names(cli, &clusters, "name", err);
    table_init_plain(&table, &cli->arena, 3);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        add_kind(cli, &table, reply.json, kinds[i]);
    add_resources(cli, &table, reply.json);
    TRY(cli_print_table(cli, &table, err));
    if (clusters.count < 2) return ERR_OK;
    TRY(terminal_raw("\n", 1, err));
    return print_clusters(cli, &clusters, err);
}

enum err_code verb_clusters(struct cli *cli, struct err *err)
{
    struct list list;
    TRY(cli_list(cli, cli_clustered(cli, "/v1/clusters"), 0, &list, err));
    if (cli->output == OUTPUT_JSON) return cli_print_list_json(cli, &list, err);
    if (cli->output == OUTPUT_NAME) return cli_print_names(cli, &list, "name", err);
    return print_clusters(cli, &list, err);
}

/* ---- labels ---- */

/* "ml (12), web (8), …" */
static const char *values_of(struct cli *cli, const struct json *key)
{
    struct text text;
    const struct json *values = look(key, "values");
    text_init(&text, &cli->arena);
    for (size_t i = 0; i < look_count(values); i++) {
        const struct json *value = look_item(values, i);
        const char *word = look_text(value, "value");
        text_printf(&text, "%s%s (%lld)", i > 0 ? ", " : "",
                    word == NULL || *word == '\0' ? "\"\"" : word,
                    (long long)look_int(value, "deployments", 0));
    }
    if (look_int(key, "value_count", 0) > (int64_t)look_count(values)) text_add(&text, ", …");
    return text_string(&text);
}

static enum err_code list_keys(struct cli *cli, const char *path, struct err *err)
{
    struct list list;
    struct table table;
    TRY(cli_list(cli, path, (size_t)cli->options.limit, &list, err));
    if (cli->output == OUTPUT_JSON) return cli_print_list_json(cli, &list, err);
    if (cli->output == OUTPUT_NAME) return cli_print_names(cli, &list, "key", err);
    table_init(&table, &cli->arena, "KEY DEPLOYMENTS VALUES");
    for (size_t i = 0; i < list.count; i++) {
        table_row(&table);
        table_cell(&table, STYLE_BOLD, look_text(list.items[i], "key"));
        table_cell_int(&table, look_int(list.items[i], "deployments", 0));
        table_cell(&table, STYLE_PLAIN, values_of(cli, list.items[i]));
    }
    return cli_print_table(cli, &table, err);
}

enum { VALUES_PAGE = 500 };

/* Each page is a list of the one key with some of its values. */
static enum err_code read_values(struct cli *cli, const char *path, struct list *values,
                                 struct err *err)
{
    size_t most = (size_t)cli->options.limit;
    const char *cursor = NULL;
    *values = (struct list){.index = -1};
    path = cli_query(cli, path, "limit", arena_printf(&cli->arena, "%d", VALUES_PAGE));
    do {
        struct client_reply page;
        TRY(cli_get(cli, cursor == NULL ? path : cli_query(cli, path, "cursor", cursor), &page,
                    err));
        struct list more = items_of(cli, look(look_item(page.json, 0), "values"));
        const struct json **all =
            ARENA_ARRAY(&cli->arena, const struct json *, values->count + more.count + 1);
        if (values->count > 0) memcpy(all, values->items, values->count * sizeof *all);
        memcpy(all + values->count, more.items, more.count * sizeof *all);
        values->items = all;
        values->count += more.count;
        cursor = look_text(page.json, "next_cursor");
    } while (cursor != NULL && (most == 0 || values->count < most));
    if (most > 0 && values->count > most) values->count = most;
    return ERR_OK;
}

static enum err_code list_values(struct cli *cli, const char *path, struct err *err)
{
    struct list values;
    struct table table;
    TRY(read_values(cli, path, &values, err));
    if (values.count == 0) way_out_check_cluster(cli);
    if (cli->output == OUTPUT_JSON) return cli_print_list_json(cli, &values, err);
    if (cli->output == OUTPUT_NAME) return cli_print_names(cli, &values, "value", err);
    table_init(&table, &cli->arena, "VALUE DEPLOYMENTS");
    for (size_t i = 0; i < values.count; i++) {
        table_row(&table);
        table_cell(&table, STYLE_BOLD, look_text(values.items[i], "value"));
        table_cell_int(&table, look_int(values.items[i], "deployments", 0));
    }
    return cli_print_table(cli, &table, err);
}

enum err_code verb_labels(struct cli *cli, struct err *err)
{
    const char *key = cli_operand(cli, 0);
    const char *path = cli_clustered(cli, "/v1/labels");
    if (cli->options.prefix != NULL) path = cli_query(cli, path, "prefix", cli->options.prefix);
    if (key == NULL) return list_keys(cli, path, err);
    return list_values(cli, cli_query(cli, path, "key", key), err);
}
