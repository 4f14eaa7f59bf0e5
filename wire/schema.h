/* schema.h: the JSON Schema of every object of the API, for `dogshored --print-schema`. */
#ifndef DOGSHORE_WIRE_SCHEMA_H
#define DOGSHORE_WIRE_SCHEMA_H

struct text;

/* One document: {"$schema", "$defs": {"DeploymentDocument": …, …}}. */
void wire_print_schema(struct text *text);

#endif
