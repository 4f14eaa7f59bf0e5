/* revision.c: one revision: what it is, its tags, its pin, its cause. */
#include "base/json.h"
#include "base/text.h"
#include "cli/age.h"
#include "cli/cli.h"
#include "cli/diff_view.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/verbs.h"
#include "cli/view.h"

enum { TAGS_MOST = 64 };

struct tags {
    const char *items[TAGS_MOST];
    size_t count;
};

static size_t find_tag(const struct tags *tags, const char *tag)
{
    size_t at = 0;
    while (at < tags->count && !text_equal(tags->items[at], tag))
        at++;
    return at;
}

static enum err_code add_tag(struct tags *tags, const char *tag, struct err *err)
{
    if (find_tag(tags, tag) < tags->count) return ERR_OK;
    if (tags->count == TAGS_MOST) return err_set(err, ERR_USAGE, "these are too many tags");
    tags->items[tags->count++] = tag;
    return ERR_OK;
}

static enum err_code remove_tag(struct tags *tags, const char *tag, int64_t revision,
                                struct err *err)
{
    size_t at = find_tag(tags, tag);
    if (at == tags->count)
        return err_set(err, ERR_NOT_FOUND, "revision %lld has no tag '%.63s'", (long long)revision,
                       tag);
    tags->count--;
    memmove(&tags->items[at], &tags->items[at + 1], (tags->count - at) * sizeof *tags->items);
    return ERR_OK;
}

/* Those of the revision, with what --untag and --tag say; both are lists with commas. */
static enum err_code new_tags(struct cli *cli, const struct json *revision, struct tags *tags,
                              struct err *err)
{
    const struct json *old = look(revision, "tags");
    for (size_t i = 0; i < look_count(old); i++)
        if (look_item(old, i)->type == JSON_STRING)
            TRY(add_tag(tags, look_item(old, i)->string, err));
    char *rest = cli->options.untag == NULL ? NULL : arena_strdup(&cli->arena, cli->options.untag);
    while (rest != NULL)
        TRY(remove_tag(tags, strsep(&rest, ","), look_int(revision, "number", 0), err));
    rest = cli->options.tag == NULL ? NULL : arena_strdup(&cli->arena, cli->options.tag);
    while (rest != NULL)
        TRY(add_tag(tags, strsep(&rest, ","), err));
    return ERR_OK;
}

static enum err_code body_of(struct cli *cli, const struct json *revision, const char **body,
                             struct err *err)
{
    struct tags tags = {.count = 0};
    struct text text;
    struct json_writer writer;
    TRY(new_tags(cli, revision, &tags, err));
    text_init(&text, &cli->arena);
    json_writer_init(&writer, &text);
    json_object_begin(&writer);
    if (cli->options.tag != NULL || cli->options.untag != NULL) {
        json_key(&writer, "tags");
        json_array_begin(&writer);
        for (size_t i = 0; i < tags.count; i++)
            json_string(&writer, tags.items[i]);
        json_array_end(&writer);
    }
    if (cli->options.pin || cli->options.unpin) json_put_bool(&writer, "pinned", cli->options.pin);
    if (cli->options.change_cause != NULL)
        json_put_string(&writer, "change_cause", cli->options.change_cause);
    json_object_end(&writer);
    *body = text_string(&text);
    return ERR_OK;
}

static void add_fact(struct text *text, const char *label, const char *value)
{
    if (value == NULL || value[0] == '\0') return;
    text_printf(text, "  %-9s ", label);
    paint(text, STYLE_PLAIN, value);
    text_add_char(text, '\n');
}

static const char *tags_text(struct arena *arena, const struct json *revision)
{
    const struct json *tags = look(revision, "tags");
    struct text text;
    text_init(&text, arena);
    for (size_t i = 0; i < look_count(tags); i++)
        text_printf(&text, "%s%s", i > 0 ? ", " : "", look_item(tags, i)->string);
    return text_string(&text);
}

static void add_revision(struct text *text, struct arena *arena, const char *name,
                         const struct json *revision)
{
    const char *outcome = look_text(revision, "outcome");
    paint(text, STYLE_BOLD, name);
    text_printf(text, "  revision %lld  ", (long long)look_int(revision, "number", 0));
    paint(text, STYLE_BOLD, look_text(revision, "version"));
    text_add(text, "  ");
    paint(text, paint_style_of(outcome), outcome);
    bool was_stable = look_bool(revision, "proven") && !text_equal(outcome, "stable");
    if (was_stable) text_add(text, "  proven");
    if (look_bool(revision, "pinned")) text_add(text, "  pinned");
    text_add_char(text, '\n');
    add_fact(text, "tags", tags_text(arena, revision));
    add_fact(text, "cause", look_text(revision, "change_cause"));
    add_fact(text, "source", view_source(arena, revision));
    add_fact(text, "created", age_date(arena, look_text(revision, "created_at")));
    add_fact(text, "by", look_text(revision, "created_by"));
}

static enum err_code print_revision(struct cli *cli, const struct json *revision,
                                    bool with_template, struct err *err)
{
    const struct json *template = look(revision, "template");
    const char *number =
        arena_printf(&cli->arena, "%lld", (long long)look_int(revision, "number", 0));
    struct text text;
    text_init(&text, &cli->arena);
    add_revision(&text, &cli->arena, cli_operand(cli, 0), revision);
    if (with_template && template != NULL) diff_draw_fields(&text, &cli->arena, template);
    return cli_print_done(cli, revision, number, &text, err);
}

enum err_code verb_revision(struct cli *cli, struct err *err)
{
    const char *name = cli_operand(cli, 0), *which = cli_operand(cli, 1);
    const struct cli_options *options = &cli->options;
    struct client_reply reply;
    if (options->pin && options->unpin)
        return err_set(err, ERR_USAGE, "--pin and --unpin are given; one will do");
    bool changes = options->tag != NULL || options->untag != NULL || options->pin ||
                   options->unpin || options->change_cause != NULL;
    const char *facet = client_path(&cli->arena, "/revisions/%s", which);
    TRY(cli_get(cli, cli_deployment_path(cli, name, facet), &reply, err));
    if (!changes) return print_revision(cli, reply.json, true, err);
    /* By its number from here on: a tag that is taken away names nothing any more. */
    facet =
        arena_printf(&cli->arena, "/revisions/%lld", (long long)look_int(reply.json, "number", 0));
    struct client_request request = {
        .method = "PATCH",
        .path = cli_deployment_path(cli, name, facet),
        .content_type = "application/merge-patch+json",
    };
    TRY(body_of(cli, reply.json, &request.body, err));
    TRY(cli_call(cli, &request, &reply, err));
    return print_revision(cli, reply.json, false, err);
}
