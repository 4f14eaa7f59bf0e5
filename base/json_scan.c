/* json_scan.c: RFC 8259 by recursive descent, as deep as LIMIT_JSON_DEPTH and no deeper. Each
 * scan_* function starts at the first byte of its token and leaves `at` behind its last one. */
#include "base/json_scan.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

/* cJSON reads no more of a number than this. */
enum { NUMBER_BYTES_MAX = 63, SHOWN_KEY_BYTES = 64 };

struct scanner {
    struct arena *scratch;
    const char *bytes;
    size_t count, at;
    unsigned depth;
    uint32_t objects;
    struct json_keys keys;
    struct json_scan *scan;
    struct err *err;
};

/* Inside of a string, without its quotes. */
struct inside {
    size_t at, count;
    bool escaped;
};

static enum err_code scan_value(struct scanner *scanner);

/* A column is a character, so bytes that continue one do not count. */
__attribute__((format(printf, 3, 4))) static enum err_code fail(const struct scanner *scanner,
                                                                size_t at, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        bool newline = scanner->bytes[i] == '\n';
        bool continues = ((unsigned char)scanner->bytes[i] & 0xc0) == 0x80;
        line += newline;
        column = newline ? 1 : column + !continues;
    }
    return err_set(scanner->err, ERR_MALFORMED_JSON, "line %zu column %zu (byte %zu): %s", line,
                   column, at, what);
}

/* The byte at `at`, or -1 at the end. */
static int peek(const struct scanner *scanner)
{
    return scanner->at < scanner->count ? (unsigned char)scanner->bytes[scanner->at] : -1;
}

static enum err_code fail_expected(const struct scanner *scanner, const char *what)
{
    int found = peek(scanner);
    if (found < 0) return fail(scanner, scanner->at, "expected %s, found the end", what);
    if (found > 0x20 && found < 0x7f)
        return fail(scanner, scanner->at, "expected %s, found '%c'", what, found);
    return fail(scanner, scanner->at, "expected %s, found byte 0x%02x", what, (unsigned)found);
}

static void skip_space(struct scanner *scanner)
{
    for (int c = peek(scanner); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(scanner))
        scanner->at++;
}

/* Skips white space and takes `c` if it is next. */
static bool take(struct scanner *scanner, char c)
{
    skip_space(scanner);
    if (peek(scanner) != c) return false;
    scanner->at++;
    return true;
}

/* The four hexadecimal digits after \u, whose backslash is at `escape_at`; -1 if they are not. */
static int utf16_unit(const struct scanner *scanner, size_t escape_at)
{
    if (scanner->count - escape_at < 6) return -1;
    int unit = 0;
    for (size_t i = escape_at + 2; i < escape_at + 6; i++) {
        const char *digits = "0123456789abcdef";
        char c = scanner->bytes[i];
        const char *found = memchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c, 16);
        if (found == NULL) return -1;
        unit = unit * 16 + (int)(found - digits);
    }
    return unit;
}

static bool is_low_surrogate_escape(const struct scanner *scanner, size_t at)
{
    if (scanner->count - at < 6 || memcmp(scanner->bytes + at, "\\u", 2) != 0) return false;
    int unit = utf16_unit(scanner, at);
    return unit >= 0xdc00 && unit <= 0xdfff;
}

static enum err_code scan_unicode_escape(struct scanner *scanner)
{
    size_t at = scanner->at;
    int unit = utf16_unit(scanner, at);
    if (unit < 0) return fail(scanner, at, "\\u needs four hexadecimal digits");
    if (unit == 0) return fail(scanner, at, "a string may not contain NUL");
    scanner->at += 6;
    if (unit < 0xd800 || unit > 0xdfff) return ERR_OK;
    if (unit > 0xdbff || !is_low_surrogate_escape(scanner, scanner->at))
        return fail(scanner, at, "lone surrogate in a string");
    scanner->at += 6;
    return ERR_OK;
}

static enum err_code scan_escape(struct scanner *scanner)
{
    if (scanner->count - scanner->at < 2) return fail(scanner, scanner->count, "string has no end");
    char letter = scanner->bytes[scanner->at + 1];
    if (letter == 'u') return scan_unicode_escape(scanner);
    if (memchr("\"\\/bfnrt", letter, 8) == NULL)
        return fail(scanner, scanner->at, "unknown escape in a string");
    scanner->at += 2;
    return ERR_OK;
}

