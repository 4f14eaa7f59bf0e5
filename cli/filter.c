#include "cli/filter.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/look.h"
#include "cli/way_out.h"
#include "model/replica.h"

const char *filter_path(struct cli *cli, const char *path)
{
    const struct cli_options *options = &cli->options;
    const struct {
        const char *key, *value;
    } parts[] = {
        {"selector", options->selector}, {"state", options->state}, {"search", options->search},
        {"q", options->query},           {"sort", options->sort},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].value != NULL) path = cli_query(cli, path, parts[i].key, parts[i].value);
    return path;
}

static enum err_code print_count(struct cli *cli, int64_t count, struct err *err)
{
    struct text text;
    text_init(&text, &cli->arena);
    if (cli->output == OUTPUT_JSON)
        text_printf(&text, "{\"count\": %lld}\n", (long long)count);
    else
        text_printf(&text, "%lld\n", (long long)count);
    return terminal_raw(text.bytes, text.length, err);
}

enum err_code filter_count(struct cli *cli, const char *path, bool *printed, struct err *err)
{
    struct client_reply reply;
    *printed = cli->options.count;
    if (!*printed) return ERR_OK;
    path = cli_query(cli, cli_query(cli, path, "count", "true"), "limit", "1");
    TRY(cli_get(cli, path, &reply, err));
    int64_t count = look_int(reply.json, "count", -1);
    if (count < 0) return err_set(err, ERR_UNAVAILABLE, "the answer has no count");
    if (count == 0) way_out_check_cluster(cli);
    return print_count(cli, count, err);
}

enum err_code filter_list(struct cli *cli, const char *path, struct list *list, bool *printed,
                          struct err *err)
{
    path = filter_path(cli, path);
    TRY(filter_count(cli, path, printed, err));
    if (*printed) return ERR_OK;
    return cli_list(cli, path, (size_t)cli->options.limit, list, err);
}

const char *filter_phases(struct cli *cli, bool ended)
{
    struct text text;
    text_init(&text, &cli->arena);
    for (int i = 0; replica_phase_words[i] != NULL; i++)
        if (replica_phase_final(i) == ended)
            text_printf(&text, "%s%s", text.length > 0 ? "," : "", replica_phase_words[i]);
    return text_string(&text);
}

const char *filter_tree_path(struct cli *cli, const char *name)
{
    const char *states = arena_printf(&cli->arena, "%s,%s", filter_phases(cli, false),
                                      replica_phase_words[REPLICA_FAILED]);
    return cli_query(cli, cli_deployment_path(cli, name, "/replicas"), "state", states);
}

void filter_say_hidden(int64_t count)
{
    if (count > 0)
        cli_say("%lld that %s ended %s not shown; --all shows all", (long long)count,
                count == 1 ? "has" : "have", count == 1 ? "is" : "are");
}

enum err_code filter_refuse_selector(const struct cli *cli, struct err *err)
{
    if (cli->options.selector == NULL) return ERR_OK;
    return err_set(err, ERR_USAGE, "a name and a selector are given; one will do");
}

enum err_code filter_refuse_all(const struct cli *cli, struct err *err)
{
    const struct cli_options *options = &cli->options;
    TRY(filter_refuse_selector(cli, err));
    bool narrowed = options->state != NULL || options->search != NULL || options->query != NULL ||
                    options->sort != NULL || options->limit > 0 || options->count;
    if (!narrowed) return ERR_OK;
    return err_set(err, ERR_USAGE, "a name is given: there is nothing to choose from");
}
