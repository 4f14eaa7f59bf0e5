/* steer.c: the orders about a rollout and about a deployment's life. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/goal.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/verbs.h"
#include "cli/watch.h"

struct order {
    const char *facet;
    const char *done;
    const char *unchanged; /* where the end is reached already; NULL = it never is */
    bool rolls;            /* a rollout begins by it, or goes on */
    bool back;             /* that takes something back */
    bool ends;             /* no replica is left at its end */
};

static const struct order pause_order = {
    .facet = "/pause",
    .done = "is paused: steps stand still, scaling and healing go on",
    .unchanged = "it is paused already",
};
static const struct order resume_order = {
    .facet = "/resume", .done = "goes on", .unchanged = "it is not paused", .rolls = true};
static const struct order restart_order = {.facet = "/restart", .done = "restarts", .rolls = true};
/* A promotion is written into the rollout: the deployment's generation does not tell of it. */
static const struct order promote_order = {
    .facet = "/promote", .done = "is promoted", .rolls = true};
static const struct order abort_order = {.facet = "/abort",
                                         .done = "goes back",
                                         .unchanged = "it goes back already",
                                         .rolls = true,
                                         .back = true};
static const struct order retry_order = {.facet = "/retry", .done = "tries again", .rolls = true};
static const struct order terminate_order = {
    .facet = "/terminate",
    .done = "is being terminated; its document stays, and 'dogshore start' brings it back",
    .unchanged = "it is terminated already",
    .ends = true,
};
static const struct order start_order = {
    .facet = "/start", .done = "starts", .unchanged = "it is not terminated", .rolls = true};

static bool rollout_runs(const struct json *deployment)
{
    const char *state = look_text(deployment, "status.rollout.state");
    return state != NULL && !goal_rollout_has_ended(state);
}

static void add_rollout(struct text *text, const struct json *deployment)
{
    const char *version = look_text(deployment, "status.version");
    text_printf(text, ": revision %lld", (long long)look_int(deployment, "status.revision", 0));
    if (version != NULL) {
        text_add(text, ", version ");
        paint(text, STYLE_PLAIN, version);
    }
    text_printf(text, ", rollout %lld", (long long)look_int(deployment, "status.rollout.id", 0));
}

static enum err_code say(struct cli *cli, const struct order *order, const struct json *deployment,
                         bool changed, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    struct text text;
    text_init(&text, &cli->arena);
    paint(&text, STYLE_BOLD, name);
    if (changed)
        text_printf(&text, " %s", order->done);
    else
        text_printf(&text, " unchanged: %s", order->unchanged);
    if (changed && order->rolls && rollout_runs(deployment)) add_rollout(&text, deployment);
    text_add_char(&text, '\n');
    return cli_print_done(cli, deployment, name, &text, err);
}

static enum err_code wait_for(struct cli *cli, const struct order *order,
                              const struct json *deployment, struct err *err)
{
    bool rolls = order->rolls && rollout_runs(deployment);
    struct watch_request request = {
        .name = cli_operand(cli, 0),
        .timeout_ms = cli_timeout_ms(cli),
        .quiet = cli->output != OUTPUT_TEXT,
        .promoted = order == &promote_order,
    };
    if (order->ends)
        request.goal.state = GOAL_TERMINATED;
    else
        request.goal = (struct goal){
            .rollout = rolls ? look_int(deployment, "status.rollout.id", 0) : 0,
            .generation = look_int(deployment, "generation", 0),
            .size = !rolls || order == &start_order,
            .back = order->back,
        };
    return watch_wait(cli, &request, err);
}

static enum err_code give(struct cli *cli, const struct order *order, const char *body,
                          struct err *err)
{
    const char *name = cli_operand(cli, 0);
    struct client_reply before, reply;
    struct client_request request = {
        .method = "POST", .path = cli_deployment_path(cli, name, order->facet), .body = body};
    TRY(cli_condition(cli, name, &request, err));
    TRY(cli_get(cli, cli_deployment_path(cli, name, "/status"), &before, err));
    TRY(cli_call(cli, &request, &reply, err));
    bool changed = order->unchanged == NULL ||
                   look_int(reply.json, "generation", 0) != look_int(before.json, "generation", 0);
    bool later = cli->options.wait && cli->output == OUTPUT_JSON;
    if (!later) TRY(say(cli, order, reply.json, changed, err));
    return cli->options.wait ? wait_for(cli, order, reply.json, err) : ERR_OK;
}

enum err_code verb_pause(struct cli *cli, struct err *err)
{
    return give(cli, &pause_order, NULL, err);
}

enum err_code verb_resume(struct cli *cli, struct err *err)
{
    return give(cli, &resume_order, NULL, err);
}

enum err_code verb_restart(struct cli *cli, struct err *err)
{
    return give(cli, &restart_order, NULL, err);
}

enum err_code verb_promote(struct cli *cli, struct err *err)
{
    return give(cli, &promote_order, cli->options.full ? "{\"full\": true}" : NULL, err);
}

enum err_code verb_abort(struct cli *cli, struct err *err)
{
    return give(cli, &abort_order, NULL, err);
}

enum err_code verb_retry(struct cli *cli, struct err *err)
{
    return give(cli, &retry_order, NULL, err);
}

enum err_code verb_terminate(struct cli *cli, struct err *err)
{
    return give(cli, &terminate_order, NULL, err);
}

enum err_code verb_start(struct cli *cli, struct err *err)
{
    return give(cli, &start_order, NULL, err);
}
