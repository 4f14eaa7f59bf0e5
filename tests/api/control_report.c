/* What agents report, item by item: what is taken, what is refused, what is written. */
#include "base/failpoint.h"
#include "base/limits.h"
#include "base/text.h"
#include "scheduler/control_parts.h"
#include "scheduler/live.h"
#include "scheduler/node_table.h"
#include "store/deployments.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/rollouts.h"
#include "support/control_world.h"

#include <criterion/criterion.h>

static struct control_world world;
static struct deployment web;
static struct replica placed; /* on n1, assigned */

static void open_world(void)
{
    world_open(&world);
    world_register(&world, "n1", 4000);
    world_register(&world, "n2", 4000);
    web = world_apply(&world, world_web(&world, "1", 1)).deployment;
    placed = world_place(&world, &web, "n1");
    world_forget_dirty(&world);
}

static void close_world(void)
{
    world_close(&world);
}

TestSuite(control_report, .init = open_world, .fini = close_world);

struct reporting {
    const char *node;
    struct report report;
    struct report_result result;
};

static enum err_code do_report(struct control_world *w, struct store_tx *tx, void *argument,
                               struct err *err)
{
    struct reporting *r = argument;
    tx_set_actor(tx, "node/n1", NULL);
    return control_report(w->control, tx, &w->arena, r->node ? r->node : "n1", &r->report,
                          &r->result, err);
}

static struct reporting reporting(struct replica_change *changes, size_t count)
{
    return (struct reporting){.report = {.boot_id = "boot",
                                         .epoch = control_node_epoch(world.control, "n1"),
                                         .changes = changes,
                                         .change_count = count}};
}

static struct replica_change change(int64_t attempt, enum replica_phase state, bool ready)
{
    return (struct replica_change){
        .id = placed.id,
        .attempt = attempt,
        .state = state,
        .ready = ready,
        .exit_code = -1,
        .exit_signal = -1,
    };
}

/* The slug with which it is rejected, or "". */
static const char *report_one(struct replica_change item)
{
    struct reporting r = reporting(&item, 1);
    cr_assert_eq(world_run(&world, do_report, &r), ERR_OK, "%s", world.err.detail);
    if (r.result.count == 0) return "";
    cr_assert_eq(r.result.count, 1);
    cr_assert_str_eq(r.result.items[0].id, item.id);
    return r.result.items[0].code;
}

static struct replica taken(struct replica_change item)
{
    const char *slug = report_one(item);
    cr_assert_str_eq(slug, "");
    return world_replica(&world, item.id);
}

static struct node stored(const char *name)
{
    struct node node;
    cr_assert_eq(nodes_get(world_look(&world), &world.arena, name, &node, NULL), ERR_OK);
    return node;
}

static struct strings orphans(const char *node)
{
    struct strings ids;
    cr_assert_eq(node_orphans_list(world_look(&world), &world.arena, node, &ids, NULL), ERR_OK);
    return ids;
}

/* ---- the good life ---- */

