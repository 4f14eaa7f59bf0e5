#include "sim_count.h"

#include "base/text.h"

#include <assert.h>
#include <inttypes.h>

/* Groups together; in the order in which they are printed. */
static const struct {
    const char *group, *word;
} counted[] = {
    {"outcome", "succeeded"},
    {"outcome", "rolled_back"},
    {"outcome", "failed"},
    {"outcome", "superseded"},
    {"outcome", "aborted"},
    {"reason", "progress_deadline"},
    {"reason", "schedule_limit"},
    {"reason", "prepare_limit"},
    {"reason", "healthy_limit"},
    {"reason", "replica_failed"},
    {"reason", "crash_loop"},
    {"reason", "unrunnable"},
    {"reason", "unhealthy_after_ready"},
    {"reason", "check_failed"},
    {"reason", "superseded"},
    {"reason", "aborted"},
    {"reason", "terminated"},
    {"reason", "deleted"},
    {"halted", "no_stable_revision"},
    {"halted", "auto_rollback_off"},
    {"halted", "stable_is_the_failing_one"},
    {"halted", "rollback_failed"},
    {"rolling", "succeeded"},
    {"rolling", "rolled_back"},
    {"rolling", "failed"},
    {"recreate", "succeeded"},
    {"recreate", "rolled_back"},
    {"recreate", "failed"},
    {"blue_green", "succeeded"},
    {"blue_green", "rolled_back"},
    {"blue_green", "failed"},
    {"canary", "succeeded"},
    {"canary", "rolled_back"},
    {"canary", "failed"},
    {"state", "paused"},
    {"state", "awaiting_promotion"},
    {"state", "switched"},
    {"state", "checked"},
    {"order", "apply"},
    {"order", "apply by force"},
    {"order", "scale"},
    {"order", "rollback"},
    {"order", "delete"},
    {"order", "pause"},
    {"order", "resume"},
    {"order", "promote"},
    {"order", "promote full"},
    {"order", "abort"},
    {"order", "retry"},
    {"order", "restart"},
    {"order", "terminate"},
    {"order", "start"},
    {"order", "other strategy"},
    {"fault", "agent killed"},
    {"fault", "node rebooted"},
    {"fault", "node cut off"},
    {"fault", "network disturbed"},
    {"fault", "node removed"},
    {"fault", "server stopped"},
    {"fault", "server killed"},
    {"fault", "write failed"},
};
enum { COUNTED = sizeof counted / sizeof *counted };
static_assert((int)COUNTED <= (int)SIM_COUNTS_MAX, "there is room for all");

void sim_count(struct sim_counts *counts, const char *group, const char *word)
{
    for (size_t i = 0; i < COUNTED; i++) {
        if (!text_equal(counted[i].group, group) || !text_equal(counted[i].word, word)) continue;
        counts->items[i]++;
        return;
    }
    fprintf(stderr, "nobody counts %s %s\n", group, word);
    abort();
}

void sim_counts_print(const struct sim_counts *counts)
{
    for (size_t i = 0; i < COUNTED; i++) {
        bool first = i == 0 || !text_equal(counted[i].group, counted[i - 1].group);
        if (first) fprintf(stderr, "%s%-10s", i == 0 ? "" : "\n", counted[i].group);
        fprintf(stderr, "%s %s %" PRId64, first ? "" : ",", counted[i].word,
                (int64_t)counts->items[i]);
    }
    fputc('\n', stderr);
}

bool sim_counts_suffice(const struct sim_counts *counts, int64_t least)
{
    bool suffice = true;
    for (size_t i = 0; i < COUNTED; i++) {
        if (counts->items[i] >= least) continue;
        fprintf(stderr, "too rare: %s %s\n", counted[i].group, counted[i].word);
        suffice = false;
    }
    return suffice;
}
