#include "cli/poll.h"

#include "base/text.h"
#include "cli/cli.h"

enum {
    WAIT_SECONDS = 30,
    ANSWER_MS = 15000, /* beyond the wait */
    PAUSE_LEAST_MS = 200,
    PAUSE_MOST_MS = 3000,
    /* An answer that came sooner and brought nothing new must not make a busy loop. */
    NOTHING_NEW_MS = 1000
};

static void ask(struct poll *poll);

static void on_timer(struct loop_timer *timer)
{
    ask(CONTAINER_OF(timer, struct poll, timer));
}

static void ask_after(struct poll *poll, int64_t pause_ms)
{
    loop_timer_set(poll->cli->loop, &poll->timer, pause_ms);
}

static void set_silent(struct poll *poll, bool silent)
{
    if (poll->silent == silent) return;
    poll->silent = silent;
    poll->silent_changed(poll);
}

static void on_trouble(struct poll *poll)
{
    ask_after(poll, poll->pause_ms);
    poll->pause_ms *= 2;
    if (poll->pause_ms > PAUSE_MOST_MS) poll->pause_ms = PAUSE_MOST_MS;
    set_silent(poll, true);
}

static void on_answer(struct poll *poll, const struct client_reply *reply)
{
    bool is_new = reply->index != poll->index || poll->index < 0;
    bool is_quick = loop_now_ms(poll->cli->loop) - poll->started_ms < NOTHING_NEW_MS;
    poll->pause_ms = PAUSE_LEAST_MS;
    /* Also backwards: a restored backup begins at a lower index. */
    poll->index = reply->index;
    ask_after(poll, is_new || !is_quick ? 0 : NOTHING_NEW_MS);
    set_silent(poll, false);
    poll->arrived(poll, reply);
}

static void on_done(void *self, const struct client_reply *reply)
{
    struct poll *poll = self;
    poll->call = NULL;
    if (reply->error.code == ERR_OK && reply->json != NULL)
        on_answer(poll, reply);
    else if (reply->status == 0 || reply->status == 429 || reply->status >= 500)
        on_trouble(poll);
    else
        poll->refused(poll, reply);
}

static void ask(struct poll *poll)
{
    struct cli *cli = poll->cli;
    arena_reset(&poll->arena);
    struct client_request request = {.path = poll->path, .timeout_ms = ANSWER_MS};
    /* One that was silent is not asked to wait: its first answer tells that it is back. */
    if (poll->index >= 0 && !poll->silent) {
        char separator = strchr(poll->path, '?') == NULL ? '?' : '&';
        request.path = arena_printf(&poll->arena, "%s%cindex=%lld&wait_seconds=%d", poll->path,
                                    separator, (long long)poll->index, WAIT_SECONDS);
        request.timeout_ms += WAIT_SECONDS * 1000;
    }
    poll->started_ms = loop_now_ms(cli->loop);
    poll->call = client_start(cli->client, &request, on_done, poll);
}

void poll_start(struct poll *poll)
{
    poll->timer.fire = on_timer;
    poll->index = -1;
    poll->silent = false;
    poll->pause_ms = PAUSE_LEAST_MS;
    arena_init(&poll->arena);
    ask(poll);
}

void poll_stop(struct poll *poll)
{
    if (poll->path == NULL) return;
    if (poll->call != NULL) client_cancel(poll->call);
    loop_timer_cancel(poll->cli->loop, &poll->timer);
    arena_release(&poll->arena);
    poll->call = NULL;
    poll->path = NULL;
}
