# Warnings, sanitizers and the compiler cache: one interface target that every module links.

add_library(adze_compiler INTERFACE)
target_compile_options(adze_compiler INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Werror
  # libstdc++ 12's own std::stable_sort uses what C++20 deprecates, and clang reports it where it is called.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>
  # g++ 12 sees overlapping copies in `"text" + string` that are not there (GCC bug 105651, fixed in 13).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict>
  # A moved or re-cloned tree must produce the same objects and hit the same cache entries.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)

set(ADZE_SANITIZE "" CACHE STRING "Sanitizers to build with, for example address,undefined")
if(ADZE_SANITIZE)
  target_compile_options(adze_compiler INTERFACE -fsanitize=${ADZE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(adze_compiler INTERFACE -fsanitize=${ADZE_SANITIZE})
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()
