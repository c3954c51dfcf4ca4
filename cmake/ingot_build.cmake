# What every part of the build shares: the language, the warnings, the libraries, and three short functions
# with which a folder lists its own files.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tl-expected REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(libedit REQUIRED IMPORTED_TARGET libedit)

# Options of every translation unit. -ffp-contract=off: a multiply and an add fuse only where the code says so,
# or kernels of two instruction sets (and two compilers) would differ in the last bit.
add_library(ingot_options INTERFACE)
target_compile_options(ingot_options INTERFACE
  -ffp-contract=off -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Wimplicit-fallthrough -Wundef)
if(INGOT_WERROR)
  target_compile_options(ingot_options INTERFACE -Werror)
endif()
if(INGOT_SANITIZE)
  # No recovery: what the undefined-behaviour sanitizer finds fails the test instead of a line on its output.
  target_compile_options(ingot_options INTERFACE -fsanitize=${INGOT_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  target_link_options(ingot_options INTERFACE -fsanitize=${INGOT_SANITIZE})
endif()
target_include_directories(ingot_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)

# The presets fuzz and tsan make unity builds: several files are compiled as one, and the headers that they share are read
# once. What a file names for itself is then seen by the others of its unit. Where a GCC or Clang build that compiles each
# file alone passes and a unity build does not, give the thing the more specific name that it lacks, or part the files.

# ingot_sources(FILE...): adds files of a folder under src/ to libingot. The files of a call are a unit of a unity build;
# those that name things alike are given in different calls.
function(ingot_sources)
  foreach(file IN LISTS ARGN)
    target_sources(ingot PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
  list(GET ARGN 0 first)
  cmake_path(GET first STEM unit)
  set_source_files_properties(${ARGN} TARGET_DIRECTORY ingot PROPERTIES UNITY_GROUP ${folder}_${unit})
endfunction()

# ingot_compile_quickly(TARGET): under the sanitizers, without optimization: half of the time of compiling what wraps
# large headers and computes little.
function(ingot_compile_quickly target)
  if(INGOT_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# ingot_compile_test_quickly(TARGET): a test besides with -O1 in a release build: with -O2 it compiles a third longer.
function(ingot_compile_test_quickly target)
  ingot_compile_quickly(${target})
  if(NOT INGOT_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(${target} PRIVATE -O1)
  endif()
endfunction()

# ingot_test(NAME FILE...): a GoogleTest program; ctest runs each of its cases apart, under the folder's name as label.
# A file that names its helpers as another of the program does is left out of a unity build, by
# SKIP_UNITY_BUILD_INCLUSION.
function(ingot_test name)
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE ingot ingot_internal GTest::gtest GTest::gmock GTest::gtest_main)
  if(NOT TARGET ingot_test_headers)
    # A program, since what is compiled for one cannot use what was precompiled for a library.
    file(WRITE ${PROJECT_BINARY_DIR}/ingot_test_headers.cpp "int main() {}\n")
    add_executable(ingot_test_headers ${PROJECT_BINARY_DIR}/ingot_test_headers.cpp)
    target_link_libraries(ingot_test_headers PRIVATE ingot_internal GTest::gtest GTest::gmock)
    ingot_compile_test_quickly(ingot_test_headers)
    target_precompile_headers(ingot_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h> <fmt/format.h> <tl/expected.hpp>)
  endif()
  # Those compute what they compare with, and would take longer.
  if(NOT (INGOT_SANITIZE AND folder MATCHES "^(bench|kernels|model|ops)$"))
    target_precompile_headers(${name} REUSE_FROM ingot_test_headers)
    ingot_compile_test_quickly(${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 LABELS ${folder})
endfunction()