Test(control_report, a_replica_comes_up_and_is_ready)
{
    int64_t before = world_newest_index(&world);
    world_advance(&world, 1000);
    struct replica row = taken(change(1, REPLICA_PREPARING, false));
    cr_assert_eq(row.phase, REPLICA_PREPARING);
    cr_assert_eq(row.attempt, 1);
    cr_assert_eq(row.started_at, 0);
    cr_assert(world_is_dirty(&world, web.uid));

    world_advance(&world, 1000);
    struct replica_change running = change(1, REPLICA_RUNNING, false);
    running.address = "10.0.0.1";
    running.ports = (struct ports){.items = &(struct port){"http", 20001}, .count = 1};
    running.pid = 4711;
    running.reason = "connection refused";
    row = taken(running);
    cr_assert_eq(row.phase, REPLICA_RUNNING);
    cr_assert_eq(row.pid, 4711);
    cr_assert_str_eq(row.address, "10.0.0.1");
    cr_assert_eq(ports_get(&row.ports, "http"), 20001);
    cr_assert_eq(row.started_at, world.time.wall_ms);
    cr_assert_str_eq(row.readiness_reason, "connection refused");
    int64_t running_since_ms = row.phase_since_ms;

    world_advance(&world, 1000);
    row = taken(change(1, REPLICA_RUNNING, true));
    cr_assert(row.ready);
    cr_assert_eq(row.phase_since_ms, running_since_ms, "the phase did not change");
    cr_assert_gt(row.ready_since_ms, running_since_ms);
    cr_assert_eq(row.readiness_since_at, world.time.wall_ms);
    cr_assert_not(row.available, "that is the scheduler's to say");
    cr_assert_str_eq(row.address, "10.0.0.1", "what a report leaves out stays");
    cr_assert_null(row.readiness_reason, "what was not ok is over");
    cr_assert_str_eq(world_story(&world, before), "replica.running replica.ready");
    cr_assert_eq(world_deployment(&world, "web").endpoints_index, row.index);
}

Test(control_report, what_an_attempt_answered_is_no_reason_of_the_next)
{
    struct replica_change item = change(1, REPLICA_RUNNING, false);
    item.reason = "answered 503";
    struct replica row = taken(item);
    cr_assert_str_eq(row.readiness_reason, "answered 503");
    row = taken(change(1, REPLICA_RUNNING, false));
    cr_assert_str_eq(row.readiness_reason, "answered 503", "it is not ready for the same reason");
    row = taken(change(2, REPLICA_STARTING, false));
    cr_assert_null(row.readiness_reason, "that was another attempt");
}

Test(control_report, the_same_address_again_does_not_move_the_endpoints)
{
    struct replica_change running = change(1, REPLICA_RUNNING, true);
    running.address = "10.0.0.1";
    running.ports = (struct ports){.items = &(struct port){"http", 20001}, .count = 1};
    int64_t ready_index = taken(running).index;
    running.pid = 4711;
    cr_assert_gt(taken(running).index, ready_index, "the pid is news");
    cr_assert_eq(world_deployment(&world, "web").endpoints_index, ready_index);
    running.address = "10.0.0.2";
    int64_t moved_index = taken(running).index;
    cr_assert_eq(world_deployment(&world, "web").endpoints_index, moved_index);
}

Test(control_report, phases_between_two_reports_may_be_skipped)
{
    int64_t before = world_newest_index(&world);
    struct replica row = taken(change(1, REPLICA_RUNNING, true));
    cr_assert(row.ready);
    cr_assert_str_eq(world_story(&world, before), "replica.running replica.ready");
}

Test(control_report, repeating_what_was_said_writes_nothing)
{
    struct replica_change item = change(1, REPLICA_RUNNING, true);
    item.address = "10.0.0.1";
    item.ports = (struct ports){.items = &(struct port){"http", 20001}, .count = 1};
    taken(item);
    int64_t before = world_newest_index(&world);
    world_forget_dirty(&world);
    world_advance(&world, 5000);
    taken(item);
    cr_assert_eq(world_newest_index(&world), before);
    cr_assert_eq(world.dirty_count, 0);
}

Test(control_report, flapping_readiness_is_seen_with_its_times)
{
    taken(change(1, REPLICA_RUNNING, true));
    int64_t before = world_newest_index(&world);
    world_advance(&world, 2000);
    struct replica_change item = change(1, REPLICA_RUNNING, false);
    item.reason = "answered 503 «loading model»";
    struct replica row = taken(item);
    cr_assert_not(row.ready);
    cr_assert_eq(row.ready_since_ms, 0);
    cr_assert_gt(row.unready_since_ms, 0);
    cr_assert_str_eq(row.readiness_reason, "answered 503 «loading model»");
    cr_assert_str_eq(world_story(&world, before), "replica.unready");
    cr_assert_str_eq(world_event(&world, before, "replica", "unready")->message,
                     "is not ready any more: answered 503 «loading model»");
    row = taken(change(1, REPLICA_RUNNING, true));
    cr_assert_eq(row.unready_since_ms, 0);
    cr_assert_gt(row.ready_since_ms, 0);
}

