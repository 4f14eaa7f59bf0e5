#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/goal.h"
#include "cli/look.h"
#include "cli/table.h"

enum err_code cli_print_json(struct cli *cli, const struct json *value, struct err *err)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, &cli->arena);
    json_writer_init(&writer, &text);
    json_value(&writer, value);
    text_add_char(&text, '\n');
    return terminal_raw(text.bytes, text.length, err);
}

enum err_code cli_print_list_json(struct cli *cli, const struct list *list, struct err *err)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, &cli->arena);
    json_writer_init(&writer, &text);
    json_object_begin(&writer);
    json_key(&writer, "items");
    json_array_begin(&writer);
    for (size_t i = 0; i < list->count; i++)
        json_value(&writer, list->items[i]);
    json_array_end(&writer);
    json_object_end(&writer);
    text_add_char(&text, '\n');
    return terminal_raw(text.bytes, text.length, err);
}

enum err_code cli_print_names(struct cli *cli, const struct list *list, const char *key,
                              struct err *err)
{
    struct text text;
    text_init(&text, &cli->arena);
    for (size_t i = 0; i < list->count; i++) {
        const char *name = look_text(list->items[i], key);
        if (name != NULL)
            paint(&text, STYLE_PLAIN, name);
        else
            text_add_int(&text, look_int(list->items[i], key, 0));
        text_add_char(&text, '\n');
    }
    return cli_print(cli, &text, err);
}

enum err_code cli_print(struct cli *cli, const struct text *painted, struct err *err)
{
    return terminal_print(&cli->terminal, painted, err);
}

enum err_code cli_print_table(struct cli *cli, const struct table *table, struct err *err)
{
    struct text text;
    text_init(&text, &cli->arena);
    table_draw(table, &text, "");
    return terminal_print_cut(&cli->terminal, &text, err);
}

/* What would be said of the write itself, and that it is none; below what has several lines. */
static enum err_code print_sentence(struct cli *cli, const struct text *sentence, struct err *err)
{
    static const char note[] = "(dry run: nothing is changed)";
    struct text text;
    if (!cli->options.dry_run) return cli_print(cli, sentence, err);
    bool is_one_line = memchr(sentence->bytes, '\n', sentence->length - 1) == NULL;
    text_init(&text, &cli->arena);
    text_append(&text, sentence->bytes, sentence->length - (is_one_line ? 1 : 0));
    text_printf(&text, is_one_line ? " %s\n" : "%s\n", note);
    return cli_print(cli, &text, err);
}

enum err_code cli_print_done(struct cli *cli, const struct json *object, const char *name,
                             const struct text *sentence, struct err *err)
{
    struct text text;
    if (cli->output == OUTPUT_TEXT) return print_sentence(cli, sentence, err);
    if (cli->output == OUTPUT_JSON && object != NULL) return cli_print_json(cli, object, err);
    if (cli->output == OUTPUT_JSON) return ERR_OK;
    text_init(&text, &cli->arena);
    paint(&text, STYLE_PLAIN, name);
    text_add_char(&text, '\n');
    return cli_print(cli, &text, err);
}

void cli_add_awaited_start(struct cli *cli, struct text *text, const struct json *deployment)
{
    if (!goal_awaits_start(deployment)) return;
    text_add(text, "; it is terminated: all of it waits for 'dogshore start ");
    paint(text, STYLE_PLAIN, look_text(deployment, "name"));
    text_add(text, cli_cluster_flag(cli));
    text_add_char(text, '\'');
}
