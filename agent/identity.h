/* identity.h: who this agent is: its place on disk, its own token, this boot of the machine, the
 * address it is reached at.
 *
 * Ownership: what is returned lives in the arena. Threads: any. Errors: ERR_CONFIG where a folder
 * cannot be used.
 */
#ifndef DOGSHORE_AGENT_IDENTITY_H
#define DOGSHORE_AGENT_IDENTITY_H

#include "base/err.h"

struct arena;

/* Makes the folder (0700) when it is missing; its real path. */
enum err_code identity_folder(struct arena *arena, const char *path, const char **real_path,
                              struct err *err);
/* Holds DIR/<name> as long as the process lives; refused with the pid of who has it. */
enum err_code identity_lock(const char *dir, const char *name, struct err *err);
/* The same of a folder that holds nothing but what it is for: its holder is not named. */
enum err_code identity_lock_folder(const char *dir, struct err *err);

/* STATEDIR/token: 256 random bits, made once and on disk before anybody is told of it. */
enum err_code identity_token(struct arena *arena, const char *state_dir, const char **token,
                             struct err *err);
/* The first line of a file. */
enum err_code identity_read_secret(struct arena *arena, const char *path, const char **secret,
                                   struct err *err);
enum err_code identity_boot_id(struct arena *arena, const char **boot_id, struct err *err);
/* The local end of a connection to `server`, a URL; nothing is sent. */
enum err_code identity_address(struct arena *arena, const char *server, const char **address,
                               struct err *err);

#endif
