#include "cli/failure.h"

#include "base/arena.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/escape.h"
#include "cli/look.h"
#include "cli/paint.h"

enum { LOG_LINES = 10, EVENTS_LOOKED_AT = 200 };

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* Of the replica's record; of the event when the record says nothing. */
static const char *fact(const struct failure *failure, const char *path, const char *event_path)
{
    const char *value = look_text(failure->replica, path);
    return !is_empty(value) ? value : look_text(failure->remembered, event_path);
}

/* As it was when it failed: the record goes on to tell how it was stopped. */
static const char *fact_then(const struct failure *failure, const char *path,
                             const char *event_path)
{
    const char *value = look_text(failure->remembered, event_path);
    return !is_empty(value) ? value : look_text(failure->replica, path);
}

static void add_fact(struct text *text, const char *label, const char *value)
{
    if (is_empty(value)) return;
    text_printf(text, "  %-8s ", label);
    paint(text, STYLE_PLAIN, value);
    text_add_char(text, '\n');
}

/* How it ended is told as its reason; a probe did not answer that. */
static bool is_exit(const char *answer)
{
    return text_starts(answer == NULL ? "" : answer, "exited with status") ||
           text_starts(answer == NULL ? "" : answer, "killed by signal");
}

static void add_replica(struct text *text, const struct failure *failure)
{
    const char *id = look_text(failure->rollout, "failed_replica");
    const char *node = fact(failure, "node", "node");
    const char *state = fact(failure, "state", "state");
    int64_t attempt =
        look_int(failure->replica, "attempt", look_int(failure->remembered, "attempt", 0));
    if (is_empty(id)) return;
    text_printf(text, "  %-8s ", "replica");
    paint(text, STYLE_BOLD, id);
    if (!is_empty(node)) {
        text_add(text, " on ");
        paint(text, STYLE_PLAIN, node);
    }
    text_printf(text, ", revision %lld", (long long)look_int(failure->rollout, "to_revision", 0));
    if (attempt > 0) text_printf(text, ", attempt %lld", (long long)attempt);
    if (!is_empty(state)) {
        text_add(text, ", now ");
        paint(text, paint_style_of(state), state);
    }
    text_add_char(text, '\n');
}

static void add_exit(struct text *text, const struct failure *failure)
{
    const struct failure *f = failure;
    /* One that was told to stop says nothing by how it ended. */
    if (text_equal(look_text(f->replica, "wanted"), "stop")) return;
    int64_t code = look_int(f->replica, "exit.code", look_int(f->remembered, "exit_code", -1));
    int64_t signal =
        look_int(f->replica, "exit.signal", look_int(f->remembered, "exit_signal", -1));
    if (look_bool(f->replica, "exit.oom"))
        text_printf(text, "  %-8s out of memory\n", "exit");
    else if (code >= 0)
        text_printf(text, "  %-8s code %lld\n", "exit", (long long)code);
    else if (signal > 0)
        text_printf(text, "  %-8s signal %lld\n", "exit", (long long)signal);
}

/* The last lines, each escaped. */
static void add_log(struct text *text, const char *log)
{
    size_t length = log == NULL ? 0 : strlen(log);
    while (length > 0 && log[length - 1] == '\n')
        length--;
    if (length == 0) return;
    size_t first = length, lines = 0;
    while (first > 0 && (log[first - 1] != '\n' || ++lines < LOG_LINES))
        first--;
    const char *label = "log";
    for (size_t at = first; at <= length; label = "") {
        const char *end = memchr(log + at, '\n', length - at);
        size_t bytes = end == NULL ? length - at : (size_t)(end - log) - at;
        text_printf(text, "  %-8s ", label);
        paint_begin(text, STYLE_DIM);
        text_add(text, "| ");
        escape_bytes(text, log + at, bytes);
        paint_end(text);
        text_add_char(text, '\n');
        at += bytes + 1;
    }
}

/* The newest revision that was proven and is not what failed; 0 = none is known. */
static int64_t way_back(const struct failure *failure)
{
    int64_t failed = look_int(failure->rollout, "to_revision", 0);
    for (size_t i = 0; i < look_count(failure->revisions); i++) {
        const struct json *revision = look_item(failure->revisions, i);
        if (text_equal(look_text(revision, "outcome"), "stable") &&
            look_int(revision, "number", 0) != failed)
            return look_int(revision, "number", 0);
    }
    return look_int(failure->rollout, "from_revision", 0);
}

