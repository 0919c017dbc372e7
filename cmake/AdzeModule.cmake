# adze_module(<name> [STRICT_CONVERSIONS] [EXACT_FLOATS] [NEEDS <modules>] [LIBRARIES <targets>] [ALONE <expressions>])
#
# One folder is one static library `adze_<name>` made of every .cpp below it, plus one test program
# `<name>_test` made of every *_test.cpp below it. A file whose name ends in an ISA (`_avx2.cpp`) is
# compiled with that ISA's flags and only on processors that can have it.
#
#   STRICT_CONVERSIONS  the folder parses outside input: -Wconversion is an error too
#   EXACT_FLOATS        the same numbers on every machine: products and sums are fused only where the code says so
#   ALONE               paths below the folder of files whose local names are those of others, such as the rows of a table
#                       of ops: presets that compile several files at once (CMAKE_UNITY_BUILD) leave them alone

set(ADZE_FLAGS_avx2 -mavx2 -mfma -mf16c -mbmi2)
set(ADZE_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mavx2 -mfma -mf16c -mbmi2
  # GCC 12 takes the deliberately undefined operands inside its own AVX-512 headers for mistakes.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>)
set(ADZE_FLAGS_avx512bf16 ${ADZE_FLAGS_avx512} -mavx512bf16)
set(ADZE_FLAGS_amx ${ADZE_FLAGS_avx512} -mamx-tile -mamx-int8)
# GCC would load every operand of a loop's body first, and spill what then exceeds the 32 registers.
set(ADZE_FLAGS_neon $<$<CXX_COMPILER_ID:GNU>:-fno-schedule-insns>)
set(ADZE_FLAGS_dotprod ${ADZE_FLAGS_neon} -march=armv8.2-a+dotprod)
set(ADZE_FLAGS_i8mm ${ADZE_FLAGS_neon} -march=armv8.2-a+dotprod+i8mm)
# Kernels are thousands of loads, and checking each pointer twice takes minutes of compiling: AddressSanitizer sees what
# the pointers lead to.
set(ADZE_KERNEL_CHECKS "")
if(ADZE_SANITIZE)
  set(ADZE_KERNEL_CHECKS -fno-sanitize=null,pointer-overflow)
endif()
set(ADZE_X86_SUFFIXES avx2 avx512 avx512bf16 amx)
set(ADZE_ARM_SUFFIXES neon dotprod i8mm)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(ADZE_FOREIGN_SUFFIXES ${ADZE_ARM_SUFFIXES})
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(ADZE_FOREIGN_SUFFIXES ${ADZE_X86_SUFFIXES})
else()
  set(ADZE_FOREIGN_SUFFIXES ${ADZE_X86_SUFFIXES} ${ADZE_ARM_SUFFIXES})
endif()

# Modules that start threads: their tests carry the label `threaded` and are run under ThreadSanitizer too.
set(ADZE_THREADED_MODULES base codecs ops runtime quantize calibrate evaluate transforms pipeline server)
add_custom_target(threaded_tests)
# Modules that a processor could make differ: their tests carry the label `portability`; `make aarch64` runs them.
set(ADZE_PORTABILITY_MODULES base tensor text codecs ops quantize transforms runtime)
add_custom_target(portability_tests)

# Gives the test `name` the labels of the lists of modules above.
function(adze_label_test name)
  set(labels "")
  foreach(label IN ITEMS threaded portability)
    string(TOUPPER ${label} upper)
    if(name IN_LIST ADZE_${upper}_MODULES)
      add_dependencies(${label}_tests ${name}_test)
      list(APPEND labels ${label})
    endif()
  endforeach()
  set_tests_properties(${name} PROPERTIES LABELS "${labels}")
endfunction()

# Keeps those of `files` whose path below the current folder one of the further arguments matches out of joined sources.
function(adze_compile_alone files)
  foreach(expression IN LISTS ARGN)
    set(alone ${${files}})
    list(FILTER alone INCLUDE REGEX "^${CMAKE_CURRENT_SOURCE_DIR}/${expression}")
    set_property(SOURCE ${alone} PROPERTY SKIP_UNITY_BUILD_INCLUSION ON)
  endforeach()
endfunction()

function(adze_module name)
  cmake_parse_arguments(arg "STRICT_CONVERSIONS;EXACT_FLOATS" "" "NEEDS;LIBRARIES;ALONE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(suffix IN LISTS ADZE_FOREIGN_SUFFIXES)
    list(FILTER sources EXCLUDE REGEX "_${suffix}\\.cpp$")
  endforeach()
  adze_compile_alone(sources ${arg_ALONE})
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  foreach(suffix IN LISTS ADZE_X86_SUFFIXES ADZE_ARM_SUFFIXES)
    set(files ${sources})
    list(FILTER files INCLUDE REGEX "_${suffix}\\.cpp$")
    set_property(SOURCE ${files} PROPERTY COMPILE_OPTIONS "${ADZE_FLAGS_${suffix}};${ADZE_KERNEL_CHECKS}")
  endforeach()

  list(TRANSFORM arg_NEEDS PREPEND adze_)
  if(NOT sources)  # a folder of headers
    add_library(adze_${name} INTERFACE)
    target_include_directories(adze_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
    target_link_libraries(adze_${name} INTERFACE ${arg_NEEDS} ${arg_LIBRARIES})
    return()
  endif()
  add_library(adze_${name} STATIC ${sources})
  target_include_directories(adze_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
  target_link_libraries(adze_${name} PUBLIC ${arg_NEEDS} ${arg_LIBRARIES} PRIVATE adze_compiler)
  if(arg_STRICT_CONVERSIONS)
    target_compile_options(adze_${name} PRIVATE -Wconversion)
  endif()
  if(arg_EXACT_FLOATS)
    target_compile_options(adze_${name} PRIVATE -ffp-contract=off)
  endif()

  if(ADZE_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE adze_${name} adze_compiler GTest::gtest GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    adze_label_test(${name})
  endif()
endfunction()
