/* document_schema.h: JSON Schema (2020-12) of one schema of an OpenAPI document, with all that it
 * refers to, for editors and validators that know nothing of OpenAPI. */
#ifndef DOGSHORE_OPENAPI_TOOL_DOCUMENT_SCHEMA_H
#define DOGSHORE_OPENAPI_TOOL_DOCUMENT_SCHEMA_H

#include "base/err.h"

struct arena;
struct json_writer;
struct yaml;

/* `openapi` itself is changed: its references then lead to "#/$defs/…". */
enum err_code document_schema_write(struct arena *arena, struct yaml *openapi, const char *name,
                                    const char *title, struct json_writer *writer, struct err *err);

#endif
