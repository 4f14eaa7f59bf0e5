/* worker.c: the two calls of an agent's life: what must run here (assignments), what does run here
 * (report). The arrival of either is the sign of life that liveness goes by, noted once per request
 * as it arrives: a parked poll that is read again proves nothing about its agent. */
#include "api/api.h"
#include "api/body.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/poll.h"
#include "base/json.h"
#include "base/map.h"
#include "scheduler/control.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/store.h"
#include "wire/object_wire.h"

#include <inttypes.h>

/* ---- assignments ---- */

API_DECODE(assignments_decode)
{
    (void)errors;
    (void)err;
    control_node_seen(request->api->control, request->params[0]);
    return ERR_OK;
}

/* With the check that it is asked for as a canary. */
static void write_assignment(struct json_writer *writer, const struct replica *replica,
                             const struct rollout_check *checks, size_t count)
{
    for (size_t i = 0; i < count && replica->wanted == WANTED_RUN; i++) {
        if (!text_equal(checks[i].uid, replica->deployment_uid)) continue;
        if (!text_equal(checks[i].template_hash, replica->template_hash)) continue;
        struct assigned_check check = {.round = checks[i].round, .check = checks[i].check};
        assignment_render(writer, replica, &check);
        return;
    }
    assignment_render(writer, replica, NULL);
}

/* Replicas that this database does not know and that are to be stopped. */
static void write_orphans(struct json_writer *writer, const struct strings *orphans)
{
    for (size_t i = 0; i < orphans->count; i++) {
        struct replica orphan = {.id = orphans->items[i], .wanted = WANTED_STOP};
        assignment_render(writer, &orphan, NULL);
    }
}

/* Whole, with its defaults and env in clear: the agent needs no knowledge of them. */
static enum err_code write_template(struct store_db *db, struct request *request,
                                    struct json_writer *writer, const struct replica *replica,
                                    struct err *err)
{
    struct revision revision;
    struct template template;
    struct err missing;
    enum err_code code = revisions_get_hash(db, &request->arena, replica->deployment_uid,
                                            replica->template_hash, &revision, &missing);
    if (code == ERR_NOT_FOUND) return ERR_OK;
    if (code != ERR_OK) return err_copy(err, &missing);
    TRY(template_parse(&request->arena, revision.template_json, &template, err));
    json_key(writer, replica->template_hash);
    template_render(writer, &template, (struct env_mask){NULL});
    return ERR_OK;
}

/* Each template once, of replicas assigned after `since`. */
static enum err_code write_templates(struct store_db *db, struct request *request,
                                     struct json_writer *writer, const struct replica *items,
                                     size_t count, int64_t since, struct err *err)
{
    struct map written;
    map_init(&written);
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < count && code == ERR_OK; i++) {
        const char *hash = items[i].template_hash;
        if (items[i].assigned_index <= since || map_get(&written, hash) != NULL) continue;
        map_put(&written, hash, &written);
        code = write_template(db, request, writer, &items[i], err);
    }
    map_release(&written);
    return code;
}

/* What the agent has: nothing when its index is not of this snapshot's past. */
static enum err_code known_index(struct store_db *db, const struct request *request, int64_t *since,
                                 struct err *err)
{
    int64_t newest;
    TRY(store_newest_index(db, &newest, err));
    int64_t first = store_first_index(request->api->store);
    bool known = request->watch_index > first && request->watch_index <= newest;
    *since = known ? request->watch_index : 0;
    return ERR_OK;
}

static enum err_code write_assignments(struct store_db *db, struct request *request,
                                       struct reply *reply, const struct node *node,
                                       struct err *err)
{
    struct replica *items;
    size_t count;
    struct rollout_check *checks;
    size_t check_count;
    struct strings orphans;
    int64_t since;
    TRY(rollouts_checks_on_node(db, &request->arena, node->name, &checks, &check_count, err));
    TRY(replicas_on_node(db, &request->arena, node->name, &items, &count, err));
    TRY(node_orphans_stopped(db, &request->arena, node->name, &orphans, err));
    TRY(known_index(db, request, &since, err));
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_put_int(&writer, "index", reply->index);
    json_put_int(&writer, "epoch", node->epoch);
    json_put_string(&writer, "incarnation", store_incarnation(request->api->store));
    json_put_int(&writer, "poll_wait_ms", control_poll_wait_ms(request->api->control));
    json_key(&writer, "replicas");
    json_array_begin(&writer);
    for (size_t i = 0; i < count; i++)
        write_assignment(&writer, &items[i], checks, check_count);
    write_orphans(&writer, &orphans);
    json_array_end(&writer);
    json_key(&writer, "templates");
    json_object_begin(&writer);
    TRY(write_templates(db, request, &writer, items, count, since, err));
    json_object_end(&writer);
    json_object_end(&writer);
    return ERR_OK;
}

/* Weak, for last_attempt follows the agent's own reports. An agent that names the tag of what it
 * has taken over costs one row here, however much runs on its node. */
static void set_tag(struct request *request, struct reply *reply, const struct node *node)
{
    const char *state =
        arena_printf(&request->arena, "%" PRId64 ".%" PRId64 ".%" PRId64, node->epoch,
                     node->assignments_index, control_poll_wait_ms(request->api->control));
    etag_set_weak(reply, request, state);
}

API_READ(assignments_read)
{
    struct node node;
    TRY(nodes_get(db, &request->arena, request->params[0], &node, err));
    TRY(poll_object(db, request, reply, node.assignments_index, err));
    reply->no_store = true;
    set_tag(request, reply, &node);
    if (etag_not_modified(request, reply)) return ERR_OK;
    return write_assignments(db, request, reply, &node, err);
}

/* ---- report ---- */

/* Samples are live data, taken here: a report of nothing else changes no row and needs no writer.
 */
API_DECODE(report_decode_request)
{
    const struct json *json;
    struct control *control = request->api->control;
    TRY(body_json(request, &json, err));
    struct report *report = ARENA_NEW(&request->arena, struct report);
    request->input = report;
    if (!report_decode(json, &request->arena, report, errors)) return ERR_OK;
    /* What a fenced agent says is no sign of life; the writer refuses it. */
    bool fenced = report->epoch != control_node_epoch(control, request->params[0]);
    if (!fenced) {
        control_node_seen(control, request->params[0]);
        control_node_samples(control, request->params[0], report->samples, report->sample_count);
    }
    request->answered = !fenced && !report->full && report->change_count == 0;
    return ERR_OK;
}

static void write_rejected(struct reply *reply, const struct report_result *result)
{
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_key(&writer, "rejected");
    json_array_begin(&writer);
    for (size_t i = 0; i < result->count; i++) {
        json_object_begin(&writer);
        json_put_string(&writer, "id", result->items[i].id);
        json_put_string(&writer, "code", result->items[i].code);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
}

API_APPLY(report_apply)
{
    struct report_result result = {0};
    TRY(control_report(request->api->control, tx, &request->arena, request->params[0],
                       request->input, &result, err));
    if (result.count > 0)
        write_rejected(reply, &result);
    else
        reply->status = 204;
    return ERR_OK;
}
