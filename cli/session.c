#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/escape.h"
#include "cli/look.h"
#include "cli/way_out.h"

#include <signal.h>
#include <stdarg.h>

enum { RETRY_FOR_MS = 3000, PAGE_ITEMS = 100 };

const char *cli_operand(const struct cli *cli, size_t position)
{
    return position < cli->operands_count ? cli->operands[position] : NULL;
}

static void on_interrupt(struct loop_signal *signal)
{
    struct cli *cli = CONTAINER_OF(signal, struct cli, interrupt);
    cli->interrupted = true;
    loop_stop(cli->loop);
}

static void on_terminate(struct loop_signal *signal)
{
    struct cli *cli = CONTAINER_OF(signal, struct cli, terminate);
    cli->interrupted = true;
    loop_stop(cli->loop);
}

enum err_code cli_connect(struct cli *cli, struct err *err)
{
    if (cli->client != NULL) return ERR_OK;
    struct client_settings settings = {
        .server = cli->settings.server,
        .token = cli->settings.token,
        .ca_file = cli->settings.ca_file,
        .user_agent = "dogshore/" DOGSHORE_VERSION,
    };
    TRY(loop_open(&cli->loop, &cli->clock, err));
    cli->interrupt.arrived = on_interrupt;
    cli->terminate.arrived = on_terminate;
    TRY(loop_signal_add(cli->loop, &cli->interrupt, SIGINT, err));
    TRY(loop_signal_add(cli->loop, &cli->terminate, SIGTERM, err));
    return client_open(&cli->client, cli->loop, &settings, err);
}

void cli_close(struct cli *cli)
{
    if (cli->client != NULL) client_close(cli->client);
    if (cli->loop != NULL) loop_close(cli->loop);
    cli->client = NULL;
    cli->loop = NULL;
    arena_release(&cli->arena);
}

static enum err_code no_token(struct cli *cli, struct err *err)
{
    cli->problem = NULL;
    return err_set(err, ERR_UNAUTHORIZED,
                   "%s wants a token and none is given: set DOGSHORE_TOKEN, give --token-file "
                   "FILE, or write 'token_file = FILE' into ~/.config/dogshore/config (the "
                   "server's first one is admin.token in its data directory)",
                   cli->settings.server);
}

/* What the sentence of the transport does not say: what to look at next. */
static enum err_code no_answer(struct err *err)
{
    char detail[ERR_DETAIL_BYTES];
    snprintf(detail, sizeof detail, "%.600s", err->detail);
    return err_set(err, ERR_UNAVAILABLE,
                   "%s; is a server running there? --server or DOGSHORE_SERVER names another one",
                   detail);
}

/* "4" is a generation: what is named by it is read first, for the rest of its tag. */
enum err_code cli_condition(struct cli *cli, const char *name, struct client_request *request,
                            struct err *err)
{
    const char *asked = cli->options.if_match;
    struct client_reply reply;
    int64_t generation;
    if (asked == NULL) return ERR_OK;
    request->if_match = asked;
    if (*asked != '"' && !text_equal(asked, "*"))
        request->if_match = arena_printf(&cli->arena, "\"%s\"", asked);
    if (!text_to_int64(asked, 1, INT64_MAX, &generation)) return ERR_OK;
    TRY(cli_get(cli, cli_deployment_path(cli, name, "/status"), &reply, err));
    size_t incarnation = reply.etag == NULL ? 0 : strcspn(reply.etag, ".");
    request->if_match = arena_printf(&cli->arena, "%.*s.%lld\"", (int)incarnation,
                                     incarnation == 0 ? "" : reply.etag, (long long)generation);
    return ERR_OK;
}

