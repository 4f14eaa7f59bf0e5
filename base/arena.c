/* A chain of malloc'ed blocks, newest first. Small requests are cut from the newest block; one that
 * does not fit opens a block at least twice as big, so that a big arena has few of them. Under
 * AddressSanitizer whatever has not been handed out is poisoned, with a gap between neighbours. */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
enum { ARENA_GAP_BYTES = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
enum { ARENA_GAP_BYTES = 0 };
#endif

enum {
    ARENA_ALIGNMENT = alignof(max_align_t),
    ARENA_FIRST_BLOCK_BYTES = 4096 - 64, /* with malloc's own header below a page */
    ARENA_BLOCK_BYTES_MAX = 1024 * 1024,
    EXIT_NO_MEMORY = 71 /* EX_OSERR of sysexits.h */
};

struct arena_block {
    struct arena_block *older;
    size_t capacity, filled;
    alignas(max_align_t) char bytes[];
};

static _Noreturn void die_of_memory(void)
{
    static const char line[] = "dogshore: out of memory\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written;
    _exit(EXIT_NO_MEMORY);
}

void *xmalloc(size_t bytes)
{
    void *memory = malloc(bytes > 0 ? bytes : 1);
    if (memory == NULL) die_of_memory();
    return memory;
}

void *xcalloc(size_t count, size_t item_bytes)
{
    bool empty = count == 0 || item_bytes == 0;
    void *memory = empty ? calloc(1, 1) : calloc(count, item_bytes);
    if (memory == NULL) die_of_memory();
    return memory;
}

void *xrealloc(void *memory, size_t bytes)
{
    void *moved = realloc(memory, bytes > 0 ? bytes : 1);
    if (moved == NULL) die_of_memory();
    return moved;
}

char *xstrdup(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(xmalloc(bytes), text, bytes);
}

void arena_init(struct arena *arena)
{
    *arena = (struct arena){.head = NULL};
}

static void block_free(struct arena_block *block)
{
    ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->capacity);
    free(block);
}

void arena_release(struct arena *arena)
{
    while (arena->head != NULL) {
        struct arena_block *older = arena->head->older;
        block_free(arena->head);
        arena->head = older;
    }
    arena->used_bytes = 0;
}

void arena_reset(struct arena *arena)
{
    while (arena->head != NULL && arena->head->older != NULL) {
        struct arena_block *older = arena->head->older;
        block_free(arena->head);
        arena->head = older;
    }
    if (arena->head != NULL) {
        arena->head->filled = 0;
        ASAN_POISON_MEMORY_REGION(arena->head->bytes, arena->head->capacity);
    }
    arena->used_bytes = 0;
}

static void block_open(struct arena *arena, size_t needed_bytes)
{
    size_t capacity = arena->head == NULL ? ARENA_FIRST_BLOCK_BYTES : arena->head->capacity * 2;
    if (capacity > ARENA_BLOCK_BYTES_MAX) capacity = ARENA_BLOCK_BYTES_MAX;
    if (capacity < needed_bytes) capacity = needed_bytes;
    struct arena_block *block = xmalloc(sizeof *block + capacity);
    block->older = arena->head;
    block->capacity = capacity;
    block->filled = 0;
    ASAN_POISON_MEMORY_REGION(block->bytes, capacity);
    arena->head = block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 4) die_of_memory();
    size_t asked_bytes = bytes > 0 ? bytes : 1;
    size_t mask = ARENA_ALIGNMENT - 1;
    size_t taken_bytes = ((asked_bytes + mask) & ~mask) + ARENA_GAP_BYTES;
    struct arena_block *block = arena->head;
    if (block == NULL || block->capacity - block->filled < taken_bytes) {
        block_open(arena, taken_bytes);
        block = arena->head;
    }
    void *memory = block->bytes + block->filled;
    block->filled += taken_bytes;
    arena->used_bytes += bytes;
    ASAN_UNPOISON_MEMORY_REGION(memory, asked_bytes);
    return memset(memory, 0, asked_bytes);
}

void *arena_alloc_array(struct arena *arena, size_t item_bytes, size_t count)
{
    size_t bytes;
    if (__builtin_mul_overflow(item_bytes, count, &bytes)) die_of_memory();
    return arena_alloc(arena, bytes);
}

void *arena_copy(struct arena *arena, const void *bytes, size_t count)
{
    void *copy = arena_alloc(arena, count);
    if (count > 0) memcpy(copy, bytes, count);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy(arena, text, strlen(text) + 1);
}

char *arena_strndup(struct arena *arena, const char *text, size_t bytes)
{
    if (text == NULL) return NULL;
    size_t length = strnlen(text, bytes);
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    assert(length >= 0);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}
