# Finds LibTorch by its folder alone (include/ and lib/), so that a CUDA wheel can be used on a machine without a CUDA
# toolkit, which Torch's own CMake package refuses. Makes the target LibTorch::torch.
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

if(LibTorch_FOUND AND NOT TARGET LibTorch::torch)
  file(REAL_PATH "${_libtorch_candidates}" _libtorch_root)
  add_library(LibTorch::torch INTERFACE IMPORTED)
  target_compile_options(
    LibTorch::torch INTERFACE "SHELL:-idirafter ${_libtorch_root}/include"
                              "SHELL:-idirafter ${_libtorch_root}/include/torch/csrc/api/include")
  # --no-as-needed: the CUDA library registers its kernels when it is loaded; no symbol of ours names it.
  set(_libtorch_libraries ${LibTorch_torch_LIBRARY} ${LibTorch_cpu_LIBRARY} ${LibTorch_c10_LIBRARY})
  if(LibTorch_cuda_LIBRARY)
    list(APPEND _libtorch_libraries ${LibTorch_cuda_LIBRARY} ${LibTorch_c10_cuda_LIBRARY})
  endif()
  target_link_libraries(LibTorch::torch INTERFACE -Wl,--no-as-needed ${_libtorch_libraries} -Wl,--as-needed
                                                  Threads::Threads)
  set(LibTorch_HAS_CUDA "${LibTorch_cuda_LIBRARY}")
endif()