Test(control_report, a_restart_in_place_breaks_readiness)
{
    taken(change(1, REPLICA_RUNNING, true));
    int64_t ready_since_ms = world_replica(&world, placed.id).ready_since_ms;
    int64_t before = world_newest_index(&world), assignments = stored("n1").assignments_index;
    world_advance(&world, 2000);
    struct replica_change again = change(2, REPLICA_RUNNING, true);
    again.has_exit = true;
    again.exit_code = 1;
    struct replica row = taken(again);
    cr_assert_eq(row.attempt, 2);
    cr_assert_eq(row.restarts, 1);
    cr_assert_gt(row.ready_since_ms, ready_since_ms, "it was not ready without a break");
    cr_assert_str_eq(world_story(&world, before), "replica.restarted replica.ready");
    cr_assert_str_eq(world_event(&world, before, "replica", "restarted")->message,
                     "was started again (exit code 1), attempt 2");
    cr_assert_gt(stored("n1").assignments_index, assignments, "last_attempt is shown there");
}

static enum err_code make_available(struct control_world *w, struct store_tx *tx, void *argument,
                                    struct err *err)
{
    (void)w;
    struct replica *row = argument;
    row->available = row->was_available = true;
    return replicas_write(tx, row, (struct replica_effects){0}, tx_next_index(tx), err);
}

Test(control_report, what_is_ready_anew_is_not_available_before_a_pass_has_judged_it)
{
    taken(change(1, REPLICA_RUNNING, true));
    struct replica row = world_replica(&world, placed.id);
    cr_assert_eq(world_run(&world, make_available, &row), ERR_OK);
    cr_assert(taken(change(1, REPLICA_RUNNING, true)).available, "nothing broke");
    row = taken(change(2, REPLICA_RUNNING, true));
    cr_assert_not(row.available, "another process runs");
    cr_assert_eq(world_run(&world, make_available, &row), ERR_OK);
    struct replica_change flap[] = {change(2, REPLICA_RUNNING, false),
                                    change(2, REPLICA_RUNNING, true)};
    struct reporting r = reporting(flap, 2);
    cr_assert_eq(world_run(&world, do_report, &r), ERR_OK);
    cr_assert_not(world_replica(&world, placed.id).available, "there was a break");
}

Test(control_report, only_a_running_replica_is_ready)
{
    cr_assert_not(taken(change(1, REPLICA_STARTING, true)).ready);
    cr_assert(taken(change(1, REPLICA_RUNNING, true)).ready);
    int64_t before = world_newest_index(&world);
    cr_assert_not(taken(change(1, REPLICA_STOPPING, true)).ready);
    cr_assert_str_eq(world_story(&world, before), "", "leaving is no failure of readiness");
}

/* ---- ends ---- */

static int64_t replicas_of(const char *node)
{
    struct resources allocated;
    int64_t replicas;
    cr_assert(control_node_allocated(world.control, node, &allocated, &replicas));
    cr_assert_eq(allocated.cpu_millis, replicas * 100);
    return replicas;
}

