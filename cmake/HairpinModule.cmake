# The whole dependency graph of the daemon, in one place: configuring stops on an edge that is not here.
set(HAIRPIN_MAY_USE_core   "")
set(HAIRPIN_MAY_USE_net    core)
set(HAIRPIN_MAY_USE_zones  core)
set(HAIRPIN_MAY_USE_store  core zones)
set(HAIRPIN_MAY_USE_dnsd   core net zones)
set(HAIRPIN_MAY_USE_checkin core net zones)
# Watches what dnsd answers; dnsd knows only the ring that it puts it into.
set(HAIRPIN_MAY_USE_observer core net zones dnsd)
set(HAIRPIN_MAY_USE_relay  core net)
set(HAIRPIN_MAY_USE_acme   core net zones store)
set(HAIRPIN_MAY_USE_agent  core net)
# The operator's command line is a client: of our API (net), and of name servers (dnsd has TSIG). It never opens the store.
set(HAIRPIN_MAY_USE_cli    core net zones dnsd)
set(HAIRPIN_MAY_USE_hooks  core net zones store)
set(HAIRPIN_MAY_USE_admin  core net zones store acme hooks)
set(HAIRPIN_MAY_USE_daemon core net zones store dnsd checkin observer acme hooks admin)

# hairpin_module(name SOURCES .. ALONE .. USES .. LIBS .. PRIVATE_LIBS ..): the static library of one folder.
# LIBS appear in the folder's headers, PRIVATE_LIBS only in its sources. ALONE names sources that are not united
# with others (see hairpin_unite).
function(hairpin_module name)
  cmake_parse_arguments(M "" "" "SOURCES;ALONE;USES;LIBS;PRIVATE_LIBS" ${ARGN})
  if(NOT DEFINED HAIRPIN_MAY_USE_${name})
    message(FATAL_ERROR "${name}/ is not in the graph (see cmake/HairpinModule.cmake)")
  endif()
  foreach(used IN LISTS M_USES)
    if(NOT used IN_LIST HAIRPIN_MAY_USE_${name})
      message(FATAL_ERROR "${name}/ may not use ${used}/ (see cmake/HairpinModule.cmake)")
    endif()
  endforeach()
  # Headers are reachable only through a stage that holds this one folder, so
  # #include "store/..." does not compile in a module that does not link store.
  set(stage ${PROJECT_BINARY_DIR}/stage/${name})
  file(MAKE_DIRECTORY ${stage})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${stage}/${name} SYMBOLIC)
  add_library(hairpin_${name} STATIC ${M_SOURCES} ${M_ALONE})
  add_library(hairpin::${name} ALIAS hairpin_${name})
  target_include_directories(hairpin_${name} PUBLIC ${stage})
  list(TRANSFORM M_USES PREPEND hairpin::)
  target_link_libraries(hairpin_${name} PUBLIC ${M_USES} ${M_LIBS} PRIVATE hairpin_flags ${M_PRIVATE_LIBS})
  if(HAIRPIN_FUZZ)
    # What the fuzzer steers by. The tests of the same build do without: it costs half of their compilation again.
    target_compile_options(hairpin_${name} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  hairpin_precompile(hairpin_${name})
  hairpin_unite(hairpin_${name} ${M_ALONE})
endfunction()

# A folder's headers are parsed once for eight sources instead of once for each. Sources so united share one
# anonymous namespace: what would clash there (a `using enum`, the constants of two tables) is compiled alone.
# The dev preset compiles every source alone, so each includes what it uses.
function(hairpin_unite target) # target, sources to leave alone
  if(HAIRPIN_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# The standard library and tl::expected are parsed once for the whole build.
function(hairpin_precompile target)
  if(NOT HAIRPIN_PCH)
    return()
  endif()
  if(target STREQUAL "hairpin_core")
    target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.hpp)
  else()
    target_precompile_headers(${target} REUSE_FROM hairpin_core)
  endif()
endfunction()