/* Its cause is room, or what a node fetches first: the same template may do well another time. */
static bool lies_outside(const struct failure *failure)
{
    const char *limit = look_text(failure->rollout, "reason");
    if (text_equal(limit, "schedule_limit") || text_equal(limit, "prepare_limit")) return true;
    return text_equal(limit, "progress_deadline") && is_empty(fact_then(failure, "node", "node"));
}

static void add_next(struct text *text, const struct failure *failure)
{
    const char *name = failure->name, *flags = failure->flags;
    const char *state = look_text(failure->rollout, "state");
    int64_t back = way_back(failure);
    text_printf(text, "next:\n  dogshore history %s%s\n", name, flags);
    if (lies_outside(failure))
        text_printf(text, "  dogshore retry %s%s --wait     # once what was in its way is gone\n",
                    name, flags);
    if (text_equal(state, "failed") && back > 0)
        text_printf(text, "  dogshore rollback %s%s --to %lld --wait\n", name, flags,
                    (long long)back);
    else if (text_equal(state, "failed"))
        text_printf(text, "  dogshore apply -f FILE --wait     # with what is wrong mended\n");
    else
        text_printf(text, "  dogshore status %s%s\n", name, flags);
    text_printf(text, "  dogshore events %s%s --limit 50\n", name, flags);
}

void failure_draw(struct text *text, const struct failure *failure)
{
    const struct json *rollout = failure->rollout;
    const char *state = look_text(rollout, "state");
    const char *reason = fact_then(failure, "reason", "reason");
    const char *probe = fact_then(failure, "readiness.reason", "readiness");
    text_printf(text, "rollout %lld of ", (long long)look_int(rollout, "id", 0));
    paint(text, STYLE_BOLD, failure->name);
    text_add_char(text, ' ');
    paint(text, STYLE_BAD, state);
    text_add(text, ": ");
    paint(text, STYLE_PLAIN, look_text(rollout, "message"));
    text_add_char(text, '\n');
    add_fact(text, "limit", look_text(rollout, "reason"));
    add_replica(text, failure);
    if (is_exit(probe)) probe = NULL;
    add_fact(text, "probe", probe);
    if (!text_equal(reason, probe)) add_fact(text, "reason", reason);
    if (!look_bool(failure->replica, "check.passed"))
        add_fact(text, "check", look_text(failure->replica, "check.reason"));
    add_exit(text, failure);
    const char *log = look_text(failure->replica, "log_tail");
    add_log(text, !is_empty(log) ? log : look_text(failure->remembered, "log_tail"));
    add_next(text, failure);
}

/* What only helps to explain may be missing: the report is printed without it. */
static const struct json *read_if_there(struct cli *cli, const char *path)
{
    struct client_reply reply;
    struct err err;
    return cli_get(cli, path, &reply, &err) == ERR_OK ? reply.json : NULL;
}

/* Of the oldest event of that rollout that tells of one. */
static const struct json *remembered_replica(struct cli *cli, const char *name, int64_t rollout)
{
    const char *path = cli_deployment_path(cli, name, "/events");
    const char *limit = arena_printf(&cli->arena, "%d", EVENTS_LOOKED_AT);
    const struct json *events = read_if_there(cli, cli_query(cli, path, "limit", limit));
    for (size_t i = look_count(events); i-- > 0;) {
        const struct json *event = look_item(events, i);
        const struct json *replica = look(event, "data.failed_replica");
        if (replica != NULL && look_int(event, "data.rollout", 0) == rollout) return replica;
    }
    return NULL;
}

enum err_code failure_report(struct cli *cli, const char *name, int64_t rollout, struct err *err)
{
    struct client_reply reply;
    const char *facet = arena_printf(&cli->arena, "/rollouts/%lld", (long long)rollout);
    TRY(cli_get(cli, cli_deployment_path(cli, name, facet), &reply, err));
    const char *id = look_text(reply.json, "failed_replica");
    struct failure failure = {
        .name = name,
        .flags = cli_cluster_flag(cli),
        .rollout = reply.json,
        .replica =
            id == NULL ? NULL : read_if_there(cli, client_path(&cli->arena, "/v1/replicas/%s", id)),
        .remembered = remembered_replica(cli, name, rollout),
        .revisions = read_if_there(cli, cli_deployment_path(cli, name, "/revisions")),
    };
    cli->problem = NULL;
    struct text text;
    text_init(&text, &cli->arena);
    failure_draw(&text, &failure);
    if (cli->output == OUTPUT_TEXT) return cli_print(cli, &text, err);
    struct text plain;
    text_init(&plain, &cli->arena);
    paint_lines(&plain, text.bytes, text.length, false);
    fputs(text_string(&plain), stderr);
    return ERR_OK;
}
