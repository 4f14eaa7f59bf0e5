/* events.c: what happened, and what happens. */
#include "base/json.h"
#include "base/text.h"
#include "cli/age.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/poll.h"
#include "cli/verbs.h"

enum { FOLLOW_ITEMS = 500 };

/* "2026-01-31 09:26:53  rollout web  succeeded  7 of 7 …" */
static void add_line(struct cli *cli, struct text *text, const struct json *event)
{
    const char *reason = look_text(event, "reason");
    const char *name = look_text(event, "name");
    paint(text, STYLE_DIM, age_date(&cli->arena, look_text(event, "at")));
    text_add(text, "  ");
    paint(text, STYLE_PLAIN, look_text(event, "kind"));
    text_add_char(text, ' ');
    paint(text, STYLE_BOLD, name == NULL ? "-" : name);
    text_add(text, "  ");
    paint(text, paint_style_of(reason), reason);
    text_add(text, "  ");
    paint(text, STYLE_PLAIN, look_text(event, "message"));
    text_add_char(text, '\n');
}

static void add_document(struct text *text, const struct json *event)
{
    struct json_writer writer;
    json_writer_init(&writer, text);
    json_value(&writer, event);
    text_add_char(text, '\n');
}

static enum err_code print_event(struct cli *cli, const struct json *event, struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    struct text text;
    text_init(&text, &arena);
    if (cli->output == OUTPUT_JSON) {
        add_document(&text, event);
        return terminal_raw(text.bytes, text.length, err);
    }
    if (cli->output == OUTPUT_NAME)
        text_printf(&text, "%lld\n", (long long)look_int(event, "index", 0));
    else
        add_line(cli, &text, event);
    return terminal_print(&cli->terminal, &text, err);
}

/* Newest first as the server has them; people read downwards. */
static enum err_code print_past(struct cli *cli, const struct list *past, struct err *err)
{
    if (cli->output == OUTPUT_JSON && !cli->options.follow)
        return cli_print_list_json(cli, past, err);
    for (size_t i = past->count; i > 0; i--)
        TRY(print_event(cli, past->items[i - 1], err));
    return ERR_OK;
}

struct follower {
    struct poll poll;
    struct cli *cli;
    const char *path;
    int64_t after; /* events up to here are shown */
    char after_path[1024];
    bool done;
    enum err_code code;
    struct err *err;
};

/* Long polls name what has been shown (`after`) and what is known (`index`). */
static void set_path(struct follower *follower)
{
    char separator = strchr(follower->path, '?') == NULL ? '?' : '&';
    snprintf(follower->after_path, sizeof follower->after_path, "%s%cafter=%lld&limit=%d",
             follower->path, separator, (long long)follower->after, FOLLOW_ITEMS);
    follower->poll.path = follower->after_path;
}

static void on_arrived(struct poll *poll, const struct client_reply *reply)
{
    struct follower *follower = CONTAINER_OF(poll, struct follower, poll);
    size_t count = look_count(reply->json);
    for (size_t i = 0; i < count && follower->code == ERR_OK; i++) {
        const struct json *event = look_item(reply->json, i);
        follower->after = look_int(event, "index", follower->after);
        follower->code = print_event(follower->cli, event, follower->err);
    }
    follower->done = follower->code != ERR_OK;
    /* A restored database begins anew below what was shown. */
    if (reply->index < follower->after && count == 0) follower->after = reply->index;
    /* More than a page: the rest is there already. */
    if (look_text(reply->json, "next_cursor") != NULL) poll->index = -1;
    set_path(follower);
}

static void on_refused(struct poll *poll, const struct client_reply *reply)
{
    struct follower *follower = CONTAINER_OF(poll, struct follower, poll);
    follower->code = err_set(follower->err, reply->error.code, "%s", reply->error.detail);
    follower->done = true;
}

static void on_silent_changed(struct poll *poll)
{
    cli_say(poll->silent ? "the server does not answer; retrying" : "the server answers again");
}

static enum err_code follow(struct cli *cli, const char *path, int64_t after, struct err *err)
{
    struct follower follower = {
        .poll = {.arrived = on_arrived,
                 .refused = on_refused,
                 .silent_changed = on_silent_changed,
                 .cli = cli},
        .cli = cli,
        .path = path,
        .after = after,
        .err = err,
    };
    set_path(&follower);
    poll_start(&follower.poll);
    while (!follower.done && !cli->interrupted)
        loop_turn(cli->loop, -1);
    poll_stop(&follower.poll);
    if (follower.code != ERR_OK) return follower.code;
    return err_set(err, ERR_CANCELLED, "interrupted");
}

enum err_code verb_events(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    const char *path =
        name == NULL ? cli_clustered(cli, "/v1/events") : cli_deployment_path(cli, name, "/events");
    struct list past;
    size_t limit = (size_t)cli->options.limit;
    TRY(cli_list(cli, path, limit > 0 ? limit : 1, &past, err));
    int64_t after = past.count > 0 ? look_int(past.items[0], "index", 0) : past.index;
    if (limit == 0) past.count = 0;
    TRY(print_past(cli, &past, err));
    return cli->options.follow ? follow(cli, path, after < 0 ? 0 : after, err) : ERR_OK;
}
