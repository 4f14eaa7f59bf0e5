/* ports.h: the ports that this node gives to its replicas.
 *
 * A port is picked from the range at random, is no other replica's and nothing listens on it (it
 * could be bound); it stays the replica's across attempts until it is given back. Threads: one.
 */
#ifndef DOGSHORE_AGENT_PORTS_H
#define DOGSHORE_AGENT_PORTS_H

#include "base/err.h"

#include <stdint.h>

struct port_range;

/* "20000-29999" */
enum err_code port_range_open(struct port_range **range, const char *text, struct err *err);
void port_range_close(struct port_range *range);
/* ERR_LIMIT: every port of the range is taken. */
enum err_code port_take(struct port_range *range, int64_t *port, struct err *err);
/* One that a replica had in an earlier life of the agent; any number, also out of the range. */
void port_reserve(struct port_range *range, int64_t port);
void port_give_back(struct port_range *range, int64_t port);

#endif
