/* rollout.c: rollouts and revisions of a deployment: wait for one, list them. */
#include "base/text.h"
#include "cli/age.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/look.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "cli/watch.h"

enum err_code verb_rollout_wait(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    struct client_reply reply;
    TRY(cli_get(cli, cli_deployment_path(cli, name, "/status"), &reply, err));
    struct watch_request request = {
        .name = name,
        .goal = {.rollout = look_int(reply.json, "rollout.id", 0)},
        .timeout_ms = cli_timeout_ms(cli),
        .quiet = cli->output != OUTPUT_TEXT,
    };
    if (request.goal.rollout == 0)
        return err_set(err, ERR_NOT_FOUND, "%s has had no rollout yet", name);
    return watch_wait(cli, &request, err);
}

static const char *duration(struct cli *cli, const struct json *rollout)
{
    int64_t from = age_parse(look_text(rollout, "started_at"));
    int64_t to = age_parse(look_text(rollout, "finished_at"));
    if (from < 0) return NULL;
    return age_duration(&cli->arena, (to < 0 ? cli_now_ms(cli) : to) - from);
}

static const char *number_or_none(struct cli *cli, int64_t number)
{
    return number > 0 ? arena_printf(&cli->arena, "%lld", (long long)number) : NULL;
}

enum err_code verb_rollout_list(struct cli *cli, struct err *err)
{
    struct list list;
    struct table table;
    const char *name = cli_operand(cli, 0);
    const char *path = name == NULL ? cli_clustered(cli, "/v1/rollouts")
                                    : cli_deployment_path(cli, name, "/rollouts");
    bool printed;
    if (name != NULL) TRY(filter_refuse_selector(cli, err));
    TRY(filter_list(cli, path, &list, &printed, err));
    if (printed) return ERR_OK;
    if (cli->output == OUTPUT_JSON) return cli_print_list_json(cli, &list, err);
    if (cli->output == OUTPUT_NAME) return cli_print_names(cli, &list, "id", err);
    table_init(&table, &cli->arena,
               name == NULL ? "DEPLOYMENT ROLLOUT FROM TO STATE STARTED TOOK MESSAGE"
                            : "ROLLOUT FROM TO STATE STARTED TOOK MESSAGE");
    for (size_t i = 0; i < list.count; i++) {
        const struct json *rollout = list.items[i];
        const char *state = look_text(rollout, "state");
        table_row(&table);
        if (name == NULL) table_cell(&table, STYLE_BOLD, look_text(rollout, "deployment"));
        table_cell_int(&table, look_int(rollout, "id", 0));
        table_cell(&table, STYLE_PLAIN, number_or_none(cli, look_int(rollout, "from_revision", 0)));
        table_cell_int(&table, look_int(rollout, "to_revision", 0));
        table_cell(&table, paint_style_of(state), state);
        table_cell(&table, STYLE_PLAIN, age_date(&cli->arena, look_text(rollout, "started_at")));
        table_cell(&table, STYLE_PLAIN, duration(cli, rollout));
        table_cell(&table, STYLE_PLAIN, look_text(rollout, "message"));
    }
    return cli_print_table(cli, &table, err);
}

/* "good, spring, pinned". */
static const char *marks_of(struct cli *cli, const struct json *revision)
{
    const struct json *tags = look(revision, "tags");
    struct text text;
    text_init(&text, &cli->arena);
    for (size_t i = 0; i < look_count(tags); i++)
        text_printf(&text, "%s%s", i > 0 ? ", " : "", look_item(tags, i)->string);
    if (look_bool(revision, "pinned")) text_printf(&text, "%spinned", text.length > 0 ? ", " : "");
    return text_string(&text);
}

enum err_code verb_history(struct cli *cli, struct err *err)
{
    struct list list;
    struct table table;
    const char *name = cli_operand(cli, 0);
    bool printed;
    TRY(filter_list(cli, cli_deployment_path(cli, name, "/revisions"), &list, &printed, err));
    if (printed) return ERR_OK;
    if (cli->output == OUTPUT_JSON) return cli_print_list_json(cli, &list, err);
    if (cli->output == OUTPUT_NAME) return cli_print_names(cli, &list, "number", err);
    table_init(&table, &cli->arena,
               "REVISION VERSION SOURCE OUTCOME PROVEN CREATED BY MARKS CAUSE");
    for (size_t i = 0; i < list.count; i++) {
        const struct json *revision = list.items[i];
        const char *outcome = look_text(revision, "outcome");
        table_row(&table);
        table_cell_int(&table, look_int(revision, "number", 0));
        table_cell(&table, STYLE_BOLD, look_text(revision, "version"));
        table_cell(&table, STYLE_PLAIN, view_source(&cli->arena, revision));
        table_cell(&table, paint_style_of(outcome), outcome);
        table_cell(&table, STYLE_PLAIN, look_bool(revision, "proven") ? "yes" : "no");
        table_cell(&table, STYLE_PLAIN, age_date(&cli->arena, look_text(revision, "created_at")));
        table_cell(&table, STYLE_PLAIN, look_text(revision, "created_by"));
        table_cell(&table, STYLE_PLAIN, marks_of(cli, revision));
        table_cell(&table, STYLE_PLAIN, look_text(revision, "change_cause"));
    }
    return cli_print_table(cli, &table, err);
}
