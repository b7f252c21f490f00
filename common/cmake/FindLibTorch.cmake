# Finds LibTorch by its folder alone (include/ and lib/), so that a CUDA wheel can be used on a machine without a CUDA
# toolkit, which Torch's own CMake package refuses. Makes the target LibTorch::torch; LibTorch_DIR is the folder, and
# LibTorch_HAS_CUDA_GRAPHS says whether code that captures CUDA graphs can be compiled.
#
# The include folder goes behind the system's (-idirafter): the wheel also ships fmt and protobuf headers, which would
# shadow Debian's.
if(TUTTI_LIBTORCH_DIR)
  set(_libtorch_candidates "${TUTTI_LIBTORCH_DIR}")
elseif(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(_libtorch_candidates "$ENV{XDG_CACHE_HOME}/tutti/libtorch")
else()
  set(_libtorch_candidates "$ENV{HOME}/.cache/tutti/libtorch")
endif()

find_path(LibTorch_INCLUDE_DIR torch/torch.h PATHS "${_libtorch_candidates}/include/torch/csrc/api/include"
          NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_torch_LIBRARY torch PATHS "${_libtorch_candidates}/lib" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_cpu_LIBRARY torch_cpu PATHS "${_libtorch_candidates}/lib" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_c10_LIBRARY c10 PATHS "${_libtorch_candidates}/lib" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_cuda_LIBRARY torch_cuda PATHS "${_libtorch_candidates}/lib" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_c10_cuda_LIBRARY c10_cuda PATHS "${_libtorch_candidates}/lib" NO_DEFAULT_PATH NO_CACHE)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  LibTorch
  REQUIRED_VARS LibTorch_torch_LIBRARY LibTorch_cpu_LIBRARY LibTorch_c10_LIBRARY LibTorch_INCLUDE_DIR
  REASON_FAILURE_MESSAGE
    "looked in ${_libtorch_candidates}. Run deploy/setup.sh, or set TUTTI_LIBTORCH_DIR, or configure with -DTUTTI_TRAINER=OFF")

if(LibTorch_FOUND)
  file(REAL_PATH "${_libtorch_candidates}" LibTorch_DIR)
endif()
if(LibTorch_FOUND AND NOT TARGET LibTorch::torch)
  add_library(LibTorch::torch INTERFACE IMPORTED)
  target_compile_options(
    LibTorch::torch INTERFACE "SHELL:-idirafter ${LibTorch_DIR}/include"
                              "SHELL:-idirafter ${LibTorch_DIR}/include/torch/csrc/api/include")
  # --no-as-needed: the CUDA library registers its kernels when it is loaded; no symbol of ours names it.
  set(_libtorch_libraries ${LibTorch_torch_LIBRARY} ${LibTorch_cpu_LIBRARY} ${LibTorch_c10_LIBRARY})
  if(LibTorch_cuda_LIBRARY)
    list(APPEND _libtorch_libraries ${LibTorch_cuda_LIBRARY} ${LibTorch_c10_cuda_LIBRARY})
  endif()
  target_link_libraries(LibTorch::torch INTERFACE -Wl,--no-as-needed ${_libtorch_libraries} -Wl,--as-needed
                                                  Threads::Threads)
  # at::parallel_for is a template: only where OpenMP is on does it use LibTorch's threads, elsewhere it is a plain loop. Linked
  # is the runtime that came with LibTorch, whatever its wheel calls it: a second one would have threads of its own.
  file(GLOB _libtorch_openmp "${LibTorch_DIR}/lib/libgomp*.so*")
  if(_libtorch_openmp)
    list(GET _libtorch_openmp 0 _libtorch_openmp)
    target_compile_options(LibTorch::torch INTERFACE -fopenmp)
    target_link_libraries(LibTorch::torch INTERFACE ${_libtorch_openmp})
  else()
    message(WARNING "no libgomp in ${LibTorch_DIR}/lib: loops of our own in trainings use one thread")
  endif()
  set(LibTorch_HAS_CUDA "${LibTorch_cuda_LIBRARY}")
  # CUDA's own headers come from a toolkit, or from the runtime wheel beside a CUDA build of PyTorch; without them a GPU is
  # used step by step.
  find_path(LibTorch_CUDA_INCLUDE_DIR cuda_runtime_api.h
            HINTS "${LibTorch_DIR}/../nvidia/cu13/include" "${LibTorch_DIR}/../nvidia/cuda_runtime/include"
            PATHS ENV CUDA_HOME ENV CUDA_PATH /usr/local/cuda PATH_SUFFIXES include NO_CACHE)
  if(LibTorch_HAS_CUDA AND LibTorch_CUDA_INCLUDE_DIR)
    set(LibTorch_HAS_CUDA_GRAPHS ON)
    # The wheel lacks this one header, which its build makes: both of its switches are off in the published builds.
    file(WRITE "${CMAKE_BINARY_DIR}/generated/cuda/c10/cuda/impl/cuda_cmake_macros.h" "#pragma once\n#define C10_CUDA_BUILD_SHARED_LIBS\n")
    target_compile_options(LibTorch::torch INTERFACE "SHELL:-idirafter ${LibTorch_CUDA_INCLUDE_DIR}"
                                                     "SHELL:-idirafter ${CMAKE_BINARY_DIR}/generated/cuda")
  elseif(LibTorch_HAS_CUDA)
    message(WARNING "LibTorch is a CUDA build, and cuda_runtime_api.h is not found (set CUDA_HOME): steps on a GPU are not captured as graphs")
  endif()
endif()