/* One character of a string, or an escape that stands for one. */
static enum err_code scan_character(struct scanner *scanner)
{
    int c = peek(scanner);
    if (c == '\\') return scan_escape(scanner);
    if (c < 0x20)
        return fail(scanner, scanner->at, "unescaped control character 0x%02x in a string",
                    (unsigned)c);
    size_t step = text_utf8_char(scanner->bytes + scanner->at, scanner->count - scanner->at);
    if (step == 0) return fail(scanner, scanner->at, "invalid UTF-8 in a string");
    scanner->at += step;
    return ERR_OK;
}

static enum err_code scan_string(struct scanner *scanner, struct inside *inside)
{
    scanner->at++;
    *inside = (struct inside){.at = scanner->at};
    for (int c = peek(scanner); c != '"'; c = peek(scanner)) {
        if (c < 0) return fail(scanner, scanner->at, "string has no end");
        inside->escaped |= c == '\\';
        TRY(scan_character(scanner));
    }
    inside->count = scanner->at - inside->at;
    scanner->at++;
    return ERR_OK;
}

static size_t skip_digits(struct scanner *scanner)
{
    size_t start = scanner->at;
    while (peek(scanner) >= '0' && peek(scanner) <= '9')
        scanner->at++;
    return scanner->at - start;
}

/* number = [ "-" ] int [ frac ] [ exp ] */
static enum err_code scan_number_grammar(struct scanner *scanner)
{
    if (peek(scanner) == '-') scanner->at++;
    bool zero = peek(scanner) == '0';
    size_t digits = skip_digits(scanner);
    if (digits == 0) return fail_expected(scanner, "a digit");
    if (zero && digits > 1)
        return fail(scanner, scanner->at - digits, "a number may not start with 0");
    if (peek(scanner) == '.') {
        scanner->at++;
        if (skip_digits(scanner) == 0) return fail_expected(scanner, "a digit after '.'");
    }
    if (peek(scanner) != 'e' && peek(scanner) != 'E') return ERR_OK;
    scanner->at++;
    if (peek(scanner) == '+' || peek(scanner) == '-') scanner->at++;
    if (skip_digits(scanner) == 0) return fail_expected(scanner, "a digit of the exponent");
    return ERR_OK;
}

/* Digits, with nothing but zeros after a point, and within the integers a double holds exactly. */
static bool read_integer(const char *text, int64_t *integer)
{
    const char *point = text + strspn(text, "-0123456789");
    if (point[0] == '.' && point[1 + strspn(point + 1, "0")] != '\0') return false;
    if (point[0] != '.' && point[0] != '\0') return false;
    errno = 0;
    intmax_t value = strtoimax(text, NULL, 10);
    if (errno == ERANGE || value < -JSON_INTEGER_MAX || value > JSON_INTEGER_MAX) return false;
    *integer = value;
    return true;
}

static void keep_number(struct scanner *scanner, const struct json_scan_number *number)
{
    struct json_scan *scan = scanner->scan;
    if (scan->number_count == scan->number_capacity) {
        scan->number_capacity = scan->number_capacity == 0 ? 64 : scan->number_capacity * 2;
        struct json_scan_number *numbers =
            ARENA_ARRAY(scanner->scratch, struct json_scan_number, scan->number_capacity);
        if (scan->number_count > 0)
            memcpy(numbers, scan->numbers, scan->number_count * sizeof *numbers);
        scan->numbers = numbers;
    }
    scan->numbers[scan->number_count++] = *number;
}

static enum err_code scan_number(struct scanner *scanner)
{
    size_t start = scanner->at;
    TRY(scan_number_grammar(scanner));
    size_t count = scanner->at - start;
    if (count > NUMBER_BYTES_MAX)
        return fail(scanner, start, "number is longer than %d characters", NUMBER_BYTES_MAX);
    char text[NUMBER_BYTES_MAX + 1];
    memcpy(text, scanner->bytes + start, count);
    text[count] = '\0';
    struct json_scan_number number = {.number = strtod(text, NULL)};
    if (!isfinite(number.number)) return fail(scanner, start, "number is too large");
    /* There is one zero: -0e1 would be written as -0, which reads as the integer 0. */
    if (number.number == 0) number.number = 0;
    number.is_integer = read_integer(text, &number.integer);
    keep_number(scanner, &number);
    return ERR_OK;
}

