#include "base/err.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static enum err_code fails_in_the_middle(int *steps, struct err *err)
{
    ++*steps;
    TRY(err_set(err, ERR_CONFLICT, "middle"));
    ++*steps;
    return ERR_OK;
}

Test(err, set_fills_code_and_detail)
{
    struct err err = {.code = ERR_OK};
    cr_assert_eq(err_set(&err, ERR_NOT_FOUND, "deployment %s", "web"), ERR_NOT_FOUND);
    cr_assert_eq(err.code, ERR_NOT_FOUND);
    cr_assert_str_eq(err.detail, "deployment web");
}

Test(err, set_without_an_error_object_only_returns_the_code)
{
    cr_assert_eq(err_set(NULL, ERR_GONE, "index %d", 3), ERR_GONE);
}

Test(err, set_may_quote_the_old_detail)
{
    struct err err;
    err_set(&err, ERR_IO, "disk");
    err_set(&err, ERR_INTERNAL, "writer: %s", err.detail);
    cr_assert_str_eq(err.detail, "writer: disk");
}

Test(err, wrap_prefixes_the_noun_and_keeps_the_code)
{
    struct err err;
    err_set(&err, ERR_INVALID, "not a number");
    cr_assert_eq(err_wrap(&err, "replica %d", 7), ERR_INVALID);
    cr_assert_str_eq(err.detail, "replica 7: not a number");
}

Test(err, details_are_cut_not_overrun)
{
    char longer[2 * ERR_DETAIL_BYTES];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    struct err err;
    err_set(&err, ERR_INVALID, "%s", longer);
    cr_assert_eq(strlen(err.detail), ERR_DETAIL_BYTES - 1);
    err_wrap(&err, "noun");
    cr_assert_eq(strlen(err.detail), ERR_DETAIL_BYTES - 1);
    cr_assert_eq(strncmp(err.detail, "noun: xxx", 9), 0);
    err_wrap(&err, "%s", longer);
    cr_assert_eq(strlen(err.detail), ERR_DETAIL_BYTES - 1);
}

Test(err, try_returns_at_the_first_failure)
{
    struct err err;
    int steps = 0;
    cr_assert_eq(fails_in_the_middle(&steps, &err), ERR_CONFLICT);
    cr_assert_eq(steps, 1);
}

Test(err, every_code_has_a_status_a_unique_slug_and_a_title)
{
    for (int i = ERR_OK + 1; i < ERR_CODES; i++) {
        enum err_code code = (enum err_code)i;
        cr_assert(err_status(code) >= 400 && err_status(code) <= 599, "code %d", i);
        cr_assert_gt(strlen(err_slug(code)), 0);
        cr_assert_gt(strlen(err_title(code)), 0);
        for (int j = ERR_OK + 1; j < i; j++)
            cr_assert_str_neq(err_slug(code), err_slug((enum err_code)j));
    }
    cr_assert_eq(err_status(ERR_OUTCOME_UNKNOWN), 503);
    cr_assert_str_eq(err_slug(ERR_PRECONDITION), "precondition_failed");
}

/* What a client makes of an answer: the slug first, then the status. */
static const struct {
    const char *slug;
    int status;
    enum err_code code;
} answers[] = {
    {"not_found", 404, ERR_NOT_FOUND},
    {"fenced", 409, ERR_FENCED},
    {"outcome_unknown", 503, ERR_OUTCOME_UNKNOWN},
    {"invalid", 400, ERR_INVALID},
    {"brand_new", 409, ERR_CONFLICT},
    {"brand_new", 422, ERR_INVALID},
    {"", 503, ERR_UNAVAILABLE},
    {NULL, 401, ERR_UNAUTHORIZED},
    {NULL, 404, ERR_NOT_FOUND},
    {NULL, 500, ERR_INTERNAL},
    {NULL, 418, ERR_INTERNAL},
    {NULL, 302, ERR_INTERNAL},
};

Test(err, an_answer_becomes_the_code_of_its_slug_or_of_its_status)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        cr_assert_eq(err_of_slug(answers[i].slug, answers[i].status), answers[i].code,
                     "answer %zu: %s %d", i, answers[i].slug, answers[i].status);
}

Test(err, every_slug_comes_back_as_its_code)
{
    for (int i = ERR_OK + 1; i < ERR_CODES; i++)
        cr_assert_eq(err_of_slug(err_slug((enum err_code)i), 0), (enum err_code)i);
}

/* What is sent: all but what the server keeps to itself. */
static bool is_sent(enum err_code code)
{
    return err_status(code) != 500 || code == ERR_INTERNAL;
}

/* The row of a table, "| 409 | `fenced`, … | what to do |", that names the code. */
static bool is_documented(const char *page, enum err_code code)
{
    char status[16], slug[64];
    snprintf(status, sizeof status, "\n| %d", err_status(code));
    snprintf(slug, sizeof slug, "`%s`", err_slug(code));
    for (const char *row = strstr(page, status); row != NULL; row = strstr(row + 1, status)) {
        const char *name = strstr(row, slug), *end = strchr(row + 1, '\n');
        if (name != NULL && name < end) return true;
    }
    return false;
}

Test(err, every_code_that_is_sent_is_in_the_table_of_the_docs)
{
    char piece[4096];
    size_t bytes;
    struct text page;
    FILE *file = fopen(DOGSHORE_SOURCE_DIR "/docs/api.md", "re");
    cr_assert_not_null(file);
    text_init(&page, NULL);
    while ((bytes = fread(piece, 1, sizeof piece, file)) > 0)
        text_append(&page, piece, bytes);
    fclose(file);
    for (int i = ERR_OK + 1; i < ERR_CODES; i++) {
        enum err_code code = (enum err_code)i;
        if (is_sent(code)) cr_expect(is_documented(text_string(&page), code), "%s", err_slug(code));
    }
    text_release(&page);
}
