#!/usr/bin/env bash
# Checks the code that only a CUDA build of LibTorch compiles, on any machine: LibTorch's own headers and CUDA's, no toolkit.
#
#   tests/bench/gpu_syntax.sh COMPILER LIBTORCH
set -Eeuo pipefail

readonly COMPILER=$1 LIBTORCH=$2
readonly ROOT=$(cd "$(dirname "$0")/../.." && pwd)
readonly PYTHON=${XDG_CACHE_HOME:-$HOME/.cache}/tutti/golden-venv/bin/python
readonly CUDA=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/nvidia/cu13/include
readonly SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT

# PyTorch's build makes this header; a CPU wheel has none.
mkdir -p "$SCRATCH/c10/cuda/impl"
printf '#pragma once\n#define C10_CUDA_BUILD_SHARED_LIBS\n' >"$SCRATCH/c10/cuda/impl/cuda_cmake_macros.h"
for source in worker/trainer/graph_step.cpp worker/trainer/train_step.cpp; do
  "$COMPILER" -std=c++23 -fsyntax-only -Wall -Wextra -DTUTTI_CUDA_GRAPHS -I "$ROOT" -idirafter "$SCRATCH" \
    -idirafter "$LIBTORCH/include" -idirafter "$LIBTORCH/include/torch/csrc/api/include" -idirafter "$CUDA" "$ROOT/$source"
  echo "$source: compiles with TUTTI_CUDA_GRAPHS"
done
