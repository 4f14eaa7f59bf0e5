#include "cli/view.h"

#include "base/arena.h"
#include "base/text.h"
#include "cli/age.h"
#include "cli/bar.h"
#include "cli/goal.h"
#include "cli/look.h"
#include "cli/table.h"
#include "model/replica.h"

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

void view_line(struct text *text, const struct json *status)
{
    const char *state = look_text(status, "state");
    const char *version = look_text(status, "version");
    const char *message = look_text(status, "message");
    const char *rollout = look_text(status, "rollout.state");
    paint(text, STYLE_BOLD, look_text(status, "name"));
    text_add_char(text, ' ');
    paint(text, paint_style_of(state), state);
    if (!is_empty(version)) {
        text_add_char(text, ' ');
        paint(text, STYLE_PLAIN, version);
    }
    int64_t desired = look_int(status, "desired", 0);
    text_printf(text, ": available %lld/%lld, updated %lld/%lld, replicas %lld",
                (long long)look_int(status, "available", 0), (long long)desired,
                (long long)look_int(status, "updated", 0), (long long)desired,
                (long long)look_int(status, "total", 0));
    if (rollout != NULL) {
        text_printf(text, "; rollout %lld ", (long long)look_int(status, "rollout.id", 0));
        paint(text, paint_style_of(rollout), rollout);
    }
    if (!is_empty(message)) {
        /* While a rollout goes on the message tells of it; afterwards of the deployment alone. */
        text_add(text, goal_rollout_has_ended(rollout) ? "; " : ": ");
        paint(text, STYLE_PLAIN, message);
    }
    text_add_char(text, '\n');
}

const char *view_address(struct arena *arena, const struct json *replica)
{
    const char *address = look_text(replica, "address");
    const struct json *ports = look(replica, "ports");
    if (address == NULL || ports == NULL || ports->type != JSON_OBJECT) return address;
    if (ports->count == 0) return address;
    struct text text;
    text_init(&text, arena);
    if (ports->count == 1) {
        text_add_authority(&text, address, ports->children[0].integer);
        return text_string(&text);
    }
    text_add(&text, address);
    for (size_t i = 0; i < ports->count; i++)
        text_printf(&text, " %s:%lld", ports->children[i].key,
                    (long long)ports->children[i].integer);
    return text_string(&text);
}

/* A retry, a resume and a start all roll one out again: which of them it was is its cause. */
const char *view_source(struct arena *arena, const struct json *revision)
{
    const char *source = look_text(revision, "source");
    int64_t copy_of = look_int(revision, "copy_of", 0);
    if (source == NULL || copy_of == 0) return source;
    if (text_equal(source, "retry")) source = "copy";
    return arena_printf(arena, "%s of %lld", source, (long long)copy_of);
}

bool view_replica_has_ended(const struct json *replica)
{
    const char *state = look_text(replica, "state");
    for (int i = 0; replica_phase_words[i] != NULL; i++)
        if (text_equal(state, replica_phase_words[i])) return replica_phase_final(i);
    return false;
}

static bool is_probed(const struct json *replica)
{
    const char *state = look_text(replica, "state");
    return text_equal(state, "starting") || text_equal(state, "running");
}

const char *view_replica_state(const struct json *replica)
{
    const char *presence = look_text(replica, "presence");
    const char *state = look_text(replica, "state");
    if (view_replica_has_ended(replica)) return state;
    if (presence != NULL && !text_equal(presence, "present")) return presence;
    bool told_to_stop = text_equal(look_text(replica, "wanted"), "stop");
    return told_to_stop && text_equal(state, "running") ? "draining" : state;
}

const char *view_replica_reason(const struct json *replica)
{
    const char *reason = look_text(replica, "reason");
    if (!is_empty(reason)) return reason;
    /* One that stops is probed no more, and what it answered before is not why. */
    if (look_bool(replica, "ready") || !is_probed(replica)) return NULL;
    return look_text(replica, "readiness.reason");
}

bool view_replica_ready(const struct json *replica)
{
    const char *presence = look_text(replica, "presence");
    return look_bool(replica, "ready") && (presence == NULL || text_equal(presence, "present"));
}

static bool is_shown(const struct view *view, const struct json *replica)
{
    if (!view_replica_has_ended(replica)) return true;
    if (text_equal(look_text(replica, "state"), "stopped")) return false;
    /* A failed one that is to be replaced, or that a rollout is failing for; afterwards what an
     * earlier revision left is history. */
    bool to_run = text_equal(look_text(replica, "wanted"), "run");
    int64_t revision = look_int(replica, "revision", 0);
    if (view->rollout == NULL || goal_rollout_has_ended(look_text(view->rollout, "state")))
        return to_run && revision == look_int(view->status, "revision", 0);
    return to_run || revision == look_int(view->rollout, "to_revision", -1);
}

