/* dogshored: the control plane. */
#include "api/routes.h"
#include "base/crypto.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/program.h"
#include "base/text.h"
#include "model/states.h"
#include "server/config.h"
#include "server/metrics.h"
#include "server/restore.h"
#include "server/run.h"
#include "wire/schema.h"

#include <sys/resource.h>

static void print_failpoints(struct text *text)
{
    const char *name;
    for (size_t i = 0; (name = failpoint_name(i)) != NULL; i++)
        text_printf(text, "%s\n", name);
}

static int print(enum config_action action)
{
    struct text text;
    text_init(&text, NULL);
    switch (action) {
    case ACTION_HELP:
        config_help(&text);
        break;
    case ACTION_VERSION:
        text_add(&text, "dogshored " DOGSHORE_VERSION "\n");
        break;
    case ACTION_PRINT_ROUTES:
        routes_print(&text);
        break;
    case ACTION_PRINT_METRICS:
        metrics_print(&text);
        break;
    case ACTION_PRINT_STATES:
        states_print(&text);
        break;
    case ACTION_PRINT_SCHEMA:
        wire_print_schema(&text);
        break;
    case ACTION_PRINT_FAILPOINTS:
        print_failpoints(&text);
        break;
    case ACTION_SERVE:
        break;
    }
    return program_print(&text) ? EXIT_SUCCESS : EXIT_IO;
}

/* What it holds are other people's secrets. */
static void leave_no_core(void)
{
    const struct rlimit no_core = {0};
    setrlimit(RLIMIT_CORE, &no_core);
}

static enum err_code run(const struct config *config, struct err *err)
{
    log_set_level(config->log_level);
    leave_no_core();
    TRY(crypto_start(err));
#ifdef DOGSHORE_FAILPOINTS
    failpoint_start();
#endif
    TRY(routes_check(err));
    if (config->restore != NULL) return restore_run(config, err);
    return server_run(config, err);
}

int main(int argc, char **argv)
{
    struct config config;
    struct err err;
    enum err_code code = config_read(&config, argc, argv, &err);
    if (code == ERR_OK && config.action != ACTION_SERVE) return print(config.action);
    if (code == ERR_OK) code = run(&config, &err);
    if (code != ERR_OK) fprintf(stderr, "dogshored: %s\n", err.detail);
    return program_exit_code(code);
}
