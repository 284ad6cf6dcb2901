# hairpin_unit_test(folder SOURCES .. ALONE .. LIBS ..): one Catch2 program that mirrors one folder.
function(hairpin_unit_test name)
  cmake_parse_arguments(T "" "" "SOURCES;ALONE;LIBS" ${ARGN})
  add_executable(unit_${name} ${T_SOURCES} ${T_ALONE})
  # Tests may look at everything, and at tests/support.
  target_include_directories(unit_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(unit_${name} PRIVATE hairpin::${name} ${T_LIBS} hairpin_flags Catch2::Catch2 Catch2WithMain)
  # What is watched is our code; clang takes twice as long to optimise the tests as to compile them.
  target_compile_options(unit_${name} PRIVATE -O0)
  if(HAIRPIN_PCH)
    if(name STREQUAL "core")
      target_precompile_headers(unit_${name} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch_tests.hpp)
    else()
      target_precompile_headers(unit_${name} REUSE_FROM unit_core)
    endif()
  endif()
  hairpin_unite(unit_${name} ${T_ALONE})
  add_test(NAME unit_${name} COMMAND unit_${name} --order rand)
endfunction()
