# How every target of this project is built: standard, warnings, hardening, sanitizers.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # cleanup attributes, statement of sections: GNU C
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g")

set(DOGSHORE_SANITIZE "" CACHE STRING "'address' (with undefined), 'thread', 'fuzz' (clang) or empty")
option(DOGSHORE_FAILPOINTS "Compile failpoints in (test builds)" OFF)

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(dogshore_options INTERFACE)
target_include_directories(dogshore_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(dogshore_options INTERFACE _GNU_SOURCE DOGSHORE_VERSION="${PROJECT_VERSION}")
target_compile_options(dogshore_options INTERFACE
  -include ${PROJECT_SOURCE_DIR}/base/banned.h
  -Wall -Wextra -Werror -Wshadow -Wconversion -Wformat=2 -Wvla -Wstrict-prototypes
  -Wmissing-prototypes -Wswitch-enum -Wundef -Wpointer-arith -Wwrite-strings
  -fno-strict-aliasing -fno-strict-overflow -fno-delete-null-pointer-checks
  -fno-omit-frame-pointer)
if(DOGSHORE_FAILPOINTS)
  target_compile_definitions(dogshore_options INTERFACE DOGSHORE_FAILPOINTS)
endif()
if(DOGSHORE_SANITIZE STREQUAL "address")
  target_compile_options(dogshore_options INTERFACE -fsanitize=address,undefined
    -fno-sanitize-recover=all)
  target_link_options(dogshore_options INTERFACE -fsanitize=address,undefined)
elseif(DOGSHORE_SANITIZE STREQUAL "fuzz")
  # Clang's -Wformat=2 and -Wall ask for more than GCC's, which is what the code is held to.
  target_compile_options(dogshore_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize-recover=all -Wno-error -Wno-format-nonliteral -Wno-string-concatenation)
  target_link_options(dogshore_options INTERFACE -fsanitize=address,undefined)
elseif(DOGSHORE_SANITIZE STREQUAL "thread")
  target_compile_options(dogshore_options INTERFACE -fsanitize=thread)
  target_link_options(dogshore_options INTERFACE -fsanitize=thread)
else()
  target_compile_options(dogshore_options INTERFACE
    -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -ftrivial-auto-var-init=zero -U_FORTIFY_SOURCE $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()
target_link_options(dogshore_options INTERFACE
  -Wl,--as-needed,-z,relro,-z,now,-z,noexecstack,-z,separate-code)

# dogshore_library(NAME [DEPS lib…] [PACKAGES pkg…]): one static library for this folder's *.c.
function(dogshore_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;PACKAGES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  list(FILTER sources EXCLUDE REGEX "/main\\.c$")
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC dogshore_options ${ARG_DEPS})
  foreach(package ${ARG_PACKAGES})
    pkg_check_modules(${package} REQUIRED IMPORTED_TARGET ${package})
    target_link_libraries(${name} PRIVATE PkgConfig::${package})
  endforeach()
endfunction()

# dogshore_owns(GROUP file…): these files alone may call what base/banned.h bans as GROUP.
function(dogshore_owns group)
  foreach(source ${ARGN})
    set_property(SOURCE ${source} APPEND PROPERTY COMPILE_DEFINITIONS DOGSHORE_OWNS_${group})
  endforeach()
endfunction()
