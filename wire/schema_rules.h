/* schema_rules.h: the rules between fields, as far as JSON Schema can say them. Each says what the
 * `finish` of its object demands (field.h); tests/api/deployment_schema.c holds them together. */
#ifndef DOGSHORE_WIRE_SCHEMA_RULES_H
#define DOGSHORE_WIRE_SCHEMA_RULES_H

struct json_writer;

/* Each is a list of schemas, JSON with ' for ". */
extern const char probe_schema_rules[], canary_step_schema_rules[], strategy_schema_rules[],
    annotation_schema_rules[];

/* As the member allOf of the schema that the writer is in. */
void schema_rules_put(const char *rules, struct json_writer *writer);

#endif
