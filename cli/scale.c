/* scale.c: the verbs that change a deployment's size or end it. */
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/goal.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/verbs.h"
#include "cli/watch.h"

/* A rollout that runs is waited for, too: until it has ended the size is not what was asked for. */
static enum err_code wait_for_size(struct cli *cli, const char *name, const struct json *deployment,
                                   struct err *err)
{
    bool rolls = !goal_rollout_has_ended(look_text(deployment, "status.rollout.state"));
    struct watch_request request = {
        .name = name,
        .goal = {.rollout = rolls ? look_int(deployment, "status.rollout.id", 0) : 0,
                 .generation = look_int(deployment, "generation", 0),
                 .size = true,
                 .scales = true},
        .timeout_ms = cli_timeout_ms(cli),
        .quiet = cli->output != OUTPUT_TEXT,
    };
    return watch_wait(cli, &request, err);
}

enum err_code verb_scale(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0), *count = cli_operand(cli, 1);
    int64_t replicas;
    struct client_reply reply;
    if (!text_to_int64(count, 0, LIMIT_REPLICAS, &replicas))
        return err_set(err, ERR_USAGE, "'%.60s' is no number of replicas (0 to %d)", count,
                       LIMIT_REPLICAS);
    struct client_request request = {
        .method = "PUT",
        .path = cli_deployment_path(cli, name, "/scale"),
        .body = arena_printf(&cli->arena, "{\"replicas\": %lld}", (long long)replicas),
    };
    TRY(cli_condition(cli, name, &request, err));
    TRY(cli_call(cli, &request, &reply, err));
    struct text text;
    text_init(&text, &cli->arena);
    paint(&text, STYLE_BOLD, name);
    text_printf(&text, " scaled to %lld", (long long)replicas);
    cli_add_awaited_start(cli, &text, reply.json);
    text_add_char(&text, '\n');
    bool waits = cli->options.wait && !goal_awaits_start(reply.json);
    bool later = waits && cli->output == OUTPUT_JSON;
    if (!later) TRY(cli_print_done(cli, reply.json, name, &text, err));
    return waits ? wait_for_size(cli, name, reply.json, err) : ERR_OK;
}

enum err_code verb_delete(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    struct client_reply reply;
    struct client_request request = {
        .method = "DELETE",
        .path = cli_deployment_path(cli, name, ""),
    };
    TRY(cli_condition(cli, name, &request, err));
    TRY(cli_call(cli, &request, &reply, err));
    struct text text;
    text_init(&text, &cli->arena);
    paint(&text, STYLE_BOLD, name);
    text_add(&text, cli->options.wait ? " is being deleted\n"
                                      : " is being deleted; it is gone when its replicas are\n");
    TRY(cli_print_done(cli, reply.json, name, &text, err));
    if (!cli->options.wait) return ERR_OK;
    struct watch_request wait = {
        .name = name,
        .goal = {.gone = true},
        .timeout_ms = cli_timeout_ms(cli),
        .quiet = cli->output != OUTPUT_TEXT,
    };
    return watch_wait(cli, &wait, err);
}
