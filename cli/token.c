/* token.c: who may do what. */
#include "base/json.h"
#include "base/text.h"
#include "cli/age.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "cli/table.h"
#include "cli/verbs.h"

enum err_code verb_token_list(struct cli *cli, struct err *err)
{
    struct list list;
    struct table table;
    TRY(cli_list(cli, cli_clustered(cli, "/v1/tokens"), 0, &list, err));
    if (cli->output == OUTPUT_JSON) return cli_print_list_json(cli, &list, err);
    if (cli->output == OUTPUT_NAME) return cli_print_names(cli, &list, "id", err);
    table_init(&table, &cli->arena, "ID NAME SCOPE CLUSTER CREATED EXPIRES USED");
    for (size_t i = 0; i < list.count; i++) {
        const struct json *token = list.items[i];
        const char *id = look_text(token, "id");
        table_row(&table);
        if (id != NULL)
            table_cell(&table, STYLE_BOLD, id);
        else
            table_cell_int(&table, look_int(token, "id", 0));
        table_cell(&table, STYLE_PLAIN, look_text(token, "name"));
        table_cell(&table, STYLE_PLAIN, look_text(token, "scope"));
        table_cell(&table, STYLE_PLAIN, look_text(token, "cluster"));
        table_cell(&table, STYLE_PLAIN, age_date(&cli->arena, look_text(token, "created_at")));
        table_cell(&table, STYLE_PLAIN, age_date(&cli->arena, look_text(token, "expires_at")));
        table_cell(&table, STYLE_PLAIN, age_date(&cli->arena, look_text(token, "last_used_at")));
    }
    return cli_print_table(cli, &table, err);
}

static const char *create_body(struct cli *cli)
{
    /* Only as a flag: a default cluster must not limit a token by surprise. */
    const char *cluster = cli->options.settings.cluster;
    struct text text;
    struct json_writer writer;
    text_init(&text, &cli->arena);
    json_writer_init(&writer, &text);
    json_object_begin(&writer);
    json_put_string(&writer, "name", cli_operand(cli, 0));
    json_put_string(&writer, "scope", cli->options.scope);
    if (cluster != NULL) json_put_string(&writer, "cluster", cluster);
    if (cli->options.expires_in_seconds > 0)
        json_put_int(&writer, "expires_in_seconds", cli->options.expires_in_seconds);
    json_object_end(&writer);
    return text_string(&text);
}

/* The secret of a token that was made or rotated, alone on standard output. A dry run has none. */
static enum err_code show_secret(struct cli *cli, const struct json *answer, const char *done,
                                 struct err *err)
{
    const char *name = look_text(answer, "name");
    struct text text;
    if (cli->output == OUTPUT_JSON) return cli_print_json(cli, answer, err);
    text_init(&text, &cli->arena);
    if (cli->options.dry_run) {
        text_add(&text, "token ");
        paint(&text, STYLE_BOLD, name);
        text_printf(&text, " is %s\n", done);
        return cli_print_done(cli, NULL, look_text(answer, "id"), &text, err);
    }
    const char *token = look_text(answer, "token");
    if (token == NULL) return err_set(err, ERR_UNAVAILABLE, "the answer has no token");
    paint(&text, STYLE_PLAIN, token);
    text_add_char(&text, '\n');
    TRY(cli_print(cli, &text, err));
    if (cli->output == OUTPUT_TEXT)
        cli_say("token '%s', scope %s; it is shown this once", name, look_text(answer, "scope"));
    return ERR_OK;
}

enum err_code verb_token_create(struct cli *cli, struct err *err)
{
    struct client_reply reply;
    if (cli->options.scope == NULL)
        return err_set(err, ERR_USAGE, "--scope is needed: read, deploy, operate, admin or join");
    struct client_request request = {
        .method = "POST",
        .path = "/v1/tokens",
        .body = create_body(cli),
    };
    TRY(cli_call(cli, &request, &reply, err));
    return show_secret(cli, reply.json, "made", err);
}

enum err_code verb_token_rotate(struct cli *cli, struct err *err)
{
    struct client_reply reply;
    struct client_request request = {
        .method = "POST",
        .path = client_path(&cli->arena, "/v1/tokens/%s/rotate", cli_operand(cli, 0)),
    };
    TRY(cli_call(cli, &request, &reply, err));
    return show_secret(cli, reply.json, "rotated", err);
}

enum err_code verb_token_revoke(struct cli *cli, struct err *err)
{
    const char *id = cli_operand(cli, 0);
    struct client_reply reply;
    struct text text;
    struct client_request request = {
        .method = "DELETE",
        .path = client_path(&cli->arena, "/v1/tokens/%s", id),
    };
    TRY(cli_call(cli, &request, &reply, err));
    text_init(&text, &cli->arena);
    text_add(&text, "token ");
    paint(&text, STYLE_BOLD, id);
    text_add(&text, " is revoked\n");
    return cli_print_done(cli, reply.json, id, &text, err);
}
