/* dogshore-example: a web service for trying deployments: it tells its version, and on demand it is
 * slow, never ready, broken or deaf. examples/README.md shows what each of these does to a rollout.
 */
#include "base/options.h"
#include "base/text.h"
#include "examples/service/service.h"

enum action { ACTION_RUN, ACTION_HELP };
enum { NO_EXIT = -1, PORT_MOST = 65535, EXIT_USAGE = 2 };

struct config {
    struct behaviour behaviour;
    int64_t exit_code;
    int action;
};

static const struct option options[] = {
    OPTION_NUMBER(struct config, "port", behaviour.port, "N", 0, PORT_MOST, 0,
                  "Where it listens; when it is not given, $PORT says so."),
    OPTION_TEXT(struct config, "address", behaviour.address, "ADDRESS", "127.0.0.1",
                "Of this machine; $DOGSHORE_ADDRESS, when that is set."),
    OPTION_TEXT(struct config, "version", behaviour.version, "TEXT", "1",
                "What it says its version is; $DOGSHORE_VERSION, when that is set."),
    OPTION_NUMBER(struct config, "start-delay-ms", behaviour.start_delay_ms, "N", 0, DAY_MS, 0,
                  "Not ready (503) for so long after the start."),
    OPTION_SWITCH(struct config, "never-ready", behaviour.never_ready, "Not ready, ever (503)."),
    OPTION_NUMBER(struct config, "fail-after", behaviour.fail_after_requests, "N", 0, INT32_MAX, 0,
                  "After N requests, those of probes counted, every answer is 500. 0 = never."),
    OPTION_NUMBER(struct config, "crash-after-seconds", behaviour.crash_after_seconds, "N", 0,
                  DAY_MS / 1000, 0, "Exits with status 3 so long after the start. 0 = never."),
    OPTION_NUMBER(struct config, "slow-ms", behaviour.slow_ms, "N", 0, DAY_MS, 0,
                  "Every page takes so long; /healthz and /readyz do not."),
    OPTION_SWITCH(struct config, "ignore-term", behaviour.ignore_term,
                  "Goes on when it is told to stop with SIGTERM."),
    OPTION_NUMBER(struct config, "exit-code", exit_code, "N", NO_EXIT, 255, NO_EXIT,
                  "Exits with this status at once. -1 = does not."),
    OPTION_ACTION(struct config, "help", action, ACTION_HELP, "Print this and exit."),
};

static const struct option_table table = {
    .options = options,
    .count = sizeof options / sizeof *options,
    .variable_prefix = "DOGSHORE_",
};

static void print_help(void)
{
    struct text text;
    text_init(&text, NULL);
    options_help(&table, &text);
    printf("usage: dogshore-example --port N [options]\n\n%s", text_string(&text));
    text_release(&text);
}

static int fail(const struct err *err)
{
    fprintf(stderr, "dogshore-example: %s\n", err->detail);
    return err->code == ERR_USAGE ? EXIT_USAGE : EXIT_FAILURE;
}

static enum err_code find_port(struct behaviour *behaviour, struct err *err)
{
    const char *port = getenv("PORT");
    if (behaviour->port != 0) return ERR_OK;
    if (port == NULL) return err_set(err, ERR_USAGE, "needs --port N (or $PORT)");
    if (text_to_int64(port, 1, PORT_MOST, &behaviour->port)) return ERR_OK;
    return err_set(err, ERR_USAGE, "$PORT must be a number from 1 to %d, got '%s'", PORT_MOST,
                   port);
}

int main(int argc, char **argv)
{
    struct config config = {0};
    struct err err = {0};
    if (options_read(&table, &config, argc, argv, NULL, &err) != ERR_OK) return fail(&err);
    if (config.action == ACTION_HELP) {
        print_help();
        return EXIT_SUCCESS;
    }
    if (config.exit_code != NO_EXIT) return (int)config.exit_code;
    if (find_port(&config.behaviour, &err) != ERR_OK) return fail(&err);
    struct service service = {.behaviour = config.behaviour};
    return service_run(&service, &err) == ERR_OK ? EXIT_SUCCESS : fail(&err);
}
