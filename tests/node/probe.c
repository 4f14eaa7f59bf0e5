#include "agent/probe.h"

#include "model/template.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <inttypes.h>
#include <string.h>

/* Answers are + and -; states after each are p(ending), P(assing), F(ailing). */
struct story {
    int64_t success_threshold, failure_threshold;
    const char *answers;
    const char *states;
};

static const struct story stories[] = {
    {1, 1, "+-+-+-", "PFPFPF"},
    {1, 3, "+--+--+---", "PPPPPPPPPF"},
    {1, 3, "---+---+", "ppFPPPFP"},
    {2, 2, "+-+-+-+-", "pppppppp"},
    {2, 2, "++--++-+--", "pPPFFPPPPF"},
    {2, 3, "--+--+---+-++", "ppppppppFFFFP"},
    {3, 1, "++-+++++-++-+++", "ppFFFPPPFFFFFFP"},
    {1, 1000, "--------+", "ppppppppP"},
};

static struct probe_answer answer_of(char c)
{
    struct probe_answer answer = {.ok = c == '+', .duration_us = 1200};
    if (!answer.ok) snprintf(answer.reason, sizeof answer.reason, "connection refused");
    return answer;
}

ParameterizedTestParameters(probe, thresholds_decide_exactly)
{
    static size_t indexes[sizeof stories / sizeof *stories];
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++)
        indexes[i] = i;
    return cr_make_param_array(size_t, indexes, sizeof stories / sizeof *stories);
}

ParameterizedTest(size_t *index, probe, thresholds_decide_exactly)
{
    const struct story *story = &stories[*index];
    struct probe settings = {.success_threshold = story->success_threshold,
                             .failure_threshold = story->failure_threshold};
    struct probe_record record;
    probe_reset(&record);
    char before = 'p';
    for (size_t i = 0; story->answers[i] != '\0'; i++) {
        struct probe_answer answer = answer_of(story->answers[i]);
        bool changed = probe_take(&record, &settings, &answer, (int64_t)i);
        char state = "pPF"[record.state];
        cr_assert_eq(state, story->states[i], "answer %zu of %s: %c", i, story->answers, state);
        cr_assert_eq(changed, state != before, "answer %zu of %s", i, story->answers);
        before = state;
    }
}

Test(probe, the_newest_answer_is_bit_0_of_the_history)
{
    struct probe settings = {.success_threshold = 1, .failure_threshold = 1};
    struct probe_record record;
    probe_reset(&record);
    const char *answers = "++-+";
    for (size_t i = 0; i < strlen(answers); i++) {
        struct probe_answer answer = answer_of(answers[i]);
        probe_take(&record, &settings, &answer, 0);
    }
    cr_assert_eq(record.history, 0xd);
    for (int i = 0; i < 64; i++) {
        struct probe_answer answer = answer_of('-');
        probe_take(&record, &settings, &answer, 0);
    }
    cr_assert_eq(record.history, 0);
    cr_assert_eq(record.checks, 68);
}

Test(probe, answers_in_a_row_are_counted)
{
    struct probe settings = {.success_threshold = 5, .failure_threshold = 5};
    struct probe_record record;
    probe_reset(&record);
    const char *answers = "--+++-";
    for (size_t i = 0; i < strlen(answers); i++) {
        struct probe_answer answer = answer_of(answers[i]);
        probe_take(&record, &settings, &answer, 100 * (int64_t)i);
        if (i == 1) cr_assert_eq(record.failures, 2);
        if (i == 4) cr_assert(record.passes == 3 && record.failures == 0);
    }
    cr_assert(record.passes == 0 && record.failures == 1);
    cr_assert_eq(record.state, PROBE_PENDING);
    cr_assert_eq(record.last_at_ms, 500);
    cr_assert_eq(record.last.duration_us, 1200);
    cr_assert_str_eq(record.last.reason, "connection refused");
}

Test(probe, a_reset_forgets_everything)
{
    struct probe settings = {.success_threshold = 1, .failure_threshold = 1};
    struct probe_record record;
    struct probe_answer answer = answer_of('-');
    probe_reset(&record);
    probe_take(&record, &settings, &answer, 7);
    cr_assert_eq(record.state, PROBE_FAILING);
    probe_reset(&record);
    cr_assert_eq(record.state, PROBE_PENDING);
    cr_assert(record.history == 0 && record.checks == 0 && record.failures == 0);
    cr_assert_str_eq(record.last.reason, "");
}