Test(control_report, a_failed_replica_frees_its_node_once)
{
    taken(change(1, REPLICA_RUNNING, true));
    int64_t before = world_newest_index(&world);
    cr_assert_eq(replicas_of("n1"), 1);
    struct replica_change item = change(5, REPLICA_FAILED, false);
    item.reason = "crash_loop";
    item.has_exit = true;
    item.exit_signal = 9;
    item.exit_oom = true;
    item.log_tail = "no memory\n";
    struct replica row = taken(item);
    cr_assert_eq(row.phase, REPLICA_FAILED);
    cr_assert_str_eq(row.reason, "crash_loop");
    cr_assert_str_eq(row.log_tail, "no memory\n");
    cr_assert_eq(row.exit_signal, 9);
    cr_assert(row.exit_oom);
    cr_assert_eq(row.ended_at, world.time.wall_ms);
    cr_assert_not(row.available);
    cr_assert_not(row.counted, "counting is the planner's");
    cr_assert_eq(replicas_of("n1"), 0);
    const struct event *event = world_event(&world, before, "replica", "failed");
    cr_assert_str_eq(event->message, "failed: crash_loop (killed by signal 9, out of memory)");
    cr_assert_not_null(strstr(event->data, "\"exit\":{\"signal\":9,\"oom\":true}"), "%s",
                       event->data);
    before = world_newest_index(&world);
    taken(item);
    cr_assert_eq(world_newest_index(&world), before);
    cr_assert_eq(replicas_of("n1"), 0);
}

static enum err_code order_stop(struct control_world *w, struct store_tx *tx, void *argument,
                                struct err *err)
{
    struct replica row;
    (void)argument;
    TRY(replicas_get(tx_db(tx), &w->arena, placed.id, &row, err));
    row.wanted = WANTED_STOP;
    row.stop_cause = CAUSE_LIMIT;
    row.reason = row.readiness_reason = "was not ready within 300 s"; /* of a limit it is why */
    return replicas_write(tx, &row, (struct replica_effects){.assignments = true},
                          tx_next_index(tx), err);
}

Test(control_report, an_ordered_stop_ends_stopped_and_keeps_the_reason_of_the_order)
{
    taken(change(1, REPLICA_RUNNING, false));
    cr_assert_eq(world_run(&world, order_stop, NULL), ERR_OK, "%s", world.err.detail);
    int64_t before = world_newest_index(&world);
    taken(change(1, REPLICA_STOPPING, false));
    struct replica_change item = change(1, REPLICA_STOPPED, false);
    item.has_exit = true;
    item.exit_code = 0;
    struct replica row = taken(item);
    cr_assert_eq(row.phase, REPLICA_STOPPED);
    cr_assert_str_eq(row.reason, "was not ready within 300 s");
    cr_assert_str_eq(world_story(&world, before), "replica.stopped");
    cr_assert_str_eq(world_event(&world, before, "replica", "stopped")->message,
                     "stopped as ordered (exit code 0)");
    cr_assert_eq(replicas_of("n1"), 0);
}

Test(control_report, an_end_that_nobody_ordered_says_so)
{
    taken(change(1, REPLICA_RUNNING, false));
    taken(change(1, REPLICA_STOPPED, false));
    cr_assert_str_eq(world_event(&world, 0, "replica", "stopped")->message,
                     "stopped, although nobody ordered it");
}

/* ---- the table of what is refused ---- */

struct torture_row {
    int first_attempt, first_state; /* 0 = none: the replica is assigned */
    int attempt, state;
    const char *slug;
};

static const struct torture_row torture_rows[] = {
    {0, 0, 1, REPLICA_STOPPED, ""},
    {0, 0, 1, REPLICA_FAILED, ""},
    {0, 0, 7, REPLICA_PREPARING, ""}, /* burnt attempts */
    {2, REPLICA_RUNNING, 1, REPLICA_RUNNING, "stale_attempt"},
    {2, REPLICA_RUNNING, 1, REPLICA_FAILED, "stale_attempt"},
    {2, REPLICA_FAILED, 1, REPLICA_FAILED, "stale_attempt"},
    {1, REPLICA_RUNNING, 1, REPLICA_STARTING, "illegal_move"},
    {1, REPLICA_RUNNING, 1, REPLICA_PREPARING, "illegal_move"},
    {1, REPLICA_STOPPING, 1, REPLICA_RUNNING, "illegal_move"},
    {1, REPLICA_STOPPED, 1, REPLICA_FAILED, "illegal_move"},
    {1, REPLICA_FAILED, 1, REPLICA_STOPPED, "illegal_move"},
    {1, REPLICA_FAILED, 2, REPLICA_FAILED, "illegal_move"},
    {1, REPLICA_RUNNING, 2, REPLICA_PREPARING, ""},
    {1, REPLICA_STOPPING, 2, REPLICA_STARTING, ""},
    {1, REPLICA_RUNNING, 1, REPLICA_PENDING, "illegal_move"},
    {1, REPLICA_RUNNING, 2, REPLICA_ASSIGNED, "illegal_move"},
};

