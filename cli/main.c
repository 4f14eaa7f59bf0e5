/* dogshore: the command line. */
#include "base/crypto.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/escape.h"
#include "cli/help.h"
#include "cli/look.h"
#include "cli/verbs.h"
#include "cli/way_out.h"

#include <signal.h>

static enum err_code print_help(struct cli *cli, struct err *err)
{
    struct text text;
    text_init(&text, &cli->arena);
    if (cli->verb == NULL || cli->verb->run == verb_help)
        help_overview(&text);
    else
        help_verb(&text, cli->verb);
    return terminal_raw(text.bytes, text.length, err);
}

static enum err_code run(struct cli *cli, int argc, char **argv, struct err *err)
{
    static const char version[] = "dogshore " DOGSHORE_VERSION "\n";
    TRY(command_line_read(cli, argc, argv, err));
    if (cli->options.action == CLI_VERSION) return terminal_raw(version, sizeof version - 1, err);
    if (cli->options.action == CLI_HELP || cli->verb == NULL) return print_help(cli, err);
    if (cli->verb->run == verb_help || cli->verb->run == verb_completion)
        return cli->verb->run(cli, err);
    TRY(crypto_start(err));
    TRY(settings_read(&cli->options.settings, &cli->arena, &cli->settings, err));
    if (cli->settings.warning != NULL) cli_say("%s", cli->settings.warning);
    return cli->verb->run(cli, err);
}

/* A problem document says each field that is wrong: one line each. */
static void say_problem(const struct json *problem)
{
    const struct json *errors = look(problem, "errors");
    const char *title = look_text(problem, "title");
    const char *detail = look_text(problem, "detail");
    const char *request_id = look_text(problem, "request_id");
    cli_say("%s%s%s", title == NULL ? "error" : title, detail == NULL ? "" : ": ",
            detail == NULL ? "" : detail);
    for (size_t i = 0; i < look_count(errors); i++) {
        const struct json *error = look_item(errors, i);
        const char *pointer = look_text(error, "pointer");
        const char *rule = look_text(error, "detail");
        cli_say("  %s: %s", pointer == NULL ? "#" : pointer, rule == NULL ? "is wrong" : rule);
    }
    if (look_int(problem, "status", 0) >= 500 && request_id != NULL)
        cli_say("  the server's log has more under request %s", request_id);
}

static void say_error(const struct cli *cli, const struct err *err)
{
    if (err->code == ERR_CANCELLED || err->detail[0] == '\0') return;
    if (cli->problem != NULL)
        say_problem(cli->problem);
    else
        cli_say("%s", err->detail);
    if (err->code != ERR_USAGE || cli->verb == NULL) return;
    bool is_help = text_equal(cli->verb->words, "help");
    cli_say("try 'dogshore help%s%s'", is_help ? "" : " ", is_help ? "" : cli->verb->words);
}

int main(int argc, char **argv)
{
    struct cli cli = {.clock = clock_system(), .outcome = EXIT_CODE_OK};
    struct err err = {.code = ERR_OK};
    /* A reader that goes away is an error of the next write, not a signal. */
    signal(SIGPIPE, SIG_IGN);
    arena_init(&cli.arena);
    terminal_open(&cli.terminal);
    enum err_code code = run(&cli, argc, argv, &err);
    if (code != ERR_OK) {
        err.code = code;
        say_error(&cli, &err);
        way_out_say(&cli, code);
        cli.outcome = exit_code_of(code);
    }
    cli_close(&cli);
    return (int)cli.outcome;
}
