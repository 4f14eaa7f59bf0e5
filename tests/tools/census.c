/* census.c: dogshore-census: which replica processes live and answer, seen from the processes.
 *
 * It asks no API. Every round it reads the pid files that nodes keep (shell workers:
 * STATE/<node>/replicas/<id>/pid; agents: STATE/<node>/run/<id>/<attempt>/pid), takes the processes
 * that live (/proc, zombies left out) and asks each for / on the PORT of its environment: it
 * answers if that is 200 within two seconds. Every PREFIX given makes a group, of the replicas
 * whose id begins with it; without one there is one group of all.
 *
 * Ends on SIGTERM or SIGINT with one JSON line: the rounds, and of each group the least number that
 * answered, the greatest number that lived, how many processes were seen in all, and in how many
 * rounds which versions (DOGSHORE_VERSION) lived and answered beside each other: "v1:4 v2:1", or ""
 * for none. The group stands at the top if there is one, else under its prefix in "groups".
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

enum {
    ROUND_PAUSE_MS = 20,
    ANSWER_MS = 2000,
    PROCESSES_MAX = 512,
    GROUPS_MAX = 32,
    VERSION_BYTES = 32
};

/* What does not change while it lives. */
struct identity {
    int64_t pid, port;
    char version[VERSION_BYTES];
};

struct process {
    struct identity *identity;
    int fd;
    bool asked, answered;
};

struct group {
    const char *prefix;
    struct map known; /* pid file and pid → struct identity: what was seen of it ever */
    struct process *processes;
    size_t count;
    size_t least_answering, most_living;
    struct map living, answering; /* mix → int64_t rounds */
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

/* ---- files ---- */

/* The value of `key` at the start of a line of a small file; NULs end lines, too. */
static bool read_value(const char *path, const char *key, char *value, size_t value_bytes)
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
        if (strncmp(content + at, key, key_bytes) != 0) continue;
        snprintf(value, value_bytes, "%s", content + at + key_bytes);
        return true;
    }
    return false;
}

static bool read_number(const char *path, const char *key, int64_t *number)
{
    char value[32];
    return read_value(path, key, value, sizeof value) && text_to_int64(value, 1, INT32_MAX, number);
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

/* A file in the folder of a pid file. */
static void beside(const char *pid_path, const char *name, char *path, size_t path_bytes)
{
    size_t folder = strlen(pid_path) - strlen("pid");
    snprintf(path, path_bytes, "%.*s%s", (int)folder, pid_path, name);
}

/* An agent's attempt that ended keeps its pid file, and the number may be somebody else's now. */
static bool has_ended(const char *pid_path)
{
    char path[512];
    beside(pid_path, "exit", path, sizeof path);
    return access(path, F_OK) == 0;
}

/* An agent writes down what it starts before it starts it; of a worker's process there is only what
 * the system knows. */
static void identify(const char *pid_path, bool of_agent, struct identity *identity)
{
    char path[512];
    if (of_agent)
        beside(pid_path, "spec", path, sizeof path);
    else
        snprintf(path, sizeof path, "/proc/%lld/environ", (long long)identity->pid);
    read_number(path, of_agent ? "environment=PORT=" : "PORT=", &identity->port);
    read_value(path,
               of_agent ? "environment=DOGSHORE_VERSION=" : "DOGSHORE_VERSION=", identity->version,
               sizeof identity->version);
}

/* ---- who lives ---- */

static void add_process(struct group *group, const char *pid_path, bool of_agent, int64_t pid)
{
    char key[640];
    snprintf(key, sizeof key, "%s %lld", pid_path, (long long)pid);
    struct identity *identity = map_get(&group->known, key);
    if (identity == NULL) {
        identity = xcalloc(1, sizeof *identity);
        identity->pid = pid;
        map_put(&group->known, key, identity);
    }
    if (identity->port == 0) identify(pid_path, of_agent, identity);
    group->processes[group->count++] = (struct process){.identity = identity, .fd = -1};
}

static void find_processes(struct group *group, const char *state_dir)
{
    static const struct {
        const char *folder, *file, *key;
    } kinds[] = {{"replicas", "pid", ""}, {"run", "*/pid", "child="}};
    group->count = 0;
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        char pattern[512];
        glob_t found;
        snprintf(pattern, sizeof pattern, "%s/*/%s/%s*/%s", state_dir, kinds[kind].folder,
                 group->prefix, kinds[kind].file);
        if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0) continue;
        for (size_t i = 0; i < found.gl_pathc && group->count < PROCESSES_MAX; i++) {
            int64_t pid;
            if (!read_number(found.gl_pathv[i], kinds[kind].key, &pid)) continue;
            if (has_ended(found.gl_pathv[i]) || !lives(pid)) continue;
            add_process(group, found.gl_pathv[i], kind == 1, pid);
        }
        globfree(&found);
    }
}

/* ---- who answers ---- */

