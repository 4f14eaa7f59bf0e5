/* problem.c: RFC 9457 problem documents as errors of one line. */
#include "base/json.h"
#include "client/call.h"

/* "; #/spec/replicas: must be …" */
static void add_field(struct text *text, const struct json *field)
{
    const char *pointer = json_member_text(field, "pointer"),
               *detail = json_member_text(field, "detail");
    if (*pointer == '\0' && *detail == '\0') return;
    text_add(text, "; ");
    text_add(text, pointer);
    if (*pointer != '\0' && *detail != '\0') text_add(text, ": ");
    text_add(text, detail);
}

/* What a server says is shown in terminals and logs. */
static void set_detail(struct err *err, struct arena *arena, enum err_code code,
                       const struct text *text)
{
    char *line = text_sanitise(arena, text->bytes, text->length, ERR_DETAIL_BYTES - 1);
    for (char *c = line; *c != '\0'; c++)
        if (*c == '\n' || *c == '\t') *c = ' ';
    err_set(err, code, "%s", line);
}

void client_read_problem(struct client_reply *reply, struct arena *arena)
{
    const char *title = json_member_text(reply->json, "title"),
               *detail = json_member_text(reply->json, "detail");
    const char *slug = json_member_text(reply->json, "code");
    const struct json *fields = json_member(reply->json, "errors");
    reply->problem_code = *slug != '\0' ? slug : NULL;
    struct text text;
    text_init(&text, arena);
    if (*title != '\0')
        text_add(&text, title);
    else
        text_printf(&text, "HTTP %d", reply->status);
    if (*detail != '\0') text_add(&text, ": ");
    text_add(&text, detail);
    if (fields != NULL && fields->type == JSON_ARRAY)
        for (size_t i = 0; i < fields->count; i++)
            add_field(&text, &fields->children[i]);
    set_detail(&reply->error, arena, err_of_slug(reply->problem_code, reply->status), &text);
}
