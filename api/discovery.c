/* discovery.c: what Prometheus is to scrape (http_sd): the replicas of deployments that ask for it.
 *
 * A deployment asks by annotations that Prometheus users know: prometheus.io/scrape "true", and
 * prometheus.io/port (the name of a port; else the one named `metrics`, else the one that traffic
 * goes to), prometheus.io/path and prometheus.io/scheme; wire/annotation_rules.h refuses what
 * cannot be meant. A replica that is not ready is scraped, too: what it says of itself is wanted
 * most then; a label tells. One whose node is lost is not.
 *
 * Computed on the planner's thread, for the answer grows with what asked for it. */
#include "api/api.h"
#include "api/handlers.h"
#include "api/view.h"
#include "base/json.h"
#include "model/replica.h"
#include "store/scrape_targets.h"

#define META "__meta_dogshore_"

static const char *annotation(const struct scrape_target *target, const char *key)
{
    return pairs_get(&target->annotations, key);
}

/* 0: none to scrape. */
static int64_t port_of(const struct scrape_target *target)
{
    const char *asked = annotation(target, "prometheus.io/port");
    if (asked != NULL) return ports_get(&target->ports, asked);
    bool has_metrics = ports_has(&target->ports, "metrics");
    return ports_get(&target->ports, has_metrics ? "metrics" : NULL);
}

static bool is_there(const struct scrape_target *target)
{
    return presence_of_node_state(target->node_state) != PRESENCE_LOST;
}

static void write_address(struct json_writer *writer, struct arena *arena, const char *address,
                          int64_t port)
{
    struct text authority;
    text_init(&authority, arena);
    text_add_authority(&authority, address, port);
    json_key(writer, "targets");
    json_array_begin(writer);
    json_string(writer, text_string(&authority));
    json_array_end(writer);
}

/* What Prometheus makes of a name that is no label name. */
static const char *label_name(struct arena *arena, const char *key)
{
    static const char kept[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    char *name = arena_printf(arena, META "label_%s", key);
    for (char *c = name + strspn(name, kept); *c != '\0'; c += strspn(c, kept))
        *c = '_';
    return name;
}

/* Two keys may become one name: the first in order stands. */
static void write_labels_of_deployment(struct json_writer *writer, struct arena *arena,
                                       const struct pairs *labels)
{
    const char **names = ARENA_ARRAY(arena, const char *, labels->count);
    for (size_t i = 0; i < labels->count; i++) {
        bool taken = false;
        names[i] = label_name(arena, labels->items[i].key);
        for (size_t j = 0; j < i && !taken; j++)
            taken = text_equal(names[i], names[j]);
        if (!taken) json_put_string(writer, names[i], labels->items[i].value);
    }
}

static void write_where_to(struct json_writer *writer, struct arena *arena,
                           const struct scrape_target *target)
{
    const char *path = annotation(target, "prometheus.io/path");
    const char *scheme = annotation(target, "prometheus.io/scheme");
    bool secure = text_equal(scheme, "https");
    /* One that was stored before paths were checked may lack its slash. */
    const char *slash = path != NULL && *path != '/' ? "/" : "";
    if (path != NULL)
        json_put_string(writer, "__metrics_path__", arena_printf(arena, "%s%s", slash, path));
    json_put_string(writer, "__scheme__", secure ? "https" : "http");
}

static void write_target(struct json_writer *writer, struct arena *arena,
                         const struct scrape_target *target, int64_t port)
{
    bool active =
        target->active_hash == NULL || text_equal(target->active_hash, target->template_hash);
    json_object_begin(writer);
    write_address(writer, arena, target->address, port);
    json_key(writer, "labels");
    json_object_begin(writer);
    write_where_to(writer, arena, target);
    json_put_string(writer, META "cluster", target->cluster);
    json_put_string(writer, META "deployment", target->deployment);
    json_put_string(writer, META "node", target->node);
    json_put_string(writer, META "ready", target->ready ? "true" : "false");
    json_put_string(writer, META "replica", target->replica);
    json_put_string(writer, META "revision",
                    arena_printf(arena, "%lld", (long long)target->revision));
    json_put_string(writer, META "role", active ? "active" : "preview");
    if (target->version != NULL) json_put_string(writer, META "version", target->version);
    write_labels_of_deployment(writer, arena, &target->labels);
    json_object_end(writer);
    json_object_end(writer);
}

API_READ(prometheus_targets_read)
{
    struct scrape_target *targets;
    size_t count;
    struct arena *arena = &request->arena;
    TRY(scrape_targets(db, arena, view_cluster(request), &targets, &count, err));
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_array_begin(&writer);
    for (size_t i = 0; i < count; i++) {
        int64_t port = port_of(&targets[i]);
        if (port != 0 && is_there(&targets[i])) write_target(&writer, arena, &targets[i], port);
    }
    json_array_end(&writer);
    reply->no_store = true;
    return ERR_OK;
}
