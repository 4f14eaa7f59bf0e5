/* census.c: dogshore-census: how many replica processes live and answer, seen from the processes.
 *
 * It asks no API. Every round it reads the pid files that nodes keep (shell workers:
 * STATE/<node>/replicas/<id>/pid; agents: STATE/<node>/run/<id>/<attempt>/pid), counts processes
 * that live (/proc, zombies left out) and processes that answer an HTTP GET on the PORT of their
 * environment with 200 within two seconds, and keeps the least number answering and the greatest
 * number living. Ends on SIGTERM or SIGINT with one JSON line.
 */
#include "base/clock.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

enum { ROUND_PAUSE_MS = 20, ANSWER_MS = 2000, PROCESSES_MAX = 512 };

struct process {
    int64_t pid;
    int64_t port;
    int fd;
    bool asked, answered;
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

/* The number after `key` at the start of a line of a small file; NULs end lines, too. */
static bool read_number(const char *path, const char *key, int64_t *number)
{
    static char content[128 * 1024];
    size_t key_bytes = strlen(key);
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    size_t bytes = fread(content, 1, sizeof content - 1, file);
    fclose(file);
    content[bytes] = '\0';
    for (size_t at = 0; at < bytes; at += strlen(content + at) + 1) {
        content[at + strcspn(content + at, "\n")] = '\0';
        if (strncmp(content + at, key, key_bytes) == 0)
            return text_to_int64(content + at + key_bytes, 1, INT32_MAX, number);
    }
    return false;
}

static bool lives(int64_t pid)
{
    char path[64], stat[512] = {0};
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    size_t bytes = fread(stat, 1, sizeof stat - 1, file);
    fclose(file);
    const char *state = bytes > 0 ? strrchr(stat, ')') : NULL;
    return state != NULL && state[1] == ' ' && state[2] != 'Z' && state[2] != 'X';
}

/* An agent's attempt that ended keeps its pid file, and the number may be somebody else's now. */
static bool has_ended(const char *pid_path)
{
    char path[512];
    size_t folder = strlen(pid_path) - strlen("pid");
    snprintf(path, sizeof path, "%.*sexit", (int)folder, pid_path);
    return access(path, F_OK) == 0;
}

static void find_port(struct process *process)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%lld/environ", (long long)process->pid);
    read_number(path, "PORT=", &process->port);
}

static size_t find_processes(const char *state_dir, struct process *processes)
{
    static const struct {
        const char *pattern, *key;
    } kinds[] = {{"replicas/*/pid", ""}, {"run/*/*/pid", "child="}};
    size_t count = 0;
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        char pattern[512];
        glob_t found;
        snprintf(pattern, sizeof pattern, "%s/*/%s", state_dir, kinds[kind].pattern);
        if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0) continue;
        for (size_t i = 0; i < found.gl_pathc && count < PROCESSES_MAX; i++) {
            struct process process = {.fd = -1};
            if (!read_number(found.gl_pathv[i], kinds[kind].key, &process.pid)) continue;
            if (has_ended(found.gl_pathv[i]) || !lives(process.pid)) continue;
            find_port(&process);
            processes[count++] = process;
        }
        globfree(&found);
    }
    return count;
}

static void ask(struct process *process)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)process->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    process->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (process->fd >= 0) (void)!connect(process->fd, (struct sockaddr *)&address, sizeof address);
}

static void listen_to(struct process *process, short happened)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    char answer[16] = {0};
    if (!process->asked && (happened & POLLOUT) != 0) {
        process->asked = send(process->fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0;
        if (process->asked) return;
    } else if (process->asked && recv(process->fd, answer, sizeof answer - 1, 0) > 0) {
        process->answered = strncmp(answer + strcspn(answer, " "), " 200", 4) == 0;
    }
    close(process->fd);
    process->fd = -1;
}

static size_t count_answering(struct process *processes, size_t count)
{
    struct pollfd polls[PROCESSES_MAX];
    int64_t end_us = clock_monotonic_us() + ANSWER_MS * 1000;
    size_t answering = 0;
    for (size_t i = 0; i < count; i++)
        ask(&processes[i]);
    for (;;) {
        size_t open = 0;
        for (size_t i = 0; i < count; i++) {
            polls[i] = (struct pollfd){.fd = processes[i].fd,
                                       .events = processes[i].asked ? POLLIN : POLLOUT};
            open += processes[i].fd >= 0;
        }
        int64_t left_ms = (end_us - clock_monotonic_us()) / 1000;
        if (open == 0 || left_ms <= 0 || poll(polls, count, (int)left_ms) <= 0) break;
        for (size_t i = 0; i < count; i++)
            if (polls[i].revents != 0) listen_to(&processes[i], polls[i].revents);
    }
    for (size_t i = 0; i < count; i++) {
        if (processes[i].fd >= 0) close(processes[i].fd);
        answering += processes[i].answered;
    }
    return answering;
}

int main(int argc, char **argv)
{
    static struct process processes[PROCESSES_MAX];
    size_t least_answering = PROCESSES_MAX, most_living = 0;
    long rounds = 0;
    if (argc != 2) {
        fputs("usage: dogshore-census STATE_DIR (folder of the workers' state folders)\n", stderr);
        return 2;
    }
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    signal(SIGPIPE, SIG_IGN);
    while (!stop_asked) {
        size_t living = find_processes(argv[1], processes);
        size_t answering = count_answering(processes, living);
        if (living > most_living) most_living = living;
        if (answering < least_answering) least_answering = answering;
        rounds++;
        poll(NULL, 0, ROUND_PAUSE_MS);
    }
    printf("{\"rounds\": %ld, \"least_answering\": %zu, \"most_living\": %zu}\n", rounds,
           least_answering, most_living);
    return 0;
}
