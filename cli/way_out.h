/* way_out.h: what to type after a refusal that a flag or another command gets over. */
#ifndef DOGSHORE_CLI_WAY_OUT_H
#define DOGSHORE_CLI_WAY_OUT_H

#include "base/err.h"

struct cli;

/* On standard error, for the command that was refused; nothing when there is no such way. */
void way_out_say(struct cli *cli, enum err_code code);
/* Where nothing was found, and a cluster was asked for: asks the server, once, which there are, and
 * says that this is none of them. Nothing when it is one, or when the token may see none. */
void way_out_check_cluster(struct cli *cli);

#endif