/* The highest revision below `below` that has a replica to show; 0 = none. */
static int64_t next_revision(const struct view *view, int64_t below)
{
    int64_t next = 0;
    for (size_t i = 0; i < look_count(view->replicas); i++) {
        const struct json *replica = look_item(view->replicas, i);
        int64_t revision = look_int(replica, "revision", 0);
        if (revision < below && revision > next && is_shown(view, replica)) next = revision;
    }
    return next;
}

static const char *version_of(const struct view *view, int64_t revision)
{
    for (size_t i = 0; i < look_count(view->revisions); i++) {
        const struct json *item = look_item(view->revisions, i);
        if (look_int(item, "number", 0) == revision) return look_text(item, "version");
    }
    return look_int(view->status, "revision", 0) == revision ? look_text(view->status, "version")
                                                             : NULL;
}

static const struct {
    const char *mark;
    enum style style;
} marks[] = {{"●", STYLE_GOOD}, {"○", STYLE_BUSY}, {"✗", STYLE_BAD}};

static void add_mark(struct text *text, const struct json *replica)
{
    size_t kind = view_replica_has_ended(replica) ? 2 : view_replica_ready(replica) ? 0 : 1;
    paint(text, marks[kind].style, marks[kind].mark);
    text_add_char(text, ' ');
}

static void add_replica(struct table *table, const struct view *view, const struct json *replica,
                        const char *branch)
{
    const char *state = view_replica_state(replica);
    const char *reason = view_replica_reason(replica);
    struct text first;
    text_init(&first, table->arena);
    text_add(&first, branch);
    add_mark(&first, replica);
    paint(&first, STYLE_PLAIN, look_text(replica, "id"));
    table_row(table);
    table_cell_painted(table, text_string(&first));
    table_cell(table, STYLE_PLAIN, look_text(replica, "node"));
    table_cell(table, paint_style_of(state), state);
    table_cell(table, STYLE_PLAIN, view_address(table->arena, replica));
    table_cell(table, STYLE_DIM,
               age_text(table->arena, look_text(replica, "started_at"), view->now_ms));
    if (!is_empty(reason)) table_cell(table, STYLE_DIM, reason);
}

static size_t count_shown(const struct view *view, int64_t revision)
{
    size_t count = 0;
    for (size_t i = 0; i < look_count(view->replicas); i++) {
        const struct json *replica = look_item(view->replicas, i);
        count += look_int(replica, "revision", 0) == revision && is_shown(view, replica);
    }
    return count;
}

static const char *listed_role(const struct json *listed, const char *replica)
{
    const struct json *endpoints = look(listed, "endpoints");
    for (size_t i = 0; i < look_count(endpoints); i++)
        if (text_equal(look_text(look_item(endpoints, i), "replica"), replica))
            return look_text(look_item(endpoints, i), "role");
    return NULL;
}

/* The newest revision that gets traffic; 0 = none is known to. */
static int64_t active_revision(const struct json *endpoints, const struct json *replicas)
{
    int64_t newest = 0;
    for (size_t i = 0; i < look_count(replicas); i++) {
        const struct json *replica = look_item(replicas, i);
        int64_t revision = look_int(replica, "revision", 0);
        if (revision <= newest) continue;
        if (text_equal(listed_role(endpoints, look_text(replica, "id")), "active"))
            newest = revision;
    }
    return newest;
}

const char *view_role(const struct json *endpoints, const struct json *replicas,
                      const char *replica)
{
    const char *role = listed_role(endpoints, replica);
    if (!text_equal(role, "preview")) return role;
    int64_t active = active_revision(endpoints, replicas);
    for (size_t i = 0; i < look_count(replicas); i++) {
        const struct json *item = look_item(replicas, i);
        if (text_equal(look_text(item, "id"), replica) && look_int(item, "revision", 0) < active)
            return "old, kept";
    }
    return role;
}

static bool has_previews(const struct view *view)
{
    const struct json *endpoints = look(view->endpoints, "endpoints");
    for (size_t i = 0; i < look_count(endpoints); i++)
        if (text_equal(look_text(look_item(endpoints, i), "role"), "preview")) return true;
    return false;
}

