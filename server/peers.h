/* peers.h: how many connections each address has open, over all loops. Threads: any. */
#ifndef DOGSHORE_SERVER_PEERS_H
#define DOGSHORE_SERVER_PEERS_H

#include <stdbool.h>
#include <stdint.h>

struct peers;

/* limit 0 = none: nothing is counted. */
struct peers *peers_open(int64_t limit);
void peers_close(struct peers *peers);
/* False when the address is at its limit; it is counted all the same until peers_leave(). */
bool peers_enter(struct peers *peers, const char *address);
void peers_leave(struct peers *peers, const char *address);

#endif
