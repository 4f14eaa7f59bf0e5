/* cursor.h: the opaque `cursor` of lists (see list.h for what it is made of). A forged one can name
 * another starting point of the same list and nothing else. */
#ifndef DOGSHORE_API_CURSOR_H
#define DOGSHORE_API_CURSOR_H

#include "api/request.h"

const char *cursor_make(struct request *request, const char *key);
/* The key within ?cursor=, NULL when absent. ERR_BAD_CURSOR for another list's or a broken one. */
enum err_code cursor_read(struct request *request, const char **key, struct err *err);

#endif
