/* The kinds of plain members: strings, numbers, words, amounts, times. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "wire/field.h"

#include <inttypes.h>
#include <string.h>

/* --- string -------------------------------------------------------------------------------- */

static const char *cut_text(struct field_decoder *decoder, const struct field *field,
                            const struct json *json)
{
    const char *text = json->string;
    size_t bytes = json->string_bytes;
    size_t most = (size_t)field->max;

    if ((field->flags & FIELD_TAIL) && bytes > most) {
        text += bytes - most;
        while ((*text & 0xC0) == 0x80) /* begin at a character, not within one */
            text++;
        bytes = strlen(text);
    }
    return text_sanitise(decoder->arena, text, bytes, most);
}

static void string_decode(struct field_decoder *decoder, const struct field *field,
                          const struct json *json, void *value)
{
    const char **string = value;
    *string = NULL; /* what is wrong is not to be judged further */
    if (json->type != JSON_STRING) {
        field_fail_type(decoder, json, "a string");
        return;
    }
    if (field->flags & (FIELD_CUT | FIELD_TAIL))
        *string = cut_text(decoder, field, json);
    else if (field_check_string(decoder, json->string, field->min, field->max, field->rule))
        *string = json->string;
}

static void string_reset(const struct field *field, void *value)
{
    *(const char **)value = field->fallback_text;
}

static bool string_is_fallback(const struct field *field, const void *value)
{
    return text_equal(*(const char *const *)value, field->fallback_text);
}

static void string_render(struct field_renderer *renderer, const struct field *field,
                          const void *value)
{
    const char *string = *(const char *const *)value;
    if (!string && !(field->flags & (FIELD_NULLABLE | FIELD_UNSUPPORTED))) string = "";
    json_string(renderer->writer, string);
}

static void string_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "string");
    if (field->flags & FIELD_SECRET) json_put_bool(writer, "writeOnly", true);
    if (field->flags & (FIELD_CUT | FIELD_TAIL)) return;
    if (field->min > 0) json_put_int(writer, "minLength", field->min);
    if (field->max > 0) json_put_int(writer, "maxLength", field->max);
    if (field->rule && field->rule->pattern)
        json_put_string(writer, "pattern", field->rule->pattern);
}

const struct field_kind field_string = {sizeof(const char *), string_decode, string_reset,
                                        string_is_fallback,   string_render, string_schema};

/* --- integer ------------------------------------------------------------------------------- */

static void int_decode(struct field_decoder *decoder, const struct field *field,
                       const struct json *json, void *value)
{
    if (json->type != JSON_NUMBER)
        field_fail_type(decoder, json, "an integer");
    else if (!json->is_integer)
        field_fail(decoder, "type", "must be an integer, got a fraction or a number beyond 2^53");
    else if (json->integer < field->min || json->integer > field->max)
        field_fail(decoder, "range", "must be from %" PRId64 " to %" PRId64 ", got %" PRId64,
                   field->min, field->max, json->integer);
    else
        *(int64_t *)value = json->integer;
}

static void int_reset(const struct field *field, void *value)
{
    *(int64_t *)value = field->fallback;
}

static bool int_is_fallback(const struct field *field, const void *value)
{
    return *(const int64_t *)value == field->fallback;
}

static void int_render(struct field_renderer *renderer, const struct field *field,
                       const void *value)
{
    int64_t number = *(const int64_t *)value;
    if ((field->flags & FIELD_NULLABLE) && number == field->none)
        json_null(renderer->writer);
    else
        json_int(renderer->writer, number);
}

static void int_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "integer");
    if (field->min == 0 && field->max == 0) return;
    json_put_int(writer, "minimum", field->min);
    json_put_int(writer, "maximum", field->max);
}

const struct field_kind field_int = {sizeof(int64_t), int_decode, int_reset,
                                     int_is_fallback, int_render, int_schema};

/* --- boolean ------------------------------------------------------------------------------- */

static void bool_decode(struct field_decoder *decoder, const struct field *field,
                        const struct json *json, void *value)
{
    (void)field;
    if (json->type != JSON_BOOL)
        field_fail_type(decoder, json, "a boolean");
    else
        *(bool *)value = json->boolean;
}

static void bool_reset(const struct field *field, void *value)
{
    *(bool *)value = field->fallback != 0;
}

static bool bool_is_fallback(const struct field *field, const void *value)
{
    return *(const bool *)value == (field->fallback != 0);
}

static void bool_render(struct field_renderer *renderer, const struct field *field,
                        const void *value)
{
    (void)field;
    json_bool(renderer->writer, *(const bool *)value);
}

static void bool_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "boolean");
}

const struct field_kind field_boolean = {sizeof(bool),     bool_decode, bool_reset,
                                         bool_is_fallback, bool_render, bool_schema};

/* --- ratio: a number from 0 to 1 ----------------------------------------------------------- */

static void ratio_decode(struct field_decoder *decoder, const struct field *field,
                         const struct json *json, void *value)
{
    (void)field;
    if (json->type != JSON_NUMBER)
        field_fail_type(decoder, json, "a number");
    else if (!(json->number >= 0 && json->number <= 1))
        field_fail(decoder, "range", "must be from 0 to 1, got %g", json->number);
    else
        *(double *)value = json->number;
}

