/* backup.c: the whole database into a file: there whole or not at all. */
#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>

enum {
    ONE_TRY_MS = 1,               /* what was begun cannot be begun again */
    BACKUP_MS = 24 * 3600 * 1000, /* a big one over a slow line */
    DIGEST_BYTES = 16 + CRYPTO_SHA256_BASE64_BYTES
};

struct download {
    int fd;
    int64_t bytes;
    int error; /* errno of a write; 0 = none */
    struct crypto_sha256 sum;
};

static bool take(void *self, const char *bytes, size_t count)
{
    struct download *download = self;
    crypto_sha256_add(&download->sum, bytes, count);
    download->bytes += (int64_t)count;
    for (ssize_t put; count > 0; bytes += put, count -= (size_t)put) {
        put = write(download->fd, bytes, count);
        if (put < 0 && errno == EINTR) put = 0;
        if (put >= 0) continue;
        download->error = errno;
        return false;
    }
    return true;
}

static enum err_code cannot(struct err *err, const char *verb, const char *path, int number)
{
    return err_set(err, ERR_IO, "cannot %s %s: %s", verb, path, strerrordesc_np(number));
}

/* It is what the server sent: libcurl has compared the length. */
static enum err_code check_digest(struct download *download, const struct client_reply *reply,
                                  struct err *err)
{
    char base64[CRYPTO_SHA256_BASE64_BYTES], digest[DIGEST_BYTES];
    crypto_sha256_end(&download->sum, base64);
    snprintf(digest, sizeof digest, "sha-256=:%s:", base64);
    if (reply->digest == NULL)
        return err_set(err, ERR_IO, "the server names no Content-Digest to check the backup by");
    if (text_equal(reply->digest, digest)) return ERR_OK;
    return err_set(err, ERR_IO, "what arrived is not what was sent: its SHA-256 is %s, not %s",
                   digest, reply->digest);
}

static enum err_code fetch(struct cli *cli, struct download *download, const char *path,
                           struct client_reply *reply, struct err *err)
{
    const struct client_request request = {
        .method = "POST",
        .path = "/v1/backup",
        .accept = "application/vnd.sqlite3, application/problem+json",
        .idempotency_key = "",
        .take = take,
        .take_self = download,
        .timeout_ms = BACKUP_MS,
        .retry_for_ms = ONE_TRY_MS,
    };
    crypto_sha256_begin(&download->sum);
    enum err_code code = cli_call(cli, &request, reply, err);
    if (download->error != 0) return cannot(err, "write", path, download->error);
    return code == ERR_OK ? check_digest(download, reply, err) : code;
}

/* ---- into a file ---- */

static enum err_code fill(struct cli *cli, struct download *download, const char *temporary,
                          const char *file, struct client_reply *reply, struct err *err)
{
    TRY(fetch(cli, download, temporary, reply, err));
    if (fsync(download->fd) != 0) return cannot(err, "sync", temporary, errno);
    if (rename(temporary, file) != 0) return cannot(err, "rename", temporary, errno);
    return file_sync_dir(dirname(arena_strdup(&cli->arena, file)), err);
}

static enum err_code fetch_file(struct cli *cli, struct download *download, const char *file,
                                struct client_reply *reply, struct err *err)
{
    char *temporary = arena_printf(&cli->arena, "%s.XXXXXX", file);
    struct stat status;
    if (lstat(file, &status) == 0 && !S_ISREG(status.st_mode))
        return err_set(err, ERR_USAGE, "%s is there and no regular file", file);
    download->fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (download->fd < 0) return cannot(err, "make a file beside", file, errno);
    enum err_code code = fill(cli, download, temporary, file, reply, err);
    close(download->fd);
    if (code != ERR_OK) unlink(temporary);
    return code;
}

static enum err_code tell(struct cli *cli, const struct download *download, const char *file,
                          const struct client_reply *reply, struct err *err)
{
    struct text text;
    text_init(&text, &cli->arena);
    if (cli->output == OUTPUT_JSON) {
        struct json_writer writer;
        json_writer_init(&writer, &text);
        json_object_begin(&writer);
        json_put_string(&writer, "file", file);
        json_put_int(&writer, "bytes", download->bytes);
        json_put_int(&writer, "index", reply->index);
        json_put_string(&writer, "digest", reply->digest);
        json_object_end(&writer);
        text_add_char(&text, '\n');
        return cli_print(cli, &text, err);
    }
    paint(&text, cli->output == OUTPUT_NAME ? STYLE_PLAIN : STYLE_BOLD, file);
    if (cli->output == OUTPUT_TEXT)
        text_printf(&text, ": %lld bytes, the state of index %lld", (long long)download->bytes,
                    (long long)reply->index);
    text_add_char(&text, '\n');
    return cli_print(cli, &text, err);
}

enum err_code verb_backup(struct cli *cli, struct err *err)
{
    const char *file = cli_operand(cli, 0);
    struct download download = {.fd = STDOUT_FILENO};
    struct client_reply reply;
    if (!text_equal(file, "-")) {
        TRY(fetch_file(cli, &download, file, &reply, err));
        return tell(cli, &download, file, &reply, err);
    }
    if (isatty(STDOUT_FILENO) == 1)
        return err_set(err, ERR_USAGE, "standard output is a terminal: send it into a file");
    TRY(fetch(cli, &download, "standard output", &reply, err));
    cli_say("%lld bytes, the state of index %lld", (long long)download.bytes,
            (long long)reply.index);
    return ERR_OK;
}
