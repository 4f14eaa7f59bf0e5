#include "agent/identity.h"

#include "agent/files.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { WRITABLE_BY_OTHERS = S_IWGRP | S_IWOTH, PID_BYTES = 24, SECRET_BYTES_MAX = 4096 };

static enum err_code fail(struct err *err, const char *verb, const char *path)
{
    return err_set(err, ERR_CONFIG, "cannot %s %s: %s", verb, path, strerrordesc_np(errno));
}

/* --- folders ---------------------------------------------------------------------------------- */

enum err_code identity_folder(struct arena *arena, const char *path, const char **real_path,
                              struct err *err)
{
    struct stat status;
    char real[PATH_MAX];
    if (mkdir(path, 0700) != 0 && errno != EEXIST) return fail(err, "make", path);
    if (realpath(path, real) == NULL || stat(real, &status) != 0) return fail(err, "use", path);
    if (!S_ISDIR(status.st_mode)) return err_set(err, ERR_CONFIG, "%s is not a directory", path);
    if (status.st_uid != geteuid())
        return err_set(err, ERR_CONFIG, "%s belongs to user %u, not to user %u who runs this", path,
                       status.st_uid, geteuid());
    if ((status.st_mode & WRITABLE_BY_OTHERS) != 0)
        return err_set(err, ERR_CONFIG, "%s may be written by others (mode %04o); chmod 0700 it",
                       path, status.st_mode & 07777);
    if (access(real, R_OK | W_OK | X_OK) != 0) return fail(err, "use", path);
    *real_path = arena_strdup(arena, real);
    return ERR_OK;
}

static enum err_code in_use(const char *dir, int fd, struct err *err)
{
    char pid[PID_BYTES] = "";
    int64_t number;
    ssize_t length = pread(fd, pid, sizeof pid - 1, 0);
    pid[length > 0 ? strcspn(pid, "\n") : 0] = '\0';
    if (!text_to_int64(pid, 1, INT_MAX, &number))
        return err_set(err, ERR_CONFIG, "%s is in use by another agent", dir);
    return err_set(err, ERR_CONFIG, "%s is in use by another agent, process %d", dir, (int)number);
}

static enum err_code write_pid(int fd, const char *path, struct err *err)
{
    char pid[PID_BYTES];
    int length = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)length, 0) == length) return ERR_OK;
    return fail(err, "write", path);
}

/* The descriptor stays open: the lock is the process's. */
enum err_code identity_lock(const char *dir, const char *name, struct err *err)
{
    char path[PATH_MAX];
    enum err_code code;
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        return err_set(err, ERR_CONFIG, "the path of %.200s… is too long", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return fail(err, "open", path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        code = write_pid(fd, path, err);
    else if (errno == EWOULDBLOCK)
        code = in_use(dir, fd, err);
    else
        code = fail(err, "lock", path);
    if (code != ERR_OK) close(fd);
    return code;
}

enum err_code identity_lock_folder(const char *dir, struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail(err, "open", dir);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return ERR_OK;
    enum err_code code = errno == EWOULDBLOCK
                             ? err_set(err, ERR_CONFIG, "%s is in use by another agent", dir)
                             : fail(err, "lock", dir);
    close(fd);
    return code;
}

/* --- secrets ---------------------------------------------------------------------------------- */

enum err_code identity_read_secret(struct arena *arena, const char *path, const char **secret,
                                   struct err *err)
{
    char *bytes;
    size_t count;
    TRY(file_read(arena, path, SECRET_BYTES_MAX, &bytes, &count, err));
    bytes[strcspn(bytes, "\r\n")] = '\0';
    if (*bytes == '\0') return err_set(err, ERR_CONFIG, "%s is empty", path);
    if (strlen(bytes) > LIMIT_TOKEN_BYTES)
        return err_set(err, ERR_CONFIG, "%s holds no token: its first line is too long", path);
    *secret = bytes;
    return ERR_OK;
}

enum err_code identity_token(struct arena *arena, const char *state_dir, const char **token,
                             struct err *err)
{
    const char *path = arena_printf(arena, "%s/token", state_dir);
    struct err problem;
    enum err_code code = identity_read_secret(arena, path, token, &problem);
    if (code == ERR_OK) return ERR_OK;
    if (code != ERR_NOT_FOUND) return err_set(err, ERR_CONFIG, "%s", problem.detail);
    char made[CRYPTO_TOKEN_TEXT_BYTES];
    crypto_token("dgn_", made);
    const char *line = arena_printf(arena, "%s\n", made);
    if (file_replace(path, line, strlen(line), true, &problem) != ERR_OK)
        return err_set(err, ERR_CONFIG, "%s", problem.detail);
    *token = arena_strdup(arena, made);
    return ERR_OK;
}

/* --- this machine ----------------------------------------------------------------------------- */

enum err_code identity_boot_id(struct arena *arena, const char **boot_id, struct err *err)
{
    return identity_read_secret(arena, "/proc/sys/kernel/random/boot_id", boot_id, err);
}

/* "https://[::1]:7420/prefix" → "::1", "7420" */
static void split_url(struct arena *arena, const char *url, const char **host, const char **port)
{
    const char *scheme_end = strstr(url, "://");
    const char *at = scheme_end == NULL ? url : scheme_end + 3;
    *port = text_starts(url, "https") ? "443" : "80";
    size_t bytes = strcspn(at, "/?#");
    const char *authority = arena_strndup(arena, at, bytes);
    if (*authority == '[') {
        bytes = strcspn(authority, "]");
        *host = arena_strndup(arena, authority + 1, bytes - 1);
        authority += bytes;
    } else {
        bytes = strcspn(authority, ":");
        *host = arena_strndup(arena, authority, bytes);
        authority += bytes;
    }
    const char *colon = strchr(authority, ':');
    if (colon != NULL) *port = colon + 1;
}

/* Connecting a datagram socket only chooses a route. */
static bool local_end(struct arena *arena, const struct addrinfo *to, const char **address)
{
    struct sockaddr_storage local;
    socklen_t bytes = sizeof local;
    char name[NI_MAXHOST];
    int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    bool found = connect(fd, to->ai_addr, to->ai_addrlen) == 0 &&
                 getsockname(fd, (struct sockaddr *)&local, &bytes) == 0 &&
                 getnameinfo((const struct sockaddr *)&local, bytes, name, sizeof name, NULL, 0,
                             NI_NUMERICHOST) == 0;
    close(fd);
    if (found) *address = arena_strdup(arena, name);
    return found;
}

enum err_code identity_address(struct arena *arena, const char *server, const char **address,
                               struct err *err)
{
    const char *host, *port;
    struct addrinfo *all = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    split_url(arena, server, &host, &port);
    int problem = getaddrinfo(host, port, &hints, &all);
    bool found = false;
    for (const struct addrinfo *one = all; one != NULL && !found; one = one->ai_next)
        found = local_end(arena, one, address);
    if (all != NULL) freeaddrinfo(all);
    if (found) return ERR_OK;
    return err_set(err, ERR_IO, "no local address towards %s (%s); give it as --address", server,
                   problem == 0 ? "no route" : gai_strerror(problem));
}
