#include "cli/promotion.h"

#include "base/text.h"
#include "cli/look.h"
#include "cli/paint.h"

const char *promotion_order(const struct json *status)
{
    /* What is being stopped or deleted takes its rollout with it. */
    if (text_equal(look_text(status, "state"), "terminating")) return NULL;
    if (!text_equal(look_text(status, "rollout.state"), "awaiting_promotion")) return NULL;
    return look_bool(status, "paused") ? "resume" : "promote";
}

void promotion_draw(struct text *text, const struct json *status, const char *flags)
{
    const char *order = promotion_order(status);
    if (order == NULL) return;
    paint(text, STYLE_BUSY, "waiting for promotion");
    if (look_bool(status, "paused")) text_add(text, ", but paused");
    text_printf(text, ": dogshore %s ", order);
    paint(text, STYLE_PLAIN, look_text(status, "name"));
    paint(text, STYLE_PLAIN, flags);
    text_add_char(text, '\n');
}
