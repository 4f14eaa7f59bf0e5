/* The file is read into the end of a mapping; its beginning has room for the pointers of the two
 * vectors, since a record that needs one has more bytes than it ("argument=" and a NUL). */
#include "shim/order.h"

#include "shim/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const char argument_key[] = "argument=", environment_key[] = "environment=";

enum { SPEC_BYTES_MAX = 64 * 1024 * 1024, POINTERS_BESIDE = 2 };

struct records {
    char *bytes;
    size_t count;
};

static size_t pointer_bytes(size_t file_bytes)
{
    size_t records = file_bytes / sizeof argument_key;
    return (records + POINTERS_BESIDE) * sizeof(char *);
}

static bool read_all(int fd, char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t got = read(fd, bytes, count);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        bytes += got;
        count -= (size_t)got;
    }
    return true;
}

/* The mapping is zeroed and ends at least one byte behind the file, so the last record ends. */
static bool map_file(struct order *order, int fd, struct records *records)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_size <= 0 || status.st_size > SPEC_BYTES_MAX)
        return false;
    size_t file_bytes = (size_t)status.st_size, before = pointer_bytes(file_bytes);
    order->mapping_bytes = before + file_bytes + 1;
    order->mapping = mmap(NULL, order->mapping_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (order->mapping == MAP_FAILED) return false;
    records->bytes = (char *)order->mapping + before;
    records->count = file_bytes;
    return read_all(fd, records->bytes, file_bytes);
}

static char *value_of(char *record, const char *key)
{
    size_t bytes = strlen(key);
    return strncmp(record, key, bytes) == 0 ? record + bytes : NULL;
}

/* Fills `vector` with the values of `key`; returns where the next vector may begin. */
static char **collect(const struct records *records, const char *key, char **vector)
{
    char *end = records->bytes + records->count;
    for (char *record = records->bytes; record < end; record += strlen(record) + 1) {
        char *value = value_of(record, key);
        if (value != NULL) *vector++ = value;
    }
    *vector = NULL;
    return vector + 1;
}

static const char *find(const struct records *records, const char *key)
{
    char *end = records->bytes + records->count;
    for (char *record = records->bytes; record < end; record += strlen(record) + 1) {
        char *value = value_of(record, key);
        if (value != NULL) return value;
    }
    return NULL;
}

/* 0 = missing, not a number or out of range. */
static long long find_number(const struct records *records, const char *key, long long most)
{
    const char *value = find(records, key);
    char *end = NULL;
    long long number = value == NULL ? 0 : strtoll(value, &end, 10);
    if (end == NULL || end == value || *end != '\0') return 0;
    return number < 1 || number > most ? 0 : number;
}

static bool understand(struct order *order, const struct records *records)
{
    order->arguments = order->mapping;
    order->environment = collect(records, argument_key, order->arguments);
    collect(records, environment_key, order->environment);
    order->working_dir = find(records, "working_dir=");
    order->log = find(records, "log=");
    order->boot_id = find(records, "boot_id=");
    order->log_bytes = find_number(records, "log_bytes=", LLONG_MAX);
    order->stop_signal = (int)find_number(records, "stop_signal=", SIGRTMAX);
    return order->arguments[0] != NULL && order->working_dir != NULL && order->log != NULL &&
           order->boot_id != NULL && order->log_bytes > 0 && order->stop_signal > 0;
}

bool order_read(struct order *order, int folder)
{
    struct records records;
    int fd = openat(folder, SHIM_SPEC_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return false;
    bool is_read = map_file(order, fd, &records);
    close(fd);
    return is_read && understand(order, &records);
}

void order_release(struct order *order)
{
    munmap(order->mapping, order->mapping_bytes);
    *order = (struct order){.stop_signal = order->stop_signal};
}
