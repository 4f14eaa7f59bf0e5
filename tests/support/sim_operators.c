/* Operators by chance: whatever the API takes, at any time, whether it makes sense or not. */
#include "base/text.h"
#include "sim_agent.h"
#include "sim_chaos.h"

const char *const sim_names[] = {"web", "api", "jobs"};

/* What is deployed first mostly works, so that what comes later has a way back; of that, less than
 * half does, and some of it not in the eyes of a canary's check. */
static const char *const words_of_first_versions[] = {
    "ok", "ok", "ok", "ok", "ok", "ok", "picky", "rotten", "rotten", "rotten", "rotten", "slow",
};
static const char *const words_of_versions[] = {
    "ok",         "ok",     "picky",  "picky",    "picky",  "picky",   "picky",    "picky",
    "picky",      "picky",  "picky",  "slow",     "rotten", "rotten",  "rotten",   "rotten",
    "rotten",     "rotten", "fading", "fading",   "fading", "fading",  "fading",   "fading",
    "fading",     "mute",   "mute",   "crash",    "stuck",  "broken",  "stuck",    "unrunnable",
    "unrunnable", "broken", "broken", "flapping", "mute",   "fragile", "stubborn", "unrunnable",
};
static const char *const rolling[] = {
    "\"max_surge\":1",
    "\"max_surge\":0,\"max_unavailable\":1",
    "\"max_surge\":\"50%\",\"max_unavailable\":\"25%\"",
    "\"max_surge\":\"25%\",\"max_unavailable\":0",
    "\"min_ready_seconds\":3",
    "\"batch_pause_seconds\":5",
};
static const char *const recreate[] = {"\"type\":\"recreate\""};
static const char *const blue_green[] = {
    "\"type\":\"blue_green\",\"keep_old_seconds\":0",
    "\"type\":\"blue_green\",\"keep_old_seconds\":20",
    "\"type\":\"blue_green\",\"keep_old_seconds\":5,\"preview_replicas\":1",
    "\"type\":\"blue_green\",\"keep_old_seconds\":5,\"auto_promote_after_seconds\":5",
    "\"type\":\"blue_green\",\"auto_promote\":false",
    "\"type\":\"blue_green\",\"auto_promote\":false,\"preview_replicas\":2,\"keep_old_seconds\":10",
};
#define CANARY "\"type\":\"canary\",\"steps\":["
#define WEIGHT(percent) "{\"set_weight\":" #percent "}"
#define REPLICAS(count) "{\"set_replicas\":" #count "}"
#define PAUSE(seconds) "{\"pause\":{\"seconds\":" #seconds "}}"
#define PROMOTE "{\"pause\":{}}"
#define CHECK                                                                                      \
    "{\"check\":{\"port\":\"http\",\"path\":\"/check\",\"expect_status\":200,\"times\":2}}"
#define TIGHT ",\"max_surge\":0,\"max_unavailable\":1"
static const char *const canary[] = {
    CANARY WEIGHT(25) "," CHECK "," PROMOTE "]",
    CANARY REPLICAS(1) "," CHECK "]",
    CANARY REPLICAS(1) "," CHECK "," PROMOTE "]",
    CANARY WEIGHT(10) "," CHECK "," PAUSE(5) "," WEIGHT(50) "," CHECK "]" TIGHT,
    CANARY REPLICAS(2) "," CHECK "," PAUSE(10) "," WEIGHT(0) "," WEIGHT(100) "]",
    CANARY PAUSE(3) "," WEIGHT(50) "," PROMOTE "," WEIGHT(70) "," PROMOTE "],\"max_surge\":2",
};
static const char *const safeguards[] = {
    "",
    "",
    "",
    "",
    "",
    ",\"max_failure_ratio\":0.5",
    ",\"max_failure_ratio\":0.5",
    ",\"auto_rollback\":false",
};

static const char *pick(struct sim *sim, const char *const *list, size_t count)
{
    return list[rng_below(&sim->rng, count)];
}
#define PICK(sim, list) pick((sim), (list), sizeof(list) / sizeof *(list))

static const char *pick_of(struct sim *sim, enum strategy_type type)
{
    switch (type) {
    case STRATEGY_ROLLING:
        return PICK(sim, rolling);
    case STRATEGY_RECREATE:
        return PICK(sim, recreate);
    case STRATEGY_BLUE_GREEN:
        return PICK(sim, blue_green);
    case STRATEGY_CANARY:
        return PICK(sim, canary);
    }
    return "";
}

