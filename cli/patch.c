/* patch.c: change single fields of a deployment. */
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/apply.h"
#include "cli/assignment.h"
#include "cli/cli.h"
#include "cli/read_file.h"
#include "cli/verbs.h"

static enum err_code read_patch(struct cli *cli, struct client_request *request, struct err *err)
{
    const char *path = cli->options.file;
    struct file_content content;
    struct json *root;
    TRY(read_file(&cli->arena, path, LIMIT_BODY_BYTES, &content, err));
    if (json_parse(&cli->arena, content.bytes, content.count, &root, err) != ERR_OK)
        return err_wrap(err, "%s: not JSON", text_equal(path, "-") ? "standard input" : path);
    request->body = content.bytes;
    request->body_bytes = content.count;
    return ERR_OK;
}

static enum err_code write_patch(struct cli *cli, struct client_request *request, struct err *err)
{
    struct json patch = {.type = JSON_OBJECT};
    struct text text;
    struct json_writer writer;
    for (size_t i = 1; i < cli->operands_count; i++)
        TRY(assignment_add(&cli->arena, &patch, cli_operand(cli, i), err));
    text_init(&text, &cli->arena);
    json_writer_init(&writer, &text);
    json_value(&writer, &patch);
    request->body = text_string(&text);
    return ERR_OK;
}

enum err_code verb_patch(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    bool from_file = cli->options.file != NULL, has_fields = cli->operands_count > 1;
    struct client_request request = {
        .method = "PATCH",
        .path = cli_deployment_path(cli, name, ""),
        .content_type = "application/merge-patch+json",
    };
    if (from_file == has_fields)
        return err_set(err, ERR_USAGE,
                       from_file ? "-f and fields are given; one will do"
                                 : "say what changes: FIELD=VALUE…, or -f FILE");
    TRY(from_file ? read_patch(cli, &request, err) : write_patch(cli, &request, err));
    return apply_send(cli, name, &request, err);
}
