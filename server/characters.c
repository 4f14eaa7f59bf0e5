#include "server/characters.h"

#define NAME CHARACTER_FIELD_NAME
#define VALUE CHARACTER_FIELD_VALUE
#define HOST CHARACTER_HOST
#define ID CHARACTER_REQUEST_ID
#define SECRET CHARACTER_SECRET
#define TARGET CHARACTER_TARGET
#define LETTER (NAME | VALUE | HOST | ID | SECRET | TARGET)

/* The byte 0 is in no class: it ends every scan. */
const unsigned char character_classes[256] = {
    ['\t'] = VALUE,
    [' '] = VALUE,
    ['!'] = NAME | VALUE | TARGET,
    ['"'] = VALUE,
    ['#'] = NAME | VALUE,
    ['$'] = NAME | VALUE | TARGET,
    ['%'] = NAME | VALUE | HOST | TARGET,
    ['&'] = NAME | VALUE | TARGET,
    ['\''] = NAME | VALUE | TARGET,
    ['('] = VALUE | TARGET,
    [')'] = VALUE | TARGET,
    ['*'] = NAME | VALUE | TARGET,
    ['+'] = NAME | VALUE | SECRET | TARGET,
    [','] = VALUE | TARGET,
    ['-'] = LETTER,
    ['.'] = LETTER,
    ['/'] = VALUE | SECRET | TARGET,
    ['0' ... '9'] = LETTER | CHARACTER_DIGIT,
    [':'] = VALUE | HOST | TARGET,
    [';'] = VALUE | TARGET,
    ['<'] = VALUE,
    ['='] = VALUE | SECRET | TARGET,
    ['>'] = VALUE,
    ['?'] = VALUE | TARGET,
    ['@'] = VALUE | TARGET,
    ['A' ... 'Z'] = LETTER,
    ['['] = VALUE | HOST | TARGET,
    ['\\'] = VALUE,
    [']'] = VALUE | HOST | TARGET,
    ['^'] = NAME | VALUE,
    ['_'] = LETTER,
    ['`'] = NAME | VALUE,
    ['a' ... 'z'] = LETTER,
    ['{'] = VALUE,
    ['|'] = NAME | VALUE,
    ['}'] = VALUE,
    ['~'] = NAME | VALUE | HOST | SECRET | TARGET,
    [0x80 ... 0xff] = VALUE,
};
