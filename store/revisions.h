/* revisions.h: tables revisions and revision_sets. */
#ifndef DOGSHORE_STORE_REVISIONS_H
#define DOGSHORE_STORE_REVISIONS_H

#include "base/err.h"
#include "model/revision.h"
#include "store/listing.h"

struct arena;
struct store_db;
struct store_tx;

enum err_code revisions_get(struct store_db *db, struct arena *arena, const char *uid,
                            int64_t number, struct revision *revision, struct err *err);
enum err_code revisions_get_tag(struct store_db *db, struct arena *arena, const char *uid,
                                const char *tag, struct revision *revision, struct err *err);
/* The deployment's tag that is nearest to one that it does not have; NULL when none is near. */
enum err_code revisions_nearest_tag(struct store_db *db, struct arena *arena, const char *uid,
                                    const char *tag, const char **nearest, struct err *err);
/* Newest first, numbers below `before` (0 = from the newest). */
enum err_code revisions_list(struct store_db *db, struct arena *arena, const char *uid,
                             int64_t before, int64_t limit, struct revision **items, size_t *count,
                             struct err *err);
/* A page of a deployment's. Its own order is newest first. */
enum err_code revisions_page(struct store_db *db, struct arena *arena, const char *uid,
                             const struct page *page, struct revision **items,
                             struct listed *listed, struct err *err);
/* The newest revision of that template: its template_json is what agents get. */
enum err_code revisions_get_hash(struct store_db *db, struct arena *arena, const char *uid,
                                 const char *template_hash, struct revision *revision,
                                 struct err *err);
enum err_code revisions_insert(struct store_tx *tx, const char *uid,
                               const struct revision *revision, struct err *err);
/* One that becomes stable is proven from then on. */
enum err_code revisions_set_outcome(struct store_tx *tx, const char *uid, int64_t number,
                                    enum revision_outcome outcome, struct err *err);
/* Tags, pinned and change_cause alone. */
enum err_code revisions_mark(struct store_tx *tx, const char *uid, const struct revision *revision,
                             struct err *err);
/* Keeps `limit` newest besides pinned, tagged, stable (status.stable_revision), current and those
 * that a set or a running replica still uses. */
enum err_code revisions_prune(struct store_tx *tx, const char *uid, int64_t limit, int64_t current,
                              int64_t stable, struct err *err);

enum err_code revision_sets_list(struct store_db *db, struct arena *arena, const char *uid,
                                 struct revision_set **items, size_t *count, struct err *err);
/* Insert or replace by (uid, template_hash). */
enum err_code revision_sets_put(struct store_tx *tx, const char *uid,
                                const struct revision_set *set, struct err *err);
enum err_code revision_sets_delete(struct store_tx *tx, const char *uid, const char *template_hash,
                                   struct err *err);

#endif
