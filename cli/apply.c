/* apply.c: make the deployment what a document says, and send what a patch says. */
#include "cli/apply.h"

#include "base/text.h"
#include "cli/cli.h"
#include "cli/documents.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/verbs.h"
#include "cli/watch.h"

/* What was sent, and what came of it. */
struct applied {
    const char *name;
    const struct json *deployment;
    int64_t rollout; /* that brings it; 0 = none */
};

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

static enum err_code wait_for(struct cli *cli, const struct applied *applied, int64_t timeout_ms,
                              struct err *err)
{
    struct watch_request request = {
        .name = applied->name,
        .goal = {.rollout = applied->rollout,
                 .generation = look_int(applied->deployment, "generation", 0),
                 .size = true},
        .timeout_ms = timeout_ms,
        .quiet = cli->output != OUTPUT_TEXT,
    };
    return watch_wait(cli, &request, err);
}

static enum err_code send_write(struct cli *cli, struct client_request *request,
                                struct applied *applied, struct err *err)
{
    struct client_reply reply;
    int64_t before;
    TRY(generation_before(cli, applied->name, &before, err));
    if (cli->options.force) request->path = cli_query(cli, request->path, "force", "true");
    TRY(cli_condition(cli, applied->name, request, err));
    TRY(cli_call(cli, request, &reply, err));
    applied->deployment = reply.json;
    if (!cli->options.dry_run)
        TRY(rollout_of(cli, applied->name, reply.json, &applied->rollout, err));
    if (cli->output == OUTPUT_TEXT)
        return say(cli, reply.json, what_happened(&reply, before), applied->rollout, err);
    if (cli->output == OUTPUT_NAME) return cli_print_done(cli, NULL, applied->name, NULL, err);
    return ERR_OK;
}

/* Sees it through where that was asked for; as JSON it is what it is then. */
static enum err_code finish(struct cli *cli, const struct applied *applied, int64_t timeout_ms,
                            struct err *err)
{
    if (cli->options.wait && !goal_awaits_start(applied->deployment))
        return wait_for(cli, applied, timeout_ms, err);
    return cli->output == OUTPUT_JSON ? cli_print_json(cli, applied->deployment, err) : ERR_OK;
}

enum err_code apply_send(struct cli *cli, const char *name, struct client_request *request,
                         struct err *err)
{
    struct applied applied = {.name = name};
    TRY(send_write(cli, request, &applied, err));
    return finish(cli, &applied, cli_timeout_ms(cli), err);
}

static enum err_code send_document(struct cli *cli, const struct document *document,
                                   struct applied *applied, struct err *err)
{
    documents_turn_to(cli, document);
    *applied = (struct applied){.name = document->name};
    struct client_request request = {
        .method = "PUT",
        .path = cli_deployment_path(cli, document->name, ""),
        .body = document->content.bytes,
        .body_bytes = document->content.count,
    };
    return send_write(cli, &request, applied, err);
}

/* What was applied before it is told of all the same, as far as that can be printed: the refusal
 * matters more. */
static void say_refused(struct cli *cli, const struct documents *documents,
                        const struct applied *applied, size_t position)
{
    struct err unprinted;
    if (documents->count == 1) return;
    const char *what = cli->options.dry_run ? "nothing is applied, and the rest was not tried"
                                            : "those before it are applied, the rest is not";
    cli_say("%s is document %zu of %zu; %s", documents->items[position].source, position + 1,
            documents->count, what);
    bool is_told = cli->output != OUTPUT_JSON || !cli->options.wait;
    for (size_t i = 0; !is_told && i < position; i++)
        if (cli_print_json(cli, applied[i].deployment, &unprinted) != ERR_OK) return;
}

/* In their order, up to the first that is refused. */
static enum err_code send_all(struct cli *cli, const struct documents *documents,
                              struct applied *applied, struct err *err)
{
    for (size_t i = 0; i < documents->count; i++) {
        enum err_code code = send_document(cli, &documents->items[i], &applied[i], err);
        if (code == ERR_OK && !cli->options.wait) code = finish(cli, &applied[i], 0, err);
        if (code == ERR_OK) continue;
        say_refused(cli, documents, applied, i);
        return code;
    }
    return ERR_OK;
}

/* What is left of --timeout, which is for all of them together; 0 = without end. */
static int64_t time_left_ms(const struct cli *cli, int64_t started_ms)
{
    int64_t timeout_ms = cli_timeout_ms(cli);
    if (timeout_ms == 0) return 0;
    int64_t left_ms = timeout_ms - (clock_boot_ms(&cli->clock) - started_ms);
    return left_ms > 0 ? left_ms : 1;
}

/* One after the other; the exit code is that of the first that went wrong. */
static enum err_code finish_all(struct cli *cli, const struct documents *documents,
                                const struct applied *applied, int64_t started_ms, struct err *err)
{
    enum exit_code outcome = EXIT_CODE_OK;
    for (size_t i = 0; i < documents->count; i++) {
        documents_turn_to(cli, &documents->items[i]);
        cli->outcome = EXIT_CODE_OK;
        TRY(finish(cli, &applied[i], time_left_ms(cli, started_ms), err));
        if (outcome == EXIT_CODE_OK) outcome = cli->outcome;
    }
    cli->outcome = outcome;
    return ERR_OK;
}

enum err_code verb_apply(struct cli *cli, struct err *err)
{
    struct documents documents;
    int64_t started_ms = clock_boot_ms(&cli->clock);
    TRY(documents_read(cli, &documents, err));
    if (documents.count > 1 && cli->options.if_match != NULL)
        return err_set(err, ERR_USAGE, "--if-match is for one document, and %zu are given",
                       documents.count);
    struct applied *applied = ARENA_ARRAY(&cli->arena, struct applied, documents.count);
    TRY(send_all(cli, &documents, applied, err));
    return cli->options.wait ? finish_all(cli, &documents, applied, started_ms, err) : ERR_OK;
}
