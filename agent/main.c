/* dogshore-agent: what runs on every worker node. */
#include "agent/agent.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/failpoint.h"
#include "base/program.h"
#include "base/text.h"

#include <signal.h>

enum { EXIT_FENCED = 75 }; /* besides those of program.h, spelled out in --help */

static int print(int action)
{
    struct text text;
    text_init(&text, NULL);
    if (action == AGENT_HELP)
        agent_config_help(&text);
    else
        text_add(&text, "dogshore-agent " DOGSHORE_VERSION "\n");
    return program_print(&text) ? EXIT_SUCCESS : EXIT_IO;
}

static enum err_code run(const struct agent_config *config, enum agent_end *end, struct err *err)
{
    log_set_level(config->log_level);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of its writer */
    TRY(crypto_start(err));
#ifdef DOGSHORE_FAILPOINTS
    failpoint_start();
#endif
    return agent_run(config, end, err);
}

int main(int argc, char **argv)
{
    auto_arena arena;
    arena_init(&arena);
    struct agent_config config;
    struct err err;
    enum agent_end end = AGENT_STOPPED;
    enum err_code code = agent_config_read(&config, &arena, argc, argv, &err);
    if (code == ERR_OK && config.action != AGENT_RUN) return print(config.action);
    if (code == ERR_OK) code = run(&config, &end, &err);
    if (code != ERR_OK) fprintf(stderr, "dogshore-agent: %s\n", err.detail);
    return code == ERR_OK && end == AGENT_FENCED ? EXIT_FENCED : program_exit_code(code);
}
