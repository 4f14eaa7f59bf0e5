/* listing_sql.h: a list's conditions as SQL text with bound values (private to store/).
 *
 * Only literals of this program and of struct listing get into the text. Values are borrowed until
 * the statement is reset. */
#ifndef DOGSHORE_STORE_LISTING_SQL_H
#define DOGSHORE_STORE_LISTING_SQL_H

#include "base/text.h"
#include "store/listing_private.h"

struct listing_bind {
    const char *text; /* NULL: a number */
    int64_t number;
};

struct listing_sql {
    struct arena *arena;
    const struct listing *listing;
    struct text text;
    struct listing_bind *binds;
    size_t bind_count;
    bool has_where;
};

void listing_sql_init(struct listing_sql *sql, struct arena *arena, const struct listing *listing);
void listing_sql_add(struct listing_sql *sql, const char *text);
/* "?", bound to this. */
void listing_sql_text(struct listing_sql *sql, const char *value);
void listing_sql_number(struct listing_sql *sql, int64_t value);
/* " WHERE " or " AND ". */
void listing_sql_where(struct listing_sql *sql);

/* Whether an index may serve a condition, or it only narrows what another one finds: a unary plus
 * keeps SQLite from using an index for it. */
enum listing_use { LISTING_NARROWS, LISTING_DRIVES };
void listing_sql_filter(struct listing_sql *sql, const struct filter *filter, enum listing_use use);
void listing_sql_search(struct listing_sql *sql, const char *search);

void listing_sql_bind(const struct listing_sql *sql, struct row *row);

#endif
