/* life.h: a restore begins a new life of the database (private to store/).
 *
 * The former life may have gone on after the backup was taken. Its indexes and replica numbers must
 * not be given again: a client that waits for "above 440" or a node that runs web-00003k would take
 * one thing for another. So the counters of a new life go on in a range of their own: the bits
 * above LIFE_BITS name the life. Of two restores of the same backup the second is above the first
 * when that is what it moves aside; elsewhere nobody knows of it, and the random step to the next
 * life makes them differ. A database that was never restored is in life 0.
 */
#ifndef DOGSHORE_STORE_LIFE_H
#define DOGSHORE_STORE_LIFE_H

#include <stdint.h>

/* Numbers stay below 2^53, which JSON holds exactly: about a thousand restores in a row. */
enum { LIFE_BITS = 32, LIFE_STEP_MOST = 4096, LIFE_MAX = (1 << (53 - LIFE_BITS)) - 1 };

static inline int64_t life_of(int64_t number)
{
    return number >> LIFE_BITS;
}

/* The first number of its life. */
static inline int64_t life_first(int64_t number)
{
    return life_of(number) << LIFE_BITS;
}

#endif
