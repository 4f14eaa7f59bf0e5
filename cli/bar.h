/* bar.h: "███████···  7/10". */
#ifndef DOGSHORE_CLI_BAR_H
#define DOGSHORE_CLI_BAR_H

#include <stdint.h>

struct text;

enum { BAR_COLUMNS = 30 };

/* One column each up to BAR_COLUMNS, beyond it in proportion: full only when all are there, empty
 * only when none is. `bar_columns` says how many columns a bar of `of` takes. */
void bar_draw(struct text *text, int64_t count, int64_t of);
int64_t bar_columns(int64_t of);

#endif
