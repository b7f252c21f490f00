#!/usr/bin/env bash
# Builds tutti-train against the PyTorch of this machine and measures it on its GPU beside the study's loop; no network.
set -Eeuo pipefail

readonly ROOT=$(cd "$(dirname "$0")/../.." && pwd)

if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then
  cat <<'EOT'
Usage: tests/bench/gpu.sh [--precision float32|tf32|bf16] [--only gpu-step|gpu-grid] [--tracks N] [--rounds N] [--device cuda:N]

Needs a GPU, a CUDA toolkit or the runtime's headers (CUDA_HOME), cmake, ninja, nlohmann-json, and a python3 (or $PYTHON) with
numpy and a CUDA build of PyTorch 2.11 to 2.13, whose LibTorch is used. Prints the rows gpu-step and gpu-grid and appends them
to RESULTS.md.

Example: tests/bench/gpu.sh --only gpu-step --precision tf32
EOT
  exit 0
fi
python=${PYTHON:-python3}
step='find the PyTorch of this machine'
trap 'echo "gpu: FAILED at: $step" >&2' ERR
torch=$("$python" -c 'import pathlib, torch; print(pathlib.Path(torch.__file__).parent)')
device=cuda:0
for word in "$@"; do case $word in cuda:* | cpu) device=$word ;; esac; done
if [[ $device == cuda:* ]] && ! "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())'; then
  echo "gpu: this PyTorch ($torch) sees no GPU: a CPU build, or no driver" >&2
  exit 1
fi
step="build preset trainer against $torch"
cd "$ROOT"
cmake --preset trainer -B build/gpu -DTUTTI_LIBTORCH_DIR="$torch"
cmake --build build/gpu -- -j"$(nproc)"
step='measure'
export PYTHONDONTWRITEBYTECODE=1
# Python's LibTorch and ours are one: its libraries lie in $torch/lib, which the build has noted in tutti-train.
exec "$python" tests/bench/gpu_rows.py --trainer build/gpu/bin/tutti-train --results tests/bench/RESULTS.md "$@"
