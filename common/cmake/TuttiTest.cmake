include(GoogleTest)

# tutti_test(name LABEL unit [TIMEOUT seconds] [FILTER filter] [FIXTURES fixture …] [SERIAL] SOURCES a.cpp … LIBS target …): one program, each
# TEST one ctest test, of those that gtest's filter names; ctest runs what sets the fixtures up before them. LABEL unit_grpc: a unit test that opens
# connections, which the thread sanitizer cannot judge. SERIAL: no other test runs beside it, because it judges times.
function(tutti_test name)
  cmake_parse_arguments(ARG "SERIAL" "LABEL;TIMEOUT;FILTER" "SOURCES;LIBS;ENVIRONMENT;FIXTURES" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 30)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_compile_definitions(
    ${name} PRIVATE TUTTI_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                    TUTTI_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gmock GTest::gtest_main tutti_strict)
  set(properties LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
  # An empty value would be lost on the way, and the next property's name taken for it.
  if(ARG_ENVIRONMENT)
    list(APPEND properties ENVIRONMENT "${ARG_ENVIRONMENT}")
  endif()
  if(ARG_FIXTURES)
    list(APPEND properties FIXTURES_REQUIRED "${ARG_FIXTURES}")
  endif()
  if(ARG_SERIAL)
    list(APPEND properties RUN_SERIAL TRUE)
  endif()
  set(filter "")
  if(ARG_FILTER)
    set(filter TEST_FILTER "${ARG_FILTER}")
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 ${filter} PROPERTIES ${properties})
endfunction()
