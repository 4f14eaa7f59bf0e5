/* watch.c: long polls on up to six documents of one deployment; whenever one of them changes, the
 * goal is judged and the picture is drawn anew.
 *
 *     status ────┐
 *     rollout ───┤► goal_judge() ► done?
 *     replicas ──┤► view_tree() or view_line() ► standard output
 *     revisions ─┤
 *     endpoints ─┤
 *     leaving ───┘
 */
#include "cli/watch.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/look.h"
#include "cli/poll.h"
#include "cli/promotion.h"
#include "cli/view.h"

#include <assert.h>
#include <signal.h>

enum { TICK_MS = 1000, REPLICAS_MOST = 500, REVISIONS_MOST = 100 };
enum facet_kind {
    FACET_STATUS,
    FACET_ROLLOUT,
    FACET_REPLICAS,
    FACET_REVISIONS,
    FACET_ENDPOINTS,
    FACET_LEAVING,
    FACETS
};

struct watch;

struct facet {
    struct poll poll; /* first: a poll is its facet */
    struct watch *watch;
    struct arena arena; /* of the document */
    const struct json *json;
};

struct watch {
    struct cli *cli;
    const struct watch_request *request;
    struct facet facets[FACETS];
    int64_t rollout; /* whose document is polled; 0 = none */
    bool tree;       /* redrawn in place */
    /* The order that was shown as what to type, where only changes are shown; NULL = none. */
    const char *hinted;
    bool missing, done, over, timed_out;
    enum verdict verdict;
    struct loop_timer deadline, tick;
    struct loop_signal resized;
    struct text last; /* what was shown last, where only changes are shown */
    enum err_code code;
    struct err *err;
};

static const struct json *document(const struct watch *watch, enum facet_kind kind)
{
    return watch->facets[kind].json;
}

static void fail(struct watch *watch, enum err_code code)
{
    if (code == ERR_OK) return;
    watch->code = code;
    watch->done = true;
}

static void draw_tree(struct watch *watch)
{
    struct cli *cli = watch->cli;
    auto_arena arena;
    arena_init(&arena);
    const struct poll *status = &watch->facets[FACET_STATUS].poll;
    struct view view = {
        .status = document(watch, FACET_STATUS),
        .rollout = document(watch, FACET_ROLLOUT),
        .replicas = document(watch, FACET_REPLICAS),
        .revisions = document(watch, FACET_REVISIONS),
        .endpoints = document(watch, FACET_ENDPOINTS),
        .notice = status->silent ? "the server does not answer; retrying" : NULL,
        .now_ms = cli_now_ms(cli),
    };
    struct text text;
    text_init(&text, &arena);
    view_tree(&text, &arena, &view);
    promotion_draw(&text, view.status, cli_cluster_flag(cli));
    fail(watch, terminal_frame(&cli->terminal, &text, watch->err));
}

/* Once for each time that a rollout comes to wait for somebody. */
static void draw_hint(struct watch *watch)
{
    const struct json *status = document(watch, FACET_STATUS);
    const char *order = promotion_order(status);
    if (order != NULL && !text_equal(order, watch->hinted)) {
        struct text text;
        text_init(&text, NULL);
        promotion_draw(&text, status, cli_cluster_flag(watch->cli));
        fail(watch, terminal_print(&watch->cli->terminal, &text, watch->err));
        text_release(&text);
    }
    watch->hinted = order;
}

/* A line (or a document) for each change; what looks the same as before is none. */
static void draw_line(struct watch *watch)
{
    struct cli *cli = watch->cli;
    const struct json *status = document(watch, FACET_STATUS);
    struct text text;
    text_init(&text, NULL);
    if (cli->output == OUTPUT_JSON) {
        struct json_writer writer;
        json_writer_init(&writer, &text);
        json_value(&writer, status);
        text_add_char(&text, '\n');
    } else {
        view_line(&text, status);
    }
    if (!text_equal(text_string(&text), text_string(&watch->last))) {
        fail(watch, cli->output == OUTPUT_JSON ? terminal_raw(text.bytes, text.length, watch->err)
                                               : terminal_print(&cli->terminal, &text, watch->err));
        text_clear(&watch->last);
        text_append(&watch->last, text.bytes, text.length);
    }
    text_release(&text);
    if (cli->output == OUTPUT_TEXT) draw_hint(watch);
}

static void draw(struct watch *watch)
{
    if (watch->request->quiet || document(watch, FACET_STATUS) == NULL) return;
    if (watch->tree)
        draw_tree(watch);
    else
        draw_line(watch);
}

static void start_facet(struct watch *watch, enum facet_kind kind, const char *path);

