/* fields.h: ?fields=name,status.state: of each object that a route shows, only these parts.
 *
 * A path names members as the object's field table knows them, from the object on; in labels,
 * annotations, env and ports any key fits, dots included, and in an event's data whatever comes. A
 * part that an object does not have (null above it, no such key) is left out, and nothing is added
 * that was not asked for. What is picked is the rendered object: masked values stay masked. The
 * ETag names the parts, too.
 */
#ifndef DOGSHORE_API_FIELDS_H
#define DOGSHORE_API_FIELDS_H

#include "api/request.h"

/* Reads ?fields= of routes that have it; request->fields stays NULL without one. ERR_BAD_PARAMETER
 * names an unknown path and the nearest known one. */
enum err_code fields_decode(struct request *request, struct err *err);
/* The route's read, then the parts of its answer that request->fields wants. */
enum err_code fields_read(struct store_db *db, struct request *request, struct reply *reply,
                          struct err *err);

#endif
