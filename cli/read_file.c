#include "cli/read_file.h"

#include "base/arena.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static enum err_code read_all(int fd, const char *path, size_t most, struct text *text,
                              struct err *err)
{
    char part[16384];
    ssize_t count;
    while ((count = read(fd, part, sizeof part)) != 0) {
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
        text_append(text, part, (size_t)count);
        if (text->length > most)
            return err_set(err, ERR_IO, "%s: is larger than %zu bytes", path, most);
    }
    return ERR_OK;
}

enum err_code read_file(struct arena *arena, const char *path, size_t most,
                        struct file_content *content, struct err *err)
{
    bool is_input = text_equal(path, "-");
    const char *name = is_input ? "standard input" : path;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_set(err, ERR_IO, "%s: %s", name, strerror(errno));
    struct stat stat = {0};
    (void)fstat(fd, &stat);
    struct text text;
    text_init(&text, arena);
    enum err_code code = read_all(fd, name, most, &text, err);
    if (!is_input) close(fd);
    if (code != ERR_OK) return code;
    *content = (struct file_content){
        .bytes = text_string(&text),
        .count = text.length,
        .readable_by_others = S_ISREG(stat.st_mode) && (stat.st_mode & (S_IRGRP | S_IROTH)) != 0,
    };
    return ERR_OK;
}
