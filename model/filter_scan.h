/* filter_scan.h: the words and signs of ?q= (private to the parser of filter.h).
 *
 * Ownership: texts live in the arena; `start` points into the scanned text. Pure. */
#ifndef DOGSHORE_MODEL_FILTER_SCAN_H
#define DOGSHORE_MODEL_FILTER_SCAN_H

#include "model/filter.h"

enum filter_token_kind {
    FILTER_TOKEN_END,
    FILTER_TOKEN_WORD,
    FILTER_TOKEN_QUOTED,
    FILTER_TOKEN_OPERATOR,
    FILTER_TOKEN_OPEN,
    FILTER_TOKEN_CLOSE,
    FILTER_TOKEN_COMMA,
    FILTER_TOKEN_BROKEN /* `text` says why */
};

struct filter_token {
    enum filter_token_kind kind;
    const char *start;
    const char *text; /* of words, and of quoted ones without quotes and escapes */
    enum filter_operator op;
};

/* Reads the token at *at and steps behind it. */
struct filter_token filter_scan(struct arena *arena, const char **at);
/* Is this a bare word that reads so, in any case? */
bool filter_token_is(const struct filter_token *token, const char *keyword);

#endif
