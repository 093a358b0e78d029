# Three verbs: a room is a library made of the sources in its folder, a program is one main, a test is
# the files of one house's test folder.
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
  # chronyd has the same (driver/core/sock_wire.h).
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

# What nearly every source reads is compiled once for all rooms, and once for all tests. No source may count on it: the preset
# lint, and so clangd and clang-tidy, does without, and so does the package.
set(prelude <algorithm> <array> <chrono> <cstdint> <map> <memory> <optional> <ostream> <string> <string_view> <utility> <variant>
            <vector> <fmt/format.h>)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/prelude.cc CONTENT "")
add_library(ntsbox_prelude OBJECT ${PROJECT_BINARY_DIR}/prelude.cc)
target_link_libraries(ntsbox_prelude PRIVATE ntsbox_flags fmt::fmt)
target_precompile_headers(ntsbox_prelude PRIVATE ${prelude})

# ntsbox_room(driver_core USES ntsbox_base ...): every .cc of this folder, less the mains.
function(ntsbox_room name)
  cmake_parse_arguments(arg "" "" "USES;HIDES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  list(FILTER sources EXCLUDE REGEX "main\\.cc$")
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ntsbox_flags ${arg_USES} PRIVATE ${arg_HIDES})
  target_precompile_headers(${name} REUSE_FROM ntsbox_prelude)
endfunction()

# ntsbox_program(ntsboxd main.cc USES ...)
function(ntsbox_program name main)
  cmake_parse_arguments(arg "" "" "USES" ${ARGN})
  add_executable(${name} ${main})
  target_link_libraries(${name} PRIVATE ntsbox_flags ${arg_USES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
endfunction()

# ntsbox_test(driver_test FOLDER driver USES ...): one Catch2 program a house, one ctest entry a sentence.
function(ntsbox_test name)
  cmake_parse_arguments(arg "" "FOLDER" "USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${arg_FOLDER}/*.cc)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ntsbox_flags ${arg_USES} Catch2::Catch2WithMain)
  if(name STREQUAL "base_test")
    target_precompile_headers(${name} PRIVATE ${prelude} ${PROJECT_SOURCE_DIR}/tests/support/catch.h)
  else()
    target_precompile_headers(${name} REUSE_FROM base_test)
  endif()
  if(NTSBOX_SANITIZE MATCHES undefined)  # each pointer of Catch2's macros: a third of what bridge_test.cc takes
    target_compile_options(${name} PRIVATE -fno-sanitize=null,alignment,object-size,vptr)
  endif()
  catch_discover_tests(${name} TEST_PREFIX "${arg_FOLDER}: " PROPERTIES LABELS ${arg_FOLDER} TIMEOUT 300
    FAIL_REGULAR_EXPRESSION "No tests ran")  # a name that was cut in two, at a semicolon say
endfunction()

# ntsbox_script(SENTENCE COMMAND ... [LABELS ...]): a test that is a Python script, run on this build's programs.
function(ntsbox_script name)
  cmake_parse_arguments(arg "" "" "COMMAND;LABELS" ${ARGN})
  add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} -B ${arg_COMMAND} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 900
    ENVIRONMENT "NTSBOX_BUILD=${PROJECT_BINARY_DIR};NTSBOX_DAEMONS=${PROJECT_SOURCE_DIR}/build/daemons")
endfunction()
