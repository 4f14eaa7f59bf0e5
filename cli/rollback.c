/* rollback.c: back to what was proven before. */
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/goal.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/verbs.h"
#include "cli/watch.h"

static const struct json *revision_of(const struct list *revisions, int64_t number)
{
    for (size_t i = 0; i < revisions->count; i++)
        if (look_int(revisions->items[i], "number", 0) == number) return revisions->items[i];
    return NULL;
}

/* Whether that revision is kept and would change something. */
static bool differs(const struct list *revisions, int64_t number, const struct json *current)
{
    const struct json *revision = revision_of(revisions, number);
    const char *hash = look_text(revision, "template_hash");
    return hash != NULL && !text_equal(hash, look_text(current, "template_hash"));
}

/* The last proven revision whose template is not the current one. */
static enum err_code previous_revision(struct cli *cli, const char *name, int64_t *previous,
                                       struct err *err)
{
    struct client_reply status;
    struct list revisions;
    TRY(cli_get(cli, cli_deployment_path(cli, name, "/status"), &status, err));
    TRY(cli_list(cli, cli_deployment_path(cli, name, "/revisions"), 0, &revisions, err));
    const struct json *current = revision_of(&revisions, look_int(status.json, "revision", 0));
    *previous = look_int(status.json, "stable_revision", 0);
    if (differs(&revisions, *previous, current)) return ERR_OK;
    for (size_t i = 0; i < revisions.count; i++) {
        *previous = look_int(revisions.items[i], "number", 0);
        bool proven = look_bool(revisions.items[i], "proven");
        if (proven && differs(&revisions, *previous, current)) return ERR_OK;
    }
    return err_set(err, ERR_CONFLICT,
                   "no earlier revision of %s was proven healthy and has another template; "
                   "'dogshore history %s' lists them, --to names any",
                   name, name);
}

static enum err_code body_of(struct cli *cli, const char *name, const char **body, struct err *err)
{
    const char *to = cli->options.to;
    int64_t revision = 0;
    struct text text;
    struct json_writer writer;
    if (to == NULL) TRY(previous_revision(cli, name, &revision, err));
    text_init(&text, &cli->arena);
    json_writer_init(&writer, &text);
    json_object_begin(&writer);
    if (to == NULL || text_to_int64(to, 1, INT64_MAX, &revision))
        json_put_int(&writer, "revision", revision);
    else
        json_put_string(&writer, "revision", to);
    if (cli->options.change_cause != NULL)
        json_put_string(&writer, "change_cause", cli->options.change_cause);
    json_object_end(&writer);
    *body = text_string(&text);
    return ERR_OK;
}

static void add_sentence(struct cli *cli, struct text *text, const char *name,
                         const struct json *deployment, const struct json *revision)
{
    int64_t source = look_int(revision, "copy_of", 0);
    bool later = goal_awaits_start(deployment);
    paint(text, STYLE_BOLD, name);
    text_printf(text, later ? " is to go back to revision %lld" : " goes back to revision %lld",
                (long long)source);
    if (look_text(revision, "version") != NULL) {
        text_add(text, ", version ");
        paint(text, STYLE_PLAIN, look_text(revision, "version"));
    }
    text_printf(text, ": revision %lld", (long long)look_int(revision, "number", 0));
    if (!later)
        text_printf(text, ", rollout %lld",
                    (long long)look_int(deployment, "status.rollout.id", 0));
    cli_add_awaited_start(cli, text, deployment);
    text_add_char(text, '\n');
}

/* What it went back to; nothing when that was there already. */
static enum err_code say(struct cli *cli, const char *name, const struct json *deployment,
                         bool changed, struct err *err)
{
    struct client_reply revision;
    struct text text;
    text_init(&text, &cli->arena);
    if (changed && cli->options.dry_run) {
        paint(&text, STYLE_BOLD, name);
        text_add(&text, " goes back to version ");
        paint(&text, STYLE_PLAIN, look_text(deployment, "status.version"));
        text_add_char(&text, '\n');
    } else if (changed && cli->output == OUTPUT_TEXT) {
        TRY(cli_get(cli, cli_deployment_path(cli, name, "/revisions/latest"), &revision, err));
        add_sentence(cli, &text, name, deployment, revision.json);
    } else {
        paint(&text, STYLE_BOLD, name);
        text_add(&text, " unchanged: it has that template already\n");
    }
    return cli_print_done(cli, deployment, name, &text, err);
}

enum err_code verb_rollback(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    struct client_reply before, reply;
    struct client_request request = {
        .method = "POST",
        .path = cli_deployment_path(cli, name, "/rollback"),
    };
    if (cli->options.force) request.path = cli_query(cli, request.path, "force", "true");
    TRY(cli_condition(cli, name, &request, err));
    TRY(cli_get(cli, cli_deployment_path(cli, name, "/status"), &before, err));
    TRY(body_of(cli, name, &request.body, err));
    TRY(cli_call(cli, &request, &reply, err));
    bool changed =
        look_int(reply.json, "status.revision", 0) != look_int(before.json, "revision", 0);
    bool waits = cli->options.wait && !goal_awaits_start(reply.json);
    bool later = waits && cli->output == OUTPUT_JSON;
    if (!later) TRY(say(cli, name, reply.json, changed, err));
    if (!waits) return ERR_OK;
    struct watch_request wait = {
        .name = name,
        .goal = {.rollout = look_int(reply.json, "status.rollout.id", 0)},
        .timeout_ms = cli_timeout_ms(cli),
        .quiet = cli->output != OUTPUT_TEXT,
    };
    return watch_wait(cli, &wait, err);
}
