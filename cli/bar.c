#include "cli/bar.h"

#include "base/text.h"

int64_t bar_columns(int64_t of)
{
    if (of < 0) return 0;
    return of < BAR_COLUMNS ? of : BAR_COLUMNS;
}

static int64_t full_columns(int64_t count, int64_t of)
{
    int64_t columns = bar_columns(of);
    if (count <= 0 || of <= 0) return 0;
    if (count >= of) return columns;
    int64_t full = count * columns / of;
    return full > 0 ? full : 1;
}

void bar_draw(struct text *text, int64_t count, int64_t of)
{
    int64_t full = full_columns(count, of);
    for (int64_t i = 0; i < bar_columns(of); i++)
        text_add(text, i < full ? "█" : "·");
}