Test(control_report, moves_out_of_the_table_are_refused_and_write_nothing)
{
    for (size_t i = 0; i < sizeof(torture_rows) / sizeof(*torture_rows); i++) {
        const struct torture_row *row = &torture_rows[i];
        placed = world_place(&world, &web, "n1");
        if (row->first_attempt > 0)
            taken(change(row->first_attempt, (enum replica_phase)row->first_state, false));
        int64_t before = world_newest_index(&world);
        const char *slug = report_one(change(row->attempt, (enum replica_phase)row->state, false));
        cr_assert_str_eq(slug, row->slug, "row %zu: %s", i, slug);
        bool written = world_newest_index(&world) != before;
        cr_assert_eq(written, *row->slug == '\0', "row %zu", i);
    }
}

Test(control_report, a_bad_item_does_not_spoil_the_others)
{
    struct replica second = world_place(&world, &web, "n1");
    struct replica foreign = world_place(&world, &web, "n2");
    struct replica_change items[] = {
        {.id = "x", .error = "unreadable"},
        change(1, REPLICA_RUNNING, true),
        change(1, REPLICA_RUNNING, true),
        change(1, REPLICA_RUNNING, true),
    };
    items[2].id = foreign.id;
    items[3].id = second.id;
    struct reporting r = reporting(items, 4);
    cr_assert_eq(world_run(&world, do_report, &r), ERR_OK, "%s", world.err.detail);
    cr_assert_eq(r.result.count, 2);
    cr_assert_str_eq(r.result.items[0].code, "unreadable");
    cr_assert_str_eq(r.result.items[1].code, "unknown_replica");
    cr_assert_str_eq(r.result.items[1].id, foreign.id);
    cr_assert(world_replica(&world, placed.id).ready);
    cr_assert(world_replica(&world, second.id).ready);
    cr_assert_not(world_replica(&world, foreign.id).ready);
}

Test(control_report, one_report_may_tell_a_whole_life)
{
    struct replica_change items[] = {
        change(1, REPLICA_PREPARING, false), change(1, REPLICA_RUNNING, true),
        change(2, REPLICA_RUNNING, false),   change(2, REPLICA_FAILED, false),
        change(2, REPLICA_RUNNING, false),
    };
    struct reporting r = reporting(items, 5);
    cr_assert_eq(world_run(&world, do_report, &r), ERR_OK, "%s", world.err.detail);
    cr_assert_eq(r.result.count, 0);
    cr_assert_eq(world_replica(&world, placed.id).phase, REPLICA_FAILED);
    cr_assert_eq(orphans("n1").count, 1, "what goes on after its end is told to stop");
    cr_assert_eq(world_replica(&world, placed.id).restarts, 1);
}

/* ---- the envelope ---- */

static void report_numbered(int64_t seq, bool ready)
{
    struct replica_change item = change(1, REPLICA_RUNNING, ready);
    struct reporting r = reporting(&item, 1);
    r.report.seq = seq;
    cr_assert_eq(world_run(&world, do_report, &r), ERR_OK, "%s", world.err.detail);
    cr_assert_eq(r.result.count, 0);
}

Test(control_report, a_numbered_report_that_comes_again_later_is_answered_and_changes_nothing)
{
    report_numbered(1, true);
    report_numbered(2, false);
    report_numbered(1, true);
    cr_assert_not(world_replica(&world, placed.id).ready);
    report_numbered(3, true);
    cr_assert(world_replica(&world, placed.id).ready);
}

