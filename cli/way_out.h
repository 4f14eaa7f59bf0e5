/* way_out.h: what to type after a refusal that a flag or another command gets over. */
#ifndef DOGSHORE_CLI_WAY_OUT_H
#define DOGSHORE_CLI_WAY_OUT_H

#include "base/err.h"

struct cli;

/* On standard error, for the command that was refused; nothing when there is no such way. */
void way_out_say(struct cli *cli, enum err_code code);
/* Where nothing was found: that there is no cluster of the name that was asked for, and which there
 * are; nothing when there is one, or none was asked for. */
void way_out_say_clusters(struct cli *cli);

#endif