/* A list's page that is as long as a screen can show. */
static const char *list_path(struct watch *watch, const char *path, int limit)
{
    return cli_query(watch->cli, path, "limit", arena_printf(&watch->cli->arena, "%d", limit));
}

/* Without a rollout that is waited for, the latest one is shown. */
static void follow_rollout(struct watch *watch)
{
    int64_t wanted = watch->request->goal.rollout;
    if (wanted == 0 && watch->tree)
        wanted = look_int(document(watch, FACET_STATUS), "rollout.id", 0);
    if (wanted == watch->rollout) return;
    watch->rollout = wanted;
    const char *facet = arena_printf(&watch->cli->arena, "/rollouts/%lld", (long long)wanted);
    start_facet(watch, FACET_ROLLOUT, cli_deployment_path(watch->cli, watch->request->name, facet));
}

/* Beside a rollout that stands still more may run than are wanted. Those of them that were told to
 * stop are asked for once the scheduler has taken up the size: that is when it tells them. */
static bool some_leave(struct watch *watch)
{
    const struct json *status = document(watch, FACET_STATUS);
    const struct facet *leaving = &watch->facets[FACET_LEAVING];
    struct cli *cli = watch->cli;
    if (look_int(status, "total", 0) <= look_int(status, "desired", 0)) return false;
    if (leaving->poll.path == NULL) {
        const char *path = cli_deployment_path(cli, watch->request->name, "/replicas");
        path = cli_query(cli, path, "state", filter_phases(cli, false));
        start_facet(watch, FACET_LEAVING,
                    list_path(watch, cli_query(cli, path, "q", "wanted = stop"), 1));
    }
    return leaving->json == NULL || look_count(leaving->json) > 0;
}

static void on_change(struct watch *watch)
{
    const struct goal *goal = &watch->request->goal;
    const struct json *status = document(watch, FACET_STATUS);
    follow_rollout(watch);
    watch->verdict = goal_judge(goal, status, document(watch, FACET_ROLLOUT), watch->missing);
    if (goal->scales && watch->verdict == VERDICT_REACHED && some_leave(watch))
        watch->verdict = VERDICT_WAITING;
    if (!watch->request->endless && watch->verdict != VERDICT_WAITING) watch->done = true;
    if (!watch->missing) draw(watch);
}

static void on_arrived(struct poll *poll, const struct client_reply *reply)
{
    struct facet *facet = (struct facet *)(void *)poll;
    struct json *json;
    arena_reset(&facet->arena);
    facet->json = NULL;
    struct err err;
    if (json_parse(&facet->arena, reply->body, reply->body_bytes, &json, &err) == ERR_OK)
        facet->json = json;
    on_change(facet->watch);
}

static void on_refused(struct poll *poll, const struct client_reply *reply)
{
    struct facet *facet = (struct facet *)(void *)poll;
    struct watch *watch = facet->watch;
    const struct goal *goal = &watch->request->goal;
    bool may_be_gone = goal->gone || goal->state == GOAL_TERMINATED;
    if (reply->error.code != ERR_NOT_FOUND || !may_be_gone) {
        fail(watch, err_set(watch->err, reply->error.code, "%s", reply->error.detail));
        return;
    }
    watch->missing = true;
    on_change(watch);
}

static void on_silent_changed(struct poll *poll)
{
    struct watch *watch = ((struct facet *)(void *)poll)->watch;
    if (poll != &watch->facets[FACET_STATUS].poll) return;
    if (watch->tree)
        draw(watch);
    else if (poll->silent)
        cli_say("the server does not answer; retrying");
    else
        cli_say("the server answers again");
}

static void start_facet(struct watch *watch, enum facet_kind kind, const char *path)
{
    struct facet *facet = &watch->facets[kind];
    poll_stop(&facet->poll);
    facet->watch = watch;
    facet->json = NULL;
    facet->poll.cli = watch->cli;
    facet->poll.path = path;
    facet->poll.arrived = on_arrived;
    facet->poll.refused = on_refused;
    facet->poll.silent_changed = on_silent_changed;
    poll_start(&facet->poll);
}

static void on_deadline(struct loop_timer *timer)
{
    struct watch *watch = CONTAINER_OF(timer, struct watch, deadline);
    watch->timed_out = true;
    watch->done = true;
}

/* Ages go on while nothing changes. */
static void on_tick(struct loop_timer *timer)
{
    struct watch *watch = CONTAINER_OF(timer, struct watch, tick);
    draw(watch);
    loop_timer_set(watch->cli->loop, &watch->tick, TICK_MS);
}

