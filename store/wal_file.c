/* The format is https://www.sqlite.org/fileformat2.html#the_write_ahead_log: a header of 32 bytes
 * (magic, version, page size, sequence, two salts, two checksums), then frames. The header reaches
 * the disk before any frame does, so a torn one has no frames behind it. */
#include "store/wal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    WAL_HEADER_BYTES = 32,
    WAL_CHECKED_BYTES = 24,
    WAL_FRAME_HEADER_BYTES = 24,
    WAL_VERSION = 3007000
};

static const uint32_t wal_magic = 0x377f0682; /* checksums little-endian; +1: big-endian */

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t little_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static bool header_is_right(const uint8_t header[static WAL_HEADER_BYTES])
{
    uint32_t magic = big_endian(header);
    if ((magic & ~1u) != wal_magic || big_endian(header + 4) != WAL_VERSION) return false;
    uint32_t (*word)(const uint8_t *) = (magic & 1) != 0 ? big_endian : little_endian;
    uint32_t s0 = 0, s1 = 0;
    for (size_t i = 0; i < WAL_CHECKED_BYTES; i += 8) {
        s0 += word(header + i) + s1;
        s1 += word(header + i + 4) + s0;
    }
    return s0 == big_endian(header + 24) && s1 == big_endian(header + 28);
}

enum err_code wal_file_check(const char *database, struct err *err)
{
    char path[PATH_MAX];
    uint8_t header[WAL_HEADER_BYTES + WAL_FRAME_HEADER_BYTES];
    snprintf(path, sizeof path, "%s-wal", database);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) return ERR_OK;
    if (fd < 0) return err_set(err, ERR_IO, "cannot open %s: %s", path, strerrordesc_np(errno));
    ssize_t count = pread(fd, header, sizeof header, 0);
    close(fd);
    if (count < 0) return err_set(err, ERR_IO, "cannot read %s: %s", path, strerrordesc_np(errno));
    if (count < (ssize_t)sizeof header || header_is_right(header)) return ERR_OK;
    return err_set(err, ERR_CONFIG, "%s is damaged: its header is not that of a write-ahead log",
                   path);
}
