#include "cli/documents.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/verbs.h"

static enum err_code member_text(const struct document *document, const struct json *root,
                                 const char *key, const char **value, struct err *err)
{
    const struct json *member = json_member(root, key);
    if (member == NULL) return ERR_OK;
    if (member->type != JSON_STRING)
        return err_set(err, ERR_INVALID, "%s: \"%s\" must be a string, not %s", document->source,
                       key, json_type_name(member->type));
    *value = member->string;
    return ERR_OK;
}

static enum err_code read_document(struct cli *cli, const char *path, struct document *document,
                                   struct err *err)
{
    struct json *root;
    *document = (struct document){
        .source = text_equal(path, "-") ? "standard input" : path,
        .path = path,
    };
    TRY(read_file(&cli->arena, path, LIMIT_BODY_BYTES, &document->content, err));
    if (json_parse(&cli->arena, document->content.bytes, document->content.count, &root, err) !=
        ERR_OK)
        return err_wrap(err, "%s: not JSON", document->source);
    if (root->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID, "%s: must be one deployment document, an object",
                       document->source);
    TRY(member_text(document, root, "name", &document->name, err));
    TRY(member_text(document, root, "cluster", &document->cluster, err));
    if (document->name == NULL || document->name[0] == '\0')
        return err_set(err, ERR_INVALID, "%s: has no \"name\"", document->source);
    if (cli->settings.cluster != NULL) document->cluster = cli->settings.cluster;
    return ERR_OK;
}

/* What is given twice is a slip: the first would be undone at once by the second. */
static enum err_code refuse_twins(const struct documents *documents, struct err *err)
{
    for (size_t i = 1; i < documents->count; i++) {
        const struct document *late = &documents->items[i];
        for (size_t j = 0; j < i; j++) {
            const struct document *early = &documents->items[j];
            if (text_equal(early->name, late->name) && text_equal(early->cluster, late->cluster))
                return err_set(err, ERR_INVALID, "%s and %s are both of deployment %s",
                               early->source, late->source, late->name);
        }
    }
    return ERR_OK;
}

static enum err_code refuse_second_input(const struct operands *files, struct err *err)
{
    size_t inputs = 0;
    for (size_t i = 0; i < files->count; i++)
        inputs += text_equal(files->items[i], "-") ? 1 : 0;
    if (inputs < 2) return ERR_OK;
    return err_set(err, ERR_USAGE, "standard input (-f -) is given twice; it has one document");
}

enum err_code documents_read(struct cli *cli, struct documents *documents, struct err *err)
{
    const struct operands *files = &cli->options.files;
    if (files->count == 0)
        return err_set(err, ERR_USAGE, "usage: dogshore %s -f FILE (- is standard input)",
                       cli->verb->words);
    TRY(refuse_second_input(files, err));
    documents->items = ARENA_ARRAY(&cli->arena, struct document, files->count);
    documents->count = files->count;
    for (size_t i = 0; i < files->count; i++)
        TRY(read_document(cli, files->items[i], &documents->items[i], err));
    return refuse_twins(documents, err);
}

void documents_turn_to(struct cli *cli, const struct document *document)
{
    cli->settings.cluster = document->cluster;
    cli->sending = document->path;
}
