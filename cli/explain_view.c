#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/age.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/plan_view.h"
#include "cli/table.h"

enum { ACTIONS_SHOWN = 10 };

static void add_line(struct text *text, const char *label, const char *value)
{
    if (value == NULL || value[0] == '\0') return;
    text_printf(text, "  %-12s ", label);
    paint(text, STYLE_PLAIN, value);
    text_add_char(text, '\n');
}

static void add_head(struct text *text, const char *name, const struct json *explanation)
{
    const char *state = look_text(explanation, "state");
    const char *message = look_text(explanation, "message");
    paint(text, STYLE_BOLD, name);
    text_add(text, "  ");
    paint(text, paint_style_of(state), state);
    if (message != NULL && message[0] != '\0') {
        text_add(text, "  ");
        paint(text, STYLE_PLAIN, message);
    }
    text_add_char(text, '\n');
}

static const char *deadline_text(struct arena *arena, const struct json *explanation)
{
    int64_t left_ms = look_int(explanation, "deadline_in_ms", -1);
    if (left_ms < 0) return "none";
    const char *left = age_duration(arena, left_ms);
    if (!look_bool(explanation, "deadline_stands_still")) return arena_printf(arena, "in %s", left);
    return arena_printf(arena, "stands still with %s left", left);
}

/* With what is left of it, where it is a time. */
static const char *waits_text(struct arena *arena, const struct json *explanation)
{
    const char *waits = look_text(explanation, "waiting_for");
    int64_t left_ms = look_int(explanation, "waiting_ends_in_ms", -1);
    if (waits == NULL) return "nothing";
    if (left_ms < 0) return waits;
    return arena_printf(arena, "%s (%s left)", waits, age_duration(arena, left_ms));
}

/* Room alone starts nothing; NULL = it will be used. */
static const char *why_none_starts(struct arena *arena, const struct json *explanation)
{
    const char *state = look_text(explanation, "state");
    const char *waits = look_text(explanation, "waiting_for");
    if (text_equal(state, "terminated")) return "it is terminated";
    if (text_equal(state, "terminating")) return "its replicas are told to stop";
    if (look_text(explanation, "next") != NULL || look_int(explanation, "budget.grow", 0) == 0)
        return NULL;
    if (waits == NULL) return "nothing is left to do";
    return arena_printf(arena, "it waits for %s", waits);
}

static const char *may_start(struct arena *arena, const struct json *explanation)
{
    const char *why = why_none_starts(arena, explanation);
    if (why != NULL) return arena_printf(arena, "nothing may start (%s)", why);
    return arena_printf(arena, "%lld may start",
                        (long long)look_int(explanation, "budget.grow", 0));
}

static const char *budget_text(struct arena *arena, const struct json *explanation)
{
    const struct json *budget = look(explanation, "budget");
    return arena_printf(
        arena,
        "%lld replicas wanted; there are %lld, at most %lld; available %lld, at least %lld; "
        "now %s and %lld may stop%s",
        (long long)look_int(budget, "replicas", 0), (long long)look_int(budget, "total", 0),
        (long long)look_int(budget, "ceiling", 0), (long long)look_int(budget, "available", 0),
        (long long)look_int(budget, "min_available", 0), may_start(arena, explanation),
        (long long)look_int(budget, "shrink", 0),
        look_bool(budget, "rounded") ? " (surge and unavailable came to 0: one is let go)" : "");
}

static const char *blocked_state(const struct json *replica)
{
    const char *presence = look_text(replica, "presence");
    bool present = presence == NULL || text_equal(presence, "present");
    return present ? look_text(replica, "state") : presence;
}

static void add_blocked(struct text *text, struct arena *arena, const struct json *blocked)
{
    struct table table;
    if (look_count(blocked) == 0) return;
    table_init(&table, arena, "REPLICA REVISION NODE STATE FOR REASON");
    for (size_t i = 0; i < look_count(blocked); i++) {
        const struct json *replica = look_item(blocked, i);
        const char *state = blocked_state(replica);
        table_row(&table);
        table_cell(&table, STYLE_BOLD, look_text(replica, "id"));
        table_cell_int(&table, look_int(replica, "revision", 0));
        table_cell(&table, STYLE_PLAIN, look_text(replica, "node"));
        table_cell(&table, paint_style_of(state), state);
        table_cell(&table, STYLE_PLAIN, age_duration(arena, look_int(replica, "for_ms", 0)));
        table_cell(&table, STYLE_PLAIN, look_text(replica, "reason"));
    }
    text_add(text, "replicas that are not available:\n");
    table_draw(&table, text, "  ");
}

static void add_action(struct text *text, const struct json *action)
{
    int64_t amount = look_int(action, "amount", -1), revision = look_int(action, "revision", 0);
    const char *replica = look_text(action, "replica"), *why = look_text(action, "why");
    text_add(text, "  ");
    paint(text, STYLE_BOLD, look_text(action, "kind"));
    if (amount >= 0) text_printf(text, " %lld", (long long)amount);
    if (replica != NULL) {
        text_add_char(text, ' ');
        paint(text, STYLE_PLAIN, replica);
    }
    if (revision > 0) text_printf(text, " of revision %lld", (long long)revision);
    if (why != NULL && why[0] != '\0') {
        text_add(text, ": ");
        paint(text, STYLE_PLAIN, why);
    }
    text_add_char(text, '\n');
}

static void add_actions(struct text *text, const struct json *actions)
{
    size_t count = look_count(actions);
    if (count > 0) text_add(text, "ordered next:\n");
    for (size_t i = 0; i < count && i < ACTIONS_SHOWN; i++)
        add_action(text, look_item(actions, i));
    if (count > ACTIONS_SHOWN) text_printf(text, "  … and %zu more\n", count - ACTIONS_SHOWN);
}

void explain_draw(struct text *text, struct arena *arena, const char *name,
                  const struct json *explanation)
{
    add_head(text, name, explanation);
    add_line(text, "waiting for", waits_text(arena, explanation));
    add_line(text, "next", look_text(explanation, "next"));
    add_line(text, "deadline", deadline_text(arena, explanation));
    add_line(text, "budget", budget_text(arena, explanation));
    add_blocked(text, arena, look(explanation, "blocked_replicas"));
    add_actions(text, look(explanation, "actions"));
}