Test(control_report, another_epoch_is_fenced)
{
    static const int64_t epochs[] = {0, 2};
    for (size_t i = 0; i < 2; i++) {
        struct replica_change item = change(1, REPLICA_RUNNING, true);
        struct reporting r = reporting(&item, 1);
        r.report.epoch = epochs[i];
        int64_t before = world_newest_index(&world);
        cr_assert_eq(world_run(&world, do_report, &r), ERR_FENCED);
        cr_assert_not_null(strstr(world.err.detail, "is at epoch 1"), "%s", world.err.detail);
        cr_assert_eq(world_newest_index(&world), before);
    }
}

Test(control_report, an_unknown_node_cannot_report)
{
    struct reporting r = reporting(NULL, 0);
    r.node = "nobody";
    cr_assert_eq(world_run(&world, do_report, &r), ERR_NOT_FOUND);
}

Test(control_report, what_a_full_report_does_not_list_is_left_as_it_is)
{
    taken(change(1, REPLICA_RUNNING, true));
    int64_t before = world_newest_index(&world);
    struct reporting r = reporting(NULL, 0);
    r.report.full = true;
    cr_assert_eq(world_run(&world, do_report, &r), ERR_OK, "%s", world.err.detail);
    cr_assert_eq(world_newest_index(&world), before);
    cr_assert_eq(world_replica(&world, placed.id).phase, REPLICA_RUNNING);
}

Test(control_report, a_report_that_fails_later_leaves_no_memory)
{
    taken(change(1, REPLICA_RUNNING, true));
    struct replica_change item = change(1, REPLICA_FAILED, false);
    struct reporting r = reporting(&item, 1);
    world_run_and_fail(&world, do_report, &r);
    cr_assert_eq(world_replica(&world, placed.id).phase, REPLICA_RUNNING);
    cr_assert_eq(replicas_of("n1"), 1);
}

#ifdef DOGSHORE_FAILPOINTS
Test(control_report, the_failpoint_of_reports_fails_them)
{
    struct replica_change item = change(1, REPLICA_RUNNING, true);
    struct reporting r = reporting(&item, 1);
    failpoint_arm("node.report", "error");
    cr_assert_eq(world_run(&world, do_report, &r), ERR_UNAVAILABLE);
    failpoint_clear();
    cr_assert_eq(world_run(&world, do_report, &r), ERR_OK);
}
#endif

/* ---- what a node must not run ---- */

static struct replica_change stranger(const char *id, enum replica_phase state)
{
    struct replica_change item = change(1, state, false);
    item.id = id;
    return item;
}

Test(control_report, an_unknown_replica_is_told_to_stop_once)
{
    int64_t before = world_newest_index(&world), assignments = stored("n1").assignments_index;
    cr_assert_str_eq(report_one(stranger("old-000001", REPLICA_RUNNING)), "");
    cr_assert_str_eq(world_story(&world, before), "node.unknown_replica");
    cr_assert_eq(orphans("n1").count, 1);
    cr_assert_str_eq(orphans("n1").items[0], "old-000001");
    cr_assert_gt(stored("n1").assignments_index, assignments, "its agent hears of it");

    before = world_newest_index(&world);
    cr_assert_str_eq(report_one(stranger("old-000001", REPLICA_STOPPING)), "");
    cr_assert_eq(world_newest_index(&world), before, "once is enough");

    cr_assert_str_eq(report_one(stranger("old-000001", REPLICA_STOPPED)), "");
    cr_assert_eq(orphans("n1").count, 0);
    before = world_newest_index(&world);
    cr_assert_str_eq(report_one(stranger("old-000001", REPLICA_STOPPED)), "");
    cr_assert_eq(world_newest_index(&world), before);
}

