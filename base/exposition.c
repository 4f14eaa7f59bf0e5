#include "base/exposition.h"

#include "base/text.h"

#include <math.h>

enum { NUMBER_BYTES = 32, SHORTEST_DIGITS = 15, EXACT_DIGITS = 17 };

const char *const exposition_media_types[] = {
    [EXPOSITION_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
    [EXPOSITION_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

const char *const metric_type_words[] = {
    [METRIC_GAUGE] = "gauge",
    [METRIC_COUNTER] = "counter",
    [METRIC_HISTOGRAM] = "histogram",
    [METRIC_INFO] = "info",
    NULL,
};

const char *metric_ending(enum metric_type type)
{
    switch (type) {
    case METRIC_COUNTER:
        return "_total";
    case METRIC_INFO:
        return "_info";
    case METRIC_GAUGE:
    case METRIC_HISTOGRAM:
        break;
    }
    return "";
}

void exposition_init(struct exposition *exposition, enum exposition_format format,
                     struct text *text)
{
    *exposition = (struct exposition){.format = format, .text = text};
}

/* Help knows no quotes, but in OpenMetrics they are escaped as in a label. */
static void add_escaped(struct text *text, const char *value, bool quotes)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\n')
            text_add(text, "\\n");
        else if (*c == '\\' || (*c == '"' && quotes))
            text_printf(text, "\\%c", *c);
        else
            text_add_char(text, *c);
    }
}

/* Prometheus 0.0.4 has no infos, and describes counters by the name of their samples. */
void exposition_family(struct exposition *exposition, const struct metric_family *family)
{
    bool open_metrics = exposition->format == EXPOSITION_OPENMETRICS;
    const char *ending = open_metrics ? "" : metric_ending(family->type);
    enum metric_type type = family->type;
    if (type == METRIC_INFO && !open_metrics) type = METRIC_GAUGE;
    exposition->family = family;
    text_printf(exposition->text, "# HELP %s%s ", family->name, ending);
    add_escaped(exposition->text, family->help, open_metrics);
    text_printf(exposition->text, "\n# TYPE %s%s %s\n", family->name, ending,
                metric_type_words[type]);
    if (open_metrics && family->unit != NULL)
        text_printf(exposition->text, "# UNIT %s %s\n", family->name, family->unit);
}

/* `further`: one more label, NULL = none. */
static void begin_sample(struct exposition *exposition, const char *ending,
                         const char *const *values, const char *further, const char *value)
{
    const struct metric_family *family = exposition->family;
    struct text *text = exposition->text;
    char before = '{';
    text_printf(text, "%s%s", family->name, ending);
    for (size_t i = 0; i < METRIC_LABELS_MAX && family->labels[i] != NULL; i++) {
        text_printf(text, "%c%s=\"", before, family->labels[i]);
        add_escaped(text, values[i], true);
        text_add_char(text, '"');
        before = ',';
    }
    if (further != NULL) text_printf(text, "%c%s=\"%s\"", before, further, value);
    if (further != NULL || before == ',') text_add_char(text, '}');
    text_add_char(text, ' ');
}

/* The shorter of two forms that reads back as the same number. */
static void format_double(char out[static NUMBER_BYTES], double number)
{
    snprintf(out, NUMBER_BYTES, "%.*g", SHORTEST_DIGITS, number);
    if (strtod(out, NULL) != number) snprintf(out, NUMBER_BYTES, "%.*g", EXACT_DIGITS, number);
}

static void add_double(struct text *text, double number)
{
    char formatted[NUMBER_BYTES];
    if (isnan(number))
        snprintf(formatted, sizeof formatted, "NaN");
    else if (isinf(number))
        snprintf(formatted, sizeof formatted, number > 0 ? "+Inf" : "-Inf");
    else
        format_double(formatted, number);
    text_printf(text, "%s\n", formatted);
}

void exposition_int(struct exposition *exposition, const char *const *values, int64_t number)
{
    begin_sample(exposition, metric_ending(exposition->family->type), values, NULL, NULL);
    text_add_int(exposition->text, number);
    text_add_char(exposition->text, '\n');
}

void exposition_double(struct exposition *exposition, const char *const *values, double number)
{
    begin_sample(exposition, metric_ending(exposition->family->type), values, NULL, NULL);
    add_double(exposition->text, number);
}

/* As OpenMetrics wants it, in both formats, so that a series stays the same one: "1.0", "0.25". */
static void format_bound(char out[static NUMBER_BYTES], const struct buckets *buckets, size_t i)
{
    if (i == buckets->count) {
        snprintf(out, NUMBER_BYTES, "+Inf");
        return;
    }
    format_double(out, (double)buckets->bounds[i] / buckets->per_unit);
    size_t length = strlen(out);
    if (strpbrk(out, ".e") == NULL) snprintf(out + length, NUMBER_BYTES - length, ".0");
}

void exposition_histogram(struct exposition *exposition, const char *const *values,
                          const struct histogram_sum *sum)
{
    const struct buckets *buckets = exposition->family->buckets;
    char bound[NUMBER_BYTES];
    int64_t count = 0;
    for (size_t i = 0; i <= buckets->count; i++) {
        count += sum->counts[i];
        format_bound(bound, buckets, i);
        begin_sample(exposition, "_bucket", values, "le", bound);
        text_printf(exposition->text, "%lld\n", (long long)count);
    }
    begin_sample(exposition, "_sum", values, NULL, NULL);
    add_double(exposition->text, (double)sum->sum / buckets->per_unit);
    begin_sample(exposition, "_count", values, NULL, NULL);
    text_printf(exposition->text, "%lld\n", (long long)count);
}

void exposition_end(struct exposition *exposition)
{
    if (exposition->format == EXPOSITION_OPENMETRICS) text_add(exposition->text, "# EOF\n");
}
