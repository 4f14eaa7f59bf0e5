/* characters.h: which bytes may be where in a request's head. One table look-up per byte, because
 * every request is scanned. */
#ifndef DOGSHORE_SERVER_CHARACTERS_H
#define DOGSHORE_SERVER_CHARACTERS_H

#include <stdbool.h>

enum character_class {
    CHARACTER_FIELD_NAME = 1 << 0,  /* RFC 9110 tchar */
    CHARACTER_FIELD_VALUE = 1 << 1, /* anything but control characters; tabs are fine */
    CHARACTER_HOST = 1 << 2,
    CHARACTER_REQUEST_ID = 1 << 3,
    CHARACTER_SECRET = 1 << 4, /* RFC 6750 b64token */
    CHARACTER_TARGET = 1 << 5, /* RFC 3986; what else there is must be escaped */
    CHARACTER_DIGIT = 1 << 6
};

extern const unsigned char character_classes[256];

/* Is every byte of `text` in the class? True of the empty text. */
static inline bool characters_are(const char *text, enum character_class class)
{
    const unsigned char *c = (const unsigned char *)text;
    while ((character_classes[*c] & class) != 0)
        c++;
    return *c == '\0';
}

#endif
