#include "wire/schema_rules.h"

#include "base/json.h"
#include "base/text.h"

void schema_rules_put(const char *rules, struct json_writer *writer)
{
    struct text json;
    text_init(&json, NULL);
    for (const char *c = rules; *c != '\0'; c++)
        text_add_char(&json, *c == '\'' ? '"' : *c);
    json_key(writer, "allOf");
    json_raw(writer, json.bytes, json.length);
    text_release(&json);
}

/* clang-format off */

/* ---- one of several ---- */

const char probe_schema_rules[] =
    "[{'anyOf': [{'required': ['http'],"
    "  'properties': {'http': {'$ref': '#/$defs/HttpCheck'}, 'tcp': {'type': 'null'}}},"
    " {'required': ['tcp'],"
    "  'properties': {'tcp': {'$ref': '#/$defs/TcpCheck'}, 'http': {'type': 'null'}}}]}]";

const char canary_step_schema_rules[] =
    "[{'anyOf': [{'required': ['set_weight'],"
    "  'properties': {'set_weight': {'type': 'integer'}, 'set_replicas': {'type': 'null'},"
    "                 'pause': {'type': 'null'}, 'check': {'type': 'null'}}},"
    " {'required': ['set_replicas'],"
    "  'properties': {'set_replicas': {'type': 'integer'}, 'set_weight': {'type': 'null'},"
    "                 'pause': {'type': 'null'}, 'check': {'type': 'null'}}},"
    " {'required': ['pause'],"
    "  'properties': {'pause': {'$ref': '#/$defs/CanaryPause'}, 'set_weight': {'type': 'null'},"
    "                 'set_replicas': {'type': 'null'}, 'check': {'type': 'null'}}},"
    " {'required': ['check'],"
    "  'properties': {'check': {'$ref': '#/$defs/CanaryCheck'}, 'set_weight': {'type': 'null'},"
    "                 'set_replicas': {'type': 'null'}, 'pause': {'type': 'null'}}}]}]";

/* ---- the strategy: but for its deadline, which is compared with a sum ---- */

/* What stands here of other types are fallbacks and presets of spec_wire.c: tests/unit/schema.c. */

#define IF_TYPE(type) "{'if': {'properties': {'type': {'const': '" type "'}},"                    \
                      "        'required': ['type']},"

const char strategy_schema_rules[] =
    "[" IF_TYPE("canary")
    "  'then': {'properties': {'steps': {'minItems': 1}}, 'required': ['steps']},"
    "  'else': {'properties': {'steps': {'maxItems': 0}}}},"
    IF_TYPE("blue_green")
    "  'then': {'not': {'properties': {'auto_promote': {'const': false},"
    "                                  'auto_promote_after_seconds': {'minimum': 1}},"
    "                   'required': ['auto_promote', 'auto_promote_after_seconds']}},"
    "  'else': {'properties': {'auto_promote': {'const': true},"
    "                          'auto_promote_after_seconds': {'const': 0},"
    "                          'keep_old_seconds': {'const': 30},"
    "                          'preview_replicas': {'type': 'null'}}}},"
    IF_TYPE("ramped")
    "  'then': {'properties': {'max_surge': {'const': 1}, 'max_unavailable': {'const': 0}}}},"
    IF_TYPE("best_effort")
    "  'then': {'properties': {'max_surge': {'const': 0}, 'max_unavailable': {'const': '20%'}}},"
    "  'else': {'not': {'properties': {'max_surge': {'enum': [0, '0%']},"
    "                                  'max_unavailable': {'enum': [0, '0%']}},"
    "                   'required': ['max_surge']}}}]";

/* ---- annotations that the server acts on: but for the port, which stands in the template ---- */

const char annotation_schema_rules[] =
    "[{'properties': {'annotations': {'properties': {"
    "   'prometheus.io/scrape': {'enum': ['false', 'true']},"
    "   'prometheus.io/scheme': {'enum': ['http', 'https']},"
    "   'prometheus.io/path': {'pattern': '^/[!$->@-~]*$'}}}}}]";

/* clang-format on */