static void ratio_reset(const struct field *field, void *value)
{
    *(double *)value = (double)field->fallback;
}

static bool ratio_is_fallback(const struct field *field, const void *value)
{
    double fallback = (double)field->fallback;
    return memcmp(value, &fallback, sizeof fallback) == 0;
}

static void ratio_render(struct field_renderer *renderer, const struct field *field,
                         const void *value)
{
    (void)field;
    json_double(renderer->writer, *(const double *)value);
}

static void ratio_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "number");
    json_put_int(writer, "minimum", 0);
    json_put_int(writer, "maximum", 1);
}

const struct field_kind field_ratio = {sizeof(double),    ratio_decode, ratio_reset,
                                       ratio_is_fallback, ratio_render, ratio_schema};

/* --- word of an enum ----------------------------------------------------------------------- */

static size_t count_words(const char *const *words)
{
    size_t count = 0;
    while (words[count])
        count++;
    return count;
}

static void word_decode(struct field_decoder *decoder, const struct field *field,
                        const struct json *json, void *value)
{
    if (json->type != JSON_STRING) {
        field_fail_type(decoder, json, "a string");
        return;
    }
    const char *const *legal = field->words + field->min;
    int found = word_find(legal, json->string);
    if (found < 0)
        field_fail_word(decoder, json->string, legal, count_words(legal));
    else
        *(int *)value = found + (int)field->min;
}

static void word_reset(const struct field *field, void *value)
{
    *(int *)value = (int)field->fallback;
}

static bool word_is_fallback(const struct field *field, const void *value)
{
    return *(const int *)value == (int)field->fallback;
}

static void word_render(struct field_renderer *renderer, const struct field *field,
                        const void *value)
{
    json_string(renderer->writer, word_of(field->words, *(const int *)value));
}

static void word_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "string");
    json_key(writer, "enum");
    json_array_begin(writer);
    for (const char *const *word = field->words + field->min; *word; word++)
        json_string(writer, *word);
    json_array_end(writer);
}

const struct field_kind field_word = {sizeof(int),      word_decode, word_reset,
                                      word_is_fallback, word_render, word_schema};

/* --- amount: a number or a percentage ------------------------------------------------------ */

/* "0%" to "100%", without sign or leading zeros. */
static bool read_percent(const char *text, int64_t *percent)
{
    char digits[4];
    size_t bytes = strspn(text, "0123456789");
    if (bytes == 0 || bytes >= sizeof digits || strcmp(text + bytes, "%") != 0) return false;
    if (text[0] == '0' && bytes > 1) return false;
    memcpy(digits, text, bytes);
    digits[bytes] = '\0';
    return text_to_int64(digits, 0, 100, percent);
}

static void amount_decode(struct field_decoder *decoder, const struct field *field,
                          const struct json *json, void *value)
{
    struct amount *amount = value;
    struct amount read = {0};

    if (json->type == JSON_STRING) {
        read.percent = true;
        if (!read_percent(json->string, &read.value)) {
            field_fail(decoder, "pattern",
                       "must be an integer, or a percentage like \"25%%\" from 0%% to 100%%");
            return;
        }
        *amount = read;
        return;
    }
    if (json->type != JSON_NUMBER) {
        field_fail_type(decoder, json, "an integer or a percentage");
        return;
    }
    read.value = -1;
    int_decode(decoder, field, json, &read.value);
    if (read.value >= 0) *amount = read;
}

static void amount_reset(const struct field *field, void *value)
{
    *(struct amount *)value = field->fallback_amount;
}

static bool amount_is_fallback(const struct field *field, const void *value)
{
    const struct amount *amount = value;
    return amount->value == field->fallback_amount.value &&
           amount->percent == field->fallback_amount.percent;
}

static void amount_render(struct field_renderer *renderer, const struct field *field,
                          const void *value)
{
    const struct amount *amount = value;
    char percentage[32];

    (void)field;
    if (!amount->percent) {
        json_int(renderer->writer, amount->value);
        return;
    }
    snprintf(percentage, sizeof percentage, "%" PRId64 "%%", amount->value);
    json_string(renderer->writer, percentage);
}

static void amount_schema(struct json_writer *writer, const struct field *field)
{
    json_key(writer, "oneOf");
    json_array_begin(writer);
    json_object_begin(writer);
    int_schema(writer, field);
    json_object_end(writer);
    json_object_begin(writer);
    json_put_string(writer, "type", "string");
    json_put_string(writer, "pattern", "^(0|[1-9][0-9]?|100)%$");
    json_object_end(writer);
    json_array_end(writer);
}

const struct field_kind field_amount = {sizeof(struct amount), amount_decode, amount_reset,
                                        amount_is_fallback,    amount_render, amount_schema};

/* --- time ---------------------------------------------------------------------------------- */

static void time_render(struct field_renderer *renderer, const struct field *field,
                        const void *value)
{
    int64_t wall_ms = *(const int64_t *)value;
    char text[CLOCK_RFC3339_BYTES];

    (void)field;
    if (wall_ms == 0) {
        json_null(renderer->writer);
        return;
    }
    clock_rfc3339(wall_ms, text);
    json_string(renderer->writer, text);
}

static void time_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "string");
    json_put_string(writer, "format", "date-time");
}

const struct field_kind field_time = {.render = time_render, .schema = time_schema};
