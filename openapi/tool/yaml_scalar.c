/* yaml_scalar.c: words and texts of YAML. */
#include "base/arena.h"
#include "base/text.h"
#include "openapi/tool/yaml.h"
#include "openapi/tool/yaml_reader.h"

#include <ctype.h>

/* ---- lines that are one text ---- */

static int indent_at(const struct yaml_reader *reader, size_t at)
{
    int indent = 0;
    while (at < reader->count && reader->bytes[at] == ' ')
        at++, indent++;
    return indent;
}

/* At the end of a line: steps to the first character of the next line that has one, and adds what
 * YAML folds the break to: a blank, or a break for each empty line between. */
static void fold(struct yaml_reader *reader, struct text *text)
{
    int breaks = 0;
    while (yaml_peek(reader, 0) == '\n') {
        breaks++;
        reader->at++;
        yaml_skip_blanks(reader);
    }
    if (breaks == 1) text_add_char(text, ' ');
    for (int i = 1; i < breaks; i++)
        text_add_char(text, '\n');
}

static void trim(struct text *text)
{
    while (text->length > 0 && text->bytes[text->length - 1] == ' ')
        text->bytes[--text->length] = '\0';
}

/* ---- quoted ---- */

static enum err_code escape(struct yaml_reader *reader, struct text *text, struct err *err)
{
    static const struct {
        char letter, byte;
    } escapes[] = {{'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'"', '"'}, {'\\', '\\'}, {'/', '/'}};
    int letter = yaml_peek(reader, 1);
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        if (escapes[i].letter != letter) continue;
        text_add_char(text, escapes[i].byte);
        reader->at += 2;
        return ERR_OK;
    }
    return yaml_fail(reader, err, "this escape is not known");
}

enum err_code yaml_quoted(struct yaml_reader *reader, struct text *text, struct err *err)
{
    int quote = yaml_peek(reader, 0);
    reader->at++;
    for (;;) {
        int c = yaml_peek(reader, 0);
        if (c == YAML_END) return yaml_fail(reader, err, "a quote is not closed");
        if (c == '\n') {
            trim(text);
            fold(reader, text);
        } else if (c == '\\' && quote == '"') {
            TRY(escape(reader, text, err));
        } else if (c == quote && (quote == '"' || yaml_peek(reader, 1) != '\'')) {
            reader->at++;
            return ERR_OK;
        } else {
            reader->at += c == quote ? 2 : 1;
            text_add_char(text, (char)c);
        }
    }
}

/* ---- plain ---- */

static bool is_flow_end(int c)
{
    return c == ',' || c == '[' || c == ']' || c == '{' || c == '}';
}

static bool ends_plain(const struct yaml_reader *reader, bool in_flow)
{
    int c = yaml_peek(reader, 0), next = yaml_peek(reader, 1);
    if (yaml_is_line_end(c) || (in_flow && is_flow_end(c))) return true;
    if (c == ' ' && next == '#') return true;
    return c == ':' && (yaml_is_gap(next) || (in_flow && is_flow_end(next)));
}

static bool goes_on(const struct yaml_reader *reader, bool in_flow, int indent)
{
    if (yaml_peek(reader, 0) != '\n') return false;
    size_t at = reader->at;
    while (at < reader->count && reader->bytes[at] == '\n') {
        at++;
        size_t blank = at + (size_t)indent_at(reader, at);
        if (blank < reader->count && reader->bytes[blank] == '\n') at = blank;
    }
    int deep = indent_at(reader, at);
    size_t first = at + (size_t)deep;
    if (first >= reader->count || reader->bytes[first] == '#') return false;
    if (!in_flow) return deep > indent;
    return !is_flow_end(reader->bytes[first]);
}

static bool is_number(const char *text)
{
    const char *c = text + (*text == '-' ? 1 : 0);
    if (!isdigit((unsigned char)*c) || (*c == '0' && isdigit((unsigned char)c[1]))) return false;
    while (isdigit((unsigned char)*c))
        c++;
    if (*c != '.') return *c == '\0';
    c++;
    if (*c == '\0') return false;
    while (isdigit((unsigned char)*c))
        c++;
    return *c == '\0';
}

/* What some readers of YAML take for a number, a date or a switch, and others for a string. */
static bool is_ambiguous(const char *text)
{
    static const char *const words[] = {"yes",  "no",   "on",    "off",  "y",   "n",    "Yes",
                                        "No",   "On",   "Off",   "True", "YES", "NO",   "False",
                                        "Null", "TRUE", "FALSE", "NULL", "=",   ".inf", ".nan"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (text_equal(text, words[i])) return true;
    if (strspn(text, "0123456789") == 4 && text[4] == '-') return true;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) return true;
    bool numeric = isdigit((unsigned char)*text) || strchr("+-.", *text) != NULL;
    if (!numeric || text[strspn(text, "0123456789_:eE.+-")] != '\0') return false;
    const char *dot = strchr(text, '.');
    bool is_version = dot != NULL && strchr(dot + 1, '.') != NULL && strpbrk(text, "_:") == NULL;
    return !is_version;
}

static enum err_code judge(struct yaml_reader *reader, struct yaml *node, struct err *err)
{
    node->kind = YAML_STRING;
    if (text_equal(node->text, "true") || text_equal(node->text, "false"))
        node->kind = YAML_BOOL;
    else if (text_equal(node->text, "null") || text_equal(node->text, "~"))
        node->kind = YAML_NULL;
    else if (is_number(node->text))
        node->kind = YAML_NUMBER;
    else if (is_ambiguous(node->text))
        return yaml_fail(reader, err, "'%s' needs quotes: readers disagree about it", node->text);
    return ERR_OK;
}

enum err_code yaml_plain(struct yaml_reader *reader, bool in_flow, int indent, struct yaml *node,
                         struct err *err)
{
    int first = yaml_peek(reader, 0);
    if (strchr("&*!%@`|>?,]}\"'#", first) != NULL)
        return yaml_fail(reader, err, "a plain word cannot begin with '%c'", first);
    struct text text;
    text_init(&text, reader->arena);
    for (;;) {
        if (!ends_plain(reader, in_flow)) {
            text_add_char(&text, (char)yaml_peek(reader, 0));
            reader->at++;
            continue;
        }
        trim(&text);
        if (!goes_on(reader, in_flow, indent)) break;
        fold(reader, &text);
    }
    if (!in_flow && yaml_peek(reader, 0) == ':')
        return yaml_fail(reader, err, "a text with ': ' needs quotes");
    node->text = text_string(&text);
    return judge(reader, node, err);
}

/* ---- block ---- */

/* The first line with a character gives the indentation; 0 when there is none. */
static int block_indent(const struct yaml_reader *reader)
{
    size_t at = reader->at;
    for (;;) {
        int indent = indent_at(reader, at);
        size_t first = at + (size_t)indent;
        if (first >= reader->count) return 0;
        if (reader->bytes[first] != '\n') return indent;
        at = first + 1;
    }
}

static void add_line(struct yaml_reader *reader, struct text *text)
{
    while (!yaml_is_line_end(yaml_peek(reader, 0))) {
        text_add_char(text, (char)yaml_peek(reader, 0));
        reader->at++;
    }
    if (yaml_peek(reader, 0) == '\n') reader->at++;
}

static enum err_code block_lines(struct yaml_reader *reader, int indent, bool folded,
                                 struct text *text, struct err *err)
{
    int breaks = 0; /* between the last line with a character and the next one */
    while (reader->at < reader->count) {
        int deep = indent_at(reader, reader->at);
        size_t first = reader->at + (size_t)deep;
        if (first < reader->count && reader->bytes[first] == '\n') {
            reader->at = first + 1;
            breaks++;
            continue;
        }
        if (deep < indent || first >= reader->count) break;
        if (folded && deep > indent)
            return yaml_fail(reader, err, "a folded text cannot have deeper lines");
        for (int i = folded && breaks > 1 ? 1 : 0; text->length > 0 && i < breaks; i++)
            text_add_char(text, folded && breaks == 1 ? ' ' : '\n');
        reader->at += (size_t)indent;
        add_line(reader, text);
        breaks = 1;
    }
    return ERR_OK;
}

enum err_code yaml_block_text(struct yaml_reader *reader, int indent, struct yaml *node,
                              struct err *err)
{
    bool folded = yaml_peek(reader, 0) == '>';
    reader->at++;
    bool strip = yaml_peek(reader, 0) == '-';
    if (strip) reader->at++;
    yaml_skip_blanks(reader);
    if (yaml_peek(reader, 0) != '\n')
        return yaml_fail(reader, err, "a block text begins on the line below");
    reader->at++;
    int deep = block_indent(reader);
    if (deep <= indent) return yaml_fail(reader, err, "a block text is empty");
    struct text text;
    text_init(&text, reader->arena);
    TRY(block_lines(reader, deep, folded, &text, err));
    if (!strip) text_add_char(&text, '\n');
    node->kind = YAML_STRING;
    node->text = text_string(&text);
    /* As after any other value: at the end of the last line. */
    reader->at--;
    return ERR_OK;
}
