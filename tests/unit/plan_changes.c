/* What a plan changed: each field of a verdict on its own, for most never change alone. */
#include "scheduler/plan/changes.h"

#include <criterion/criterion.h>
#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum kind { NUMBER, INT, FLAG, WORDS };

struct field {
    const char *name;
    enum kind kind;
    size_t offset;
};

#define STATUS(kind, member)                                                                       \
    {                                                                                              \
#member, kind, offsetof(struct deployment_status, member)                                  \
    }
#define ROLLOUT(kind, member)                                                                      \
    {                                                                                              \
#member, kind, offsetof(struct rollout, member)                                            \
    }

static const struct field status_fields[] = {
    STATUS(INT, state),
    STATUS(WORDS, message),
    STATUS(NUMBER, observed_generation),
    STATUS(NUMBER, revision),
    STATUS(NUMBER, stable_revision),
    STATUS(WORDS, version),
    STATUS(WORDS, halted_reason),
    STATUS(NUMBER, halted_since_at),
    STATUS(NUMBER, desired),
    STATUS(NUMBER, updated),
    STATUS(NUMBER, ready),
    STATUS(NUMBER, available),
    STATUS(NUMBER, total),
    STATUS(NUMBER, rollout_id),
    STATUS(INT, rollout_state),
};

static const struct field rollout_fields[] = {
    ROLLOUT(NUMBER, rollback_revision),
    ROLLOUT(INT, strategy),
    ROLLOUT(INT, state),
    ROLLOUT(WORDS, reason),
    ROLLOUT(WORDS, message),
    ROLLOUT(NUMBER, progress.desired),
    ROLLOUT(NUMBER, progress.old),
    ROLLOUT(NUMBER, progress.updated),
    ROLLOUT(NUMBER, progress.ready),
    ROLLOUT(NUMBER, progress.available),
    ROLLOUT(NUMBER, finished_at),
    ROLLOUT(NUMBER, deadline_at_ms),
    ROLLOUT(NUMBER, deadline_left_ms),
    ROLLOUT(NUMBER, monitor_since_ms),
    ROLLOUT(NUMBER, batch_since_ms),
    ROLLOUT(FLAG, direct),
    ROLLOUT(INT, promote),
    ROLLOUT(NUMBER, step),
    ROLLOUT(NUMBER, step_since_ms),
    ROLLOUT(NUMBER, keep_old_since_ms),
    ROLLOUT(NUMBER, extended_ms),
    ROLLOUT(NUMBER, check_round),
    ROLLOUT(NUMBER, high_water),
    ROLLOUT(NUMBER, failed_replicas),
    ROLLOUT(WORDS, failed_replica),
};

static void change(void *of, const struct field *field)
{
    void *at = (char *)of + field->offset;
    switch (field->kind) {
    case NUMBER:
        *(int64_t *)at += 1;
        return;
    case INT:
        *(int *)at += 1;
        return;
    case FLAG:
        *(bool *)at = !*(bool *)at;
        return;
    case WORDS:
        *(const char **)at = "other";
        return;
    }
}

Test(plan_changes, each_field_of_the_status_counts)
{
    for (size_t i = 0; i < COUNT(status_fields); i++) {
        const struct deployment_status before = {.message = "", .version = ""};
        struct deployment_status after = before;
        cr_expect(status_same(&before, &after));
        change(&after, &status_fields[i]);
        cr_expect_not(status_same(&before, &after), "%s", status_fields[i].name);
    }
}

Test(plan_changes, each_field_of_a_rollout_that_a_plan_may_change_counts)
{
    for (size_t i = 0; i < COUNT(rollout_fields); i++) {
        const struct rollout before = {.id = 1, .reason = "", .message = ""};
        struct rollout after = before;
        cr_expect(rollout_same(&before, &after));
        change(&after, &rollout_fields[i]);
        cr_expect_not(rollout_same(&before, &after), "%s", rollout_fields[i].name);
    }
}

Test(plan_changes, words_that_read_the_same_are_equal_wherever_they_are_kept)
{
    char copy[] = "exit";
    const struct rollout a = {.reason = "exit", .message = "exit", .failed_replica = "exit"};
    const struct rollout b = {.reason = copy, .message = copy, .failed_replica = copy};
    cr_expect(rollout_same(&a, &b));
    const struct deployment_status x = {.message = "exit", .version = "exit"};
    const struct deployment_status y = {.message = copy, .version = copy};
    cr_expect(status_same(&x, &y));
}