/* Each deployment keeps to its own strategy for most of its life. */
static const char *pick_strategy(struct sim *sim, const char *name)
{
    static const enum strategy_type types[] = {
        STRATEGY_ROLLING,  STRATEGY_RECREATE,   STRATEGY_BLUE_GREEN, STRATEGY_CANARY,
        STRATEGY_ROLLING,  STRATEGY_BLUE_GREEN, STRATEGY_RECREATE,   STRATEGY_CANARY,
        STRATEGY_RECREATE, /* which has the fewest ways to fail */
    };
    size_t own = (size_t)(sim->seed + (uint64_t)name[0]) % (sizeof types / sizeof *types);
    int64_t type = types[own];
    if (sim_chance(sim, 20)) type = sim_between(sim, 0, STRATEGY_CANARY);
    return arena_printf(&sim->memory,
                        "%s%s,\"progress_deadline_seconds\":%d,\"monitor_seconds\":%lld",
                        pick_of(sim, (enum strategy_type)type), PICK(sim, safeguards),
                        sim_chance(sim, 30) ? 45 : 150, (long long)sim_between(sim, 0, 13));
}

/* ---- one order ---- */

/* Whatever an order says is fine, but that the server has a fault. */
static void judge(struct sim *sim, const char *order, enum err_code code, const struct err *err)
{
    if (code == ERR_OK) sim_count(sim->counts, "order", order);
    if (code == ERR_OK || sim_write_failed(sim, code)) return;
    sim_trace(sim, "  refused: %s", err->detail);
    if (err_status(code) >= 500 || code == ERR_INVALID) sim_fail(sim, "%s: %s", order, err->detail);
}

static void apply_spec(struct sim *sim, const struct sim_spec *spec)
{
    struct err err;
    enum err_code code = sim_try_apply(sim, spec, &err);
    judge(sim, spec->force ? "apply by force" : "apply", code, &err);
}

static const char *pick_resources(struct sim *sim)
{
    return sim_chance(sim, 5) ? "\"cpu_millis\":9000,\"memory_mib\":64"
                              : "\"cpu_millis\":100,\"memory_mib\":64";
}

static const char *pick_word(struct sim *sim, const char *name)
{
    return sim_look(sim, name)->exists ? PICK(sim, words_of_versions)
                                       : PICK(sim, words_of_first_versions);
}

void sim_deploy(struct sim *sim, const char *name)
{
    struct sim_spec spec = {
        .name = name,
        .version = arena_printf(&sim->memory, "%s-%lld", pick_word(sim, name),
                                (long long)sim_between(sim, 1, 4)),
        .replicas = sim_chance(sim, 90) ? sim_between(sim, 1, 6) : 0,
        .resources = pick_resources(sim),
        .strategy = pick_strategy(sim, name),
        .limits = sim_chance(sim, 80)
                      ? "\"healthy_seconds\":20,\"schedule_seconds\":20,\"prepare_seconds\":20"
                      : "\"healthy_seconds\":60,\"schedule_seconds\":60,\"prepare_seconds\":60",
        .spec = sim_chance(sim, 5) ? "\"paused\":true" : "\"paused\":false",
        .force = sim_chance(sim, 20),
    };
    apply_spec(sim, &spec);
}

/* The same template by another strategy. */
static void change_strategy(struct sim *sim, const char *name)
{
    const struct sim_look *look = sim_look(sim, name);
    if (!look->exists) return;
    const struct deployment_spec *old = &look->deployment.spec;
    const struct resources *resources = &old->template.resources;
    struct sim_spec spec = {
        .name = name,
        .version = arena_strdup(&sim->memory, old->template.version),
        .replicas = old->replicas,
        .resources =
            arena_printf(&sim->memory, "\"cpu_millis\":%lld,\"memory_mib\":%lld",
                         (long long)resources->cpu_millis, (long long)resources->memory_mib),
        .strategy = pick_strategy(sim, name),
        .limits = arena_printf(&sim->memory,
                               "\"healthy_seconds\":%lld,\"schedule_seconds\":%lld,"
                               "\"prepare_seconds\":%lld",
                               (long long)old->template.limits.healthy_seconds,
                               (long long)old->template.limits.schedule_seconds,
                               (long long)old->template.limits.prepare_seconds),
    };
    struct err err;
    enum err_code code = sim_try_apply(sim, &spec, &err);
    judge(sim, "other strategy", code, &err);
}

static void scale(struct sim *sim, const char *name)
{
    struct err err;
    enum err_code code = sim_try_scale(sim, name, sim_between(sim, 0, 8), &err);
    judge(sim, "scale", code, &err);
}

/* To the stable one for 0. */
static void roll_back(struct sim *sim, const char *name, int64_t revision)
{
    struct err err;
    enum err_code code = sim_try_rollback(sim, name, revision, &err);
    judge(sim, "rollback", code, &err);
}

static void delete (struct sim *sim, const char *name)
{
    struct err err;
    enum err_code code = sim_try_delete(sim, name, &err);
    judge(sim, "delete", code, &err);
}

/* sim_try_order() counts by itself. */
static void give(struct sim *sim, enum sim_order order, const char *name)
{
    struct err err;
    enum err_code code = sim_try_order(sim, order, name, &err);
    if (code == ERR_OK || sim_write_failed(sim, code)) return;
    if (err_status(code) >= 500 || code == ERR_INVALID)
        sim_fail(sim, "%s: %s", sim_order_words[order], err.detail);
}

