#include "base/notify.h"

#include "base/log.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

void notify_supervisor(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || (*path != '/' && *path != '@')) return;
    size_t bytes = strlen(path);
    if (bytes >= sizeof address.sun_path) return;
    memcpy(address.sun_path, path, bytes);
    if (*path == '@') address.sun_path[0] = '\0'; /* the abstract name space */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    socklen_t address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
    ssize_t sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                          address_bytes);
    if (sent < 0) log_message(LOG_WARN, "notify_failed", "%s: %s", path, strerror(errno));
    close(fd);
}
