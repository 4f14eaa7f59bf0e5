#include "cli/plan_view.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/diff_view.h"
#include "cli/look.h"
#include "cli/paint.h"
#include "cli/table.h"

enum { TENTH_MS = 100, LABEL_COLUMNS = 9 };

bool plan_changes(const struct json *plan)
{
    return look_bool(plan, "creates") || look_bool(plan, "template_changed") ||
           look_count(look(plan, "changes")) > 0;
}

/* Begins a line that answers one question. */
static void add_label(struct text *text, const char *label)
{
    paint_begin(text, STYLE_BOLD);
    text_printf(text, "%-*s ", LABEL_COLUMNS, label);
    paint_end(text);
}

/* "0s", "3s", "10.5s". */
static const char *seconds_text(struct arena *arena, int64_t ms)
{
    int64_t tenths = ms / TENTH_MS % (SECOND_MS / TENTH_MS);
    if (tenths == 0) return arena_printf(arena, "%llds", (long long)(ms / SECOND_MS));
    return arena_printf(arena, "%lld.%llds", (long long)(ms / SECOND_MS), (long long)tenths);
}

static void add_head(struct text *text, const char *name, const struct json *plan)
{
    int64_t revision = look_int(plan, "revision", 0);
    paint(text, STYLE_BOLD, name);
    if (!plan_changes(plan)) {
        text_add(text, " stays unchanged\n");
        return;
    }
    text_add(text, look_bool(plan, "creates") ? " is created" : " is changed");
    if (revision > 0)
        text_printf(text, ": a rollout begins, to revision %lld%s", (long long)revision,
                    look_bool(plan, "direct") ? ", without steps" : "");
    else
        text_add(text, "; no rollout begins");
    text_add_char(text, '\n');
}

static void add_quarantine(struct text *text, const struct json *plan)
{
    const struct json *quarantined = look(plan, "quarantined");
    if (quarantined == NULL || quarantined->type != JSON_OBJECT) return;
    paint_printf(text, STYLE_BAD, "refused");
    text_printf(text, ": rollout %lld failed by this very template (",
                (long long)look_int(quarantined, "rollout", 0));
    paint(text, STYLE_PLAIN, look_text(quarantined, "reason"));
    text_add(text, "); apply --force tries it again\n");
}

/* What people see of the first orders; the other kinds are the scheduler's own bookkeeping. */
static void add_first(struct text *text, const struct json *plan)
{
    long long starts = (long long)look_int(plan, "action_counts.create", 0);
    long long stops = (long long)look_int(plan, "action_counts.stop", 0);
    add_label(text, "first");
    if (starts > 0) text_printf(text, "start %lld replica%s", starts, starts == 1 ? "" : "s");
    if (starts > 0 && stops > 0) text_add(text, ", ");
    if (stops > 0) text_printf(text, "stop %lld replica%s", stops, stops == 1 ? "" : "s");
    if (starts + stops == 0) text_add(text, "no replica starts or stops");
    text_add_char(text, '\n');
}

static void add_placement(struct text *text, const struct json *plan)
{
    int64_t wanted = look_int(plan, "placement.wanted", 0);
    int64_t fit = look_int(plan, "placement.fit", 0);
    const char *reason = look_text(plan, "placement.reason");
    if (wanted == 0) return;
    add_label(text, "room");
    paint_printf(text, fit < wanted ? STYLE_BAD : STYLE_GOOD, "%lld of %lld", (long long)fit,
                 (long long)wanted);
    text_printf(text, " new replica%s find%s a node now", wanted == 1 ? "" : "s",
                wanted == 1 ? "s" : "");
    if (reason != NULL) {
        text_add(text, ": ");
        paint(text, STYLE_PLAIN, reason);
    }
    text_add_char(text, '\n');
}

static const char *signed_count(struct arena *arena, char sign, int64_t count)
{
    return count == 0 ? NULL : arena_printf(arena, "%c%lld", sign, (long long)count);
}

static const char *what_then(struct arena *arena, const struct json *step)
{
    int64_t switched_to = look_int(step, "switched_to", 0);
    int64_t held_by = look_int(step, "held_by", 0);
    const char *waits = look_text(step, "waiting_for");
    if (switched_to == 0 && held_by == 0) return waits;
    return arena_printf(arena, "traffic %s revision %lld%s%s",
                        switched_to > 0 ? "goes to" : "stays with",
                        (long long)(switched_to > 0 ? switched_to : held_by),
                        waits == NULL ? "" : "; ", waits == NULL ? "" : waits);
}

static void add_step(struct table *table, const struct json *step)
{
    const char *state = look_text(step, "rollout_state");
    table_row(table);
    table_cell(table, STYLE_BOLD, seconds_text(table->arena, look_int(step, "at_ms", 0)));
    table_cell(table, STYLE_GOOD, signed_count(table->arena, '+', look_int(step, "started", 0)));
    table_cell(table, STYLE_BAD, signed_count(table->arena, '-', look_int(step, "stopped", 0)));
    table_cell_int(table, look_int(step, "updated", 0));
    table_cell_int(table, look_int(step, "old", 0));
    table_cell_int(table, look_int(step, "available", 0));
    table_cell(table, paint_style_of(state), state);
    table_cell(table, STYLE_DIM, what_then(table->arena, step));
}

static void add_timeline(struct text *text, struct arena *arena, const struct json *plan)
{
    const struct json *steps = look(plan, "timeline.steps");
    const char *end = look_text(plan, "timeline.end");
    const char *why = look_text(plan, "timeline.why");
    struct table table;
    if (look_count(steps) == 0) return;
    table_init(&table, arena, "AT START STOP NEW OLD AVAILABLE ROLLOUT THEN");
    for (size_t i = 0; i < look_count(steps); i++)
        add_step(&table, look_item(steps, i));
    text_add(text, "\nIf every replica starts at once and is well:\n");
    table_draw(&table, text, "  ");
    paint(text, text_equal(end, "fails") ? STYLE_BAD : STYLE_BOLD, end);
    if (why != NULL && why[0] != '\0') {
        text_add(text, ": ");
        paint(text, STYLE_PLAIN, why);
    }
    text_add_char(text, '\n');
}

void plan_draw(struct text *text, struct arena *arena, const char *name, const struct json *plan)
{
    add_head(text, name, plan);
    add_quarantine(text, plan);
    diff_draw(text, arena, look(plan, "changes"));
    if (!plan_changes(plan)) return;
    add_first(text, plan);
    add_placement(text, plan);
    add_timeline(text, arena, plan);
}