Test(control_report, unknown_replicas_of_one_node_are_bounded)
{
    size_t count = LIMIT_ORPHANS_PER_NODE + 5;
    struct replica_change *items = ARENA_ARRAY(&world.arena, struct replica_change, count);
    for (size_t i = 0; i < count; i++)
        items[i] = stranger(arena_printf(&world.arena, "old-%06zu", i), REPLICA_RUNNING);
    struct reporting r = reporting(items, count);
    cr_assert_eq(world_run(&world, do_report, &r), ERR_OK, "%s", world.err.detail);
    cr_assert_eq(orphans("n1").count, LIMIT_ORPHANS_PER_NODE);
    cr_assert_eq(r.result.count, 5);
    cr_assert_str_eq(r.result.items[0].code, "unknown_replica");
}

static enum err_code remove_node(struct control_world *w, struct store_tx *tx, void *argument,
                                 struct err *err)
{
    return control_remove_node(w->control, tx, &w->arena, argument, true, err);
}

Test(control_report, what_was_given_up_with_its_node_is_told_to_stop_when_the_node_returns)
{
    taken(change(1, REPLICA_RUNNING, true));
    cr_assert_eq(world_run(&world, remove_node, (void *)"n1"), ERR_OK, "%s", world.err.detail);
    world_register(&world, "n1", 4000);
    cr_assert_str_eq(report_one(change(1, REPLICA_RUNNING, true)), "");
    cr_assert_eq(orphans("n1").count, 1);
    cr_assert_str_eq(orphans("n1").items[0], placed.id);
    cr_assert_eq(world_replica(&world, placed.id).phase, REPLICA_FAILED, "final is final");
    cr_assert_eq(replicas_of("n1"), 0);
    report_one(change(1, REPLICA_STOPPED, false));
    cr_assert_eq(orphans("n1").count, 0, "its end clears the order");
}

/* What ended, and the attempt and phase that its node tells of later. */
static const struct {
    enum replica_phase ended;
    int64_t attempt;
    enum replica_phase state;
} revenants[] = {
    {REPLICA_STOPPED, 1, REPLICA_RUNNING},  {REPLICA_STOPPED, 2, REPLICA_PREPARING},
    {REPLICA_STOPPED, 1, REPLICA_STOPPING}, {REPLICA_FAILED, 2, REPLICA_RUNNING},
    {REPLICA_FAILED, 3, REPLICA_STARTING},  {REPLICA_FAILED, 1, REPLICA_RUNNING},
};

Test(control_report, what_has_ended_and_is_still_run_is_told_to_stop)
{
    for (size_t i = 0; i < sizeof revenants / sizeof *revenants; i++) {
        placed = world_place(&world, &web, "n1");
        struct replica ended = taken(change(2, revenants[i].ended, false));
        int64_t before = world_newest_index(&world), allocated = replicas_of("n1");
        int64_t assignments = stored("n1").assignments_index;
        struct replica_change again = change(revenants[i].attempt, revenants[i].state, true);
        cr_assert_str_eq(report_one(again), "", "row %zu", i);
        cr_assert_str_eq(world_story(&world, before), "node.unknown_replica");
        cr_assert_eq(orphans("n1").count, 1);
        cr_assert_str_eq(orphans("n1").items[0], placed.id);
        cr_assert_gt(stored("n1").assignments_index, assignments, "its agent hears of it");
        struct replica row = world_replica(&world, placed.id);
        cr_assert_eq(row.phase, ended.phase, "final is final");
        cr_assert_eq(row.index, ended.index);
        cr_assert_eq(replicas_of("n1"), allocated);

        before = world_newest_index(&world);
        cr_assert_str_eq(report_one(again), "");
        cr_assert_eq(world_newest_index(&world), before, "once is enough");
        cr_assert_str_eq(report_one(change(revenants[i].attempt, REPLICA_FAILED, false)), "");
        cr_assert_eq(orphans("n1").count, 0, "its end clears the order");
        cr_assert_eq(world_replica(&world, placed.id).index, ended.index);
    }
}

/* ---- verdicts ---- */

