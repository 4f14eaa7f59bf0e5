#include "base/program.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

int program_exit_code(enum err_code code)
{
    if (code == ERR_OK) return EXIT_SUCCESS;
    if (code == ERR_USAGE) return EXIT_USAGE;
    if (code == ERR_CONFIG) return EXIT_CONFIG;
    if (code == ERR_IO || code == ERR_DISK_FULL) return EXIT_IO;
    return EXIT_SOFTWARE;
}

bool program_print(struct text *text)
{
    size_t written = fwrite(text_string(text), 1, text->length, stdout);
    bool whole = written == text->length && fflush(stdout) == 0;
    text_release(text);
    return whole;
}
