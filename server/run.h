/* run.h: the server as a whole: opens every part in order, serves until a signal, closes them in
 * the opposite order.
 *
 * SIGTERM and SIGINT: readyz says no, no connection is accepted any more, every write that was
 * taken gets its outcome, parked polls get what they have; then scheduler, writer and store end. A
 * second signal ends the process at once, which is as safe as kill -9.
 */
#ifndef DOGSHORE_SERVER_RUN_H
#define DOGSHORE_SERVER_RUN_H

#include "base/err.h"

struct config;

/* Returns when the server has stopped: ERR_OK, or why it could not start. */
enum err_code server_run(const struct config *config, struct err *err);

#endif
