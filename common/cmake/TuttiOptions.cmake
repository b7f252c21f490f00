# Settings that every target shares. Warnings come only through tutti_strict, linked PRIVATE, so that third parties and
# generated code are never judged by them.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# All five binaries lie beside each other: that is how they find one another.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

set(TUTTI_SANITIZE "" CACHE STRING "sanitizers for -fsanitize, for example address,undefined")
if(TUTTI_SANITIZE)
  # Without -fno-sanitize-recover undefined behaviour is a line on stderr, and the test is green.
  add_compile_options(-fsanitize=${TUTTI_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${TUTTI_SANITIZE})
endif()

find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)

add_library(tutti_strict INTERFACE)
# -Warray-bounds: g++ 12 sees moved short strings run over their end where they do not.
target_compile_options(tutti_strict INTERFACE -Wall -Wextra -Werror=return-type -Wshadow
                                              -Wnon-virtual-dtor -Woverloaded-virtual -Wno-array-bounds)
