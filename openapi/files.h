/* files.h: the contract, and the pages that show it, as they were when the program was built.
 * Constant, so any thread. */
#ifndef DOGSHORE_OPENAPI_FILES_H
#define DOGSHORE_OPENAPI_FILES_H

#include <stddef.h>

struct openapi_file {
    const char *name; /* openapi.yaml openapi.json deployment.json docs.html viewer.js viewer.css */
    const char *bytes;
    const char *end;
    const char *tag; /* another one for other bytes */
};

/* NULL when there is none of that name. */
const struct openapi_file *openapi_file_find(const char *name);

#endif
