#include "store/revisions.h"

#include "base/text.h"
#include "store/listing_run.h"
#include "store/replica_phases.h"
#include "store/writer.h"

#define COLUMNS                                                                                    \
    "number, version, template, template_hash, created_at, created_by, change_cause, source,"      \
    " copy_of, outcome, proven, pinned, tags"
#define SELECT "SELECT " COLUMNS " FROM revisions WHERE uid = ?"
#define NEWEST " ORDER BY number DESC LIMIT 1"

enum { TAGS_COMPARED = 1000 }; /* with one that nobody has, for the nearest */
enum { GET, GET_TAG, GET_HASH, TAGS, LIST, INSERT, UPDATE_OUTCOME, UPDATE_MARKS, PRUNE };

static const char *const sql[] = {
    [GET] = SELECT " AND number = ?",
    [GET_TAG] = SELECT " AND EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)" NEWEST,
    [GET_HASH] = SELECT " AND template_hash = ?" NEWEST,
    [TAGS] = "SELECT DISTINCT value FROM revisions, json_each(revisions.tags)"
             " WHERE uid = ? AND tags <> '[]' ORDER BY value LIMIT ?",
    [LIST] = SELECT " AND number < ? ORDER BY number DESC LIMIT ?",
    [INSERT] = "INSERT INTO revisions (" COLUMNS ", uid)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [UPDATE_OUTCOME] = "UPDATE revisions SET outcome = ?1, proven = max(proven, ?1 = 'stable')"
                       " WHERE uid = ?2 AND number = ?3",
    [UPDATE_MARKS] = "UPDATE revisions SET tags = ?, pinned = ?, change_cause = ?"
                     " WHERE uid = ? AND number = ?",
    [PRUNE] = "DELETE FROM revisions WHERE uid = ?1 AND number IN ("
              " SELECT number FROM revisions WHERE uid = ?1 AND pinned = 0 AND tags = '[]'"
              " AND number NOT IN (?3, ?4)"
              " AND number NOT IN (SELECT revision FROM revision_sets WHERE uid = ?1)"
              " AND number NOT IN (SELECT revision FROM replicas WHERE uid = ?1"
              " AND " REPLICA_NOT_FINAL ")"
              " ORDER BY number DESC LIMIT -1 OFFSET ?2)",
};
const struct statement_table revision_statements = STATEMENT_TABLE(sql);

static enum err_code read_revision(struct row *row, struct arena *arena, struct revision *revision,
                                   struct err *err)
{
    revision->number = row_int(row);
    revision->version = row_text(row, arena);
    revision->template_json = row_text(row, arena);
    revision->template_hash = row_text(row, arena);
    revision->created_at = row_int(row);
    revision->created_by = row_text(row, arena);
    revision->change_cause = row_text(row, arena);
    revision->source = row_word(row, revision_source_words);
    revision->copy_of = row_int(row);
    revision->outcome = row_word(row, revision_outcome_words);
    revision->proven = row_bool(row);
    revision->pinned = row_bool(row);
    TRY(row_parse_strings(arena, row_text(row, arena), &revision->tags, err));
    return row_check(row, err);
}

enum err_code revisions_get(struct store_db *db, struct arena *arena, const char *uid,
                            int64_t number, struct revision *revision, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_REVISIONS, GET);
    row_bind_text(&row, uid);
    row_bind_int(&row, number);
    bool found;
    TRY(row_next(&row, &found, err));
    if (found) return read_revision(&row, arena, revision, err);
    return err_set(err, ERR_NOT_FOUND, "no revision %lld", (long long)number);
}

static enum err_code get_by_text(struct store_db *db, struct arena *arena, int which,
                                 const char *uid, const char *text, struct revision *revision,
                                 bool *found, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_REVISIONS, which);
    row_bind_text(&row, uid);
    row_bind_text(&row, text);
    TRY(row_next(&row, found, err));
    return *found ? read_revision(&row, arena, revision, err) : ERR_OK;
}

enum err_code revisions_get_tag(struct store_db *db, struct arena *arena, const char *uid,
                                const char *tag, struct revision *revision, struct err *err)
{
    bool found;
    TRY(get_by_text(db, arena, GET_TAG, uid, tag, revision, &found, err));
    return found ? ERR_OK : err_set(err, ERR_NOT_FOUND, "no revision is tagged \"%s\"", tag);
}

