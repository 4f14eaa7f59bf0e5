#include "agent/log_tail.h"

#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[64], log[80], older[80], other[80];
    struct arena arena;
};

static void folder_make(struct folder *folder)
{
    snprintf(folder->path, sizeof folder->path, "/tmp/dogshore-log-tail-XXXXXX");
    cr_assert_not_null(mkdtemp(folder->path));
    snprintf(folder->log, sizeof folder->log, "%s/log", folder->path);
    snprintf(folder->older, sizeof folder->older, "%s/log.1", folder->path);
    snprintf(folder->other, sizeof folder->other, "%s/other", folder->path);
    arena_init(&folder->arena);
}

static void folder_remove(struct folder *folder)
{
    unlink(folder->log);
    unlink(folder->older);
    unlink(folder->other);
    cr_assert_eq(rmdir(folder->path), 0);
    arena_release(&folder->arena);
}

static void put(const char *path, const char *bytes, size_t count)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

struct example {
    const char *log, *older; /* NULL: there is no such file */
    size_t max_bytes;
    const char *tail;
};

static const struct example examples[] = {
    {NULL, NULL, 100, ""},
    {"", NULL, 100, ""},
    {"one\ntwo\n", NULL, 100, "one\ntwo\n"},
    {"one\ntwo", NULL, 100, "one\ntwo"},
    {"one\ntwo\nthree\n", NULL, 10, "two\nthree\n"},
    {"one\ntwo\nthree\n", NULL, 9, "three\n"},
    {"one\ntwo\nthree\n", NULL, 6, "three\n"},
    {"one\ntwo\nthree\n", NULL, 5, "hree\n"},
    {"one\ntwo\nthree\n", NULL, 14, "one\ntwo\nthree\n"},
    {"one\ntwo\nthree\n", NULL, 0, ""},
    {"abcdefghij", NULL, 4, "ghij"},
    {"abcd\xc3\xa4xyz", NULL, 4, "xyz"},
    {"three\n", "one\ntwo\n", 100, "one\ntwo\nthree\n"},
    {"three\n", "one\ntwo\n", 10, "two\nthree\n"},
    {"three\n", "one\ntwo\n", 9, "wo\nthree\n"},
    {"three\n", "one\ntwo\n", 6, "three\n"},
    {"", "one\ntwo\n", 100, "one\ntwo\n"},
    {NULL, "one\ntwo\n", 4, "two\n"},
    {"two\nthree\n", "one\n", 9, "three\n"}, /* nothing of what came before a gap */
    {"half", "a line\nthe first ", 100, "a line\nthe first half"},
    {"red \x1b[31m bell \x07 tab\t\xff\r\n", NULL, 100, "red ?[31m bell ? tab\t??\n"},
    {"caf\xc3\xa9 \xe2\x9c\x93\n", NULL, 100, "caf\xc3\xa9 \xe2\x9c\x93\n"},
};

Test(log_tail, the_last_whole_lines_are_read)
{
    struct folder folder;
    folder_make(&folder);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *example = &examples[i];
        unlink(folder.log);
        unlink(folder.older);
        if (example->log) put(folder.log, example->log, strlen(example->log));
        if (example->older) put(folder.older, example->older, strlen(example->older));
        const char *tail = log_tail_read(&folder.arena, folder.log, example->max_bytes);
        cr_assert_str_eq(tail, example->tail, "example %zu gave '%s'", i, tail);
        cr_assert(strlen(tail) <= example->max_bytes);
    }
    folder_remove(&folder);
}

Test(log_tail, of_a_large_log_only_the_end_is_read)
{
    struct folder folder;
    struct stat info;
    folder_make(&folder);
    put(folder.log, "", 0);
    cr_assert_eq(truncate(folder.log, (off_t)8 << 30), 0); /* sparse: 8 GiB of NULs */
    FILE *file = fopen(folder.log, "a");
    fputs("\nthe end\n", file);
    fclose(file);
    cr_assert_eq(stat(folder.log, &info), 0);
    cr_assert_str_eq(log_tail_read(&folder.arena, folder.log, 100), "the end\n");
    cr_assert(folder.arena.used_bytes < 4096);
    folder_remove(&folder);
}

Test(log_tail, nul_bytes_are_shown_as_question_marks)
{
    struct folder folder;
    folder_make(&folder);
    put(folder.log, "a\0b\n", 4);
    cr_assert_str_eq(log_tail_read(&folder.arena, folder.log, 100), "a?b\n");
    folder_remove(&folder);
}

Test(log_tail, links_and_pipes_in_place_of_the_log_are_not_followed)
{
    struct folder folder;
    folder_make(&folder);
    put(folder.other, "a secret\n", 9);
    cr_assert_eq(symlink(folder.other, folder.log), 0);
    cr_assert_eq(mkfifo(folder.older, 0600), 0);
    cr_assert_str_eq(log_tail_read(&folder.arena, folder.log, 100), "");
    folder_remove(&folder);
}
