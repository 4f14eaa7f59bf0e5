#include "openapi/files.h"

#include "base/text.h"

/* files.inc has one FILE_ROW(symbol, name, path, tag) for each file. */
#define FILE_ROW(symbol, name, path, tag)                                                          \
    __asm__(".pushsection .rodata." #symbol ", \"a\", @progbits\n"                                 \
            ".globl openapi_" #symbol "\n"                                                         \
            ".globl openapi_" #symbol "_end\n"                                                     \
            "openapi_" #symbol ":\n"                                                               \
            ".incbin \"" path "\"\n"                                                               \
            "openapi_" #symbol "_end:\n"                                                           \
            ".byte 0\n"                                                                            \
            ".popsection\n");                                                                      \
    extern const char openapi_##symbol[], openapi_##symbol##_end[];
#include "openapi/files.inc"
#undef FILE_ROW

#define FILE_ROW(symbol, name, path, tag) {name, openapi_##symbol, openapi_##symbol##_end, tag},
static const struct openapi_file files[] = {
#include "openapi/files.inc"
};
#undef FILE_ROW

const struct openapi_file *openapi_file_find(const char *name)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (text_equal(files[i].name, name)) return &files[i];
    return NULL;
}
