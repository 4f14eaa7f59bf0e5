/* metrics.c: what a scrape gets: all that the server counts, in the format that it asks for. */
#include "api/api.h"
#include "api/handlers.h"
#include "api/view.h"

API_READ(metrics_read)
{
    bool open_metrics = view_prefers(request, "application/openmetrics-text", "text/plain");
    enum exposition_format format = open_metrics ? EXPOSITION_OPENMETRICS : EXPOSITION_PROMETHEUS;
    const struct api *api = request->api;
    reply->content_type = exposition_media_types[format];
    reply->no_store = true;
    return api->metrics(api->self, db, format, &reply->body, err);
}