static struct replica_change verdict(enum probe_state state)
{
    struct replica_change item = change(1, REPLICA_RUNNING, state == PROBE_PASSING);
    item.probes[PROBE_READINESS] =
        (struct probe_verdict){.present = true, .state = (int)state, .reason = "answered 503"};
    return item;
}

static bool look_at_readiness(enum probe_state *state)
{
    struct live_sample found;
    struct replica row = world_replica(&world, placed.id);
    if (!control_replica_sample(world.control, &world.arena, &row, &found)) return false;
    *state = (enum probe_state)found.sample.probes[PROBE_READINESS].state;
    return true;
}

static void sample_readiness(enum probe_state state)
{
    struct replica_sample sample = {.id = placed.id, .attempt = 1};
    sample.probes[PROBE_READINESS] =
        (struct probe_sample){.present = true, .state = (int)state, .last_reason = ""};
    control_node_samples(world.control, "n1", &sample, 1);
}

Test(control_report, a_verdict_that_is_undone_is_not_told)
{
    enum probe_state state = PROBE_PENDING;
    struct replica_change failing = verdict(PROBE_FAILING);
    struct reporting r = reporting(&failing, 1);
    sample_readiness(PROBE_PENDING);
    taken(verdict(PROBE_PASSING));
    cr_assert(look_at_readiness(&state));
    cr_assert_eq(state, PROBE_PASSING, "at once");
    world_run_and_fail(&world, do_report, &r);
    cr_assert(world_replica(&world, placed.id).ready, "its row is as it was");
    cr_assert_not(look_at_readiness(&state), "nothing is known, rather than what is wrong");
    sample_readiness(PROBE_PASSING);
    cr_assert(look_at_readiness(&state));
    cr_assert_eq(state, PROBE_PASSING);
}

/* ---- checks ---- */

/* A rollout that asks for it, at a step that is one. */
static enum err_code ask(struct control_world *w, struct store_tx *tx, void *argument,
                         struct err *err)
{
    static struct canary_step step = {
        .kind = CANARY_CHECK,
        .check = {.port = "http", .path = "/ok", .expect_status = 200, .times = 1}};
    struct rollout rollout;
    const int64_t *round = argument;
    TRY(rollouts_get(tx_db(tx), &w->arena, web.uid, web.status.rollout_id, &rollout, err));
    rollout.check_round = *round;
    TRY(rollouts_put(tx, web.uid, &rollout, err));
    web.spec.strategy.type = STRATEGY_CANARY;
    web.spec.strategy.steps = (struct canary_steps){&step, 1};
    web.index = tx_next_index(tx);
    return deployments_update(tx, &web, err);
}

static struct replica_change answer(int64_t round, bool passed)
{
    struct replica_change item = change(1, REPLICA_RUNNING, true);
    item.check_round = round;
    item.check_passed = passed;
    item.check_reason = "answered 500";
    return item;
}

Test(control_report, an_answer_counts_only_for_the_round_that_is_asked_for_now)
{
    static const int64_t others[] = {1, 499, 501, (INT64_C(1) << 53) - 1};
    int64_t round = 500, next = 450;
    cr_assert_eq(taken(answer(499, true)).check_round, 0, "nothing is asked");
    cr_assert_eq(world_run(&world, ask, &round), ERR_OK, "%s", world.err.detail);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct replica row = taken(answer(others[i], true));
        cr_assert_eq(row.check_round, 0, "round %lld", (long long)others[i]);
        cr_assert_not(row.check_passed);
        cr_assert(row.ready, "the rest of the item is taken");
    }
    cr_assert(taken(answer(500, true)).check_passed);
    cr_assert_eq(world_run(&world, ask, &next), ERR_OK, "%s", world.err.detail);
    cr_assert_eq(taken(answer(500, true)).check_round, 500);
    struct replica row = taken(answer(450, false));
    cr_assert_eq(row.check_round, 450, "a lower number, for the check was edited");
    cr_assert_not(row.check_passed);
    cr_assert_str_eq(row.check_reason, "answered 500");
}
