/* apply.c: make the deployment what a document says, and send what a patch says. */
#include "cli/apply.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/verbs.h"
#include "cli/watch.h"

static enum err_code member_text(const struct document *document, const struct json *root,
                                 const char *key, const char **value, struct err *err)
{
    const struct json *member = json_member(root, key);
    if (member == NULL) return ERR_OK;
    if (member->type != JSON_STRING)
        return err_set(err, ERR_INVALID, "%s: \"%s\" must be a string, not %s", document->source,
                       key, json_type_name(member->type));
    *value = member->string;
    return ERR_OK;
}

enum err_code apply_read_document(struct cli *cli, const char *path, struct document *document,
                                  struct err *err)
{
    struct json *root;
    *document = (struct document){.source = text_equal(path, "-") ? "standard input" : path};
    TRY(read_file(&cli->arena, path, LIMIT_BODY_BYTES, &document->content, err));
    if (json_parse(&cli->arena, document->content.bytes, document->content.count, &root, err) !=
        ERR_OK)
        return err_wrap(err, "%s: not JSON", document->source);
    if (root->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID, "%s: must be one deployment document, an object",
                       document->source);
    TRY(member_text(document, root, "name", &document->name, err));
    TRY(member_text(document, root, "cluster", &document->cluster, err));
    if (document->name == NULL || document->name[0] == '\0')
        return err_set(err, ERR_INVALID, "%s: has no \"name\"", document->source);
    if (cli->settings.cluster == NULL) cli->settings.cluster = document->cluster;
    return ERR_OK;
}

/* The generation before, to tell what the write did; 0 = there is none. */
static enum err_code generation_before(struct cli *cli, const char *name, int64_t *generation,
                                       struct err *err)
{
    struct client_reply reply;
    struct err missing;
    *generation = 0;
    enum err_code code = cli_get(cli, cli_deployment_path(cli, name, "/status"), &reply, &missing);
    if (code == ERR_NOT_FOUND) return ERR_OK;
    if (code != ERR_OK) return err_set(err, code, "%s", missing.detail);
    *generation = look_int(reply.json, "generation", 0);
    return ERR_OK;
}

static const char *what_happened(const struct client_reply *reply, int64_t before)
{
    if (reply->status == 201) return "created";
    return look_int(reply->json, "generation", 0) == before ? "unchanged" : "configured";
}

/* The rollout that brings what the document says; 0 = the last one brought something else and was
 * taken back, or it is to come with a start: its end says nothing about this. */
static enum err_code rollout_of(struct cli *cli, const char *name, const struct json *deployment,
                                int64_t *rollout, struct err *err)
{
    struct client_reply reply;
    *rollout = look_int(deployment, "status.rollout.id", 0);
    if (goal_awaits_start(deployment)) *rollout = 0;
    if (*rollout == 0) return ERR_OK;
    const char *facet = arena_printf(&cli->arena, "/rollouts/%lld", (long long)*rollout);
    TRY(cli_get(cli, cli_deployment_path(cli, name, facet), &reply, err));
    if (look_int(reply.json, "to_revision", 0) != look_int(deployment, "status.revision", 0))
        *rollout = 0;
    return ERR_OK;
}

static enum err_code say(struct cli *cli, const struct json *deployment, const char *what,
                         int64_t rollout, struct err *err)
{
    const char *version = look_text(deployment, "status.version");
    int64_t revision = look_int(deployment, "status.revision", 0);
    struct text text;
    text_init(&text, &cli->arena);
    paint(&text, STYLE_BOLD, look_text(deployment, "name"));
    text_printf(&text, " %s", what);
    if (revision > 0) text_printf(&text, ": revision %lld", (long long)revision);
    if (version != NULL) {
        text_add(&text, ", version ");
        paint(&text, STYLE_PLAIN, version);
    }
    if (rollout > 0) text_printf(&text, ", rollout %lld", (long long)rollout);
    cli_add_awaited_start(cli, &text, deployment);
    text_add_char(&text, '\n');
    return cli_print_done(cli, NULL, NULL, &text, err);
}

static enum err_code wait_for(struct cli *cli, const char *name, const struct json *deployment,
                              int64_t rollout, struct err *err)
{
    struct watch_request request = {
        .name = name,
        .goal = {.rollout = rollout,
                 .generation = look_int(deployment, "generation", 0),
                 .size = true},
        .timeout_ms = cli->options.timeout_seconds * 1000,
        .quiet = cli->output != OUTPUT_TEXT,
    };
    return watch_wait(cli, &request, err);
}

enum err_code apply_send(struct cli *cli, const char *name, struct client_request *request,
                         struct err *err)
{
    struct client_reply reply;
    int64_t before, rollout = 0;
    TRY(generation_before(cli, name, &before, err));
    if (cli->options.force) request->path = cli_query(cli, request->path, "force", "true");
    TRY(cli_condition(cli, name, request, err));
    TRY(cli_call(cli, request, &reply, err));
    if (!cli->options.dry_run) TRY(rollout_of(cli, name, reply.json, &rollout, err));
    if (cli->output == OUTPUT_TEXT)
        TRY(say(cli, reply.json, what_happened(&reply, before), rollout, err));
    if (cli->output == OUTPUT_NAME) TRY(cli_print_done(cli, NULL, name, NULL, err));
    if (cli->options.wait && !goal_awaits_start(reply.json))
        return wait_for(cli, name, reply.json, rollout, err);
    return cli->output == OUTPUT_JSON ? cli_print_json(cli, reply.json, err) : ERR_OK;
}

enum err_code verb_apply(struct cli *cli, struct err *err)
{
    struct document document;
    if (cli->options.file == NULL)
        return err_set(err, ERR_USAGE, "usage: dogshore apply -f FILE (- is standard input)");
    TRY(apply_read_document(cli, cli->options.file, &document, err));
    struct client_request request = {
        .method = "PUT",
        .path = cli_deployment_path(cli, document.name, ""),
        .body = document.content.bytes,
        .body_bytes = document.content.count,
    };
    return apply_send(cli, document.name, &request, err);
}
