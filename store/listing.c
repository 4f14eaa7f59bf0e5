/* One page of a list: the choice of what drives it, its rows, and the position of the last one. */
#include "store/listing.h"

#include "base/arena.h"
#include "store/listing_compose.h"
#include "store/listing_run.h"

/* A budget is counted in steps of SQLite's virtual machine, so that it is the same on every
 * machine. */
enum { BUDGET_STEPS = 5 * 1000 * 1000, BUDGET_LOOK_STEPS = 10000, DRIVERS_CONSIDERED = 8 };

struct listing_run {
    struct store_db *db;
    struct arena *arena;
    struct listing_query query;
    struct listing_conditions conditions;
    struct listing_driver driver;
    struct row row;
    size_t count; /* rows found */
    bool more;
    struct position last;
    bool last_is_text[POSITION_PARTS_MAX];
    int64_t steps_left;
};

const struct filter_fields *listing_fields(const struct listing *listing)
{
    return listing->fields;
}

int listing_state_field(const struct listing *listing)
{
    return listing->state != NULL ? filter_field_find(listing->fields, listing->state) : -1;
}

bool listing_has_position(const struct listing *listing, int sort, const struct position *position)
{
    struct listing_order order = listing_order_of(listing, sort);
    if (position->count != order.count) return false;
    for (size_t i = 0; i < order.count; i++)
        if ((position->parts[i].text != NULL) != order.parts[i].is_text) return false;
    return true;
}

/* ---- the budget ---- */

static int on_steps(void *self)
{
    struct listing_run *run = self;
    run->steps_left -= BUDGET_LOOK_STEPS;
    run->db->over_budget = run->steps_left <= 0;
    return run->db->over_budget ? 1 : 0;
}

static void budget_begin(struct listing_run *run)
{
    run->steps_left = BUDGET_STEPS;
    sqlite3_progress_handler(run->db->handle, BUDGET_LOOK_STEPS, on_steps, run);
}

static void budget_end(struct listing_run *run)
{
    sqlite3_progress_handler(run->db->handle, 0, NULL, NULL);
    run->db->over_budget = false;
}

/* ---- what drives ---- */

static enum err_code open_row(struct store_db *db, struct listing_sql *sql, struct row *row,
                              struct err *err)
{
    TRY(statement_cache_get(db, text_string(&sql->text), &row->statement, err));
    row->db = db;
    listing_sql_bind(sql, row);
    return ERR_OK;
}

static enum err_code one_number(struct store_db *db, struct listing_sql *sql, int64_t *number,
                                struct err *err)
{
    auto_row row = {.db = NULL};
    TRY(open_row(db, sql, &row, err));
    return row_number(&row, number, err);
}

static enum err_code consider(struct listing_run *run, struct listing_driver candidate,
                              int64_t *fewest, struct err *err)
{
    int64_t count;
    struct listing_sql sql;
    listing_sql_init(&sql, run->arena, run->query.listing);
    listing_compose_driven(&sql, &run->query, &candidate, *fewest);
    TRY(one_number(run->db, &sql, &count, err));
    if (count >= *fewest) return ERR_OK;
    *fewest = count;
    run->driver = candidate;
    return ERR_OK;
}

/* What belongs to one deployment is found by its uid, whatever else is asked. */
static enum err_code choose_driver(struct listing_run *run, struct err *err)
{
    const struct listing_query *query = &run->query;
    int64_t fewest = LISTING_FEW + 1;
    int considered = 0;
    if (query->uid != NULL) return ERR_OK;
    for (size_t i = 0; i < run->conditions.count && considered < DRIVERS_CONSIDERED; i++) {
        const struct filter *filter = run->conditions.items[i];
        enum listing_driver_kind kind = listing_driver_kind_of(query->listing, filter);
        if (kind == LISTING_WALK) continue;
        TRY(consider(run, (struct listing_driver){kind, filter}, &fewest, err));
        considered++;
    }
    bool in_order = query->listing->cluster_ordered && query->page->sort == SORT_OWN;
    if (query->cluster == NULL || query->listing->cluster == NULL || in_order) return ERR_OK;
    return consider(run, (struct listing_driver){.kind = LISTING_BY_CLUSTER}, &fewest, err);
}

/* ---- rows ---- */

static enum err_code open_run(struct listing_run *run, struct store_db *db, struct arena *arena,
                              const struct listing_query *query, struct err *err)
{
    struct listing_sql sql;
    *run = (struct listing_run){.db = db, .arena = arena, .query = *query};
    budget_begin(run);
    listing_conditions_of(&run->conditions, query->page->filter);
    TRY(choose_driver(run, err));
    listing_sql_init(&sql, arena, query->listing);
    listing_compose_page(&sql, query, &run->conditions, &run->driver);
    TRY(open_row(db, &sql, &run->row, err));
    struct listing_order order = listing_order_of(query->listing, query->page->sort);
    run->last.count = order.count;
    for (size_t i = 0; i < order.count; i++)
        run->last_is_text[i] = order.parts[i].is_text;
    return ERR_OK;
}

/* The position's columns are the last ones of the row. */
static void read_position(struct listing_run *run)
{
    run->row.position = sqlite3_column_count(run->row.statement) - (int)run->last.count;
    for (size_t i = 0; i < run->last.count; i++) {
        struct position_part *part = &run->last.parts[i];
        if (run->last_is_text[i])
            part->text = row_text(&run->row, run->arena);
        else
            part->number = row_int(&run->row);
    }
}

/* False behind the last row of the page. One row more than the page has tells whether there is
 * another page. */
static enum err_code next_row(struct listing_run *run, bool *found, struct err *err)
{
    bool full = run->count == (size_t)run->query.page->limit;
    if (full && run->count > 0) read_position(run);
    TRY(row_next(&run->row, found, err));
    if (*found && !full) {
        run->count++;
        return ERR_OK;
    }
    run->more = *found;
    *found = false;
    return ERR_OK;
}

static enum err_code end_run(struct listing_run *run, struct listed *listed, struct err *err)
{
    struct listing_sql sql;
    *listed = (struct listed){.count = run->count, .more = run->more, .total = -1};
    if (run->more) listed->last = run->last;
    if (!run->query.page->count) return ERR_OK;
    listing_sql_init(&sql, run->arena, run->query.listing);
    listing_compose_count(&sql, &run->query, &run->conditions, &run->driver);
    return one_number(run->db, &sql, &listed->total, err);
}

static void close_run(struct listing_run *run)
{
    if (run->db == NULL) return;
    row_close(&run->row);
    budget_end(run);
}

enum err_code listing_read(struct store_db *db, struct arena *arena,
                           const struct listing_query *query, size_t item_bytes,
                           listing_reader *read, void **items, struct listed *listed,
                           struct err *err)
{
    __attribute__((cleanup(close_run))) struct listing_run run = {.db = NULL};
    char *list = NULL;
    TRY(open_run(&run, db, arena, query, err));
    for (bool found;;) {
        TRY(next_row(&run, &found, err));
        if (!found) break;
        list = row_array_grow(arena, list, run.count - 1, item_bytes);
        char *item = memset(list + (run.count - 1) * item_bytes, 0, item_bytes);
        TRY(read(&run.row, arena, item, err));
    }
    *items = list;
    return end_run(&run, listed, err);
}
