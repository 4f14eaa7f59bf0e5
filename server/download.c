#include "server/download.h"

#include "base/arena.h"
#include "base/limits.h"
#include "server/backup.h"
#include "server/client.h"
#include "server/exchange.h"
#include "server/loop.h"

#include <microhttpd.h>

enum { BLOCK_BYTES = 128 * 1024, NAME_BYTES = 128 };

struct download {
    struct backup_job job;
    struct backups *backups;
    struct exchange *exchange;
    bool has_file;
    uint64_t stride_end; /* of the file */
};

/* ---- asking for it ---- */

static void answer(struct exchange *exchange, const struct backup_file *file)
{
    struct reply *reply = &exchange->reply;
    reply_init(reply, &exchange->request);
    reply->status = 200;
    reply->content_type = "application/vnd.sqlite3";
    reply->index = file->index;
}

/* On the backup thread. */
static void on_done(struct backup_job *job, enum err_code code, const struct err *err)
{
    struct download *download = CONTAINER_OF(job, struct download, job);
    struct exchange *exchange = download->exchange;
    download->has_file = code == ERR_OK;
    if (code == ERR_OK)
        answer(exchange, &job->file);
    else
        exchange_fail(exchange, err);
    mailbox_post(&exchange->loop->mailbox, &exchange->mail);
    mailbox_wake(&exchange->loop->mailbox);
}

void download_start(struct exchange *exchange)
{
    struct loop *loop = exchange->loop;
    struct err err;
    struct download *download = xcalloc(1, sizeof *download);
    download->job.done = on_done;
    download->backups = loop->service->backups;
    download->exchange = exchange;
    exchange->download = download;
    exchange->stage = STAGE_AWAY;
    exchange->away = true;
    loop->away_count++;
    exchange_hold(exchange);
    if (backups_submit(download->backups, &download->job, &err) == ERR_OK) return;
    exchange->away = false;
    loop->away_count--;
    exchange_fail(exchange, &err);
    exchange_ready(exchange);
}

/* ---- sending it ---- */

size_t download_bytes(const struct download *download)
{
    return (size_t)download->job.file.bytes;
}

static ssize_t read_block(void *self, uint64_t position, char *bytes, size_t most)
{
    struct download *download = self;
    struct exchange *exchange = download->exchange;
    if (exchange->loop->draining) return MHD_CONTENT_READER_END_WITH_ERROR;
    if (position >= download->stride_end) {
        download->stride_end = position + DOWNLOAD_STRIDE_BYTES;
        client_replying(exchange->client);
    }
    ssize_t got = pread(download->job.file.fd, bytes, most, (off_t)position);
    if (got <= 0) return MHD_CONTENT_READER_END_WITH_ERROR;
    exchange->reply_bytes += (size_t)got;
    counter_add(&exchange->loop->metrics.reply_bytes, got);
    return got;
}

static void close_it(void *self)
{
    download_close(self);
}

static void put(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

struct MHD_Response *download_response(struct exchange *exchange)
{
    struct download *download = exchange->download;
    const struct backup_file *file = &download->job.file;
    char disposition[NAME_BYTES];
    struct MHD_Response *response = MHD_create_response_from_callback(
        (uint64_t)file->bytes, BLOCK_BYTES, read_block, download, close_it);
    if (response == NULL) return NULL;
    exchange->download = NULL;
    snprintf(disposition, sizeof disposition, "attachment; filename=\"dogshore-%lld.db\"",
             (long long)file->index);
    put(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, disposition);
    put(response, "Content-Digest", file->digest);
    return response;
}

void download_close(struct download *download)
{
    if (download == NULL) return;
    if (download->has_file) {
        close(download->job.file.fd);
        backups_taken(download->backups);
    }
    free(download);
}
