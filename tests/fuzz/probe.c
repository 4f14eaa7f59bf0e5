/* What a replica answers to a probe: bytes over a real connection, read as HTTP by the prober.
 * Every check ends, and its reason is valid text of the size that it may have. */
#include "agent/prober.h"
#include "base/clock.h"
#include "base/loop.h"
#include "client/curl_loop.h"
#include "fuzz/fuzz.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 65536 };

/* Answers one connection after the other. It may still be at an older one when a check that has
 * timed out is followed by the next, hence the lock. */
struct answering_replica {
    int listener;
    int64_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    uint8_t bytes[ANSWER_BYTES]; /* its answer */
    size_t count;
};

struct outcome {
    struct check check;
    bool ended;
    struct probe_answer answer;
};

static struct loop *loop;
static struct prober *prober;
static struct clock system_clock;
static struct answering_replica replica = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *answer_all(void *argument)
{
    (void)argument;
    static uint8_t bytes[ANSWER_BYTES];
    for (;;) {
        char request[1024];
        int fd = accept4(replica.listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) return NULL;
        pthread_mutex_lock(&replica.lock);
        size_t count = replica.count;
        memcpy(bytes, replica.bytes, count);
        pthread_mutex_unlock(&replica.lock);
        if (recv(fd, request, sizeof request, 0) > 0) send(fd, bytes, count, MSG_NOSIGNAL);
        close(fd);
    }
}

static void note(struct check *check, const struct probe_answer *answer)
{
    struct outcome *outcome = CONTAINER_OF(check, struct outcome, check);
    outcome->answer = *answer;
    outcome->ended = true;
    loop_stop(loop);
}

static void listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    replica.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listens = bind(replica.listener, (struct sockaddr *)&address, sizeof address) == 0 &&
                   listen(replica.listener, 16) == 0 &&
                   getsockname(replica.listener, (struct sockaddr *)&address, &bytes) == 0 &&
                   pthread_create(&replica.thread, NULL, answer_all, NULL) == 0;
    EXPECT(listens, "loopback");
    replica.port = ntohs(address.sin_port);
}

static void open_once(void)
{
    struct err err;
    static struct curl_loop *curl_loop;
    if (loop != NULL) return;
    system_clock = clock_system();
    EXPECT(loop_open(&loop, &system_clock, &err) == ERR_OK, "%s", err.detail);
    EXPECT(curl_loop_open(&curl_loop, loop, 4, &err) == ERR_OK, "%s", err.detail);
    EXPECT(prober_open(&prober, curl_loop, &err) == ERR_OK, "%s", err.detail);
    listen_on_loopback();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    open_once();
    pthread_mutex_lock(&replica.lock);
    replica.count = count < ANSWER_BYTES ? count : ANSWER_BYTES;
    memcpy(replica.bytes, bytes, replica.count);
    pthread_mutex_unlock(&replica.lock);
    struct outcome outcome = {.check = {.answered = note}};
    struct check_target target = {.address = "127.0.0.1",
                                  .port = replica.port,
                                  .path = "/healthz",
                                  .timeout_ms = 1000,
                                  .expect_substring = count % 2 == 0 ? "ok" : NULL};
    check_start(prober, &outcome.check, &target);
    while (!outcome.ended)
        loop_run(loop);
    const char *reason = outcome.answer.reason;
    EXPECT(outcome.answer.ok == (reason[0] == '\0'), "%s", reason);
    EXPECT(text_utf8_valid(reason, strlen(reason)) == strlen(reason), "%s", reason);
    return 0;
}
