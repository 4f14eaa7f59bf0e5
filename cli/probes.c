/* probes.c: what the probes of a deployment say, and said: a line of time for each. */
#include "base/text.h"
#include "cli/age.h"
#include "cli/cli.h"
#include "cli/filter.h"
#include "cli/look.h"
#include "cli/timeline.h"
#include "cli/verbs.h"
#include "cli/view.h"

#include <inttypes.h>

static const char *const lines[] = {"ready", "startup", "readiness", "liveness"};
#define LIMIT_OF_JSON "500"
enum { LINES = sizeof(lines) / sizeof(lines[0]) };

/* "99.95 %"; never 100 unless it was all of the time. */
static const char *percent(struct cli *cli, const struct json *ratio)
{
    if (ratio == NULL || ratio->type != JSON_NUMBER) return "-";
    double hundredths = ratio->number * 10000;
    int64_t shown = (int64_t)hundredths;
    return arena_printf(&cli->arena, "%" PRId64 ".%02" PRId64 " %%", shown / 100, shown % 100);
}

static const char *answer_text(struct cli *cli, const struct json *last)
{
    const char *age = age_duration(&cli->arena, look_int(last, "age_ms", 0));
    if (!look_bool(last, "ok"))
        return arena_printf(&cli->arena, "%s, %s ago", look_text(last, "reason"), age);
    return arena_printf(&cli->arena, "answered in %.1f ms, %s ago",
                        (double)look_int(last, "duration_us", 0) / 1000, age);
}

/* What is known of it now: the last answer, else what its line of time ends with. */
static const char *now_text(struct cli *cli, const struct json *replica, const char *name)
{
    const char *path = arena_printf(&cli->arena, "probes.%s.last", name);
    const struct json *last = look(replica, path);
    if (last != NULL && last->type == JSON_OBJECT) return answer_text(cli, last);
    const struct json *spans = look(replica, arena_printf(&cli->arena, "timeline.%s", name));
    if (look_count(spans) == 0) return "";
    return look_text(look_item(spans, look_count(spans) - 1), "reason");
}

static void add_line(struct cli *cli, struct text *text, const struct timeline *timeline,
                     const struct json *replica, const char *name)
{
    const struct json *spans = look(replica, arena_printf(&cli->arena, "timeline.%s", name));
    bool of_replica = text_equal(name, lines[0]);
    if (look_count(spans) == 0) return;
    text_printf(text, "  %-10s ", name);
    timeline_draw(text, timeline, spans, NULL);
    text_add(text, "  ");
    if (of_replica)
        paint(text, STYLE_PLAIN, percent(cli, look(replica, "uptime.ratio")));
    else
        paint(text, STYLE_DIM, now_text(cli, replica, name));
    text_add_char(text, '\n');
}

static void add_replica(struct cli *cli, struct text *text, const struct timeline *timeline,
                        const struct json *replica)
{
    const char *state = look_text(replica, "state");
    const char *node = look_text(replica, "node");
    paint(text, STYLE_BOLD, look_text(replica, "id"));
    text_add(text, "  ");
    paint(text, paint_style_of(state), state);
    if (node != NULL) text_add(text, " on ");
    if (node != NULL) paint(text, STYLE_PLAIN, node);
    if (!view_replica_has_ended(replica) && !text_equal(look_text(replica, "presence"), "present"))
        paint(text, STYLE_BAD, "  its node is silent");
    text_add_char(text, '\n');
    for (size_t i = 0; i < LINES; i++)
        add_line(cli, text, timeline, replica, lines[i]);
}

static void add_head(struct cli *cli, struct text *text, const struct timeline *timeline,
                     const struct json *probes)
{
    paint(text, STYLE_BOLD, look_text(probes, "uptime.name"));
    text_printf(text, "  the last %s\n",
                age_duration(&cli->arena, timeline->until_ms - timeline->from_ms));
    text_add(text, "  available  ");
    timeline_draw(text, timeline, look(probes, "availability"), timeline_availability);
    text_printf(text, "  %s at least one, %s all\n",
                percent(cli, look(probes, "uptime.some_available")),
                percent(cli, look(probes, "uptime.all_available")));
}

/* Those that have not ended, then with --all those that have; returns how many are left out. */
static size_t order(struct cli *cli, const struct list *list, struct list *shown)
{
    *shown = (struct list){.items = ARENA_ARRAY(&cli->arena, const struct json *, list->count + 1)};
    for (size_t i = 0; i < list->count; i++)
        if (!view_replica_has_ended(list->items[i])) shown->items[shown->count++] = list->items[i];
    if (!cli->options.all) return list->count - shown->count;
    for (size_t i = 0; i < list->count; i++)
        if (view_replica_has_ended(list->items[i])) shown->items[shown->count++] = list->items[i];
    return 0;
}

static enum err_code print_probes(struct cli *cli, const struct json *probes,
                                  const struct list *replicas, struct err *err)
{
    struct text text;
    struct timeline timeline = {
        .from_ms = age_parse(look_text(probes, "window.from")),
        .until_ms = age_parse(look_text(probes, "window.until")),
        .columns = timeline_columns(cli->terminal.columns),
    };
    text_init(&text, &cli->arena);
    add_head(cli, &text, &timeline, probes);
    for (size_t i = 0; i < replicas->count; i++)
        add_replica(cli, &text, &timeline, replicas->items[i]);
    return terminal_print_cut(&cli->terminal, &text, err);
}

/* As the server gives it, in one piece. */
static enum err_code print_json(struct cli *cli, const char *path, const struct json *probes,
                                struct err *err)
{
    TRY(cli_print_json(cli, probes, err));
    if (look_text(probes, "next_cursor") != NULL)
        cli_say("these are the first " LIMIT_OF_JSON " replicas; GET %s&cursor=… has the others",
                path);
    return ERR_OK;
}

enum err_code verb_probes(struct cli *cli, struct err *err)
{
    struct client_reply reply;
    struct list list, shown;
    const char *path = cli_deployment_path(cli, cli_operand(cli, 0), "/probes");
    path = cli_query(cli, path, "window_seconds",
                     arena_printf(&cli->arena, "%" PRId64, cli->options.window_seconds));
    const char *most = cli->output == OUTPUT_JSON ? LIMIT_OF_JSON : "1";
    TRY(cli_get(cli, cli_query(cli, path, "limit", most), &reply, err));
    if (cli->output == OUTPUT_JSON) return print_json(cli, path, reply.json, err);
    TRY(cli_list(cli, path, 0, &list, err));
    size_t hidden = order(cli, &list, &shown);
    if (cli->output == OUTPUT_NAME) return cli_print_names(cli, &shown, "id", err);
    TRY(print_probes(cli, reply.json, &shown, err));
    filter_say_hidden((int64_t)hidden);
    return ERR_OK;
}
