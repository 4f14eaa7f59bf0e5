/* http_server.h: a real dogshored as a child process, on a free port and a folder of its own.
 *
 * It is ready when it says so (NOTIFY_SOCKET), so nothing here waits by the clock; its log goes to
 * <folder>/log. It dies with the test. The environment variable DOGSHORE_SERVER names another
 * program than the one built beside the tests: Criterion does not run under ThreadSanitizer, so its
 * build is tested by the tests of another one. A failure of the harness itself aborts the test.
 */
#ifndef DOGSHORE_TESTS_HTTP_SERVER_H
#define DOGSHORE_TESTS_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { HTTP_SERVER_PATH_BYTES = 128, HTTP_SERVER_ARGUMENTS = 16, HTTP_SERVER_TOKEN_BYTES = 80 };

struct http_server {
    /* May be set before http_server_start(). */
    const char *arguments[HTTP_SERVER_ARGUMENTS]; /* further flags, NULL at the end */
    const char *failpoints;                       /* DOGSHORE_FAILPOINTS, NULL = none */
    uint64_t open_files;                          /* RLIMIT_NOFILE, 0 = as it is */

    char folder[HTTP_SERVER_PATH_BYTES];
    char data_dir[HTTP_SERVER_PATH_BYTES];
    char address[64]; /* "127.0.0.1:40123" */
    uint16_t port;
    char admin_token[HTTP_SERVER_TOKEN_BYTES];
    char join_token[HTTP_SERVER_TOKEN_BYTES];
    pid_t pid;
    int notify_fd;
};

/* Makes the folder at the first start; again after stop or kill: the same data. */
void http_server_start(struct http_server *server);
/* Starts a server that is expected to end by itself; returns its exit status (128 + signal). */
int http_server_run(struct http_server *server);
/* SIGTERM; returns the exit status. */
int http_server_stop(struct http_server *server);
void http_server_signal(const struct http_server *server, int number);
/* Waits for its end; returns the exit status. */
int http_server_wait(struct http_server *server);
void http_server_kill(struct http_server *server); /* SIGKILL, reaped */
/* Stops it (exit status 0 is demanded) and removes the folder. */
void http_server_release(struct http_server *server);

/* The log so far; to be freed. */
char *http_server_log(const struct http_server *server);
/* A small file of the data directory without its last newline; to be freed; NULL if absent. */
char *http_server_file(const struct http_server *server, const char *name);

_Noreturn void http_harness_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
