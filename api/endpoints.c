/* endpoints.c: where traffic goes now, as JSON or as lines of text.
 *
 * In: wanted, running, ready, on a node that is not lost. On a suspect node it stays, marked stale.
 * While traffic goes to the replicas of one template alone, the others are listed as previews of
 * weight 0.
 * A replica leaves this list in the commit that orders its stop and is left alone for its
 * template's drain_seconds after; so a client that refreshes within the smallest of them never
 * meets a stopped one. The body depends on the members alone, which is what the endpoints facet
 * moves with. */
#include "api/deployments.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/node_states.h"
#include "api/poll.h"
#include "api/view.h"
#include "base/json.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "wire/deployment_wire.h"

/* An empty list is worth another look soon. */
enum { EMPTY_REFRESH_SECONDS = 1 };

enum endpoint_role { ROLE_PREVIEW, ROLE_ACTIVE };
static const char *const role_words[] = {[ROLE_PREVIEW] = "preview", [ROLE_ACTIVE] = "active"};
static const int role_weights[] = {[ROLE_PREVIEW] = 0, [ROLE_ACTIVE] = 1};

struct endpoint {
    const struct replica *replica;
    bool stale;
    enum endpoint_role role;
};

struct endpoints {
    struct endpoint *items;
    size_t count;
    int64_t refresh_within_seconds;
};

static bool takes_traffic(const struct replica *replica)
{
    return replica->wanted == WANTED_RUN && replica->phase == REPLICA_RUNNING && replica->ready;
}

static enum endpoint_role role_of(const struct deployment *deployment,
                                  const struct replica *replica)
{
    bool active = deployment->active_hash == NULL ||
                  text_equal(deployment->active_hash, replica->template_hash);
    return active ? ROLE_ACTIVE : ROLE_PREVIEW;
}

static enum err_code gather(struct store_db *db, struct request *request,
                            const struct deployment *deployment, struct endpoints *endpoints,
                            struct err *err)
{
    struct replica *replicas;
    size_t count;
    TRY(replicas_for_pass(db, &request->arena, deployment->uid, &replicas, &count, err));
    auto_node_states states;
    node_states_init(&states, db, &request->arena);
    endpoints->items = ARENA_ARRAY(&request->arena, struct endpoint, count);
    for (size_t i = 0; i < count; i++) {
        enum replica_presence presence;
        if (!takes_traffic(&replicas[i])) continue;
        TRY(node_states_presence(&states, &replicas[i], &presence, NULL, err));
        if (presence == PRESENCE_LOST) continue;
        endpoints->items[endpoints->count++] = (struct endpoint){
            &replicas[i], presence == PRESENCE_UNKNOWN, role_of(deployment, &replicas[i])};
    }
    return ERR_OK;
}

/* ERR_OK and *seconds untouched when the revision is gone. */
static enum err_code drain_of(struct store_db *db, struct request *request, const char *uid,
                              const char *template_hash, int64_t *seconds, struct err *err)
{
    struct revision revision;
    struct template template;
    struct err missing;
    enum err_code code =
        revisions_get_hash(db, &request->arena, uid, template_hash, &revision, &missing);
    if (code == ERR_NOT_FOUND) return ERR_OK;
    if (code != ERR_OK) return err_copy(err, &missing);
    TRY(template_parse(&request->arena, revision.template_json, &template, err));
    if (*seconds < 0 || template.stop.drain_seconds < *seconds)
        *seconds = template.stop.drain_seconds;
    return ERR_OK;
}

/* Replicas of few templates run at a time, mostly one after the other. */
static enum err_code find_refresh(struct store_db *db, struct request *request, const char *uid,
                                  struct endpoints *endpoints, struct err *err)
{
    int64_t seconds = -1;
    const char *last = NULL;
    for (size_t i = 0; i < endpoints->count; i++) {
        const char *hash = endpoints->items[i].replica->template_hash;
        if (text_equal(hash, last)) continue;
        TRY(drain_of(db, request, uid, hash, &seconds, err));
        last = hash;
    }
    endpoints->refresh_within_seconds = seconds < 0 ? EMPTY_REFRESH_SECONDS : seconds;
    return ERR_OK;
}

/* `host:port weight role` lines; one without a port takes no connections and has no line. */
static void write_text(struct reply *reply, const struct endpoints *endpoints)
{
    reply->content_type = "text/plain; charset=utf-8";
    for (size_t i = 0; i < endpoints->count; i++) {
        const struct replica *replica = endpoints->items[i].replica;
        int64_t port = ports_get(&replica->ports, NULL);
        if (port == 0 || replica->address == NULL) continue;
        enum endpoint_role role = endpoints->items[i].role;
        text_add_authority(&reply->body, replica->address, port);
        text_printf(&reply->body, " %d %s\n", role_weights[role], role_words[role]);
    }
}

static void write_ports(struct json_writer *writer, const struct ports *ports)
{
    json_key(writer, "ports");
    json_object_begin(writer);
    for (size_t i = 0; i < ports->count; i++)
        json_put_int(writer, ports->items[i].name, ports->items[i].number);
    json_object_end(writer);
}

static void write_endpoint(struct json_writer *writer, const struct endpoint *endpoint)
{
    json_object_begin(writer);
    json_put_string(writer, "replica", endpoint->replica->id);
    json_put_string(writer, "address", endpoint->replica->address);
    write_ports(writer, &endpoint->replica->ports);
    json_put_int(writer, "weight", role_weights[endpoint->role]);
    json_put_string(writer, "role", role_words[endpoint->role]);
    json_put_bool(writer, "ready", true);
    json_put_bool(writer, "stale", endpoint->stale);
    json_object_end(writer);
}

static void write_json(struct reply *reply, const struct endpoints *endpoints)
{
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_key(&writer, "endpoints");
    json_array_begin(&writer);
    for (size_t i = 0; i < endpoints->count; i++)
        write_endpoint(&writer, &endpoints->items[i]);
    json_array_end(&writer);
    json_put_int(&writer, "refresh_within_seconds", endpoints->refresh_within_seconds);
    json_put_int(&writer, "index", reply->index);
    json_object_end(&writer);
}

API_READ(endpoints_read)
{
    struct deployment deployment;
    bool as_text = view_is_text(request);
    TRY(deployment_load(db, request, &deployment, err));
    TRY(poll_object(db, request, reply, deployment.endpoints_index, err));
    etag_set_tail(reply, request, 0, deployment.endpoints_index, as_text ? ".text" : "");
    if (etag_not_modified(request, reply)) return ERR_OK;
    struct endpoints endpoints = {0};
    TRY(gather(db, request, &deployment, &endpoints, err));
    TRY(find_refresh(db, request, deployment.uid, &endpoints, err));
    if (as_text)
        write_text(reply, &endpoints);
    else
        write_json(reply, &endpoints);
    return ERR_OK;
}
