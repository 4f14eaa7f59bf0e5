#include "support/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_TIMEOUT_MS = 60000, FILE_BYTES_MAX = 4 * 1024 * 1024 };

void http_harness_failed(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fprintf(stderr, "test harness: ");
    vfprintf(stderr, format, values);
    fprintf(stderr, "\n");
    va_end(values);
    abort();
}

static void path_join(char out[HTTP_SERVER_PATH_BYTES], const char *folder, const char *name)
{
    int length = snprintf(out, HTTP_SERVER_PATH_BYTES, "%s/%s", folder, name);
    if (length >= HTTP_SERVER_PATH_BYTES) http_harness_failed("path too long: %s", folder);
}

static void open_notify_socket(struct http_server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s/notify", server->folder);
    server->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(server->notify_fd, (struct sockaddr *)&address, sizeof address) != 0)
        http_harness_failed("notify socket: %s", strerror(errno));
}

static void make_folder(struct http_server *server)
{
    if (server->folder[0] != '\0') return;
    snprintf(server->folder, sizeof server->folder, "/tmp/dogshore-http.XXXXXX");
    if (mkdtemp(server->folder) == NULL) http_harness_failed("mkdtemp: %s", strerror(errno));
    path_join(server->data_dir, server->folder, "data");
    open_notify_socket(server);
}

static void child_environment(const struct http_server *server)
{
    char path[HTTP_SERVER_PATH_BYTES];
    path_join(path, server->folder, "notify");
    setenv("NOTIFY_SOCKET", path, 1);
    /* A test may give these as flags, which win. */
    setenv("DOGSHORE_DATA_DIR", server->data_dir, 1);
    setenv("DOGSHORE_LISTEN", "127.0.0.1:0", 1);
    if (server->failpoints != NULL)
        setenv("DOGSHORE_FAILPOINTS", server->failpoints, 1);
    else
        unsetenv("DOGSHORE_FAILPOINTS");
    path_join(path, server->folder, "log");
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0) _exit(126);
    if (server->open_files == 0) return;
    struct rlimit limit = {server->open_files, server->open_files};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) _exit(126);
}

static _Noreturn void become_server(const struct http_server *server, pid_t parent)
{
    const char *arguments[1 + HTTP_SERVER_ARGUMENTS + 1] = {"dogshored"};
    for (size_t i = 0; i < HTTP_SERVER_ARGUMENTS && server->arguments[i] != NULL; i++)
        arguments[1 + i] = server->arguments[i];
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    child_environment(server);
    const char *program = getenv("DOGSHORE_SERVER");
    execv(program != NULL ? program : DOGSHORE_SERVER_PROGRAM, (char *const *)arguments);
    _exit(127);
}

static void spawn(struct http_server *server)
{
    make_folder(server);
    pid_t parent = getpid();
    server->pid = fork();
    if (server->pid < 0) http_harness_failed("fork: %s", strerror(errno));
    if (server->pid == 0) become_server(server, parent);
}

/* Until READY=1, or the child's end. */
static void await_ready(struct http_server *server)
{
    int pid_fd = (int)syscall(SYS_pidfd_open, server->pid, 0);
    struct pollfd files[] = {{.fd = server->notify_fd, .events = POLLIN},
                             {.fd = pid_fd, .events = POLLIN}};
    char message[64] = "";
    while (strcmp(message, "READY=1") != 0) {
        if (poll(files, 2, START_TIMEOUT_MS) <= 0) http_harness_failed("server does not start");
        if (files[1].revents != 0) {
            char *log = http_server_log(server);
            http_harness_failed("server ended at start:\n%s", log);
        }
        ssize_t count = recv(server->notify_fd, message, sizeof message - 1, 0);
        message[count < 0 ? 0 : count] = '\0';
    }
    close(pid_fd);
}

static void copy_file(const struct http_server *server, const char *name, char *out, size_t bytes)
{
    char *text = http_server_file(server, name);
    snprintf(out, bytes, "%s", text == NULL ? "" : text);
    free(text);
}

void http_server_start(struct http_server *server)
{
    spawn(server);
    await_ready(server);
    copy_file(server, "listen", server->address, sizeof server->address);
    copy_file(server, "admin.token", server->admin_token, sizeof server->admin_token);
    copy_file(server, "join.token", server->join_token, sizeof server->join_token);
    const char *colon = strrchr(server->address, ':');
    if (colon == NULL) http_harness_failed("file listen: \"%s\"", server->address);
    server->port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

int http_server_run(struct http_server *server)
{
    spawn(server);
    return http_server_wait(server);
}

void http_server_signal(const struct http_server *server, int number)
{
    if (server->pid <= 0) http_harness_failed("no server runs");
    kill(server->pid, number);
}

int http_server_wait(struct http_server *server)
{
    int status;
    pid_t got;
    do {
        got = waitpid(server->pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    if (got != server->pid) http_harness_failed("waitpid: %s", strerror(errno));
    server->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int http_server_stop(struct http_server *server)
{
    http_server_signal(server, SIGTERM);
    return http_server_wait(server);
}

void http_server_kill(struct http_server *server)
{
    http_server_signal(server, SIGKILL);
    http_server_wait(server);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

void http_server_release(struct http_server *server)
{
    int status = server->pid > 0 ? http_server_stop(server) : 0;
    if (status != 0) {
        char *log = http_server_log(server);
        http_harness_failed("server ended with status %d; its log:\n%s", status, log);
    }
    close(server->notify_fd);
    nftw(server->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    memset(server, 0, sizeof *server);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) return NULL;
    char *text = malloc(FILE_BYTES_MAX + 1);
    size_t count = fread(text, 1, FILE_BYTES_MAX, file);
    text[count] = '\0';
    fclose(file);
    return text;
}

char *http_server_log(const struct http_server *server)
{
    char path[HTTP_SERVER_PATH_BYTES];
    path_join(path, server->folder, "log");
    return read_file(path);
}

char *http_server_file(const struct http_server *server, const char *name)
{
    char path[HTTP_SERVER_PATH_BYTES];
    path_join(path, server->data_dir, name);
    char *text = read_file(path);
    size_t length = text == NULL ? 0 : strlen(text);
    if (length > 0 && text[length - 1] == '\n') text[length - 1] = '\0';
    return text;
}
