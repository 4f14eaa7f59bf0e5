/* view.h: what of an object a request may see, and in which form. */
#ifndef DOGSHORE_API_VIEW_H
#define DOGSHORE_API_VIEW_H

#include "api/request.h"
#include "wire/deployment_wire.h"

/* env in clear from scope deploy on, masked below. */
struct env_mask view_env_mask(const struct request *request);
/* The client would rather have lines of text than JSON (RFC 9110 §12.5.1). */
bool view_is_text(const struct request *request);
/* Is `type` liked better than `other` by the Accept header? Without one it is not. */
bool view_prefers(const struct request *request, const char *type, const char *other);
/* It names text/event-stream and would rather have it than JSON. */
bool view_is_stream(const struct request *request);
/* One number for route, masking and media type: bodies of one facet differ by nothing else. */
unsigned view_number(const struct request *request);
/* ?cluster=, else the token's own; NULL = every cluster. What lists are filtered by. */
const char *view_cluster(struct request *request);
/* May objects of this cluster be seen? To others they do not exist. */
bool view_shows_cluster(const struct request *request, const char *cluster);

#endif
