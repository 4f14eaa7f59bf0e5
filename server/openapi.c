/* openapi.yaml as it lies at the top of the tree, so that the contract served is the one built. */
#include "server/service.h"

__asm__(".pushsection .rodata.openapi_yaml, \"a\", @progbits\n"
        ".globl openapi_yaml\n"
        ".globl openapi_yaml_end\n"
        "openapi_yaml:\n"
        ".incbin \"" DOGSHORE_OPENAPI_FILE "\"\n"
        "openapi_yaml_end:\n"
        ".byte 0\n"
        ".popsection\n");
