# Language level, warnings, hardening, sanitizers, linker: one place for all our targets.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(HAIRPIN_SANITIZE "" CACHE STRING "empty, or a value for -fsanitize=")
option(HAIRPIN_PCH "Use precompiled headers" ON)
option(HAIRPIN_UNITY "Compile several sources in one go: a third of the time from nothing" OFF)

find_program(HAIRPIN_CCACHE ccache)
if(HAIRPIN_CCACHE)
  # Without this sloppiness nothing that uses a precompiled header is cached; with these two folders out of the hash
  # a second clone hits what GCC compiled in the first.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${HAIRPIN_CCACHE})
endif()

add_library(hairpin_flags INTERFACE)
target_compile_options(hairpin_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
  -fno-omit-frame-pointer -fstack-protector-strong)
# GCC 12 sees overflows in std::string's inlined small buffer that are not there (GCC bugs 105329 and 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(hairpin_flags INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()
# A united source is an included file, where GCC takes a type of the anonymous namespace for one of a header; and with
# more to inline it finds a moved-from std::variant uninitialized (GCC bug 105562).
if(HAIRPIN_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(hairpin_flags INTERFACE -Wno-subobject-linkage -Wno-maybe-uninitialized)
endif()
# GCC folds the sanitizers' own instrumentation into these two and then warns about it.
if(HAIRPIN_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(hairpin_flags INTERFACE -Wno-maybe-uninitialized -Wno-tsan)
endif()
if(HAIRPIN_PCH)
  # ccache and precompiled headers: with this flag an unchanged preprocessed file is a hit.
  target_compile_options(hairpin_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT HAIRPIN_SANITIZE)
  target_compile_definitions(hairpin_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
target_compile_definitions(hairpin_flags INTERFACE
  SPDLOG_ACTIVE_LEVEL=SPDLOG_LEVEL_DEBUG HAIRPIN_VERSION="${PROJECT_VERSION}")
if(HAIRPIN_SANITIZE)
  target_compile_options(hairpin_flags INTERFACE -fsanitize=${HAIRPIN_SANITIZE} -fno-sanitize-recover=all)
  if(HAIRPIN_SANITIZE MATCHES "undefined")
    # A null pointer ends the program by itself, and asking at each use costs a tenth of the whole compilation. What
    # judges a vptr opens a pipe: without a descriptor left it takes every object for a wrong one.
    target_compile_options(hairpin_flags INTERFACE -fno-sanitize=null,vptr)
  endif()
  target_link_options(hairpin_flags INTERFACE -fsanitize=${HAIRPIN_SANITIZE})
endif()

find_program(HAIRPIN_MOLD mold)
if(HAIRPIN_MOLD)
  target_link_options(hairpin_flags INTERFACE -fuse-ld=mold)
endif()
target_link_options(hairpin_flags INTERFACE -Wl,-z,relro,-z,now)
