/* arena.h: memory of one request or one pass, freed as a whole.
 *
 * Ownership: whoever calls arena_init() calls arena_release(). A function that returns memory takes
 * a `struct arena *`; every other pointer is borrowed for the call. Threads: an arena belongs to
 * one thread at a time and may be handed over. Out of memory is a clean exit (71), never NULL.
 */
#ifndef DOGSHORE_BASE_ARENA_H
#define DOGSHORE_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *head;
    size_t used_bytes; /* asked for since init or reset */
};

void arena_init(struct arena *arena);
void arena_release(struct arena *arena);
/* Keeps the first block, so that a loop does not go to malloc each time. */
void arena_reset(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t bytes); /* zeroed, aligned to max_align_t */
void *arena_copy(struct arena *arena, const void *bytes, size_t count);
char *arena_strdup(struct arena *arena, const char *text); /* NULL in, NULL out */
char *arena_strndup(struct arena *arena, const char *text, size_t bytes);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc_array((arena), sizeof(type), (count)))
void *arena_alloc_array(struct arena *arena, size_t item_bytes, size_t count); /* overflow exits */

/* malloc family for what outlives a request; failing is a clean exit (71). */
void *xmalloc(size_t bytes);
void *xcalloc(size_t count, size_t item_bytes);
void *xrealloc(void *memory, size_t bytes);
char *xstrdup(const char *text);

#define auto_arena __attribute__((cleanup(arena_release))) struct arena

#endif
