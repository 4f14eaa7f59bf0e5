#include "cli/exit_code.h"

enum exit_code exit_code_of(enum err_code code)
{
    if (code == ERR_OK) return EXIT_CODE_OK;
    if (code == ERR_USAGE) return EXIT_CODE_USAGE;
    if (code == ERR_CANCELLED) return EXIT_CODE_INTERRUPTED;
    switch (err_status(code)) {
    case 401:
    case 403:
        return EXIT_CODE_NOT_ALLOWED;
    case 404:
        return EXIT_CODE_NOT_FOUND;
    case 409:
    case 410:
    case 412:
        return EXIT_CODE_CONFLICT;
    default:
        return EXIT_CODE_ERROR;
    }
}
