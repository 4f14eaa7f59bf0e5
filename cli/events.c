/* events.c: what happened, and what happens. */
#include "base/json.h"
#include "base/text.h"
#include "cli/age.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/verbs.h"
#include "client/stream.h"

/* "2026-01-31 09:26:53  rollout web  succeeded  7 of 7 …" */
static void add_line(struct text *text, const struct json *event)
{
    const char *reason = look_text(event, "reason");
    const char *name = look_text(event, "name");
    paint(text, STYLE_DIM, age_date(text->arena, look_text(event, "at")));
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
        add_line(&text, event);
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
    struct client_stream stream;
    struct cli *cli;
    bool done;
    enum err_code code;
    struct err *err;
};

static const char *reset_sentence(const char *reason)
{
    if (text_equal(reason, "too_old"))
        return "events were missed that the server does not keep any more; from now on:";
    if (text_equal(reason, "too_wide"))
        return "too many events were missed to be searched; from now on:";
    return "the server has another history than before, a backup perhaps; from now on:";
}

/* A program that reads JSON learns of it as people do. */
static enum err_code print_reset(struct cli *cli, const struct json *reset, struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    struct text text;
    text_init(&text, &arena);
    cli_say("%s", reset_sentence(look_text(reset, "reason")));
    if (cli->output != OUTPUT_JSON) return ERR_OK;
    struct json_writer writer;
    json_writer_init(&writer, &text);
    json_object_begin(&writer);
    json_key(&writer, "reset");
    json_value(&writer, reset);
    json_object_end(&writer);
    text_add_char(&text, '\n');
    return terminal_raw(text.bytes, text.length, err);
}

static enum err_code show(struct cli *cli, const struct parsed_event *event, struct err *err)
{
    struct json *document;
    auto_arena arena;
    arena_init(&arena);
    TRY(json_parse(&arena, event->data, strlen(event->data), &document, err));
    if (text_equal(event->kind, "reset")) return print_reset(cli, document, err);
    return print_event(cli, document, err);
}

static void on_arrived(struct client_stream *stream, const struct parsed_event *event)
{
    struct follower *follower = CONTAINER_OF(stream, struct follower, stream);
    if (follower->done) return;
    follower->code = show(follower->cli, event, follower->err);
    follower->done = follower->code != ERR_OK;
}

static void on_refused(struct client_stream *stream, const struct client_reply *reply)
{
    struct follower *follower = CONTAINER_OF(stream, struct follower, stream);
    follower->code = err_copy(follower->err, &reply->error);
    follower->done = true;
}

static void on_silent_changed(struct client_stream *stream)
{
    cli_say(stream->silent ? "the server does not answer; retrying" : "the server answers again");
}

static enum err_code follow(struct cli *cli, const char *path, int64_t after, struct err *err)
{
    struct follower follower = {
        .stream = {.arrived = on_arrived,
                   .refused = on_refused,
                   .silent_changed = on_silent_changed,
                   .client = cli->client},
        .cli = cli,
        .err = err,
    };
    follower.stream.path =
        cli_query(cli, path, "after", arena_printf(&cli->arena, "%lld", (long long)after));
    client_stream_start(&follower.stream, cli->loop);
    while (!follower.done && !cli->interrupted)
        loop_turn(cli->loop, -1);
    client_stream_stop(&follower.stream);
    if (follower.code != ERR_OK) return follower.code;
    return err_set(err, ERR_CANCELLED, "interrupted");
}

static enum err_code check_flags(const struct cli *cli, struct err *err)
{
    if (cli->options.follow && cli->options.count)
        return err_set(err, ERR_USAGE, "--count is of the past, and --follow goes on");
    return cli_operand(cli, 0) != NULL ? filter_refuse_selector(cli, err) : ERR_OK;
}

enum err_code verb_events(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0);
    const char *path =
        name == NULL ? cli_clustered(cli, "/v1/events") : cli_deployment_path(cli, name, "/events");
    struct list past;
    bool printed;
    size_t limit = (size_t)cli->options.limit;
    TRY(check_flags(cli, err));
    path = filter_path(cli, path);
    TRY(filter_count(cli, path, &printed, err));
    if (printed) return ERR_OK;
    TRY(cli_list(cli, path, limit > 0 ? limit : 1, &past, err));
    int64_t after = past.count > 0 ? look_int(past.items[0], "index", 0) : past.index;
    if (limit == 0) past.count = 0;
    TRY(print_past(cli, &past, err));
    return cli->options.follow ? follow(cli, path, after < 0 ? 0 : after, err) : ERR_OK;
}
