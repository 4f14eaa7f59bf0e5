#include "server/first_tokens.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/text.h"
#include "store/store.h"
#include "store/tokens.h"
#include "store/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

struct first_token {
    const char *id;
    enum token_scope scope;
};

enum { FIRST_TOKENS = 2 };

static const struct first_token first_tokens[FIRST_TOKENS] = {{"admin", TOKEN_ADMIN},
                                                              {"join", TOKEN_JOIN}};

static bool write_all(int fd, const char *bytes, size_t count)
{
    ssize_t written = write(fd, bytes, count);
    return written == (ssize_t)count && fsync(fd) == 0;
}

static enum err_code write_secret(const char *data_dir, const char *path, const char *secret,
                                  struct arena *arena, struct err *err)
{
    const char *temporary = arena_printf(arena, "%s.tmp", path);
    const char *line = arena_printf(arena, "%s\n", secret);
    if (unlink(temporary) != 0 && errno != ENOENT)
        return err_set(err, ERR_IO, "cannot remove %s: %s", temporary, strerror(errno));
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return err_set(err, ERR_IO, "cannot create %s: %s", temporary, strerror(errno));
    bool written = write_all(fd, line, strlen(line));
    int failure = errno;
    written = close(fd) == 0 && written;
    if (!written) return err_set(err, ERR_IO, "cannot write %s: %s", temporary, strerror(failure));
    if (rename(temporary, path) != 0)
        return err_set(err, ERR_IO, "cannot rename %s: %s", temporary, strerror(errno));
    return file_sync_dir(data_dir, err);
}

/* The secret of a file left by a start that ended before its commit; NULL when there is none. */
static enum err_code read_secret(const char *path, struct arena *arena, const char **secret,
                                 struct err *err)
{
    char bytes[CRYPTO_TOKEN_TEXT_BYTES + 1] = {0};
    *secret = NULL;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return ERR_OK;
    if (fd < 0) return err_set(err, ERR_IO, "cannot open %s: %s", path, strerror(errno));
    struct stat status;
    ssize_t count = fstat(fd, &status) == 0 ? read(fd, bytes, sizeof bytes - 1) : -1;
    int failure = errno;
    close(fd);
    if (count < 0) return err_set(err, ERR_IO, "cannot read %s: %s", path, strerror(failure));
    bytes[strcspn(bytes, "\n")] = '\0';
    bool right = strlen(bytes) >= 32 && text_starts(bytes, "dgs_");
    if (!right)
        return err_set(err, ERR_CONFIG,
                       "%s does not hold a token; remove it to have a new one made", path);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return err_set(err, ERR_CONFIG,
                       "%s may be read by others: chmod 600 it, or remove it to "
                       "have a new one made",
                       path);
    *secret = arena_strdup(arena, bytes);
    return ERR_OK;
}

/* Both rows in one closure, so that a later start finds both or neither. */
struct put_job {
    struct writer_job job;
    struct token tokens[FIRST_TOKENS];
    bool done;
    enum err_code code;
    struct err err;
};

static enum err_code put_apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct put_job *put = CONTAINER_OF(job, struct put_job, job);
    tx_set_actor(tx, "server", NULL);
    for (size_t i = 0; i < FIRST_TOKENS; i++) {
        put->tokens[i].created_at = tx_wall_ms(tx);
        TRY(tokens_put(tx, &put->tokens[i], err));
    }
    return ERR_OK;
}

static void put_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    struct put_job *put = CONTAINER_OF(job, struct put_job, job);
    put->done = true;
    put->code = code;
    if (code != ERR_OK) put->err = *err;
}

static enum err_code make_secret(const char *data_dir, const struct first_token *first,
                                 struct arena *arena, const char **secret, struct err *err)
{
    const char *path = arena_printf(arena, "%s/%s.token", data_dir, first->id);
    TRY(read_secret(path, arena, secret, err));
    if (*secret != NULL) return ERR_OK;
    char made[CRYPTO_TOKEN_TEXT_BYTES];
    crypto_token("dgs_", made);
    *secret = arena_strdup(arena, made);
    TRY(write_secret(data_dir, path, *secret, arena, err));
    struct log_line line;
    log_begin(&line, LOG_INFO, "token_made");
    log_string(&line, "token", first->id);
    log_string(&line, "file", path);
    log_end(&line);
    return ERR_OK;
}

static enum err_code make_tokens(struct store *store, struct writer *writer, const char *data_dir,
                                 struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    struct put_job put = {.job = {.apply = put_apply, .done = put_done}};
    for (size_t i = 0; i < FIRST_TOKENS; i++) {
        const struct first_token *first = &first_tokens[i];
        const char *secret = NULL;
        TRY(make_secret(data_dir, first, &arena, &secret, err));
        put.tokens[i] =
            (struct token){.id = first->id, .name = first->id, .scope = (int)first->scope};
        token_hash(store, secret, put.tokens[i].hash);
    }
    TRY(writer_submit(writer, LANE_FIRST, &put.job, err));
    while (!put.done)
        writer_step(writer);
    if (put.code != ERR_OK) *err = put.err;
    return put.code;
}

/* Sets *exists, or fails with the store's error. */
static enum err_code token_exists(struct store_db *db, const char *id, bool *exists,
                                  struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    struct token token;
    struct err missing;
    enum err_code code = tokens_get(db, &arena, id, &token, &missing);
    *exists = code == ERR_OK;
    if (code == ERR_OK || code == ERR_NOT_FOUND) return ERR_OK;
    *err = missing;
    return code;
}

static enum err_code any_exists(struct store_db *db, bool *any, struct err *err)
{
    int64_t admins;
    TRY(store_read_begin(db, err));
    enum err_code code = tokens_count_lasting_admins(db, NULL, &admins, err);
    *any = code == ERR_OK && admins > 0;
    for (size_t i = 0; i < FIRST_TOKENS && code == ERR_OK && !*any; i++)
        code = token_exists(db, first_tokens[i].id, any, err);
    store_read_end(db);
    return code;
}

enum err_code first_tokens_make(struct store *store, struct writer *writer, const char *data_dir,
                                struct err *err)
{
    struct store_db *db = NULL;
    bool any = false;
    TRY(store_reader_open(store, &db, err));
    enum err_code code = any_exists(db, &any, err);
    store_reader_close(db);
    if (code != ERR_OK || any) return code;
    return make_tokens(store, writer, data_dir, err);
}
