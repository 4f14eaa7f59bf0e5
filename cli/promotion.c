#include "cli/promotion.h"

#include "base/text.h"
#include "cli/look.h"
#include "cli/paint.h"

bool promotion_is_awaited(const struct json *status)
{
    /* What is being stopped or deleted takes its rollout with it. */
    if (text_equal(look_text(status, "state"), "terminating")) return false;
    return text_equal(look_text(status, "rollout.state"), "awaiting_promotion");
}

void promotion_draw(struct text *text, const struct json *status, const char *flags)
{
    if (!promotion_is_awaited(status)) return;
    paint(text, STYLE_BUSY, "waiting for promotion");
    text_add(text, ": dogshore promote ");
    paint(text, STYLE_PLAIN, look_text(status, "name"));
    paint(text, STYLE_PLAIN, flags);
    text_add_char(text, '\n');
}
