/* What a probe or a check may ask for: the path and query of a URI, and nothing that an HTTP server
 * could read otherwise. */
#include "wire/string_rule.h"

#include "base/arena.h"
#include "base/text.h"
#include "wire/deployment_wire.h"

#include <criterion/criterion.h>

static const char *const targets[] = {
    "/",
    "/healthz",
    "/health?full=1&x=a/b?c",
    "/a%20b/%C3%A4%2f",
    "/~user/a-b_c.d;v=1,2:@!$'()*+",
    "//two/slashes/",
    "/?",
};

Test(string_rule, paths_and_queries_of_rfc_3986_are_taken)
{
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        cr_expect_null(rule_request_target.problem(targets[i]), "%s: %s", targets[i],
                       rule_request_target.problem(targets[i]));
}

static const struct {
    const char *target, *says;
} refused[] = {
    {"", "begin with '/'"},
    {"healthz", "begin with '/'"},
    {"http://host/", "begin with '/'"},
    {"/a b", "a space: write %20"},
    {"/ HTTP/1.1", "a space: write %20"},
    {"/a#b", "'#': write %23"},
    {"/a?b#c", "'#': write %23"},
    {"/\"", "'\"': write %22"},
    {"/<x>", "'<': write %3C"},
    {"/x>", "'>': write %3E"},
    {"/?a[0]=1", "'[': write %5B"},
    {"/?a]", "']': write %5D"},
    {"/a\\b", "'\\': write %5C"},
    {"/a^", "'^': write %5E"},
    {"/`a`", "'`': write %60"},
    {"/{id}", "'{': write %7B"},
    {"/id}", "'}': write %7D"},
    {"/a|b", "'|': write %7C"},
    {"/a\tb", "control characters"},
    {"/a\r\nHost: b", "control characters"},
    {"/a\x7f", "control characters"},
    {"/\xc3\xa4", "beyond ASCII"},
    {"/a\xff", "beyond ASCII"},
    {"/100%", "two hexadecimal digits"},
    {"/%2", "two hexadecimal digits"},
    {"/%2g", "two hexadecimal digits"},
    {"/%%20", "two hexadecimal digits"},
};

Test(string_rule, what_no_request_line_can_carry_is_named)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const char *problem = rule_request_target.problem(refused[i].target);
        cr_assert_not_null(problem, "%s", refused[i].target);
        cr_expect_not_null(strstr(problem, refused[i].says), "%s: %s", refused[i].target, problem);
    }
}

/* Accepted before there was the rule: its revision stays readable, and what runs goes on. */
Test(string_rule, a_stored_template_is_not_judged_by_it)
{
    static const char stored[] =
        "{\"version\":\"1\",\"command\":[\"./serve\"],\"ports\":{\"http\":0},\"probes\":"
        "{\"readiness\":{\"http\":{\"path\":\"/a b#c\"}}}}";
    auto_arena arena;
    struct template template;
    struct err err;
    arena_init(&arena);
    cr_assert_eq(template_parse(&arena, stored, &template, &err), ERR_OK, "%s", err.detail);
    cr_assert_str_eq(template.probes.readiness->http->path, "/a b#c");
}
