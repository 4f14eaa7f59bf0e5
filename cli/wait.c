/* wait.c: how a watch ended: the last lines, what to type next, the exit code. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/failure.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/promotion.h"
#include "cli/view.h"
#include "cli/watch.h"

/* What to type to go on watching. */
static const char *attach_command(struct cli *cli, const struct watch_request *request)
{
    if (request->goal.state != GOAL_ANY)
        return arena_printf(&cli->arena, "dogshore wait %s%s --for %s", request->name,
                            cli_cluster_flag(cli), goal_state_word(request->goal.state));
    const char *verb = request->goal.rollout > 0 ? "rollout wait" : "status";
    const char *flag = request->goal.rollout > 0 ? "" : " --watch";
    return arena_printf(&cli->arena, "dogshore %s %s%s%s", verb, request->name,
                        cli_cluster_flag(cli), flag);
}

static void say_interrupted(struct cli *cli, const struct watch_request *request)
{
    if (request->endless) return;
    cli_say("interrupted; %s goes on: %s",
            request->goal.rollout > 0 ? "the rollout" : "what was started",
            attach_command(cli, request));
}

static enum err_code time_is_up(struct cli *cli, const struct watch_request *request)
{
    cli->outcome = EXIT_CODE_STILL_RUNNING;
    if (!request->endless)
        cli_say("still running after %lld s; %s goes on: %s",
                (long long)cli->options.timeout_seconds,
                request->goal.rollout > 0 ? "the rollout" : "what was started",
                attach_command(cli, request));
    return ERR_OK;
}

static enum err_code say_reached(struct cli *cli, const struct watch_request *request,
                                 struct err *err)
{
    struct client_reply reply;
    struct text text;
    text_init(&text, &cli->arena);
    if (request->goal.gone) {
        paint(&text, STYLE_BOLD, request->name);
        text_add(&text, " is gone\n");
        return cli_print(cli, &text, err);
    }
    if (request->goal.state != GOAL_ANY) {
        paint(&text, STYLE_BOLD, request->name);
        text_printf(&text, " is %s\n", goal_state_word(request->goal.state));
        return cli_print(cli, &text, err);
    }
    if (request->goal.rollout == 0) return ERR_OK;
    const char *facet =
        arena_printf(&cli->arena, "/rollouts/%lld", (long long)request->goal.rollout);
    TRY(cli_get(cli, cli_deployment_path(cli, request->name, facet), &reply, err));
    text_printf(&text, "rollout %lld of ", (long long)request->goal.rollout);
    paint(&text, STYLE_BOLD, request->name);
    text_add_char(&text, ' ');
    paint(&text, STYLE_GOOD, look_text(reply.json, "state"));
    text_add(&text, ": ");
    paint(&text, STYLE_PLAIN, look_text(reply.json, "message"));
    text_add_char(&text, '\n');
    return cli_print(cli, &text, err);
}

static enum err_code superseded(struct cli *cli, const struct watch_request *request)
{
    cli->outcome = EXIT_CODE_CONFLICT;
    cli_say("rollout %lld of %s was superseded by a newer one: dogshore rollout wait %s%s",
            (long long)request->goal.rollout, request->name, request->name, cli_cluster_flag(cli));
    return ERR_OK;
}

/* The command that leads on; NULL = it depends. */
static const char *next_command(const struct json *status)
{
    const struct json *halted = look(status, "halted");
    const char *state = look_text(status, "state");
    if (text_equal(state, "terminated") || text_equal(state, "terminating")) return "start";
    if (halted != NULL && halted->type == JSON_OBJECT) return "retry";
    if (text_equal(look_text(status, "rollout.state"), "paused")) return "resume";
    return promotion_order(status);
}

/* A rollout that waits for somebody: what leads on, and what leads back where there is a way. */
static enum err_code stands_still(struct cli *cli, const struct watch_request *request,
                                  const struct json *status, struct err *err)
{
    const char *flags = cli_cluster_flag(cli), *name = request->name, *back = "";
    long long rollout = (long long)request->goal.rollout;
    bool promotes = text_equal(promotion_order(status), "promote");
    struct client_reply reply;
    const char *facet = arena_printf(&cli->arena, "/rollouts/%lld", rollout);
    TRY(cli_get(cli, cli_deployment_path(cli, name, facet), &reply, err));
    if (look_int(reply.json, "from_revision", 0) > 0)
        back = arena_printf(&cli->arena, ", and back with 'dogshore abort %s%s'", name, flags);
    cli_say("rollout %lld of %s %s; it goes on with 'dogshore %s %s%s --wait'%s", rollout, name,
            promotes ? "waits for a promote" : "is paused", promotes ? "promote" : "resume", name,
            flags, back);
    return ERR_OK;
}

/* By the status that was judged: what was ordered since is not why it is over. */
static enum err_code stuck(struct cli *cli, const struct watch_request *request,
                           const struct json *status, struct err *err)
{
    cli->outcome = EXIT_CODE_CONFLICT;
    if (request->goal.state == GOAL_ANY) return stands_still(cli, request, status, err);
    const char *state = look_text(status, "state");
    bool up = request->goal.state != GOAL_TERMINATED;
    const char *command = up ? next_command(status) : "terminate";
    cli_say("%s is %s: only another order makes it %s, such as 'dogshore %s %s%s'", request->name,
            state == NULL ? "unknown" : state, goal_state_word(request->goal.state),
            command == NULL ? "explain" : command, request->name, cli_cluster_flag(cli));
    return ERR_OK;
}

/* With -o json standard output has nothing but the object, read anew when all is over. */
static enum err_code print_object(struct cli *cli, const struct watch_request *request,
                                  struct err *err)
{
    struct client_reply reply;
    if (cli->output != OUTPUT_JSON || request->goal.gone || request->endless) return ERR_OK;
    enum err_code code = cli_get(cli, cli_deployment_path(cli, request->name, ""), &reply, err);
    /* One that is deleted is terminated, too. */
    if (code == ERR_NOT_FOUND && request->goal.state == GOAL_TERMINATED) return ERR_OK;
    TRY(code);
    return cli_print_json(cli, reply.json, err);
}

static enum err_code conclude(struct cli *cli, const struct watch_request *request,
                              const struct watch_end *end, struct err *err)
{
    switch (end->verdict) {
    case VERDICT_WAITING:
        return time_is_up(cli, request);
    case VERDICT_REACHED:
        return cli->output == OUTPUT_TEXT ? say_reached(cli, request, err) : ERR_OK;
    case VERDICT_FAILED:
        cli->outcome = EXIT_CODE_ROLLOUT_FAILED;
        return failure_report(cli, request->name, request->goal.rollout, err);
    case VERDICT_SUPERSEDED:
        return superseded(cli, request);
    case VERDICT_STUCK:
        return stuck(cli, request, end->status, err);
    }
    return ERR_OK;
}

enum err_code watch_wait(struct cli *cli, const struct watch_request *request, struct err *err)
{
    struct watch_end end = {.verdict = VERDICT_WAITING};
    enum err_code code = watch_run(cli, request, &end, err);
    if (code == ERR_CANCELLED) say_interrupted(cli, request);
    TRY(code);
    TRY(conclude(cli, request, &end, err));
    return print_object(cli, request, err);
}