/* "active", "preview" or "old, kept", while not all get traffic. */
static void add_role(struct text *text, const struct view *view, int64_t revision)
{
    const char *role = NULL;
    if (!has_previews(view)) return;
    for (size_t i = 0; role == NULL && i < look_count(view->replicas); i++) {
        const struct json *replica = look_item(view->replicas, i);
        if (look_int(replica, "revision", 0) == revision)
            role = view_role(view->endpoints, view->replicas, look_text(replica, "id"));
    }
    if (role == NULL) return;
    text_add(text, "  ");
    paint(text, text_equal(role, "active") ? STYLE_GOOD : STYLE_BUSY, role);
}

static void add_revision(struct text *text, struct arena *arena, const struct view *view,
                         int64_t revision, bool last)
{
    struct table table;
    size_t left = count_shown(view, revision);
    const char *version = version_of(view, revision);
    text_printf(text, "%s revision %lld", last ? "└─" : "├─", (long long)revision);
    if (!is_empty(version)) {
        text_add(text, "  ");
        paint(text, STYLE_BOLD, version);
    }
    add_role(text, view, revision);
    text_add_char(text, '\n');
    table_init_plain(&table, arena, 6);
    for (size_t i = 0; i < look_count(view->replicas); i++) {
        const struct json *replica = look_item(view->replicas, i);
        if (look_int(replica, "revision", 0) != revision || !is_shown(view, replica)) continue;
        add_replica(&table, view, replica, --left > 0 ? "├─ " : "└─ ");
    }
    table_draw(&table, text, last ? "   " : "│  ");
}

static void add_bar(struct text *text, const char *branch, const char *what, int64_t count,
                    int64_t of, const char *note)
{
    text_printf(text, "%s %-10s ", branch, what);
    paint_begin(text, count >= of ? STYLE_GOOD : STYLE_BUSY);
    bar_draw(text, count, of);
    paint_end(text);
    text_printf(text, " %lld/%lld", (long long)count, (long long)of);
    if (!is_empty(note)) {
        text_add(text, "  ");
        paint(text, STYLE_DIM, note);
    }
    text_add_char(text, '\n');
}

static void add_rollout(struct text *text, const struct view *view, const char *branch)
{
    const struct json *rollout = view->rollout;
    const char *state = look_text(rollout, "state");
    const char *message = look_text(rollout, "message");
    int64_t from = look_int(rollout, "from_revision", 0);
    text_printf(text, "%s rollout %lld  ", branch, (long long)look_int(rollout, "id", 0));
    paint(text, paint_style_of(state), state);
    if (from > 0)
        text_printf(text, "  revision %lld → %lld", (long long)from,
                    (long long)look_int(rollout, "to_revision", 0));
    /* While it goes on the deployment's own message, above, says the same. */
    if (goal_rollout_has_ended(state) && !is_empty(message)) {
        text_add(text, "  ");
        paint(text, STYLE_PLAIN, message);
    }
    text_add_char(text, '\n');
}

static void add_head(struct text *text, const struct json *status)
{
    const char *state = look_text(status, "state");
    const char *message = look_text(status, "message");
    paint(text, STYLE_BOLD, look_text(status, "name"));
    text_add(text, "  ");
    if (!is_empty(look_text(status, "version"))) {
        paint(text, STYLE_PLAIN, look_text(status, "version"));
        text_add(text, "  ");
    }
    paint(text, paint_style_of(state), state);
    if (!is_empty(message)) {
        text_add(text, "  ");
        paint(text, STYLE_PLAIN, message);
    }
    text_add_char(text, '\n');
}

void view_tree(struct text *text, struct arena *arena, const struct view *view)
{
    const struct json *status = view->status;
    int64_t desired = look_int(status, "desired", 0);
    int64_t total = look_int(status, "total", 0);
    int64_t revision = next_revision(view, INT64_MAX);
    const char *last_branch = revision == 0 ? "└─" : "├─";
    add_head(text, status);
    add_bar(text, "├─", "available", look_int(status, "available", 0), desired,
            arena_printf(arena, "%lld replica%s", (long long)total, total == 1 ? "" : "s"));
    add_bar(text, view->rollout == NULL ? last_branch : "├─", "updated",
            look_int(status, "updated", 0), desired, NULL);
    if (view->rollout != NULL) add_rollout(text, view, last_branch);
    while (revision > 0) {
        int64_t older = next_revision(view, revision);
        add_revision(text, arena, view, revision, older == 0);
        revision = older;
    }
    if (!is_empty(view->notice)) {
        paint(text, STYLE_BUSY, view->notice);
        text_add_char(text, '\n');
    }
}