static enum err_code scan_word(struct scanner *scanner, const char *word)
{
    size_t count = strlen(word);
    bool same = scanner->count - scanner->at >= count &&
                memcmp(scanner->bytes + scanner->at, word, count) == 0;
    if (!same) return fail(scanner, scanner->at, "expected %s", word);
    scanner->at += count;
    return ERR_OK;
}

static enum err_code fail_duplicate(const struct scanner *scanner, size_t at, const char *key,
                                    size_t count)
{
    char *shown = text_sanitise(scanner->scratch, key, count, SHOWN_KEY_BYTES);
    for (char *c = strpbrk(shown, "\n\t"); c != NULL; c = strpbrk(c, "\n\t"))
        *c = '?';
    return fail(scanner, at, "duplicate key \"%s\"", shown);
}

static enum err_code scan_key(struct scanner *scanner, uint32_t object)
{
    skip_space(scanner);
    size_t at = scanner->at;
    if (peek(scanner) != '"') return fail_expected(scanner, "a key in double quotes");
    struct inside inside;
    TRY(scan_string(scanner, &inside));
    const char *key = scanner->bytes + inside.at;
    size_t count = inside.count;
    if (inside.escaped) key = json_unescape(scanner->scratch, key, count, &count);
    if (!json_keys_add(&scanner->keys, scanner->scratch, object, key, count))
        return fail_duplicate(scanner, at, key, count);
    return take(scanner, ':') ? ERR_OK : fail_expected(scanner, "':'");
}

static enum err_code enter(struct scanner *scanner)
{
    if (scanner->depth == LIMIT_JSON_DEPTH)
        return fail(scanner, scanner->at, "nested deeper than %d levels", LIMIT_JSON_DEPTH);
    scanner->depth++;
    scanner->at++;
    return ERR_OK;
}

static enum err_code scan_array(struct scanner *scanner)
{
    TRY(enter(scanner));
    if (!take(scanner, ']')) {
        do {
            TRY(scan_value(scanner));
        } while (take(scanner, ','));
        if (!take(scanner, ']')) return fail_expected(scanner, "',' or ']'");
    }
    scanner->depth--;
    return ERR_OK;
}

static enum err_code scan_object(struct scanner *scanner)
{
    TRY(enter(scanner));
    uint32_t object = scanner->objects++;
    if (!take(scanner, '}')) {
        do {
            TRY(scan_key(scanner, object));
            TRY(scan_value(scanner));
        } while (take(scanner, ','));
        if (!take(scanner, '}')) return fail_expected(scanner, "',' or '}'");
    }
    scanner->depth--;
    return ERR_OK;
}

static enum err_code scan_value(struct scanner *scanner)
{
    skip_space(scanner);
    if (++scanner->scan->node_count > LIMIT_JSON_NODES)
        return fail(scanner, scanner->at, "more than %d values", LIMIT_JSON_NODES);
    int c = peek(scanner);
    struct inside inside;
    if (c == '{') return scan_object(scanner);
    if (c == '[') return scan_array(scanner);
    if (c == '"') return scan_string(scanner, &inside);
    if (c == '-' || (c >= '0' && c <= '9')) return scan_number(scanner);
    if (c == 't') return scan_word(scanner, "true");
    if (c == 'f') return scan_word(scanner, "false");
    if (c == 'n') return scan_word(scanner, "null");
    return fail_expected(scanner, "a value");
}

enum err_code json_scan(struct arena *scratch, const char *bytes, size_t count,
                        struct json_scan *scan, struct err *err)
{
    *scan = (struct json_scan){.numbers = NULL};
    struct scanner scanner = {
        .scratch = scratch, .bytes = bytes, .count = count, .scan = scan, .err = err};
    if (count >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        return fail(&scanner, 0, "text starts with a byte order mark");
    TRY(scan_value(&scanner));
    skip_space(&scanner);
    if (scanner.at < count) return fail_expected(&scanner, "the end");
    return ERR_OK;
}
