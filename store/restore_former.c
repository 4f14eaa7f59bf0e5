/* The database that is moved aside: which numbers did it give? It may be damaged, which is why it
 * is moved aside: then nothing is known of it. Nothing of it is changed: it stays what it was, with
 * its log. */
#include "base/number.h"
#include "base/text.h"
#include "store/life.h"
#include "store/restore_parts.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS_MAX = 100000 };

/* A database without a log is at rest; SQLite would make an empty log for it, if it were not told
 * that nobody writes. */
static const char *address(struct text *text, const struct restore_paths *paths)
{
    static const char special[] = "%?#";
    /* An absolute path follows an empty authority, as what follows two slashes would be one. */
    text_add(text, *paths->database == '/' ? "file://" : "file:");
    for (const char *at = paths->database; *at != '\0'; at++)
        if (strchr(special, *at) != NULL)
            text_printf(text, "%%%02X", (unsigned)*at);
        else
            text_printf(text, "%c", *at);
    text_add(text, access(paths->log, F_OK) == 0 ? "?mode=ro" : "?mode=ro&immutable=1");
    return text_string(text);
}

/* Opening whatever else there is might never end. */
static bool is_file(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static int give_up(void *argument)
{
    (void)argument;
    return 1;
}

static sqlite3 *open_former(const struct restore_paths *paths)
{
    enum { FLAGS = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW };
    sqlite3 *handle = NULL;
    if (!is_file(paths->database)) return NULL;
    struct text text;
    text_init(&text, NULL);
    int code = sqlite3_open_v2(address(&text, paths), &handle, FLAGS, NULL);
    text_release(&text);
    if (code == SQLITE_OK)
        code = sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (code != SQLITE_OK) {
        sqlite3_close(handle);
        return NULL;
    }
    /* One row is read, unless it is somebody else's database, where `meta` may be anything. */
    sqlite3_progress_handler(handle, STEPS_MAX, give_up, NULL);
    return handle;
}

/* What is in no life was given by no server: it is damage. */
static int64_t number_of(sqlite3_stmt *statement, int column)
{
    int64_t number = sqlite3_column_int64(statement, column);
    return number > 0 && life_of(number) <= LIFE_MAX ? number : 0;
}

int64_t restore_former_number(const struct restore_paths *paths)
{
    static const char sql[] = "SELECT next_index, next_replica FROM meta WHERE one = 1";
    sqlite3_stmt *statement = NULL;
    int64_t number = 0;
    sqlite3 *handle = open_former(paths);
    if (handle == NULL) return 0;
    int code = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    if (code == SQLITE_ROW) number = max_i64(number_of(statement, 0), number_of(statement, 1));
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return number;
}