static void ask(struct process *process)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)process->identity->port),
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

static void ask_all(struct process *processes, size_t count)
{
    struct pollfd polls[PROCESSES_MAX];
    int64_t end_us = clock_monotonic_us() + ANSWER_MS * 1000;
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
        if (open == 0 || left_ms <= 0) break;
        if (poll(polls, count, (int)left_ms) < 0) continue; /* told to end: after this round */
        for (size_t i = 0; i < count; i++)
            if (polls[i].revents != 0) listen_to(&processes[i], polls[i].revents);
    }
    for (size_t i = 0; i < count; i++)
        if (processes[i].fd >= 0) close(processes[i].fd);
}

/* ---- the count ---- */

static int by_version(const void *a, const void *b)
{
    const struct process *left = a, *right = b;
    return strcmp(left->identity->version, right->identity->version);
}

/* Of processes in the order of their versions. Returns how many there are in it. */
static size_t count_mix(const struct group *group, bool answering, struct map *mixes)
{
    struct text mix;
    size_t total = 0;
    text_init(&mix, NULL);
    for (size_t i = 0; i < group->count;) {
        const char *version = group->processes[i].identity->version;
        size_t here = 0;
        for (; i < group->count && text_equal(group->processes[i].identity->version, version); i++)
            here += !answering || group->processes[i].answered;
        if (here > 0)
            text_printf(&mix, "%s%s:%zu", total > 0 ? " " : "", *version ? version : "?", here);
        total += here;
    }
    int64_t *rounds = map_get(mixes, text_string(&mix));
    if (rounds == NULL) {
        rounds = xcalloc(1, sizeof *rounds);
        map_put(mixes, text_string(&mix), rounds);
    }
    ++*rounds;
    text_release(&mix);
    return total;
}

static void count_group(struct group *group, const char *state_dir)
{
    find_processes(group, state_dir);
    ask_all(group->processes, group->count);
    qsort(group->processes, group->count, sizeof *group->processes, by_version);
    size_t living = count_mix(group, false, &group->living);
    size_t answering = count_mix(group, true, &group->answering);
    if (living > group->most_living) group->most_living = living;
    if (answering < group->least_answering) group->least_answering = answering;
}

/* ---- the report ---- */

static void print_mixes(const char *name, struct map *mixes)
{
    size_t position = 0;
    const char *mix, *separator = "";
    void *rounds;
    printf(", \"%s\": {", name);
    for (; map_next(mixes, &position, &mix, &rounds); separator = ", ")
        printf("%s\"%s\": %lld", separator, mix, (long long)*(int64_t *)rounds);
    putchar('}');
}

static void print_group(struct group *group)
{
    printf("\"least_answering\": %zu, \"most_living\": %zu, \"seen\": %zu", group->least_answering,
           group->most_living, group->known.count);
    print_mixes("living", &group->living);
    print_mixes("answering", &group->answering);
}

static void print_all(struct group *groups, size_t count, long rounds)
{
    printf("{\"rounds\": %ld, ", rounds);
    if (count == 1) {
        print_group(&groups[0]);
    } else {
        printf("\"groups\": {");
        for (size_t i = 0; i < count; i++) {
            printf("%s\"%s\": {", i > 0 ? ", " : "", groups[i].prefix);
            print_group(&groups[i]);
            putchar('}');
        }
        putchar('}');
    }
    puts("}");
}

static void group_init(struct group *group, const char *prefix)
{
    group->prefix = prefix;
    group->least_answering = PROCESSES_MAX;
    group->processes = xcalloc(PROCESSES_MAX, sizeof *group->processes);
    map_init(&group->known);
    map_init(&group->living);
    map_init(&group->answering);
}

static void release_all(struct map *map)
{
    size_t position = 0;
    const char *key;
    void *value;
    while (map_next(map, &position, &key, &value))
        free(value);
    map_release(map);
}

static void group_release(struct group *group)
{
    release_all(&group->known);
    release_all(&group->living);
    release_all(&group->answering);
    free(group->processes);
}

int main(int argc, char **argv)
{
    static struct group groups[GROUPS_MAX];
    size_t count = argc > 2 ? (size_t)argc - 2 : 1;
    long rounds = 0;
    if (argc < 2 || count > GROUPS_MAX) {
        fputs("usage: dogshore-census STATE_DIR [PREFIX…] (folder of the nodes' state folders)\n",
              stderr);
        return 2;
    }
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < count; i++)
        group_init(&groups[i], argc > 2 ? argv[i + 2] : "");
    for (; !stop_asked; rounds++) {
        for (size_t i = 0; i < count; i++)
            count_group(&groups[i], argv[1]);
        poll(NULL, 0, ROUND_PAUSE_MS);
    }
    print_all(groups, count, rounds);
    for (size_t i = 0; i < count; i++)
        group_release(&groups[i]);
    return 0;
}