enum err_code cli_call(struct cli *cli, const struct client_request *request,
                       struct client_reply *reply, struct err *err)
{
    struct client_request retried = *request;
    cli->problem = NULL;
    TRY(cli_connect(cli, err));
    if (retried.retry_for_ms == 0) retried.retry_for_ms = RETRY_FOR_MS;
    if (cli->options.dry_run && request->method != NULL)
        retried.path = cli_query(cli, request->path, "dry_run", "true");
    *reply = (struct client_reply){.index = -1};
    enum err_code code = client_do(cli->client, &retried, &cli->arena, reply, err);
    if (cli->interrupted) return err_set(err, ERR_CANCELLED, "interrupted");
    if (code == ERR_OK) return ERR_OK;
    if (reply->problem_code != NULL) cli->problem = reply->json;
    if (code == ERR_UNAUTHORIZED && cli->settings.token == NULL) return no_token(cli, err);
    return reply->status == 0 ? no_answer(err) : code;
}

enum err_code cli_get(struct cli *cli, const char *path, struct client_reply *reply,
                      struct err *err)
{
    struct client_request request = {.path = path};
    TRY(cli_call(cli, &request, reply, err));
    if (reply->json != NULL) return ERR_OK;
    return err_set(err, ERR_UNAVAILABLE, "%s answered %s with something that is no JSON",
                   cli->settings.server, path);
}

const char *cli_query(struct cli *cli, const char *path, const char *key, const char *value)
{
    return arena_printf(&cli->arena, "%s%c%s=%s", path, strchr(path, '?') == NULL ? '?' : '&', key,
                        client_path(&cli->arena, "%s", value));
}

const char *cli_clustered(struct cli *cli, const char *path)
{
    const char *cluster = cli->settings.cluster;
    return cluster == NULL ? path : cli_query(cli, path, "cluster", cluster);
}

const char *cli_deployment_path(struct cli *cli, const char *name, const char *facet)
{
    const char *path = client_path(&cli->arena, "/v1/deployments/%s", name);
    return cli_clustered(cli, arena_printf(&cli->arena, "%s%s", path, facet));
}

const char *cli_cluster_flag(struct cli *cli)
{
    const char *cluster = cli->settings.cluster;
    return cluster == NULL ? "" : arena_printf(&cli->arena, " --cluster %s", cluster);
}

static void append_items(struct cli *cli, struct list *list, const struct json *page, size_t most)
{
    size_t count = look_count(page);
    if (most > 0 && count > most - list->count) count = most - list->count;
    const struct json **items =
        ARENA_ARRAY(&cli->arena, const struct json *, list->count + count + 1);
    if (list->count > 0) memcpy(items, list->items, list->count * sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[list->count + i] = look_item(page, i);
    list->items = items;
    list->count += count;
}

enum err_code cli_list(struct cli *cli, const char *path, size_t most, struct list *list,
                       struct err *err)
{
    const char *cursor = NULL;
    *list = (struct list){.index = -1};
    do {
        size_t wanted =
            most > 0 && most - list->count < PAGE_ITEMS ? most - list->count : (size_t)PAGE_ITEMS;
        struct client_reply page;
        const char *limit = arena_printf(&cli->arena, "%zu", wanted);
        const char *page_path = cli_query(cli, path, "limit", limit);
        if (cursor != NULL) page_path = cli_query(cli, page_path, "cursor", cursor);
        TRY(cli_get(cli, page_path, &page, err));
        append_items(cli, list, page.json, most);
        if (list->index < 0) list->index = page.index;
        cursor = look_text(page.json, "next_cursor");
    } while (cursor != NULL && (most == 0 || list->count < most));
    if (list->count == 0) way_out_check_cluster(cli);
    return ERR_OK;
}

int64_t cli_now_ms(const struct cli *cli)
{
    return clock_wall_ms(&cli->clock);
}

int64_t cli_timeout_ms(const struct cli *cli)
{
    return cli->options.timeout_seconds * SECOND_MS;
}

void cli_say(const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    struct text text;
    text_init(&text, NULL);
    escape_string(&text, line);
    fprintf(stderr, "dogshore: %s\n", text_string(&text));
    text_release(&text);
}
