# How a library, a program, a unit test and a test script are declared.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)  # without this the line above is not heeded when a program is linked
check_pie_supported()

add_library(ntsbox_flags INTERFACE)
target_include_directories(ntsbox_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(ntsbox_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op>
  $<$<BOOL:${NTSBOX_WERROR}>:-Werror>)
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  # A recording grows beyond 2 GB, and a file's number beyond 32 bits. The width of time_t is left to the distribution: its
  # chronyd has the same (driver/core/chrony_wire.h).
  target_compile_definitions(ntsbox_flags INTERFACE _FILE_OFFSET_BITS=64)
endif()
if(NTSBOX_SANITIZE)
  target_compile_options(ntsbox_flags INTERFACE -fsanitize=${NTSBOX_SANITIZE} -fno-sanitize-recover=all
                                                -fno-omit-frame-pointer)
  # The instrumentation trips this warning on correct code.
  target_compile_options(ntsbox_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  if(NTSBOX_SANITIZE STREQUAL "thread")
    # g++ warns of each fence, which this sanitizer cannot follow. The only ones order shared memory for another process.
    target_compile_options(ntsbox_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
  target_link_options(ntsbox_flags INTERFACE -fsanitize=${NTSBOX_SANITIZE})
else()
  target_compile_options(ntsbox_flags INTERFACE -fstack-protector-strong -fstack-clash-protection
    $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection>
    $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},aarch64>:-mbranch-protection=standard>)
  target_compile_definitions(ntsbox_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2> _GLIBCXX_ASSERTIONS)
  target_link_options(ntsbox_flags INTERFACE -Wl,-z,relro,-z,now)
endif()

# What nearly every source reads is compiled once for all libraries, and once for all tests. No source may rely on it: the preset lint,
# which clang-tidy uses, and the Debian package do without.
set(prelude <algorithm> <array> <chrono> <cstdint> <map> <memory> <optional> <ostream> <string> <string_view> <utility> <variant>
            <vector> <fmt/format.h>)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/prelude.cc CONTENT "")
add_library(ntsbox_prelude OBJECT ${PROJECT_BINARY_DIR}/prelude.cc)
target_link_libraries(ntsbox_prelude PRIVATE ntsbox_flags fmt::fmt)
target_precompile_headers(ntsbox_prelude PRIVATE ${prelude})

# ntsbox_library(driver_core USES ntsbox_base ...): every .cc of this folder, less the mains.
function(ntsbox_library name)
  cmake_parse_arguments(arg "" "" "USES;HIDES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  list(FILTER sources EXCLUDE REGEX "main\\.cc$")
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ntsbox_flags ${arg_USES} PRIVATE ${arg_HIDES})
  target_precompile_headers(${name} REUSE_FROM ntsbox_prelude)
endfunction()

# g++ takes twice as long for a source with sanitizers. Tests do without those checks that cost most: what remains finds overflows also in
# functions of headers, whose copy in a test is the one that the linker keeps. Mains hold little but CLI11's templates, and have none.
# These two are linked last, so that their options come after those of ntsbox_flags.
add_library(ntsbox_for_tests INTERFACE)
add_library(ntsbox_for_mains INTERFACE)
target_compile_options(ntsbox_for_mains INTERFACE $<$<CONFIG:RelWithDebInfo>:-O1>)
if(NTSBOX_SANITIZE MATCHES undefined AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(ntsbox_for_tests INTERFACE -fno-sanitize=undefined -fno-sanitize-address-use-after-scope
    -fsanitize=signed-integer-overflow,shift,integer-divide-by-zero,float-cast-overflow,bounds)
  target_compile_options(ntsbox_for_mains INTERFACE -O0 -fno-sanitize=all)
endif()

# ntsbox_program(ntsboxd main.cc USES ...)
function(ntsbox_program name main)
  cmake_parse_arguments(arg "" "" "USES" ${ARGN})
  add_executable(${name} ${main})
  target_link_libraries(${name} PRIVATE ntsbox_flags ${arg_USES} ntsbox_for_mains)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# ntsbox_test(driver_test FOLDER driver [SHARES 4] USES ...): one Catch2 program a module. ctest runs its cases in a few shares,
# each a process: one process a case would start 750 times, at half a second each where it is sanitized.
function(ntsbox_test name)
  cmake_parse_arguments(arg "" "FOLDER;SHARES" "USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${arg_FOLDER}/*.cc)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ntsbox_flags ${arg_USES} Catch2::Catch2WithMain ntsbox_for_tests)
  # Without a try block in each assertion: an exception that is not expected ends the test case instead.
  target_compile_definitions(${name} PRIVATE CATCH_CONFIG_FAST_COMPILE)
  if(name STREQUAL "base_test")
    target_precompile_headers(${name} PRIVATE ${prelude} ${PROJECT_SOURCE_DIR}/tests/support/catch.h)
  else()
    target_precompile_headers(${name} REUSE_FROM base_test)
  endif()
  if(NOT arg_SHARES)
    set(arg_SHARES 1)
  endif()
  foreach(share RANGE 1 ${arg_SHARES})
    set(test "unit tests: ${arg_FOLDER}, ${share} of ${arg_SHARES}")
    add_test(NAME ${test} COMMAND ${record} --nice ${test} ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/tests/check/unit.py
      $<TARGET_FILE:${name}> ${share} ${arg_SHARES})
    set_tests_properties(${test} PROPERTIES LABELS "unit;${arg_FOLDER}" TIMEOUT 1800)
  endforeach()
endfunction()

# ntsbox_script(NAME COMMAND ... [LABELS ...] [COST n] [RELEASE] [COMPUTES]): a test that is a Python script.
#   RELEASE: it runs the programs as they are installed, not the sanitized ones
#   COMPUTES: it waits for nothing, and leaves the processors to those that do
#   COST: how long it takes, in seconds; ctest begins with the longest
function(ntsbox_script name)
  cmake_parse_arguments(arg "RELEASE;COMPUTES" "COST" "COMMAND;LABELS" ${ARGN})
  set(programs ${PROJECT_BINARY_DIR})
  if(arg_RELEASE)
    set(programs ${NTSBOX_PROGRAMS})
  endif()
  if(NOT arg_COST)
    set(arg_COST 1)
  endif()
  add_test(NAME ${name} COMMAND ${record} $<$<BOOL:${arg_COMPUTES}>:--nice> ${name} ${Python3_EXECUTABLE} -B ${arg_COMMAND}
    COMMAND_EXPAND_LISTS WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 1800 COST ${arg_COST}
    ENVIRONMENT "NTSBOX_BUILD=${programs};NTSBOX_DAEMONS=${PROJECT_SOURCE_DIR}/build/daemons")
endfunction()
