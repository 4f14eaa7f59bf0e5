#include "base/failpoint.h"

#ifdef DOGSHORE_FAILPOINTS

#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

enum { EXIT_USAGE = 64, SLEEP_MS_MAX = 600000, HIT_MAX = 1000000 };

enum action { ACTION_NONE, ACTION_PANIC, ACTION_SLEEP, ACTION_ERROR };

struct setting {
    enum action action;
    uint32_t sleep_ms;
    uint32_t hit; /* fires on this hit, counted from 1; 0 = on every one */
};

#define FAILPOINT_NAME(name) name,
static const char *const names[] = {FAILPOINT_MAP(FAILPOINT_NAME)};
#undef FAILPOINT_NAME
enum { FAILPOINTS = sizeof names / sizeof *names };

/* A setting is one word, so that a thread that hits while another arms sees all of it or none. */
static _Atomic uint64_t armed[FAILPOINTS];
static _Atomic uint32_t hits[FAILPOINTS];

static uint64_t pack(const struct setting *setting)
{
    return (uint64_t)setting->action << 56 | (uint64_t)setting->hit << 32 | setting->sleep_ms;
}

static struct setting unpack(uint64_t word)
{
    return (struct setting){.action = (enum action)(word >> 56),
                            .hit = (uint32_t)(word >> 32 & 0xffffff),
                            .sleep_ms = (uint32_t)word};
}

const char *failpoint_name(size_t position)
{
    return position < FAILPOINTS ? names[position] : NULL;
}

/* The position of a name, or FAILPOINTS. */
static size_t find(const char *name)
{
    size_t position = 0;
    while (position < FAILPOINTS && strcmp(names[position], name) != 0)
        position++;
    return position;
}

static bool parse_hit(const char *word, uint32_t *hit)
{
    if (strcmp(word, "*") == 0) {
        *hit = 0;
        return true;
    }
    int64_t number;
    if (!text_to_int64(word, 1, HIT_MAX, &number)) return false;
    *hit = (uint32_t)number;
    return true;
}

static bool parse_verb(const char *word, struct setting *setting)
{
    static const char sleep_prefix[] = "sleep:";
    if (strcmp(word, "panic") == 0) {
        setting->action = ACTION_PANIC;
        return true;
    }
    if (strcmp(word, "error") == 0) {
        setting->action = ACTION_ERROR;
        return true;
    }
    int64_t sleep_ms;
    if (!text_starts(word, sleep_prefix)) return false;
    if (!text_to_int64(word + sizeof sleep_prefix - 1, 0, SLEEP_MS_MAX, &sleep_ms)) return false;
    setting->action = ACTION_SLEEP;
    setting->sleep_ms = (uint32_t)sleep_ms;
    return true;
}

/* "action[@hit]" */
static bool parse_action(const char *text, struct setting *setting)
{
    char word[32];
    if ((size_t)snprintf(word, sizeof word, "%s", text) >= sizeof word) return false;
    *setting = (struct setting){.hit = 1};
    char *at = strchr(word, '@');
    if (at != NULL) {
        *at = '\0';
        if (!parse_hit(at + 1, &setting->hit)) return false;
    }
    return parse_verb(word, setting);
}

static void arm(size_t position, const struct setting *setting)
{
    atomic_store(&armed[position], 0);
    atomic_store(&hits[position], 0);
    atomic_store(&armed[position], pack(setting));
}

static _Noreturn void refuse(const char *what, const char *item)
{
    dprintf(STDERR_FILENO, "dogshored: DOGSHORE_FAILPOINTS: %s in \"%s\"\n", what, item);
    exit(EXIT_USAGE);
}

/* "name=action[@hit]" */
static void arm_item(const char *item)
{
    char name[64];
    size_t name_bytes = strcspn(item, "=");
    if (item[name_bytes] == '\0') refuse("no '='", item);
    if (name_bytes >= sizeof name) refuse("unknown failpoint", item);
    memcpy(name, item, name_bytes);
    name[name_bytes] = '\0';
    size_t position = find(name);
    if (position == FAILPOINTS) refuse("unknown failpoint", item);
    struct setting setting;
    if (!parse_action(item + name_bytes + 1, &setting)) refuse("unknown action", item);
    arm(position, &setting);
}

void failpoint_start(void)
{
    const char *value = getenv("DOGSHORE_FAILPOINTS");
    if (value == NULL || value[0] == '\0') return;
    char *list = strdup(value);
    if (list == NULL) refuse("out of memory", value);
    char *rest = list;
    for (char *item = strsep(&rest, ","); item != NULL; item = strsep(&rest, ","))
        arm_item(item);
    free(list);
}

void failpoint_arm(const char *name, const char *action)
{
    size_t position = find(name);
    assert(position < FAILPOINTS);
    struct setting setting;
    bool known = parse_action(action, &setting);
    assert(known);
    arm(position, &setting);
}

void failpoint_clear(void)
{
    for (size_t i = 0; i < FAILPOINTS; i++) {
        atomic_store(&armed[i], 0);
        atomic_store(&hits[i], 0);
    }
}

static void sleep_for(uint32_t sleep_ms)
{
    struct timespec left = {.tv_sec = sleep_ms / 1000,
                            .tv_nsec = (long)(sleep_ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static bool act(const struct setting *setting)
{
    switch (setting->action) {
    case ACTION_NONE:
        return false;
    case ACTION_PANIC:
        kill(getpid(), SIGKILL);
        return false;
    case ACTION_SLEEP:
        sleep_for(setting->sleep_ms);
        return false;
    case ACTION_ERROR:
        return true;
    }
    return false;
}

bool failpoint_hit(const char *name)
{
    size_t position = find(name);
    assert(position < FAILPOINTS);
    uint64_t word = atomic_load(&armed[position]);
    if (word == 0) return false;
    uint32_t hit = atomic_fetch_add(&hits[position], 1) + 1;
    struct setting setting = unpack(word);
    if (setting.hit != 0 && setting.hit != hit) return false;
    return act(&setting);
}

#endif
