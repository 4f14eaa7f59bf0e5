/* container_of.h: from a member to the structure that it lies in. */
#ifndef DOGSHORE_BASE_CONTAINER_OF_H
#define DOGSHORE_BASE_CONTAINER_OF_H

#include <stddef.h>

#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