enum err_code revisions_nearest_tag(struct store_db *db, struct arena *arena, const char *uid,
                                    const char *tag, const char **nearest, struct err *err)
{
    const char **tags = NULL;
    size_t count = 0;
    auto_row row = row_open(db, STATEMENTS_REVISIONS, TAGS);
    row_bind_text(&row, uid);
    row_bind_int(&row, TAGS_COMPARED);
    for (bool found;; count++) {
        TRY(row_next(&row, &found, err));
        if (!found) break;
        tags = row_array_grow(arena, tags, count, sizeof *tags);
        tags[count] = row_text(&row, arena);
    }
    *nearest = text_nearest(tag, tags, count);
    return ERR_OK;
}

enum err_code revisions_get_hash(struct store_db *db, struct arena *arena, const char *uid,
                                 const char *template_hash, struct revision *revision,
                                 struct err *err)
{
    bool found;
    TRY(get_by_text(db, arena, GET_HASH, uid, template_hash, revision, &found, err));
    return found ? ERR_OK
                 : err_set(err, ERR_NOT_FOUND, "no revision has the template %s", template_hash);
}

enum err_code revisions_list(struct store_db *db, struct arena *arena, const char *uid,
                             int64_t before, int64_t limit, struct revision **items, size_t *count,
                             struct err *err)
{
    struct revision *list = NULL;
    size_t length = 0;
    auto_row row = row_open(db, STATEMENTS_REVISIONS, LIST);
    row_bind_text(&row, uid);
    row_bind_int(&row, before > 0 ? before : INT64_MAX);
    row_bind_int(&row, limit);
    for (bool found;; length++) {
        TRY(row_next(&row, &found, err));
        if (!found) break;
        list = row_array_grow(arena, list, length, sizeof *list);
        TRY(read_revision(&row, arena, &list[length], err));
    }
    *items = list;
    *count = length;
    return ERR_OK;
}

static enum err_code read_item(struct row *row, struct arena *arena, void *item, struct err *err)
{
    return read_revision(row, arena, item, err);
}

enum err_code revisions_page(struct store_db *db, struct arena *arena, const char *uid,
                             const struct page *page, struct revision **items,
                             struct listed *listed, struct err *err)
{
    void *list;
    const struct listing_query query = {
        .listing = &revision_listing, .page = page, .uid = uid, .select = COLUMNS};
    TRY(listing_read(db, arena, &query, sizeof **items, read_item, &list, listed, err));
    *items = list;
    return ERR_OK;
}

enum err_code revisions_insert(struct store_tx *tx, const char *uid,
                               const struct revision *revision, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_REVISIONS, INSERT);
    row_bind_int(&row, revision->number);
    row_bind_text(&row, revision->version);
    row_bind_text(&row, revision->template_json);
    row_bind_text(&row, revision->template_hash);
    row_bind_int(&row, revision->created_at);
    row_bind_text(&row, revision->created_by);
    row_bind_text(&row, revision->change_cause);
    row_bind_word(&row, revision_source_words, revision->source);
    row_bind_int(&row, revision->copy_of);
    row_bind_word(&row, revision_outcome_words, revision->outcome);
    row_bind_bool(&row, revision->proven);
    row_bind_bool(&row, revision->pinned);
    row_bind_text(&row, row_json_strings(tx_arena(tx), &revision->tags));
    row_bind_text(&row, uid);
    return row_run(&row, err);
}

enum err_code revisions_set_outcome(struct store_tx *tx, const char *uid, int64_t number,
                                    enum revision_outcome outcome, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_REVISIONS, UPDATE_OUTCOME);
    row_bind_word(&row, revision_outcome_words, (int)outcome);
    row_bind_text(&row, uid);
    row_bind_int(&row, number);
    TRY(row_run(&row, err));
    if (row_changes(&row) == 1) return ERR_OK;
    return err_set(err, ERR_NOT_FOUND, "no revision %lld", (long long)number);
}

enum err_code revisions_mark(struct store_tx *tx, const char *uid, const struct revision *revision,
                             struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_REVISIONS, UPDATE_MARKS);
    row_bind_text(&row, row_json_strings(tx_arena(tx), &revision->tags));
    row_bind_bool(&row, revision->pinned);
    row_bind_text(&row, revision->change_cause);
    row_bind_text(&row, uid);
    row_bind_int(&row, revision->number);
    TRY(row_run(&row, err));
    if (row_changes(&row) == 1) return ERR_OK;
    return err_set(err, ERR_NOT_FOUND, "no revision %lld", (long long)revision->number);
}

enum err_code revisions_prune(struct store_tx *tx, const char *uid, int64_t limit, int64_t current,
                              int64_t stable, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_REVISIONS, PRUNE);
    row_bind_text(&row, uid);
    row_bind_int(&row, limit);
    row_bind_int(&row, current);
    row_bind_int(&row, stable);
    return row_run(&row, err);
}
