#include "api/view.h"

#include "api/api.h"
#include "api/query.h"
#include "api/routes.h"
#include "store/store.h"

#include <strings.h>

struct env_mask view_env_mask(const struct request *request)
{
    bool in_clear = !request->principal.anonymous && request->principal.scope >= TOKEN_DEPLOY;
    return (struct env_mask){in_clear ? NULL : store_hash_key(request->api->store)};
}

/* In rising order. */
enum exactness { NAMED_NOT, NAMED_AS_ANY, NAMED_BY_MAJOR, NAMED_IN_FULL };

/* How much an Accept header likes a media type: its weight in thousandths and, to break ties, how
 * exactly it was named. */
struct liking {
    int weight;
    enum exactness exactness;
};

static enum exactness exactness_of(const char *range, size_t bytes, const char *type)
{
    size_t major = strcspn(type, "/") + 1;
    if (bytes == strlen(type) && strncasecmp(range, type, bytes) == 0) return NAMED_IN_FULL;
    if (bytes == major + 1 && range[major] == '*' && strncasecmp(range, type, major) == 0)
        return NAMED_BY_MAJOR;
    return bytes == 3 && strncmp(range, "*/*", 3) == 0 ? NAMED_AS_ANY : NAMED_NOT;
}

/* The weight of one range, of "; q=0.8". */
static int weight_of(const char *parameters, size_t bytes)
{
    for (size_t i = 0; i + 2 < bytes; i++) {
        if (strncasecmp(parameters + i, "q=", 2) != 0) continue;
        int weight = parameters[i + 2] == '1' ? 1000 : 0;
        if (i + 4 >= bytes || parameters[i + 3] != '.') return weight;
        int unit = 100;
        for (size_t j = i + 4; j < bytes && parameters[j] >= '0' && parameters[j] <= '9'; j++) {
            weight += unit * (parameters[j] - '0');
            unit /= 10;
        }
        return weight;
    }
    return 1000;
}

static struct liking liking_of(const char *accept, const char *type)
{
    struct liking liking = {0};
    for (const char *at = accept; *at != '\0';) {
        at += strspn(at, " \t,");
        size_t item = strcspn(at, ",");
        size_t range = strcspn(at, ";, \t");
        enum exactness exactness = exactness_of(at, range, type);
        if (exactness > liking.exactness)
            liking = (struct liking){weight_of(at + range, item - range), exactness};
        at += item;
    }
    return liking;
}

bool view_prefers(const struct request *request, const char *type, const char *other)
{
    if (request->accept == NULL) return false;
    struct liking liking = liking_of(request->accept, type);
    struct liking others = liking_of(request->accept, other);
    if (liking.weight != others.weight) return liking.weight > others.weight;
    return liking.exactness > others.exactness && liking.weight > 0;
}

bool view_is_text(const struct request *request)
{
    return view_prefers(request, "text/plain", "application/json");
}

bool view_is_stream(const struct request *request)
{
    static const char type[] = "text/event-stream";
    return view_prefers(request, type, "application/json") &&
           liking_of(request->accept, type).exactness == NAMED_IN_FULL;
}

unsigned view_number(const struct request *request)
{
    unsigned masked = view_env_mask(request).key != NULL ? 1 : 0;
    unsigned text = view_is_text(request) ? 1 : 0;
    return (unsigned)(request->route - routes) << 2 | masked << 1 | text;
}

const char *view_cluster(struct request *request)
{
    const char *asked = query_text(request, "cluster");
    return asked != NULL ? asked : request->principal.cluster;
}

bool view_shows_cluster(const struct request *request, const char *cluster)
{
    return request->principal.cluster == NULL || text_equal(request->principal.cluster, cluster);
}