static void on_resized(struct loop_signal *signal)
{
    struct watch *watch = CONTAINER_OF(signal, struct watch, resized);
    terminal_measure(&watch->cli->terminal);
    /* The loop keeps this handler when the watch is over. */
    if (!watch->over) draw(watch);
}

static enum err_code start(struct watch *watch)
{
    struct cli *cli = watch->cli;
    for (size_t i = 0; i < FACETS; i++)
        arena_init(&watch->facets[i].arena);
    start_facet(watch, FACET_STATUS, cli_deployment_path(cli, watch->request->name, "/status"));
    if (watch->tree) {
        const char *name = watch->request->name;
        start_facet(watch, FACET_REPLICAS,
                    list_path(watch, filter_tree_path(cli, name), REPLICAS_MOST));
        start_facet(watch, FACET_REVISIONS,
                    list_path(watch, cli_deployment_path(cli, name, "/revisions"), REVISIONS_MOST));
        start_facet(watch, FACET_ENDPOINTS, cli_deployment_path(cli, name, "/endpoints"));
        watch->tick.fire = on_tick;
        loop_timer_set(cli->loop, &watch->tick, TICK_MS);
        watch->resized.arrived = on_resized;
        TRY(loop_signal_add(cli->loop, &watch->resized, SIGWINCH, watch->err));
    }
    if (watch->request->timeout_ms > 0) {
        watch->deadline.fire = on_deadline;
        loop_timer_set(cli->loop, &watch->deadline, watch->request->timeout_ms);
    }
    return ERR_OK;
}

/* The documents arrive one by one: the last picture is drawn from all of them read anew, so that
 * it shows the end and not what came a moment before. */
static void draw_end(struct watch *watch)
{
    struct cli *cli = watch->cli;
    for (size_t i = 0; i < FACETS; i++) {
        struct facet *facet = &watch->facets[i];
        const char *path = facet->poll.path;
        struct client_reply reply;
        struct err err;
        poll_stop(&facet->poll);
        if (watch->missing || watch->request->quiet || path == NULL || facet->json == NULL)
            continue;
        struct client_request request = {.path = path};
        if (client_do(cli->client, &request, &cli->arena, &reply, &err) == ERR_OK &&
            reply.json != NULL)
            facet->json = reply.json;
    }
    if (!watch->missing) draw(watch);
    if (watch->tree) terminal_frame_keep(&cli->terminal);
}

/* A copy in the run's arena: the watch's own go with it. */
static const struct json *kept(struct cli *cli, const struct json *json)
{
    struct text text;
    struct json *copy;
    struct err err;
    struct json_writer writer;
    if (json == NULL) return NULL;
    text_init(&text, &cli->arena);
    json_writer_init(&writer, &text);
    json_value(&writer, json);
    enum err_code code = json_parse(&cli->arena, text.bytes, text.length, &copy, &err);
    return code == ERR_OK ? copy : NULL;
}

static void stop(struct watch *watch)
{
    watch->over = true;
    for (size_t i = 0; i < FACETS; i++) {
        poll_stop(&watch->facets[i].poll);
        arena_release(&watch->facets[i].arena);
    }
    loop_timer_cancel(watch->cli->loop, &watch->deadline);
    loop_timer_cancel(watch->cli->loop, &watch->tick);
    if (watch->tree) terminal_frame_keep(&watch->cli->terminal);
    text_release(&watch->last);
}

enum err_code watch_run(struct cli *cli, const struct watch_request *request, struct watch_end *end,
                        struct err *err)
{
    TRY(cli_connect(cli, err));
    /* On the arena: its signal handler stays with the loop. */
    struct watch *watch = ARENA_NEW(&cli->arena, struct watch);
    watch->cli = cli;
    watch->request = request;
    watch->hinted = request->promoted ? "promote" : NULL;
    watch->err = err;
    watch->tree = cli->terminal.redraw && cli->output == OUTPUT_TEXT && !request->quiet;
    text_init(&watch->last, NULL);
    enum err_code code = start(watch);
    while (code == ERR_OK && !watch->done && !cli->interrupted)
        loop_turn(cli->loop, -1);
    if (code == ERR_OK) code = watch->code;
    *end = (struct watch_end){
        .verdict = watch->timed_out ? VERDICT_WAITING : watch->verdict,
        .status = kept(cli, document(watch, FACET_STATUS)),
    };
    if (code == ERR_OK && !watch->timed_out && !cli->interrupted) draw_end(watch);
    if (code == ERR_OK) code = watch->code;
    stop(watch);
    if (code != ERR_OK) return code;
    return cli->interrupted ? err_set(err, ERR_CANCELLED, "interrupted") : ERR_OK;
}