static const struct {
    int64_t percent;
    enum sim_order order;
} simple_orders[] = {
    {3, ORDER_PAUSE},         {5, ORDER_RESUME},    {7, ORDER_PROMOTE},
    {14, ORDER_PROMOTE_FULL}, {7, ORDER_ABORT},     {6, ORDER_RETRY},
    {3, ORDER_RESTART},       {2, ORDER_TERMINATE}, {4, ORDER_START},
};
enum { SIMPLE_ORDERS = sizeof simple_orders / sizeof *simple_orders };

static void give_one(struct sim *sim, const char *name, int64_t dice)
{
    for (size_t i = 0; i < SIMPLE_ORDERS; i++) {
        dice -= simple_orders[i].percent;
        if (dice > 0) continue;
        give(sim, simple_orders[i].order, name);
        return;
    }
}

/* What somebody orders who has looked first; all of it equally often. */
enum { SENSIBLE_MAX = 4 };
static const enum sim_order sensible_orders[][SENSIBLE_MAX] = {
    [ROLLOUT_PROGRESSING] = {ORDER_ABORT, ORDER_PROMOTE_FULL, ORDER_PROMOTE_FULL, ORDER_TERMINATE},
    [ROLLOUT_PAUSED] = {ORDER_RESUME, ORDER_RESUME, ORDER_RESUME, ORDER_ABORT},
    [ROLLOUT_AWAITING_PROMOTION] = {ORDER_PROMOTE, ORDER_PROMOTE_FULL, ORDER_PROMOTE_FULL,
                                    ORDER_ABORT},
    [ROLLOUT_ROLLING_BACK] = {ORDER_PAUSE, ORDER_RESTART, ORDER_TERMINATE, ORDER_ABORT},
    [ROLLOUT_SUCCEEDED] = {ORDER_RESTART, ORDER_RESTART, ORDER_PAUSE, ORDER_TERMINATE},
    [ROLLOUT_FAILED] = {ORDER_RETRY, ORDER_RETRY, ORDER_RESUME, ORDER_RESTART},
    [ROLLOUT_ROLLED_BACK] = {ORDER_RETRY, ORDER_RETRY, ORDER_RETRY, ORDER_RESTART},
    [ROLLOUT_SUPERSEDED] = {ORDER_RETRY, ORDER_RESTART, ORDER_PAUSE, ORDER_RESUME},
    [ROLLOUT_ABORTED] = {ORDER_RETRY, ORDER_RETRY, ORDER_RESUME, ORDER_RESTART},
};

static void operate_sensibly(struct sim *sim, const char *name)
{
    const struct sim_look *look = sim_look(sim, name);
    int state = look->rollout.state;
    bool seldom = sim_chance(sim, 40);
    if (!look->exists || (state == ROLLOUT_SUCCEEDED && seldom))
        sim_deploy(sim, name);
    else if (look->deployment.lifecycle == LIFECYCLE_TERMINATED)
        give(sim, ORDER_START, name);
    else if (state == ROLLOUT_FAILED && !seldom)
        roll_back(sim, name, 0);
    else
        give(sim, sensible_orders[state][rng_below(&sim->rng, SENSIBLE_MAX)], name);
}

void sim_operate(struct sim *sim)
{
    const char *name = sim_names[rng_below(&sim->rng, SIM_NAMES)];
    int64_t dice = sim_between(sim, 1, 100);
    if (!sim->server_up) return;
    if (sim_chance(sim, 25))
        operate_sensibly(sim, name);
    else if (dice <= 22)
        sim_deploy(sim, name);
    else if (dice <= 30)
        scale(sim, name);
    else if (dice <= 40)
        roll_back(sim, name, sim_chance(sim, 50) ? 0 : sim_between(sim, 1, 4));
    else if (dice <= 44)
        change_strategy(sim, name);
    else if (dice <= 49)
        delete (sim, name);
    else
        give_one(sim, name, dice - 49);
}

/* ---- in calm ---- */

/* What cannot be promoted, for it does not work, is taken back; or replaced, if there is no way
 * back. */
static void give_up(struct sim *sim, const char *name)
{
    struct err err;
    if (sim_try_order(sim, ORDER_ABORT, name, &err) == ERR_OK) return;
    sim_apply(sim, &(struct sim_spec){.name = name, .version = "ok-5", .replicas = 2});
}

void sim_attend(struct sim *sim, const char *name)
{
    struct err err;
    const struct sim_look *look = sim_look(sim, name);
    if (!look->exists) return;
    bool awaits = look->rollout.state == ROLLOUT_AWAITING_PROMOTION;
    bool holds = look->deployment.spec.replicas == 0 && !rollout_state_final(look->rollout.state);
    if (look->deployment.spec.paused) give(sim, ORDER_RESUME, name);
    if (holds) sim_scale(sim, name, 2); /* steps go on once something is wanted */
    if (!awaits || sim_try_order(sim, ORDER_PROMOTE, name, &err) == ERR_OK) return;
    if (sim_chance(sim, 20)) give_up(sim, name);
}
